"""The parts of a change and of every redrawn one: its cells, and versions where they tell."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from decay_reports.causes.bootstrap import replicates
from decay_reports.causes.course import Course, is_cut_over, step
from decay_reports.causes.decomposition import split
from decay_reports.causes.shapley import PARTS, Grid, shapley
from decay_reports.causes.traits import UNKNOWN
from decay_reports.causes.two_periods import Period
from decay_reports.figures.frame import Bools, Floats, Ints

UNEMBEDDED = "unembedded"
TOGETHER = "version_and_within"
_UNKNOWN_SHARE = 0.1  # of requests without tenure: above it tenure shares say nothing
_VERSION, _WITHIN = PARTS.index("version_mix"), PARTS.index("within_topic")


class Parted(NamedTuple):
    """Parts by name ``(1 + r,)``: what was seen, then the replicates; and what to say of them."""

    parts: dict[str, Floats]
    notes: list[str]


def parted(
    before: Period, now: Period, topics: tuple[Bools, Bools, Bools], times: Floats
) -> Parted:
    """Split the change, and the change of every replicate, over the cells of both periods."""
    embedded, new, gone = topics
    tenure_known = _tenure_known(before) and _tenure_known(now)
    codes = [_codes(period, tenure_known) for period in (before, now)]
    seen, both = np.unique(np.concatenate(codes), return_inverse=True)
    n_tenures, n_versions = len(before.tenure.labels), len(before.version.labels)
    topic, pair = seen // (n_tenures * n_versions), seen // n_versions
    present, compact = np.unique(topic, return_inverse=True)
    grid = Grid(compact, np.unique(pair, return_inverse=True)[1])
    cut = len(codes[0])
    counts = [
        replicates(period.cells, code, len(seen), times)
        for period, code in ((before, both[:cut]), (now, both[cut:]))
    ]
    kept = embedded[topic]
    inner = [(n * kept, psi * kept) for n, psi in counts]
    moved = shapley(grid, inner[0], inner[1], new[present], gone[present])
    total, weight = _weighed(counts, inner)
    scaled = moved * weight[:, None]
    parts = dict(zip(PARTS, scaled.T, strict=True))
    if not embedded.all():
        parts[UNEMBEDDED] = total - scaled.sum(axis=1)
    said = [] if tenure_known else [_tenure_words(before, now)]
    return Parted(parts, said)


def _weighed(
    counts: Sequence[tuple[Floats, Floats]], inner: Sequence[tuple[Floats, Floats]]
) -> tuple[Floats, Floats]:
    """Return the whole change and the mean share of embedded requests, per replicate."""
    with np.errstate(invalid="ignore", divide="ignore"):
        means = [psi.sum(axis=1) / n.sum(axis=1) for n, psi in counts]
        shares = [
            few[0].sum(axis=1) / every[0].sum(axis=1)
            for few, every in zip(inner, counts, strict=True)
        ]
    return means[1] - means[0], (shares[0] + shares[1]) / 2


def _codes(period: Period, tenure_known: bool) -> Ints:
    """Return the number of each request's cell: they sort by topic, tenure, version."""
    tenure = period.tenure.code if tenure_known else np.zeros_like(period.tenure.code)
    code = period.cells.topic * len(period.tenure.labels) + tenure
    return np.asarray(code * len(period.version.labels) + period.version.code)


def _tenure_known(period: Period) -> bool:
    return _unknown_share(period) <= _UNKNOWN_SHARE


def _unknown_share(period: Period) -> float:
    labels = period.tenure.labels
    return float((period.tenure.code == labels.index(UNKNOWN)).mean()) if UNKNOWN in labels else 0.0


def _tenure_words(before: Period, now: Period) -> str:
    worst = max(_unknown_share(period) for period in (before, now))
    return f"tenure is left out: unknown for {worst:.0%} of requests"


def versions_apart(
    first: Parted, before: Period, now: Period, how: tuple[Course, Bools, Floats]
) -> Parted:
    """Tell versions from what changed within them where that is possible, else give the sum."""
    course, kept, times = how
    parts, notes = dict(first.parts), list(first.notes)
    if not parts[PARTS[_VERSION]].any() and course.n_deploys <= 1:
        return first
    both = parts[PARTS[_VERSION]] + parts[PARTS[_WITHIN]]
    if course.n_deploys > 1:
        why = f"{course.n_deploys} deploys after the baseline"
    elif not is_cut_over(before, now):
        return first
    else:
        jump = step(course, before, now, kept, times)
        if jump is not None:
            parts[PARTS[_VERSION]], parts[PARTS[_WITHIN]] = jump, both - jump
            notes.append(
                "one version replaced another for everybody: its part is a step in the weekly "
                "level, and anything else that changed in that week is in it"
            )
            return Parted(parts, notes)
        why = "one version replaced another for everybody, and too few weeks show a step"
    together = {TOGETHER if name == PARTS[_WITHIN] else name: p for name, p in parts.items()}
    together[TOGETHER] = both
    del together[PARTS[_VERSION]]
    notes.append(f"versions and what changed within them are not separable: {why}")
    return Parted(together, notes)


def embedded_topics(topics: Sequence[str], *counts: tuple[Floats, Floats]) -> Bools:
    """Tell real topics from requests not embedded yet, unless a period has none of the former."""
    real = np.array([topic != UNEMBEDDED for topic in topics])
    known = all(n[real].sum() > 0 for n, _ in counts)
    return real if known else np.ones(len(topics), bool)


def contributions(
    counts: tuple[tuple[Floats, Floats], tuple[Floats, Floats]],
    embedded: Bools, new: Bools, gone: Bools,
) -> Floats:  # fmt: skip
    """Return what each topic adds to the change; requests not embedded yet get what is left."""
    inner = [(n * embedded, psi * embedded) for n, psi in counts]
    rows = [(n[None], psi[None]) for n, psi in counts], [(n[None], psi[None]) for n, psi in inner]
    total, weight = _weighed(*rows)
    added = split(inner[0], inner[1], new, gone).contributions * weight[0]
    return np.asarray(np.where(embedded, added, total[0] - added.sum()), float)
