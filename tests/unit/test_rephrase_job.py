"""Answers whose question was put again are found once, whatever the order of arrival."""

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from decayd.config import Settings
from drift import rephrase
from store.database import Store
from tests.event_rows import START, request, select, signal, write

MINUTE = 60
ASKED_AT = START.replace(tzinfo=None)
AS_OF = datetime(2026, 10, 5)  # noqa: DTZ001 - the store's times are naive UTC
NEXT = AS_OF + timedelta(days=7)
REFUND = "how do I get a refund for my flight"
IN_OTHER_WORDS = "I would like to request a refund for my flight ticket"
AND_AGAIN = "please refund the flight that I booked with you"
ELSE = "can I take my dog on the plane"
ROWS = (
    "SELECT event_id, request_id, ts, available_at, session_id, source, source_id, day, duplicate"
    " FROM signals WHERE signal = 'rephrase' ORDER BY event_id"
)


def ask(request_id: str, minute: float, query: str = REFUND, **fields: Any) -> Any:
    return request(request_id, minute * MINUTE, **({"query": query, "session_id": "s1"} | fields))


def again(request_id: str, minute: float, **fields: Any) -> Any:
    return ask(request_id, minute, **({"query": IN_OTHER_WORDS} | fields))


def derived(store: Store) -> list[str]:
    """Return the requests that a derived rephrase speaks of, one entry per row."""
    query = "SELECT request_id FROM signals WHERE signal = 'rephrase' AND source = 'derived'"
    return sorted(row[0] for row in select(store, query))


def found(store: Store, settings: Settings, *events: Any, as_of: datetime = AS_OF) -> list[str]:
    write(store, *events)
    rephrase.run(store, as_of, settings)
    return derived(store)


def test_the_row_speaks_of_the_earlier_answer_and_is_known_from_the_close_that_found_it(
    store: Store, settings: Settings
) -> None:
    found(store, settings, ask("r1", 0), again("r2", 4))
    ts = ASKED_AT + timedelta(minutes=4)
    event_id = "derived:rephrase:r1:r2"
    row = (event_id, "r1", ts, AS_OF, "s1", "derived", "decayd", ts.date(), False)
    assert select(store, ROWS) == [row]


@pytest.mark.parametrize(("minutes", "expected"), [(10, ["r1"]), (10 + 1 / 60, [])])
def test_ten_minutes_are_the_limit(
    store: Store, settings: Settings, minutes: float, expected: list[str]
) -> None:
    assert found(store, settings, ask("r1", 0), again("r2", minutes)) == expected


@pytest.mark.parametrize(
    "other",
    [
        {"query": ELSE},
        {"query": "shorter please"},
        {"query": "HOW do I get  a refund for my flight"},
        {"session_id": "s2"},
        {"session_id": None},
        {"feature": "draft"},
        {"probe": True},
        {"source_kind": "synthetic"},
        {"route": {"parent_request_id": "r1"}},
    ],
    ids=["else", "follow-up", "retry", "session", "none", "feature", "probe", "kind", "inner"],
)
def test_no_rephrase_when_the_second_differs_in(
    store: Store, settings: Settings, other: dict[str, Any]
) -> None:
    assert found(store, settings, ask("r1", 0), again("r2", 1, **other)) == []


def test_a_person_without_a_session_is_not_guessed_at(store: Store, settings: Settings) -> None:
    same: dict[str, Any] = {"session_id": None, "user_id": "u1"}
    assert found(store, settings, ask("r1", 0, **same), again("r2", 1, **same)) == []


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        ([signal("thumbs_up", 30)], []),
        ([signal("copy", 30, None, session_id="s1")], []),
        ([signal("thumbs_up", 90)], ["r1"]),
        ([signal("thumbs_down", 30)], ["r1"]),
        ([signal("shrug", 30)], ["r1"]),
        ([signal("accept", 20), signal("undo", 40)], ["r1"]),
    ],
    ids=["thumb", "copy in the session", "afterwards", "negative", "unknown", "undone"],
)
def test_only_something_positive_in_between_says_that_the_answer_was_good(
    store: Store, settings: Settings, between: list[Any], expected: list[str]
) -> None:
    assert found(store, settings, ask("r1", 0), again("r2", 1), *between) == expected


@pytest.mark.parametrize("source", [None, "derived"])
def test_a_rephrase_that_was_sent_is_not_derived_again(
    store: Store, settings: Settings, source: str | None
) -> None:
    sent = signal("rephrase", 61, event_id="sent", source=source)
    found(store, settings, ask("r1", 0), again("r2", 1), sent)
    assert [row[0] for row in select(store, ROWS)] == ["sent"]


def test_each_answer_gets_one_however_often_it_is_asked_again(
    store: Store, settings: Settings
) -> None:
    events = [ask("r1", 0), again("r2", 1), ask("r3", 2, ELSE), ask("r4", 3, AND_AGAIN)]
    assert found(store, settings, *events) == ["r1", "r2"]
    ids = [row[0] for row in select(store, ROWS)]
    assert ids == ["derived:rephrase:r1:r2", "derived:rephrase:r2:r4"]


def test_an_answer_that_failed_is_not_spoken_of(store: Store, settings: Settings) -> None:
    assert found(store, settings, ask("r1", 0, status="timeout"), again("r2", 1)) == []


