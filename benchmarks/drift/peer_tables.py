"""Sets decayd's alarms beside those of the peers, as Markdown."""

from collections.abc import Callable, Sequence

from benchmarks.drift.intervals import rounded, share, yearly_share
from benchmarks.drift.peers import Asked
from benchmarks.drift.scenarios import QUIET_WEEKS
from benchmarks.drift.tables import Result, markdown, per_year, power


def compared(results: Sequence[Result]) -> str:
    """Return tables of false alarms, power and cost, with a column for decayd and for each peer."""
    asked = [each for each in results if each.asked]
    if not asked:
        return ""
    peers = list(dict.fromkeys(each.peer for each in next(iter(asked[0].asked.values()))))
    head = ["data", "scenario", "decayd", *peers]
    quiet, drift = [], []
    for each in asked:
        if each.scenario.quiet:
            quiet += _rows(each, peers, _year)
        else:
            drift += _rows(each, peers, _power)
    cost = ["all", "all", rounded([s.cpu_s for r in asked for s in r.streams], 2)]
    everything = [each for result in asked for some in result.asked.values() for each in some]
    cost += [rounded([a.cpu_s for a in everything if a.peer == peer], 3) for peer in peers]
    parts = {
        f"Alarms per {QUIET_WEEKS} quiet weeks": quiet,
        "Found in the first week / within 4 weeks": drift,
        "CPU-s a window": [cost],
    }
    return "\n".join(f"{title}\n\n{markdown(head, rows)}" for title, rows in parts.items() if rows)


def _rows(
    result: Result, peers: Sequence[str], measure: Callable[[list[Asked]], str]
) -> list[list[str]]:
    own = per_year(result) if result.scenario.quiet else " / ".join(power(result))
    rows = []
    for sample, asked in result.asked.items():
        answers = [measure([each for each in asked if each.peer == peer]) for peer in peers]
        name = f"{result.scenario.name}{sample}"
        rows.append([result.data, name, own, *answers])
    return rows


def _year(asked: list[Asked]) -> str:
    return yearly_share(sum(each.alarm for each in asked), len(asked))


def _power(asked: list[Asked]) -> str:
    seeds = {each.seed for each in asked}
    alarmed = {each.seed for each in asked if each.alarm}
    first = {each.seed for each in asked if each.alarm and each.week == 0}
    return f"{share(len(first), len(seeds))} / {share(len(alarmed), len(seeds))}"
