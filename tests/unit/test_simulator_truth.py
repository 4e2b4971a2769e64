"""The demo's simulator: what was planted is in the traffic, within stated bounds, over seeds."""

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from importlib import resources
from math import sqrt
from pathlib import Path
from statistics import fmean, median, quantiles
from typing import Any, NamedTuple

import msgspec
import pytest

from decayd.config import load
from decayd.demo.scenarios import FEATURES
from decayd.demo.simulate import EVENTS, TRUTH_REQUESTS, Run, simulate, write_run
from decayd.demo.truth import RequestTruth, Truth

END = date(2026, 7, 6)
START = END - timedelta(weeks=26)
SEEDS = (1, 2, 3)
SCALE = 0.3


class Simulated(NamedTuple):
    truth: Truth
    events: list[dict[str, Any]]
    hidden: dict[str, RequestTruth]

    def signals(self, feature: str, name: str, *, first: date, last: date) -> float:
        """Return the share of a feature's requests of some weeks that have a signal."""
        about = {
            request_id
            for request_id, request in self.hidden.items()
            if request.feature == feature and first <= request.week <= last
        }
        given = {e.get("request_id") for e in self.events if e.get("signal") == name}
        return len(about & given) / len(about)


@pytest.fixture(scope="module", params=SEEDS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    folder = tmp_path_factory.mktemp("run")
    truth = simulate(folder, end=END, seed=request.param, scale=SCALE, keep_requests=True)
    events = [json.loads(line) for line in (folder / EVENTS).read_bytes().splitlines()]
    lines = (folder / TRUTH_REQUESTS).read_bytes().splitlines()
    hidden = [msgspec.json.decode(line, type=RequestTruth) for line in lines]
    return Simulated(truth, events, {h.request_id: h for h in hidden})


def week(number: int) -> date:
    return START + timedelta(weeks=number - 1)


def bound(rate: float, n: int, n_days: int) -> float:
    """Return four standard errors: binomial with a design effect of 1.3, day noise of logit sd .12.

    One point is added for what the noise on the logit scale does to a mean rate.
    """
    variance = rate * (1 - rate)
    return 0.01 + 4 * sqrt(1.3 * variance / n + (variance * 0.12) ** 2 / n_days)


@pytest.mark.parametrize(
    ("feature", "first", "last", "rate"),
    [
        ("order_status", 1, 26, 0.80),
        ("refund_help", 1, 13, 0.70),
        ("refund_help", 22, 26, 0.50),
        ("smart_reply", 1, 15, 0.785),
        ("smart_reply", 16, 26, 0.785),
        ("returns_bot", 1, 14, 0.775),
    ],
)
def test_success_is_as_planned(
    run: Simulated, feature: str, first: int, last: int, rate: float
) -> None:
    n = sum(
        f.n
        for f in run.truth.figures
        if f.feature == feature and week(first) <= f.week <= week(last)
    )
    measured = run.truth.rate(feature, week(first), week(last))

    assert abs(measured - rate) < bound(rate, n, 7 * (last - first + 1))


def test_the_slide_is_smooth_and_most_of_all_in_two_topics(run: Simulated) -> None:
    before, middle, after = (
        run.truth.rate("refund_help", week(a), week(b)) for a, b in ((1, 13), (17, 18), (22, 26))
    )
    falls = {}
    for intent in {h.intent for h in run.hidden.values() if h.feature == "refund_help"}:
        falls[intent] = _rate(run, intent, week(1), week(13)) - _rate(run, intent, week(22), END)

    assert before > middle > after
    most = sorted(falls, key=lambda intent: falls[intent])[-2:]
    assert set(most) == {"refund_time", "return_window"}


def _rate(run: Simulated, intent: str, first: date, last: date) -> float:
    about = (h for h in run.hidden.values() if h.intent == intent and first <= h.week <= last)
    return fmean(h.success for h in about if h.success is not None)


def test_infrastructure_stays_green_while_success_slides(run: Simulated) -> None:
    for feature in ("refund_help", "order_status"):
        requests = [e for e in run.events if e.get("feature") == feature and "latency_ms" in e]
        for first, last in ((1, 13), (18, 26)):
            mine = [r for r in requests if week(first) <= _day(r) < week(last + 1)]
            errors = [r for r in mine if r["status"] in {"error", "timeout"}]
            assert quantiles([r["latency_ms"] for r in mine], n=20)[-1] == pytest.approx(
                1900, abs=120
            )
            assert len(errors) / len(mine) == pytest.approx(0.0032, abs=0.003)


def _day(event: dict[str, Any]) -> date:
    return datetime.fromisoformat(event["ts"]).date()


def test_copies_vanish_and_regenerations_rise_when_the_button_goes(run: Simulated) -> None:
    old = {"first": week(1), "last": week(15)}
    new = {"first": week(17), "last": week(26)}

    assert run.signals("smart_reply", "copy", **old) > 0.2
    assert run.signals("smart_reply", "copy", **new) == 0
    assert run.signals("smart_reply", "regenerate", **new) > 0.05
    assert run.signals("smart_reply", "regenerate", **old) < 0.02


def test_the_button_goes_with_a_change_event_in_week_16(run: Simulated) -> None:
    changes = [e for e in run.events if e["kind"] == "change" and e["artifact"] == "feature"]

    assert [(c["feature"], _day(c)) for c in changes] == [("smart_reply", week(16))]


def test_the_new_topic_begins_in_its_week_and_grows_to_a_tenth(run: Simulated) -> None:
    planted = next(p for p in run.truth.planted if p.kind == "new_topic")
    weeks = [run.hidden[request_id].week for request_id in planted.request_ids]
    all_last = [f.n for f in run.truth.figures if f.feature == "returns_bot"][-4:]
    share = sum(w >= week(23) for w in weeks) / sum(all_last)

    assert min(weeks) == week(15)
    assert abs(share - 0.10) < 4 * sqrt(3 * 0.1 * 0.9 / sum(all_last))
    assert planted.success is not None
    assert planted.success < 0.45


def test_the_rest_of_the_returns_bot_stays_as_it_was(run: Simulated) -> None:
    def rest(first: date, last: date) -> list[bool]:
        return [
            h.success
            for h in run.hidden.values()
            if h.feature == "returns_bot" and first <= h.week <= last
            and h.intent != "pay_by_link" and h.success is not None
        ]  # fmt: skip

    before, after = rest(week(1), week(14)), rest(week(15), week(26))
    allowed = bound(0.775, len(before), 98) + bound(0.775, len(after), 84)

    assert abs(fmean(before) - fmean(after)) < allowed


def test_about_a_quarter_of_the_requests_get_an_outcome_and_failures_sooner(run: Simulated) -> None:
    asked = {e["request_id"]: e for e in run.events if e["kind"] == "request"}
    outcomes = [e for e in run.events if e["kind"] == "outcome"]
    delays: dict[bool, list[float]] = {True: [], False: []}
    for outcome in outcomes:
        request = asked.get(outcome.get("request_id", ""))
        if request and week(1) <= _day(request) < week(22):
            gap = datetime.fromisoformat(outcome["ts"]) - datetime.fromisoformat(request["ts"])
            delays[outcome["success"]].append(gap / timedelta(days=1))

    assert 0.22 < len(outcomes) / len(asked) < 0.30
    assert median(delays[False]) == pytest.approx(1.1, abs=0.12)
    assert median(delays[True]) == pytest.approx(3.5, abs=0.2)
    assert max(map(max, delays.values())) < 28


def test_thumbs_are_sparse_and_mostly_of_the_unhappy(run: Simulated) -> None:
    thumbs = [e for e in run.events if str(e.get("signal", "")).startswith("thumbs")]
    shown = [run.hidden[e["request_id"]].success for e in thumbs if e["request_id"] in run.hidden]
    success = fmean(h.success for h in run.hidden.values() if h.success is not None)

    assert 0.01 < len(thumbs) / len(run.hidden) < 0.025
    assert fmean(bool(s) for s in shown) < success - 0.1


def test_every_kind_of_plant_is_in_the_truth(run: Simulated) -> None:
    found = {(p.kind, p.feature) for p in run.truth.planted}

    assert found == {
        ("steady", "order_status"), ("slide", "refund_help"), ("overlap", "refund_help"),
        ("revoked", "refund_help"), ("signal_change", "smart_reply"), ("new_topic", "returns_bot"),
    }  # fmt: skip


def test_a_shorter_run_keeps_the_plants_in_proportion(tmp_path: Path) -> None:
    truth = simulate(tmp_path, end=END, weeks=13, scale=0.05)
    starts = {p.kind: p.from_week for p in truth.planted}

    assert starts["slide"] == END - timedelta(weeks=13) + timedelta(weeks=6)


def test_a_run_as_short_as_the_baseline_is_steady(tmp_path: Path) -> None:
    truth = simulate(tmp_path, end=END, weeks=4, scale=0.05)

    assert _kinds(truth) == ["steady"] * 4


def _kinds(truth: Truth) -> Iterable[str]:
    return [p.kind for p in truth.planted if p.kind not in {"overlap", "revoked"}]


def test_other_features_can_be_simulated_too(tmp_path: Path) -> None:
    plan = msgspec.structs.replace(FEATURES[0], name="chat", success=0.6, requests_per_week=3000)
    truth = write_run(tmp_path, Run(end=END, weeks=2, features=(plan,)))

    assert [figure.feature for figure in truth.figures] == ["chat", "chat"]
    assert sum(figure.n for figure in truth.figures) == pytest.approx(6000, rel=0.1)


def test_the_demo_config_is_valid_and_names_the_simulated_features(tmp_path: Path) -> None:
    path = tmp_path / "demo.toml"
    path.write_bytes(resources.files("decayd.demo").joinpath("demo.toml").read_bytes())
    settings = load(path).settings
    features = {plan.name for plan in FEATURES}

    assert set(settings.features) == features
    assert settings.datasets["refund-fixes"].features == ("refund_help",)
    assert {name for each in settings.datasets.values() for name in each.features} <= features
