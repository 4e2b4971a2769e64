"""Shares of the frozen topics: re-weighting beyond the wobble that the feature always had.

Detects a topic that shrank, vanished or grew, and many topics that moved a little each.
Does not detect what is new inside a topic, and calls any traffic that lands in a frozen topic that
topic's: a new subject raises the share of its neighbours.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drift.base import Detection, Votes, too_small

ALARM_BELOW = 5e-4  # per week; the jitter of 52 weeks stays below it, a calmer one costs power

# What is taken for a topic's harmless relative wobble before any week was seen, and the least ever.
FIRST_WOBBLE = 0.2
_LEAST_WOBBLE = 0.1
_FIRST_WEIGHT = 4  # quiet weeks that the first guess is worth
_WOBBLE_WEEKS = 12  # a quarter: older habits say little about this one
_WOBBLE_SHARE = 0.02  # topics below it are all sampling noise
_COMPARISONS = 3  # one week and four against the rolling reference, four against the anchor
_STIRRED = 2.0  # |z|; one in twenty topics at rest, most of those that a change of mix moves
_LEAST_EXPECTED = 3  # votes of a topic, so that its fall can show
_TINY = 1e-300

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shift:
    """One comparison of topic shares.

    `z` is each topic's ``(K,)`` standardised change, 0 where too few votes are expected; `now` and
    `before` are its votes in the window and in the reference; `tested` how many topics counted.
    """

    p_value: float
    z: Floats
    now: Counts
    before: Counts
    tested: int

    @property
    def drift_detected(self) -> bool:
        """Tell whether the shares changed beyond sampling noise and wobble."""
        return self.p_value < ALARM_BELOW

    @property
    def lead(self) -> int:
        """Return the topic that changed most."""
        return int(np.argmax(np.abs(self.z)))

    def moved(self) -> list[int]:
        """Return the topics whose own change is an alarm by itself, and the lead, largest first."""
        from scipy.special import ndtr

        alone = 2 * _COMPARISONS * self.tested * 2 * ndtr(-np.abs(self.z))
        order = np.argsort(-np.abs(self.z), kind="stable")
        return [int(k) for k in order if alone[k] < ALARM_BELOW or k == self.lead]

    def stirred(self) -> list[int]:
        """Return the topics that may have moved, largest first: those of a change of mix."""
        order = np.argsort(-np.abs(self.z), kind="stable")
        return [int(k) for k in order if abs(self.z[k]) >= _STIRRED]


def detect(window: Votes, reference: Votes, wobble: float = FIRST_WOBBLE) -> Detection:
    """Compare the topic shares of a window with a reference; see `compare` for the test."""
    why_not = too_small(window, reference)
    if why_not:
        return Detection(1.0, drift_detected=False, why_not=why_not)
    found = compare(window, reference, wobble)
    return Detection(found.p_value, drift_detected=found.drift_detected)


def compare(
    window: Votes,
    reference: Votes,
    wobble: float = FIRST_WOBBLE,
    without: Collection[int] = (),
) -> Shift:
    """Test whether topic shares moved more than sampling and a relative wobble allow.

    With c_k, r_k a topic's votes and p_k = (r_k + .5) / (|R| + .5 K): c_k is held against the
    negative binomial with mean n p_k and variance n p_k (1 - p_k) + (n p_k)² (1 / (r_k + .5) + δ²),
    which is what a topic of r_k votes gives next time. z_k is the normal score of its middle tail,
    for the K' topics with n p̄_k >= 3, p̄_k the pooled share. The p-value is the smaller one of the
    largest |z| (Bonferroni) and of the sum of squares (chi-squared), doubled for the two and
    tripled for the comparisons made of a week.

    Parameters
    ----------
    window, reference
        Votes with `topics`; there are as many topics as the largest number says.
    wobble
        δ, the relative deviation of a topic's weekly share in quiet weeks; see `wobble_of`.
    without
        Topics that are not tested, because something else explains them.

    Notes
    -----
    P is 1.0 when no topic has enough votes. A random-effect test: with more votes the noise goes
    and the wobble stays, so that p does not fall to 0 on harmless weeks of large traffic. A normal
    z in place of the tails makes too much of small topics that grew by chance. Assumes one vote per
    person and topic. O(n + |R|).

    Examples
    --------
    >>> def votes(*counts):
    ...     topics = np.repeat(np.arange(len(counts)), counts)
    ...     keys = np.arange(len(topics), dtype=np.uint64)
    ...     return Votes(np.empty((len(topics), 0), np.float32), keys, keys, keys, topics)
    >>> compare(votes(150, 150), votes(600, 600)).p_value
    1.0
    >>> compare(votes(270, 30), votes(600, 600)).drift_detected
    True
    """
    now, before = counts(window, reference)
    n, n_reference = int(now.sum()), int(before.sum())
    tested = n * (now + before) / max(1, n + n_reference) >= _LEAST_EXPECTED
    tested[[topic for topic in without if topic < len(tested)]] = False
    z = np.where(tested, _scores(now, before, wobble), 0.0)
    count = int(tested.sum())
    return Shift(_p_value(z, count), z, now, before, count)


def _scores(now: Counts, before: Counts, wobble: float) -> Floats:
    """Return the normal score of each topic's count ``(K,)`` among those that its past expects."""
    from scipy.special import betainc, ndtri

    share, n = smoothed(before), max(1, int(now.sum()))
    mean = n * share
    beyond_poisson = np.maximum(1 / (before + 0.5) + wobble**2 - 1 / n, _TINY)
    size = 1 / beyond_poisson  # of the negative binomial
    chance = mean / (mean + size)
    at_least, more = (betainc(np.maximum(k, _TINY), size, chance) for k in (now, now + 1))
    at_most, less = (betainc(size, np.maximum(k, _TINY), 1 - chance) for k in (now + 1, now))
    above, below = (np.maximum((a + b) / 2, _TINY) for a, b in ((at_least, more), (at_most, less)))
    return np.asarray(np.where(above < below, -ndtri(above), ndtri(below)), float)


