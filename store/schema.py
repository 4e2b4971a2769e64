"""What is in the DuckDB file beside rows: its tables, made by migrations, its macros and its id."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from importlib import resources

import duckdb

from decayd.errors import SchemaMismatch

_MACROS = "macros_sha256"


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring a file that may be written up to date; raise SchemaMismatch when it is newer."""
    if not connection.execute("SELECT 1 FROM duckdb_tables() LIMIT 1").fetchone():
        connection.execute("CREATE TABLE schema_migrations (version INTEGER, sha256 VARCHAR)")
    applied = _check(connection)
    for version, text, digest in _migrations():
        if version not in applied:
            connection.execute("BEGIN")
            connection.execute(text)
            connection.execute("INSERT INTO schema_migrations VALUES (?, ?)", [version, digest])
            connection.execute("COMMIT")
            connection.execute("CHECKPOINT")
    if not _has_our_macros(connection):
        connection.execute("BEGIN")
        for text in _texts("macros").values():
            connection.execute(text)
        connection.execute("DELETE FROM store_info WHERE name = ?", [_MACROS])
        connection.execute("INSERT INTO store_info VALUES (?, ?)", [_MACROS, _macros_digest()])
        connection.execute("COMMIT")


def check_current(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise SchemaMismatch when a file that is only read lacks a migration or is newer."""
    applied = _check(connection)
    missing = [version for version, _, _ in _migrations() if version not in applied]
    if missing:
        raise SchemaMismatch(
            f"the store lacks migration {missing[0]}, and reading must not change it",
            hint="run a command that writes, such as `decayd once`; it migrates the file",
        )


def own_macros(connection: duckdb.DuckDBPyConnection) -> Sequence[str]:
    """Return what gives a cursor our macros where another decayd has put its own in the file.

    They are temporary and hide the stored ones, also from other stored ones that use them.
    """
    if _has_our_macros(connection):
        return ()
    macro, temporary = "CREATE OR REPLACE MACRO", "CREATE OR REPLACE TEMP MACRO"
    return [text.replace(macro, temporary) for text in _texts("macros").values()]


def store_id(connection: duckdb.DuckDBPyConnection) -> str:
    """Return the id that was born with the file, or give it one."""
    query = "SELECT value FROM store_info WHERE name = 'store_id'"
    found = connection.execute(query).fetchone()
    if found:
        return str(found[0])
    fresh = str(uuid.uuid4())
    connection.execute("INSERT INTO store_info VALUES ('store_id', ?)", [fresh])
    return fresh


def _texts(folder_name: str) -> dict[str, str]:
    folder = resources.files("store").joinpath(folder_name)
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return {name: folder.joinpath(name).read_text(encoding="utf-8") for name in names}


def _migrations() -> list[tuple[int, str, str]]:
    texts = _texts("migrations").items()
    return [
        (int(name[:4]), text, hashlib.sha256(text.encode()).hexdigest()) for name, text in texts
    ]


def _macros_digest() -> str:
    return hashlib.sha256("".join(_texts("macros").values()).encode()).hexdigest()


def _has_our_macros(connection: duckdb.DuckDBPyConnection) -> bool:
    query = "SELECT value FROM store_info WHERE name = ?"
    return connection.execute(query, [_MACROS]).fetchone() == (_macros_digest(),)


def _check(connection: duckdb.DuckDBPyConnection) -> Mapping[int, str]:
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
