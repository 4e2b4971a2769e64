"""The one module that speaks Kafka: a consumer group member as a source of records.

Facts about kafka-python 3 that shape it, all measured: rebalance listeners run on the client's I/O
thread, where any blocking call raises, so the listener only pauses and notes; a deserializer that
raises makes `poll` spin for ever, so values stay bytes; subscribing to a topic that is not there
makes the client ask for it ten times a second, so topics are subscribed by a pattern.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kafka import ConsumerRebalanceListener, TopicPartition
from kafka import errors as kafka_errors
from kafka.structs import OffsetAndMetadata

from collector.kafka_log import ClientLog
from collector.source import Committed, Partition, Record
from decayd import log
from decayd.clock import Clock
from decayd.config import KafkaSettings
from decayd.errors import AnotherCollector, BrokerUnreachable
from store.batch import Gap

_log = log.get("kafka")
_ANSWER_MS = 5_000  # how long one question to the broker may take; below the stop deadline
_BOOTSTRAP_MS = 3_000  # a stop may have to wait for it
_HEARTBEAT_MS = 3_000
_METADATA_MS = 10_000  # how soon a topic that is made later is found
_GATHER_S = 1.0  # a batch is written after this even when records keep coming
_GATHER_POLL_S = 0.02  # a pause this long ends a batch
_MAX_BACKOFF_MS = 5_000  # the client's default of 30 s would keep a broker that is back waiting


class KafkaSource:
    """A static member of a consumer group, reading the configured topics.

    Raises
    ------
    BrokerUnreachable
        When no broker answers; `str` of it has the client's own last warning.
    ConfigError
        When a certificate or password file is not there.
    """

    def __init__(self, settings: KafkaSettings, store_id: str, clock: Clock) -> None:
        self._clock = clock
        self._client_log = ClientLog.attach(clock)
        self._waiting: set[Partition] = set()
        self._revoked: set[Partition] = set()
        self._started: dict[Partition, int] = {}  # next offset of partitions that deliver
        self._generations: dict[str, str] = {}
        self._gaps: list[Gap] = []
        self._fenced: Exception | None = None
        self._trouble = ""
        self._consumer = _connect(settings, f"decayd-{store_id}", self._client_log)
        self._connections = _connection_count(self._consumer)
        pattern = "^(?:" + "|".join(map(re.escape, settings.topics)) + ")$"
        self._consumer.subscribe(pattern=pattern, listener=_Listener(self))

    def poll(self, timeout_s: float, max_records: int) -> list[Record]:
        """Return what comes within `timeout_s`; gather more for up to a second while more comes."""
        self._raise_fenced()
        records = self._poll_once(timeout_s, max_records)
        until = self._clock.monotonic() + _GATHER_S
        while records and len(records) < max_records and not self._waiting and not self._gaps:
            more = self._poll_once(_GATHER_POLL_S, max_records - len(records))
            records += more
            if not more or self._clock.monotonic() > until:
                break
        self._raise_fenced()
        return self._keep(records)

    def assigned(self) -> frozenset[Partition]:
        """Return what the group gave this member."""
        return frozenset(self._started) | self._waiting

    def waiting(self) -> frozenset[Partition]:
        """Return what was assigned since and has not been sought."""
        return frozenset(self._waiting)

    def unread(self) -> frozenset[Partition]:
        """Return partitions that are behind their end, or whose end is not known yet."""
        lag = self.lag()
        return frozenset(p for p in self.assigned() if lag.get(p, 1) > 0)

    def seek(self, partition: Partition, offset: int | None) -> int:
        """Start a partition, or go elsewhere in it."""
        tp = TopicPartition(*partition)
        if offset is None:
            offset = self._earliest(tp)
        try:
            self._consumer.seek(tp, offset)
            self._consumer.resume(tp)
        except (ValueError, KeyError):  # revoked in the meantime
            self._waiting.discard(partition)
            return offset
        self._started[partition] = offset
        self._waiting.discard(partition)
        self._generations |= {partition[0]: self._generation(partition[0])}
        return offset

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Stop fetching these."""
        self._consumer.pause(*(TopicPartition(*p) for p in partitions if p in self._started))

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Fetch these again."""
        self._consumer.resume(*(TopicPartition(*p) for p in partitions if p in self._started))

    def committed(self, partitions: Iterable[Partition]) -> dict[Partition, Committed]:
        """Ask the group's coordinator."""
        found = {}
        for partition in partitions:
            tp = TopicPartition(*partition)
            with _answering("read the committed offsets"):
                committed = self._consumer.committed(tp, metadata=True, timeout_ms=_ANSWER_MS)
            if committed is not None:
                found[partition] = Committed(committed.offset, committed.metadata or "")
        return found

    def commit(
        self, offsets: Mapping[Partition, int], metadata: str, timeout_s: float | None = None
    ) -> None:
        """Commit; a takeover shows at the next `poll`."""
        wanted = {
            TopicPartition(*p): OffsetAndMetadata(offset, metadata, -1)
            for p, offset in offsets.items()
            if p in self._started
        }
        if not wanted:
            return
        try:
            if timeout_s is None:
                self._consumer.commit_async(wanted, callback=self._note_commit)
            else:
                self._consumer.commit(wanted, timeout_ms=int(timeout_s * 1000))
        except kafka_errors.KafkaError as error:
            self._note_commit(wanted, error)

    def generations(self) -> dict[str, str]:
        """Return the broker's topic ids, empty where it is too old to have them."""
        return {topic: self._generation(topic) for topic, _ in self._started}

    def gaps(self) -> list[Gap]:
        """Return offsets that were out of range or belonged to a topic that was made anew."""
        found, self._gaps = self._gaps, []
        return found

    def lag(self) -> dict[Partition, int]:
        """Return highwater minus position of the partitions that have answered since their start."""
        return {
            p: lag for p, offset in self._started.items() if (lag := self._lag(p, offset)) is not None
        }

    def trouble(self) -> str:
        """Return the client's last warning while no broker is connected or reading is refused."""
        if self._connections() == 0:
            return self._client_log.last or "no broker is connected"
        return self._trouble

    def close(self, timeout_s: float) -> None:
        """Leave; a static member's place is kept for its next start."""
        self._consumer.close(autocommit=False, timeout_ms=int(timeout_s * 1000))
        self._client_log.detach()

    def on_assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """Note new partitions and keep them quiet; called on the client's I/O thread."""
        for tp in partitions:
            self._consumer.pause(tp)
            self._started.pop((tp.topic, tp.partition), None)
            self._waiting.add((tp.topic, tp.partition))

    def on_revoked(self, partitions: Iterable[TopicPartition]) -> None:
        """Note partitions that are gone; called on the client's I/O thread."""
        for tp in partitions:
            self._waiting.discard((tp.topic, tp.partition))
            self._started.pop((tp.topic, tp.partition), None)
            self._revoked.add((tp.topic, tp.partition))

    def _poll_once(self, timeout_s: float, max_records: int) -> list[Record]:
        try:
            polled = self._consumer.poll(timeout_ms=int(timeout_s * 1000), max_records=max_records)
        except kafka_errors.NoOffsetForPartitionError:
            return []  # they wait for their first seek
        except kafka_errors.OffsetOutOfRangeError as error:
            self._fall_back(dict(error.args[0]))
            return []
        except kafka_errors.LogTruncationError as error:
            self._fall_back({tp: self._started.get(tuple(tp), 0) for tp in error.divergent_offsets})
            return []
        except kafka_errors.KafkaError as error:
            self._trouble = f"{type(error).__name__}: {error}"
            return []
        self._trouble = ""
        return [_record(r) for batch in polled.values() for r in batch]

    def _keep(self, records: list[Record]) -> list[Record]:
        """Leave out what is no longer ours, and what belongs to a topic that was made anew."""
        revoked, self._revoked = self._revoked, set()
        for topic in {record.topic for record in records}:
            if self._generation(topic) != self._generations.get(topic, ""):
                mine = {p: offset for p, offset in self._started.items() if p[0] == topic}
                self._fall_back({TopicPartition(*p): offset for p, offset in mine.items()})
                revoked |= mine.keys()
        kept = [r for r in records if (r.topic, r.partition) not in revoked]
        self._started |= {
            (r.topic, r.partition): r.offset + 1
            for r in kept
            if (r.topic, r.partition) in self._started
        }
        return kept

    def _fall_back(self, lost: Mapping[TopicPartition, int]) -> None:
        """Go on at the oldest record where an offset is no longer there, and note the gap."""
        for tp, offset in lost.items():
            partition = (tp.topic, tp.partition)
            anew = self._generation(tp.topic) != self._generations.get(tp.topic, "")
            try:
                resumed = self.seek(partition, None)
            except BrokerUnreachable as error:
                self._trouble = str(error)  # the next poll finds the same gap
                return
            reason = "the topic was made anew" if anew or resumed < offset else "retention passed"
            self._gaps.append(Gap(tp.topic, tp.partition, offset, resumed, reason))

    def _earliest(self, tp: TopicPartition) -> int:
        with _answering(f"find the beginning of {tp.topic}/{tp.partition}"):
            return int(self._consumer.beginning_offsets([tp], timeout_ms=_ANSWER_MS)[tp])

    def _lag(self, partition: Partition, offset: int) -> int | None:
        tp = TopicPartition(*partition)
        try:
            end = self._consumer.highwater(tp)
            if end is None or end <= offset:
                return None if end is None else 0
            position = self._consumer.position(tp, timeout_ms=0)  # passes over control records
        except (kafka_errors.KafkaError, KeyError, ValueError):
            return None
        return max(0, end - max(offset, position or 0))

    def _generation(self, topic: str) -> str:
        """Return the topic's id; kafka-python has no public way to it, so its absence is no error."""
        cluster: Any = getattr(self._consumer, "_cluster", None)
        found = cluster.topic_id(topic) if hasattr(cluster, "topic_id") else None
        return str(found or "")

    def _note_commit(self, _offsets: Any, result: Any) -> None:
        if isinstance(result, kafka_errors.FencedInstanceIdError):
            self._fenced = result
        elif isinstance(result, Exception):
            _log.debug("commit failed, the next one repeats it", error=str(result))

    def _raise_fenced(self) -> None:
        if self._fenced is not None:
            raise AnotherCollector(
                "another collector is running with this store's identity",
                hint="is a copy of this store in use? stop one of the two; to keep both, give the "
                "copy a kafka.group_id and a store of its own",
            ) from self._fenced


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, source: KafkaSource) -> None:
        self._source = source

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._source.on_assigned(assigned)

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self._source.on_revoked(revoked)

    def on_partitions_lost(self, lost: set[TopicPartition]) -> None:
        self._source.on_revoked(lost)
