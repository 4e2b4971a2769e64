"""The job `changes`: for seven days after a change, says when signals moved with it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec
import numpy as np

from decay_reports.alarms.change_watch import HOURS, REFERENCE_DAYS, Move, Readings, first_move
from decay_reports.figures import baseline, frame
from decay_reports.figures.frame import SIGNALS, Frame
from decay_reports.figures.signal_model import SignalModel
from decay_reports.numbers import visible
from decayd.config import Settings
from decayd.events import epoch_us
from decayd.results import Estimate, Finding
from decayd.weeks import week_of
from store.database import Store, Transaction
from store.findings import append_findings, findings_at

KIND = "moved_after_change"
SETTLE = timedelta(days=1)  # signals of younger requests are still coming
WATCHED = timedelta(hours=HOURS)
_LOOK_BACK = WATCHED + SETTLE + timedelta(days=2)  # one close to find a move, one to end it
_HEAVY_EDIT = 0.6
_MEMBERS, _NAME = 500, 60
_PROMPT_FRICTION = ("retry", "regenerate", "escalate", "undo")
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Change:
    """A change of a feature that is watched."""

    feature: str
    event_id: str
    ts: datetime
    artifact: str
    name: str

    @property
    def stream(self) -> str:
        """Return the name under which the watch keeps its state."""
        return f"change:{self.event_id}"


def run(store: Store, as_of: datetime, settings: Settings) -> dict[str, Any]:
    """Look at every change of the last seven days; a second run at an `as_of` finds nothing to do.

    Requests count once they are a day old, so that theirs and the reference's signals are alike.
    """
    live_us = frame.first_live_us(store)
    rows = store.rows("watch_changes", since=as_of - _LOOK_BACK, as_of=as_of)
    changes = [Change(**row) for row in rows]
    live = [c for c in changes if live_us is not None and epoch_us(c.ts) >= live_us]
    n_found = 0
    for feature, group in groupby(live, key=lambda change: change.feature):
        due = [change for change in group if _is_due(store, change, as_of)]
        if due:
            n_found += _watch(store, settings, feature, due, as_of)
    return {"changes": len(live), "moved": n_found}


def _is_due(store: Store, change: Change, as_of: datetime) -> bool:
    state = _state(store, change, as_of)
    return state is None or (state["as_of"] < as_of and state["state"] != "over")


def _state(store: Store, change: Change, as_of: datetime) -> dict[str, Any] | None:
    rows = store.rows("alarm_state", feature=change.feature, stream=change.stream, as_of=as_of)
    return {"as_of": rows[0]["as_of"]} | json.loads(rows[0]["state"]) if rows else None


def _watch(
    store: Store, settings: Settings, feature: str, due: list[Change], as_of: datetime
) -> int:
    start = min(change.ts for change in due) - timedelta(days=REFERENCE_DAYS)
    loaded = frame.load(store, as_of, settings, start=start, features=[feature])
    asked = loaded.get(feature, frame.nobody())
    readings = _readings(asked, _model(store, feature, as_of))
    states = {change.event_id: _state(store, change, as_of) for change in due}
    moves = {
        change.event_id: first_move(readings, epoch_us(change.ts), epoch_us(as_of - SETTLE))
        for change in due
        if not (states[change.event_id] or {}).get("moved")
    }
    with store.transaction() as tx:
        for change in due:
            told = bool((states[change.event_id] or {}).get("moved"))
            move = moves.get(change.event_id)
            over = as_of - SETTLE >= change.ts + WATCHED and move is None
            if move:
                members = _members(tx, asked, readings, change, move)
                append_findings(tx, [_finding(change, move, members, as_of, settings)])
            if over and told:
                append_findings(tx, list(_closed(tx, change, as_of)))
            tx.append(
                "alarm_states", [_row(change, as_of, settings, moved=told or bool(move), over=over)]
            )
    return sum(move is not None for move in moves.values())


def _model(store: Store, feature: str, as_of: datetime) -> SignalModel | None:
    accepted = baseline.newest(store, feature, as_of)
    frozen = (accepted.details.get("signals") or {}) if accepted else {}
    return SignalModel.from_json(frozen["prompt"]) if frozen.get("prompt") else None


def _readings(asked: Frame, model: SignalModel | None) -> Readings:
    """Read each request with the frozen f; without one, whether it went without friction."""
    if model is not None:
        return Readings(asked.ts_us, model.predict(asked), asked.cluster)
    friction = asked.signals[:, SIGNALS.index("edit_ratio")] >= _HEAVY_EDIT
    for name in _PROMPT_FRICTION:
        friction |= asked.signals[:, SIGNALS.index(name)] > 0
    return Readings(asked.ts_us, 1.0 - friction.astype(float), asked.cluster)


def _members(
    tx: Transaction, asked: Frame, readings: Readings, change: Change, move: Move
) -> list[str]:
    start = epoch_us(change.ts)
    rows = asked.between(start, start + int(timedelta(hours=move.hours) / _INSTANT))
    side = np.sign(move.now - move.before)
    keys = asked.request_key[rows][side * (readings.level[rows] - move.before) > 0][-_MEMBERS:]
    return [row["request_id"] for row in tx.rows("alarm_members", keys=keys.tolist())]


def _finding(
    change: Change, move: Move, members: list[str], as_of: datetime, settings: Settings
) -> Finding:
    what = f"{visible(change.artifact, _NAME)} {visible(change.name, _NAME)}"
    moved = 100 * abs(move.now - move.before)
    way = "less" if move.now < move.before else "more"
    return Finding(
        finding_id="", kind=KIND, feature=change.feature, as_of=as_of,
        week=week_of(as_of - _INSTANT, settings.report.timezone),
        title=f"hint: signals moved after the change of {what} on {change.ts:%d %b %Y %H:%M} UTC:"
        f" {moved:.1f} points {way} promising within {move.hours} h",
        now=Estimate(move.now, n=move.n), before=Estimate(move.before),
        member_request_ids=tuple(members),
        details={"change": change.event_id, "hint": True, "hours": move.hours, "e": move.e},
        next_step="look at what was changed; outcomes decide whether success moved",
    )  # fmt: skip


def _closed(tx: Transaction, change: Change, as_of: datetime) -> Iterator[Finding]:
    for found in findings_at(tx, as_of, feature=change.feature, kind=KIND):
        if found.details.get("change") == change.event_id and found.state == "open":
            yield msgspec.structs.replace(found, as_of=as_of, state="closed")


def _row(
    change: Change, as_of: datetime, settings: Settings, *, moved: bool, over: bool
) -> dict[str, Any]:
    state = {"moved": moved, "state": "over" if over else "watched"}
    return {
        "feature": change.feature, "stream": change.stream, "as_of": as_of,
        "week": week_of(as_of - _INSTANT, settings.report.timezone),
        "state": json.dumps(state, sort_keys=True),
    }  # fmt: skip
