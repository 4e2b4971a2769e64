"""Which weeks a person means: a span of Mondays, checked against what the store holds."""

from collections.abc import Mapping
from datetime import date

from decayd.config import Settings
from decayd.errors import UsageError
from decayd.weeks import WEEK, monday, week_of
from drift.launch import BASELINE_WEEKS, week_votes
from drift.state import Past
from drift.windows import Reading


def mondays(text: str) -> list[date]:
    """Return the weeks of a span such as ``2026-10-05..2026-10-26``, oldest first.

    >>> [day.day for day in mondays("2026-10-05..2026-10-19")]
    [5, 12, 19]

    Raises
    ------
    UsageError
        When it is no such span.
    """
    first, dots, last = text.partition("..")
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last if dots else first)
    except ValueError as error:
        raise UsageError(
            f"--weeks {text!r} is no span of weeks", hint="such as 2026-10-05..2026-10-26"
        ) from error
    for day in (start, end):
        if day.weekday():
            raise UsageError(f"{day} is no Monday", hint=f"its week is {monday(day)}")
    if end < start:
        raise UsageError(f"--weeks {text}: it ends before it begins", hint=f"{last}..{first}")
    if end - start > 52 * WEEK:
        raise UsageError(f"--weeks {text} is more than a year")
    return [start + n * WEEK for n in range((end - start) // WEEK + 1)]


def topic_weeks(reading: Reading, past: Past, text: str, settings: Settings) -> list[date]:
    """Return four weeks of a feature with enough votes: the named ones, else the newest.

    Raises
    ------
    UsageError
        When a named week is not closed, not whole, or too thin, or there are no four.
    """
    features = reading.store.rows("topic_features", as_of=reading.as_of)
    first_ts = next(row["first_ts"] for row in features if row["feature"] == reading.feature)
    newest = _newest(past, settings)
    votes, least = week_votes(reading, first_ts, newest), settings.topics.min_week_votes
    if text:
        weeks = mondays(text)
        for week in weeks:
            _check(week, votes, newest, least)
    else:
        weeks = [week for week in votes if votes[week] >= least][-BASELINE_WEEKS:]
    if len(weeks) != BASELINE_WEEKS:
        raise UsageError(
            f"{len(weeks)} weeks are no baseline: four-week windows are compared with four weeks"
            f" of at least {least} votes each",
            hint="name four weeks with --weeks 2026-10-05..2026-10-26",
        )
    return weeks


def _newest(past: Past, settings: Settings) -> date:
    if past.last_as_of is None:
        raise UsageError("no week of the feature is closed yet", hint="decayd status")
    return week_of(past.last_as_of, settings.report.timezone) - WEEK


def _check(week: date, votes: Mapping[date, int], newest: date, least: int) -> None:
    if week > newest:
        raise UsageError(
            f"the week of {week} is not closed yet", hint=f"the newest closed one is {newest}"
        )
    if week not in votes:
        raise UsageError(
            f"the week of {week} is no whole week with queries of this feature",
            hint=f"its weeks: {min(votes)} to {max(votes)}" if votes else "it has none",
        )
    if votes[week] < least:
        raise UsageError(
            f"the week of {week} has {votes[week]} votes, {least} are needed",
            hint="one vote a person and text; topics.min_week_votes",
        )
