"""What a feature's eval suites do not see: uncovered topics, old runs, green while users fail."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from decay_reports import numbers
from decay_reports.alarms.confirmed import STREAM
from decay_reports.alarms.incidents import find_open
from decay_reports.facts.aspect import Look, Question, TableFacts
from decay_reports.facts.debt_suites import Suite, last_runs, suites_of
from decayd.results import Estimate, Finding
from decayd.weeks import week_bounds
from drift.coverage import Week, coverage
from drift.shares import wilson

KIND = "eval_debt"
_SHOWN = 5  # topics in the table; all stand in `decayd topics list`
_LABEL = 60
_LARGE = 0.05  # share of the queries from which a topic that no suite asks for is told
_HALF = 0.5
_NO_SUBJECT = frozenset({"other", "unembedded"})  # nobody can write items for these
_SEND = "evals: no eval items of this feature are registered: send `eval` events with `items`"


def evals(question: Question) -> Look:
    """Say which queries no registered item is near, when suites ran and what they did not see."""
    incident = find_open(question.store, question.feature, STREAM, question.as_of)
    suites = suites_of(question, incident.onset if incident else None)
    blind = [suite for suite in suites if suite.is_blind]
    looks = (_covered(question), last_runs(question, suites))
    told = tuple(_finding(question, suite.name, _blind(suite), _REFRESH) for suite in blind)
    return Look(
        lines=tuple(line for look in looks for line in look.lines),
        tables=tuple(table for look in looks for table in look.tables),
        missing="; ".join(look.missing for look in looks if look.missing),
        findings=(*looks[0].findings, *told),
    )


_REFRESH = "add failed requests of the last weeks to the suite, with the answer that is right"


def _blind(suite: Suite) -> str:
    return f"eval suite {suite.shown} shows no fall while success fell: {suite.moved}"


def _covered(question: Question) -> Look:
    about = {"feature": question.feature, "as_of": question.as_of}
    if not question.store.rows("debt_items", **about)[0]["n"]:
        return Look(missing=_SEND)
    baselines = question.store.rows("baseline_newest", kind="topics", **about)
    if not baselines:
        return Look(lines=("Which queries the suites cover is not known: no topics yet.",))
    model_id = msgspec.json.decode(baselines[0]["details"])["model_id"]
    bounds = week_bounds(question.week, question.settings.report.timezone)
    week = Week(question.feature, *bounds, question.as_of, model_id)
    found = coverage(question.store, week)
    topics = {topic_id: share for topic_id, share in found.items() if topic_id}
    if not topics:
        why = found[""].why_not
        return Look(lines=(f"Which queries the suites cover is not known: {why}.",))
    return _uncovered(question, topics)


def _uncovered(question: Question, topics: Mapping[str, Estimate]) -> Look:
    n_all = sum(share.n for share in topics.values())
    near = {topic_id: round((share.value or 0.0) * share.n) for topic_id, share in topics.items()}
    apart = sorted(topics, key=lambda topic_id: (near[topic_id] - topics[topic_id].n, topic_id))
    apart = [topic_id for topic_id in apart if near[topic_id] < topics[topic_id].n]
    share = numbers.share_of(wilson(n_all - sum(near.values()), n_all))
    lines = (f"{share} of last week's queries are near no registered eval item.",)
    if not apart:
        return Look(lines=lines)
    labels = _labels(question)
    rows = tuple(
        (
            _shown(topic_id, labels),
            numbers.share_of(wilson(topics[topic_id].n, n_all)),
            numbers.share_of(topics[topic_id]),
        )
        for topic_id in apart[:_SHOWN]
    )
    table = TableFacts(
        caption="Topics with the most queries that no eval item is near",
        head=("Topic", "Share of queries", "Near an eval item"),
        rows=rows,
    )
    large = [t for t in apart if t not in _NO_SUBJECT and _matters(topics[t], n_all)]
    told = (_large(question, large, labels, wilson(topics[large[0]].n, n_all)),) if large else ()
    return Look(lines=lines, tables=(table,), findings=told)


def _large(
    question: Question, large: Sequence[str], labels: Mapping[str, str], share: Estimate
) -> Finding:
    """Return the one finding of all large topics without items; most queries are of the first."""
    more = f" and {numbers.count(len(large) - 1, 'more large topic')}" if len(large) > 1 else ""
    title = (
        f"no eval suite asks for {_shown(large[0], labels)}{more}; that topic is"
        f" {numbers.share_of(share)} of the queries"
    )
    do = f"register eval items of this topic; see decayd topics show {large[0]}"
    return _finding(question, "topics", title, do)


def _matters(share: Estimate, n_all: int) -> bool:
    """Tell whether a large topic is surely less than half covered."""
    size = wilson(share.n, n_all)
    return (size.low or 0.0) >= _LARGE and share.high is not None and share.high < _HALF


def _labels(question: Question) -> dict[str, str]:
    rows: Sequence[Mapping[str, Any]] = question.store.rows(
        "topics_list", feature=question.feature, as_of=question.as_of
    )
    return {row["topic_id"]: row["label"] or "" for row in rows}


def _shown(topic_id: str, labels: Mapping[str, str]) -> str:
    label = numbers.masked(labels.get(topic_id, ""), _LABEL)
    return f"topic {topic_id}" + (f" “{label}”" if label else "")


def _finding(question: Question, about: str, title: str, next_step: str) -> Finding:
    return Finding(
        finding_id="", kind=KIND, feature=question.feature, as_of=question.as_of,
        week=question.week, severity="info", title=title, next_step=next_step,
        details={"about": about},
    )  # fmt: skip
