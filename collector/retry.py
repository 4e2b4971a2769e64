"""Dead letters once more: decode them as things stand now, store those that are good."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from collector.decode import Decoder, Timed
from collector.file_source import kind_of_name
from collector.lines import LineReader
from collector.source import Record
from decayd.clock import Clock
from decayd.config import Settings, TopicSettings
from decayd.errors import DecodeError, DependencyError, UsageError
from store.batch import Batch, Rows
from store.database import Store
from store.pseudonyms import Pseudonyms
from store.writer import write_batch

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GONE = "the original is gone, and what was kept of it was masked or cut, so it can't be stored"


def retry(
    store: Store, ids: Sequence[int], settings: Settings, clock: Clock, pseudonyms: Pseudonyms
) -> dict[str, Any]:
    """Store the dead letters that are good now; the others stay as they are.

    A letter of which other or less was kept than what came is read again from its topic or file.
    Where that is gone it stays bad: a text that was masked is not what the user wrote.

    Returns
    -------
    dict
        `stored`: how many letters became events, `n_new`: new events by kind, `still_bad`: id,
        field and message of the others.

    Raises
    ------
    UsageError
        When there is no dead letter with one of the ids.
    """
    batch, stored, still_bad = Batch(), list[int](), list[dict[str, Any]]()
    for dead_letter_id in ids:
        letter = _find(store, dead_letter_id)
        try:
            for event, ts_us in _decode(store, letter, settings, clock, pseudonyms):
                rows = batch.rows.setdefault(event.kind, Rows())
                rows.add(event, ts_us, ts_us)
            stored.append(dead_letter_id)
        except (DecodeError, UsageError, DependencyError) as error:
            field = getattr(error, "field", "$")
            still_bad.append({"id": dead_letter_id, "field": field, "message": str(error)})
    with store.intake:
        _hold_back(batch, store)
        written = write_batch(store, batch, pseudonyms, clock.now())
        with store.transaction() as transaction:
            for dead_letter_id in stored:
                transaction.run(
                    "dead_letter_set_state", state="retried", dead_letter_id=dead_letter_id
                )
    return {"stored": len(stored), "n_new": written.n_new, "still_bad": still_bad}


def _find(store: Store, dead_letter_id: int) -> dict[str, Any]:
    rows = store.rows("dead_letter_show", dead_letter_id=dead_letter_id)
    if not rows:
        raise UsageError(
            f"there is no dead letter {dead_letter_id}", hint="decayd dead-letters list"
        )
    return rows[0]


def _decode(
    store: Store, letter: dict[str, Any], settings: Settings, clock: Clock, pseudonyms: Pseudonyms
) -> list[Timed]:
    if letter["reason"] == "conflict":
        raise UsageError("its id is taken by other content, which is kept")
    topic = letter["topic"]
    carries = settings.kafka.topics.get(topic) or TopicSettings(
        kind=letter["kind"] or kind_of_name(Path(topic))
    )
    decoder = Decoder({topic: carries}, settings.collector)
    if letter["altered"]:
        record = _original(letter, settings)
        digest = store.scalar("dead_letter_digest", dead_letter_id=letter["dead_letter_id"])
        if not pseudonyms.knows(record.value or b"", digest):
            raise UsageError(f"another record is at {_place(letter)} now; {_GONE}")
    else:
        record = Record(*_at(letter), None, None, bytes(letter["value"]))
    return decoder.decode(record, decoder.latest_us(clock.now()))


def _original(letter: dict[str, Any], settings: Settings) -> Record:
    """Read a letter's record again; UsageError when it is gone, BrokerUnreachable for now."""
    try:
        if Path(letter["topic"]).is_absolute():
            return _line(*_at(letter), settings.collector.max_record_kib * 1024)
        from collector.kafka_client import read_one

        return read_one(settings.kafka, *_at(letter))
    except ImportError as error:
        raise UsageError(
            f"reading it again from Kafka needs the package {error.name}: "
            "pip install 'decayd[kafka]'"
        ) from error
    except UsageError as error:
        raise UsageError(f"{error}; {_GONE}") from error


def _line(topic: str, partition: int, number: int, max_bytes: int) -> Record:
    reader = LineReader(Path(topic), max_bytes)
    try:
        while reader.head is not None:
            line = reader.take()
            if line.number == number:
                return Record(topic, partition, number, None, None, line.value, (), line.size_bytes)
    finally:
        reader.close()
    raise reader.error or UsageError(f"{topic} has no line {number + 1} any more")


def _at(letter: dict[str, Any]) -> tuple[str, int, int]:
    return letter["topic"], letter["partition"], letter["offset"]


def _place(letter: dict[str, Any]) -> str:
    topic, partition, number = _at(letter)
    if Path(topic).is_absolute():
        return f"{topic}, line {number + 1}"
    return f"{topic}/{partition}, offset {number}"


def _hold_back(batch: Batch, store: Store) -> None:
    """Make events available no earlier than the watermark, as with any that come late."""
    mark = store.info("watermark")
    if mark:
        since_epoch = datetime.fromisoformat(mark).replace(tzinfo=UTC) - _EPOCH
        mark_us = since_epoch // timedelta(microseconds=1)
        for rows in batch.rows.values():
            rows.available_us = [max(ts_us, mark_us) for ts_us in rows.ts_us]
