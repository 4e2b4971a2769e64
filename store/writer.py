"""One transaction per batch: new events, dead letters, offsets and the watermark, or nothing.

An event is known by (kind, event_id). The same event again is dropped; the same id with other
content keeps the first and sends the other to the dead letters. Only the days that a batch touches
are looked at, so the cost does not grow with the store; `collector.duplicates` finds the rest.
"""

from datetime import datetime

import msgspec
import pyarrow as pa

from decayd.events import Eval
from decayd.text import text_key
from store.batch import Batch, DeadLetter, Rows, Written
from store.columns import table
from store.database import Store, Transaction
from store.dead_letters import instant, naive, write_dead_letters
from store.identity import insert_staged, judge
from store.pseudonyms import Pseudonyms


def write_batch(store: Store, batch: Batch, pseudonyms: Pseudonyms, seen_at: datetime) -> Written:
    """Store a batch.

    Returns
    -------
    Written
        How many events were new, there already, or in conflict with one that was there.
    """
    n_new: dict[str, int] = {}
    n_known = 0
    conflicts: list[DeadLetter] = []
    with store.transaction() as transaction:
        for kind, rows in batch.rows.items():
            if rows.events:
                new, lost = _write_kind(transaction, kind, rows, pseudonyms)
                n_new[kind] = new
                n_known += len(rows.events) - new - len(lost)
                conflicts += lost
        letters = batch.dead_letters + conflicts
        write_dead_letters(transaction, letters, pseudonyms, seen_at)
        _write_positions(transaction, batch, seen_at)
    return Written(n_new, n_known, len(conflicts), len(letters))


def _write_kind(
    transaction: Transaction, kind: str, rows: Rows, pseudonyms: Pseudonyms
) -> tuple[int, list[DeadLetter]]:
    staged = table(kind, rows, pseudonyms.of)
    transaction.stage("staged", staged)
    known, conflict = judge(transaction, f"{kind}s", staged.column_names)
    insert_staged(transaction, f"{kind}s", staged.column_names, known | conflict)
    if kind == "eval":
        _register_items(transaction, rows, known | conflict)
    lost = [_conflict(kind, rows, seq) for seq in sorted(conflict)]
    return len(rows.events) - len(known) - len(conflict), lost


def _register_items(transaction: Transaction, rows: Rows, left_out: set[int]) -> None:
    items = [
        {
            "suite": event.suite, "suite_version": str(event.suite_version),
            "feature": event.feature, "item_id": item.item_id,
            "available_us": rows.available_us[seq],
            "input": item.input, "expected": item.expected, "input_key": text_key(item.input),
        }
        for seq, event in enumerate(rows.events)
        if isinstance(event, Eval) and seq not in left_out
        for item in event.items or ()
    ]  # fmt: skip
    if items:
        transaction.stage("staged_items", pa.Table.from_pylist(items, schema=_ITEMS))
        transaction.run("eval_items_insert")


_ITEMS = pa.schema([
    *((name, pa.string()) for name in ("suite", "suite_version", "feature", "item_id")),
    ("available_us", pa.int64()), ("input", pa.string()), ("expected", pa.string()),
    ("input_key", pa.uint64()),
])  # fmt: skip


def _conflict(kind: str, rows: Rows, seq: int) -> DeadLetter:
    """Return the dead letter of the second event of an id, with the record that it came in."""
    event, sent = rows.events[seq], rows.sent_at(seq)
    event_id = event.event_id or getattr(event, "request_id", "")
    message = f"{kind} {event_id!r} was stored before with other content; the first is kept"
    place = (sent.topic, sent.partition, sent.offset) if sent else ("", -1, -1)
    value = (sent and sent.value) or msgspec.json.encode(event)
    return DeadLetter(
        *place, "conflict", "$.event_id", message, value, kind, len(value),
        rows.available_us[seq], sent.key if sent else None,
    )  # fmt: skip


def _write_positions(transaction: Transaction, batch: Batch, seen_at: datetime) -> None:
    if batch.positions:
        transaction.stage("staged_positions", pa.Table.from_pylist([
            {
                "topic": p.topic, "partition": p.partition, "next_offset": p.next_offset,
                "max_ts_us": p.max_ts_us,
            }
            for p in batch.positions
        ], schema=_POSITIONS))  # fmt: skip
        transaction.run("offset_delete_staged")
        transaction.run("offset_insert_staged", updated_at=naive(seen_at))
    transaction.append("gaps", [
        {
            "topic": g.topic, "partition": g.partition, "from_offset": g.from_offset,
            "to_offset": g.to_offset, "reason": g.reason,
            "available_at": instant(g.available_us, seen_at), "found_at": naive(seen_at),
        }
        for g in batch.gaps
    ])  # fmt: skip
    transaction.set_info(**batch.info)


_POSITIONS = pa.schema([
    ("topic", pa.string()), ("partition", pa.int32()), ("next_offset", pa.int64()),
    ("max_ts_us", pa.int64()),
])  # fmt: skip
