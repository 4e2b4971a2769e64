"""The store: named queries on read cursors, one write transaction at a time, checkpoints."""

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib import resources
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from decayd.config import StoreSettings
from decayd.errors import StoreError
from store import schema
from store.connection import Connection

_MB = 2**20
_RESUME_MB = 64  # MB beyond the minimum before writing goes on, so that it does not stop at once


@cache
def sql(name: str) -> str:
    """Return the text of ``store/queries/<name>.sql``."""
    return resources.files("store").joinpath("queries", f"{name}.sql").read_text(encoding="utf-8")


class Transaction:
    """One open write transaction; also reads what it has written."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, schemas: dict[str, pa.Schema]
    ) -> None:
        self._connection = connection
        self._schemas = schemas

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
        if table not in self._schemas:
            empty = self._connection.execute(f'SELECT * FROM "{table}" LIMIT 0').to_arrow_table()  # noqa: S608
            self._schemas[table] = empty.schema
        names = list(rows[0]) if rows else []
        schema = pa.schema([self._schemas[table].field(name) for name in names])
        return pa.Table.from_pylist(rows, schema=schema)


class Store:
    """The DuckDB file. One process owns it; threads read by cursors and write one after another."""

    def __init__(self, settings: StoreSettings, connection: Connection, store_id: str) -> None:
        self.path = settings.path
        self.id = store_id
        self._min_free_mb = settings.min_free_mb
        self._connection = connection
        self._writing = threading.RLock()
        self._schemas: dict[str, pa.Schema] = {}  # of tables that dicts were appended to
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
            When the file is missing (read-only), is no DuckDB file, or can't be written.
        """
        if read_only and not settings.path.exists():
            raise StoreError(
                f"there is no store at {settings.path}",
                hint="`decayd ingest` or `decayd run` makes one; --store or store.path names it",
            )
        _make_folder(settings)
        connection = Connection(settings, read_only=read_only)
        try:
            with connection.cursor() as cursor:
                if read_only:
                    schema.check_current(cursor)
                    connection.prepare(schema.own_macros(cursor))
                else:
                    schema.migrate(cursor)
                return cls(settings, connection, schema.store_id(cursor))
        except BaseException:
            connection.close()
            raise

    def table(self, query: str, **params: Any) -> pa.Table:
        """Run a named query on committed data and return its rows as Arrow."""
        with self._connection.reader() as cursor:
            return _arrow(cursor, sql(query), params)

    def rows(self, query: str, **params: Any) -> list[dict[str, Any]]:
        """Run a named query on committed data and return its rows as dicts."""
        with self._connection.reader() as cursor:
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
                yield Transaction(cursor, self._schemas)
                cursor.execute("COMMIT")
            except BaseException:
                with suppress(duckdb.Error):  # a failed COMMIT has ended it already
                    cursor.execute("ROLLBACK")
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
            cursor.execute("CHECKPOINT")

    def free_bytes(self) -> int | None:
        """Return how much the file system of the file has left, None when it does not say."""
        try:
            return shutil.disk_usage(self.path.absolute().parent).free
        except OSError:
            return None

    def shortage(self, *, was_short: bool = False) -> str:
        """Say how much disk space is missing before rows may come in, '' when there is enough.

        Parameters
        ----------
        was_short
            Whether rows are waiting for space: then a little more than the minimum is asked for.
        """
        free, needed_mb = self.free_bytes(), self._min_free_mb + (_RESUME_MB if was_short else 0)
        if self._min_free_mb == 0 or free is None or free >= needed_mb * _MB:
            return ""
        return f"store has {free // _MB} MB free, needs {needed_mb}"

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


def _make_folder(settings: StoreSettings) -> None:
    path = settings.path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"can't make the folder of the store {path}: {error.strerror}", hint="set store.path"
        ) from error


def _arrow(connection: duckdb.DuckDBPyConnection, text: str, params: Mapping[str, Any]) -> pa.Table:
    return connection.execute(text, dict(params)).to_arrow_table()


def _dicts(
    connection: duckdb.DuckDBPyConnection, text: str, params: Mapping[str, Any]
) -> list[dict[str, Any]]:
    cursor = connection.execute(text, dict(params))
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
