"""Opens, locks, migrates and checkpoints the DuckDB file; gives read cursors and one writer."""

import hashlib
import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from decayd.config import StoreSettings
from decayd.errors import SchemaMismatch, StoreError, StoreLocked

_STORAGE = "v1.5.0"  # the oldest that keeps zstd columns; 1.5 and 2.0 both open it
_WAL_SAFETY = "1GB"  # the writer checkpoints far below this; the 16 MB default halves ingest


@cache
def sql(name: str) -> str:
    """Return the text of ``store/queries/<name>.sql``."""
    return resources.files("store").joinpath("queries", f"{name}.sql").read_text(encoding="utf-8")


class Transaction:
    """One open write transaction; also reads what it has written."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def table(self, query: str, **params: Any) -> pa.Table:
        """Run a named query and return its rows as Arrow."""
        return _arrow(self._connection, sql(query), params)

    def rows(self, query: str, **params: Any) -> list[dict[str, Any]]:
        """Run a named query and return its rows as dicts."""
        return _dicts(self._connection, sql(query), params)

    def run(self, statement: str, **params: Any) -> None:
        """Run a named statement that changes rows."""
        self._connection.execute(sql(statement), params)

    def stage(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable under `name` until the transaction ends."""
        self._connection.register(name, table)

    def append(self, table: str, rows: pa.Table | list[dict[str, Any]]) -> None:
        """Append rows by column name; columns that are left out become NULL."""
        data = rows if isinstance(rows, pa.Table) else self.typed(table, rows)
        if data.num_rows:
            self._connection.register("appended", data)
            columns = ", ".join(f'"{column}"' for column in data.column_names)
            self._connection.execute(
                f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM appended'  # noqa: S608
            )
            self._connection.unregister("appended")

    def set_info(self, **facts: str) -> None:
        """Set named facts in `store_info`."""
        for name, value in facts.items():
            self.run("store_info_delete", name=name)
            self.run("store_info_insert", name=name, value=value)

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Run SQL that `store` itself composed; everybody else names a query."""
        return self._connection.execute(text).fetchall()

    def typed(self, table: str, rows: list[dict[str, Any]]) -> pa.Table:
        """Return dicts as Arrow rows with the column types of `table`."""
        names = list(rows[0]) if rows else []
        empty = self._connection.execute(f'SELECT * FROM "{table}" LIMIT 0').to_arrow_table()  # noqa: S608
        schema = pa.schema([empty.schema.field(name) for name in names])
        return pa.Table.from_pylist(rows, schema=schema)


class Store:
    """The DuckDB file. One process owns it; threads read by cursors and write one after another."""

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection, store_id: str) -> None:
        self.path = path
        self.id = store_id
        self._connection = connection
        self._writing = threading.RLock()
        self.intake = threading.RLock()  # held while a batch is built and written: one watermark

    @classmethod
    def open(cls, settings: StoreSettings, *, read_only: bool = False) -> Self:
        """Open the file, making and migrating it when it may be written.

        Raises
        ------
        StoreLocked
            When another process holds the file; the message names its PID.
        SchemaMismatch
            When the file is newer than this decayd, or a migration was changed.
        StoreError
            When the file is missing (read-only) or is no DuckDB file.
        """
        if read_only and not settings.path.exists():
            raise StoreError(
                f"there is no store at {settings.path}",
                hint="`decayd ingest` or `decayd run` makes one; --store or store.path names it",
            )
        _make_folder(settings.path)
        connection = _connect(settings, read_only=read_only)
        try:
            if read_only:
                _check_current(connection)
            else:
                _migrate(connection)
            return cls(settings.path, connection, _store_id(connection))
        except BaseException:
            connection.close()
            raise

    def table(self, query: str, **params: Any) -> pa.Table:
        """Run a named query on committed data and return its rows as Arrow."""
        with self._connection.cursor() as cursor:
            return _arrow(cursor, sql(query), params)

    def rows(self, query: str, **params: Any) -> list[dict[str, Any]]:
        """Run a named query on committed data and return its rows as dicts."""
        with self._connection.cursor() as cursor:
            return _dicts(cursor, sql(query), params)

    def scalar(self, query: str, **params: Any) -> Any:
        """Run a named query and return the first column of its first row, or None."""
        rows = self.rows(query, **params)
        return next(iter(rows[0].values())) if rows else None

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Write all or nothing; one writer at a time, nested use joins nobody."""
        with self._writing, self._connection.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield Transaction(cursor)
                cursor.execute("COMMIT")
            except BaseException as error:
                with suppress(duckdb.Error):  # a failed COMMIT has ended it already
                    cursor.execute("ROLLBACK")
                if isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException):
                    raise _not_written(self.path, error) from error
                raise

    def append(self, table: str, rows: pa.Table | list[dict[str, Any]]) -> None:
        """Append rows in a transaction of their own."""
        with self.transaction() as transaction:
            transaction.append(table, rows)

    def info(self, name: str) -> str | None:
        """Return a named fact of `store_info`."""
        return next((row["value"] for row in self.rows("store_info") if row["name"] == name), None)

    def set_info(self, **facts: str) -> None:
        """Set named facts in a transaction of their own."""
        with self.transaction() as transaction:
            transaction.set_info(**facts)

    def wal_bytes(self) -> int:
        """Return the size of the write-ahead log."""
        wal = self.path.with_name(self.path.name + ".wal")
        return wal.stat().st_size if wal.exists() else 0

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file; call it from the writing thread."""
        with self._writing, self._connection.cursor() as cursor:
            try:
                cursor.execute("CHECKPOINT")
            except duckdb.IOException as error:
                raise _not_written(self.path, error) from error

    def close(self) -> None:
        """Close the file; later calls fail."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()


