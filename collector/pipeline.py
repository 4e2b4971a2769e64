"""Records to one batch and one transaction: the same for Kafka, back-filled files and replay."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
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
    n_outside: int = 0  # events beyond the range that is wanted
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
        Whether these records are today's traffic, which sets `first_live_at`; a back-fill is not.
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
        self._grace_us = round(settings.collector.grace_minutes * 60_000_000)
        self._live = live
        self.within_us: range | None = None  # event times that are wanted
        self._written_us, self._first_live_us = self._stored()
        self._live_can_move = self._first_live_us is None or self._written_us is None
        self._mark_before_live = self._written_us
        self.watermark = Watermark(self._grace_us, self._written_us)
        self._silent: set[Partition] = set()  # no event came from these before this batch
        self._records: tuple[Sequence[Record], AbstractSet[Partition]] | None = None
        self._pending: Built | None = None
        self.after_batch: Callable[[Batch], None] | None = None  # called once a batch is stored

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
        self._records, self._pending = (records, unread), None
        return self.retry()

    def retry(self) -> tuple[Built, Written]:
        """Write the batch that `process` could not write; raises as that does."""
        if self._records is None:
            raise ValueError("there is no batch to write")
        with self._store.intake, no_garbage_collection():
            if self._pending is None:
                self._follow_store()
                self._pending = self._build(*self._records)
            built = self._pending
            written = self.write(built.batch)
            self._records = self._pending = None
        if self.after_batch:
            self.after_batch(built.batch)
        built.batch.rows.clear()  # the bulk of the memory; only counts are wanted from here on
        return built, written

    def has_pending(self) -> bool:
        """Tell whether a batch could not be written yet."""
        return self._records is not None

    def write(self, batch: Batch) -> Written:
        """Write a batch; StoreError as above."""
        written = write_batch(self._store, batch, self._pseudonyms, self._clock.now())
        if "watermark" in batch.info:
            self._written_us = self.watermark.value_us
        return written

    def checkpoint(self) -> None:
        """Move the log into the file when it has grown long.

        Raises
        ------
        StoreError
            When that can't be done now; what was written stays so, in the log.
        """
        if self._store.wal_bytes() > self._checkpoint_bytes:
            self._store.checkpoint()

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
        self._written_us, self._first_live_us = self._stored()
        self.watermark.raise_to(self._written_us)

    def _stored(self) -> tuple[int | None, int | None]:
        facts = {row["name"]: row["value"] for row in self._store.rows("store_info")}
        return _us(facts.get("watermark")), _us(facts.get("first_live_at"))

    def _build(self, records: Sequence[Record], unread: AbstractSet[Partition]) -> Built:
        to_come = Counter((record.topic, record.partition) for record in records)
        self.watermark.set_unread(unread | to_come.keys())
        self._silent = {p for p in to_come if self.watermark.largest_us(p) is None}
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
            if self.within_us is not None and ts_us not in self.within_us:
                built.n_outside += 1
                self._pass_outside(self.within_us.stop, partition, ts_us, more=more or left > 0)
                continue
            if partition in self._silent:
                self._silent.discard(partition)
                self._begin_live(built.batch, ts_us)
                _date_letters(built.batch, partition, ts_us)
            available_us = self.watermark.pass_record(partition, ts_us, more=more or left > 0)
            self._add_event(built, event, ts_us, available_us, record)
        if not events:
            self.watermark.pass_record(partition, None, more=more)
            built.n_tombstones += record.value is None

    def _pass_outside(self, end_us: int, partition: Partition, ts_us: int, *, more: bool) -> None:
        """Leave out an event: an earlier one as if it were not there.

        A later one shows that the range's time has passed: enough to close its last day, no more.
        """
        shown = None if ts_us < end_us else min(ts_us, end_us + self._grace_us + 1)
        self.watermark.pass_record(partition, shown, more=more)

    def _begin_live(self, batch: Batch, ts_us: int) -> None:
        """Let a partition's first event count for where live traffic began, whichever is first.

        The watermark does not move before every partition with records has given one, so until
        then the earliest of those first events is wanted.
        """
        if not self._live:
            return
        if self._first_live_us is None:
            self._mark_before_live = self.watermark.value_us
        elif (
            not self._live_can_move
            or ts_us >= self._first_live_us
            or self.watermark.value_us != self._mark_before_live
        ):
            return
        self._first_live_us = ts_us
        batch.info["first_live_at"] = _iso(ts_us)

    def _add_event(
        self, built: Built, event: Event, ts_us: int, available_us: int, record: Record
    ) -> None:
        rows = built.batch.rows.get(event.kind)
        if rows is None:
            rows = built.batch.rows[event.kind] = Rows()
        rows.add(event, ts_us, available_us, record)
        built.newest_us = max(built.newest_us, ts_us)

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
            available_us=self._time_of_bad((record.topic, record.partition)),
            key=record.key,
        )

    def _time_of_bad(self, partition: Partition) -> int | None:
        """Return when a record without a time is available: as its partition's last event was."""
        known = (self.watermark.value_us, self.watermark.largest_us(partition))
        return max((us for us in known if us is not None), default=None)

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


def _date_letters(batch: Batch, partition: Partition, available_us: int) -> None:
    """Let bad records that came before any event be available as the first event is."""
    batch.dead_letters = [
        msgspec.structs.replace(letter, available_us=available_us)
        if letter.available_us is None and (letter.topic, letter.partition) == partition
        else letter
        for letter in batch.dead_letters
    ]


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


def _us(iso: str | None) -> int | None:
    if iso is None:
        return None
    return (datetime.fromisoformat(iso).replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
