"""Parts of a feature: rare false warnings, a rotten segment and a bad canary found and ended."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from benchmarks.decay import storing
from benchmarks.decay.scenarios import SCENARIOS, Scenario, step
from benchmarks.decay.traffic import make
from decay_reports import part_run
from decay_reports.alarms.detector import Detector, Step, threshold
from decay_reports.alarms.part_stream import PartStreams, SegmentStream, Trial, size
from decay_reports.causes.parts import new_layers
from decay_reports.figures import baseline
from decay_reports.figures.baseline import Acceptance
from decay_reports.figures.day_levels import WEEK_SD
from decay_reports.run import run
from decayd.config import StoreSettings
from store.database import Store
from store.findings import findings_at
from tests.event_rows import select
from tests.stored_worlds import settings

MONDAY = date(2026, 1, 5)
SETTINGS = settings(alarms={"false_pages_per_year": 0.2})
N_STREAMS, MARGIN_SE = 18, part_run.MARGIN_SE


def steps(rng: np.random.Generator, n_labels: int, weeks: int, fall: float = 0.0) -> list[Step]:
    """Draw a segment's weeks: binomial outcomes, a baseline of four weeks, weeks that wobble."""
    p = float(np.clip(0.7 + rng.normal(0, 0.15), 0.1, 0.95))
    n_base = max(int(rng.poisson(4 * n_labels)), 100)
    base = rng.binomial(n_base, p) / n_base
    spread = max(base * (1 - base), 0.01)
    margin = 0.01 + MARGIN_SE * np.sqrt(spread / n_base)
    made = []
    for week in range(weeks):
        n = max(int(rng.poisson(n_labels)), 20)
        x = rng.binomial(n, np.clip(p + rng.normal(0, 0.02) - fall, 0, 1)) / n
        v = max(x * (1 - x), spread) / n + WEEK_SD**2
        made.append(Step(MONDAY + timedelta(weeks=week), float(base - x - margin), float(v)))
    return made


def first_alarm(weeks: list[Step]) -> int | None:
    stream = SegmentStream(detector=Detector(1))
    for k, week in enumerate(weeks, 1):
        stream = stream.updated(week, threshold(N_STREAMS, 0.2))
        if stream.worse:
            return k
    return None


def test_segments_keep_to_the_budget_of_false_warnings_in_200_feature_years() -> None:
    n_false = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        n_false += sum(first_alarm(steps(rng, 46, 52)) is not None for _ in range(N_STREAMS))
    assert n_false / 200 <= 0.2


@pytest.mark.parametrize(("n_labels", "weeks"), [(70, 3), (46, 5)])
def test_a_segment_that_falls_by_25_points_is_found_within_weeks(n_labels: int, weeks: int) -> None:
    rng = np.random.default_rng(3)
    found = [first_alarm(steps(rng, n_labels, 26, 0.25)) or 99 for _ in range(80)]
    assert np.median(found) <= weeks
    assert np.mean(np.array(found) <= 26) > 0.95


def trial(rng: np.random.Generator, worse: float, weeks: int) -> list[bool]:
    """Draw a canary of a tenth of the traffic beside the rest; return when it is called worse."""
    one, said = Trial(), []
    for week in range(weeks):
        n = max(int(rng.poisson(55)), 20)
        x = rng.binomial(n, 0.7 - worse) / n
        rest = rng.binomial(490, 0.7) / 490
        v = max(x * (1 - x), 0.21) / n + 0.21 / 490 + WEEK_SD**2
        one = one.updated(Step(MONDAY + timedelta(weeks=week), float(rest - x - 0.01), float(v)))
        said.append(one.worse)
    return said


def test_of_versions_that_are_no_worse_hardly_any_is_called_worse() -> None:
    rng = np.random.default_rng(5)
    assert np.mean([trial(rng, 0.0, 26)[-1] for _ in range(600)]) <= 0.01


def test_a_canary_that_is_15_points_worse_is_found_in_four_weeks_and_never_in_one() -> None:
    rng = np.random.default_rng(6)
    said = np.array([trial(rng, 0.15, 8) for _ in range(200)])
    assert not said[:, 0].any()
    assert said[:, 3].mean() > 0.5
    assert said[:, 7].mean() > 0.9
    assert trial(rng, 0.5, 2)[-1]


