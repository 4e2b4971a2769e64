"""Dead letters are decoded again as things stand now."""

import json
from pathlib import Path
from typing import Any

import pytest

from collector.files import ingest
from collector.retry import retry
from decayd.clock import ManualClock
from decayd.config import Settings
from decayd.errors import UsageError
from store.database import Store
from store.pseudonyms import Pseudonyms
from tests.event_rows import select

GOOD = {
    "request_id": "r1", "ts": "2026-10-01T09:00:00Z", "feature": "search", "query": "q",
    "status": "ok",
}  # fmt: skip
SOON = "2026-10-05T13:00:00Z"  # an hour ahead of the clock


class World:
    """A store with a file in it, and retries of its dead letters."""

    def __init__(
        self, store: Store, settings: Settings, clock: ManualClock, pseudonyms: Pseudonyms
    ) -> None:
        self.store = store
        self.parts = (clock, pseudonyms)
        self.settings = settings

    def ingest(self, path: Path, *records: dict[str, Any], **collector: Any) -> None:
        path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
        ingest(self.store, [path], self._with(collector), *self.parts)

    def retry(self, *ids: int, **collector: Any) -> dict[str, Any]:
        return retry(self.store, ids, self._with(collector), *self.parts)

    def states(self) -> list[tuple[int, str]]:
        return select(self.store, "SELECT dead_letter_id, state FROM dead_letters ORDER BY 1")

    def _with(self, collector: dict[str, Any]) -> Settings:
        changed = self.settings.collector.model_copy(update=collector)
        return self.settings.model_copy(update={"collector": changed})


@pytest.fixture
def world(store: Store, settings: Settings, clock: ManualClock, pseudonyms: Pseudonyms) -> World:
    return World(store, settings, clock, pseudonyms)


def test_what_is_still_bad_stays_and_says_why(world: World, tmp_path: Path) -> None:
    world.ingest(tmp_path / "requests.jsonl", GOOD | {"query": 5})
    assert world.retry(1) == {
        "stored": 0,
        "n_new": {},
        "still_bad": [{"id": 1, "field": "$.query", "message": "$.query: expected str, got int"}],
    }
    assert world.states() == [(1, "new")]


def test_a_record_from_the_future_is_stored_once_its_time_has_come(
    world: World, tmp_path: Path, clock: ManualClock
) -> None:
    world.ingest(tmp_path / "requests.jsonl", GOOD | {"ts": "2026-10-06T00:00:00Z"})
    clock.advance(86_400)
    assert world.retry(1)["n_new"] == {"request": 1}
    assert world.states() == [(1, "retried")]


def test_it_becomes_available_no_earlier_than_the_watermark(world: World, tmp_path: Path) -> None:
    late = GOOD | {"request_id": "r2", "ts": "2026-10-03T00:00:00Z"}
    world.ingest(tmp_path / "requests.jsonl", GOOD | {"query": "x" * 2000}, late, max_record_kib=1)
    assert world.retry(1)["stored"] == 1
    ((available_at,),) = select(
        world.store, "SELECT available_at::VARCHAR FROM requests WHERE request_id = 'r1'"
    )
    assert available_at == "2026-10-02 22:00:00"


def test_a_letter_that_was_cut_is_read_again_from_its_file(world: World, tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    world.ingest(
        path, GOOD | {"request_id": "r0"}, GOOD | {"query": "x" * 100_000}, max_record_kib=1
    )
    assert world.retry(1)["stored"] == 1
    assert select(world.store, "SELECT max(length(query)) FROM requests") == [(100_000,)]


def test_a_letter_whose_file_is_gone_says_so(world: World, tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    world.ingest(path, GOOD | {"query": "x" * 100_000}, max_record_kib=1)
    path.unlink()
    message = world.retry(1)["still_bad"][0]["message"]
    assert message == (
        f"there is no file {path}; the original is gone, and what was kept of it was masked or"
        " cut, so it can't be stored"
    )


def test_a_text_that_was_masked_is_stored_as_the_user_wrote_it(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "requests.jsonl"
    world.ingest(path, GOOD | {"ts": SOON, "query": "mail ann@example.org"})
    ((kept,),) = select(world.store, "SELECT decode(value) FROM dead_letters")
    assert "mail [EMAIL]" in kept
    assert world.retry(1, future_minutes=120)["stored"] == 1
    assert select(world.store, "SELECT query FROM requests") == [("mail ann@example.org",)]


@pytest.mark.parametrize("now", ["", '{"request_id": "another", "query": "mail ann@example.org"}'])
def test_a_masked_text_is_never_stored(world: World, tmp_path: Path, now: str) -> None:
    path = tmp_path / "requests.jsonl"
    world.ingest(path, GOOD | {"ts": SOON, "query": "mail ann@example.org"})
    path.write_text(f"{now}\n")
    result = world.retry(1, future_minutes=120)
    assert "the original is gone" in result["still_bad"][0]["message"]
    assert world.states() == [(1, "new")]
    assert select(world.store, "SELECT count(*) FROM requests") == [(0,)]


def test_a_letter_of_which_only_the_user_id_was_replaced_needs_no_original(
    world: World, tmp_path: Path, pseudonyms: Pseudonyms
) -> None:
    path = tmp_path / "requests.jsonl"
    world.ingest(path, GOOD | {"ts": SOON, "user_id": "anna"})
    path.unlink()
    assert world.retry(1, future_minutes=120)["stored"] == 1
    assert select(world.store, "SELECT user_id FROM requests") == [(pseudonyms.of("anna"),)]


def test_an_id_that_is_no_string_stays_bad_however_it_is_hidden(
    world: World, tmp_path: Path
) -> None:
    world.ingest(tmp_path / "requests.jsonl", GOOD | {"user_id": 4711})
    assert world.retry(1)["still_bad"][0]["field"] == "$.user_id"


def test_a_conflict_names_the_line_that_came_second(world: World, tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    world.ingest(path, GOOD, GOOD | {"request_id": "r2"}, GOOD | {"query": "other"})
    world.ingest(path, GOOD, GOOD | {"request_id": "r2"}, GOOD | {"query": "other"})
    places = select(world.store, 'SELECT reason, topic, partition, "offset" FROM dead_letters')
    assert places == [("conflict", str(path), 0, 2)]


def test_a_conflict_cannot_be_stored_by_trying_again(world: World, tmp_path: Path) -> None:
    world.ingest(tmp_path / "requests.jsonl", GOOD, GOOD | {"query": "other"})
    assert "is taken" in world.retry(1)["still_bad"][0]["message"]


def test_user_ids_stay_the_pseudonyms_they_are(world: World, tmp_path: Path) -> None:
    future = GOOD | {"user_id": "anna", "ts": "2026-10-05T13:00:00Z"}
    world.ingest(
        tmp_path / "requests.jsonl", GOOD | {"request_id": "r0", "user_id": "anna"}, future
    )
    world.retry(1, future_minutes=120)
    users = select(world.store, "SELECT DISTINCT user_id FROM requests")
    assert len(users) == 1
    assert users[0][0].startswith("u-")


def test_an_unknown_letter_is_a_usage_error(world: World) -> None:
    with pytest.raises(UsageError, match="no dead letter 7"):
        world.retry(7)
