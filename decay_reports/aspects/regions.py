"""Regions: how fast each serves, how much comes from its cache, and who is served elsewhere."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from decay_reports.facts.aspect import Look, Question, TableFacts
from decay_reports.figures.regions import (
    Cache,
    Served,
    Spill,
    cache,
    quantile_of,
    spill_share,
    spills,
)  # fmt: skip
from decay_reports.numbers import count, duration, not_measured, percent, share_of, visible
from decayd.results import Estimate, Finding
from decayd.weeks import week_bounds

TITLE = "Regions and cache"
ORDER = 40
SCOPE = "feature"
KINDS = ("residency_violated",)

_RESIDENCY_WEEKS = 4  # late records of older weeks count too; four clean weeks end a finding
_EXAMPLES = 20  # requests of a finding
_ROWS = 24  # regions of a table; more are a mistake of the sender
_NAME = 60  # characters


def look(question: Question) -> Look:
    """Describe the newest week by region, and what was served where it may not be."""
    served = _served(question)
    named = served.region != ""
    lines, findings = _residency(question)
    if not named.any():
        missing = "`region` absent in 100% of requests: send it with each request"
        return Look(lines=lines, missing=missing if len(named) else "", findings=findings)
    away = spills(served)
    return Look(
        lines=(*lines, *_lines(served)),
        tables=(_region_table(served), *([_spill_table(away)] if away else [])),
        missing=_missing(served),
        findings=findings,
    )


def _served(question: Question) -> Served:
    start = week_bounds(question.week, question.settings.report.timezone)[0]
    table = question.store.table(
        "region_requests", feature=question.feature, start=start, as_of=question.as_of
    )
    numbers = ("latency_ms", "ttft_ms", "input_tokens", "cached_tokens")
    return Served(
        np.unique(table["cluster"].to_numpy(), return_inverse=True)[1].astype(np.int64),
        table["region"].to_numpy().astype(str),
        table["origin_region"].to_numpy().astype(str),
        *(table[name].to_numpy().astype(float) for name in numbers),
    )


def _lines(served: Served) -> Iterator[str]:
    whole = cache(served)
    yield f"From the cache: {_cached(whole)}."
    beyond = served.cached_tokens > served.input_tokens
    if beyond.any():
        yield (
            f"{count(int(beyond.sum()), 'request')} of {count(len(beyond))} with more cached than "
            "input tokens: `input_tokens` must include the cached ones."
        )
    if served.placed.any():
        yield f"Served in another region than where it came from: {share_of(spill_share(served))}."


def _missing(served: Served) -> str:
    absent = [
        f"`{name}` absent in {percent(float(lacks.mean()), 1)} of requests"
        for name, lacks in (
            ("region", served.region == ""), ("origin_region", served.origin == ""),
            ("ttft_ms", np.isnan(served.ttft_ms)),
            ("cached_tokens", np.isnan(served.cached_tokens)),
        )
        if lacks.any()
    ]  # fmt: skip
    return " and ".join(absent) + (": send it with each request" if absent else "")


def _region_table(served: Served) -> TableFacts:
    names, n = np.unique(served.region, return_counts=True)
    order = np.argsort(-n, kind="stable")
    left = len(order[_ROWS:])
    return TableFacts(
        caption="By serving region, newest week"
        + (f"; {count(left, 'smaller region')} not shown" if left else ""),
        head=("Region", "Requests", "TTFT p50", "TTFT p95", "Latency p95", "From the cache"),
        rows=tuple(_region_row(served.take(served.region == names[i])) for i in order[:_ROWS]),
    )


def _region_row(mine: Served) -> tuple[str, ...]:
    return (
        _name(str(mine.region[0])), count(len(mine.region)),
        _time(quantile_of(mine.ttft_ms, 0.5, "ttft_ms")),
        _time(quantile_of(mine.ttft_ms, 0.95, "ttft_ms")),
        _time(quantile_of(mine.latency_ms, 0.95, "latency_ms")),
        _cached(cache(mine)),
    )  # fmt: skip


def _spill_table(away: Sequence[Spill]) -> TableFacts:
    return TableFacts(
        caption="By the region that requests came from: served elsewhere, how much slower that is "
        "on average, and the share of input tokens from the cache",
        head=("Came from", "Served elsewhere", "Latency added", "Cached elsewhere", "At home"),
        rows=tuple(_spill_row(one) for one in away[:_ROWS]),
    )


def _spill_row(one: Spill) -> tuple[str, ...]:
    return (
        _name(one.origin), share_of(one.share, 1), _time(one.penalty), _cached(one.away),
        _cached(one.home),
    )  # fmt: skip


def _residency(question: Question) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    allowed = question.settings.feature(question.feature).regions
    if not allowed:
        return (), ()
    rows = question.store.rows(
        "region_violations", feature=question.feature, allowed=list(allowed),
        start=question.since(_RESIDENCY_WEEKS), week_start=question.since(1),
        as_of=question.as_of, examples=_EXAMPLES,
    )  # fmt: skip
    names = ", ".join(_name(region) for region in allowed)
    broken = [row for row in rows if row["region"]]
    n_unknown = sum(row["n"] for row in rows if not row["region"])
    n = sum(row["n"] for row in broken)
    whole = (
        f"Allowed regions: {names}. Served elsewhere within {_RESIDENCY_WEEKS} weeks: "
        f"{count(n, 'request')}, all counted; {count(n_unknown)} more name no region."
    )
    return (whole, *map(_violation, broken[:_ROWS])), (
        _finding(question, broken, names),
    ) if broken else ()


def _violation(row: dict[str, Any]) -> str:
    return (
        f"{_name(row['region'])}: {count(row['n'], 'request')}, {count(row['n_week'])} of them in "
        f"the newest week, from {_minute(row['first_ts'])} to {_minute(row['last_ts'])}."
    )


def _finding(question: Question, broken: Sequence[dict[str, Any]], names: str) -> Finding:
    n, first = sum(row["n"] for row in broken), min(row["first_ts"] for row in broken)
    where = ", ".join(_name(row["region"]) for row in broken[:3]) + (", …" if broken[3:] else "")
    ids = [name for row in broken for name in row["request_ids"]][:_EXAMPLES]
    return Finding(
        finding_id="", kind="residency_violated", feature=question.feature, as_of=question.as_of,
        week=question.week, severity="critical",
        title=f"{count(n, 'request')} served in {where}, since {_minute(first)}; allowed: {names}",
        member_request_ids=tuple(ids),
        next_step="take the feature out of these regions, and tell who answers for the data",
        details={
            "about": "", "first_minute": first.isoformat(timespec="minutes"), "n": n,
            "regions": {row["region"]: row["n"] for row in broken[:_ROWS]},
        },
    )  # fmt: skip


def _name(region: str) -> str:
    return visible(region, _NAME) or "no region said"


def _minute(instant: Any) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _cached(one: Cache) -> str:
    text = share_of(one.ratio, 1)
    return f"{text}, unknown for {count(one.n_unknown)}" if one.n_unknown else text


def _time(estimate: Estimate) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return not_measured(estimate)
    low, value, high = (_signed(x) for x in (estimate.low, estimate.value, estimate.high))
    return f"{value} ({low}…{high}, n {count(estimate.n)})"


def _signed(ms: float) -> str:
    return duration(ms) if ms >= 0 else f"−{duration(-ms)}"
