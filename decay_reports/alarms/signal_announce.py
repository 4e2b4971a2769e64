"""What is said when signals move: a page, a hint, and which change may have moved them alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from decay_reports.alarms.announce import estimate_of, while_it_lasts
from decay_reports.alarms.early import EarlyTurn
from decay_reports.alarms.signal_alarms import SignalTurn
from decay_reports.alarms.signal_baseline import SignalBaseline
from decay_reports.figures.day_levels import Day, DayBaseline
from decay_reports.figures.figure import Figure, FigureKey
from decay_reports.figures.signal_days import FRICTION
from decay_reports.numbers import count, visible
from decayd.results import Estimate, Finding
from decayd.weeks import day_start
from store.database import Transaction

KINDS = {"friction": "friction_rose", "satisfaction": "satisfaction_fell"}
_ANSWERING = {"prompt", "model", "adapter", "tools", "index", "embedder", "router"}
_BEFORE, _AFTER = timedelta(days=7), timedelta(days=14)  # an onset is known to a week or so
_NAME = 60


@dataclass(frozen=True)
class Told:
    """The close that is spoken of, the requests it rests on, and where days begin."""

    key: FigureKey
    members: Sequence[str]
    timezone: str

    def finding(self, **fields: Any) -> Finding:
        """Return a draft that names its requests."""
        key = self.key
        return Finding(
            finding_id="", feature=key.feature, as_of=key.as_of, week=key.week,
            member_request_ids=tuple(self.members), **fields,
        )  # fmt: skip


def stream_moved(
    tx: Transaction, told: Told, turn: SignalTurn, figure: Figure | None, baseline: SignalBaseline
) -> None:
    """Say that friction rose or satisfaction fell while it lasts; a page only with an incident.

    What opened while the other stream had an incident is the same fall: a warning, no second page.
    """
    moving = turn.onset is not None and not turn.closed_because
    before, now = baseline.estimate, estimate_of(figure) if figure else None
    near = changes_near(tx, told, turn.onset)
    verb = "rose" if baseline.kind == FRICTION else "fell"
    pages = turn.incident is not None
    paged = turn.incident is not None and turn.incident.details.get("beside", "")
    severity = ("warning" if paged else "critical") if pages else "info"
    ending = " (signals, not success)" if pages else ": a hint from signals, success decides"
    title = f"{baseline.kind} {verb}{_from_to(before, now)}, since about {_day(turn.onset)}"
    title += ending + said_of(near)
    because = turn.closed_because or "a new baseline was accepted"
    while_it_lasts(tx, moving, over=not moving, draft=told.finding(
        kind=KINDS[baseline.kind], severity=severity,
        title=title if moving else f"{baseline.kind} {verb} and that is over: {because}",
        incident_id=turn.incident.incident_id if turn.incident else None, now=now, before=before,
        details=_details(turn, near, hint=not pages), next_step=_next_step(near, pages=pages),
    ))  # fmt: skip


def early_hint(
    tx: Transaction, told: Told, turn: EarlyTurn, days: Sequence[Day], level: DayBaseline
) -> None:
    """Say that signals promise less than they did, until outcomes confirm or contradict it."""
    hinting = turn.stage == "hint"
    n = sum(day.n for day in days)
    promise = sum(day.n * day.level for day in days) / n if n else None
    less = f" {100 * (level.value - promise):.1f} points" if promise is not None else ""
    near = changes_near(tx, told, turn.onset if hinting else None)
    title = f"early hint: signals promise{less} less success than in the baseline{said_of(near)}"
    because = turn.closed_because or "a new baseline was accepted"
    while_it_lasts(tx, hinting, over=not hinting, draft=told.finding(
        kind="success_may_fall", title=title if hinting else f"early hint is over: {because}",
        now=Estimate(promise, n=n), before=Estimate(level.value, n=level.n),
        details=_details(turn, near, hint=True),
        next_step="wait for outcomes: two confirmed weeks decide whether success fell",
    ))  # fmt: skip


def signals_missing(
    tx: Transaction, told: Told, days: Sequence[Day], baseline: SignalBaseline
) -> None:
    """Say that most of the signals are missing while the streams wait for them."""
    silent = [day for day in days if baseline.level.is_silent(day)]
    n, n_rated = sum(d.n_requests for d in silent), sum(d.n_rated for d in silent)
    title = (
        f"signals are missing on {count(len(silent), 'day')}: {n_rated:,} of {n:,} requests carry "
        f"one, {100 * baseline.level.coverage:.0f}% in the baseline"
    )
    while_it_lasts(tx, bool(silent), over=not silent, draft=told.finding(
        kind="signals_missing", severity="warning",
        title=title if silent else "signals come as they used to",
        now=Estimate(n_rated / n if n else None, n=n), before=Estimate(baseline.level.coverage),
        next_step="look at what sends signals; those days change no alarm",
    ))  # fmt: skip


def changes_near(tx: Transaction, told: Told, onset: date | None) -> list[dict[str, str]]:
    """Return the changes announced from a week before the onset's week to a week after it."""
    if onset is None:
        return []
    as_of = told.key.as_of
    since = day_start(onset - _BEFORE, told.timezone)
    until = min(day_start(onset + _AFTER, told.timezone), as_of)
    rows = tx.rows(
        "signal_changes", feature=told.key.feature, since=since, until=until, as_of=as_of
    )
    return [
        {"day": row["ts"].date().isoformat(), "artifact": visible(row["artifact"], _NAME),
         "name": visible(row["name"], _NAME), "event_id": row["event_id"]}
        for row in rows
    ]  # fmt: skip


def said_of(near: Sequence[dict[str, str]]) -> str:
    """Name the last of some changes, and say when it can move signals without any answer.

    >>> said_of([{"day": "2026-03-02", "artifact": "ui", "name": "buttons"}])
    '; near it: ui buttons, 2 Mar 2026, which can move signals by itself'
    """
    if not near:
        return ""
    last = near[-1]
    alone = [change for change in near if change["artifact"] not in _ANSWERING]
    if alone:
        last = alone[-1]
    said = f"; near it: {last['artifact']} {last['name']}, {_day(date.fromisoformat(last['day']))}"
    return f"{said}, which can move signals by itself" if alone else said


def _next_step(near: Sequence[dict[str, str]], *, pages: bool) -> str:
    if any(change["artifact"] not in _ANSWERING for change in near):
        return "ask whether the change moved buttons or prompts rather than answers"
    return "read its requests" if pages else "wait for outcomes; success decides"


def _details(
    turn: SignalTurn | EarlyTurn, near: Sequence[dict[str, str]], *, hint: bool
) -> dict[str, Any]:
    details: dict[str, Any] = {"hint": hint, "changes": list(near)}
    details |= {"onset": turn.onset.isoformat()} if turn.onset else {}
    return details | ({"closed_because": turn.closed_because} if turn.closed_because else {})


def _from_to(before: Estimate, now: Estimate | None) -> str:
    if now is None or now.value is None or before.value is None:
        return ""
    return f" from {100 * before.value:.1f}% to {100 * now.value:.1f}%"


def _day(day: date | None) -> str:
    return f"{day.day} {day:%b %Y}" if day else "an unknown day"
