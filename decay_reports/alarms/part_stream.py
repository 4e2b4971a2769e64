"""Streams of a feature's parts: a segment against its own baseline, a new version on trial."""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Self

import msgspec

from decay_reports.alarms.detector import EFFECTS, Detector, Step, log_step
from decay_reports.figures.clusters import Z95
from decayd.results import Estimate

TRIAL_E = 100.0  # 1 of so many versions that are no worse is ever called worse
_TRIAL_WEEKS = 2  # a build that answers for a day is no version to judge
_RECENT = 4  # updates whose mean says that it is over
_PATH = 26  # updates kept of a part, half a year
_SILENT = timedelta(weeks=8)  # a part without a number for so long is given up


class SegmentStream(msgspec.Struct, frozen=True, kw_only=True):
    """A segment's detector; `onset` is where its fall began while one is open."""

    detector: Detector
    onset: date | None = None

    def updated(self, step: Step, limit: float) -> Self:
        """Take one more week: how far the segment fell below the rest and its margin."""
        taken = self.detector.update(step, limit)
        detector = msgspec.structs.replace(taken, path=taken.path[-_PATH:])
        onset = self.onset or (detector.onset() if detector.alarms else None)
        return type(self)(detector=detector, onset=onset)

    @property
    def path(self) -> tuple[Step, ...]:
        """Return the updates that speak of the fall, all of them where there is none."""
        return tuple(s for s in self.detector.path if self.onset is None or s.week >= self.onset)

    @property
    def worse(self) -> bool:
        """Tell whether a fall is open."""
        return self.onset is not None

    def ended(self, week: date) -> str:
        """Say why an open fall is over after a week's update, '' while it goes on."""
        if self.onset is None:
            return ""
        return _over(self.path, self.detector.last_week, week, "it is back where it was")

    def restarted(self) -> Self:
        """Forget what was seen, but not up to where."""
        return type(self)(detector=self.detector.restarted())


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """The evidence that a new version is worse than what answers beside it.

    Each week multiplies the likelihood ratio of every effect by one more factor. While the version
    is no worse than the others by more than the tolerance their mean is at most 1 on average, so it
    ever exceeds 100 with a chance of 1 in 100 at most, given a right variance.

    Notes
    -----
    Source: Ville's inequality; Ramdas et al., Statistical Science 2023, section 3.

    Examples
    --------
    >>> trial = Trial()
    >>> for k in range(1, 5):
    ...     trial = trial.updated(Step(date(2026, 1, 5 + 7 * (k - 1)), 0.14, 0.0045))
    >>> trial.worse, trial.onset
    (True, datetime.date(2026, 1, 5))
    """

    log_e: tuple[float, ...] = (0.0,) * len(EFFECTS)
    path: tuple[Step, ...] = ()
    updates: int = 0
    onset: date | None = None
    worse: bool = False

    @property
    def e(self) -> float:
        """Return the e-value: the mean over the effects."""
        return sum(math.exp(min(each, 500.0)) for each in self.log_e) / len(self.log_e)

    def updated(self, step: Step) -> Self:
        """Take one more week: how far the version lies below the others and the tolerance."""
        log_e = tuple(
            total + log_step(step, effect)
            for total, effect in zip(self.log_e, EFFECTS, strict=True)
        )
        taken = type(self)(
            log_e=log_e, path=(*self.path, step)[-_PATH:], updates=self.updates + 1,
            onset=self.onset or step.week, worse=self.worse,
        )  # fmt: skip
        found = taken.e > TRIAL_E and taken.updates >= _TRIAL_WEEKS
        return msgspec.structs.replace(taken, worse=self.worse or found)

    def ended(self, week: date) -> str:
        """Say why a version is not called worse any more, '' while it is."""
        if not self.worse:
            return ""
        last = self.path[-1].week if self.path else None
        return _over(self.path, last, week, "it is no worse than the others any more")

    def restarted(self) -> Self:
        """Begin anew."""
        return type(self)()


class PartStreams(msgspec.Struct, frozen=True, kw_only=True):
    """All streams of a feature's parts against one baseline, by the part's name."""

    baseline_version: int
    last_week: date | None = None
    segments: dict[str, SegmentStream] = {}
    trials: dict[str, Trial] = {}

    def to_json(self) -> str:
        """Return the state as JSON."""
        return msgspec.json.encode(self, order="sorted").decode()

    @classmethod
    def from_json(cls, text: str) -> "PartStreams":
        """Take back what `to_json` gave, bit for bit."""
        return msgspec.json.decode(text, type=cls)

    def kept(self, week: date) -> Self:
        """Leave out the parts that had no number for eight weeks."""
        return msgspec.structs.replace(
            self,
            segments={
                name: stream for name, stream in self.segments.items()
                if _is_fresh(stream.detector.last_week, week)
            },
            trials={
                name: trial for name, trial in self.trials.items()
                if _is_fresh(trial.path[-1].week if trial.path else None, week)
            },
        )  # fmt: skip


def size(path: Sequence[Step], margin: float, base_se: float) -> Estimate:
    """Return how far a part lies below, over some weeks, with its 95 % interval; None without any.

    `margin` is what was taken off each week's distance. The weeks were chosen because they are
    low, so the size of a fall that was just found is rather too large.
    """
    if not path:
        return Estimate(None, why_not="no week was measured")
    weight = sum(1.0 / step.v for step in path)
    value = sum(step.d / step.v for step in path) / weight + margin
    half = Z95 * math.sqrt(1.0 / weight + base_se**2)
    return Estimate(-value, -value - half, -value + half)


def _over(path: Sequence[Step], last: date | None, week: date, because: str) -> str:
    if not _is_fresh(last, week):
        return "it can't be measured any more"
    recent = path[-_RECENT:]
    back = len(recent) == _RECENT and sum(step.d for step in recent) <= 0.0
    return because if back else ""


def _is_fresh(last: date | None, week: date) -> bool:
    return last is not None and week - last < _SILENT
