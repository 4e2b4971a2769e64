"""Routing: what each route's success is and costs by topic, and which one is surely worse."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import pyarrow as pa

from decay_reports.causes import routes
from decay_reports.causes.routes import Arm, Cell, Compared, Contrast, Routed
from decay_reports.facts.asked import NAMELESS, label_of
from decay_reports.facts.aspect import Look, Question, TableFacts
from decay_reports.numbers import (
    count,
    not_measured,
    percent,
    points_with_interval,
    share_of,
    visible,
)
from decayd.results import Estimate, Finding
from decayd.weeks import WEEK

TITLE = "Routing"
ORDER = 30
SCOPE = "feature"
KINDS = ("route_worse",)

_WEEKS = 8  # closed weeks: a route in a topic is a small cell, and a router's rules stay for weeks
_ARMS = 8  # routes with most requests; a mistaken tier, such as an id, makes any number of them
_ROWS = 24  # of a table
_EXAMPLES = 20  # requests of a finding
_WARNING = 0.2  # of a topic's requests on the worse route: from there on a switch is worth the work
_NAME = 60  # characters
_NOT_COMPARABLE = "not comparable: traffic was routed"


def look(question: Question) -> Look:
    """Compare the routes of the newest weeks by their pseudo-outcomes."""
    table = question.store.table(
        "routing_requests", feature=question.feature, as_of=question.as_of,
        first=question.week - WEEK * (_WEEKS - 1), since=question.since(_WEEKS),
    )  # fmt: skip
    if not table.num_rows:
        return Look(missing="no week with enough outcomes to measure success")
    routed = _routed(table)
    if not any(arm.tier or arm.model for arm in routed.arms):
        return Look(missing="`route` and `model_resolved` absent: send them with each request")
    if not _side_by_side(routed):
        return Look()
    compared = routes.comparisons(routed)
    worse = routes.sure(compared)
    topics = _topics(question, routed)
    return Look(
        lines=tuple(_lines(routed, compared, worse, topics)),
        tables=(
            _cell_table(routes.cells(routed), routed, topics),
            _pair_table(routes.contrasts(routed), routed),
        ),
        missing=_missing(routed),
        findings=tuple(_findings(question, worse, routed, topics, table)),
    )


def _routed(table: pa.Table) -> Routed:
    """Give each route a number; of very many the rest share one, which is never compared."""
    columns = [table[name].to_pylist() for name in Arm._fields]
    taken = list(map(Arm._make, zip(*columns, strict=True)))
    n: dict[Arm, int] = {}
    for arm in taken:
        n[arm] = n.get(arm, 0) + 1
    arms = sorted(n, key=lambda arm: (-n[arm], arm))
    kept = arms if len(arms) <= _ARMS else arms[: _ARMS - 1]
    code = {arm: number for number, arm in enumerate(kept)}
    names, topic = np.unique(table["topic_id"].to_numpy().astype(str), return_inverse=True)
    return Routed(
        topic=topic, arm=np.array([code.get(arm, len(kept)) for arm in taken]),
        week=table["week"].to_numpy().astype("datetime64[D]").astype(np.int64),
        user=np.unique(table["cluster"].to_numpy(), return_inverse=True)[1],
        psi=table["psi"].to_numpy().astype(float),
        labelled=table["labelled"].to_numpy().astype(bool),
        cost_usd=table["cost_usd"].to_numpy().astype(float),
        propensity=table["routing_propensity"].to_numpy().astype(float),
        topics=tuple(map(str, names)),
        arms=(*kept, *([routes.OTHERS] if len(kept) < len(arms) else [])),
    )  # fmt: skip


def _side_by_side(routed: Routed) -> bool:
    """Tell whether there was a choice: a router's, or of models that answered at the same time.

    Without a route two models that follow each other are a deploy. Rows are ordered by time.
    """
    if any(arm.policy or arm.tier for arm in routed.arms):
        return len(routed.arms) > 1
    places = [np.flatnonzero(routed.arm == arm) for arm in range(len(routed.arms))]
    for a, b in combinations(places, 2):
        start, end = max(a[0], b[0]), min(a[-1], b[-1])
        if min(int(((x >= start) & (x <= end)).sum()) for x in (a, b)) >= routes.LEAST_LABELS:
            return True
    return False


def _topics(question: Question, routed: Routed) -> tuple[str, ...]:
    known = {
        row["topic_id"]: row
        for row in question.store.rows(
            "topics_list", feature=question.feature, as_of=question.as_of
        )
    }
    return tuple(
        label_of(known.get(topic) or {"label": NAMELESS.get(topic, topic)}, topic)
        for topic in routed.topics
    )


def _lines(
    routed: Routed, compared: Sequence[Compared], worse: Sequence[Compared], topics: Sequence[str]
) -> Iterator[str]:
    n_unlogged = int(np.isnan(routed.propensity).sum())
    if n_unlogged == len(routed.psi):
        yield (
            f"The routes are {_NOT_COMPARABLE}, and no propensity says by which chance. "
            "No switch is recommended."
        )
        return
    if n_unlogged:
        share = percent(n_unlogged / len(routed.psi), 1)
        yield f"`routing_propensity` is unknown for {share} of {count(len(routed.psi), 'request')}."
    if not compared:
        yield "No two routes could be compared within a topic: too few requests that chance routed."
        return
    if not worse:
        pairs = count(len(compared), "comparison")
        yield f"No route is surely worse than another within a topic ({pairs})."
    for one in worse[:_ROWS]:
        yield (
            f"{topics[one.topic]}: switch from {_name(routed, one.worse)} to "
            f"{_name(routed, one.better)}, {points_with_interval(one.gain)}: from "
            f"{share_of(one.low)} to {share_of(one.high)}, weighted by the inverse propensity, "
            f"effective n {one.n_eff:,.0f} on the smaller side."
        )


def _missing(routed: Routed) -> str:
    absent = [
        f"`{name}` absent in {percent(float(np.isnan(values).mean()), 1)} of requests"
        for name, values in (
            ("routing_propensity", routed.propensity), ("cost_usd", routed.cost_usd)
        )
        if np.isnan(values).any()
    ]  # fmt: skip
    return " and ".join(absent) + (": send it with each request" if absent else "")


def _cell_table(cells: Sequence[Cell], routed: Routed, topics: Sequence[str]) -> TableFacts:
    shown = cells[:_ROWS]
    left = len(cells) - len(shown)
    return TableFacts(
        caption=f"Success and cost by topic and route, newest {_WEEKS} weeks"
        + (f"; {count(left, 'smaller row')} not shown" if left else ""),
        head=("Topic", "Route", "Success", "Cost per success"),
        rows=tuple(
            (topics[c.topic], _name(routed, c.arm), share_of(c.success), _dollars(c.cost))
            for c in shown
        ),
    )


def _pair_table(contrasts: Sequence[Contrast], routed: Routed) -> TableFacts:
    return TableFacts(
        caption="Route against route: first less second, without weights",
        head=("Routes", "As it is", "Within topics", "Topics"),
        rows=tuple(
            (
                f"{_name(routed, c.a)} − {_name(routed, c.b)}",
                _points(c.naive), _points(c.within), count(c.n_topics),
            )
            for c in contrasts
        ),
    )  # fmt: skip


def _findings(
    question: Question, worse: Sequence[Compared], routed: Routed, topics: Sequence[str],
    table: pa.Table,
) -> Iterator[Finding]:  # fmt: skip
    """Yield one finding for each route that loses, about where it surely does so most clearly."""
    for arm in dict.fromkeys(one.worse for one in worse):
        lost = [one for one in worse if one.worse == arm]
        first, where = lost[0], tuple(dict.fromkeys(one.topic for one in lost))
        rows = routed.arm == arm
        shares = [float(rows[routed.topic == topic].mean()) for topic in where]
        mine = np.flatnonzero(rows & (routed.topic == first.topic) & routed.labelled)
        ids = table["request_id"].take(pa.array(mine[-_EXAMPLES:])).to_pylist()
        yield Finding(
            finding_id="", kind="route_worse", feature=question.feature, as_of=question.as_of,
            week=question.week, severity="warning" if max(shares) >= _WARNING else "info",
            title=f"{_name(routed, arm)} is worse than {_name(routed, first.better)}: "
            f"{points_with_interval(first.gain)} in {topics[first.topic]}"
            + (f" and {count(len(where) - 1, 'more topic')}" if len(where) > 1 else ""),
            now=first.low, member_request_ids=tuple(ids),
            next_step="route these topics to the better one, a few percent by chance kept on both",
            details={
                "about": " / ".join(routed.arms[arm]),
                "better": " / ".join(routed.arms[first.better]),
                "topics": [routed.topics[topic] for topic in where],
                "better_success": first.high, "n_eff": first.n_eff,
            },
        )  # fmt: skip


def _name(routed: Routed, arm: int) -> str:
    one = routed.arms[arm]
    if one == routes.OTHERS:
        return "other routes"
    return " / ".join(visible(part, _NAME) for part in one if part) or "no route said"


def _points(estimate: Estimate) -> str:
    text = points_with_interval(estimate)
    return text if estimate.value is None else f"{text}, n {count(estimate.n)}"


def _dollars(estimate: Estimate) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return not_measured(estimate)
    low, value, high = (
        f"{x:,.2f}" if x >= 1 else f"{x:.3g}" for x in (estimate.low, estimate.value, estimate.high)
    )
    return f"${value} ({low}–{high}, n {count(estimate.n)})"