def test_asking_again_counts_even_when_that_fails(store: Store, settings: Settings) -> None:
    assert found(store, settings, ask("r1", 0), again("r2", 1, status="error")) == ["r1"]


def test_a_session_over_midnight_is_one(store: Store, settings: Settings) -> None:
    late = (datetime(2026, 10, 2) - ASKED_AT) / timedelta(minutes=1) - 4  # noqa: DTZ001
    assert found(store, settings, ask("r1", late), again("r2", late + 8)) == ["r1"]


def test_running_it_again_changes_nothing(store: Store, settings: Settings) -> None:
    found(store, settings, ask("r1", 0), again("r2", 4))
    before = select(store, ROWS)
    for as_of in (AS_OF, AS_OF - timedelta(hours=1), NEXT):
        assert rephrase.run(store, as_of, settings)["rephrase"] == 0
    assert select(store, ROWS) == before


def test_what_is_not_available_yet_is_not_looked_at(store: Store, settings: Settings) -> None:
    assert found(store, settings, ask("r1", 0)) == []
    write(store, again("r2", 4), late=7 * 86_400)
    assert rephrase.run(store, AS_OF, settings)["rephrase"] == 0
    assert rephrase.run(store, NEXT, settings)["rephrase"] == 1
    assert select(store, ROWS)[0][3] == NEXT


def test_the_texts_are_embedded_whether_or_not_anything_else_embeds_them(
    store: Store, settings: Settings
) -> None:
    write(store, ask("r1", 0), again("r2", 4), ask("r3", 60, ELSE))
    counts = rephrase.run(store, AS_OF, settings)
    assert counts == {"pairs": 1, "texts": 2, "rephrase": 1, "uncalibrated": False}
    assert select(store, "SELECT count(*) FROM vectors") == [(2,)]


def test_an_empty_store_has_nothing_to_find(store: Store, settings: Settings) -> None:
    assert rephrase.run(store, AS_OF, settings)["rephrase"] == 0


def test_with_an_uncalibrated_model_the_pairs_wait(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(rephrase, "cuts_for", lambda *_: None)
        assert found(store, settings, ask("r1", 0), again("r2", 4)) == []
    assert rephrase.run(store, NEXT, settings)["rephrase"] == 1


def test_hostile_texts_and_ids_are_nothing_special(store: Store, settings: Settings) -> None:
    texts = ["", "👍👍", "x" * 100_000, "'; DROP TABLE signals; --", "\u202e\u0000"]
    odd = [ask(f"'{n}:\u202e", n, text, session_id="'--") for n, text in enumerate(texts)]
    crowd = [ask(f"c{n}", n / 100, f"{ELSE} {n}", session_id="crowd") for n in range(300)]
    found(store, settings, *odd, *crowd)
    assert "c0" not in derived(store)


def some_traffic(seed: int) -> list[Any]:
    """Return requests of three weeks in short sessions that ask for a few things."""
    rng = random.Random(seed)  # noqa: S311
    texts = (REFUND, IN_OTHER_WORDS, AND_AGAIN, ELSE, "is a dog allowed on board of the plane")
    events = []
    for session in range(60):
        minute = rng.uniform(0, 21 * 1440)
        for n in range(rng.randint(1, 5)):
            minute += rng.expovariate(1 / 5)
            events.append(
                ask(f"r{session}-{n}", minute, rng.choice(texts), session_id=f"{session}")
            )
    return events


@pytest.mark.parametrize("seed", range(3))
def test_late_arrival_finds_the_same_answers_in_the_end(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    events = some_traffic(seed)
    random.Random(seed).shuffle(events)  # noqa: S311
    closes = [AS_OF + timedelta(weeks=week) for week in range(9)]
    answers = []
    for name, steps in (("weekly", closes), ("once", closes[-1:])):
        path = tmp_path / f"{name}.duckdb"
        with Store.open(settings.store.model_copy(update={"path": path})) as store:
            for n in range(4):  # a quarter each comes 0, 9, 18 and 27 days late
                write(store, *events[n::4], late=n * 9 * 86_400)
            for as_of in steps:
                rephrase.run(store, as_of, settings)
            answers.append(derived(store))
    assert answers[0] == answers[1]
    assert len(set(answers[0])) == len(answers[0]) > 20


def test_arrival_in_another_order_before_the_close_gives_the_same_rows(
    settings: Settings, tmp_path: Path
) -> None:
    events = some_traffic(9)
    rows = []
    for name in ("ordered", "shuffled"):
        path = tmp_path / f"{name}.duckdb"
        with Store.open(settings.store.model_copy(update={"path": path})) as store:
            write(store, *events)
            rephrase.run(store, AS_OF + timedelta(weeks=4), settings)
            rows.append(select(store, ROWS))
        random.Random(1).shuffle(events)  # noqa: S311
    assert rows[0] == rows[1]
    assert len(rows[0]) > 20


def test_it_is_friction_and_counts_against_the_answer(store: Store, settings: Settings) -> None:
    found(store, settings, ask("r1", 0), again("r2", 4))
    query = (
        "SELECT r.request_id, s.score, s.rated, s.rephrase, s.friction"
        " FROM signal_scores('2026-10-05') s JOIN requests r USING (request_key)"
    )
    assert select(store, query) == [("r1", -0.6, True, True, True)]
    assert select(store, query.replace("10-05", "10-04")) == []
