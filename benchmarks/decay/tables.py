"""Sums up scored features with intervals, as Markdown and as plain values for JSON."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from statistics import fmean, median
from typing import Any

from benchmarks.decay.floors import Floor
from benchmarks.decay.scenarios import SCENARIOS
from benchmarks.decay.score import LAGS, Parts, Scored
from benchmarks.drift.intervals import share, yearly

Scores = dict[str, list[Scored]]  # by monitor
LEVEL_HEAD = (
    "scenario", "monitor", "lag 0 holds the truth", "lag 1", "lag 4", "half-width, points, lag 0",
    "lag 1", "lag 4", "bias, points, lag 0", "lag 1", "withheld, lag 0", "withheld, lag 1",
)  # fmt: skip
PAGE_HEAD = (
    "scenario", "monitor", "features", "false pages a feature-year", "decays missed",
    "days from onset to page", "by", "onset dated off by, days", "pages again",
)  # fmt: skip
CAUSE_HEAD = (
    "scenario", "cause right at the page", "cause right 6 weeks on", "named", "part error, points",
    "part intervals hold", "segment named", "segments", "force right", "forces",
    "findings that fit", "stray findings", "called recovering",
)  # fmt: skip
FLOOR_HEAD = ("floor of decayd", "asked", "measured", "verdict")
LEGEND = """\
A feature is one seed of a scenario. In brackets: 95 % (Wilson over feature-weeks or features;
Poisson for pages); of a half-width and of days, the range. Levels are scored from week 6 on, each
against what really became of every request of its weeks. A page is false in a scenario whose
success stays, and before the onset. Days: from the onset to the page, median. Part error: mean
and largest distance to the true part. Called recovering: weeks with an open incident in which the
verdict said so, though success stayed down. Stray: findings while success stood that nothing
planted called for, by kind. Segments and forces: as the attribution and the report's evidence
table name them six weeks after the onset.
naive outcomes: mean of arrived outcomes, one-sided two-proportion test at 2.5 % against the first
four weeks; naive thumbs: the same of thumbs. CBPE: NannyML's formula, not its package; the
logistic regression on signals, trained on the first four weeks; alert below 3 SD of those. Every
week in which one of these fires is a page of its own: a monitor that always rings misses nothing.
"""


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def level_rows(scored: dict[str, Scores]) -> list[list[str]]:
    """Return a row per scenario and monitor, and one per monitor over all scenarios."""
    return [
        [name, monitor, *_levels(many)]
        for name, by_monitor in [*scored.items(), ("all", _all(scored))]
        for monitor, many in by_monitor.items()
    ]


def page_rows(scored: dict[str, Scores]) -> list[list[str]]:
    """Return a row per scenario and monitor, and one per monitor over all scenarios."""
    return [
        [name, monitor, str(len(many)), *_pages(many)]
        for name, by_monitor in [*scored.items(), ("all", _all(scored))]
        for monitor, many in by_monitor.items()
    ]


def cause_rows(scored: dict[str, Scores]) -> list[list[str]]:
    """Return a row per scenario: decayd alone says why."""
    return [[name, *_causes(name, by_monitor["decayd"])] for name, by_monitor in scored.items()]


def floor_rows(floors: Iterable[Floor]) -> list[list[str]]:
    """Return a row per floor."""
    return [[floor.what, floor.floor, floor.measured, floor.verdict] for floor in floors]


def plain(scored: dict[str, Scores], floors: Iterable[Floor], cpu_s: float) -> dict[str, Any]:
    """Return everything for JSON."""
    return {
        "cpu_s": round(cpu_s, 1),
        "floors": [asdict(floor) for floor in floors],
        "features": [
            {"monitor": monitor} | asdict(one)
            for by_monitor in scored.values()
            for monitor, many in by_monitor.items()
            for one in many
        ],
    }


def _all(scored: dict[str, Scores]) -> Scores:
    together: Scores = {}
    for by_monitor in scored.values():
        for monitor, many in by_monitor.items():
            together.setdefault(monitor, []).extend(many)
    return together


def _levels(many: Sequence[Scored]) -> list[str]:
    held = [[hit for one in many for hit in one.held[lag]] for lag in LAGS]
    withheld = [
        share(sum(one.withheld(lag) for one in many), sum(one.n_levels[lag] for one in many))
        for lag in (0, 1)
    ]
    return [
        *(share(sum(hits), len(hits)) for hits in held),
        *(_range([half for one in many for half in one.halves[lag]]) for lag in LAGS),
        *(_points([bias for one in many for bias in one.biases[lag]]) for lag in (0, 1)),
        *withheld,
    ]  # fmt: skip


def _pages(many: Sequence[Scored]) -> list[str]:
    weeks = sum(one.quiet_weeks for one in many)
    asked = [one for one in many if one.must_page]
    missed = sum(one.delay_days is None for one in asked)
    delays = sorted(one.delay_days for one in many if one.delay_days is not None)
    days = f"{median(delays):.0f} ({delays[0]:.0f}–{delays[-1]:.0f})" if delays else "–"
    return [
        yearly(sum(one.false_pages for one in many), weeks) if weeks else "–",
        f"{missed} of {len(asked)}" if asked else "–", days,
        _counted(one.stream for one in many if one.stream),
        ", ".join(f"{one.onset_off_days:+.0f}" for one in many if one.onset_off_days is not None)
        or "–",
        str(sum(one.again for one in many)),
    ]  # fmt: skip


def _causes(name: str, many: Sequence[Scored]) -> list[str]:
    at_page = [one.at_page for one in many if one.at_page]
    settled = [one.settled for one in many if one.settled]
    errors = [error for one in settled for error in one.errors]
    wanted, planted = SCENARIOS[name].finds, SCENARIOS[name].forces
    open_weeks = sum(one.open_weeks for one in many)
    return [
        _right(at_page), _right(settled), _counted(" + ".join(one.named) for one in settled),
        f"{100 * fmean(errors):.1f} ({100 * max(errors):.1f})" if errors else "–",
        share(sum(one.n_held for one in settled), len(errors)),
        share(*_hits([one.segment for one in settled if one.segment is not None])),
        str(sum(one.n_segments for one in settled)),
        share(*_hits([any(f.startswith(planted) for f in one.forces) for one in many if planted])),
        _counted(force for one in many for force in one.forces),
        share(sum(bool(one.found) for one in many), len(many)) if wanted else "–",
        _counted(kind for one in many for kind, n in one.stray.items() for _ in range(n)),
        share(sum(one.recovering for one in many), open_weeks),
    ]  # fmt: skip


def _hits(values: Sequence[bool]) -> tuple[int, int]:
    return sum(values), len(values)


def _right(explained: Sequence[Parts]) -> str:
    return share(sum(bool(one.right) for one in explained), len(explained))


def _counted(names: Iterable[str]) -> str:
    counts = Counter(name or "nothing" for name in names)
    return ", ".join(f"{name} {n}" for name, n in counts.most_common()) or "–"


def _range(values: Sequence[float]) -> str:
    if not values:
        return "–"
    return f"{100 * fmean(values):.1f} ({100 * min(values):.1f}–{100 * max(values):.1f})"


def _points(values: Sequence[float]) -> str:
    return f"{100 * fmean(values):+.1f}" if values else "–"
