"""The parts of a feature's section behind the waterfall: segments, forces, and where it goes."""

from decay_reports import numbers
from decay_reports.causes.why_facts import ForceFacts, ForecastFacts, SegmentFacts
from decay_reports.facts import wording
from decay_reports.facts.report import FeatureFacts
from decay_reports.layout.outline import Section, Table, Text

_STATES = {"for": "for", "against": "against", "mixed": "for and against", "open": "open"}
_SEGMENT_HEAD = (
    "Segment", "Success before", "Success now", "Against the rest", "Points of the change",
    "Failed requests",
)  # fmt: skip


def notes(feature: FeatureFacts) -> list[Text]:
    """Say what the parts could not tell apart, and why."""
    said = feature.why.notes
    return [Text(f"{'. '.join(_sentence(note) for note in said)}.")] if said else []


def segments(feature: FeatureFacts) -> list[Table | Text]:
    """Show the segments that fell by more than the rest, or that none did."""
    why = feature.why
    if why.segments:
        rows = tuple(_segment_row(one) for one in why.segments)
        return [Table(_SEGMENT_HEAD, rows, "Segments that fell by more than the rest")]
    if not why.n_tested or not wording.has_changed(feature):
        return []
    compared = numbers.count(why.n_tested, "segment")
    return [Text(f"Of {compared} compared none fell by more than the rest, beyond chance.")]


def _segment_row(one: SegmentFacts) -> tuple[str, ...]:
    points = numbers.points(one.contribution, 2)
    if one.of_change is not None:
        points += f" ({numbers.points(one.of_change, 0).lstrip('+')}% of it)"
    return (
        one.words,
        numbers.share_of(one.before),
        numbers.share_of(one.now),
        numbers.points_with_interval(one.difference),
        points,
        ", ".join(one.examples) or "–",
    )


def evidence(feature: FeatureFacts) -> Section | None:
    """Show what speaks for and against each force, measurement first."""
    forces = feature.why.forces
    if not forces:
        return None
    head = ("Force", "Evidence", "Speaks for it", "Speaks against it", "Not measured")
    table = Table(head, tuple(_force_row(force) for force in forces), "Evidence, not shares")
    note = Text(
        "Forces overlap, so none has a share of the change. A fault of the measurement comes "
        "first: while one is open, the others explain a number that may be wrong."
    )
    return Section("Evidence for and against each force", (table, note), wide=True)


def _force_row(force: ForceFacts) -> tuple[str, ...]:
    said = ("; ".join(words) or "–" for words in (
        force.speaks_for, force.speaks_against, force.missing
    ))  # fmt: skip
    return (force.force, _STATES[force.state], *said)


def outlook(feature: FeatureFacts) -> Section | None:
    """Say where success goes if the present trend goes on."""
    forecast = feature.why.forecast
    if forecast is None:
        return None
    return Section("If the present trend goes on", (Text(_outlook_words(forecast)),))


def _outlook_words(forecast: ForecastFacts) -> str:
    slope = numbers.points_with_interval(forecast.slope, 2)
    weeks = f"{numbers.count(len(forecast.weeks), 'final week')}, {numbers.weeks(forecast.weeks)}"
    said = f"Success loses ground: {slope} a week over {weeks}."
    if forecast.p_below is None or forecast.floor is None:
        return f"{said} There is no floor to hold it against: set success_floor for the feature."
    return (
        f"{said} The chance to be below the floor of {numbers.percent(forecast.floor)} within "
        f"{numbers.count(forecast.horizon, 'week')} is {_chance(forecast.p_below)}, if the present "
        "trend goes on; a fall that levels off makes it smaller."
    )


def _chance(p: float) -> str:
    if p < 0.01:  # noqa: PLR2004 - one percent
        return "under 1%"
    return "over 99%" if p > 0.99 else numbers.percent(p)  # noqa: PLR2004 - one percent


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:]
