"""The command line: exit codes, messages without a traceback, JSON, help."""

import gzip
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import typer

from decayd import __version__
from decayd.cli import app
from decayd.cli.base import columns, plain
from decayd.config import StoreSettings
from store.database import Store
from tests.command import decayd

REQUEST = {
    "request_id": "r1", "ts": "2026-10-01T09:00:00Z", "feature": "search", "query": "where is it",
    "status": "ok", "user_id": "alice",
}  # fmt: skip


def expect(done: CompletedProcess[str], exit_code: int, *words: str) -> None:
    """Check exit code and message; no message may be a traceback."""
    assert done.returncode == exit_code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    for word in words:
        assert word in done.stderr


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the path and the definition of every command."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


EVERY_COMMAND = list(commands(typer.main.get_command(app)))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    (folder / "requests.jsonl").write_text(json.dumps(REQUEST) + "\nbroken\n")
    assert decayd(folder, "ingest", "requests.jsonl").returncode == 0
    return folder


@pytest.fixture
def folder(tmp_path: Path, filled: Path) -> Path:
    """A folder with a store that holds one request and one dead letter."""
    return Path(shutil.copytree(filled, tmp_path, dirs_exist_ok=True))


@pytest.mark.parametrize(("path", "command"), EVERY_COMMAND, ids=str)
def test_every_command_says_what_it_does_with_an_example(
    path: tuple[str, ...], command: Any
) -> None:
    lines = command.help.splitlines()
    assert lines[0].endswith(".")
    example = next(line.strip() for line in lines if line.strip().startswith("Example: "))
    assert f" {' '.join(path)}" in example
    assert all(
        getattr(option, "help", None) for option in command.params if option.opts[0][0] == "-"
    )


@pytest.mark.parametrize(("path", "command"), EVERY_COMMAND, ids=str)
def test_every_command_that_answers_can_answer_json(path: tuple[str, ...], command: Any) -> None:
    silent = {("run",), ("demo",)}
    assert path in silent or any("--json" in option.opts for option in command.params)


def test_help_and_version_answer_without_a_config(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("broken")
    done = decayd(tmp_path, "--help")
    expect(done, 0)
    assert "Exit codes" in done.stdout
    done = decayd(tmp_path, "datasets", "pull", "--help")
    expect(done, 0)
    assert "Example: decayd datasets pull" in done.stdout
    assert decayd(tmp_path, "--version").stdout == f"decayd {__version__}\n"


def test_an_unknown_setting_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[kafka]\nbootstrap_server = 'x'\n")
    expect(decayd(tmp_path, "status"), 2, "kafka.bootstrap_server", "bootstrap_servers")
    expect(decayd(tmp_path, "check", settings={"DECAYD_STORE__PAHT": "x"}), 2, "'path'")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--config", "none.toml", "status"), ("none.toml", "does not exist")),
        (("--config", ".", "status"), ("config file .",)),
        (("status",), ("there is no store at decayd.duckdb", "hint:")),
        (("ingest", "none.jsonl"), ("none.jsonl", "hint:")),
        (("ingest", "."), ("folder",)),
        (("ingest",), ("FILE",)),
        (("ingest", "--kind", "odd", "none.jsonl"), ("'odd'", "signal")),
        (("replay", "none.jsonl", "--from", "yesterday"), ("--from 'yesterday'", "2026-10-05")),
        (("replay", "none.jsonl", "--to", "2026-02-30"), ("--to '2026-02-30'",)),
        (("replay", "none.jsonl", "--from", ""), ("--from ''",)),
        (("replay", "none.jsonl", "--from", "2026-10-05", "--to", "2026-10-05"), ("later day",)),
        (("frobnicate",), ("No such command",)),
        (("status", "--nope"), ("No such option",)),
        (("report", "--fail-on", "odd"), ("'odd'", "critical")),
        (("dead-letters", "list", "--state", "odd"), ("'odd'", "retried")),
        (("dead-letters", "show", "x"), ("integer",)),
        (("--store", "/proc/none/x", "ingest", "none.jsonl"), ("/proc/none",)),
    ],
)
def test_a_call_that_can_not_be_done_exits_2(
    tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    expect(decayd(tmp_path, *arguments), 2, *words)
    assert not (tmp_path / "none.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (("datasets", "build", "none"), 2, ("'none'", "[datasets.none]")),
        (("datasets", "show", "none"), 12, ("'none'",)),
        (("datasets", "pull", "none", "-o", "out"), 12, ("'none'",)),
        (("datasets", "verify", "requests.jsonl"), 12, ("lock.json",)),
        (("findings", "show", "F-9"), 2, ("F-9", "findings list")),
        (("topics", "show", "t9"), 2, ("t9", "topics list")),
        (("dead-letters", "show", "9"), 2, ("9", "dead-letters list")),
        (("report", "--week", "41"), 2, ("'41'",)),
        (("report", "--as-of", "then"), 2, ("'then'",)),
        (("report",), 2, ("no week",)),
    ],
)
def test_what_is_not_in_the_store_is_named(
    folder: Path, arguments: tuple[str, ...], exit_code: int, words: tuple[str, ...]
) -> None:
    expect(decayd(folder, *arguments), exit_code, *words)