def test_a_fall_ends_after_four_weeks_back_and_is_given_up_without_data() -> None:
    def at(k: int, d: float) -> Step:
        return Step(MONDAY + timedelta(weeks=k), d, 0.002)

    stream = SegmentStream(detector=Detector(1))
    for k in range(4):
        stream = stream.updated(at(k, 0.2), 100.0)
    assert stream.onset == MONDAY
    assert size(stream.path, 0.03, 0.02).value == pytest.approx(-0.23)
    assert stream.ended(at(4, 0).week) == ""
    assert "can't be measured" in stream.ended(at(12, 0).week)
    for k in range(4, 8):
        stream = stream.updated(at(k, -0.05), 100.0)
    assert stream.ended(at(7, 0).week) == "it is back where it was"
    assert not stream.restarted().worse
    kept = PartStreams(baseline_version=1, segments={"topic=a": stream})
    assert PartStreams.from_json(kept.to_json()) == kept
    assert kept.kept(at(16, 0).week).segments == {}


def test_what_is_new_in_a_version_is_named_and_routing_that_was_there_before_is_not() -> None:
    def version(model: str, prompt: str) -> str:
        return f'{model}\x1f\x1f{{"prompt":"{prompt}"}}'

    texts = [version(m, p) for m in ("small", "large") for p in ("v1", "v2")]
    code = np.array([0, 2] * 50 + [0, 1, 2, 3] * 10)
    found = new_layers(texts, code, np.arange(140) < 100)
    names = [found.labels[c] for c in found.code]
    assert set(names[:100]) == {""}
    assert names[100:104] == ["", "prompt=v2", "", "prompt=v2"]


def test_a_version_that_is_no_map_is_read_without_harm() -> None:
    hostile = ["m\x1f\x1f[1]", "m\x1f\x1f{bad", 'm\x1f\x1f{"p":"\\u001b[31m"}']
    found = new_layers(hostile, np.array([0, 1, 2]), np.array([True, True, False]))
    assert found.labels[0] == ""
    assert "\x1b" not in "".join(found.labels)


BOTH = Scenario(
    "both", "either", v2_share=step(0.15), v2_logit=-1.4, deploys=(70.0,), stale=step(-2.2)
)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Store a feature whose first topics rot in week 11, when a bad canary begins."""
    path = tmp_path_factory.mktemp("parts") / "s.duckdb"
    with Store.open(StoreSettings(path=path, threads=1)) as store:
        storing.fill(store, make(BOTH.shortened(17), 4))
        for week in range(1, 18):
            run(store, storing.close(week), SETTINGS)
            for _ in range(2):  # a second run finds nothing to do
                part_run.run(store, storing.close(week), SETTINGS)
        yield store


def parts(store: Store, kind: str, week: int) -> list[Any]:
    return findings_at(store, storing.close(week), kind=kind)


def test_the_rotten_topics_and_the_canary_are_named_and_nothing_before(watched: Store) -> None:
    assert [f for kind in ("segment_fell", "version_worse") for f in parts(watched, kind, 11)] == []
    worse = parts(watched, "version_worse", 17)
    assert [f.details["about"] for f in worse] == ["prompt=v2"]
    rotten = {f.details["about"] for f in parts(watched, "segment_fell", 17)}
    assert rotten
    assert rotten <= {"topic=t0", "topic=t1", "topic=t2", "topic=t3"}


def test_a_finding_has_size_requests_and_one_id_and_does_not_page(watched: Store) -> None:
    (worse,) = parts(watched, "version_worse", 17)
    rows = select(watched, "SELECT finding_id, as_of, severity, incident_id FROM findings"
                  " WHERE kind = 'version_worse' ORDER BY as_of")  # fmt: skip
    assert {(row[0], row[2], row[3]) for row in rows} == {(worse.finding_id, "warning", None)}
    assert len({row[1] for row in rows}) == len(rows) > 1
    low, high = worse.details["size"]["low"], worse.details["size"]["high"]
    assert low < high < 0
    assert worse.now.n > 50
    assert worse.now.value < worse.before.value
    assert worse.member_request_ids
    assert "pts" in worse.title


def test_an_accepted_baseline_closes_them(watched: Store) -> None:
    feature, as_of = "both-4", storing.close(17)
    weeks = [MONDAY + timedelta(weeks=k) for k in range(11, 15)]
    offset = storing.close(0).date() - MONDAY
    baseline.accept(
        watched, feature, [week + offset for week in weeks], SETTINGS,
        Acceptance("a person", "the new normal", as_of),
    )  # fmt: skip
    later = storing.close(18)
    run(watched, later, SETTINGS)
    part_run.run(watched, later, SETTINGS)
    for kind in ("version_worse", "segment_fell"):
        closed = findings_at(watched, later, kind=kind)
        assert {f.state for f in closed} == {"closed"}
        assert all("new baseline" in f.title for f in closed)


def test_no_scenario_is_needed_for_a_feature_without_a_baseline(tmp_path: Any) -> None:
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as store:
        storing.fill(store, make(SCENARIOS["no-outcomes"].scaled(40.0).shortened(2), 1))
        run(store, storing.close(2), SETTINGS)
        assert part_run.run(store, storing.close(2), SETTINGS) == {"parts": 0, "worse": 0}
