"""Records to one batch and one transaction: the same for Kafka, back-filled files and replay."""

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
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
    newest_us: int | None = None


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
        written = store.info("watermark")
        self._written_us = _micros(written) if written else None
        self.watermark = Watermark(grace // timedelta(microseconds=1), self._written_us)
        self._wants_first = live and store.info("first_live_at") is None

    def build(self, records: Sequence[Record], unread: AbstractSet[Partition]) -> Built:
        """Decode records in their order into a batch.

        Parameters
        ----------
        records
            What a poll returned.
        unread
            The partitions that have more to come after these records.
        """
        to_come = Counter((record.topic, record.partition) for record in records)
        self.watermark.set_unread(unread | to_come.keys())
        built = Built(Batch(), len(records))
        latest_us = self._decoder.latest_us(self._clock.now())
        for record in records:
            partition = (record.topic, record.partition)
            to_come[partition] -= 1
            more = to_come[partition] > 0 or partition in unread
            self._add(built, record, latest_us, more=more)
        built.batch.positions = self._positions(records)
        self._add_info(built.batch)
        return built

    def write(self, batch: Batch) -> Written:
        """Write a batch, and a checkpoint when the log has grown long.

        When this raises StoreError nothing of the batch is stored and it may be tried again.
        """
        written = write_batch(self._store, batch, self._pseudonyms, self._clock.now())
        if "watermark" in batch.info:
            self._written_us = self.watermark.value_us
        self._wants_first = self._wants_first and "first_live_at" not in batch.info
        if self._store.wal_bytes() > self._checkpoint_bytes:
            self._store.checkpoint()
        return written

    def idle(self, unread: AbstractSet[Partition]) -> Batch | None:
        """Return a batch that only moves the watermark, when it moved without any record."""
        self.watermark.set_unread(unread)
        if self.watermark.value_us == self._written_us:
            return None
        batch = Batch()
        self._add_info(batch)
        return batch

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

    def _add(self, built: Built, record: Record, latest_us: int, *, more: bool) -> None:
        partition = (record.topic, record.partition)
        try:
            events = self._decoder.decode(record, latest_us)
        except DecodeError as error:
            built.n_bad += 1
            built.batch.dead_letters.append(self._dead_letter(record, error))
            events = []
        built.n_tombstones += record.value is None
        for event, ts_us in events:
            last = event is events[-1][0]
            available_us = self.watermark.pass_record(partition, ts_us, more=more or not last)
            self._add_event(built, event, ts_us, available_us)
        if not events:
            self.watermark.pass_record(partition, None, more=more)

    def _add_event(self, built: Built, event: Event, ts_us: int, available_us: int) -> None:
        rows = built.batch.rows.get(event.kind)
        if rows is None:
            rows = built.batch.rows[event.kind] = Rows()
        rows.add(event, ts_us, available_us)
        if self._wants_first and "first_live_at" not in built.batch.info:
            built.batch.info["first_live_at"] = _iso(ts_us)
        if built.newest_us is None or ts_us > built.newest_us:
            built.newest_us = ts_us

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


def _iso(us: int) -> str:
    return (_EPOCH + timedelta(microseconds=us)).replace(tzinfo=None).isoformat()


def _micros(iso: str) -> int:
    return (datetime.fromisoformat(iso).replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
