"""Puts a week's windows to the tests of shares, unfamiliar queries and style."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from drift.base import Votes, too_small
from drift.detectors import shares, style, unfamiliar, vanishing
from drift.embedding import Vectors
from drift.familiarity import familiarity
from drift.looks import Look
from drift.state import Past
from drift.windows import Reading, draw

REFERENCE, BASELINE = "reference", "baseline"
_BASELINE_WOBBLE = 1.5  # times: the baseline is older than the reference, and habits add up
_STYLE_VOTES = 2000  # of the reference; more texts tell the same


@dataclass(frozen=True)
class SharesTest:
    """The topic shares of a window beside the rolling reference or the baseline."""

    look: Look
    against: str
    reference: Votes
    wobble: float
    found: shares.Shift


@dataclass(frozen=True)
class VanishingTest:
    """What of the baseline a window lacks: the emptiest neighbourhood of each topic."""

    look: Look
    found: tuple[vanishing.Gone, ...]

    @property
    def p_value(self) -> float:
        """Return the smallest p-value."""
        return min((gone.p_value for gone in self.found), default=1.0)


@dataclass(frozen=True)
class UnfamiliarTest:
    """A window's queries that are unlike the baseline; `familiar` is each vote's ``(n,)``."""

    look: Look
    familiar: npt.NDArray[np.float32]
    found: unfamiliar.Unfamiliar
    n_baseline: int


@dataclass(frozen=True)
class StyleTest:
    """How a window is written, beside the reference; both with their texts."""

    look: Look
    window: Votes
    reference: Votes
    changes: tuple[style.Change, ...]

    @property
    def largest(self) -> style.Change:
        """Return the change of the feature that moved most, of those that are certain."""
        certain = [each for each in self.changes if each.p_value < style.ALARM_BELOW]
        return max(certain or self.changes, key=lambda change: change.distance)


@dataclass(frozen=True)
class Tests:
    """What was tested of a week besides emerging topics, one entry a comparison.

    `baseline` are the launch baseline's votes, with which some tests compared.
    """

    baseline: Votes
    shares: tuple[SharesTest, ...]
    vanishing: tuple[VanishingTest, ...]
    unfamiliar: tuple[UnfamiliarTest, ...]
    style: tuple[StyleTest, ...]

    def squared_wobble(self) -> float | None:
        """Return d² of the week's shares beside the rolling reference."""
        for test in self.shares:
            if len(test.look.weeks) == 1 and test.against == REFERENCE:
                return shares.squared_wobble(test.look.window, test.reference)
        return None


def run_tests(reading: Reading, past: Past, looks: Sequence[Look], baseline: Votes) -> Tests:
    """Test every window that has enough votes; `baseline` is from `baseline_votes`.

    Only windows of as many weeks as the baseline, in which a person votes once per topic as there,
    are compared with its shares and scanned for what vanished.
    """
    ready = [look for look in looks if not look.why_not]
    known = [look for look in looks if not too_small(look.window, baseline)]
    alike = [look for look in known if len(look.weeks) == len(past.accepted.weeks)]
    wobble = shares.wobble_of(past.wobble(before=looks[0].weeks[-1]))
    return Tests(
        baseline=baseline,
        shares=(
            *(_shares(look, REFERENCE, look.reference, wobble) for look in ready),
            *(_shares(look, BASELINE, baseline, _BASELINE_WOBBLE * wobble) for look in alike),
        ),
        vanishing=tuple(_vanishing(look, baseline) for look in alike),
        unfamiliar=tuple(_unfamiliar(look, baseline, past.accepted.cut) for look in known),
        style=_styles(reading, ready),
    )


def baseline_votes(vectors: Vectors, past: Past) -> Votes:
    """Return the launch baseline's vectors as votes with their topics; keys are those of texts.

    Keys are 0 when some texts are gone, since nobody knows which.
    """
    topics, _ = past.centroids(frozen=True).nearest(vectors)
    keys, n = past.accepted.votes, len(vectors)
    keys = keys if len(keys) == n else np.zeros(n, np.uint64)
    return Votes(vectors, keys, keys, np.zeros(n, np.int64), topics)


def _shares(look: Look, against: str, reference: Votes, wobble: float) -> SharesTest:
    found = shares.compare(look.window, reference, wobble)
    return SharesTest(look, against, reference, wobble, found)


def _vanishing(look: Look, baseline: Votes) -> VanishingTest:
    return VanishingTest(look, tuple(vanishing.scan(look.window, baseline)))


def _unfamiliar(look: Look, baseline: Votes, cut: float) -> UnfamiliarTest:
    familiar = familiarity(look.window.vectors, baseline.vectors)
    return UnfamiliarTest(look, familiar, unfamiliar.count(familiar, cut), len(baseline))


def _styles(reading: Reading, looks: Sequence[Look]) -> tuple[StyleTest, ...]:
    """Test the style of each window; the texts, nearly the same ones each time, come once."""
    sides = [(look.window, draw(look.reference, _STYLE_VOTES, reading.seed)) for look in looks]
    keys = np.unique(np.concatenate([np.empty(0, np.uint64), *(v.keys for s in sides for v in s)]))
    texts = dict(zip(keys.tolist(), reading.texts(keys, style.MAX_CHARS), strict=True))
    tests = []
    for look, side in zip(looks, sides, strict=True):
        window, reference = (
            replace(votes, texts=tuple(texts[key] for key in votes.keys.tolist())) for votes in side
        )
        tests.append(StyleTest(look, window, reference, style.compare(window, reference)))
    return tuple(tests)
