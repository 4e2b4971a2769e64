"""A day on which many records can't be read is a finding, once, until they can be read again."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.files import ingest
from collector.schema_change import run
from decayd.clock import ManualClock
from decayd.config import Settings
from decayd.results import Finding
from store.database import Store
from store.findings import findings_at
from store.pseudonyms import Pseudonyms
from tests.event_rows import select

DAY = datetime.fromisoformat("2026-09-21T00:00:00")


class World:
    """Files of requests, one a day, in a store, and the job at each day's close."""

    def __init__(
        self, folder: Path, store: Store, settings: Settings, clock: ManualClock,
        pseudonyms: Pseudonyms,
    ) -> None:  # fmt: skip
        self.folder, self.store, self.settings = folder, store, settings
        self.parts = (clock, pseudonyms)

    def day(self, number: int, n_good: int, n_bad: int, name: str = "requests") -> None:
        """Ingest a day whose bad records are spread among the good ones."""
        start = DAY + timedelta(days=number, hours=3)
        lines = []
        for i in range(n_good + n_bad):
            is_bad = i * n_bad // (n_good + n_bad) != (i + 1) * n_bad // (n_good + n_bad)
            record: dict[str, Any] = {
                "request_id": f"{name}-{number}-{i}",
                "ts": f"{(start + timedelta(minutes=i)).isoformat()}Z",
                "feature": "search", "query": 5 if is_bad else "q", "status": "ok",
            }  # fmt: skip
            lines.append(f"{json.dumps(record)}\n")
        path = self.folder / f"{number}.{name}.jsonl"
        path.write_text("".join(lines))
        ingest(self.store, [path], self.settings, *self.parts)

    def run(self, number: int) -> dict[str, Any]:
        return run(self.store, DAY + timedelta(days=number + 1), self.settings)

    def findings(self, number: int) -> list[Finding]:
        return findings_at(self.store, DAY + timedelta(days=number + 1))


@pytest.fixture
def world(
    tmp_path: Path, store: Store, settings: Settings, clock: ManualClock, pseudonyms: Pseudonyms
) -> World:
    return World(tmp_path, store, settings, clock, pseudonyms)


def test_a_day_with_many_bad_records_opens_a_finding_that_says_what_to_look_at(
    world: World,
) -> None:
    world.day(0, 100, 0)
    world.day(1, 80, 20)
    assert (world.run(0), world.run(1)) == ({"opened": 0, "closed": 0}, {"opened": 1, "closed": 0})
    (found,) = world.findings(1)
    assert (found.kind, found.state, found.severity) == ("schema_change", "open", "warning")
    assert found.title == (
        f"20.0% of the records of {world.folder}/1.requests.jsonl can't be read,"
        " most are invalid at $.query"
    )
    assert found.now is not None
    assert (found.now.value, found.now.n) == (0.2, 100)
    assert found.details == {
        "kind": "request",
        "topics": {f"{world.folder}/1.requests.jsonl": 20},
        "n_bad": 20,
        "reasons": [{"reason": "invalid", "field": "$.query", "n": 20}],
        "dead_letter_ids": [1, 2, 3, 4, 5],
    }


def test_it_stays_open_until_the_share_is_half_of_the_limit(world: World) -> None:
    for number, n_bad in enumerate((20, 40, 4, 2)):  # of 100, with the limit at 5 %
        world.day(number, 100 - n_bad, n_bad)
    counts = [world.run(number) for number in range(4)]
    assert [c["opened"] for c in counts] == [1, 0, 0, 0]
    assert [c["closed"] for c in counts] == [0, 0, 0, 1]
    assert [[f.state for f in world.findings(i)] for i in range(4)] == [
        ["open"], ["open"], ["open"], ["closed"],
    ]  # fmt: skip


def test_the_next_opening_is_another_finding(world: World) -> None:
    for number, n_bad in enumerate((20, 0, 20)):
        world.day(number, 100, n_bad)
        world.run(number)
    assert [(f.finding_id, f.state) for f in world.findings(2)] == [
        ("F-1", "closed"), ("F-2", "open"),
    ]  # fmt: skip


def test_running_again_changes_nothing(world: World) -> None:
    for number, n_bad in enumerate((20, 0)):
        world.day(number, 100, n_bad)
        world.run(number)
        assert world.run(number) == {"opened": 0, "closed": 0}
    assert select(world.store, "SELECT count(*) FROM findings") == [(2,)]


def test_two_kinds_are_two_findings(world: World) -> None:
    world.day(0, 50, 50)
    world.day(0, 10, 40, name="signals")  # requests in a file of signals: all of them are bad
    assert world.run(0) == {"opened": 2, "closed": 0}
    assert [f.details["kind"] for f in world.findings(0)] == ["request", "signal"]


@pytest.mark.parametrize(("n_good", "n_bad"), [(95, 5), (9, 10), (0, 0)])
def test_few_bad_records_or_a_quiet_day_say_nothing(world: World, n_good: int, n_bad: int) -> None:
    world.day(0, n_good, n_bad)
    assert world.run(0) == {"opened": 0, "closed": 0}


def test_conflicts_are_no_change_of_schema(world: World) -> None:
    world.day(0, 30, 0)
    path = world.folder / "again.requests.jsonl"
    first = (world.folder / "0.requests.jsonl").read_text()
    path.write_text(first.replace('"q"', '"other"'))
    ingest(world.store, [path], world.settings, *world.parts)
    assert select(world.store, "SELECT count(*), min(reason) FROM dead_letters") == [
        (30, "conflict")
    ]
    assert world.run(0) == {"opened": 0, "closed": 0}


def test_a_bad_record_counts_on_the_day_of_the_events_around_it(world: World) -> None:
    good = {"request_id": "a", "ts": "2026-09-21T10:00:00Z", "feature": "f", "query": "q"}
    lines = [good | {"status": 0}, good | {"status": "ok"}, good | {"status": 1}]
    path = world.folder / "requests.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    ingest(world.store, [path], world.settings, *world.parts)
    times = select(world.store, "SELECT available_at::VARCHAR FROM dead_letters")
    assert times == [("2026-09-21 10:00:00",)] * 2
