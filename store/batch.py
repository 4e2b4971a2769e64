"""What the collector hands to the writer: events, dead letters and positions of one transaction."""

import msgspec

from decayd.events import Event


class Rows(msgspec.Struct):
    """Events of one kind in arrival order; three lists of equal length."""

    events: list[Event] = []
    ts_us: list[int] = []
    available_us: list[int] = []

    def add(self, event: Event, ts_us: int, available_us: int) -> None:
        """Append one event with its time and the time from which queries may see it."""
        self.events.append(event)
        self.ts_us.append(ts_us)
        self.available_us.append(available_us)


class DeadLetter(msgspec.Struct, frozen=True):
    """A record that can't become rows, with where it came from and why.

    `size_bytes` is that of the whole record, of which `value` may be only the beginning.
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
