"""Style: the same subjects, written differently.

Detects texts that became longer or shorter, lost or gained upper case or punctuation, or use words
the reference never used (typing errors, another language or jargon), in about a third or more of
the queries. Does not detect what people ask about, rarer habits, or a style that comes with a
topic: texts are compared within their topics.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from drift.base import Detection, Votes, too_small

ALARM_BELOW = 1e-6
# Harmless variation reaches a distance of .1, a new topic that makes up a fifth .17.
LEAST_DISTANCE = 0.2

LENGTH, UPPER_CASE, PUNCTUATION, UNKNOWN_WORDS = range(4)
NAMES = ("length", "upper case", "punctuation", "unknown words")
MAX_CHARS = 1000  # read of a text; what follows of a longer one is seldom the user's own style
_KEPT = 8192  # texts whose features are kept, at most 16 MB: references are compared week by week
_WORD = re.compile(r"\w+")

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Change:
    """One feature of style in a window beside a reference.

    `distance` is Kolmogorov's D between the residuals, `higher` whether the window has more of it.
    `positions` are the window's queries beyond the point where the two differ most, the furthest
    first, and `n_before` of `n_reference` the reference's; `now` and `before` are means. The
    reference counts with the window's mix of topics.
    """

    feature: int
    distance: float
    p_value: float
    higher: bool
    positions: Index
    n_before: int
    n_reference: int
    now: float
    before: float

    @property
    def drift_detected(self) -> bool:
        """Tell whether the change is both certain and large."""
        return self.p_value < ALARM_BELOW and self.distance > LEAST_DISTANCE


def detect(window: Votes, reference: Votes) -> Detection:
    """Compare how queries are written; see `compare` for the test."""
    why_not = too_small(window, reference)
    if why_not:
        return Detection(1.0, drift_detected=False, why_not=why_not)
    changes = compare(window, reference)
    return Detection(
        min(change.p_value for change in changes),
        drift_detected=any(change.drift_detected for change in changes),
    )


def compare(window: Votes, reference: Votes) -> tuple[Change, ...]:
    """Test four features of style, within topics.

    From each text's length (in logarithms), share of upper case among letters, share of
    punctuation and share of unknown words the mean of its topic in the reference is taken away;
    the residuals of all topics are compared by Kolmogorov and Smirnov's test of two samples, the
    reference weighted to the window's mix of topics, which is not a matter of style.
    Known words are those of one half of the reference, by the last bit of the request key; the
    other half says how many words are unknown without any change. The whole reference as its own
    vocabulary would make still traffic look strange.

    Parameters
    ----------
    window, reference
        Votes with `topics` and `texts`; at most the first 1,000 characters of a text are read.

    Notes
    -----
    The changes are in the order of `NAMES`. The asymptotic p-value (Smirnov 1948; with weights for
    the number of equally weighted votes that they are worth) is conservative with ties, and many
    texts tie at no upper case at all. In scripts without spaces a sentence is one word, so unknown
    words say nothing. O(characters + n log n).

    Examples
    --------
    >>> def votes(texts):
    ...     keys = np.arange(len(texts), dtype=np.uint64)
    ...     topics = np.zeros(len(texts), np.int64)
    ...     return Votes(np.empty((len(texts), 0), np.float32), keys, keys, topics, topics, texts)
    >>> before = votes(("Where?", "Where?", "Here.", "Here.") * 150)
    >>> now = votes(("where?", "here.") * 100)
    >>> [NAMES[change.feature] for change in compare(now, before) if change.drift_detected]
    ['upper case']
    """
    here, there = (
        [_text(text[:MAX_CHARS]) for text in votes.texts] for votes in (window, reference)
    )
    half = (reference.keys & np.uint64(1)).astype(bool)
    known = {word for n in np.flatnonzero(half) for word in there[n].words}
    return tuple(
        _change(
            feature,
            _side(window.topics, here, feature, known),
            _side(reference.topics, there, feature, known, besides=half),
        )
        for feature in range(len(NAMES))
    )


@dataclass(frozen=True)
class _Side:
    """One feature of the window's or the reference's texts, with their topics."""

    topics: Index
    values: Floats

    def residuals(self, reference: "_Side") -> Floats:
        """Return the values without the reference's mean of their topic, or of all topics."""
        size = 1 + max(self.topics.max(initial=0), reference.topics.max(initial=0))
        n = np.bincount(reference.topics, minlength=size)
        total = np.bincount(reference.topics, reference.values, minlength=size)
        overall = reference.values.mean()
        means = np.where(n > 0, total / np.maximum(n, 1), overall)
        return np.asarray(self.values - means[self.topics], float)

    def weights(self, window: "_Side") -> Floats:
        """Return weights that give the reference the window's mix of topics; they add up to 1."""
        size = 1 + max(self.topics.max(initial=0), window.topics.max(initial=0))
        ours = np.bincount(self.topics, minlength=size)
        theirs = np.bincount(window.topics, minlength=size)
        weights = (theirs / np.maximum(ours, 1))[self.topics]
        total = weights.sum()
        n = len(self.topics)
        return np.asarray(weights / total if total else np.full(n, 1 / n))


