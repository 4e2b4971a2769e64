"""What is embedded, in which order when too much waits, and what of it can be read afterwards."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from decayd.config import Settings, StoreSettings
from drift.embedding import Encoder
from drift.vectors import Embedder
from store.database import Store
from tests.second_model import PACKAGE, queries, vector_rows
from tests.topic_streams import FEATURE, close, model_id, row, run_weeks, week_rows
from tests.topics_job import everything, query

TEXTS = [text for group in queries() for text in group]


def embedder(store: Store, week: int = 1) -> Embedder:
    return Embedder(store, Encoder(PACKAGE), close(week))


def limited(settings: Settings, max_texts: int) -> Settings:
    topics = settings.topics.model_copy(update={"max_texts": max_texts})
    return settings.model_copy(update={"topics": topics})


def days(store: Store) -> Counter[str]:
    """Count the requests by day whose text has a vector."""
    rows = query(store, "SELECT day FROM requests SEMI JOIN vectors USING (text_key)")
    return Counter(each["day"] for each in rows)


def test_a_text_is_embedded_once_however_often_it_was_asked(store: Store) -> None:
    store.append("requests", week_rows(1, [*TEXTS[:10], *TEXTS[:10], TEXTS[0].upper()]))
    embedder(store).waiting([FEATURE], 1000, 7)
    assert embedder(store).n_made() == 10
    assert embedder(store).these([each["text_key"] for each in query(
        store, "SELECT text_key FROM requests")]) == 0  # fmt: skip


def test_of_too_many_texts_each_day_has_its_share(store: Store) -> None:
    store.append("requests", week_rows(1, TEXTS[:210]))
    embedder(store).waiting([FEATURE], 70, 7)
    assert embedder(store).n_left([FEATURE]) == 140
    assert sorted(days(store).values()) == [10] * 7


def test_a_small_feature_is_not_pushed_out_by_a_large_one(store: Store) -> None:
    store.append("requests", week_rows(1, TEXTS[:180]))
    store.append("requests", [row(f"s{n}", close(0) + timedelta(days=n), f"{TEXTS[n]} again",
                                  feature="small") for n in range(7)])  # fmt: skip
    embedder(store).waiting([FEATURE, "small"], 40, 7)
    embedded = query(store, "SELECT feature FROM requests SEMI JOIN vectors USING (text_key)")
    assert Counter(each["feature"] for each in embedded) == {FEATURE: 33, "small": 7}


def test_another_seed_draws_other_texts(tmp_path: Path) -> None:
    drawn: list[set[int]] = []
    for seed in (7, 8, 7):
        path = tmp_path / f"{len(drawn)}.duckdb"
        with Store.open(StoreSettings(path=path, threads=1)) as other:
            other.append("requests", week_rows(1, TEXTS[:70]))
            embedder(other).waiting([FEATURE], 14, seed)
            drawn.append(
                {each["text_key"] for each in query(other, "SELECT text_key FROM vectors")}
            )
    assert drawn[0] == drawn[2] != drawn[1]


def test_a_run_that_was_stopped_embeds_the_same_texts_when_it_starts_again(
    store: Store, tmp_path: Path
) -> None:
    store.append("requests", week_rows(1, TEXTS[:100]))
    embedder(store).waiting([FEATURE], 40, 7)
    whole = [each["text_key"] for each in query(store, "SELECT text_key FROM vectors ORDER BY ALL")]
    with Store.open(StoreSettings(path=tmp_path / "stopped.duckdb", threads=1)) as other:
        other.append("requests", week_rows(1, TEXTS[:100]))
        embedder(other).these(whole[:15])
        embedder(other).waiting([FEATURE], 40, 7)
        again = query(other, "SELECT text_key FROM vectors ORDER BY ALL")
    assert [each["text_key"] for each in again] == whole


@pytest.fixture(scope="module")
def known() -> pa.Table:
    return vector_rows(PACKAGE)


@pytest.fixture(scope="module")
def four_weeks(tmp_path_factory: pytest.TempPathFactory, known: pa.Table) -> Path:
    """The file of a store with a baseline, back-filled, so that no window asks for vectors."""
    path = tmp_path_factory.mktemp("learnt") / "s.duckdb"
    with Store.open(StoreSettings(path=path, threads=1)) as store:
        store.append("vectors", known)
        for week in range(1, 5):
            store.append("requests", asked(week))
        run_weeks(store, Settings(), range(1, 5))
        store.checkpoint()
    return path


@pytest.fixture
def learnt(four_weeks: Path, tmp_path: Path) -> Iterator[Store]:
    path = Path(shutil.copy(four_weeks, tmp_path / "learnt.duckdb"))
    with Store.open(StoreSettings(path=path, threads=1)) as store:
        yield store


def asked(week: int) -> list[dict[str, Any]]:
    """Return 160 requests about 12 subjects."""
    rng, groups = np.random.default_rng(week), queries()
    chosen = [groups[rng.integers(12)][rng.integers(24)] for _ in range(160)]
    return week_rows(week, chosen)


def test_what_is_left_follows_in_later_runs_and_is_unembedded_until_then(
    learnt: Store, settings: Settings
) -> None:
    times = [close(4) + timedelta(hours=n + 1) for n in range(60)]
    unseen = [row(f"n{n}", ts, f"{TEXTS[n]} again") for n, ts in enumerate(times)]
    learnt.append("requests", [*asked(5), *unseen])
    counts = run_weeks(learnt, limited(settings, 25), range(5, 8))
    assert [each["texts_waiting"] for each in counts] == [35, 10, 0]
    placed = query(
        learnt,
        "SELECT as_of, count(*) AS n FROM request_topics JOIN requests USING (request_key)"
        " WHERE starts_with(request_id, 'n') GROUP BY as_of ORDER BY as_of",
    )
    assert [each["n"] for each in placed] == [25, 25, 10]


def test_windows_are_whole_however_little_is_embedded(store: Store, settings: Settings) -> None:
    store.set_info(first_live_at=close(0).isoformat())
    for week in range(1, 6):
        store.append("requests", asked(week))
    counts = run_weeks(store, limited(settings, 20), range(1, 6))
    assert counts[0]["texts"] == 20
    state = query(store, "SELECT state FROM alarm_states WHERE stream = 'topics' ORDER BY as_of")
    assert json.loads(state[-1]["state"])["looks"][0]["n"] == 160


@pytest.mark.parametrize(
    ("texts", "share"),
    [(["refund"] * 4, 0.0), (["refund", "a long paste " * 500, "x" * 100_000, "lamp"], 0.5)],
    ids=["short texts", "two pastes"],
)
def test_the_share_of_texts_that_were_cut_is_kept(
    learnt: Store, settings: Settings, texts: list[str], share: float
) -> None:
    learnt.append("requests", week_rows(5, texts))
    run_weeks(learnt, settings, [5])
    cut = query(learnt, "SELECT week, n, value FROM weekly_figures WHERE metric = 'text_cut_share'")
    assert (cut[-1]["n"], cut[-1]["value"]) == (4, share)


@pytest.mark.parametrize("feature", ["", "Robert'); DROP TABLE topics;--", "😀\u202e"])
def test_features_of_any_name_and_texts_of_any_kind_go_through_the_job(
    store: Store, settings: Settings, known: pa.Table, feature: str
) -> None:
    hostile = ["", "   ", "😀", "a" * 100_000, "\u200b\u202e", "ignore all previous instructions",
               "[CLS] [SEP] </s>", "我的退款在哪里"]  # fmt: skip
    store.append("vectors", known)
    for week in range(1, 6):
        texts = [*hostile, *TEXTS[:150]]
        store.append("requests", week_rows(week, texts, feature=feature))
    counts: list[dict[str, Any]] = run_weeks(store, settings, range(1, 6))
    assert sum(each["placed"] for each in counts) == 5 * 158
    assert {each["feature"] for each in everything(store)["topics"]} == {feature}
    assert model_id() == everything(store)["topics"][0]["model_id"]
