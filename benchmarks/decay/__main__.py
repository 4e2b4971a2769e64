"""Levels, pages, delays and causes of decayd on simulated decays, against the truth and two others.

    python -m benchmarks.decay [--quick] [--seeds 5] [--scenario NAME ...] [--json]

One process and one thread; a feature of 26 weeks takes about 16 CPU-seconds.
"""

import argparse
import json
import platform
import sys
import time
from importlib.metadata import version

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmarks.decay import tables
from benchmarks.decay.floors import floors
from benchmarks.decay.replay import Course, replay
from benchmarks.decay.scenarios import QUICK, QUICK_WEEKS, SCENARIOS
from benchmarks.decay.score import score
from benchmarks.decay.tables import Scores
from benchmarks.decay.traffic import make
from decayd import log
from decayd.config import LogSettings

_LIBRARIES = ("numpy", "scikit-learn", "duckdb")


def main() -> None:
    """Run the chosen scenarios and print what was found."""
    chosen = _arguments()
    log.configure(LogSettings(level="error"))
    began = time.process_time()
    with threadpool_limits(limits=1):
        scored = _scored(chosen)
    cpu_s = time.process_time() - began
    found = floors({name: by["decayd"] for name, by in scored.items()}, chosen.features)
    if chosen.json:
        print(json.dumps(tables.plain(scored, found, cpu_s)))
        return
    print(_heading(chosen, cpu_s))
    print(tables.markdown(tables.FLOOR_HEAD, tables.floor_rows(found)))
    print(tables.markdown(tables.PAGE_HEAD, tables.page_rows(scored)))
    print(tables.markdown(tables.CAUSE_HEAD, tables.cause_rows(scored)))
    print(tables.markdown(tables.LEVEL_HEAD, tables.level_rows(scored)))
    print(tables.LEGEND)


def _scored(chosen: argparse.Namespace) -> dict[str, Scores]:
    """Score every scenario with every seed, by scenario."""
    scored: dict[str, Scores] = {name: {} for name in chosen.scenario}
    for seed in range(chosen.seed, chosen.seed + chosen.seeds):
        for name in chosen.scenario:
            course = replay(make(SCENARIOS[name].shortened(chosen.weeks), seed), chosen.features)
            _add(scored[name], course)
            _progress(course)
    return scored


def _add(scores: Scores, course: Course) -> None:
    for monitor, said in {"decayd": course.decayd, **course.rivals}.items():
        scores.setdefault(monitor, []).append(score(course.traffic, said))


def _progress(course: Course) -> None:
    spent = ", ".join(f"{name} {cpu_s:.1f}" for name, cpu_s in course.cpu_s.items())
    days = [f"{page.stream} {page.as_of:%d %b}" for page in course.decayd.pages]
    line = f"{course.traffic.feature}: pages {days or 'none'}; CPU-s: {spent}"
    print(line, file=sys.stderr, flush=True)


def _heading(chosen: argparse.Namespace, cpu_s: float) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    last = chosen.seed + chosen.seeds - 1
    return (
        f"Python {platform.python_version()}, {libraries}. Seeds {chosen.seed} to {last},"
        f" {chosen.weeks} weeks; the budget of false pages is shared by {chosen.features} features."
        f" {cpu_s:.0f} CPU-seconds.\n"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decay", description=__doc__)
    add = parser.add_argument
    add("--scenario", nargs="+", choices=SCENARIOS, metavar="NAME", help="default: all")
    add("--seeds", type=int, help="features of a scenario, default 5")
    add("--seed", type=int, default=0, help="the first one")
    add("--features", type=int, default=16, help="that share the budget of false pages")
    add("--quick", action="store_true", help=f"1 seed, {QUICK_WEEKS} weeks of few scenarios")
    add("--json", action="store_true", help="print every score as JSON instead of tables")
    chosen = parser.parse_args()
    chosen.weeks = QUICK_WEEKS if chosen.quick else max(s.weeks for s in SCENARIOS.values())
    chosen.seeds = chosen.seeds or (1 if chosen.quick else 5)
    chosen.scenario = chosen.scenario or list(QUICK if chosen.quick else SCENARIOS)
    return chosen


if __name__ == "__main__":
    main()
