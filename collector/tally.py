"""Counts what was stored: for metrics, for the status, for whoever waits for a total."""

from collections import Counter, deque

import msgspec

from collector.pipeline import Built
from decayd.metrics import Metrics
from store.batch import Written

_SHARE_OVER = 1_000  # records over which the bad share is taken
_SHARE_FROM = 20  # records below which it would say nothing


class Totals(msgspec.Struct):
    """What was read and what became of it; `n_dead_letters` includes the conflicts.

    `n_outside` counts the events that were left out because they are not in the wanted range.
    """

    n_records: int = 0
    n_new: Counter[str] = msgspec.field(default_factory=Counter)
    n_duplicates: int = 0
    n_conflicts: int = 0
    n_dead_letters: int = 0
    n_tombstones: int = 0
    n_outside: int = 0
    dead_letters: Counter[str] = msgspec.field(default_factory=Counter)

    def add(self, built: Built, written: Written) -> None:
        """Count one batch."""
        self.n_records += built.n_records
        self.n_new.update(written.n_new)
        self.n_duplicates += written.n_duplicates
        self.n_conflicts += written.n_conflicts
        self.n_dead_letters += written.n_dead_letters
        self.n_tombstones += built.n_tombstones
        self.n_outside += built.n_outside
        self.dead_letters.update(reasons(built, written))


class Tally:
    """Totals of a collector's life, its metrics, and the share of bad records lately.

    Parameters
    ----------
    metrics
        What is counted.
    newest_us
        The newest event time that is known from earlier, in microseconds.
    """

    def __init__(self, metrics: Metrics, newest_us: int | None = None) -> None:
        self.totals = Totals()
        self.newest_us = newest_us
        self._metrics = metrics
        self._recent: deque[tuple[int, int]] = deque()  # records and bad ones of a batch
        self._n_recent = self._n_recent_bad = 0

    def add(self, built: Built, written: Written) -> None:
        """Count one batch."""
        self.totals.add(built, written)
        self._note_recent(built.n_records, built.n_bad)
        if built.newest_us >= 0:
            self.newest_us = max(built.newest_us, self.newest_us or 0)
        for kind, n in written.n_new.items():
            self._metrics.events.labels(kind).inc(n)
        self._metrics.duplicates.inc(written.n_duplicates)
        for reason, n in reasons(built, written).items():
            self._metrics.dead_letters.labels(reason).inc(n)

    @property
    def bad_share(self) -> float:
        """Return the share of bad records among the last thousand, 0 for fewer than 20."""
        return self._n_recent_bad / self._n_recent if self._n_recent >= _SHARE_FROM else 0.0

    def _note_recent(self, n_records: int, n_bad: int) -> None:
        self._recent.append((n_records, n_bad))
        self._n_recent += n_records
        self._n_recent_bad += n_bad
        while self._n_recent - self._recent[0][0] >= _SHARE_OVER:
            n_old, n_old_bad = self._recent.popleft()
            self._n_recent -= n_old
            self._n_recent_bad -= n_old_bad


def reasons(built: Built, written: Written) -> Counter[str]:
    """Return how many dead letters a batch gave, by reason."""
    found = Counter(letter.reason for letter in built.batch.dead_letters)
    if written.n_conflicts:
        found["conflict"] += written.n_conflicts
    return found
