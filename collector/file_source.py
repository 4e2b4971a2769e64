"""Files as a source: a file is a topic with one partition, its offsets are line numbers."""

import heapq
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from collector.lines import Line, LineReader
from collector.source import Committed, Partition, Record
from decayd.config import Kind
from decayd.errors import UsageError
from decayd.events import KINDS, Time, epoch_us
from store.batch import Gap

Progress = Callable[[float], None]  # the share of the bytes that was read, 0–1
_LAST = 2**63  # a file that breaks off says so after all others were read
_POLL_BYTES = 32 * 2**20  # what one poll may hold in memory, beside one line


def topic_of(path: Path) -> str:
    """Return the topic name that stands for a file: its absolute path."""
    return str(path.resolve())


def kind_of_name(path: Path) -> Kind | None:
    """Read a kind from a file's name, if exactly one is in it.

    >>> kind_of_name(Path("decayd.signals.jsonl.gz")), kind_of_name(Path("events.jsonl"))
    ('signal', None)
    """
    words = re.findall("[a-z]+", path.name.lower())
    found = {kind for kind in KINDS for word in words if word in (kind, f"{kind}s")}
    return found.pop() if len(found) == 1 else None  # type: ignore[return-value]


class FileSource:
    """JSONL files, read one after the other or merged by time.

    Parameters
    ----------
    paths
        The files; the same one twice is read once.
    max_record_bytes
        Of longer lines only that much and one byte is held.
    merge
        Whether the next record is the one with the smallest time of all files, as they would have
        arrived live. Within a file the order never changes.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        max_record_bytes: int,
        *,
        merge: bool = False,
        progress: Progress | None = None,
    ) -> None:
        if not paths:
            raise UsageError("no file was given", hint="name one or more JSONL files")
        self._readers = {(topic_of(path), 0): LineReader(path, max_record_bytes) for path in paths}
        self._rank = {partition: i for i, partition in enumerate(self._readers)}
        self._merge = merge
        self._progress = progress
        self._started: set[Partition] = set()
        self._paused: set[Partition] = set()
        self._committed: dict[Partition, Committed] = {}
        self._queue: list[tuple[int, int, Partition]] = []

    def poll(self, timeout_s: float, max_records: int) -> list[Record]:  # noqa: ARG002
        """Return the next records; never waits, for a file has all it will have."""
        records: list[Record] = []
        n_bytes = 0
        while self._queue and len(records) < max_records and n_bytes < _POLL_BYTES:
            partition = self._queue[0][2]
            reader = self._readers[partition]
            if reader.head is None:
                if records:
                    break
                raise reader.error or ValueError(f"{partition} has nothing to read")
            line = reader.take()
            records.append(_record(partition, line))
            n_bytes += len(line.value)
            if self._merge or reader.head is None:
                self._requeue(partition)
        self._report()
        return records

    def assigned(self) -> frozenset[Partition]:
        """Return all files as partitions."""
        return frozenset(self._readers)

    def waiting(self) -> frozenset[Partition]:
        """Return the files that `seek` was not called for."""
        return self.assigned() - self._started

    def unread(self) -> frozenset[Partition]:
        """Return the files with lines to come, or with an end that can't be read."""
        return frozenset(p for p, reader in self._readers.items() if _has_more(reader))

    def seek(self, partition: Partition, offset: int | None) -> int:
        """Go on at the line with that number."""
        reader = self._readers[partition]
        reader.restart()
        while reader.head is not None and reader.head.number < (offset or 0):
            reader.take()
        self._started.add(partition)
        self._queue_all()
        return offset or 0

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Leave these files alone until `resume`."""
        self._paused.update(partitions)
        self._queue_all()

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Read these files again."""
        self._paused.difference_update(partitions)
        self._queue_all()

    def committed(self, partitions: Iterable[Partition]) -> dict[Partition, Committed]:
        """Return what was committed to this object."""
        return {p: self._committed[p] for p in partitions if p in self._committed}

    def commit(
        self,
        offsets: Mapping[Partition, int],
        metadata: str,
        timeout_s: float | None = None,  # noqa: ARG002
    ) -> None:
        """Remember offsets as long as this object lives; the store keeps its own."""
        self._committed |= {p: Committed(offset, metadata) for p, offset in offsets.items()}

    def generations(self) -> dict[str, str]:
        """Return nothing: of a file that was written anew, known events are dropped anyway."""
        return {}

    def gaps(self) -> list[Gap]:
        """Return nothing: a file does not lose lines."""
        return []

    def lag(self) -> dict[Partition, int]:
        """Return nothing: how many lines are left is not known."""
        return {}

    def trouble(self) -> str:
        """Return nothing: a file that can't be read ends the reading."""
        return ""

    def close(self, timeout_s: float) -> None:  # noqa: ARG002
        """Close all files."""
        for reader in self._readers.values():
            reader.close()

    def _requeue(self, partition: Partition) -> None:
        entry = self._entry(partition)
        if entry is None:
            heapq.heappop(self._queue)
        else:
            heapq.heapreplace(self._queue, entry)

    def _queue_all(self) -> None:
        ready = self._started - self._paused
        self._queue = [entry for p in ready if (entry := self._entry(p)) is not None]
        heapq.heapify(self._queue)

    def _entry(self, partition: Partition) -> tuple[int, int, Partition] | None:
        reader = self._readers[partition]
        if reader.error is not None and reader.head is None:
            return _LAST, self._rank[partition], partition
        if reader.head is None:
            return None
        time = _time(reader.head.value) if self._merge else 0
        return time, self._rank[partition], partition

    def _report(self) -> None:
        if self._progress:
            readers = self._readers.values()
            done = sum(r.read_bytes if _has_more(r) else r.total_bytes for r in readers)
            self._progress(done / max(1, sum(r.total_bytes for r in readers)))


class _Timed(msgspec.Struct, frozen=True, gc=False):
    ts: Time


_TIMED: Any = msgspec.json.Decoder(_Timed)


def _time(value: bytes) -> int:
    """Return a record's time in microseconds; 0 when it has none, so that it waits for nothing."""
    try:
        return epoch_us(_TIMED.decode(value).ts)
    except (ValueError, OverflowError, RecursionError):
        return 0


def _has_more(reader: LineReader) -> bool:
    return reader.head is not None or reader.error is not None


def _record(partition: Partition, line: Line) -> Record:
    topic, number = partition
    return Record(topic, number, line.number, None, None, line.value, (), line.size_bytes)
