"""How often the 95 % interval of a week's success rate holds the truth, against two plain ways.

Simulated features with known truth: 340 requests a day, 1.2 % thumbs, 23 % with an outcome,
failures known after a median 1.1 days, successes after 3.5, clustered users, noisy days. Every
method sees the same weeks. Run: ``python benchmarks/coverage.py [SEEDS]`` (about a minute).
"""

import platform
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np

from decay_reports.figures.clusters import wilson
from decay_reports.figures.feature_weeks import Known, measure
from decay_reports.figures.frame import SIGNALS
from tests.worlds import World, spans, world

REPORTS = range(12, 21)
LAGS = (0, 1, 4)
Interval = tuple[float, float]
SCENARIOS: dict[str, dict[str, object]] = {
    "steady": {},
    "slide of 20 points": {"logit": lambda day: -1.0 * np.clip((day - 70) / 60, 0, 1)},
    "successes alone arrive": {"conversions": True},
    "60 requests a day": {"per_day": 60},
}


def ours(known: Known, report: int, lag: int) -> tuple[slice, Interval]:
    """Return the estimate of `decayd` and the requests it speaks of."""
    found = measure(known, spans(report - lag, 4))
    if found.result is None:
        raise ValueError(found.why_not)
    half = 1.96 * found.result.se
    return found.rows, (found.result.value - half, found.result.value + half)


def arrived(known: Known, rows: slice) -> Interval:
    """Return the plain share of successes among the outcomes that have arrived."""
    y = known.frame.y[rows]
    return share(int(np.nansum(y)), int((~np.isnan(y)).sum()))


def thumbs(known: Known, rows: slice) -> Interval:
    """Return the plain share of thumbs that point up."""
    up, down = (
        int(known.frame.signals[rows, SIGNALS.index(name)].sum())
        for name in ("thumbs_up", "thumbs_down")
    )
    return share(up, up + down)


def share(hits: int, n: int) -> Interval:
    """Return a Wilson interval; everything without rows."""
    return wilson(hits, n) if n else (0.0, 1.0)


def feature_weeks(worlds: Iterator[World]) -> Iterator[tuple[World, Known, int, int]]:
    """Yield every report's weeks at every lag."""
    for one in worlds:
        for report in REPORTS:
            known = one.known(report)
            for lag in LAGS:
                yield one, known, report, lag


def row(name: str, lag: int, truth: list[float], said: list[Interval]) -> str:
    """Sum up one method at one lag."""
    low, high = np.array(said).T
    t = np.array(truth)
    coverage = ((low <= t) & (t <= high)).mean()
    bias, half = ((low + high) / 2 - t).mean(), (high - low).mean() / 2
    return f"  {name:<22} lag {lag}   {coverage:8.3f} {100 * bias:+10.1f} {100 * half:10.1f}"


def scenario(name: str, seeds: range) -> None:
    """Print coverage, bias and half-width of the three methods."""
    truth: dict[int, list[float]] = {lag: [] for lag in LAGS}
    said: dict[tuple[str, int], list[Interval]] = {}
    worlds = (world(seed, **SCENARIOS[name]) for seed in seeds)
    plain: dict[str, Callable[[Known, slice], Interval]] = {
        "arrived outcomes": arrived, "thumbs": thumbs,
    }  # fmt: skip
    for one, known, report, lag in feature_weeks(worlds):
        rows, interval = ours(known, report, lag)
        truth[lag].append(one.truth(known, rows))
        said.setdefault(("decayd", lag), []).append(interval)
        for method, ask in plain.items():
            said.setdefault((method, lag), []).append(ask(known, rows))
    print(f"{name}, {len(truth[0])} feature-weeks a lag")
    for (method, lag), intervals in sorted(said.items(), key=lambda item: item[0][0]):
        print(row(method, lag, truth[lag], intervals))


def cost(n_seeds: int = 3) -> float:
    """Return CPU milliseconds of one feature-week: curves, weights, f, psi and its interval."""
    worlds = [world(seed) for seed in range(n_seeds)]
    n, began = 0, time.process_time()
    for _ in feature_weeks(iter(worlds)):
        n += 1
    knowing = time.process_time() - began
    began = time.process_time()
    for _, known, report, lag in feature_weeks(iter(worlds)):
        ours(known, report, lag)
    both = time.process_time() - began
    print(f"  of which curves and weights, shared by the lags: {1000 * knowing / n:.1f} ms")
    return 1000 * both / n


def main() -> None:
    """Print everything."""
    seeds = range(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
    print(f"Python {platform.python_version()}, numpy {np.__version__}, seeds 0-{seeds[-1]}")
    print("                                   coverage   bias pts   half pts")
    for name in SCENARIOS:
        scenario(name, seeds)
    print(f"CPU time of a feature-week: {cost():.1f} ms")


if __name__ == "__main__":
    main()
