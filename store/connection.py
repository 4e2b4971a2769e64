"""The DuckDB connection: shared by cursors, and made again after an error that DuckDB calls fatal.

A fatal error, such as a full disk in the middle of a checkpoint, makes DuckDB refuse everything
until the file is opened again. What was committed is in the file and its log, so nothing is lost.
"""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb

from decayd import log
from decayd.config import StoreSettings
from decayd.errors import StoreError, StoreLocked, StoreUnavailable

_log = log.get("store")
BATCH_ROWS = 20_480
"""Rows of a row group and of the largest batch: a full one is compressed straight into the file,
past the log, which saves a tenth of what ingest costs."""
_STORAGE = "v1.5.0"  # the oldest that keeps zstd columns; 1.5 and 2.0 both open it
_WAL_SAFETY = "1GB"  # the writer checkpoints far below this; the 16 MB default halves ingest


class Connection:
    """The file as this process has it open; gives out cursors to any thread.

    Parameters
    ----------
    settings
        Which file, and what DuckDB may use.
    read_only
        Whether nothing may be written.

    Raises
    ------
    StoreLocked
        When another process holds the file.
    StoreError
        When it can't be opened.
    """

    def __init__(self, settings: StoreSettings, *, read_only: bool) -> None:
        self._settings = settings
        self._read_only = read_only
        self._raw = _connect(settings, read_only=read_only)
        self._guard = threading.Lock()
        self._n_cursors = 0
        self._is_lost = False
        self._preparation: Sequence[str] = ()
        self._idle: list[duckdb.DuckDBPyConnection] = []

    def prepare(self, statements: Sequence[str]) -> None:
        """Run these on every cursor from now on, before it is handed out."""
        self._preparation = statements

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a cursor of its own until the block ends; nothing of it stays.

        Raises
        ------
        StoreUnavailable
            When the disk fails or the file has to be opened again; a later call may succeed.
        StoreError
            When there is not enough memory.
        """
        with self._in_use() as raw, raw.cursor() as cursor:
            yield self._prepared(cursor)

    @contextmanager
    def reader(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a cursor for one read; it is used again, which saves a fifth of a small read.

        Raises
        ------
        StoreUnavailable, StoreError
            As `cursor` does.
        """
        with self._in_use() as raw:
            with self._guard:
                cursor = self._idle.pop() if self._idle else None
            if cursor is None:
                cursor = self._prepared(raw.cursor())
            try:
                yield cursor
            except BaseException:
                cursor.close()
                raise
            with self._guard:
                self._idle.append(cursor)

    @contextmanager
    def _in_use(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give the connection, which nobody opens again until the block ends."""
        with self._guard:
            if self._is_lost:
                self._open_again()
            self._n_cursors += 1
            raw = self._raw
        try:
            yield raw
        except duckdb.Error as error:
            self._is_lost = self._is_lost or _is_fatal(error)
            known = self._known(error)
            if known is None:
                raise
            raise known from error
        finally:
            with self._guard:
                self._n_cursors -= 1

    def _prepared(self, cursor: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        cursor.execute("USE store")
        for statement in self._preparation:
            cursor.execute(statement)
        return cursor

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def close(self) -> None:
        """Close the file; later calls fail."""
        self._close_idle()
        self._raw.close()

    def _open_again(self) -> None:
        """Open the file again once nobody uses the old connection: two would share one lock."""
        if self._n_cursors:
            raise StoreUnavailable(
                f"the store {self._settings.path} is about to be opened again", hint="try again"
            )
        self._close_idle()
        self._raw.close()
        self._raw = _connect(self._settings, read_only=self._read_only)
        self._is_lost = False
        _log.warning("the store was opened again after a fatal error")

    def _known(self, error: duckdb.Error) -> StoreError | None:
        """Return what an error means for whoever asked, None when it is a fault of the program."""
        path, text = self._settings.path, str(error).splitlines()[0]
        if isinstance(error, duckdb.OutOfMemoryException):
            hint = "raise store.memory_limit; nothing was lost"
            return StoreError(f"the store {path} needs more memory: {text}", hint=hint)
        failed_commit = isinstance(error, duckdb.TransactionException) and "to commit" in text
        if failed_commit or isinstance(error, duckdb.IOException | duckdb.FatalException):
            hint = "free disk space, or look at the disk; nothing was lost"
            return StoreUnavailable(f"the store {path} can't be used: {text}", hint=hint)
        return None


def _is_fatal(error: duckdb.Error) -> bool:
    """Tell whether DuckDB refuses the file from now on: an attached one is an I/O error only."""
    return isinstance(error, duckdb.FatalException) or "has been invalidated" in str(error)


def _connect(settings: StoreSettings, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": settings.threads,
        "memory_limit": settings.memory_limit,
        "autoinstall_known_extensions": False,
    }
    writing = f"ROW_GROUP_SIZE {BATCH_ROWS}, STORAGE_VERSION '{_STORAGE}'"
    mode = "READ_ONLY" if read_only else writing
    path = str(settings.path).replace("'", "''")
    try:
        connection = duckdb.connect(":memory:", config=config)
        connection.execute(f"ATTACH '{path}' AS store ({mode})")
        connection.execute(f"SET wal_autocheckpoint='{_WAL_SAFETY}'")
        connection.execute("SET enable_progress_bar=false")
        connection.execute("SET TimeZone='UTC'")
        connection.execute("SET GLOBAL late_materialization_max_rows=0")  # doubles a small read
    except duckdb.IOException as error:
        raise _io_error(settings, str(error)) from error
    except duckdb.Error as error:
        raise StoreError(f"can't open the store {settings.path}: {error}") from error
    return connection


def _io_error(settings: StoreSettings, text: str) -> StoreError:
    path = settings.path
    if "Could not set lock" not in text:
        return StoreError(f"can't open the store {path}: {text.splitlines()[0]}")
    holder = re.search(r"PID (\d+)", text)
    process = f"process {holder.group(1)}" if holder else "another process"
    return StoreLocked(
        f"{process} holds the store {path}",
        hint="a daemon? stop it, or let its API answer; one process owns the file",
    )
