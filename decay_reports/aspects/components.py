"""Components: what the features depend on, as registered and as seen in traffic."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from decay_reports.facts.aspect import Look, Question, TableFacts
from decay_reports.figures.components import (
    Component,
    Part,
    ending,
    parts,
    register,
    requests_by_component,
    unregistered,
)
from decay_reports.numbers import count, day, visible
from decayd.results import Finding
from decayd.weeks import WEEK, local_day

TITLE = "Components"
ORDER = 50
SCOPE = "store"
KINDS = (
    "component_unregistered", "component_unowned", "component_unseen", "component_end_of_life",
)  # fmt: skip

_WEEKS = 4  # of traffic; something that runs monthly is still seen
_MOST = 20  # findings of one kind: a map that carries ids makes any number of names
_ROWS = 40  # of the table
_NAME = 60  # characters
_KINDS = {"version": "`versions` key"}


def look(question: Question) -> Look:
    """Compare the register with the newest four weeks of traffic."""
    store, as_of = question.store, question.as_of
    components = register(store.rows("component_register", as_of=as_of))
    seen = parts(store.rows("component_seen", since=question.since(_WEEKS), as_of=as_of))
    if not components:
        missing = "no `change` event of artifact `component`: send one for each, with its owner"
        return Look(missing=missing if any(part.must_be_registered for part in seen) else "")
    n = requests_by_component(components, seen)
    unknown = unregistered(components, seen)
    unseen = _unseen(question, components, n)
    today = local_day(as_of, question.settings.report.timezone)
    findings = [
        *(_unregistered(question, group) for group in unknown[:_MOST]),
        *(_unowned(question, one) for one in [c for c in components if not c.owner][:_MOST]),
        *(_not_seen(question, one) for one in (unseen or [])[:_MOST]),
        *(_end(question, one, today) for one in ending(components, today)[:_MOST]),
    ]
    return Look(
        lines=tuple(_lines(components, unknown, unseen)),
        tables=(_table(components, n),),
        findings=tuple(findings),
    )


def _unseen(
    question: Question, components: Sequence[Component], n: Sequence[int]
) -> list[Component] | None:
    """Return what was registered four weeks ago and not seen since; None: too short a history."""
    began = question.store.rows("component_history", as_of=question.as_of)[0]["began"]
    start = question.since(_WEEKS)
    if began is None or began >= start + WEEK:
        return None
    pairs = zip(components, n, strict=True)
    return [one for one, count_ in pairs if not count_ and one.first_ts <= start]


def _lines(
    components: Sequence[Component],
    unknown: Sequence[Sequence[Part]],
    unseen: Sequence[Component] | None,
) -> Iterator[str]:
    yield (
        f"{count(len(components), 'component')} registered; "
        f"{count(sum(not one.owner for one in components))} without an owner; "
        f"{count(len(unknown))} in traffic but not registered"
        + (f": {_listed(_of_kind(group[0]) for group in unknown)}" if unknown else "")
        + "."
    )
    if unseen is None:
        yield "Less than four weeks of traffic: what is unseen can't be told yet."
    elif unseen:
        yield f"Registered and not seen for four weeks: {_listed(_name(c.name) for c in unseen)}."
    unread = [_name(one.name) for one in components if one.eol_said and one.eol is None]
    if unread:
        yield f"`eol` is no date, such as 2026-12-31, for {_listed(unread)}."


def _table(components: Sequence[Component], n: Sequence[int]) -> TableFacts:
    order = sorted(range(len(n)), key=lambda i: (-n[i], components[i].name))
    left = len(order[_ROWS:])
    return TableFacts(
        caption=f"Registered components and the requests of {_WEEKS} weeks that name them"
        + (f"; {count(left, 'component')} not shown" if left else ""),
        head=("Component", "Layer", "Owner", "Vendor", "Feature", "End of life", "Requests"),
        rows=tuple(_row(components[i], n[i]) for i in order[:_ROWS]),
    )


def _row(one: Component, n: int) -> tuple[str, ...]:
    texts = (one.layer, one.owner, one.vendor, one.feature)
    eol = day(one.eol) if one.eol else visible(one.eol_said, _NAME)
    return (_name(one.name), *(visible(text, _NAME) or "–" for text in texts), eol or "–", count(n))


def _unregistered(question: Question, group: Sequence[Part]) -> Finding:
    n, part = sum(part.n for part in group), group[0]
    features = sorted({feature for one in group for feature in one.features})
    values = [one.value for one in group if one.value][:_MOST]
    return _finding(
        question, "component_unregistered", f"{part.kind}:{part.name}",
        f"{count(n, 'request')} of {_listed(map(_name, features))} went through "
        f"{_of_kind(part)}, which is not registered",
        next_step="send a `change` event of artifact `component` under this name, with its owner",
        details={"n": n, "features": features[:_MOST], "versions": values},
    )  # fmt: skip


def _unowned(question: Question, one: Component) -> Finding:
    return _finding(
        question, "component_unowned", one.name.casefold(),
        f"component {_name(one.name)} has no owner",
        next_step="announce it again with `owner` in its details",
    )  # fmt: skip


def _not_seen(question: Question, one: Component) -> Finding:
    return _finding(
        question, "component_unseen", one.name.casefold(),
        f"component {_name(one.name)} is registered and was not seen for four weeks",
        next_step="announce it with `to` = removed, or send its name with the requests",
        severity="info",
    )  # fmt: skip


def _end(question: Question, one: Component, today: date) -> Finding:
    eol = one.eol or today
    over = eol < today
    return _finding(
        question, "component_end_of_life", one.name.casefold(),
        f"component {_name(one.name)} {'reached' if over else 'reaches'} its end of life on "
        f"{day(eol)}",
        next_step="plan its replacement"
        + (f" with {visible(one.vendor, _NAME)}" if one.vendor else ""),
        severity="warning" if over else "info", details={"eol": eol.isoformat()},
    )  # fmt: skip


def _finding(question: Question, kind: str, about: str, title: str, **more: Any) -> Finding:
    details = {"about": about} | more.pop("details", {})
    return Finding(
        finding_id="", kind=kind, feature=question.feature, as_of=question.as_of,
        week=question.week, title=title, details=details, **({"severity": "warning"} | more),
    )  # fmt: skip


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {count(len(every) - 5)} more" if every[5:] else ""
    return ", ".join(every[:5]) + more


def _of_kind(part: Part) -> str:
    return f"{_KINDS.get(part.kind, part.kind)} {_name(part.name)}"


def _name(name: str) -> str:
    return visible(name, _NAME)
