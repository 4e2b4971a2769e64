"""docs/cli_json.md is a contract: the keys it names are the keys that come out."""

import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from dashboards.operations import Context, perform
from decayd.clock import ManualClock
from decayd.config import Settings
from store.batch import DeadLetter
from store.database import Store
from tests.event_rows import request, write

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "cli_json.md"
AS_OF = datetime(2026, 10, 12)  # noqa: DTZ001 - the store's times are naive UTC
SAME = {"feature": "search", "as_of": AS_OF}
WEEK = date(2026, 10, 5)
ROWS: dict[str, dict[str, Any]] = {
    "findings": SAME | {
        "finding_id": "F-1", "kind": "success_fell", "week": WEEK, "title": "it fell",
        "severity": "critical", "state": "open", "body": "{}", "member_request_ids": ["r1"],
    },
    "topics": SAME | {
        "topic_id": "t1", "version": 1, "label": "refunds", "state": "frozen", "first_week": WEEK,
        "examples": ["where is it"], "reference_share": 0.2, "model_id": "m",
    },
    "datasets": {
        "name": "fixes", "version": "0.1.0", "state": "candidate", "as_of": AS_OF,
        "manifest_sha256": "00", "manifest": "{}", "n_rows": 3,
    },
}  # fmt: skip


def documented(command: str) -> set[str]:
    """Return the outermost keys that the page names for a command."""
    row = next(
        line for line in PAGE.read_text().splitlines() if line.startswith(f"| `{command}` |")
    )
    shape = re.search(r"`\[?\{(.*)\}\]?`", row.split("|", 2)[2])
    assert shape
    outermost = shape[1]
    while outermost != (less := re.sub(r"[\[{][^\[\]{}]*[\]}]", "", outermost)):
        outermost = less
    return set(re.findall(r"\w+(?=:|,|$)", re.sub(r": *\w+", ":", outermost)))


@pytest.fixture
def context(store: Store, settings: Settings, clock: ManualClock) -> Context:
    for table, row in ROWS.items():
        store.append(table, [row])
    letter = DeadLetter(
        topic="t", partition=0, offset=1, reason="malformed", field="$", message="m", value=b"{",
        kind="request", size_bytes=1,
    )  # fmt: skip
    write(store, request(), dead_letters=[letter])
    return Context(store, settings, clock)


@pytest.mark.parametrize(
    ("command", "operation"),
    [
        ("status", "status"),
        ("findings list", "findings"),
        ("datasets list", "datasets_list"),
        ("dead-letters list", "dead_letters"),
    ],
)
def test_the_documented_keys_come_out(context: Context, command: str, operation: str) -> None:
    found = perform(context, operation, {})
    value = found[0] if isinstance(found, list) else found
    assert set(value) == documented(command)


def test_a_finding_is_shown_with_what_it_rests_on(context: Context) -> None:
    shown = perform(context, "finding", {"finding_id": "F-1"})
    assert shown["member_request_ids"] == ["r1"]
    assert isinstance(shown["body"], dict)


def test_dropping_and_retrying_give_the_documented_keys(context: Context) -> None:
    retried = perform(context, "dead_letters_retry", {"ids": [1]})
    assert set(retried) == documented("dead-letters retry")
    dropped = perform(context, "dead_letters_drop", {"ids": [1]})
    assert set(dropped) == documented("dead-letters drop")


def test_an_ingest_gives_the_documented_keys(context: Context, tmp_path: Path) -> None:
    (tmp_path / "requests.jsonl").write_text("broken\n")
    totals = perform(context, "ingest", {"files": [str(tmp_path / "requests.jsonl")]})
    assert set(totals) == documented("ingest")
