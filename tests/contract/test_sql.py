"""Every query of store/queries: described, used, defined once, and valid on a migrated store."""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from decayd.config import StoreSettings
from store.database import Store

REPOSITORY = Path(__file__).resolve().parent.parent.parent
QUERIES = sorted((REPOSITORY / "store" / "queries").glob("*.sql"))
FOLDERS = ("decayd", "store", "collector", "drift", "training_sets", "decay_reports", "dashboards")
# What callers stage before they run a query, as SQL that gives its columns.
STAGED = {
    "staged_letters": "SELECT * FROM dead_letters",
    "staged_positions": "SELECT *, 0::BIGINT AS max_ts_us FROM offsets",
    "staged_items": "SELECT *, 0::BIGINT AS available_us FROM eval_items",
    "candidates": "SELECT event_id, signal, request_id, request_key, session_id, ts FROM signals",
    "staged_signals": "SELECT event_id, signal, request_id, session_id, ts FROM signals",
    "placed": "SELECT request_key AS text_key, topic_id, similarity FROM request_topics",
    "embedded": "SELECT * FROM vectors",
}
STATEMENTS = ("select", "with", "insert", "update", "delete")
named = pytest.mark.parametrize("query", QUERIES, ids=lambda path: path.stem)


@cache
def code() -> str:
    files = [file for folder in FOLDERS for file in (REPOSITORY / folder).rglob("*.py")]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def bare(text: str) -> str:
    """Return SQL without comments and with single spaces."""
    return " ".join(re.sub(r"--[^\n]*", "", text).split())


def blank(text: str) -> str:
    """Return SQL without comments and without what is quoted, so that words are words."""
    return re.sub(r"'(?:[^']|'')*'", "''", bare(text))


def outermost(text: str) -> str:
    """Return SQL without anything in brackets."""
    while text != (less := re.sub(r"\([^()]*\)", "", text)):
        text = less
    return text


def with_nulls(text: str) -> str:
    """Return SQL in which every parameter is NULL; quoted JSON paths stay."""
    parts = re.split(r"('(?:[^']|'')*')", bare(text))
    return "".join(p if p.startswith("'") else re.sub(r"\$\w+", "NULL", p) for p in parts)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("sql") / "s.duckdb"
    with Store.open(StoreSettings(path=path, threads=1)) as opened:
        yield opened


@named
def test_the_first_line_says_what_a_row_is(query: Path) -> None:
    first = query.read_text(encoding="utf-8").splitlines()[0]
    assert re.match(r"-- \w.{15,}", first)


@named
def test_it_is_one_statement_that_names_its_columns(query: Path) -> None:
    text = blank(query.read_text(encoding="utf-8")).removesuffix(";")
    assert text.split()[0].lower() in STATEMENTS
    assert ";" not in text
    assert not re.search(r"SELECT (?:\w+\.)?\*(?! EXCLUDE)", outermost(text))


@named
def test_somebody_uses_it(query: Path) -> None:
    assert re.search(rf"[\"']{query.stem}[\"']", code())


@named
def test_it_takes_named_parameters_only(query: Path) -> None:
    text = blank(query.read_text(encoding="utf-8"))
    assert "?" not in text
    assert not re.search(r"\$\d", text)


def test_no_query_is_defined_twice() -> None:
    by_text = defaultdict(list)
    for query in QUERIES:
        by_text[bare(query.read_text(encoding="utf-8"))].append(query.stem)
    assert [names for names in by_text.values() if len(names) > 1] == []


def test_every_named_query_that_the_code_runs_exists() -> None:
    called = set(re.findall(r"\.(?:rows|table|scalar|run)\(\s*\"(\w+)\"\s*[,)]", code()))
    assert called - {query.stem for query in QUERIES} == set()


@named
def test_it_binds_on_a_migrated_store(store: Store, query: Path) -> None:
    text = with_nulls(query.read_text(encoding="utf-8"))
    with store.transaction() as tx:
        for name, columns in STAGED.items():
            if re.search(rf"\b{name}\b", text):
                tx.query(f"CREATE TEMP TABLE {name} AS {columns} LIMIT 0")
        assert tx.query(f"EXPLAIN {text}")
