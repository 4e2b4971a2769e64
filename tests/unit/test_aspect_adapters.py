"""Adapters in the report: bases that do not fit, adapters nobody announced, datasets unknown."""

import json
from typing import Any

import pytest

from decay_reports.aspects.adapters import look
from decay_reports.causes import adapters
from decay_reports.causes.adapters import Announced
from decayd.config import Settings
from store.database import Store
from tests.behaviour_rows import asked, moment, write_change
from tests.report_rows import request

SWITCH = 9  # Wednesday of the second week


def serve(store: Store, adapter: str | None = "fix-7", switch: int = 99) -> None:
    """Two weeks of an adapter, an answer a quarter of an hour, on another base from `switch` on."""
    rows = []
    for k in range(14 * 96):
        at = moment(0, 900.0 * k)
        model = "base-2" if at >= moment(switch, 5 * 3600 + 60 * 7) else "base-1"
        rows.append(request(k, at, adapter=adapter, model_resolved=model))
    store.append("requests", rows)


def announce(store: Store, day: int = 0, **details: Any) -> None:
    write_change(
        store, moment(day), "adapter", name="fix", to="7",
        details=json.dumps({"trained_on": "base-1"} | details),
    )  # fmt: skip


def kinds(store: Store, settings: Settings) -> list[tuple[str, str]]:
    return [(f.kind, f.severity) for f in look(asked(store, settings, 14)).findings]


def test_a_base_that_was_switched_in_midweek_is_found_to_the_minute(
    store: Store, settings: Settings
) -> None:
    serve(store, switch=SWITCH)
    announce(store)
    found = look(asked(store, settings, 14))
    (finding,) = found.findings
    assert (finding.kind, finding.severity) == ("adapter_base_mismatch", "critical")
    assert finding.details["first_seen"] == "2026-06-10T05:15:00"
    assert "trained on base-1, answers on base-2 since 10 Jun 2026 05:15 UTC" in finding.title
    assert len(finding.member_request_ids) == 3
    assert found.tables[0].rows[0][4] == "base-1: another base"


def test_an_adapter_on_its_own_base_is_fine(store: Store, settings: Settings) -> None:
    serve(store)
    announce(store)
    found = look(asked(store, settings, 14))
    assert found.findings == ()
    assert found.lines[0].startswith("every adapter of this week was announced")


def test_an_adapter_that_nobody_announced_is_said(store: Store, settings: Settings) -> None:
    serve(store, adapter="fix-8")
    announce(store)
    assert kinds(store, settings) == [("adapter_unannounced", "warning")]


def test_a_mismatch_that_is_over_is_not_held(store: Store, settings: Settings) -> None:
    serve(store, adapter=None)
    store.append("requests", [
        request(9000, moment(2), adapter="fix-7", model_resolved="base-2"),
    ])  # fmt: skip
    announce(store)
    found = look(asked(store, settings, 14))
    assert found.findings == ()
    assert len(found.tables) == 1


@pytest.mark.parametrize(
    ("datasets", "made", "expected"),
    [
        (["fixes@1.0.0"], True, []),
        (["fixes@9.0.0"], True, [("adapter_dataset_unknown", "warning")]),
        (["fixes@1.0.0"], False, [("adapter_dataset_unknown", "info")]),
        ([], False, []),
        ({"no": "list"}, True, []),
        ([{"name": "fixes", "version": "1.0.0"}, 7], True, []),
    ],
)
def test_a_dataset_that_the_store_has_not_made_is_said(
    store: Store, settings: Settings, datasets: Any, made: bool, expected: list[tuple[str, str]]
) -> None:
    serve(store)
    announce(store, datasets=datasets)
    if made:
        store.append("datasets", [
            {"name": "fixes", "version": "1.0.0", "state": "released", "as_of": moment(1)}
        ])  # fmt: skip
    assert kinds(store, settings) == expected


def test_a_set_that_was_made_later_is_not_known_yet(store: Store, settings: Settings) -> None:
    serve(store)
    announce(store, datasets="fixes")
    store.append("datasets", [
        {"name": "fixes", "version": "1.0.0", "state": "released", "as_of": moment(20)}
    ])  # fmt: skip
    assert kinds(store, settings) == [("adapter_dataset_unknown", "info")]


def test_without_a_base_it_says_what_to_send(store: Store, settings: Settings) -> None:
    serve(store)
    announce(store, trained_on=None)
    found = look(asked(store, settings, 14))
    assert found.findings == ()
    assert found.missing == "send `details.trained_on` with each adapter's change event"


def test_without_adapters_there_is_no_section(store: Store, settings: Settings) -> None:
    serve(store, adapter=None)
    found = look(asked(store, settings, 14))
    assert (found.lines, found.tables) == ((), ())
    assert found.missing == "`adapter` absent in 100% of requests"


@pytest.mark.parametrize("details", ["", "[]", "{", '{"trained_on": {"a": 1}}', "null"])
def test_details_of_any_shape_are_read(details: str) -> None:
    row = {"ts": moment(0), "name": "fix", "after": "7", "details": details}
    assert adapters.announced([row]) == [Announced(moment(0), "fix", "7")]


@pytest.mark.parametrize(
    ("adapter", "day"), [("7", 5), ("FIX@7", 5), ("fix:8", 9), ("fix", 9), ("fix-9", None)]
)
def test_an_adapter_is_known_by_version_by_name_or_by_both(adapter: str, day: int | None) -> None:
    known = [Announced(moment(5), "fix", "7"), Announced(moment(9), "fix", "8")]
    found = adapters.named(adapter, known, moment(20))
    assert (found and found.ts) == (None if day is None else moment(day))


def test_the_newest_announcement_up_to_the_requests_counts() -> None:
    known = [Announced(moment(day), "fix", "7", (f"base-{day}",)) for day in (1, 5, 9)]
    found = adapters.named("fix-7", known, moment(6))
    assert found
    assert found.trained_on == ("base-5",)
