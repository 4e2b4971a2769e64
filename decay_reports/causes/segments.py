"""The few segments whose success fell by more than everybody else's, each named once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from decay_reports.causes.slices import Least, Rows, Slice, slices
from decay_reports.causes.traits import TENURE, TOPIC, UNKNOWN, Trait
from decay_reports.causes.two_periods import Period
from decay_reports.figures.clusters import Z95
from decay_reports.figures.frame import Bools, Floats
from decayd.results import Estimate

FALSE_DISCOVERIES = 0.10
LEAST = Least(n=50, labels=20)  # below 20 labels nothing is a success rate, see `success`
_SHOWN = 5
_TRAITS = 5  # the number of slices grows with its cube
_EXAMPLES = 3
_PER_TRAIT = 0.5  # of z: a shorter name is preferred to one that says little more
_NO_TOPIC = "unembedded"


@dataclass(frozen=True)
class SegmentChange:
    """A segment that fell by more than the rest; `difference` has its 95 % interval.

    `contribution` is its part of the whole change (a share): what its own fall and its growth or
    shrinking moved. `examples` are keys of its newest failed requests.
    """

    traits: tuple[tuple[str, str], ...]
    before: Estimate
    now: Estimate
    difference: Estimate
    contribution: float
    examples: NDArray[np.uint64]


class Found(NamedTuple):
    """The segments that fell, the strongest first, and how many were compared."""

    segments: list[SegmentChange]
    n_tested: int


def find(before: Period, now: Period) -> Found:
    """Find at most five segments by 1 to 3 of topic, version, tenure and the segments as sent.

    Each is compared with the rest of the feature's requests, one-sided, and Benjamini-Hochberg
    bounds the share of false ones. They overlap, so the strongest that passes is taken, its
    requests are set aside, and all are tested anew on what is left: a part of a segment, or a
    whole that holds it, is named beside it only if the rest of it fell too.

    Notes
    -----
    It can't see a segment of under 50 requests or 20 outcomes in either period, nor one that
    makes up nearly all requests. Source: Benjamini & Hochberg 1995.
    """
    rows = _rows(before, now)
    alive = np.ones(len(rows.user), bool)
    kept: list[Slice] = []
    tested = every = slices(rows, LEAST)
    while len(kept) < _SHOWN and (left := _below(tested)):
        best = min(left, key=_strength)
        kept.append(next((one for one in every if one.name == best.name), best))
        alive &= ~_members(rows, best)
        tested = slices(rows.take(alive), LEAST)
    return Found([_described(rows, one, before, now) for one in kept], len(every))


def passing(chances: Floats) -> float:
    """Return the largest chance that Benjamini-Hochberg lets pass, 0 when none does.

    >>> passing(np.array([0.001, 0.04, 0.3, 0.9]))
    0.04
    """
    ordered = np.sort(chances)
    allowed = FALSE_DISCOVERIES * np.arange(1, len(ordered) + 1) / max(len(ordered), 1)
    passed = ordered[ordered <= allowed]
    return float(passed[-1]) if len(passed) else 0.0


def _rows(before: Period, now: Period) -> Rows:
    n_before, n_now = len(before.cells.psi), len(now.cells.psi)
    return Rows(
        user=np.concatenate([before.cells.user, now.cells.user]),
        now=np.repeat([0, 1], [n_before, n_now]),
        psi=np.concatenate([before.cells.psi, now.cells.psi]),
        labelled=np.concatenate([before.labelled, now.labelled]),
        traits=tuple(
            Trait(one.name, one.labels, np.concatenate([one.code, other.code]))
            for one, other in zip(_traits(before), _traits(now), strict=True)
            if len(one.labels) > 1
        )[:_TRAITS],
    )


def _traits(period: Period) -> list[Trait]:
    """Return what segments are made of; labels that say nothing are emptied."""
    topics = Trait(TOPIC, period.topics, period.cells.topic)
    silent = {TOPIC: _NO_TOPIC, TENURE: UNKNOWN}
    return [
        Trait(
            one.name,
            tuple("" if label == silent.get(one.name) else label for label in one.labels),
            one.code,
        )
        for one in (topics, *period.traits)
    ]


def _chances(tested: Sequence[Slice]) -> Floats:
    """Return the one-sided chance of such a fall; with few labels by Student's t."""
    from scipy.special import stdtr

    z = np.array([one.difference / one.se if one.se > 0 else 0.0 for one in tested])
    return np.asarray(stdtr(np.array([one.n_labels - 1.0 for one in tested]), z), float)


def _below(tested: Sequence[Slice]) -> list[Slice]:
    """Return the slices that fell by more than their rest, as Benjamini-Hochberg lets them pass."""
    chances = _chances(tested)
    limit = passing(chances)
    return [one for one, chance in zip(tested, chances, strict=True) if 0.0 < limit >= chance]


def _strength(one: Slice) -> tuple[float, tuple[tuple[int, int], ...]]:
    return one.difference / one.se + _PER_TRAIT * len(one.traits), one.name


def _members(rows: Rows, one: Slice) -> Bools:
    inside = np.ones(len(rows.user), bool)
    for index, code in one.name:
        inside &= rows.traits[index].code == code
    return inside


def _described(rows: Rows, one: Slice, before: Period, now: Period) -> SegmentChange:
    inside = _members(rows, one)
    cut = len(before.cells.psi)
    half = Z95 * one.se
    was, is_now = before.estimate_of(inside[:cut]), now.estimate_of(inside[cut:])
    return SegmentChange(
        traits=tuple((rows.traits[k].name, rows.traits[k].labels[code]) for k, code in one.name),
        before=was, now=is_now,
        difference=Estimate(
            one.difference, one.difference - half, one.difference + half, sum(one.n)
        ),
        contribution=_contribution(one, before, now),
        examples=_failed(now, inside[cut:]),
    )  # fmt: skip


def _contribution(one: Slice, before: Period, now: Period) -> float:
    """Return the segment's part of the change: of two groups, Shapley's share and rate parts."""
    shares = one.n[0] / len(before.cells.psi), one.n[1] / len(now.cells.psi)
    level = float(before.cells.psi.mean() + now.cells.psi.mean()) / 2
    within = sum(shares) / 2 * (one.rate[1] - one.rate[0])
    return within + (shares[1] - shares[0]) * (sum(one.rate) / 2 - level)


def _failed(now: Period, inside: Bools) -> NDArray[np.uint64]:
    """Return the newest requests of a segment whose outcome is a failure: those with psi <= 0."""
    if not len(now.request_key):
        return now.request_key
    failed = inside & now.labelled & (now.cells.psi <= 0.0)
    return now.request_key[failed][-_EXAMPLES:][::-1]
