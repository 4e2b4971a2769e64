"""Records to one batch and one transaction: the same for Kafka, back-filled files and replay."""

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import msgspec

from collector.decode import Decoder
from collector.source import Partition, Record
from collector.watermark import Watermark
from decayd.clock import Clock
from decayd.config import Settings, TopicSettings
from decayd.errors import DecodeError
from decayd.events import Event
from store.batch import Batch, DeadLetter, Gap, Position, Rows, Written
from store.database import Store
from store.pseudonyms import Pseudonyms
from store.writer import write_batch

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Built(msgspec.Struct):
    """A batch that is ready to be written, with what is only counted."""

    batch: Batch
    n_records: int = 0
    n_bad: int = 0
    n_tombstones: int = 0
    newest_us: int = -1  # below any event's time


class Pipeline:
    """Turns records into batches and writes them; keeps the watermark and what the store knows.

    Parameters
    ----------
    store, settings, clock, pseudonyms
        Where rows go, the limits, what judges the future, how user ids are replaced.
    topics
        What each topic (or file) carries.
    live
        Whether these records are today's traffic: their first event is the store's first live one.
        A back-fill is not.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        pseudonyms: Pseudonyms,
        topics: dict[str, TopicSettings],
        *,
        live: bool,
    ) -> None:
        self._store = store
        self._clock = clock
        self._pseudonyms = pseudonyms
        self._decoder = Decoder(topics, settings.collector)
        self._checkpoint_bytes = settings.store.checkpoint_mb * 2**20
        grace = timedelta(minutes=settings.collector.grace_minutes)
        self._written_us = _stored(store)
        self.watermark = Watermark(grace // timedelta(microseconds=1), self._written_us)
        self._wants_first = live and store.info("first_live_at") is None
        self._pending: Built | None = None

    def process(
        self, records: Sequence[Record], unread: AbstractSet[Partition]
    ) -> tuple[Built, Written]:
        """Decode records in their order and write them in one transaction.

        Parameters
        ----------
        records
            What a poll returned.
        unread
            The partitions that have more to come after these records.

        Raises
        ------
        StoreError
            When the store can't be written now. Nothing of the batch is stored; `retry` writes it.
        """
        with self._store.intake, no_garbage_collection():
            self._follow_store()
            self._pending = self._build(records, unread)
            return self.retry()

    def retry(self) -> tuple[Built, Written]:
        """Write the batch that `process` could not write; raises as that does."""
        if self._pending is None:
            raise ValueError("there is no batch to write")
        with self._store.intake:
            built = self._pending
            written = self.write(built.batch)
            self._pending = None
            built.batch.rows.clear()  # the bulk of the memory; only counts are wanted from here on
            return built, written

    def has_pending(self) -> bool:
        """Tell whether a batch could not be written yet."""
        return self._pending is not None

    def write(self, batch: Batch) -> Written:
        """Write a batch, and a checkpoint when the log has grown long; StoreError as above."""
        written = write_batch(self._store, batch, self._pseudonyms, self._clock.now())
        if "watermark" in batch.info:
            self._written_us = self.watermark.value_us
        self._wants_first = self._wants_first and "first_live_at" not in batch.info
        if self._store.wal_bytes() > self._checkpoint_bytes:
            self._store.checkpoint()
        return written

    def settle(self, unread: AbstractSet[Partition]) -> None:
        """Write the watermark when it moved without any record."""
        with self._store.intake:
            self._follow_store()
            self.watermark.set_unread(unread)
            batch = Batch()
            self._add_info(batch)
            if batch.info:
                self.write(batch)

    def gap_batch(self, gaps: Sequence[Gap], info: dict[str, str]) -> Batch:
        """Return a batch that records gaps, where reading goes on after them, and facts."""
        positions = [
            Position(
                gap.topic,
                gap.partition,
                gap.to_offset,
                self.watermark.largest_us((gap.topic, gap.partition)),
            )
            for gap in gaps
        ]
        return Batch(gaps=list(gaps), positions=positions, info=info)

    def _follow_store(self) -> None:
        """Take over a watermark that another source of the same store moved on."""
        self._written_us = _stored(self._store)
        self.watermark.raise_to(self._written_us)

    def _build(self, records: Sequence[Record], unread: AbstractSet[Partition]) -> Built:
        to_come = Counter((record.topic, record.partition) for record in records)
        self.watermark.set_unread(unread | to_come.keys())
        built = Built(Batch(), len(records))
        latest_us = self._decoder.latest_us(self._clock.now())
        for record in records:
            partition = (record.topic, record.partition)
            left = to_come[partition] = to_come[partition] - 1
            self._add(built, record, latest_us, more=left > 0 or partition in unread)
        built.batch.positions = self._positions(records)
        self._add_info(built.batch)
        return built

    def _add(self, built: Built, record: Record, latest_us: int, *, more: bool) -> None:
        partition = (record.topic, record.partition)
        try:
            events = self._decoder.decode(record, latest_us)
        except DecodeError as error:
            built.n_bad += 1
            built.batch.dead_letters.append(self._dead_letter(record, error))
            events = []
        left = len(events)
        for event, ts_us in events:
            left -= 1
            available_us = self.watermark.pass_record(partition, ts_us, more=more or left > 0)
            self._add_event(built, event, ts_us, available_us)
        if not events:
            self.watermark.pass_record(partition, None, more=more)
            built.n_tombstones += record.value is None

    def _add_event(self, built: Built, event: Event, ts_us: int, available_us: int) -> None:
        rows = built.batch.rows.get(event.kind)
        if rows is None:
            rows = built.batch.rows[event.kind] = Rows()
        rows.add(event, ts_us, available_us)
        built.newest_us = max(built.newest_us, ts_us)
        if self._wants_first and "first_live_at" not in built.batch.info:
            built.batch.info["first_live_at"] = _iso(ts_us)

    def _dead_letter(self, record: Record, error: DecodeError) -> DeadLetter:
        value = record.value or b""
        return DeadLetter(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=error.reason,
            field=error.field,
            message=error.message,
            value=value,
            kind=self._decoder.kind_of(record.topic),
            size_bytes=record.size_bytes or len(value),
            available_us=self.watermark.value_us,
        )

    def _positions(self, records: Sequence[Record]) -> list[Position]:
        after = {(record.topic, record.partition): record.offset + 1 for record in records}
        return [
            Position(*partition, offset, self.watermark.largest_us(partition))
            for partition, offset in after.items()
        ]

    def _add_info(self, batch: Batch) -> None:
        value = self.watermark.value_us
        if value is not None and value != self._written_us:
            batch.info["watermark"] = _iso(value)


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Make many objects that hold no cycles: looking for cycles takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _iso(us: int) -> str:
    return (_EPOCH + timedelta(microseconds=us)).replace(tzinfo=None).isoformat()


def _stored(store: Store) -> int | None:
    iso = store.info("watermark")
    if iso is None:
        return None
    return (datetime.fromisoformat(iso).replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