def _p_value(z: Floats, count: int) -> float:
    """Return the p-value of `count` tested topics; the other ones have z = 0."""
    from scipy.special import chdtrc, ndtr

    if not count:
        return 1.0
    largest = count * 2 * float(ndtr(-np.abs(z).max()))
    together = float(chdtrc(count, float((z**2).sum())))
    return min(1.0, _COMPARISONS * min(1.0, 2 * min(largest, together)))


def squared_wobble(window: Votes, reference: Votes) -> float:
    """Return a week's d²: the mean squared relative change of its topics beyond sampling noise.

    Over topics of at least 2 % of the reference; 0 without any. May be negative: it is unbiased.
    """
    now, before = counts(window, reference)
    n, n_reference = max(1, now.sum()), max(1, before.sum())
    share = smoothed(before)
    noise = share * (1 - share) * (1 / n + 1 / n_reference)
    large = share >= _WOBBLE_SHARE
    if not large.any():
        return 0.0
    return float((((now / n - share) ** 2 - noise) / share**2)[large].mean())


def wobble_of(squares: Sequence[float]) -> float:
    """Return δ from the d² of quiet weeks, oldest first; the last twelve count.

    >>> wobble_of([]), round(wobble_of([0.0] * 12), 9)
    (0.2, 0.1)
    """
    seen = squares[-_WOBBLE_WEEKS:]
    mean = (_FIRST_WEIGHT * FIRST_WOBBLE**2 + sum(seen)) / (_FIRST_WEIGHT + len(seen))
    return float(np.sqrt(max(_LEAST_WOBBLE**2, mean)))


def counts(window: Votes, reference: Votes) -> tuple[Counts, Counts]:
    """Return the votes of each topic ``(K,)`` in the window and in the reference."""
    size = 1 + max(window.topics.max(initial=0), reference.topics.max(initial=0))
    return (
        np.bincount(window.topics, minlength=size),
        np.bincount(reference.topics, minlength=size),
    )


def smoothed(before: Counts) -> Floats:
    """Return the reference shares with half a vote more for each topic, so that none is 0."""
    share: Floats = (before + 0.5) / (before.sum() + 0.5 * len(before))
    return share
