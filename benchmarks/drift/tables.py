"""Sums up streams and windows with intervals, as Markdown."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks.drift.intervals import mean, rounded, share, yearly
from benchmarks.drift.peers import Asked
from benchmarks.drift.scenarios import FOUR_WEEKS, Scenario
from benchmarks.drift.score import Members, Scored


@dataclass(frozen=True)
class Result:
    """One scenario on one data set; `asked` are the peers' answers by name of the sample."""

    data: str
    scenario: Scenario
    streams: list[Scored]
    asked: dict[str, list[Asked]]


LEGEND = """\
An alarm is a finding that is new or came back. Baseline: weeks 1-4 of 500 queries; drift begins in
week 9, delay 0 is that week. In brackets: 95 % (Wilson; Poisson for alarms per 52 weeks; bootstrap
over streams for members). Members are compared with the planted queries since the topic's first
week. Label hit: a word of the label, or its first five letters, is in the intent's name or among
its ten most telling words. Id kept: of the eight weeks after the finding, those in which most
planted queries have its topic's id. Ids: emerged topics that mostly are the planted intent.
"""
QUIET_HEAD = (
    "data", "scenario", "streams", "weeks", "alarms", "per 52 weeks", "kinds", "CPU-s a week",
)  # fmt: skip
DRIFT_HEAD = (
    "data", "scenario", "streams", "first week", "within 4 weeks", "median delay", "kind right",
    "first kinds", "precision, first", "recall, first", "precision, +4 weeks", "recall, +4 weeks",
    "label hit", "id kept", "ids", "alarms a stream", "CPU-s a week",
)  # fmt: skip


def quiet_row(result: Result) -> list[str]:
    """Return what decayd did where nothing happened."""
    kinds = Counter(kind for each in result.streams for kind in each.false_alarms)
    weeks = sum(each.quiet_weeks for each in result.streams)
    n = len(result.streams)
    return [
        result.data, result.scenario.name, str(n), str(weeks), str(kinds.total()), per_year(result),
        _counts(kinds), rounded([each.cpu_s for each in result.streams], 2),
    ]  # fmt: skip


def drift_row(result: Result) -> list[str]:
    """Return how decayd found what was planted."""
    streams = result.streams
    ids = [each.n_ids for each in streams if each.n_ids is not None]
    kept, watched = (sum(getattr(s, name) for s in streams) for name in ("kept", "watched"))
    return [
        result.data, result.scenario.name, str(len(streams)),
        *power(result), _median_delay([each.delay for each in streams]),
        _rate(each.kind_right for each in streams if each.kind_right is not None),
        _counts(Counter(each.kind for each in streams if each.kind)),
        *_members([each.first for each in streams]),
        *_members([each.later for each in streams]),
        _rate(each.label_hit for each in streams if each.label_hit is not None),
        share(kept, watched), rounded(ids, 1),
        rounded([each.alarms for each in streams], 1),
        rounded([each.cpu_s for each in streams], 2),
    ]  # fmt: skip


def per_year(result: Result) -> str:
    """Return the false alarms per 52 weeks."""
    alarms = sum(len(each.false_alarms) for each in result.streams)
    return yearly(alarms, sum(each.quiet_weeks for each in result.streams))


def power(result: Result) -> tuple[str, str]:
    """Return the shares of streams found in the first week and within four weeks."""
    delays = [each.delay for each in result.streams]
    soon = [delay is not None and delay < FOUR_WEEKS for delay in delays]
    return _rate(delay == 0 for delay in delays), _rate(soon)


def before_rows(results: Sequence[Result]) -> list[list[str]]:
    """Return for each data set the quiet weeks of the streams with drift, as `quiet_row` does."""
    rows = []
    for name in dict.fromkeys(each.data for each in results):
        mine = [each for each in results if each.data == name and not each.scenario.quiet]
        streams = [stream for each in mine for stream in each.streams]
        if streams:
            rows.append(quiet_row(Result(name, Scenario("before the drift"), streams, {})))
    return rows


def plain(result: Result) -> dict[str, object]:
    """Return everything about one scenario, for JSON."""
    return {
        "data": result.data,
        "scenario": result.scenario.name,
        "streams": [asdict(each) for each in result.streams],
        "peers": {name: [asdict(each) for each in some] for name, some in result.asked.items()},
    }


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _rate(values: Iterable[bool | None]) -> str:
    listed = list(values)
    return share(sum(map(bool, listed)), len(listed))


def _members(found: Sequence[Members | None]) -> tuple[str, str]:
    known = [each for each in found if each is not None]
    return mean([each.precision for each in known]), mean([each.recall for each in known])


def _counts(kinds: Counter[str]) -> str:
    return ", ".join(f"{kind} {n}" for kind, n in kinds.most_common()) or "–"


def _median_delay(delays: Sequence[int | None]) -> str:
    middle = median([math.inf if each is None else each for each in delays])
    return "not found" if middle == math.inf else f"{middle:g}"
