"""What answers are like by version and day, and whether they changed with nothing deployed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain
from typing import Any

import msgspec

from decay_reports import numbers
from decay_reports.causes import behaviour_looks, unannounced
from decay_reports.causes.behaviour_looks import Step, Tested
from decay_reports.causes.unannounced import Unannounced
from decay_reports.facts import behaviour_tables
from decay_reports.facts.aspect import Look, Question, TableFacts
from decay_reports.figures import behaviour_days
from decay_reports.figures.behaviour_days import REFUSAL, BehaviourDays
from decay_reports.figures.fingerprint import Shift
from decayd.results import Finding
from decayd.weeks import WEEK, day_start, local_day, monday, week_bounds
from store.findings import findings_at

TITLE = "Behaviour"
ORDER = 10
SCOPE = "feature"
CHANGED = "changed_unannounced"
KINDS = (CHANGED,)
_LEDGER_WEEKS = 8  # that are listed, and for so long a change goes on being said
_FIRST_LOOKS = 8  # weeks that are tested at once where none was before
_BEFORE_LOOK = 5  # weeks before the tested one that its reference reaches back to
_LEAST = {False: 5, True: 3}  # requests of a day that count: users', probes'
_WHO = {False: "users", True: "probes"}
_NO_DEPLOY = frozenset({"eval_set", "guideline"})
_NAMED = 4  # traits in a title
_NEAR_DAYS = 3  # between a change of answers and what is told beside it
_NEXT_STEP = (
    "compare answers before and after that day; ask who runs the model or the tools what changed;"
    " if it was you, send a `change` event with that time"
)
_SEND = "send `model_resolved` and `versions` with each request: absent in all of them"

Changes = Sequence[dict[str, Any]]


def look(question: Question) -> Look:
    """Describe versions, test the newest week's days, list what was not announced."""
    looks = 1 if _looked_before(question) else _FIRST_LOOKS
    weeks = max(looks + _BEFORE_LOOK, _LEDGER_WEEKS)
    days = [question.week + timedelta(days=k) for k in range(7 - 7 * weeks, 7)]
    timezone = question.settings.report.timezone
    known = behaviour_days.load(question.store, question.feature, question.as_of, days, timezone)
    changes = _changes(question, days[0])
    deploys = sorted(
        {local_day(row["ts"], timezone) for row in changes if row["artifact"] not in _NO_DEPLOY}
    )
    goes_on = [old for old in _open(question) if not _is_explained(old, deploys)]
    tested = {
        probe: behaviour_looks.look_back(
            found, deploys, [_day_of(old) for old in goes_on if old.details["of"] == _WHO[probe]],
            looks=looks, least=_LEAST[probe],
        )
        for probe, found in known.items()
    }  # fmt: skip
    new = [
        _finding(question, step, known[probe], probe=probe)
        for probe, result in tested.items()
        for step in result.steps
        if step.day >= _oldest(question)
    ]
    hold = (*goes_on, *new)
    ledger = _unannounced(question, known[False], changes) if False in known else []
    return Look(
        lines=(*_held(hold, ledger), *_lines(known, tested)),
        tables=tuple(_tables(question, known, tested, ledger)),
        missing=_SEND if _says_no_version(known.get(False)) else "",
        findings=hold,
    )


def _looked_before(question: Question) -> bool:
    end = week_bounds(question.week, question.settings.report.timezone)[0]
    rows = question.store.rows("aspects_at", as_of=end)
    return any(row["feature"] == question.feature for row in rows)


def _oldest(question: Question) -> date:
    """Return the first day of what is still told."""
    return question.week - WEEK * (_LEDGER_WEEKS - 1)


def _changes(question: Question, first: date) -> Changes:
    since = day_start(first, question.settings.report.timezone) - WEEK
    return question.store.rows(
        "signal_changes", feature=question.feature, since=since,
        until=question.as_of, as_of=question.as_of,
    )  # fmt: skip


def _open(question: Question) -> list[Finding]:
    """Return the changes of the last weeks that were found before, as of now."""
    found = findings_at(question.store, question.as_of, feature=question.feature, kind=CHANGED)
    return [
        msgspec.structs.replace(old, finding_id="", as_of=question.as_of)
        for old in found
        if old.state == "open" and _day_of(old) >= _oldest(question)
    ]


def _day_of(finding: Finding) -> date:
    return date.fromisoformat(str(finding.details["day"]))


def _is_explained(finding: Finding, deploys: Sequence[date]) -> bool:
    return behaviour_looks.is_explained(_day_of(finding), deploys)


