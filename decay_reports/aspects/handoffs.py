"""Hand-offs: how long findings take to become deployed fixes, by owning team, and what waits."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from decay_reports import numbers
from decay_reports.facts.aspect import Look, Question, TableFacts
from decay_reports.figures.handoff_times import (
    STEPS,
    Course,
    Median,
    Waiting,
    longest,
    medians,
)

TITLE, ORDER, SCOPE, KINDS = "Hand-offs", 70, "store", ()
_WEEKS = 26  # half a year: fixes take weeks, and a team has few findings in one
_OLD = timedelta(days=30)  # by then a failure could have been used by several builds
_SHOWN = 5
_NAME = 60
_TITLE = 100
_DAY = timedelta(days=1)
_NEXT = {
    "acknowledged": "decayd findings ack {}",
    "labelled": "send `label` events for its requests",
    "exported": "a training set: add [datasets.NAME] to config.toml",
    "deployed": "a `change` that names the set in `details.datasets`",
}

Row = Mapping[str, Any]


def look(question: Question) -> Look:
    """Say how long each team's hand-offs took, what waits longest and what nobody used."""
    courses = courses_of(question)
    unused = _unused(question)
    if not courses:
        since = numbers.day(question.since(_WEEKS).date())
        return Look(lines=unused, missing=f"nothing was found since {since}")
    teams = sorted({course.team for course in courses})
    times = TableFacts(
        caption=f"Median days per step, over findings of the last {_WEEKS} weeks",
        head=("Team", "Findings", *(f"{first} → {last}" for first, last in STEPS)),
        rows=tuple(_row(team, [c for c in courses if c.team == team]) for team in teams),
    )
    waiting = longest(courses, _SHOWN)
    if not waiting:
        return Look(lines=unused, tables=(times,))
    first = _first(waiting[0], question.as_of)
    return Look(lines=(first, *unused), tables=(times, _table(waiting, question.as_of)))


def courses_of(question: Question) -> list[Course]:
    """Return what became of each finding of the last half year, the oldest first.

    Exported is the first version of a training set, made after the finding, that holds one of its
    requests; deployed the first change after that names such a version, or its set.
    """
    asked = {"since": question.since(_WEEKS), "as_of": question.as_of}
    exports: dict[str, list[Row]] = {}
    for row in question.store.rows("handoff_exports", **asked):
        exports.setdefault(row["finding_id"], []).append(row)
    deploys = [
        (row["ts"], _named(row["datasets"]))
        for row in question.store.rows("handoff_deploys", **asked)
    ]
    return [
        _course(question, row, exports.get(row["finding_id"], []), deploys)
        for row in question.store.rows("handoff_findings", **asked)
    ]


def _course(
    question: Question,
    row: Row,
    exports: Sequence[Row],
    deploys: Iterable[tuple[datetime, set[str]]],
) -> Course:
    found, feature = row["found_at"], row["feature"] or ""
    mine = [each for each in exports if each["made"] >= found]
    reached = {"found": found, **_said(row)}
    if mine:
        reached["exported"] = min(each["made"] for each in mine)
        live = [ts for ts, names in deploys if any(_holds(each, ts, names) for each in mine)]
        reached |= {"deployed": min(live)} if live else {}
    return Course(
        finding_id=row["finding_id"],
        team=question.settings.feature(feature).owner or "no owner",
        feature=feature,
        title=row["title"],
        is_open=row["state"] == "open",
        reached=reached,
    )


def _said(row: Row) -> dict[str, datetime]:
    stages = ("acknowledged", "labelled")
    return {stage: row[f"{stage}_at"] for stage in stages if row[f"{stage}_at"] is not None}


def _holds(export: Row, ts: datetime, names: set[str]) -> bool:
    spec = f"{export['name']}@{export['version']}"
    return ts >= export["made"] and not names.isdisjoint({spec, export["name"]})


def _named(text: str) -> set[str]:
    """Return the sets that a change names: ``name`` or ``name@version``, in any of three forms.

    A list of texts, one text, or maps of `name` and `version`.
    """
    said = msgspec.json.decode(text)
    parts = said if isinstance(said, list) else [said]
    return {name for part in parts if (name := _spec(part))}


def _spec(part: object) -> str:
    if isinstance(part, str):
        return part.strip()
    if isinstance(part, dict) and isinstance(part.get("name"), str):
        version = part.get("version")
        return f"{part['name']}@{version}" if version else str(part["name"])
    return ""


def _row(team: str, courses: Sequence[Course]) -> tuple[str, ...]:
    found = medians(courses)
    shown = (_days(found[step]) for step in STEPS)
    return (numbers.visible(team, _NAME), numbers.count(len(courses)), *shown)


def _days(median: Median) -> str:
    return "–" if median.days is None else f"{median.days:.1f} (n {median.n:,})"


def _first(waiting: Waiting, as_of: datetime) -> str:
    course = waiting.course
    team = numbers.visible(course.team, _NAME)
    return (
        f"{course.finding_id} of {_feature(course)} ({team}) waits longest:"
        f" {_age(waiting, as_of)} to be {waiting.stage}."
    )


def _age(waiting: Waiting, as_of: datetime) -> str:
    return numbers.count((as_of - waiting.since) // _DAY, "day")


def _feature(course: Course) -> str:
    return numbers.visible(course.feature, _NAME) or "all features"


def _table(waiting: Sequence[Waiting], as_of: datetime) -> TableFacts:
    rows = tuple(
        (
            f"{each.course.finding_id} {numbers.visible(each.course.title, _TITLE)}",
            _feature(each.course),
            numbers.visible(each.course.team, _NAME),
            each.stage,
            _age(each, as_of),
            _NEXT[each.stage].format(each.course.finding_id),
        )
        for each in waiting
    )
    return TableFacts(
        caption="Open findings that wait longest",
        head=("Finding", "Feature", "Team", "Waits to be", "For", "What moves it on"),
        rows=rows,
    )


def _unused(question: Question) -> tuple[str, ...]:
    until = question.as_of - _OLD
    rows = question.store.rows(
        "handoff_unused",
        since=question.since(_WEEKS),
        until=until,
        as_of=question.as_of,
        outcome_values=msgspec.json.encode(question.settings.outcomes, order="sorted").decode(),
    )
    n, n_all = (sum(row[key] for row in rows) for key in ("n_unused", "n_failures"))
    if not n:
        return ()
    by_feature = sorted((row for row in rows if row["n_unused"]), key=_most)[:_SHOWN]
    named = ", ".join(
        f"{numbers.visible(row['feature'], _NAME)} {numbers.count(row['n_unused'])}"
        for row in by_feature
    )
    oldest = min(row["oldest"] for row in rows if row["n_unused"])
    failures = f"{numbers.count(n)} of {numbers.count(n_all, 'failure')}"
    age = f"older than {_OLD.days} days, back to {numbers.day(oldest.date())}"
    return (f"No training set used {failures} that are {age}: {named}.",)


def _most(row: Row) -> tuple[int, str]:
    return (-row["n_unused"], row["feature"])
