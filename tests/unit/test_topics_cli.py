"""`topics`, `baseline` and `findings ack` as people and programs use them."""

import json
import re
import shutil
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from dashboards.operations import Context, perform
from decayd.clock import ManualClock
from decayd.config import Settings
from decayd.errors import UsageError
from store.database import Store
from tests.command import decayd
from tests.edited_topics import CLOSED, closed, closed_file
from tests.topic_streams import close
from tests.topics_job import everything
from tests.unit.test_cli_json import PAGE, documented

__all__ = ["closed", "closed_file"]  # fixtures of another file

BY = {"author": "ann", "reason": "as support calls them"}
SIGNED = ("--author", "ann", "--reason", "as support calls them")
FEATURE = ("--feature", "assistant")


@pytest.fixture
def context(closed: Store, clock: ManualClock) -> Context:
    return Context(closed, Settings(), clock)


@pytest.fixture
def folder(closed_file: Path, tmp_path: Path) -> Path:
    """A folder of its own with the store."""
    shutil.copy(closed_file, tmp_path / "decayd.duckdb")
    return tmp_path


def said(done: CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_person_renames_and_merges_and_sees_it(folder: Path) -> None:
    assert (
        "lost parcels" in decayd(folder, "topics", "rename", "n1", "lost parcels", *SIGNED).stdout
    )
    merged = said(decayd(folder, "topics", "merge", "n2", "n1", *FEATURE, *SIGNED, "--json"))
    assert (merged["edit_id"], merged["topic_id"], merged["value"]) == ("E-2", "n2", "n1")
    listed = decayd(folder, "topics", "list").stdout
    assert "merged into n1" in listed
    assert "lost parcels" in listed
    shown = decayd(folder, "topics", "show", "n1", "--requests", "2").stdout
    for words in ("lost parcels", "as support calls them", "F-1", "decayd findings show", "weeks"):
        assert words in shown


def test_a_refit_and_a_baseline_are_looked_at_first(folder: Path) -> None:
    refit = decayd(folder, "topics", "refit", *FEATURE, *SIGNED, "--preview")
    assert "would become version 2" in refit.stdout
    weeks = ("--weeks", f"{close(2):%Y-%m-%d}..{close(5):%Y-%m-%d}")
    accept = ("baseline", "accept", "--kind", "topics", *weeks, *FEATURE, *SIGNED)
    assert "would be version 2" in decayd(folder, *accept, "--preview").stdout
    assert said(decayd(folder, *accept, "--json"))["version"] == 2


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("topics", "merge", "n1", "n1", *SIGNED), "into itself"),
        (("topics", "rename", "n1", "a\x1b[2Jb", *SIGNED), "can't be shown"),
        (("topics", "rename", "n1", "x"), "--author"),
        (("findings", "ack", "F-9", "--action", "fix", *SIGNED), "no finding"),
    ],
)
def test_a_mistake_is_explained_and_exits_2(
    folder: Path, command: tuple[str, ...], words: str
) -> None:
    done = decayd(folder, *command)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert words in done.stderr


def test_hostile_text_does_not_reach_the_terminal(closed_file: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(closed_file, tmp_path / "decayd.duckdb"))
    with Store.open(Settings.model_validate({"store": {"path": path}}).store) as store:
        row = store.rows("topic_latest", feature="assistant", as_of=close(CLOSED))[0]["topic"]
        hostile = ["\x1b[2J\u202emoc", "[bold red]<script>", "mail ann@example.org"]
        changed = {"as_of": close(CLOSED), "examples": hostile, "label": "a\x1b[31mb\nc"}
        store.append("topics", [row | {"topic_id": "n7", "state": "emerging"} | changed])
    for shown in (("topics", "show", "n7"), ("topics", "list")):
        out = decayd(tmp_path, *shown).stdout
        assert "n7" in out
        assert not {"\x1b", "\u202e"} & set(out)
        assert "ann@example.org" not in out


def test_the_documented_keys_come_out(context: Context) -> None:
    weeks = f"{close(2):%Y-%m-%d}..{close(5):%Y-%m-%d}"
    about = {"feature": "assistant", "weeks": weeks}
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("topics show", "topic", {"topic_id": "n1"}),
        ("topics rename", "topic_rename", {"topic_id": "n1", "label": "lost", **BY}),
        ("topics merge", "topic_merge", {"from_id": "n2", "into_id": "n1", **BY}),
        ("baseline accept", "baseline_preview", about | {"kind": "topics"}),
        ("topics refit", "topics_refit", about | BY),
        ("findings ack", "finding_ack", {"finding_id": "F-1", "action": "fix", **BY}),
    ]
    for command, operation, arguments in calls:
        found = perform(context, operation, arguments)
        value = found[0] if isinstance(found, list) else found
        assert set(value) == documented(command), command


def test_every_key_of_a_topic_is_documented(context: Context) -> None:
    keys = {key for row in perform(context, "topics", {}) for key in row}
    page = PAGE.read_text(encoding="utf-8").partition("A topic of `topics list`")[2]
    described = re.findall(r"^\| (`[^|]*) \|", page, flags=re.MULTILINE)
    assert keys == {key for cell in described for key in re.findall(r"`(\w+)`", cell)} - {"key"}


def test_a_finding_is_shown_with_what_was_decided(context: Context) -> None:
    perform(context, "finding_ack", {"finding_id": "F-1", "action": "accept", **BY})
    found = perform(context, "finding", {"finding_id": "F-1"})["acknowledgements"]
    assert [(each["action"], each["actor"], each["note"]) for each in found] == [
        ("accept", "ann", "as support calls them")
    ]


def test_success_needs_closed_whole_weeks(context: Context) -> None:
    asked = {"feature": "assistant", "kind": "success", "weeks": "2026-01-05..2026-01-26"}
    with pytest.raises(UsageError, match="no closed whole week"):
        perform(context, "baseline_accept", asked | BY)


def test_nothing_is_refitted_while_a_close_waits_for_its_jobs(context: Context) -> None:
    late = close(CLOSED + 1)
    before = everything(context.store)
    row = {"job": "close", "as_of": close(CLOSED), "state": "done", "details": "{}"}
    context.store.append("job_runs", [row])
    context.store.set_info(watermark=late.replace(hour=1).isoformat())
    with pytest.raises(UsageError, match="have not run yet"):
        perform(context, "topics_refit", {"feature": "assistant", **BY})
    assert everything(context.store) == before


def test_an_edit_is_made_through_the_same_operation_over_http(context: Context) -> None:
    with pytest.raises(UsageError, match="can't be done with these arguments"):
        perform(context, "topic_rename", {"topic_id": "n1", "label": "x"})
    with pytest.raises(UsageError, match="can't be done with these arguments"):
        perform(context, "finding_ack", {"finding_id": "F-1", "action": "forget", **BY})
