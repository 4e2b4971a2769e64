"""The topics job's other alarms: shares, what vanished, unfamiliar queries and style."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from decayd.config import Settings, StoreSettings
from decayd.results import Finding
from store.database import Store
from store.findings import findings_at
from tests.topic_streams import DIMENSION, START, Clouds, close, row, run_weeks, store_vectors
from tests.topics_job import LATER, everything, incidents, query, states

N = 240
WORDS = ("please", "tell", "me", "about", "the", "thing", "I", "asked", "for", "again", "today")
Week = Callable[[Clouds, int], list[str]]


def worded(clouds: Clouds) -> None:
    """Give the queries capitals, marks and common words, as people write them."""
    clouds.texts = [
        [f"{text.capitalize()} {' '.join(WORDS[: 3 + n % 8])}?" for n, text in enumerate(group)]
        for group in clouds.texts
    ]


def ask(clouds: Clouds, groups: Sequence[int]) -> list[str]:
    wordings = clouds.rng.integers(0, clouds.vectors.shape[1], len(groups))
    return [clouds.texts[g][n] for g, n in zip(groups, wordings, strict=True)]


def usual(clouds: Clouds, n: int = N, without: Sequence[int] = ()) -> list[str]:
    known = [g for g in range(12) if g not in without]
    return ask(clouds, clouds.rng.choice(known, n).tolist())


def scattered(store: Store, clouds: Clouds, n: int, week: int) -> list[str]:
    """Return queries that are like nothing else, with their vectors stored."""
    vectors = clouds.rng.normal(size=(n, DIMENSION))
    tail = " ".join(WORDS[:6])
    texts = [f"Oddity {week} {number} {tail} to ann{number}@example.org?" for number in range(n)]
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    store_vectors(store, texts, (vectors / lengths).astype(np.float32))
    return texts


def tell(store: Store, week: int, queries: Sequence[str]) -> None:
    start, step = close(week - 1), (close(week) - close(week - 1)) / max(1, len(queries))
    rows = [row(f"r{week}-{n}", start + n * step, text) for n, text in enumerate(queries)]
    store.append("requests", rows)


def story(store: Store, weeks: Mapping[int, Week], last: int, settings: Settings) -> list[Finding]:
    """Run usual weeks but for some; return what was found in the end."""
    store.set_info(first_live_at=START.isoformat())
    clouds = Clouds(3)
    worded(clouds)
    clouds.fill(store)
    for week in range(1, last + 1):
        queries = weeks[week](clouds, week) if week in weeks else usual(clouds)
        tell(store, week, queries)
    run_weeks(store, settings, range(1, last + 1))
    return findings_at(store, LATER)


def vanished(clouds: Clouds, _: int) -> list[str]:
    return usual(clouds, without=[4])


def mixed(clouds: Clouds, _: int) -> list[str]:
    weights = np.array([1.4] * 6 + [0.6] * 6) / 12
    return ask(clouds, clouds.rng.choice(12, N, p=weights).tolist())


def shouted(clouds: Clouds, _: int) -> list[str]:
    return [text.upper() if clouds.rng.random() < 0.7 else text for text in usual(clouds)]


def emerged(clouds: Clouds, _: int) -> list[str]:
    return [*usual(clouds, N - 45), *ask(clouds, [12] * 45)]


def grown(clouds: Clouds, _: int) -> list[str]:
    return [*usual(clouds, N - 90), *ask(clouds, [4] * 90)]


def test_a_known_topic_that_grew_is_not_called_new(store: Store, settings: Settings) -> None:
    found = story(store, {8: grown}, 8, settings)
    assert [each.kind for each in found] == ["topic_emerged"]
    assert found[0].title.startswith("more queries like “group4")


def test_quiet_weeks_keep_a_p_value_of_every_channel_and_scale(
    store: Store, settings: Settings
) -> None:
    assert story(store, {}, 8, settings) == []
    said = {
        (c["channel"], c["weeks"], c["against"], c["state"]) for c in states(store)[-1]["channels"]
    }
    assert said == {
        ("emerging", 1, "reference", "quiet"),
        ("emerging", 4, "reference", "quiet"),
        ("shares", 1, "reference", "quiet"),
        ("shares", 4, "reference", "quiet"),
        ("shares", 4, "baseline", "quiet"),
        ("vanishing", 4, "baseline", "quiet"),
        ("unfamiliar", 1, "baseline", "quiet"),
        ("unfamiliar", 4, "baseline", "quiet"),
        ("style", 1, "reference", "quiet"),
        ("style", 4, "reference", "quiet"),
    }


def test_a_topic_that_vanished_is_found_once_and_named(store: Store, settings: Settings) -> None:
    found = story(store, dict.fromkeys(range(8, 13), vanished), 12, settings)
    assert [(each.kind, each.severity, each.state) for each in found] == [
        ("topic_vanished", "info", "open")
    ]
    finding = found[0]
    assert "group4" in finding.details["words"]
    assert "almost gone" in finding.title
    assert finding.now is not None
    assert finding.before is not None
    assert (finding.now.high or 1) < (finding.before.low or 0)
    assert len(finding.details["examples"]) == 3
    assert finding.details["commands"][0] == f"decayd findings show {finding.finding_id} --json"
    assert [each[2] for each in incidents(store)] == ["opened"]


def test_another_mix_of_topics_is_one_finding_that_lists_what_moved(
    store: Store, settings: Settings
) -> None:
    found = story(store, dict.fromkeys(range(8, 13), mixed), 12, settings)
    assert len(found) == 1
    assert found[0].kind in {"topic_shifted", "topic_vanished"}  # some topics lost about half
    moved = found[0].details["moved"]
    assert moved[0]["topic_id"].startswith("t")
    assert moved[0]["now"]["low"] is not None
    assert len(incidents(store)) == 1


def test_unfamiliar_queries_are_found_with_the_requests_that_are_unlike(
    store: Store, settings: Settings
) -> None:
    def strange(clouds: Clouds, week: int) -> list[str]:
        return [*usual(clouds, N - 60), *scattered(store, clouds, 60, week)]

    found = story(store, dict.fromkeys((8, 9), strange), 9, settings)
    assert [(each.kind, each.topic_id) for each in found] == [("unfamiliar_queries", "other")]
    asked = query(store, "SELECT request_id FROM requests WHERE starts_with(query, 'Oddity')")
    truth = {each["request_id"] for each in asked}
    assert len(truth & set(found[0].member_request_ids)) > 0.9 * len(truth)
    assert all(example.startswith("Oddity") for example in found[0].details["examples"])
    assert "@" not in json.dumps(found[0].details)  # masked: it looks like personal data


def test_a_style_that_changed_is_found_and_is_no_topic(store: Store, settings: Settings) -> None:
    found = story(store, dict.fromkeys((8, 9), shouted), 9, settings)
    assert [(each.kind, each.topic_id) for each in found] == [("style_shifted", None)]
    assert "more upper case" in found[0].title
    assert incidents(store) == [(8, "style", "opened")]
    asked = dict.fromkeys(found[0].member_request_ids)
    texts = query(store, "SELECT request_id, query FROM requests")
    shown = [each["query"] for each in texts if each["request_id"] in asked]
    assert shown
    assert all(text.isupper() for text in shown)


def test_a_new_topic_explains_the_shares_that_it_moves(store: Store, settings: Settings) -> None:
    found = story(store, dict.fromkeys(range(8, 11), emerged), 10, settings)
    assert {each.kind for each in found} == {"topic_emerged"}


@pytest.mark.slow
def test_a_new_topic_within_another_style_is_listed_and_comes_out_later(
    store: Store, settings: Settings
) -> None:
    def both(clouds: Clouds, week: int) -> list[str]:
        return [text.upper() for text in emerged(clouds, week)]

    weeks: dict[int, Week] = {8: both}
    weeks |= dict.fromkeys(range(9, 14), emerged)
    found = story(store, weeks, 13, settings)
    first = findings_at(store, close(8))
    assert [each.kind for each in first] == ["style_shifted"]
    assert any("group12" in group["label"] for group in first[0].details["groups"])
    assert [each.kind for each in found] == ["style_shifted", "topic_emerged"]


@pytest.mark.slow
@pytest.mark.parametrize("week", [vanished, mixed, shouted], ids=["vanished", "mixed", "shouted"])
def test_an_incident_closes_after_four_quiet_weeks(
    store: Store, settings: Settings, week: Week
) -> None:
    found = story(store, dict.fromkeys(range(9, 13), week), 21, settings)
    assert [each.state for each in found] == ["closed"]
    assert [each[2] for each in incidents(store)] == ["opened", "closed"]
    assert found[0].next_step == "nothing to do"


@pytest.mark.slow
def test_running_week_by_week_gives_what_running_again_in_another_store_gives(
    settings: Settings, tmp_path: Path
) -> None:
    results = []
    weeks: dict[int, Week] = {8: shouted, 10: mixed, 11: mixed}
    for name in ("one", "two"):
        with Store.open(StoreSettings(path=tmp_path / f"{name}.duckdb", threads=1)) as store:
            story(store, weeks, 11, settings)
            run_weeks(store, settings, [11, 9, 5])
            results.append(everything(store))
    assert results[0] == results[1]


def test_thin_weeks_are_pooled_as_long_as_there_are_enough_votes(
    store: Store, settings: Settings
) -> None:
    thin: dict[int, Week] = dict.fromkeys(range(5, 10), lambda clouds, _: usual(clouds, 60))
    assert story(store, thin, 9, settings) == []
    last = states(store)[-1]
    assert last["why_not"] == ""
    said = {(c["channel"], c["weeks"]): c["state"] for c in last["channels"]}
    assert said["emerging", 1] == said["style", 1] == "not enough data"
    assert said["emerging", 4] == said["style", 4] == said["shares", 4] == "quiet"


def test_thirty_queries_a_week_are_never_an_alarm(store: Store, settings: Settings) -> None:
    def few(clouds: Clouds, _: int) -> list[str]:
        return ask(clouds, [12] * 30)

    assert story(store, dict.fromkeys(range(5, 9), few), 8, settings) == []
    assert all(each["why_not"] for each in states(store)[-4:])


def test_a_sample_of_large_traffic_is_said_in_the_state_and_the_finding(
    store: Store, settings: Settings
) -> None:
    def many(clouds: Clouds, _: int) -> list[str]:
        return [*usual(clouds, 3400), *ask(clouds, [12] * 600)]

    found = story(store, {5: many}, 5, settings)
    assert len(found) == 1
    assert "from a sample of 2,000 of 4,000 queries" in found[0].title
    assert found[0].details["basis"] == "a sample of 2,000 of 4,000 queries"
    look = states(store)[-1]["looks"][0]
    assert (look["n"], look["n_requests"], look["sampled"]) == (2000, 4000, True)


def test_success_of_the_members_stands_beside_the_rest_once_it_is_estimated(
    store: Store, settings: Settings
) -> None:
    story(store, dict.fromkeys((8, 9), emerged), 8, settings)
    early = findings_at(store, LATER)[0].details["success"]
    assert early["members"]["value"] is None
    assert early["members"]["why_not"].startswith("not measured")
    store.append("pseudo_outcomes", _outcomes(store, 8))
    tell_again = Clouds(3)
    worded(tell_again)
    tell(store, 9, emerged(tell_again, 9))
    run_weeks(store, settings, [9])
    success = findings_at(store, LATER)[0].details["success"]
    assert success["weeks"] == [close(7).date().isoformat()]
    assert success["members"]["value"] < 0.1
    assert success["rest"]["value"] > 0.9
    assert success["rest"]["low"] <= success["rest"]["value"] <= success["rest"]["high"]
    assert success["rest"]["n"] + success["members"]["n"] == N


def _outcomes(store: Store, week: int) -> list[dict[str, object]]:
    sql = f"SELECT request_key, query FROM requests WHERE starts_with(request_id, 'r{week}-')"  # noqa: S608
    return [
        {
            "request_key": each["request_key"],
            "feature": "assistant",
            "week": close(week - 1).date(),
            "topic_id": "t1",
            "psi": 0.0 if "roup12" in each["query"] else 1.0,
            "influence": 0.0,
            "labelled": True,
            "as_of": close(week),
        }
        for each in query(store, sql)
    ]
