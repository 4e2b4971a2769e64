"""Files into the store: back-filling, and replay, which lets jobs run after every batch."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from collector.files import FileOptions, FileSource, topics_of
from collector.pipeline import Built, Pipeline
from decayd.clock import Clock
from decayd.config import Settings
from store.batch import Written
from store.database import Store
from store.pseudonyms import Pseudonyms

BATCH_RECORDS = 10_000  # larger batches cost memory and gain nothing that could be measured


class Totals(msgspec.Struct):
    """What was read and what became of it."""

    n_records: int = 0
    n_new: Counter[str] = msgspec.field(default_factory=Counter)
    n_duplicates: int = 0
    n_conflicts: int = 0
    n_tombstones: int = 0
    bad: Counter[str] = msgspec.field(default_factory=Counter)

    @property
    def n_bad(self) -> int:
        """Return how many records became dead letters, conflicts left out."""
        return self.bad.total()

    def add(self, built: Built, written: Written) -> None:
        """Count one batch."""
        self.n_records += built.n_records
        self.n_new.update(written.n_new)
        self.n_duplicates += written.n_duplicates
        self.n_conflicts += written.n_conflicts
        self.n_tombstones += built.n_tombstones
        self.bad.update(letter.reason for letter in built.batch.dead_letters)


def ingest(
    store: Store,
    files: Sequence[Path],
    settings: Settings,
    clock: Clock,
    pseudonyms: Pseudonyms,
    options: FileOptions | None = None,
) -> Totals:
    """Back-fill files: everything in them is in the store once, however often it is done.

    Parameters
    ----------
    store, settings, pseudonyms
        Where rows go, limits and grace, how user ids are replaced.
    files
        JSONL files, gzip or not.
    clock
        Says what is too far in the future: the wall clock.
    options
        Kind, format, progress.

    Raises
    ------
    UsageError
        When a file is missing or can't be read; found out before anything is stored, but for a
        file that breaks off in the middle: what was read of it stays stored.
    """
    options = options or FileOptions()
    source = _source(files, settings, options, merge=False)
    pipeline = Pipeline(store, settings, clock, pseudonyms, topics_of(files, options), live=False)
    totals = Totals()
    for totals in _batches(store, source, pipeline):  # noqa: B007 - the last one is wanted
        pass
    return totals


def replay_batches(
    store: Store,
    files: Sequence[Path],
    settings: Settings,
    clock: Clock,
    pseudonyms: Pseudonyms,
    options: FileOptions | None = None,
) -> Iterator[Totals]:
    """Store files as if their records arrived live, merged by time; yield after every batch.

    Whoever iterates runs the jobs that are due in between. Parameters and errors are those of
    `ingest`; the same object is yielded each time, with the totals so far.
    """
    options = options or FileOptions()
    source = _source(files, settings, options, merge=True)
    pipeline = Pipeline(store, settings, clock, pseudonyms, topics_of(files, options), live=True)
    return _batches(store, source, pipeline)


def _source(
    files: Sequence[Path], settings: Settings, options: FileOptions, *, merge: bool
) -> FileSource:
    limit = settings.collector.max_record_kib * 1024
    return FileSource(files, limit, merge=merge, progress=options.progress)


def _batches(store: Store, source: FileSource, pipeline: Pipeline) -> Iterator[Totals]:
    totals = Totals()
    try:
        for partition in sorted(source.waiting()):
            pipeline.watermark.assign(partition, None)
            source.seek(partition, 0)
        while records := source.poll(0, BATCH_RECORDS):
            built = pipeline.build(records, source.unread())
            totals.add(built, pipeline.write(built.batch))
            yield totals
        store.checkpoint()
    finally:
        source.close(0)
