"""Files into the store: back-filling, and replay, which lets jobs run after every batch."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypedDict, Unpack, get_args

from collector.file_source import FileSource, Progress, kind_of_name, topic_of
from collector.pipeline import Pipeline
from collector.tally import Totals
from decayd.clock import Clock
from decayd.config import Kind, Settings, TopicSettings
from decayd.errors import StoreUnavailable, UsageError
from store.connection import BATCH_ROWS
from store.database import Store
from store.pseudonyms import Pseudonyms

__all__ = ["FileOptions", "Totals", "ingest", "replay_batches"]

BATCH_RECORDS = BATCH_ROWS


class FileOptions(TypedDict, total=False):
    """How files are read: format, kind, event times that are wanted, who is told how far it got."""

    fmt: str
    kind: str | None
    progress: Progress | None
    within_us: range | None


def ingest(
    store: Store,
    files: Sequence[Path],
    settings: Settings,
    clock: Clock,
    pseudonyms: Pseudonyms,
    **options: Unpack[FileOptions],
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
        `fmt`, an input format (native); `kind`, what records are that don't say it (by default the
        file's name does); `within_us`, the event times that are wanted, in microseconds (all);
        `progress`, called with the share of the bytes that was read.

    Raises
    ------
    UsageError
        When a file is missing or can't be read; found out before anything is stored, but for a
        file that breaks off in the middle: what was read of it stays stored.
    StoreError
        When the disk has less than `store.min_free_mb` left. What was read until then is stored.
    """
    totals = Totals()
    source = _source(files, settings, options, merge=False)
    pipeline = _pipeline((store, settings, clock, pseudonyms), files, options, live=False)
    for totals in _batches(store, source, pipeline):  # noqa: B007 - the last one is wanted
        pass
    return totals


def replay_batches(
    store: Store,
    files: Sequence[Path],
    settings: Settings,
    clock: Clock,
    pseudonyms: Pseudonyms,
    **options: Unpack[FileOptions],
) -> Iterator[Totals]:
    """Store files as if their records arrived live, merged by time; yield after every batch.

    Whoever iterates runs the jobs that are due in between. Parameters and errors are those of
    `ingest`; the same object is yielded each time, with the totals so far.
    """
    source = _source(files, settings, options, merge=True)
    pipeline = _pipeline((store, settings, clock, pseudonyms), files, options, live=True)
    return _batches(store, source, pipeline)


def _source(
    files: Sequence[Path], settings: Settings, options: FileOptions, *, merge: bool
) -> FileSource:
    limit = settings.collector.max_record_kib * 1024
    return FileSource(files, limit, merge=merge, progress=options.get("progress"))


def _pipeline(
    parts: tuple[Store, Settings, Clock, Pseudonyms],
    files: Sequence[Path],
    options: FileOptions,
    *,
    live: bool,
) -> Pipeline:
    fmt, kind = options.get("fmt", "native"), options.get("kind")
    if kind not in (None, *get_args(Kind)):
        raise UsageError(f"there is no kind {kind!r}", hint=f"one of: {', '.join(get_args(Kind))}")
    topics = {
        topic_of(path): TopicSettings.model_validate(
            {"format": fmt, "kind": kind or kind_of_name(path)}
        )
        for path in files
    }
    pipeline = Pipeline(*parts, topics, live=live)
    pipeline.within_us = options.get("within_us")
    return pipeline


def _require_space(store: Store) -> None:
    if shortage := store.shortage():
        raise StoreUnavailable(
            f"{shortage}: reading stops",
            hint="free disk space, or lower store.min_free_mb, and run it again: what was read is "
            "stored, and nothing is stored twice",
        )


def _batches(store: Store, source: FileSource, pipeline: Pipeline) -> Iterator[Totals]:
    totals = Totals()
    try:
        for partition in sorted(source.waiting()):
            pipeline.watermark.assign(partition, None)
            source.seek(partition, 0)
        _require_space(store)
        while records := source.poll(0, BATCH_RECORDS):
            built, written = pipeline.process(records, source.unread())
            totals.add(built, written)
            pipeline.checkpoint()
            yield totals
            _require_space(store)
        store.checkpoint()
    finally:
        source.close(0)
