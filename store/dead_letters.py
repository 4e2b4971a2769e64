"""Writes records that could not be stored: redacted, with the place where the original is."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from store.batch import DeadLetter
from store.database import Transaction
from store.pseudonyms import Pseudonyms
from store.redaction import KEPT_BYTES, redact

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def write_dead_letters(
    transaction: Transaction,
    letters: Sequence[DeadLetter],
    pseudonyms: Pseudonyms,
    seen_at: datetime,
) -> None:
    """Append dead letters; one that its place and bytes have given before is left out."""
    if not letters:
        return
    first = 1 + int(transaction.rows("dead_letter_last_id")[0]["last_id"])
    rows = []
    for number, d in enumerate(letters, first):
        kept = redact(d, pseudonyms)
        rows.append({
            "dead_letter_id": number, "topic": d.topic, "partition": d.partition,
            "offset": d.offset, "kind": d.kind, "reason": d.reason, "field": d.field,
            "message": kept.message, "value": kept.value, "altered": kept.altered,
            "digest": pseudonyms.digest(d.value[:KEPT_BYTES]), "size_bytes": d.size_bytes,
            "available_at": instant(d.available_us, seen_at), "seen_at": naive(seen_at),
            "state": "new",
        })  # fmt: skip
    transaction.stage("staged_letters", transaction.typed("dead_letters", rows))
    transaction.run("dead_letter_insert_staged")


def naive(moment: datetime) -> datetime:
    """Return an instant as the store holds it: UTC without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def instant(available_us: int | None, seen_at: datetime) -> datetime:
    """Return the event time of something that has none of its own; wall time before any event."""
    if available_us is None:
        return naive(seen_at)
    return naive(_EPOCH + timedelta(microseconds=available_us))
