"""What the numbers must reach, printed beside what they do reach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from statistics import fmean, median

from benchmarks.decay.scenarios import RAMPS
from benchmarks.decay.score import LAGS, Scored
from benchmarks.drift.intervals import yearly
from decay_reports.figures.clusters import wilson

COVERAGE = {0: 0.92, 1: 0.95, 4: 0.96}
HALF_WIDTH = {0: 0.056, 1: 0.038, 4: 0.037}
DELAY_DAYS = {"step-at-deploy": 28.0, "slide-70-50": 56.0}
RAMP_DAYS, RAMP_AIM_DAYS = 66.0, 42.0  # median over ramps of 8 to 20 points in 8 to 16 weeks
FALSE_PAGES = 0.2  # a year, over all features that share the budget
# Coverage and width were set for features whose outcomes, good and bad, all arrive.
NOT_FOR_LEVELS = frozenset({"success-only-outcomes", "no-outcomes", "slow-outcome-feed"})


@dataclass(frozen=True)
class Floor:
    """One line: what is asked, what was measured and what follows."""

    what: str
    floor: str
    measured: str
    verdict: str


def floors(scored: Mapping[str, Sequence[Scored]], n_streams: int) -> list[Floor]:
    """Hold decayd's scores, by scenario, against every floor that they speak of."""
    levels = [one for name, many in scored.items() if name not in NOT_FOR_LEVELS for one in many]
    found = [_coverage(levels, lag) for lag in LAGS] + [_width(levels, lag) for lag in LAGS]
    found += [
        _delay(name, scored[name], limit) for name, limit in DELAY_DAYS.items() if name in scored
    ]
    found.append(_ramps([one for name in RAMPS for one in scored.get(name, ())]))
    found.append(_budget([one for many in scored.values() for one in many], n_streams))
    return [floor for floor in found if floor is not None]


def _coverage(levels: Sequence[Scored], lag: int) -> Floor | None:
    held = [hit for one in levels for hit in one.held[lag]]
    if not held:
        return None
    low, high = wilson(sum(held), len(held))
    value = sum(held) / len(held)
    verdict = "reached" if value >= COVERAGE[lag] else (
        "missed, within error" if high >= COVERAGE[lag] else "missed"
    )  # fmt: skip
    measured = f"{value:.3f} ({low:.3f}–{high:.3f}), {len(held)} weeks"
    return Floor(f"coverage at lag {lag}", f"≥ {COVERAGE[lag]:.2f}", measured, verdict)


def _width(levels: Sequence[Scored], lag: int) -> Floor | None:
    halves = [half for one in levels for half in one.halves[lag]]
    if not halves:
        return None
    value, floor = fmean(halves), HALF_WIDTH[lag]
    measured = f"{100 * value:.1f} ({100 * min(halves):.1f}–{100 * max(halves):.1f}) points"
    verdict = "reached" if value <= floor else "missed"
    return Floor(f"half-width at lag {lag}", f"≤ {100 * floor:.1f} points", measured, verdict)


def _delay(name: str, scored: Sequence[Scored], limit: float) -> Floor:
    delays = [one.delay_days for one in scored]
    late = sum(delay is None or delay > limit for delay in delays)
    said = ", ".join("never" if delay is None else f"{delay:.0f}" for delay in delays)
    verdict = "reached" if not late else f"missed in {late} of {len(delays)}"
    return Floor(f"days to the page, {name}", f"≤ {limit:.0f}", said, verdict)


def _ramps(scored: Sequence[Scored]) -> Floor | None:
    if not scored:
        return None
    middle = median([inf if one.delay_days is None else one.delay_days for one in scored])
    verdict = "reached" if middle <= RAMP_DAYS else "missed"
    verdict += f", aim of {RAMP_AIM_DAYS:.0f} {'reached' if middle <= RAMP_AIM_DAYS else 'missed'}"
    measured = f"{middle:.0f}, {len(scored)} features"
    return Floor("median days to the page, ramps", f"≤ {RAMP_DAYS:.0f}", measured, verdict)


def _budget(scored: Sequence[Scored], n_streams: int) -> Floor:
    pages, weeks = sum(one.false_pages for one in scored), sum(one.quiet_weeks for one in scored)
    floor = FALSE_PAGES / n_streams
    measured = f"{yearly(pages, weeks)}, {pages} in {weeks / 52:.1f} years" if weeks else "–"
    verdict = "not measured" if not weeks else (
        "reached" if pages / weeks * 52 <= floor else _refuted(pages, weeks, floor)
    )  # fmt: skip
    return Floor("false pages a feature-year", f"≤ {floor:.4f}", measured, verdict)


def _refuted(pages: int, weeks: int, floor: float) -> str:
    """Tell whether so many pages contradict the budget, or too few years were watched to say."""
    from scipy.stats import chi2

    low = float(chi2.ppf(0.025, 2 * pages)) / 2 * 52 / weeks
    return "missed" if low > floor else "missed, within error"
