"""What a record is and what every source of records (Kafka, files, a fake) can do."""

from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from store.batch import Gap

Partition = tuple[str, int]  # topic and partition number


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record as the source holds it; nothing of it is trusted.

    `timestamp_ms` is the broker's and says nothing about event time. `size_bytes` is set when
    `value` is only the beginning of a record that is too long to hold.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    size_bytes: int | None = None


class Defaults(msgspec.Struct, frozen=True):
    """What a topic says about its records where they don't say it themselves."""

    kind: str | None = None
    feature: str = ""


class Committed(msgspec.Struct, frozen=True):
    """What a group has committed for one partition; `metadata` names the store that did it."""

    offset: int
    metadata: str


class RecordSource(Protocol):
    """A source of records. One thread uses it; nothing here changes the store.

    A partition delivers nothing until its first `seek`. After that `poll` gives its records in
    the order of their offsets, each once, beginning at the offset that was sought.
    """

    def poll(self, timeout_s: float, max_records: int) -> list[Record]:
        """Wait for records at most `timeout_s`, return at most `max_records`, maybe none.

        While partitions wait for their first `seek` the others may give nothing either.

        Raises
        ------
        AnotherCollector
            When a second member with the same identity took over.
        UsageError
            When the source itself is broken (a gzip file that ends too soon); everything that
            could be read was returned by earlier calls.
        """
        ...

    def assigned(self) -> frozenset[Partition]:
        """Return the partitions that this source reads, those not started included."""
        ...

    def waiting(self) -> frozenset[Partition]:
        """Return assigned partitions that wait for their first `seek`."""
        ...

    def unread(self) -> frozenset[Partition]:
        """Return assigned partitions with records that `poll` has not returned yet.

        A partition of which this is not known yet counts as unread.
        """
        ...

    def seek(self, partition: Partition, offset: int | None) -> int:
        """Go on at `offset`, or at the oldest record for None; return the offset.

        May block on the network for some seconds; raises BrokerUnreachable when that fails.
        """
        ...

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Deliver nothing of these until `resume`; doing it twice changes nothing."""
        ...

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Deliver again; doing it twice changes nothing."""
        ...

    def committed(self, partitions: Iterable[Partition]) -> dict[Partition, Committed]:
        """Return what is committed; partitions without a commit are left out.

        May block on the network for some seconds; raises BrokerUnreachable when that fails.
        """
        ...

    def commit(
        self, offsets: Mapping[Partition, int], metadata: str, timeout_s: float | None = None
    ) -> None:
        """Commit next offsets; without `timeout_s` it doesn't wait and a later `poll` tells.

        A commit that fails for other reasons than a takeover is no error: the store's offsets
        are the truth, the next commit repeats it.
        """
        ...

    def generations(self) -> dict[str, str]:
        """Return the identity of each topic that is read, which changes when it is made anew."""
        ...

    def gaps(self) -> list[Gap]:
        """Return what was found lost since the last call.

        `to_offset` is where reading goes on: behind `from_offset` when the topic was made anew.
        """
        ...

    def lag(self) -> dict[Partition, int]:
        """Return how many offsets lie between each position and the end, where known."""
        ...

    def trouble(self) -> str:
        """Return why nothing can be read at the moment, empty when all is well."""
        ...

    def close(self, timeout_s: float) -> None:
        """Give everything back; calling it twice changes nothing."""
        ...
