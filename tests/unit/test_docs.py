"""The pages say what the code does: tables, settings, commands, events, links, examples."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from collector.formats import native
from collector.source import Defaults
from decayd import plugins
from decayd.cli import app
from decayd.config import Settings
from decayd.events import KINDS, Event
from decayd.jobs import JOBS
from store.database import Store
from tests.event_rows import select, write

REPOSITORY = Path(__file__).resolve().parent.parent.parent
DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
page = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(REPOSITORY)))


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def tables(markdown: str) -> dict[str, list[tuple[str, str]]]:
    """Return (first cell, second cell) of each row of the tables under each `###` heading."""
    sections = re.compile(r"^### (.+?)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
    found: dict[str, list[tuple[str, str]]] = {}
    for heading, body in sections.findall(markdown):
        rows = re.findall(r"^\| (\S+) \| ([^|]*?) \|", body, flags=re.MULTILINE)
        found[heading] = [row for row in rows if row[0] not in ("column", "---")]
    return found


def test_the_schema_page_lists_every_table_and_column(store: Store) -> None:
    with store.transaction() as tx:
        columns = tx.query(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
            " ORDER BY table_name, column_index"
        )
    stored: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in columns:
        stored.setdefault(table, []).append((column, kind))
    described = tables(text("schema.md"))
    shared = described.pop("every event")
    for kind in KINDS:
        described[f"{kind}s"] = shared + described[f"{kind}s"]
    assert described == stored


def test_the_schema_page_names_every_macro() -> None:
    macros = (REPOSITORY / "store" / "macros").glob("*.sql")
    named = set(re.findall(r"`(\w+)\(as_of", text("schema.md")))
    assert named == {re.sub(r"^\d+_", "", macro.stem) for macro in macros}


def example(kind: str) -> Event:
    section = re.split(rf"^## {kind}$", text("events.md"), flags=re.MULTILINE)[1]
    found = re.search(r"```json\n(.*?)```", section, re.DOTALL)
    assert found
    return native.decode(found[1].encode(), Defaults(kind=kind))[0]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_event_has_an_example_that_decodes(kind: str) -> None:
    event = example(kind)
    assert event.kind == kind
    assert event.extra is None


def test_the_examples_of_the_events_page_can_be_stored_and_belong_together(store: Store) -> None:
    assert write(store, *map(example, KINDS)).n_new == dict.fromkeys(KINDS, 1)
    joined = "SELECT count(*) FROM request_signals('2027-01-01') JOIN requests USING (request_key)"
    assert select(store, joined) == [(1,)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_every_kind_is_described(kind: str) -> None:
    section = re.split(r"^## ", text("events.md"), flags=re.MULTILINE)
    body = next(part for part in section if part.partition("\n")[0] == kind)
    described = set(re.findall(r"^\| `([\w`, ]+)` \|", body, flags=re.MULTILINE))
    names = {name for cell in described for name in re.findall(r"\w+", cell)}
    fields = set(KINDS[kind].__struct_encode_fields__) - {"event_id", "v", "extra", "ts"}
    assert names == fields


def test_every_setting_is_in_the_config_file() -> None:
    config = (REPOSITORY / "config.toml").read_text(encoding="utf-8")
    for section, field in Settings.model_fields.items():
        assert f"[{section}" in config
        for key in getattr(field.annotation, "model_fields", {}):
            assert re.search(rf"^(?:# )?(?:{key} = |\[{section}\.{key}\.)", config, re.MULTILINE)


def test_every_setting_that_a_page_names_exists() -> None:
    named = {
        match
        for path in PAGES
        for match in re.findall(r"`((?:[a-z]+)\.(?:[a-z_]+))`", path.read_text(encoding="utf-8"))
    }
    for name in sorted(named):
        section, key = name.split(".")
        field = Settings.model_fields.get(section)
        fields = getattr(field.annotation, "model_fields", None) if field else None
        assert fields is None or key in fields, name


def commands(group: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        here = (*path, name)
        found += commands(command, here) if hasattr(command, "commands") else [here]
    return found


@pytest.mark.parametrize("command", commands(typer.main.get_command(app)), ids=" ".join)
def test_every_command_is_documented(command: tuple[str, ...]) -> None:
    assert f"`{' '.join(command)}" in text("cli_json.md")


def test_every_command_that_a_page_shows_exists() -> None:
    known = {" ".join(command) for command in commands(typer.main.get_command(app))}
    groups = {name.split()[0] for name in known if " " in name}
    for path in PAGES:
        for shown in re.findall(
            r"decayd (?:--\w+ \S+ )*([a-z]+(?:-[a-z]+)*)(?: ([a-z]+(?:-[a-z]+)*))?",
            "\n".join(code_of(path.read_text(encoding="utf-8"))),
        ):
            first, second = shown
            if first in groups:
                assert f"{first} {second}" in known, f"{path.name}: {shown}"
            else:
                assert first in known, f"{path.name}: {shown}"


def code_of(markdown: str) -> list[str]:
    """Return inline code, fenced blocks and indented blocks."""
    fenced = re.findall(r"```\w*\n(.*?)```", markdown, re.DOTALL)
    rest = re.sub(r"```.*?```", "", markdown, flags=re.DOTALL)
    indented = re.findall(r"^ {4}(.*)$", rest, re.MULTILINE)
    return [*fenced, *indented, *re.findall(r"`([^`\n]+)`", rest)]


def test_every_job_is_explained() -> None:
    described = text("architecture.md")
    for job in JOBS:
        assert f"`{job.name}`" in described
        assert f"`{job.module.replace('.', '/')}.py`" in described


@page
def test_every_file_that_a_page_links_to_exists(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@page
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    tops = "decayd|store|collector|drift|training_sets|decay_reports|dashboards|deploy|docs|tests"
    named = re.findall(rf"`((?:{tops})/[\w./-]*)`", page.read_text(encoding="utf-8"))
    in_a_wheel = {"decayd/_app", "decayd/_app/"}
    assert [n for n in named if n not in in_a_wheel and not (REPOSITORY / n).exists()] == []


def test_every_plug_in_folder_is_explained() -> None:
    described = text("architecture.md")
    for folder in ("collector.formats", "drift.detectors", "training_sets.formats",
                   "decay_reports.formats", "decay_reports.delivery"):  # fmt: skip
        package = __import__(folder, fromlist=["formats"])
        assert f"`{folder.replace('.', '/')}/`" in described
        assert plugins.names(package)


@page
def test_pages_stay_short(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    prose = [line for line in lines if not line.startswith("|")]  # tables are for looking up
    assert len(prose) <= (40 if page.parent.name == "decisions" else 500)
    assert max(map(len, lines)) <= 200
