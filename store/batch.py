"""What the collector hands to the writer: events, dead letters and positions of one transaction."""

from typing import Protocol

import msgspec

from decayd.events import Event


class Sent(Protocol):
    """The record that an event came in; it is only asked for when something is wrong with it."""

    @property
    def topic(self) -> str:
        """The Kafka topic, or the absolute path of a file."""

    @property
    def partition(self) -> int:
        """0 for a file."""

    @property
    def offset(self) -> int:
        """The line of a file, from 0."""

    @property
    def key(self) -> bytes | None:
        """The record's key."""

    @property
    def value(self) -> bytes | None:
        """The bytes as they came."""


class Rows(msgspec.Struct):
    """Events of one kind in arrival order, with their records where those are known."""

    events: list[Event] = []
    ts_us: list[int] = []
    available_us: list[int] = []
    sent: list[Sent | None] = []

    def add(self, event: Event, ts_us: int, available_us: int, sent: Sent | None = None) -> None:
        """Append one event with its time and the time from which queries may see it."""
        self.events.append(event)
        self.ts_us.append(ts_us)
        self.available_us.append(available_us)
        self.sent.append(sent)

    def sent_at(self, seq: int) -> Sent | None:
        """Return the record of an event, None where it is not known."""
        return self.sent[seq] if seq < len(self.sent) else None


class DeadLetter(msgspec.Struct, frozen=True):
    """A record that can't become rows, with where it came from and why.

    `size_bytes` is that of the whole record, of which `value` may be only the beginning. `value`
    and `key` are as they came: what is stored of them is up to `store.redaction`.
    """

    topic: str
    partition: int
    offset: int
    reason: str
    field: str
    message: str
    value: bytes
    kind: str | None = None
    size_bytes: int = 0
    available_us: int | None = None
    key: bytes | None = None


class Position(msgspec.Struct, frozen=True):
    """How far a partition has been read; `max_ts_us` is the largest event time seen in it."""

    topic: str
    partition: int
    next_offset: int
    max_ts_us: int | None = None


class Gap(msgspec.Struct, frozen=True):
    """Records that the broker no longer had: [from_offset, to_offset)."""

    topic: str
    partition: int
    from_offset: int
    to_offset: int
    reason: str
    available_us: int | None = None


class Batch(msgspec.Struct):
    """Everything of one transaction; `info` goes to `store_info` (watermark, first_live_at)."""

    rows: dict[str, Rows] = {}
    dead_letters: list[DeadLetter] = []
    positions: list[Position] = []
    gaps: list[Gap] = []
    info: dict[str, str] = {}


class Written(msgspec.Struct, frozen=True):
    """What a batch changed."""

    n_new: dict[str, int]
    n_duplicates: int
    n_conflicts: int
    n_dead_letters: int
