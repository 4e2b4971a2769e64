"""A source of records in memory, which passes the same contract tests as Kafka and files."""

from collections.abc import Iterable, Mapping, Sequence

from collector.source import Committed, Partition, Record
from decayd.errors import AnotherCollector, BrokerUnreachable
from store.batch import Gap


class MemoryLog:
    """What a broker holds: records of partitions, what was committed, which topic is which."""

    def __init__(self) -> None:
        self.records: dict[Partition, list[bytes | None]] = {}
        self.begins: dict[Partition, int] = {}
        self.committed: dict[Partition, Committed] = {}
        self.generations: dict[str, str] = {}

    def append(self, partition: Partition, values: Iterable[bytes | None]) -> None:
        """Write records to the end of a partition."""
        self.generations.setdefault(partition[0], "first")
        self.records.setdefault(partition, []).extend(values)
        self.begins.setdefault(partition, 0)

    def drop(self, partition: Partition, before: int) -> None:
        """Lose the oldest records, as retention does."""
        self.begins[partition] = before

    def make_anew(self, topic: str, generation: str) -> None:
        """Delete a topic and make it again, empty and without commits."""
        for partition in [p for p in self.records if p[0] == topic]:
            self.records[partition] = []
            self.begins[partition] = 0
            self.committed.pop(partition, None)
        self.generations[topic] = generation


class MemorySource:
    """A member that is given all partitions of a log, unless a test moves them away."""

    def __init__(self, log: MemoryLog) -> None:
        self.log = log
        self.closed = False
        self.unreachable = ""
        self.fenced = False
        self.waited: list[float] = []
        self._waiting: set[Partition] = set(log.records)
        self._next: dict[Partition, int] = {}
        self._generations: dict[Partition, str] = {}
        self._paused: set[Partition] = set()
        self._gaps: list[Gap] = []

    def give(self, partitions: Iterable[Partition]) -> None:
        """Assign partitions."""
        for partition in partitions:
            self._next.pop(partition, None)
            self._waiting.add(partition)

    def take(self, partitions: Iterable[Partition]) -> None:
        """Revoke partitions."""
        for partition in partitions:
            self._next.pop(partition, None)
            self._waiting.discard(partition)
            self._paused.discard(partition)

    def poll(self, timeout_s: float, max_records: int) -> list[Record]:
        """Return records of all partitions in turn."""
        self.waited.append(timeout_s)
        if self.fenced:
            raise AnotherCollector("another collector is running")
        if self.unreachable:
            return []
        found: list[Record] = []
        for partition in sorted(self._next.keys() - self._paused):
            if self._lost(partition):
                continue
            values = self.log.records[partition]
            start = self._next[partition]
            stop = min(len(values), start + max_records - len(found))
            found += [_record(partition, i, values[i]) for i in range(start, stop)]
            self._next[partition] = max(start, stop)
        return found

    def assigned(self) -> frozenset[Partition]:
        """Return all partitions that were given and not taken."""
        return frozenset(self._next) | self._waiting

    def waiting(self) -> frozenset[Partition]:
        """Return those without a seek."""
        return frozenset(self._waiting)

    def unread(self) -> frozenset[Partition]:
        """Return those behind their end, or not started."""
        behind = {p for p, at in self._next.items() if at < len(self.log.records[p])}
        return frozenset(behind | self._waiting)

    def seek(self, partition: Partition, offset: int | None) -> int:
        """Go on at an offset."""
        self._answer()
        at = self.log.begins[partition] if offset is None else offset
        self._next[partition] = at
        self._waiting.discard(partition)
        self._generations[partition] = self.log.generations[partition[0]]
        return at

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Deliver nothing of these."""
        self._paused |= set(partitions)

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Deliver these again."""
        self._paused -= set(partitions)

    def committed(self, partitions: Iterable[Partition]) -> dict[Partition, Committed]:
        """Return what is committed in the log."""
        self._answer()
        return {p: self.log.committed[p] for p in partitions if p in self.log.committed}

    def commit(
        self,
        offsets: Mapping[Partition, int],
        metadata: str,
        timeout_s: float | None = None,  # noqa: ARG002
    ) -> None:
        """Commit to the log."""
        for partition, offset in offsets.items():
            self.log.committed[partition] = Committed(offset, metadata)

    def generations(self) -> dict[str, str]:
        """Return the log's identities of topics."""
        return {topic: self.log.generations[topic] for topic, _ in self.assigned()}

    def gaps(self) -> list[Gap]:
        """Return what was lost since the last call."""
        found, self._gaps = self._gaps, []
        return found

    def lag(self) -> dict[Partition, int]:
        """Return how far each started partition is behind."""
        return {p: len(self.log.records[p]) - at for p, at in self._next.items()}

    def trouble(self) -> str:
        """Return what a test set."""
        return self.unreachable

    def close(self, timeout_s: float) -> None:  # noqa: ARG002
        """Close."""
        self.closed = True

    def _lost(self, partition: Partition) -> bool:
        at, begin = self._next[partition], self.log.begins[partition]
        anew = self._generations[partition] != self.log.generations[partition[0]]
        if begin <= at <= len(self.log.records[partition]) and not anew:
            return False
        resumed_at = self.seek(partition, None)
        reason = "topic made anew" if anew else "no longer kept"
        self._gaps.append(Gap(*partition, at, resumed_at, reason))
        return True

    def _answer(self) -> None:
        if self.unreachable:
            raise BrokerUnreachable(self.unreachable)


def _record(partition: Partition, offset: int, value: bytes | None) -> Record:
    return Record(*partition, offset, None, None, value)


def values_of(records: Sequence[Record]) -> list[bytes | None]:
    """Return the values of records."""
    return [record.value for record in records]
