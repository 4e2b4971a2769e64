"""Short ways to make events, to put them into a store and to look at what became of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from collector.formats import native
from collector.source import Defaults
from decayd.events import Event, Outcome, Request, Signal, epoch_us
from store.batch import Batch, Rows, Written
from store.database import Store
from store.pseudonyms import Pseudonyms
from store.writer import write_batch

START = datetime(2026, 10, 1, 9, tzinfo=UTC)
SEEN = datetime(2026, 10, 5, 12, tzinfo=UTC)
PSEUDONYMS = Pseudonyms(b"key of the tests")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def request(request_id: str = "r1", second: float = 0, **fields: Any) -> Request:
    values: dict[str, Any] = {"feature": "search", "query": "where is it", "status": "ok"} | fields
    return Request(ts=at(second), request_id=request_id, **values)


def signal(name: str, second: float = 1, request_id: str | None = "r1", **fields: Any) -> Signal:
    return Signal(ts=at(second), signal=name, request_id=request_id, **fields)


def outcome(name: str, second: float = 1, request_id: str | None = "r1", **fields: Any) -> Outcome:
    return Outcome(ts=at(second), outcome=name, request_id=request_id, **fields)


def decoded(value: bytes, kind: str = "request") -> Event:
    return native.decode(value, Defaults(kind=kind))[0]


def rows_of(events: Sequence[Event], late: float = 0) -> dict[str, Rows]:
    """Return events by kind, each available `late` seconds after its time."""
    rows: dict[str, Rows] = {}
    for event in events:
        us = epoch_us(event.ts)
        rows.setdefault(event.kind, Rows([], [], [])).add(event, us, us + int(late * 1_000_000))
    return rows


def write(store: Store, *events: Event, late: float = 0, **batch: Any) -> Written:
    """Store events in one batch; further parts of the batch by name."""
    return write_batch(store, Batch(rows=rows_of(events, late), **batch), PSEUDONYMS, SEEN)


def select(store: Store, text: str) -> list[tuple[Any, ...]]:
    with store.transaction() as tx:
        return tx.query(text)
