"""The demo's simulator: what its file holds."""

import json
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from decayd.demo.simulate import EVENTS, TAIL, TRUTH, TRUTH_REQUESTS, latest_end, simulate
from decayd.demo.truth import RequestTruth, Truth
from decayd.errors import UsageError
from decayd.events import KINDS
from decayd.text import text_key

END = date(2026, 7, 6)
END_TIME = datetime(2026, 7, 6, tzinfo=UTC)
Events = list[dict[str, Any]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    folder = tmp_path_factory.mktemp("run")
    return folder, simulate(folder, end=END, seed=3, scale=0.1, keep_requests=True)


@pytest.fixture(scope="module")
def truth(run: tuple[Path, Truth]) -> Truth:
    return run[1]


@pytest.fixture(scope="module")
def events(run: tuple[Path, Truth]) -> Events:
    lines = (run[0] / EVENTS).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def of_kind(events: Events, kind: str) -> Events:
    return [event for event in events if event["kind"] == kind]


def ts(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["ts"])


def arrival(event: dict[str, Any]) -> datetime:
    return ts(event) + timedelta(milliseconds=event.get("latency_ms", 0))


def sessions(events: Events) -> list[Events]:
    found: dict[str, Events] = defaultdict(list)
    for request in of_kind(events, "request"):
        found[request["session_id"]].append(request)
    return [sorted(session, key=ts) for session in found.values()]


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        simulate(tmp_path / name, end=END, weeks=6, seed=5, scale=0.03, keep_requests=True)

    for file in (EVENTS, TRUTH, TRUTH_REQUESTS):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_another_seed_writes_other_bytes(tmp_path: Path) -> None:
    for seed in (5, 6):
        simulate(tmp_path / str(seed), end=END, weeks=2, seed=seed, scale=0.03)

    assert (tmp_path / "5" / EVENTS).read_bytes() != (tmp_path / "6" / EVENTS).read_bytes()


def test_only_what_was_asked_for_is_written(tmp_path: Path) -> None:
    simulate(tmp_path, end=END, weeks=2, scale=0.03)

    assert sorted(path.name for path in tmp_path.iterdir()) == [EVENTS, TRUTH]


def test_every_line_decodes_as_its_kind_and_has_no_unknown_key(run: tuple[Path, Truth]) -> None:
    kinds = set()
    for line in (run[0] / EVENTS).read_bytes().splitlines():
        raw = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        kind = msgspec.json.decode(raw.pop("kind"), type=str)
        msgspec.json.decode(line, type=KINDS[kind])
        assert set(raw) <= {field.encode_name for field in msgspec.structs.fields(KINDS[kind])}
        kinds.add(kind)

    assert kinds == set(KINDS)


def test_events_come_in_the_order_of_their_arrival(events: Events) -> None:
    arrivals = [arrival(event) for event in events]

    assert arrivals == sorted(arrivals)


def test_every_event_lies_between_the_start_and_the_tail_after_the_end(events: Events) -> None:
    start = END_TIME - timedelta(weeks=26)

    assert all(start <= ts(event) < END_TIME + TAIL for event in events)


def test_the_tail_moves_a_watermark_with_two_hours_of_grace_past_the_last_week(
    events: Events,
) -> None:
    assert max(map(ts, events)) - timedelta(hours=2) > END_TIME


def test_event_ids_are_unique(events: Events) -> None:
    ids = [(event["kind"], event.get("event_id", event.get("request_id"))) for event in events]

    assert len(set(ids)) == len(ids)


def test_the_truth_counts_what_is_in_the_file(events: Events, truth: Truth) -> None:
    n_events: dict[str, int] = defaultdict(int)
    for event in events:
        n_events[event["kind"]] += 1

    assert truth.n_events == n_events
    assert truth.n_texts == len({request["query"] for request in of_kind(events, "request")})


def test_texts_repeat_so_that_embedding_them_is_quick(truth: Truth) -> None:
    assert 3_000 < truth.n_texts <= 10_000


def test_truth_json_is_the_truth_that_was_returned(run: tuple[Path, Truth]) -> None:
    folder, truth = run

    assert msgspec.json.decode((folder / TRUTH).read_bytes(), type=Truth) == truth


def test_the_weekly_figures_are_those_of_the_hidden_requests(run: tuple[Path, Truth]) -> None:
    folder, truth = run
    lines = (folder / TRUTH_REQUESTS).read_bytes().splitlines()
    hidden = [msgspec.json.decode(line, type=RequestTruth) for line in lines]
    for figure in truth.figures:
        mine = [
            request.success
            for request in hidden
            if (request.feature, request.week) == (figure.feature, figure.week)
            and request.success is not None
        ]
        assert (figure.n, figure.n_success) == (len(mine), sum(mine))


def test_retries_are_the_same_text_in_the_same_session_within_ten_minutes(events: Events) -> None:
    pairs = repeats = 0
    for session in sessions(events):
        for before, after in pairwise(session):
            if text_key(before["query"]) == text_key(after["query"]):
                repeats += 1
                pairs += ts(after) - ts(before) <= timedelta(minutes=10)

    assert pairs == repeats > 0.02 * len(of_kind(events, "request"))


def test_what_the_daemon_derives_is_not_sent(events: Events) -> None:
    names = {signal["signal"] for signal in of_kind(events, "signal")}

    assert names.isdisjoint({"retry", "abandon", "rephrase"})


def test_a_regenerated_answer_names_the_one_before_and_its_signal(events: Events) -> None:
    signalled = {s["request_id"] for s in of_kind(events, "signal") if s["signal"] == "regenerate"}
    replaced = {r["regenerates"] for r in of_kind(events, "request") if "regenerates" in r}

    assert replaced
    assert signalled >= replaced


def test_some_accepts_are_undone_at_once_and_some_later(events: Events) -> None:
    accepted = {
        s["request_id"]: ts(s) for s in of_kind(events, "signal") if s["signal"] == "accept"
    }
    gaps = [
        ts(s) - accepted[s["request_id"]]
        for s in of_kind(events, "signal")
        if s["signal"] == "undo"
    ]

    assert any(gap <= timedelta(seconds=30) for gap in gaps)
    assert any(gap > timedelta(seconds=30) for gap in gaps)


def test_edits_bring_the_final_text_and_how_much_changed(events: Events) -> None:
    edits = [s for s in of_kind(events, "signal") if s["signal"] == "edit"]

    assert edits
    assert all(s["text"] and 0 < s["value"] <= 1 for s in edits)


def test_hostile_texts_are_among_the_queries(events: Events) -> None:
    queries = " ".join(request["query"] for request in of_kind(events, "request"))

    for piece in ("<script>", "](javascript:", "=HYPERLINK(", "\u202e", "😭"):
        assert piece in queries


def test_eval_items_are_registered_once_for_two_suites_that_stay_green(events: Events) -> None:
    runs = of_kind(events, "eval")
    registered = [run["suite"] for run in runs if "items" in run]

    assert sorted(registered) == ["orders-golden", "refunds-golden"]
    assert all(run["score"] > 0.85 for run in runs)


def test_ordinary_queries_never_equal_an_eval_item(events: Events, truth: Truth) -> None:
    items = {text_key(i["input"]) for run in of_kind(events, "eval") for i in run.get("items", ())}
    equal = {r["request_id"] for r in of_kind(events, "request") if text_key(r["query"]) in items}
    planted = next(p for p in truth.planted if p.kind == "overlap")

    assert equal == set(planted.request_ids)


def test_an_overlap_is_a_failure_of_a_consenting_user_with_a_right_answer_known(
    events: Events, truth: Truth
) -> None:
    planted = next(p for p in truth.planted if p.kind == "overlap")
    items = {
        i["item_id"]: i["input"] for run in of_kind(events, "eval") for i in run.get("items", ())
    }
    requests = {r["request_id"]: r for r in of_kind(events, "request")}
    granted = {c["user_id"] for c in of_kind(events, "consent") if c["state"] == "granted"}
    finals = {
        o["request_id"]: o
        for o in of_kind(events, "outcome")
        if "final_text" in o and "request_id" in o
    }
    pairs = list(zip(planted.request_ids, planted.eval_item_ids, strict=True))

    assert len(pairs) >= 5
    assert {requests[r]["query"] == items[item] for r, item in pairs} == {True, False}
    for request_id, item in pairs:
        assert requests[request_id]["query"].casefold() == items[item].casefold()
        assert requests[request_id]["user_id"] in granted
        assert finals[request_id]["success"] is False


def test_users_revoke_late_after_having_usable_failures(events: Events, truth: Truth) -> None:
    planted = next(p for p in truth.planted if p.kind == "revoked")
    states: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    for consent in of_kind(events, "consent"):
        states[consent["user_id"]].append((consent["state"], ts(consent)))
    requests = {r["request_id"]: r for r in of_kind(events, "request")}

    assert planted.user_ids
    for user_id in planted.user_ids:
        (first, _), (second, at) = states[user_id]
        assert (first, second) == ("granted", "revoked")
        assert END_TIME - timedelta(weeks=1) < at < END_TIME
    assert {requests[r]["user_id"] for r in planted.request_ids} == set(planted.user_ids)


def test_users_grant_deny_or_never_answer(events: Events) -> None:
    users = {r["user_id"] for r in of_kind(events, "request") if "user_id" in r}
    said = {c["user_id"]: c["state"] for c in of_kind(events, "consent") if c["user_id"] in users}
    share = sum(state == "granted" for state in said.values()) / len(users)

    assert 0.7 < share < 0.9
    assert "denied" in said.values()
    assert users - set(said)


def test_a_run_ends_on_a_monday(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no Monday"):
        simulate(tmp_path, end=date(2026, 7, 7))


@pytest.mark.parametrize(("weeks", "scale"), [(0, 1.0), (4, 0.0), (4, float("nan"))])
def test_weeks_and_scale_are_positive(tmp_path: Path, weeks: int, scale: float) -> None:
    with pytest.raises(UsageError, match="can't simulate"):
        simulate(tmp_path, end=END, weeks=weeks, scale=scale)


def test_the_latest_end_leaves_room_for_the_tail() -> None:
    assert latest_end(END_TIME + TAIL) == END
    assert latest_end(END_TIME + TAIL - timedelta(seconds=1)) == END - timedelta(weeks=1)


def test_progress_goes_from_near_nothing_to_one(tmp_path: Path) -> None:
    seen: list[float] = []
    simulate(tmp_path, end=END, weeks=2, scale=0.03, progress=seen.append)

    assert seen == sorted(seen)
    assert seen[-1] == 1
