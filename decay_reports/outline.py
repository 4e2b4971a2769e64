"""The report as plain blocks in reading order: a format lays them out and escapes their text.

Page one comes from `wording`, a feature's section from `sections`; both forms for people, HTML and
Markdown, print this outline, so they can't disagree.
"""

from typing import Literal, NamedTuple

from decay_reports import numbers, wording
from decay_reports.facts import FeatureFacts, ReportFacts
from decay_reports.wording import Line


class Text(NamedTuple):
    """A paragraph."""

    text: str


class Lines(NamedTuple):
    """Labelled lines; a line's command is printed to be copied."""

    lines: tuple[Line, ...]


class Bullets(NamedTuple):
    """Other people's words, such as example queries."""

    items: tuple[str, ...]


class Table(NamedTuple):
    """Rows of text; `newest` of them stand in the short form."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    newest: int = 0


class Figure(NamedTuple):
    """A chart, what it shows for those who can't see it, and the table behind it."""

    chart: Literal["trend", "waterfall"]
    caption: str
    alt: str
    table: Table


Block = Text | Lines | Bullets | Table | Figure


class Section(NamedTuple):
    """A headed part of a feature's section."""

    title: str
    blocks: tuple[Block, ...]


class Brief(NamedTuple):
    """A feature on page one."""

    feature: FeatureFacts
    anchor: str
    mark: str
    verdict: str
    words: str
    lines: tuple[Line, ...]


class Outline(NamedTuple):
    """The whole report but the features' sections."""

    title: str
    weeks: str
    headline: str
    quiet: str
    briefs: tuple[Brief, ...]
    measurement: str
    changed: str
    methods: tuple[str, ...]


def outline(facts: ReportFacts) -> Outline:
    """Put page one and the end of the report into words."""
    today = facts.as_of.date()
    briefs = tuple(
        Brief(
            feature=feature,
            anchor=f"feature-{number}",
            mark=wording.MARKS[feature.verdict],
            verdict=wording.VERDICTS[feature.verdict],
            words=feature.words,
            lines=tuple(wording.brief(feature, today)),
        )
        for number, feature in enumerate(wording.ordered(facts.features), start=1)
    )
    return Outline(
        title=title(facts),
        weeks=wording.weeks_line(facts),
        headline=facts.headline,
        quiet=wording.quiet_line(facts) if wording.is_quiet(facts) else "",
        briefs=briefs,
        measurement=wording.measurement_line(facts),
        changed=wording.changed_line(facts),
        methods=methods(facts),
    )


def title(facts: ReportFacts) -> str:
    """Name the report: what it is, as of when, whose."""
    named = f"Decay report · {numbers.week(facts.confirmed_week)} of {_year(facts)}"
    as_of = f"as of {facts.as_of:%a} {numbers.day(facts.as_of.date())} {facts.as_of:%H:%M} UTC"
    return " · ".join(filter(None, [named, as_of, facts.organisation]))


def _year(facts: ReportFacts) -> int:
    return facts.confirmed_week.isocalendar().year


def methods(facts: ReportFacts) -> tuple[str, ...]:
    """Say how the numbers of every section were made."""
    budget = facts.false_pages_per_year
    said = [
        "Success is the mean of one pseudo-outcome per user request: outcomes that have arrived, "
        "weighted by their chance to have arrived by now, and a model of the signals for the rest. "
        "Requests without an outcome are never counted as successes.",
        "Intervals are 95%, clustered by user (else session, else request); bounds of shares are "
        "cut at 0 and 100, estimates are not.",
        "Satisfaction and friction are signals, not success: satisfaction is the share with a "
        "positive score among requests with a signal, friction the share of all user requests with "
        "a retry, regeneration, heavy edit, escalation or undo.",
        f"A verdict follows the alarm on confirmed weeks, never one week's interval{_budget(budget)}.",
        f"Weeks are ISO weeks in {facts.timezone}. A week is provisional when it has just closed "
        "and confirmed a week later; later figures restate it and the first one stays visible.",
        f"Everything is as known at {facts.as_of.isoformat()}Z; the same store and moment give the "
        "same report.",
    ]
    return tuple(said)


def _budget(pages: float | None) -> str:
    return "" if pages is None else f"; false pages allowed in a year: {pages:g}"