def _finding(question: Question, step: Step, known: BehaviourDays, *, probe: bool) -> Finding:
    who, moved = _WHO[probe], step.moved
    said = ", ".join(behaviour_tables.shift_words(shift) for shift in moved[:_NAMED])
    more = f" and {len(moved) - _NAMED} more" if len(moved) > _NAMED else ""
    refusals = next((shift for shift in moved if shift.metric == REFUSAL), None)
    before, now = behaviour_tables.levels(refusals) if refusals else (None, None)
    return Finding(
        finding_id="", kind=CHANGED, feature=question.feature, as_of=question.as_of,
        week=monday(step.day), severity="warning" if probe or known.by_topic else "info",
        title=f"answers to {who} changed on {numbers.day(step.day)} with nothing deployed: "
        f"{said}{more}",
        before=before, now=now, member_request_ids=_members(question, step, probe=probe),
        next_step=_NEXT_STEP,
        details={
            "about": f"{who} {step.day}", "of": who, "day": step.day.isoformat(),
            "by_topic": known.by_topic,
            "moved": [_moved(shift) for shift in moved],
        },
    )  # fmt: skip


def _moved(shift: Shift) -> dict[str, Any]:
    return {
        "trait": behaviour_tables.name(shift.metric), "is_log": shift.is_log,
        "before": shift.before, "now": shift.now, "change": shift.change,
        "low": shift.low, "high": shift.high, "p": shift.p,
    }  # fmt: skip


def _members(question: Question, step: Step, *, probe: bool) -> tuple[str, ...]:
    rows = question.store.rows(
        "behaviour_members", feature=question.feature, as_of=question.as_of, probe=probe,
        since=day_start(step.day, question.settings.report.timezone), until=question.as_of,
        refused=any(shift.metric == REFUSAL and shift.change > 0 for shift in step.moved),
    )  # fmt: skip
    return tuple(row["request_id"] for row in rows)


def _held(hold: Iterable[Finding], ledger: Iterable[Unannounced]) -> Iterable[str]:
    """Say what holds, and what else changed about that day without being announced."""
    for finding in hold:
        day = _day_of(finding)
        near = [
            behaviour_tables.ledger_words(one)
            for one in ledger
            if abs((one.day - day).days) <= _NEAR_DAYS
        ]
        also = f"; not announced either: {', '.join(near[:_NAMED])}" if near else ""
        yield f"{numbers.visible(finding.title, 400)}{also}."


def _lines(known: Mapping[bool, BehaviourDays], tested: Mapping[bool, Tested]) -> Iterable[str]:
    for probe, result in tested.items():
        who = _WHO[probe]
        if result.blocked:
            yield (
                f"{who}: not compared this week, a change was announced on "
                f"{numbers.day(result.blocked)}."
            )
        elif not result.shifts:
            yield f"{who}: not compared this week, too few days since the last change or the first."
        elif result.slides:
            moved = ", ".join(behaviour_tables.shift_words(shift) for shift in result.slides)
            yield f"{who}: answers moved bit by bit, on no single day: {moved}."
        elif not result.steps:
            yield f"{who}: no trait of answers moved this week beyond what days do by themselves."
        if not probe and (result.shifts or result.steps) and not known[probe].by_topic:
            yield "topics are not known: a changed mix of questions would look like a change."


def _tables(
    question: Question, known: Mapping[bool, BehaviourDays], tested: Mapping[bool, Tested],
    ledger: Sequence[Unannounced],
) -> Iterable[TableFacts]:  # fmt: skip
    for probe, result in tested.items():
        if result.shifts:
            yield behaviour_tables.compared_table(result.shifts, _WHO[probe])
    if False not in known:
        return
    versions = None
    if not _says_no_version(known[False]):
        asked = {"feature": question.feature, "as_of": question.as_of}
        seen = question.store.rows("behaviour_seen", **asked)
        versions = behaviour_tables.versions_table(known[False], seen)
    yield from (table for table in (versions, behaviour_tables.ledger_table(ledger)) if table)


def _unannounced(question: Question, known: BehaviourDays, changes: Changes) -> list[Unannounced]:
    timezone = question.settings.report.timezone
    edges = [day_start(day, timezone) for day in known.days[-7 * (_LEDGER_WEEKS + 2) :]]
    rows = question.store.rows(
        "behaviour_documents", feature=question.feature, as_of=question.as_of,
        since=edges[0], edges=edges,
    )  # fmt: skip
    documents = [row | {"day": local_day(row["start"], timezone)} for row in rows]
    on_documents = [*changes, *unannounced.document_changes(changes)]
    found = chain(
        unannounced.flips(known.days, *known.listed()),
        unannounced.rebuilds(documents),
        unannounced.aged(documents),
    )
    return [
        one
        for one in found
        if one.day >= _oldest(question) and not unannounced.announced(one, on_documents)
    ]


def _says_no_version(known: BehaviourDays | None) -> bool:
    return known is not None and not any(text.strip("\x1f") for text in known.versions)
