"""Routes compared within topics: planted confounding, chance routing, and what a success costs."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from decay_reports.aspects import routing
from decay_reports.causes import routes
from decay_reports.causes.routes import Arm, Routed
from decay_reports.facts.aspect import Question
from decayd.config import Settings
from store.database import Store
from store.findings import append_findings
from tests.report_rows import FIRST, WEEK, close, request

SMALL, LARGE = Arm("rules", "small", "m-s"), Arm("rules", "large", "m-l")


def world(
    seed: int, *, gain: float, confounded: bool, n: int = 6000, within: bool = False
) -> Routed:
    """Two topics, easy and hard; `large` succeeds by `gain` more often than `small` in both.

    `confounded` sends hard ones to `large`, by topic or, `within`, by a hardness only the router
    sees, and logs the chance. Users differ, 23 % of the successes are known.
    """
    rng = np.random.default_rng(seed)
    topic, hard, user = rng.integers(0, 2, n), rng.random(n), rng.integers(0, n // 4, n)
    hardness = hard if within else topic
    chance_large = 0.15 + 0.7 * hardness if confounded else np.full(n, 0.5)
    large = rng.random(n) < chance_large
    level = 0.8 - 0.4 * hardness + rng.normal(0, 0.08, n // 4)[user] + gain * large
    y = rng.random(n) < np.clip(level, 0.02, 0.98)
    labelled = rng.random(n) < 0.23
    model = 0.6
    psi = model + labelled / labelled.mean() * (y - model)
    return Routed(
        topic=topic, arm=large.astype(int), week=rng.integers(0, 4, n), user=user, psi=psi,
        labelled=labelled, cost_usd=np.where(large, 0.01, 0.001),
        propensity=np.where(large, chance_large, 1 - chance_large), topics=("easy", "hard"),
        arms=(SMALL, LARGE),
    )  # fmt: skip


def test_within_topics_the_planted_sign_comes_back_where_the_naive_one_is_wrong() -> None:
    found = [routes.contrasts(world(s, gain=0.1, confounded=True))[0] for s in range(20)]

    assert all((one.naive.value or 0) > 0 for one in found)  # small less large: small looks better
    assert all((one.within.value or 0) < 0 for one in found)
    assert sum((one.within.low or 0) <= -0.1 <= (one.within.high or 0) for one in found) >= 17


def test_propensities_find_what_topics_do_not_know() -> None:
    worlds = [world(s, gain=0.05, confounded=True, within=True) for s in range(20)]
    found = [routes.comparisons(one) for one in worlds]

    gains = [(1 if c.better == 1 else -1) * (c.gain.value or 0) for one in found for c in one]
    assert len(gains) == 40
    assert abs(np.mean(gains) - 0.05) < 0.02
    unweighted = [routes.contrasts(one)[0].within.value or 0 for one in worlds]
    assert np.mean(unweighted) > 0.02  # small less large: small looks better


def test_wrong_switches_are_at_most_three_percent_over_200_seeds() -> None:
    """Half of the worlds have no better route at all: there every switch is wrong."""
    wrong = tested = right = 0
    for seed in range(200):
        gain = (0.0, 0.08, 0.0, 0.2)[seed % 4]
        compared = routes.comparisons(world(seed, gain=gain, confounded=True, n=3000))
        switches = routes.sure(compared)
        tested += len(compared)
        good = sum(one.better == 1 and gain > 0 for one in switches)
        right, wrong = right + good, wrong + len(switches) - good
    assert tested == 400
    assert wrong / tested <= 0.015
    assert right >= 45


@pytest.mark.parametrize("least", [49, 50])
def test_fewer_than_fifty_requests_are_no_comparison(least: int) -> None:
    arm = np.repeat([0, 1], [least, 200])
    n = len(arm)
    psi = np.where(arm == 0, 0.2, 0.9) + np.tile([-0.01, 0.01], n)[:n]
    routed = Routed(
        topic=np.zeros(n, int), arm=arm, week=np.zeros(n, int), user=np.arange(n), psi=psi,
        labelled=np.ones(n, bool), cost_usd=np.full(n, np.nan), propensity=np.full(n, 0.5),
        topics=("t",), arms=(SMALL, LARGE),
    )  # fmt: skip
    assert len(routes.sure(routes.comparisons(routed))) == (least == 50)


def test_a_route_that_the_router_always_takes_is_compared_with_none() -> None:
    routed = world(1, gain=0.2, confounded=False)
    certain = routed.take(np.ones(len(routed.psi), bool))
    certain.propensity[:] = 1.0
    assert routes.comparisons(certain) == []


def test_routes_of_two_policies_are_not_compared() -> None:
    routed = world(1, gain=0.2, confounded=False)
    other = Routed(**{**vars(routed), "arms": (SMALL, Arm("new", "large", "m-l"))})
    assert routes.comparisons(other) == []
    assert routes.contrasts(other) == []


def test_routes_whose_outcomes_arrive_for_other_shares_are_not_compared() -> None:
    routed = world(1, gain=0.2, confounded=False)
    lost = (routed.arm == 1) & (np.arange(len(routed.psi)) % 2 == 0)
    routed.labelled[lost] = False
    assert routes.comparisons(routed) == []


def test_cost_per_success_is_the_ratio_of_sums_and_its_interval_covers() -> None:
    covered = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        n, user = 400, rng.integers(0, 100, 400)
        y = rng.random(n) < np.clip(0.5 + rng.normal(0, 0.15, 100)[user], 0, 1)
        cost = rng.gamma(2.0, 0.005, n)
        routed = Routed(
            topic=np.zeros(n, int), arm=np.zeros(n, int), week=np.zeros(n, int), user=user,
            psi=y.astype(float), labelled=np.ones(n, bool), cost_usd=cost,
            propensity=np.full(n, np.nan), topics=("t",), arms=(SMALL,),
        )  # fmt: skip
        one = routes.cost_per_success(routed)
        assert one.value == pytest.approx(cost.sum() / y.sum())
        covered += (one.low or 0) <= 0.02 <= (one.high or 0)
    assert 88 <= covered <= 100


def test_cost_per_success_is_not_measured_where_successes_may_be_none() -> None:
    routed = world(1, gain=0.0, confounded=False, n=200)
    routed.psi[:] = np.tile([-0.5, 0.5], 100)
    assert "may as well be none" in routes.cost_per_success(routed).why_not
    routed.cost_usd[:] = np.nan
    assert routes.cost_per_success(routed).why_not == "no cost_usd was sent"


def write(store: Store, routed: Routed, **values: Any) -> datetime:
    """Write a world as measured requests of four weeks; `values` replace columns."""
    asked, psi, placed = [], [], []
    for i in range(len(routed.psi)):
        week = FIRST + WEEK * int(routed.week[i])
        ts = datetime.combine(week, datetime.min.time()) + timedelta(minutes=i)
        arm = routed.arms[routed.arm[i]]
        asked.append(request(
            i, ts, user_id=f"u{routed.user[i]}", model_resolved=arm.model,
            route=f'{{"policy": "{arm.policy}", "tier": "{arm.tier}"}}',
            cost_usd=float(routed.cost_usd[i]), routing_propensity=float(routed.propensity[i]),
        ) | values)  # fmt: skip
        psi.append({
            "request_key": i, "feature": "chat", "week": week, "topic_id": "t1",
            "psi": float(routed.psi[i]), "influence": 0.0, "labelled": bool(routed.labelled[i]),
            "as_of": close(week),
        })  # fmt: skip
        placed.append({
            "request_key": i, "feature": "chat", "day": ts.date(), "version": 1, "model_id": "m",
            "topic_id": routed.topics[routed.topic[i]], "similarity": 0.9, "as_of": close(week),
        })  # fmt: skip
    store.append("requests", asked)
    store.append("pseudo_outcomes", psi)
    store.append("request_topics", placed)
    return close(FIRST + 3 * WEEK)


def question(store: Store, as_of: datetime, settings: Settings) -> Question:
    return Question(store, "chat", as_of, (as_of - WEEK).date(), settings)


def test_a_worse_route_is_a_finding_and_a_recommended_switch(
    store: Store, settings: Settings
) -> None:
    as_of = write(store, world(3, gain=0.25, confounded=True, n=4000))

    look = routing.look(question(store, as_of, settings))

    (finding,) = look.findings
    assert finding.kind == "route_worse"
    assert finding.details["about"] == "rules / small / m-s"
    assert finding.details["better"] == "rules / large / m-l"
    assert 0 < len(finding.member_request_ids) <= 20
    assert any("switch from rules / small / m-s to rules / large / m-l" in x for x in look.lines)
    assert all("effective n" in line for line in look.lines if "switch" in line)
    assert {row[0] for row in look.tables[0].rows} == {"easy", "hard"}
    assert len(look.tables[0].rows) == 4
    assert look.missing == ""
    with store.transaction() as tx:
        assert append_findings(tx, look.findings) == ["F-1"]


def test_without_propensities_nothing_is_recommended(store: Store, settings: Settings) -> None:
    routed = world(3, gain=0.25, confounded=True, n=2000)
    as_of = write(store, routed, routing_propensity=None, cost_usd=None)

    look = routing.look(question(store, as_of, settings))

    assert look.findings == ()
    assert any("not comparable: traffic was routed" in line for line in look.lines)
    assert not any("switch from" in line for line in look.lines)
    assert "`routing_propensity` absent in 100.0% of requests" in look.missing
    assert {row[3] for row in look.tables[0].rows} == {"not measured (no cost_usd was sent)"}


def test_a_store_without_routes_prints_no_section(store: Store, settings: Settings) -> None:
    routed = world(3, gain=0.0, confounded=False, n=300)
    as_of = write(store, routed, route=None, model_resolved=None, routing_propensity=None)

    look = routing.look(question(store, as_of, settings))

    assert (look.lines, look.tables, look.findings) == ((), (), ())
    assert "`route`" in look.missing


@pytest.mark.parametrize("deployed", [True, False])
def test_models_that_follow_each_other_are_a_deploy_and_no_routing(
    store: Store, settings: Settings, deployed: bool
) -> None:
    routed = world(3, gain=0.0, confounded=False, n=400)
    arms = (Arm("", "", "m-1"), Arm("", "", "m-2"))
    arm = routed.week // 2 if deployed else np.arange(400) % 2
    as_of = write(store, Routed(**{**vars(routed), "arm": arm, "arms": arms}), route=None)

    assert bool(routing.look(question(store, as_of, settings)).tables) != deployed


def test_a_tier_that_names_every_request_is_kept_within_bounds(
    store: Store, settings: Settings
) -> None:
    routed = world(3, gain=0.0, confounded=False, n=300)
    arms = tuple(Arm("<b>", f"tier\u202e{i}", "m") for i in range(300))
    many = Routed(**{**vars(routed), "arm": np.arange(300), "arms": arms})

    look = routing.look(question(store, write(store, many), settings))

    assert len(look.tables[0].rows) <= 24
    assert "\u202e" not in str(look.tables)
    assert any("other routes" in row[1] for row in look.tables[0].rows)
