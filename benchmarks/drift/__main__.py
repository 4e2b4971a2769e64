"""False alarms, power, members, names and cost of topic drift on streams with known drift.

    SHARED_FOLDER=… python -m benchmarks.drift [--quick] [--data banking77] [--scenario still …]

Needs Evidently for the peers (`--no-peers` leaves them out). One process and one thread.
"""

import argparse
import json
import math
import platform
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmarks.drift import peer_tables, peers, tables
from benchmarks.drift.data import DATA, MODEL, Cache, pool
from benchmarks.drift.replay import replay
from benchmarks.drift.scenarios import QUICK, SCENARIOS, Scenario
from benchmarks.drift.score import score
from benchmarks.drift.streams import Pool, make
from benchmarks.drift.tables import Result
from benchmarks.drift.words import telling_words
from decayd import log
from decayd.config import LogSettings
from drift.model_files import find_model

_QUICK_STREAMS, _QUICK_DATA = 5, ("nluhome",)
_WINDOWS = 40  # that the peers see of a quiet scenario, at least
_PER_USER = ", one query a user"
_LIBRARIES = ("evidently", "scikit-learn", "scipy", "numpy", "pandas", "duckdb", "torch")


def main() -> None:
    """Run the chosen scenarios; print a line for each as it is done, then the peers."""
    chosen = _arguments()
    log.configure(LogSettings(level="error"))
    print(_versions(chosen))
    with threadpool_limits(limits=1):
        if chosen.peers:
            _warm_up_peers()
        results: list[Result] = []
        for result in _results(chosen):
            results.append(result)
            _progress(result)
            if chosen.json:
                everything = json.dumps([tables.plain(each) for each in results])
                chosen.json.write_text(everything, encoding="utf-8")
    quiet = [tables.quiet_row(each) for each in results if each.scenario.quiet]
    drift = [tables.drift_row(each) for each in results if not each.scenario.quiet]
    print(tables.markdown(tables.QUIET_HEAD, [*quiet, *tables.before_rows(results)]))
    print(tables.markdown(tables.DRIFT_HEAD, drift))
    print(peer_tables.compared(results))
    print(tables.LEGEND)


def _warm_up_peers() -> None:
    try:
        peers.warm_up()
    except ModuleNotFoundError as error:
        hint = "pip install evidently==0.7.23 'pandas<3', or --no-peers"
        print(f"the peers need {error.name}: {hint}", file=sys.stderr)
        raise SystemExit(2) from error


def _results(chosen: argparse.Namespace) -> Iterator[Result]:
    for name in chosen.data:
        source, cache = pool(name), Cache(chosen.cache)
        scenarios = [SCENARIOS[each] for each in chosen.scenario]
        cache.load_for(source, [each.plant for each in scenarios])
        telling = telling_words(source.intents)
        for scenario in scenarios:
            yield _scored((source, cache), scenario, telling, chosen)


def _scored(
    where: tuple[Pool, Cache],
    scenario: Scenario,
    telling: dict[str, frozenset[str]],
    chosen: argparse.Namespace,
) -> Result:
    source, cache = where
    result = Result(source.name, scenario, [], {})
    n_windows = max(2, math.ceil((0 if chosen.quick else _WINDOWS) / chosen.streams))
    samples = ("", _PER_USER) if scenario.burst > 1 else ("",)
    began = time.perf_counter()
    for seed in range(chosen.seed, chosen.seed + chosen.streams):
        course = replay(make(source, scenario, seed), cache)
        result.streams.append(score(course, telling))
        for sample in samples if chosen.peers else ():
            answers = peers.ask(course, cache, n_windows, once=bool(sample))
            result.asked.setdefault(sample, []).extend(answers)
    wall_s = time.perf_counter() - began
    print(f"{source.name} {scenario.name}: {wall_s:.0f} s", file=sys.stderr, flush=True)
    return result


def _progress(result: Result) -> None:
    row = tables.quiet_row(result) if result.scenario.quiet else tables.drift_row(result)
    head = tables.QUIET_HEAD if result.scenario.quiet else tables.DRIFT_HEAD
    facts = (f"{name} {value}" for name, value in zip(head, row, strict=True))
    print("; ".join(facts), file=sys.stderr, flush=True)


def _versions(chosen: argparse.Namespace) -> str:
    found = []
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    last = chosen.seed + chosen.streams - 1
    model = find_model(MODEL)[1]
    return (
        f"Python {platform.python_version()}, {', '.join(found)}, {model}."
        f" Seeds {chosen.seed} to {last}.\n"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drift", description=__doc__)
    add = parser.add_argument
    add("--data", nargs="+", choices=DATA, help="default: both")
    add("--scenario", nargs="+", choices=SCENARIOS, metavar="NAME", help="default: all")
    add("--streams", type=int, help="streams of a scenario, default 20")
    add("--seed", type=int, default=0, help="of the first stream")
    add("--quick", action="store_true", help=f"{_QUICK_STREAMS} streams of few scenarios")
    add("--peers", action=argparse.BooleanOptionalAction, default=True)
    add("--cache", type=Path, default=Path.home() / ".cache" / "decayd-benchmarks")
    add("--json", type=Path, metavar="FILE", help="write every stream and answer there")
    chosen = parser.parse_args()
    chosen.data = chosen.data or list(_QUICK_DATA if chosen.quick else DATA)
    chosen.scenario = chosen.scenario or list(QUICK if chosen.quick else SCENARIOS)
    chosen.streams = chosen.streams or (_QUICK_STREAMS if chosen.quick else 20)
    return chosen


if __name__ == "__main__":
    main()
