"""The register of components against traffic: four faults, each found once and nothing else."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from decay_reports.aspects import components
from decay_reports.facts.aspect import Look, Question
from decayd.config import Settings
from store.database import Store
from store.findings import append_findings
from tests.report_rows import FIRST, WEEK, close, request

START = datetime.combine(FIRST, datetime.min.time())
AS_OF = close(FIRST + 5 * WEEK)


def announce(store: Store, name: str, when: datetime = START, **values: Any) -> None:
    details = values.pop("details", {"owner": "search team"})
    store.append("changes", [{
        "event_id": f"c-{name}-{when}", "event_key": 1, "day": when.date(), "ts": when,
        "available_at": when, "duplicate": False, "artifact": "component", "name": name,
        "details": json.dumps(details),
    } | values])  # fmt: skip


def ask(store: Store, **values: Any) -> None:
    """One request a day for six weeks."""
    rows = [request(i, START + timedelta(days=i), **values) for i in range(42)]
    store.append("requests", rows)


def look(store: Store, settings: Settings, as_of: datetime = AS_OF) -> Look:
    return components.look(Question(store, "", as_of, (as_of - WEEK).date(), settings))


def found(asked: Look) -> list[tuple[str, str]]:
    return sorted((f.kind.removeprefix("component_"), f.details["about"]) for f in asked.findings)


def test_each_fault_planted_once_gives_exactly_four_findings(
    store: Store, settings: Settings
) -> None:
    ask(
        store, model_resolved="gpt-x", adapter="tone@3", region="eu",
        versions='{"prompt": "p7", "index": "kb-v3", "embedder": "mini"}',
        tool_calls='[{"name": "lookup", "ok": true}, {"name": "lookup", "ok": false}]',
    )  # fmt: skip
    announce(store, "GPT-X", details={"owner": "a", "eol": "2026-08-20", "vendor": "V"})
    announce(store, "tone", details={"layer": "adapters"})
    announce(store, "index@kb-v3")
    announce(store, "lookup")
    announce(store, "old-store")

    asked = look(store, settings)

    assert found(asked) == [
        ("end_of_life", "gpt-x"), ("unowned", "tone"), ("unregistered", "version:embedder"),
        ("unseen", "old-store"),
    ]  # fmt: skip
    assert {row[0]: row[-1] for row in asked.tables[0].rows} == {
        "GPT-X": "28", "index@kb-v3": "28", "lookup": "28", "tone": "28", "old-store": "0"
    }  # fmt: skip
    assert asked.missing == ""
    with store.transaction() as tx:
        assert append_findings(tx, asked.findings) == ["F-1", "F-2", "F-3", "F-4"]


def test_without_a_register_nothing_is_wrong_but_something_is_missing(
    store: Store, settings: Settings
) -> None:
    assert look(store, settings) == Look()
    ask(store, model_resolved="gpt-x")
    asked = look(store, settings)
    assert asked.findings == ()
    assert "artifact `component`" in asked.missing


def test_another_version_than_the_registered_one_is_not_registered(
    store: Store, settings: Settings
) -> None:
    ask(store, versions='{"index": "kb-v4"}')
    announce(store, "index@kb-v3")
    assert found(look(store, settings)) == [
        ("unregistered", "version:index"), ("unseen", "index@kb-v3")
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["index", "kb-v4", "INDEX@kb-v4"])
def test_a_version_is_known_by_its_key_its_value_or_both(
    store: Store, settings: Settings, name: str
) -> None:
    ask(store, versions='{"index": "kb-v4"}')
    announce(store, name)
    assert found(look(store, settings)) == []


@pytest.mark.parametrize(
    ("eol", "severity"),
    [("2026-07-12", "warning"), ("2026-07-13", "info"), ("2026-09-11", "info"),
     ("2026-09-12", ""), ("soon", ""), ("2026-08", "info")],
)  # fmt: skip
def test_an_end_of_life_counts_from_sixty_days_before(
    store: Store, settings: Settings, eol: str, severity: str
) -> None:
    ask(store, model_resolved="gpt-x")
    announce(store, "gpt-x", details={"owner": "a", "eol": eol})
    asked = look(store, settings)
    assert [f.severity for f in asked.findings] == ([severity] if severity else [])
    assert any("`eol` is no date" in line for line in asked.lines) == (eol == "soon")


def test_a_later_change_adds_details_and_a_removal_ends_the_component(
    store: Store, settings: Settings
) -> None:
    ask(store, model_resolved="gpt-x")
    announce(store, "gpt-x", details={"layer": "models"})
    announce(store, "gpt-x", START + WEEK, details={"owner": "a"})
    announce(store, "gone")
    announce(store, "gone", START + 2 * WEEK, to="removed")

    (row,) = look(store, settings).tables[0].rows

    assert row[:3] == ("gpt-x", "models", "a")
    assert found(look(store, settings)) == []
    assert found(look(store, settings, START + WEEK)) == [("unowned", "gpt-x")]


def test_what_was_registered_lately_or_by_a_young_store_is_not_unseen(
    store: Store, settings: Settings
) -> None:
    ask(store, region="eu")
    announce(store, "new", AS_OF - 2 * WEEK)
    assert found(look(store, settings)) == []
    announce(store, "old", START - 9 * WEEK)
    assert found(look(store, settings)) == [("unseen", "old")]
    young = look(store, settings, START + 2 * WEEK)
    assert found(young) == []
    assert any("Less than four weeks" in line for line in young.lines)


def test_names_of_many_tools_stay_within_bounds(store: Store, settings: Settings) -> None:
    names = [{"name": f"t\u202e{i}"} for i in range(300)]
    ask(store, model_resolved="gpt-x", tool_calls=json.dumps(names))
    announce(store, "gpt-x", details={"owner": "\u202eme", "eol": ["x"]})
    asked = look(store, settings)
    assert len(asked.findings) == 20
    assert "\u202e" not in str((asked.lines, asked.tables, [f.title for f in asked.findings]))
    assert "300 in traffic but not registered" in asked.lines[0]
