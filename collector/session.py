"""One connection to a source, from the assignment of partitions to the last commit.

Every batch is stored with its offsets in one transaction and then committed to the source with the
id of the store. All of it runs on one thread, so nothing is in flight when partitions move.
"""

from collections.abc import Iterable

from collector.pipeline import Built, Pipeline, no_garbage_collection
from collector.source import Partition, RecordSource
from collector.start import start_offset
from collector.tally import Tally
from decayd import log
from decayd.clock import Clock
from decayd.config import Settings
from decayd.errors import StoreError
from store.batch import Gap, Written
from store.connection import BATCH_ROWS
from store.database import Store

_log = log.get("collector")
_POLL_S = 0.5  # bounds how long a stop waits
_POLLS_PER_BATCH = 5  # of max_poll_records, but for the largest batch
_RECOMMIT_S = 15.0  # an idle collector learns within this that another one took over
_IDLE_CHECKPOINT_S = 5.0
_STORE_RETRY_S = 5.0


class Session:
    """Reads one source into one store until it is finished.

    Parameters
    ----------
    source, store, pipeline, tally
        Where records come from and go to, who decodes them, who counts them.
    settings, clock
        What is read; how long things take.
    """

    def __init__(
        self,
        source: RecordSource,
        store: Store,
        pipeline: Pipeline,
        tally: Tally,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self.source = source
        self.store_trouble = ""
        self._store = store
        self._pipeline = pipeline
        self._tally = tally
        self._settings = settings
        self._clock = clock
        self._batch_records = min(BATCH_ROWS, _POLLS_PER_BATCH * settings.kafka.max_poll_records)
        self._next: dict[Partition, int] = {}
        self._gaps: list[Gap] = []
        now = clock.monotonic()
        self._last_record = self._last_commit = self._last_try = now
        self._checkpointed = False

    def step(self) -> int:
        """Do what one poll brings; return how many records that were.

        Raises
        ------
        AnotherCollector, ConfigError
            Reading must end: somebody else took over, or where to start is not clear.
        BrokerUnreachable
            Where to start could not be found out; call again.
        """
        try:
            if self.store_trouble:
                return self._try_again()
            if shortage := self._store.shortage():
                self._hold(f"{shortage}: reading waits")
                return 0
            return self._read()
        except StoreError as error:
            self._hold(str(error))
            return 0

    def is_read(self, ends: dict[Partition, int]) -> bool:
        """Tell whether everything up to `ends` is stored; fills in ends that became known."""
        lag = self.source.lag()
        for partition, offset in self._next.items():
            if partition in lag:
                ends.setdefault(partition, offset + lag[partition])
        assigned = self.source.assigned()
        return bool(assigned) and all(
            p in ends and (self._next.get(p, 0) >= ends[p] or lag.get(p) == 0) for p in assigned
        )

    def finish(self, until: float) -> None:
        """Commit a last time, close, checkpoint; all before `until` of the monotonic clock."""
        left = max(0.1, until - self._clock.monotonic())
        if self._next and not self.source.trouble():
            self.source.commit(self._next, self._store.id, left / 4)
        self.source.close(max(0.1, (until - self._clock.monotonic()) / 2))
        try:
            self._store.checkpoint()
        except StoreError as error:  # the log is replayed at the next start
            _log.warning("no checkpoint at the end", error=str(error))

    def _read(self) -> int:
        if waiting := self.source.waiting():
            self._start(waiting)
        self._forget_revoked()
        with no_garbage_collection():
            records = self.source.poll(_POLL_S, self._batch_records)
        self._gaps += self.source.gaps()
        if records:
            self._count(*self._pipeline.process(records, self.source.unread()))
        self._note()
        self._pipeline.checkpoint()
        if not records:
            self._rest()
        if self._clock.monotonic() - self._last_commit >= _RECOMMIT_S:
            self._commit()
        return len(records)

    def _start(self, waiting: Iterable[Partition]) -> None:
        """Find out where each new partition goes on, and let it deliver."""
        stored = {
            (row["topic"], row["partition"]): (row["next_offset"], row["max_ts_us"])
            for row in self._store.rows("offset_positions")
        }
        is_new = not any(topic in self._settings.kafka.topics for topic, _ in stored)
        committed = self.source.committed(waiting)
        starts: dict[Partition, int | None] = {}
        anew = self._made_anew(waiting)
        for partition in sorted(waiting):
            mine, _ = stored.get(partition, (None, None))
            starts[partition] = None if partition in anew else start_offset(
                mine, committed.get(partition), self._store.id,
                self._settings.kafka.on_foreign_offsets, new_store=is_new,
            )  # fmt: skip
        for partition, offset in starts.items():
            mine, max_ts_us = stored.get(partition, (None, None))
            self._pipeline.watermark.assign(partition, max_ts_us)
            self._next[partition] = self.source.seek(partition, offset)
            if partition in anew and mine:
                self._gaps.append(Gap(*partition, mine, self._next[partition], "topic made anew"))
        self._note()
        _log.info("partitions assigned", n_partitions=len(self.source.assigned()))

    def _made_anew(self, partitions: Iterable[Partition]) -> set[Partition]:
        known = self._known_generations()
        now = self.source.generations()
        return {p for p in partitions if known.get(p[0]) and now.get(p[0]) not in ("", known[p[0]])}

    def _known_generations(self) -> dict[str, str]:
        facts = {row["name"]: row["value"] for row in self._store.rows("store_info")}
        return {topic: facts.get(_fact(topic), "") for topic in self._settings.kafka.topics}

    def _forget_revoked(self) -> None:
        revoked = self._next.keys() - self.source.assigned()
        if revoked:
            self._pipeline.watermark.revoke(revoked)
            self._next = {p: offset for p, offset in self._next.items() if p not in revoked}
            _log.info("partitions revoked", n_partitions=len(revoked))

    def _count(self, built: Built, written: Written) -> None:
        self._next |= {(p.topic, p.partition): p.next_offset for p in built.batch.positions}
        self._tally.add(built, written)
        self._last_record, self._checkpointed = self._clock.monotonic(), False
        self._commit()
        _log.debug("batch stored", n_records=built.n_records, n_bad=built.n_bad)

    def _commit(self) -> None:
        self._last_commit = self._clock.monotonic()
        self.source.commit(self._next, self._store.id)

    def _note(self) -> None:
        """Record gaps that were found, and under which identity topics are read now."""
        known, now = self._known_generations(), self.source.generations()
        read = {topic for topic, _ in self._next}
        info = {_fact(t): now[t] for t in read & now.keys() if now[t] not in ("", known.get(t))}
        if self._gaps or info:
            self._pipeline.write(self._pipeline.gap_batch(self._gaps, info))
        gaps, self._gaps = self._gaps, []
        for gap in gaps:
            self._next[gap.topic, gap.partition] = gap.to_offset
            _log.warning(
                "records are missing", topic=gap.topic, partition=gap.partition, reason=gap.reason,
                from_offset=gap.from_offset, to_offset=gap.to_offset,
            )  # fmt: skip

    def _rest(self) -> None:
        self._pipeline.settle(self.source.unread())
        idle_s = self._clock.monotonic() - self._last_record
        if idle_s >= _IDLE_CHECKPOINT_S and not self._checkpointed:
            self._checkpointed = True
            if self._store.wal_bytes():
                self._store.checkpoint()

    def _hold(self, trouble: str) -> None:
        """Stay in the group, read nothing, try the same batch again."""
        if not self.store_trouble:
            _log.error("the store can't be written, reading waits", error=trouble)
        self.store_trouble = trouble
        self._last_try = self._clock.monotonic()
        self.source.pause(self.source.assigned())

    def _try_again(self) -> int:
        self.source.poll(_POLL_S, 1)
        if self._clock.monotonic() - self._last_try < _STORE_RETRY_S:
            return 0
        self._last_try = self._clock.monotonic()
        if shortage := self._store.shortage(was_short=True):
            self._hold(f"{shortage}: reading waits")
            return 0
        if self._pipeline.has_pending():
            self._count(*self._pipeline.retry())
        self._note()
        self._pipeline.checkpoint()
        self.store_trouble = ""
        self.source.resume(self.source.assigned())
        _log.info("the store can be written again")
        return 0


def _fact(topic: str) -> str:
    return f"topic_id:{topic}"