@dataclass(frozen=True)
class Text:
    """What the features need of a text."""

    length: float
    upper: float
    punctuation: float
    words: tuple[str, ...]


def _side(
    topics: Index,
    texts: Sequence[Text],
    feature: int,
    known: set[str],
    besides: npt.NDArray[np.bool_] | None = None,
) -> _Side:
    """Return a feature of texts; unknown words only of those `besides` the known words' half."""
    if feature == UNKNOWN_WORDS and besides is not None:
        chosen = np.flatnonzero(~besides)
        topics, texts = topics[chosen], [texts[n] for n in chosen.tolist()]
    return _Side(topics, _values(texts, feature, known))


@lru_cache(_KEPT)
def _text(text: str) -> Text:
    letters = sum(map(str.isalpha, text))
    upper = sum(map(str.isupper, text))
    marks = sum(map(_is_mark, text))
    return Text(
        length=float(np.log1p(len(text))),
        upper=upper / max(1, letters),
        punctuation=marks / max(1, len(text)),
        words=tuple(_WORD.findall(text.casefold())),
    )


@cache
def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "P"


def _values(texts: Sequence[Text], feature: int, known: set[str]) -> Floats:
    if feature == UNKNOWN_WORDS:
        return np.array(
            [
                (len(t.words) - sum(map(known.__contains__, t.words))) / max(1, len(t.words))
                for t in texts
            ]
        )
    names = {LENGTH: "length", UPPER_CASE: "upper", PUNCTUATION: "punctuation"}
    return np.array([getattr(text, names[feature]) for text in texts], float)


def _change(feature: int, window: _Side, reference: _Side) -> Change:
    from scipy.special import kolmogorov

    n, n_reference = len(window.values), len(reference.values)
    if not n_reference:
        return Change(feature, 0.0, 1.0, False, np.empty(0, np.int64), 0, 0, 0.0, 0.0)
    now, before = window.residuals(reference), reference.residuals(reference)
    weights = reference.weights(window)
    points = np.unique(np.concatenate([now, before]))
    order = np.argsort(before, kind="stable")
    reached = np.concatenate([[0.0], np.cumsum(weights[order])])
    below_before = reached[np.searchsorted(before[order], points, "right")]
    gap = np.searchsorted(np.sort(now), points, "right") / n - below_before
    at = int(np.argmax(np.abs(gap)))
    distance, higher = abs(float(gap[at])), bool(gap[at] < 0)
    positions = np.flatnonzero(now > points[at] if higher else now <= points[at])
    furthest = np.argsort(np.where(higher, -now, now)[positions], kind="stable")
    share_before = 1 - below_before[at] if higher else below_before[at]
    worth = 1 / float((weights**2).sum())  # equally weighted votes
    return Change(
        feature=feature,
        distance=distance,
        p_value=float(kolmogorov((n * worth / (n + worth)) ** 0.5 * distance)),
        higher=higher,
        positions=positions[furthest],
        n_before=round(float(share_before) * n_reference),
        n_reference=n_reference,
        now=float(window.values.mean()),
        before=float(weights @ reference.values),
    )