def test_a_missing_model_is_found_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text("")
    missing = {"DECAYD_TOPICS__MODEL": "no-such-model"}
    for arguments in (("check",), ("once",), ("run",), ("replay", "events.jsonl")):
        expect(decayd(tmp_path, *arguments, settings=missing), 2, "no-such-model", "hint:")
    assert not (tmp_path / "decayd.duckdb").exists()


def test_an_unknown_format_names_those_that_are_there(folder: Path) -> None:
    done = decayd(folder, "ingest", "--format", "odd", "requests.jsonl")
    expect(done, 2, "'odd'", "native")


def test_a_store_that_another_process_holds_is_said_to_be_held(tmp_path: Path) -> None:
    with Store.open(StoreSettings(path=tmp_path / "decayd.duckdb", threads=1)):
        for arguments in (("status",), ("once",)):
            expect(decayd(tmp_path, *arguments), 2, "holds the store", "hint:")


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "decayd.duckdb").write_text("some text")
    expect(decayd(tmp_path, "status"), 2, "decayd.duckdb")
    assert (tmp_path / "decayd.duckdb").read_text() == "some text"


def test_a_broker_that_is_not_there_exits_3(tmp_path: Path) -> None:
    there_is_none = {
        "DECAYD_KAFKA__ENABLED": "true", "DECAYD_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
    }  # fmt: skip
    expect(decayd(tmp_path, "once", settings=there_is_none), 3, "127.0.0.1:1")


def test_an_address_beyond_this_machine_is_refused(tmp_path: Path) -> None:
    open_to_all = {"DECAYD_SERVER__HOST": "0.0.0.0"}  # noqa: S104
    expect(decayd(tmp_path, "run", settings=open_to_all), 2, "loopback")


def test_bad_records_are_counted_and_exit_0(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "requests.jsonl.gz", "wt") as file:
        file.write(json.dumps(REQUEST) + '\nbroken\n{"request_id": 1}\n')
    done = decayd(tmp_path, "ingest", "requests.jsonl.gz", "--json")
    expect(done, 0)
    totals = json.loads(done.stdout)
    assert totals["n_new"] == {"request": 1}
    assert totals["n_dead_letters"] == 2
    again = decayd(tmp_path, "ingest", "requests.jsonl.gz")
    assert "nothing new" in again.stdout
    assert len(json.loads(decayd(tmp_path, "dead-letters", "list", "--json").stdout)) == 2


def test_dead_letters_are_shown_retried_and_dropped(folder: Path) -> None:
    assert "broken" in decayd(folder, "dead-letters", "show", "1").stdout
    done = decayd(folder, "dead-letters", "retry", "1", "--json")
    expect(done, 0)
    assert [one["id"] for one in json.loads(done.stdout)["still_bad"]] == [1]
    expect(decayd(folder, "dead-letters", "drop", "1"), 0)
    assert decayd(folder, "dead-letters", "list").stdout == "no dead letters\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("check",),
        ("once",),
        ("findings", "list"),
        ("topics", "list"),
        ("datasets", "list"),
    ],
)
def test_json_is_alone_on_stdout(folder: Path, arguments: tuple[str, ...]) -> None:
    done = decayd(folder, *arguments, "--json")
    expect(done, 0)
    assert isinstance(json.loads(done.stdout), list | dict)


def test_check_explains_where_each_setting_is_from(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[store]\nthreads = 1\n")
    secret = {"DECAYD_PRIVACY__KEY": "correct horse", "DECAYD_LOG__LEVEL": "error"}
    done = decayd(tmp_path, "check", "--explain", settings=secret)
    expect(done, 0)
    assert re.search(r"store\.threads +1 +config\.toml", done.stdout)
    assert re.search(r"log\.level +error +environment", done.stdout)
    assert re.search(r"privacy\.key +\*\*\* +environment", done.stdout)
    assert re.search(r"server\.port +8077 +default", done.stdout)
    assert "correct horse" not in done.stdout


def test_the_store_flag_wins_over_the_config(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[store]\npath = "a.duckdb"\n')
    (tmp_path / "requests.jsonl").write_text("")
    expect(decayd(tmp_path, "--store", "b.duckdb", "ingest", "requests.jsonl"), 0)
    assert (tmp_path / "b.duckdb").exists()
    assert not (tmp_path / "a.duckdb").exists()


def test_tables_show_control_characters_and_never_send_them() -> None:
    shown = columns([{"a": "\x1b[31mred\n", "b": None}], ["a", "b"], empty="none")
    assert shown.splitlines()[1].split("  ")[0].strip() == "\ufffd[31mred\ufffd"
    assert columns([], ["a"], empty="none") == "none"
    assert len(plain("x" * 1000)) == 80
