"""The DuckDB file: made, migrated, locked, read, written all or nothing."""

import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from decayd.config import StoreSettings
from decayd.errors import SchemaMismatch, StoreError, StoreLocked
from store.database import Store

GAP = {"topic": "t", "partition": 0, "from_offset": 1, "to_offset": 2, "reason": "expired"}
HOLD = """
import sys
from pathlib import Path
from decayd.config import StoreSettings
from store.database import Store
with Store.open(StoreSettings(path=Path(sys.argv[1]), threads=1)):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_new_file_has_every_table_and_an_id(store: Store) -> None:
    assert store.rows("status_counts")[0]["n"] == 0
    assert len(store.id) == 36
    assert store.info("store_id") == store.id


def test_the_id_is_born_with_the_file_and_stays(store_settings: StoreSettings) -> None:
    with Store.open(store_settings) as store:
        born = store.id
    with Store.open(store_settings) as store:
        assert store.id == born
    with Store.open(store_settings, read_only=True) as store:
        assert store.id == born


def test_opening_twice_migrates_once(store_settings: StoreSettings) -> None:
    Store.open(store_settings).close()
    with Store.open(store_settings) as store, store.transaction() as tx:
        versions = tx.query("SELECT version FROM schema_migrations ORDER BY version")
    assert versions == sorted(set(versions))


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "s.duckdb"
    with Store.open(StoreSettings(path=path, threads=1)):
        assert path.exists()


def test_a_newer_schema_is_refused(store_settings: StoreSettings) -> None:
    with Store.open(store_settings) as store, store.transaction() as tx:
        tx.query("INSERT INTO schema_migrations VALUES (9999, 'x')")
    for read_only in (False, True):
        with pytest.raises(SchemaMismatch, match="9999"):
            Store.open(store_settings, read_only=read_only)


def test_a_changed_migration_is_refused(store_settings: StoreSettings) -> None:
    with Store.open(store_settings) as store, store.transaction() as tx:
        tx.query("UPDATE schema_migrations SET sha256 = 'other'")
    with pytest.raises(SchemaMismatch, match="changed"):
        Store.open(store_settings)


def test_an_older_schema_is_not_read_without_its_migrations(store_settings: StoreSettings) -> None:
    with Store.open(store_settings) as store, store.transaction() as tx:
        tx.query("DELETE FROM schema_migrations")
    with pytest.raises(SchemaMismatch) as caught:
        Store.open(store_settings, read_only=True)
    assert caught.value.hint


@pytest.mark.parametrize("table", ["t (a INTEGER)", "schema_migrations (version VARCHAR)"])
def test_another_programs_database_is_left_alone(tmp_path: Path, table: str) -> None:
    path = tmp_path / "other.duckdb"
    script = (
        "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('CREATE TABLE ' + sys.argv[2])"
    )
    subprocess.run([sys.executable, "-c", script, str(path), table], check=True)
    before = path.read_bytes()
    with pytest.raises(SchemaMismatch, match="not made by decayd"):
        Store.open(StoreSettings(path=path, threads=1))
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"PK\x03\x04 no database", b"lock" * 9000])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lock.duckdb"
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        Store.open(StoreSettings(path=path, threads=1))
    assert not isinstance(caught.value, StoreLocked)
    assert path.read_bytes() == content


@pytest.mark.parametrize("name", ["", "file/s.duckdb"])
def test_a_path_that_can_hold_no_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError) as caught:
        Store.open(StoreSettings(path=tmp_path / name, threads=1))
    assert not isinstance(caught.value, StoreLocked)


def _put_other_macros(settings: StoreSettings) -> None:
    """Leave the file as a decayd with other macros would."""
    with Store.open(settings) as store, store.transaction() as tx:
        tx.query("CREATE OR REPLACE MACRO user_requests(a) AS TABLE SELECT 7 AS n")
        tx.set_info(macros_sha256="of another version")
        assert tx.query("FROM user_requests('2027-01-01')") == [(7,)]


def test_reading_runs_the_programs_own_macros_and_leaves_the_file(
    store_settings: StoreSettings,
) -> None:
    _put_other_macros(store_settings)
    before = store_settings.path.read_bytes()
    with Store.open(store_settings, read_only=True) as store, store.transaction() as tx:
        assert tx.query("FROM user_requests('2027-01-01')") == []
        assert tx.query("FROM signal_scores('2027-01-01')") == []  # a macro that uses others
    assert store_settings.path.read_bytes() == before


def test_writing_replaces_macros_of_another_version(store_settings: StoreSettings) -> None:
    _put_other_macros(store_settings)
    Store.open(store_settings).close()
    with Store.open(store_settings, read_only=True) as store, store.transaction() as tx:
        assert tx.query("FROM user_requests('2027-01-01')") == []
        assert tx.query("SELECT count(*) FROM duckdb_functions() WHERE database_name = 'temp'") == [
            (0,)
        ]


def test_opening_a_current_file_writes_nothing(store_settings: StoreSettings) -> None:
    Store.open(store_settings).close()
    before = store_settings.path.read_bytes()
    with Store.open(store_settings) as store:
        assert store.wal_bytes() == 0
    assert store_settings.path.read_bytes() == before


def test_a_missing_store_is_not_made_by_reading(store_settings: StoreSettings) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        Store.open(store_settings, read_only=True)
    assert not store_settings.path.exists()


def test_a_store_held_by_another_process_names_its_pid(store_settings: StoreSettings) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(store_settings.path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        for read_only in (False, True):
            with pytest.raises(StoreLocked, match=str(holder.pid)) as caught:
                Store.open(store_settings, read_only=read_only)
            assert caught.value.hint
        holder.communicate(b"")
    Store.open(store_settings).close()


def test_reading_leaves_the_bytes_of_the_file(store_settings: StoreSettings) -> None:
    Store.open(store_settings).close()
    before = store_settings.path.read_bytes()
    with Store.open(store_settings, read_only=True) as store:
        store.rows("status_counts")
        with pytest.raises(Exception, match="read-only"):
            store.append("gaps", [GAP])
    assert store_settings.path.read_bytes() == before


def test_a_transaction_that_raises_leaves_nothing(store: Store) -> None:
    def half() -> None:
        with store.transaction() as tx:
            tx.append("gaps", [GAP])
            tx.set_info(mark="x")
            raise LookupError

    with pytest.raises(LookupError):
        half()
    assert store.info("mark") is None
    assert count(store, "gaps") == 0
    store.append("gaps", [GAP])
    assert count(store, "gaps") == 1


def test_a_statement_that_fails_is_the_error_that_comes_out(store: Store) -> None:
    def wrong() -> None:
        with store.transaction() as tx:
            tx.set_info(mark="x")
            tx.query("SELECT 1 / 'a'::INTEGER")

    with pytest.raises(Exception, match="Could not convert"):
        wrong()
    assert store.info("mark") is None


def test_a_transaction_reads_what_it_wrote_and_others_do_not(store: Store) -> None:
    with store.transaction() as tx:
        tx.set_info(mark="x")
        assert [row["value"] for row in tx.rows("store_info") if row["name"] == "mark"] == ["x"]
        assert store.info("mark") is None
    assert store.info("mark") == "x"


def test_appended_rows_take_the_columns_types_and_leave_the_others_null(store: Store) -> None:
    store.append("gaps", [{"topic": "t", "partition": 1}])
    store.append("gaps", pa.table({"partition": pa.array([2], pa.int32()), "topic": ["u"]}))
    store.append("gaps", [])
    with store.transaction() as tx:
        found = tx.query("SELECT topic, partition, reason FROM gaps ORDER BY partition")
    assert found == [("t", 1, None), ("u", 2, None)]


def test_threads_write_one_after_another(store: Store) -> None:
    def write(number: int) -> None:
        for _ in range(20):
            with store.transaction() as tx:
                last = int(next((r["value"] for r in tx.rows("store_info") if r["name"] == "n"), 0))
                tx.set_info(n=str(last + 1), **{f"by_{number}": "x"})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.info("n") == "80"


def test_a_checkpoint_empties_the_write_ahead_log(store: Store) -> None:
    store.append("gaps", [GAP])
    assert store.wal_bytes() > 0
    store.checkpoint()
    assert store.wal_bytes() == 0


def test_scalar_is_the_first_column_or_none(store: Store) -> None:
    assert store.scalar("dead_letter_last_id") == 0
    assert store.scalar("dead_letter_show", dead_letter_id=1) is None


def count(store: Store, table: str) -> int:
    with store.transaction() as tx:
        return int(tx.query(f'SELECT count(*) FROM "{table}"')[0][0])  # noqa: S608
