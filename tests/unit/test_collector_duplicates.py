"""An event id that came on two days: the earliest counts, the others are marked."""

from datetime import datetime, timedelta

from collector import duplicates
from decayd.config import Settings
from store.database import Store
from tests.event_rows import request, select, signal, write

AS_OF = datetime(2026, 10, 10)  # noqa: DTZ001 - the store's times are naive UTC
DAY = 86_400


def marked(store: Store, table: str = "requests") -> list[tuple[int, bool]]:
    text = f"SELECT date_diff('day', DATE '2026-10-01', day), duplicate FROM {table} ORDER BY ts"  # noqa: S608
    return select(store, text)


def test_all_but_the_earliest_copy_are_marked(store: Store, settings: Settings) -> None:
    write(store, request("r1", DAY), request("r1", 3 * DAY), request("other", DAY + 1))
    write(store, request("r1", 0))
    assert duplicates.run(store, AS_OF, settings) == {"requests": 2}
    assert marked(store) == [(0, False), (1, True), (1, False), (3, True)]


def test_the_same_id_of_two_kinds_is_no_copy(store: Store, settings: Settings) -> None:
    write(store, request("a", 0), signal("copy", DAY, event_id="a"))
    assert duplicates.run(store, AS_OF, settings) == {}


def test_every_kind_is_looked_at(store: Store, settings: Settings) -> None:
    write(store, signal("copy", 0, event_id="a"), signal("copy", DAY, event_id="a"))
    assert duplicates.run(store, AS_OF, settings) == {"signals": 1}
    assert marked(store, "signals") == [(0, False), (1, True)]


def test_running_it_again_marks_nothing_more(store: Store, settings: Settings) -> None:
    write(store, request("r1", 0), request("r1", DAY))
    duplicates.run(store, AS_OF, settings)
    assert duplicates.run(store, AS_OF, settings) == {}
    assert duplicates.run(store, AS_OF + timedelta(days=1), settings) == {}


def test_a_copy_that_comes_later_is_found_though_the_first_was_seen_before(
    store: Store, settings: Settings
) -> None:
    write(store, request("r1", 0))
    duplicates.run(store, AS_OF, settings)
    write(store, request("r1", DAY), late=12 * DAY)
    assert duplicates.run(store, AS_OF + timedelta(days=9), settings) == {"requests": 1}


def test_a_copy_that_is_not_available_yet_changes_nothing(store: Store, settings: Settings) -> None:
    write(store, request("r1", 0))
    write(store, request("r1", DAY), late=12 * DAY)
    assert duplicates.run(store, AS_OF, settings) == {}
