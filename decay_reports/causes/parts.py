"""One week's parts of a feature: each segment beside the rest, each new version beside the old."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from decay_reports.causes.segments import LEAST
from decay_reports.causes.traits import TENURE, TOPIC, UNKNOWN, Trait, layers
from decay_reports.causes.two_periods import Period
from decay_reports.figures.clusters import sum_of_squares, sums
from decay_reports.figures.frame import Bools, Floats, Ints
from decay_reports.numbers import visible
from decayd.results import Estimate

MAX_SEGMENTS = 24  # each more raises the threshold of all
_BASELINE_LABELS = 100  # of a segment in the baseline weeks
_LARGEST = 0.8  # a segment that is nearly everybody is the feature itself
_MINORITY = 0.5  # the version that answers most is what the others are held against
_USUAL = 0.01  # layers below this share of the baseline are trials
_NO_TOPIC = "unembedded"
_LABEL = 60


@dataclass(frozen=True)
class Contrast:
    """A difference of two means of psi with its clustered standard error."""

    value: float
    se: float
    n_labels: int


@dataclass(frozen=True)
class Reading:
    """One part in one week.

    Attributes
    ----------
    name
        `topic=t1` or `prompt=v2`.
    fall
        How far its distance to the rest fell since the baseline, for a version how far it lies
        below the others (shares); `variance` is that of the week, `base_se` the baseline's.
    failed
        Keys of its requests whose outcome is a failure, oldest first.
    """

    name: str
    fall: float
    variance: float
    base_se: float
    now: Estimate
    before: Estimate
    failed: NDArray[np.uint64]


def segments(before: Period, now: Period) -> list[Reading]:
    """Compare each value of topic, tenure and the segments as sent with all other requests.

    What counts is the segment's distance to the rest now and in the baseline, so that a fall of
    the whole feature is no segment's. At most 24, those with the most outcomes in the baseline;
    what the baseline hardly knew has no level to fall from, and values of several traits at once
    are not looked at: see `causes.segments` for those.
    """
    chosen = sorted(
        ((name, a, b) for name, a, b in _values(before, now) if _is_large(before, a)),
        key=lambda one: (-int(before.labelled[one[1]].sum()), one[0]),
    )[:MAX_SEGMENTS]
    return [
        _segment(name, (before, a), (now, b)) for name, a, b in chosen if _is_measurable(now, b)
    ]


def versions(now: Period, newer: Trait, before: Period) -> list[Reading]:
    """Compare each version that is new since the baseline with the others of the same week.

    Each of its requests is held against the others of its topic and tenure. `newer` names what is
    new in the answer to each of the week's requests, '' where nothing is. A version that answers
    more than half of them is not held against the few that are left.
    """
    found = []
    for code, label in enumerate(newer.labels):
        inside = newer.code == code
        if label and inside.mean() <= _MINORITY and _is_measurable(now, inside):
            reading = _version(label, now, inside, before)
            found += [reading] if reading else []
    return found


def new_layers(texts: Sequence[str], code: Ints, before: Bools) -> Trait:
    """Name what in the version of each request is new since the baseline, '' where nothing is.

    `texts` are versions as the query wrote them, `code` ``(n,)`` says which of them answered and
    `before` which requests are the baseline's. Versions that differ only in layers known before
    share a name: they were chosen between before, and by what is not known here.
    """
    known = [layers(text) for text in texts]
    n = np.bincount(code[before], minlength=len(texts))
    usual: dict[tuple[str, str], int] = {}
    for found, times in zip(known, n.tolist(), strict=True):
        for item in found.items():
            usual[item] = usual.get(item, 0) + times
    few = max(_USUAL * int(n.sum()), 1.0)
    names = [
        visible(" ".join(f"{k}={v}" for k, v in found.items() if usual[k, v] < few), _LABEL)
        for found in known
    ]
    labels = sorted(set(names))
    position = {label: index for index, label in enumerate(labels)}
    lookup = np.array([position[name] for name in names] or [0], np.int64)
    return Trait("version", tuple(labels), lookup[code])


def version_texts(rows: Any) -> tuple[list[str], Ints]:
    """Return the distinct versions of the rows of `pseudo_of_weeks` (Arrow), and which each has."""
    encoded = rows["version"].combine_chunks().dictionary_encode()
    return encoded.dictionary.to_pylist(), np.asarray(encoded.indices.to_numpy(), np.int64)


def _values(before: Period, now: Period) -> list[tuple[str, Bools, Bools]]:
    """Return every value that says something, with who has it in both periods."""
    silent = {TOPIC: _NO_TOPIC, TENURE: UNKNOWN}
    pairs = [
        (Trait(TOPIC, before.topics, before.cells.topic), now.cells.topic),
        *((one, two.code) for one, two in zip(before.traits, now.traits, strict=True)),
    ]
    return [
        (f"{one.name}={label}", one.code == code, of_now == code)
        for one, of_now in pairs
        if one.name != "version"
        for code, label in enumerate(one.labels)
        if label and label != silent.get(one.name)
    ]


def _is_large(before: Period, inside: Bools) -> bool:
    enough = int(before.labelled[inside].sum()) >= _BASELINE_LABELS
    return enough and _is_measurable(before, ~inside) and float(inside.mean()) <= _LARGEST


def _is_measurable(period: Period, inside: Bools) -> bool:
    return bool(
        inside.sum() >= LEAST.n and period.labelled[inside].sum() >= LEAST.labels
        and period.labelled[~inside].sum() >= LEAST.labels
    )  # fmt: skip


def _segment(name: str, before: tuple[Period, Bools], now: tuple[Period, Bools]) -> Reading:
    was, is_now = _contrast(*before), _contrast(*now)
    return Reading(
        name=name, fall=was.value - is_now.value, base_se=was.se,
        variance=max(is_now.se**2, was.se**2 * was.n_labels / is_now.n_labels),
        now=now[0].estimate_of(now[1]), before=before[0].estimate_of(before[1]),
        failed=_failed(*now),
    )  # fmt: skip


def _contrast(period: Period, inside: Bools) -> Contrast:
    """Return the mean of psi inside minus outside.

    A segment whose few labels are all alike has next to no spread; the caller holds the variance
    of another period against it.
    """
    psi = period.cells.psi
    own, rest = float(psi[inside].mean()), float(psi[~inside].mean())
    n_own, n_rest = int(inside.sum()), int((~inside).sum())
    influence = np.where(inside, (psi - own) / n_own, -(psi - rest) / n_rest)
    se = math.sqrt(sum_of_squares(influence, period.cells.user))
    return Contrast(own - rest, se, int(period.labelled[inside].sum()))


def _version(name: str, now: Period, inside: Bools, before: Period) -> Reading | None:
    """Hold a version against the others; None where hardly any of its requests has a like."""
    stratum = now.cells.topic * len(now.tenure.labels) + now.tenure.code
    n_strata = int(stratum.max()) + 1
    own = sums(stratum, inside.astype(float), n_strata)
    rest = sums(stratum, (~inside).astype(float), n_strata)
    used = (rest > 0)[stratum]
    mine = inside & used
    if mine.sum() < LEAST.n or now.labelled[mine].sum() < LEAST.labels:
        return None
    psi, n = now.cells.psi, float(mine.sum())
    level = sums(stratum, np.where(inside, 0.0, psi), n_strata) / np.maximum(rest, 1.0)
    apart = np.where(mine, psi - level[stratum], 0.0)
    value = float(apart.sum()) / n
    weight = (own / np.maximum(rest, 1.0))[stratum] / n
    influence = np.where(mine, (apart - value) / n, 0.0)
    influence -= np.where(~inside, weight * (psi - level[stratum]), 0.0)
    variance = sum_of_squares(influence, now.cells.user)
    return Reading(
        name=name, fall=-value, base_se=0.0,
        variance=max(variance, _as_in_the_baseline(before, int(now.labelled[mine].sum()))),
        now=now.estimate_of(inside), before=now.estimate_of(~inside), failed=_failed(now, inside),
    )  # fmt: skip


def _as_in_the_baseline(before: Period, n_labels: int) -> float:
    """Return the variance that so many labels of the baseline would have."""
    psi = before.cells.psi
    influence: Floats = (psi - psi.mean()) / len(psi)
    of_all = sum_of_squares(influence, before.cells.user)
    return of_all * int(before.labelled.sum()) / n_labels


def _failed(period: Period, inside: Bools) -> NDArray[np.uint64]:
    failed = inside & period.labelled & (period.cells.psi <= 0.0)
    return period.request_key[failed]


def week_rows(rows: Any, weeks: Sequence[date]) -> Bools:
    """Tell which rows of `pseudo_of_weeks` (Arrow) are of some weeks."""
    week = rows["week"].to_numpy(zero_copy_only=False).astype("datetime64[D]")
    return np.isin(week, np.array(weeks, "datetime64[D]"))
