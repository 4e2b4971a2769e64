"""Decides whether a closed week is tested, tests it, and keeps what the tests said."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from decayd.weeks import WEEK, week_of
from drift.announce import topic_of
from drift.channels import BASELINE, REFERENCE, Tests, baseline_votes, run_tests
from drift.cuts import UNCALIBRATED, cuts_for
from drift.detectors import vanishing
from drift.embedding import Vectors
from drift.emergence import emerged
from drift.judge import Verdict, judge
from drift.looks import Look, looks_at
from drift.notices import Notice, notices
from drift.state import Channel, Past, WeekState
from drift.windows import Reading

BACK_FILLED = "back-filled"  # why a week that ended before the first live record is not tested
QUIET, ALARM, TOO_SMALL = "quiet", "alarm", "not enough data"


def scan_week(
    reading: Reading, past: Past, week: date, baseline: Vectors
) -> tuple[WeekState, list[Notice]]:
    """Test one week of a feature that has a baseline, and decide what is announced.

    Weeks that were filled in after the fact and weeks of the baseline are not tested; windows
    hold no such weeks either.

    Parameters
    ----------
    baseline
        Vectors ``(R0, d)`` of the launch baseline's votes.
    """
    live, after = _live_since(reading), max(past.accepted.weeks) + WEEK
    if live is None or week < live:
        return WeekState(week, why_not=BACK_FILLED), []
    if week < after:
        return WeekState(week, why_not="in the baseline"), []
    cuts = cuts_for(reading.model_id, reading.store, reading.as_of)
    if cuts is None:
        return WeekState(week, why_not=UNCALIBRATED), []
    looks, unclosed = looks_at(reading, past, week, max(live, after)), _unclosed(reading)
    tests = run_tests(reading, past, looks, baseline_votes(baseline, past))
    verdict = judge(tests, emerged(looks, past, cuts), past, unclosed, cuts.near)
    told = notices(reading, past, verdict, unclosed)
    tested = any(not each.why_not for each in looks)
    state = WeekState(
        week,
        why_not="" if tested else looks[0].why_not,
        looks=tuple(each.state() for each in looks),
        channels=(*_emerging(looks, verdict), *_others(tests, verdict), *_untested(looks)),
        topics={notice.subject: seen for notice in told if (seen := notice.seen())},
        squared_wobble=tests.squared_wobble(),
    )
    return state, told


def _emerging(looks: Sequence[Look], verdict: Verdict) -> Iterator[Channel]:
    found = [each.emerged.look for each in verdict.alarms if each.emerged]
    for look in looks:
        if not look.why_not:
            # a group that both windows show is announced from one of them
            told = any(each is look for each in found) or bool(found and look.drift_detected)
            listed = any(each.look is look for each in verdict.listed)
            said = ALARM if told else "explained by style" if listed else QUIET
            yield Channel("emerging", len(look.weeks), REFERENCE, look.p_value, said)


def _others(tests: Tests, verdict: Verdict) -> Iterator[Channel]:
    for share in tests.shares:
        said = _said("shares", verdict, detected=share.found.drift_detected)
        yield Channel("shares", len(share.look.weeks), share.against, share.found.p_value, said)
    for gone in tests.vanishing:
        said = _said("vanishing", verdict, detected=gone.p_value < vanishing.ALARM_BELOW)
        yield Channel("vanishing", len(gone.look.weeks), BASELINE, gone.p_value, said)
    for strange in tests.unfamiliar:
        said = _said("unfamiliar", verdict, detected=strange.found.drift_detected)
        yield Channel("unfamiliar", len(strange.look.weeks), BASELINE, strange.found.p_value, said)
    for style in tests.style:
        said = _said("style", verdict, detected=style.largest.drift_detected)
        yield Channel("style", len(style.look.weeks), REFERENCE, style.largest.p_value, said)


def _said(channel: str, verdict: Verdict, *, detected: bool) -> str:
    if not detected:
        return QUIET
    by = verdict.explained.get(channel)
    return f"explained by {by}" if by else ALARM


def _untested(looks: Sequence[Look]) -> Iterator[Channel]:
    for look in looks:
        if look.why_not:
            for channel in ("emerging", "shares", "unfamiliar", "style"):
                yield Channel(channel, len(look.weeks), REFERENCE, 1.0, TOO_SMALL)


def _live_since(reading: Reading) -> date | None:
    """Return the first week that had not ended when the first live record came."""
    first = reading.store.info("first_live_at")
    return week_of(datetime.fromisoformat(first), reading.timezone) if first else None


def _unclosed(reading: Reading) -> list[str]:
    rows = reading.store.rows("drift_open_incidents", feature=reading.feature, as_of=reading.as_of)
    return [topic_of(row["stream"]) for row in rows]
