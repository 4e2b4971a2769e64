"""The demo's last words: what was planted, held against a weekly report."""

from datetime import date, datetime
from typing import Any

import msgspec
import pytest

from decay_reports.facts.report import (
    AttributionFacts,
    ChangeFacts,
    DatasetFacts,
    EmergedFacts,
    FeatureFacts,
    HealthFacts,
    InfrastructureFacts,
    PartFacts,
    ReportFacts,
    SignalFacts,
    WeekFacts,
)
from decay_reports.facts.system import Count, IntakeFacts
from decayd.demo.truth import Planted, Truth
from decayd.demo.verdict import Check, compare
from decayd.results import Estimate

WEEK = date(2026, 6, 29)
SLIDE = Planted(
    kind="slide",
    feature="chat",
    what="success slides 70% → 50%",
    expectation="falling",
    from_week=date(2026, 4, 6),
    to_week=date(2026, 6, 1),
)
SIGNALS = Planted(
    kind="signal_change",
    feature="chat",
    what="copy button removed",
    expectation="steady",
    words=("copy button removed",),
)
TOPIC = Planted(
    kind="new_topic",
    feature="chat",
    what="“pay by link” appears",
    expectation="emerging",
    from_week=date(2026, 4, 13),
    words=("pay", "by", "link"),
)
OVERLAP = Planted(
    kind="overlap", feature="chat", what="2 eval items", expectation="", request_ids=("r1", "r2")
)
REVOKED = Planted(
    kind="revoked", feature="chat", what="1 user", expectation="", request_ids=("r3",)
)
STEADY = Planted(kind="steady", feature="chat", what="success stays", expectation="steady")
WITHIN = PartFacts(name="within_topic", change=Estimate(-0.19, -0.22, -0.16), cause=True)
ATTRIBUTION = AttributionFacts(
    weeks_before=(date(2026, 1, 5),),
    weeks_now=(date(2026, 6, 22),),
    before=Estimate(0.70),
    now=Estimate(0.51),
    total=Estimate(-0.19, -0.22, -0.16),
    parts=(WITHIN,),
)
FALLING: dict[str, Any] = {
    "verdict": "falling",
    "onset": date(2026, 4, 20),
    "attribution": ATTRIBUTION,
}


def truth(planted: Planted) -> Truth:
    return Truth(
        seed=7, start=date(2026, 1, 5), end=date(2026, 7, 6), weeks=26, scale=1.0,
        n_events={}, n_texts=0, figures=(), planted=(planted,),
    )  # fmt: skip


def report(**changes: Any) -> ReportFacts:
    level = WeekFacts(week=WEEK, success=Estimate(0.51, 0.47, 0.55, n=1200, n_labels=310))
    feature = FeatureFacts(
        name="chat",
        owner="",
        verdict="steady",
        words="",
        confirmed=level,
        provisional=level,
        signals=SignalFacts(week=WEEK),
        infrastructure=InfrastructureFacts(week=WEEK, state="green"),
        health=HealthFacts(week=WEEK),
    )
    return ReportFacts(
        organisation="acme",
        timezone="UTC",
        as_of=datetime(2026, 7, 6),  # noqa: DTZ001 - the store's times are naive UTC
        week=WEEK,
        confirmed_week=WEEK,
        headline="",
        features=(msgspec.structs.replace(feature, **changes),),
        intake=IntakeFacts(),
    )


def check(planted: Planted, **changes: Any) -> Check:
    (only,) = compare(truth(planted), report(**changes))
    return only


def test_a_steady_feature_is_found_steady() -> None:
    assert check(STEADY).found
    assert not check(STEADY, verdict="falling").found


def test_a_slide_is_found_when_it_is_dated_explained_and_infrastructure_is_green() -> None:
    found = check(SLIDE, **FALLING)

    assert found.found
    assert found.line == (
        "chat: success slides 70% → 50% → falling, success 51% (47–55) since about 20 Apr 2026; "
        "−19.0 pts (−22.0…−16.0) in week 26 against the baseline: "
        "within topics −19.0 (−22.0…−16.0); infrastructure green"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "steady"},
        {"onset": None},
        {"onset": date(2026, 3, 16)},
        {"onset": date(2026, 6, 8)},
        {"attribution": None},
        {"infrastructure": InfrastructureFacts(week=WEEK, state="worse")},
    ],
)
def test_a_slide_is_not_found_when_one_part_of_the_story_is_wrong(changes: dict[str, Any]) -> None:
    assert not check(SLIDE, **{**FALLING, **changes}).found


def signals(now: Estimate) -> SignalFacts:
    return SignalFacts(week=WEEK, friction=now, friction_before=Estimate(0.06, 0.05, 0.07))


def test_a_signal_change_is_found_when_friction_rose_and_success_did_not_fall() -> None:
    listed = (ChangeFacts(day=WEEK, artifact="feature", name="copy button removed"),)
    moved, still = signals(Estimate(0.15, 0.13, 0.17)), signals(Estimate(0.07, 0.06, 0.08))

    assert check(SIGNALS, signals=moved, changes=listed).found
    assert not check(SIGNALS, signals=still, changes=listed).found
    assert not check(SIGNALS, signals=moved, changes=()).found
    assert not check(SIGNALS, signals=moved, changes=listed, verdict="falling").found


def emerged(label: str, first_week: date) -> EmergedFacts:
    return EmergedFacts(topic_id="n1", label=label, examples=(), first_week=first_week, n=100)


def test_a_new_topic_is_found_by_its_words_in_its_first_weeks() -> None:
    soon, late = date(2026, 4, 20), date(2026, 5, 11)

    assert check(TOPIC, emerged=(emerged("link pay payment", soon),)).found
    assert not check(TOPIC, emerged=(emerged("link pay payment", late),)).found
    assert not check(TOPIC, emerged=(emerged("jacket link by", soon),)).found
    assert not check(TOPIC).found


def dataset(*rejects: Count) -> tuple[DatasetFacts, ...]:
    made = DatasetFacts(
        name="fixes", version="1.0.0", state="candidate", n_rows=9, command="", rejects=rejects
    )
    return (made,)


@pytest.mark.parametrize(
    ("planted", "reason"), [(OVERLAP, "eval_overlap"), (REVOKED, "consent_withheld")]
)
def test_what_must_stay_out_is_counted_as_refused(planted: Planted, reason: str) -> None:
    assert check(planted, datasets=dataset(Count(name=reason, n=2))).found
    assert not check(planted, datasets=dataset(Count(name="no_reference_answer", n=2))).found
    assert not check(planted).found


@pytest.mark.parametrize("planted", [OVERLAP, REVOKED])
def test_a_member_of_a_set_that_should_have_stayed_out_is_seen(planted: Planted) -> None:
    facts = report(datasets=dataset())
    (clean,) = compare(truth(planted), facts, members={"r7", "r8"})
    (leaked,) = compare(truth(planted), facts, members={"r1", "r2", "r3"})

    assert clean.found
    assert not leaked.found


def test_a_feature_that_the_report_lacks_is_not_found() -> None:
    (only,) = compare(truth(msgspec.structs.replace(STEADY, feature="other")), report())

    assert not only.found
    assert only.said == "the feature is not in the report"


def test_the_report_can_come_as_its_json() -> None:
    facts = msgspec.json.decode(msgspec.json.encode(report()))
    (only,) = compare(truth(STEADY), facts)

    assert only.found
