"""The watermark: up to which event time everything is in, so that days and weeks may close.

It is the smallest of the largest event times of the active partitions, minus a grace, and never
goes back. It moves record by record, so that cutting the same records into other batches gives
every record the same `available_at`.
"""

from collections.abc import Iterable

from collector.source import Partition

ACTIVE_WITHIN_US = 3_600_000_000  # an idle partition that is 1 h behind the newest holds nothing up
_NEVER = -(2**63)


class Watermark:
    """Follows the partitions of one source.

    Active are partitions with unread records, delivered from or not, and those whose largest event
    time is within an hour of the newest one. Unread ones from which nothing came yet hold the
    watermark where it is.

    Parameters
    ----------
    grace_us
        How long after an event's time others of that time may still come, in microseconds.
    value_us
        Where it stood before; None for a new store.

    Examples
    --------
    >>> mark = Watermark(grace_us=10, value_us=None)
    >>> mark.assign(("requests", 0), None)
    >>> mark.pass_record(("requests", 0), 100, more=True)
    100
    >>> mark.value_us, mark.pass_record(("requests", 0), 50, more=False)
    (90, 90)
    """

    def __init__(self, grace_us: int, value_us: int | None) -> None:
        self._grace_us = grace_us
        self._value = _NEVER if value_us is None else value_us
        self._largest: dict[Partition, int] = {}
        self._unread: set[Partition] = set()
        self._newest = _NEVER
        self._holder: Partition | None = None  # the active partition that is furthest behind

    @property
    def value_us(self) -> int | None:
        """Return the watermark in microseconds since 1970, None while nothing is known."""
        return None if self._value == _NEVER else self._value

    def partitions(self) -> frozenset[Partition]:
        """Return the partitions that are followed."""
        return frozenset(self._largest)

    def largest_us(self, partition: Partition) -> int | None:
        """Return the largest event time that came from a partition."""
        largest = self._largest.get(partition, _NEVER)
        return None if largest == _NEVER else largest

    def assign(self, partition: Partition, largest_us: int | None) -> None:
        """Follow a partition, unread until told otherwise; `largest_us` as the store knows it."""
        known = _NEVER if largest_us is None else largest_us
        self._largest[partition] = max(known, self._largest.get(partition, _NEVER))
        self._newest = max(self._newest, self._largest[partition])
        self._unread.add(partition)
        self._holder = None

    def revoke(self, partitions: Iterable[Partition]) -> None:
        """Follow some partitions no longer."""
        for partition in partitions:
            self._largest.pop(partition, None)
            self._unread.discard(partition)
        self._newest = max(self._largest.values(), default=_NEVER)
        self._move()

    def set_unread(self, unread: Iterable[Partition]) -> None:
        """Say which of the partitions have records to come."""
        now = self._largest.keys() & set(unread)
        if now != self._unread:
            self._unread = now
            self._move()

    def raise_to(self, value_us: int | None) -> None:
        """Take over a later watermark that another source has written."""
        if value_us is not None:
            self._value = max(self._value, value_us)

    def pass_record(self, partition: Partition, ts_us: int | None, *, more: bool) -> int:
        """Take note of the next record and return when it becomes available.

        Parameters
        ----------
        partition
            Where the record comes from; one that is assigned.
        ts_us
            Its event time in microseconds; None when it has none that can be trusted.
        more
            Whether the partition has records to come after this one.

        Returns
        -------
        int
            The later of its event time and the watermark just before it, in microseconds.
        """
        available = self._value if ts_us is None or ts_us < self._value else ts_us
        changed = False
        if ts_us is not None and ts_us > self._largest[partition]:
            self._largest[partition] = ts_us
            self._newest = max(self._newest, ts_us)
            holder = self._holder
            changed = holder is None or holder == partition or not self._is_active(holder)
        if more != (partition in self._unread):
            (self._unread.add if more else self._unread.discard)(partition)
            changed = True
        if changed:
            self._move()
        return available

    def _is_active(self, partition: Partition) -> bool:
        recent = self._largest[partition] >= self._newest - ACTIVE_WITHIN_US
        return recent or partition in self._unread

    def _move(self) -> None:
        holder, behind, horizon = None, _NEVER, self._newest - ACTIVE_WITHIN_US
        for partition, largest in self._largest.items():  # a loop: this runs for most records
            if (holder is None or largest < behind) and (
                largest >= horizon or partition in self._unread
            ):
                holder, behind = partition, largest
        self._holder = holder
        if behind != _NEVER:
            self._value = max(self._value, behind - self._grace_us)