def _not_written(path: Path, error: Exception) -> StoreError:
    return StoreError(
        f"the store {path} can't be written: {str(error).splitlines()[0]}",
        hint="free disk space or raise store.memory_limit; nothing was lost",
    )


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"can't make the folder of the store {path}: {error.strerror}", hint="set store.path"
        ) from error


def _connect(settings: StoreSettings, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": settings.threads,
        "memory_limit": settings.memory_limit,
        "autoinstall_known_extensions": False,
        "storage_compatibility_version": _STORAGE,
    }
    try:
        connection = duckdb.connect(str(settings.path), read_only=read_only, config=config)
        connection.execute(f"SET wal_autocheckpoint='{_WAL_SAFETY}'")
        connection.execute("SET enable_progress_bar=false")
        connection.execute("SET TimeZone='UTC'")
    except duckdb.IOException as error:
        raise _io_error(settings.path, str(error)) from error
    except duckdb.Error as error:
        raise StoreError(f"can't open the store {settings.path}: {error}") from error
    return connection


def _io_error(path: Path, text: str) -> StoreError:
    if "Could not set lock" not in text:
        return StoreError(f"can't open the store {path}: {text.splitlines()[0]}")
    holder = re.search(r"PID (\d+)", text)
    process = f"process {holder.group(1)}" if holder else "another process"
    return StoreLocked(
        f"{process} holds the store {path}",
        hint="a daemon? stop it, or let its API answer; one process owns the file",
    )


def _texts(folder_name: str) -> dict[str, str]:
    folder = resources.files("store").joinpath(folder_name)
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return {name: folder.joinpath(name).read_text(encoding="utf-8") for name in names}


def _migrations() -> list[tuple[int, str, str]]:
    texts = _texts("migrations").items()
    return [
        (int(name[:4]), text, hashlib.sha256(text.encode()).hexdigest()) for name, text in texts
    ]


def _migrate(connection: duckdb.DuckDBPyConnection) -> None:
    if not connection.execute("SELECT 1 FROM duckdb_tables() LIMIT 1").fetchone():
        connection.execute("CREATE TABLE schema_migrations (version INTEGER, sha256 VARCHAR)")
    applied = _check_schema(connection)
    for version, text, digest in _migrations():
        if version not in applied:
            connection.execute("BEGIN")
            connection.execute(text)
            connection.execute("INSERT INTO schema_migrations VALUES (?, ?)", [version, digest])
            connection.execute("COMMIT")
            connection.execute("CHECKPOINT")
    for text in _texts("macros").values():
        connection.execute(text)


def _check_schema(connection: duckdb.DuckDBPyConnection) -> Mapping[int, str]:
    try:
        found = connection.execute("SELECT version, sha256 FROM schema_migrations").fetchall()
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise SchemaMismatch(
            "this DuckDB file was not made by decayd", hint="set store.path to a file of its own"
        ) from error
    applied = {int(version): str(digest) for version, digest in found}
    shipped = {version: digest for version, _, digest in _migrations()}
    for version, digest in applied.items():
        if version not in shipped:
            raise SchemaMismatch(
                f"the store has schema {version}, this decayd knows {max(shipped)}",
                hint="upgrade decayd, or restore a backup",
            )
        if digest != shipped[version]:
            raise SchemaMismatch(f"migration {version} was changed after it was applied")
    return applied


def _check_current(connection: duckdb.DuckDBPyConnection) -> None:
    applied = _check_schema(connection)
    missing = [version for version, _, _ in _migrations() if version not in applied]
    if missing:
        raise SchemaMismatch(
            f"the store lacks migration {missing[0]}, and reading must not change it",
            hint="run a command that writes, such as `decayd once`; it migrates the file",
        )


def _store_id(connection: duckdb.DuckDBPyConnection) -> str:
    query = "SELECT value FROM store_info WHERE name = 'store_id'"
    found = connection.execute(query).fetchone()
    if found:
        return str(found[0])
    fresh = str(uuid.uuid4())
    connection.execute("INSERT INTO store_info VALUES ('store_id', ?)", [fresh])
    return fresh


def _arrow(connection: duckdb.DuckDBPyConnection, text: str, params: Mapping[str, Any]) -> pa.Table:
    return connection.execute(text, dict(params)).to_arrow_table()


def _dicts(
    connection: duckdb.DuckDBPyConnection, text: str, params: Mapping[str, Any]
) -> list[dict[str, Any]]:
    cursor = connection.execute(text, dict(params))
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
