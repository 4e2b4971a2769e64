"""The report as plain blocks in reading order: a format lays them out and escapes their text.

Page one comes from `page_one`, a feature's section from `sections`; both forms for people, HTML and
Markdown, print this outline, so they can't disagree.
"""

from datetime import date
from typing import Literal, NamedTuple

from decay_reports import numbers
from decay_reports.facts import wording
from decay_reports.facts.report import FeatureFacts, ReportFacts
from decay_reports.layout import page_one
from decay_reports.layout.page_one import Line


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
    """A chart, what it shows for those who can't see it, and the table behind or beside it."""

    chart: Literal["trend", "waterfall", "topics"]
    caption: str
    alt: str
    table: Table
    beside: bool = False


class Link(NamedTuple):
    """A file that lies beside the report."""

    text: str
    file: str


Block = Text | Lines | Bullets | Table | Figure | Link


class Section(NamedTuple):
    """A headed part of a feature's section."""

    title: str
    blocks: tuple[Block, ...]
    wide: bool = False


class Brief(NamedTuple):
    """A feature on page one, and the fewer lines that open its section."""

    feature: FeatureFacts
    anchor: str
    mark: str
    verdict: str
    words: str
    lines: tuple[Line, ...]
    verdict_lines: tuple[Line, ...]


class Outline(NamedTuple):
    """The whole report but its sections."""

    title: str
    weeks: str
    headline: str
    overdue: tuple[Line, ...]
    quiet: str
    briefs: tuple[Brief, ...]
    measurement: str
    changed: str
    methods: tuple[Line, ...]


def outline(facts: ReportFacts) -> Outline:
    """Put page one and the end of the report into words."""
    today = facts.as_of.date()
    features = enumerate(wording.ordered(facts.features), start=1)
    briefs = tuple(_brief(feature, f"feature-{number}", today) for number, feature in features)
    return Outline(
        title=title(facts),
        weeks=wording.weeks_line(facts),
        headline=facts.headline,
        overdue=tuple(page_one.review_lines(facts)),
        quiet=page_one.quiet_line(facts) if page_one.is_quiet(facts) else "",
        briefs=briefs,
        measurement=page_one.measurement_line(facts),
        changed=page_one.changed_line(facts),
        methods=methods(facts),
    )


def _brief(feature: FeatureFacts, anchor: str, today: date) -> Brief:
    owner = Line("owner", page_one.owner_line(feature, today))
    return Brief(
        feature=feature,
        anchor=anchor,
        mark=wording.MARKS[feature.verdict],
        verdict=wording.VERDICTS[feature.verdict],
        words=feature.words,
        lines=tuple(page_one.brief(feature, today)),
        verdict_lines=(*page_one.level_lines(feature), owner),
    )


def title(facts: ReportFacts) -> str:
    """Name the report: what it is, as of when, whose."""
    named = f"Decay report · {numbers.week(facts.confirmed_week)} of {_year(facts)}"
    as_of = f"as of {facts.as_of:%a} {numbers.day(facts.as_of.date())} {facts.as_of:%H:%M} UTC"
    return " · ".join(filter(None, [named, as_of, facts.organisation]))


def _year(facts: ReportFacts) -> int:
    return facts.confirmed_week.isocalendar().year


def methods(facts: ReportFacts) -> tuple[Line, ...]:
    """Say how the numbers of every section were made."""
    return (
        Line("success", _SUCCESS),
        Line("signals", _SIGNALS),
        Line("intervals", _INTERVALS),
        Line("verdict", _VERDICT + _budget(facts.false_pages_per_year)),
        Line("weeks", f"ISO weeks in {facts.timezone}. {_WEEKS}"),
        Line("as of", f"{facts.as_of.isoformat()}Z. {_SAME}"),
    )


_SUCCESS = (
    "the mean of one pseudo-outcome per user request: outcomes that arrived, weighted by their "
    "chance to have arrived by now, and a model of the signals for the rest. A request without an "
    "outcome is never counted as a success."
)
_SIGNALS = (
    "satisfaction is the share with a positive score among requests with a signal; friction is the "
    "share of all user requests with a retry, rephrase, regeneration, heavy edit, escalation or "
    "undo. Neither is success."
)
_INTERVALS = (
    "95%, clustered by user (else session, else request). Shares and their bounds are printed "
    "cut at 0 and 100, and stored as estimated."
)
_VERDICT = "follows the alarm on confirmed weeks, never one week's interval"
_WEEKS = (
    "A week is provisional when it has just closed and confirmed one week later; later figures "
    "restate it, and what was printed first stays visible."
)
_SAME = "Only what was known then is used: the same store and moment give the same report."


def _budget(pages: float | None) -> str:
    return "." if pages is None else f"; false pages allowed in a year: {pages:g}."
