"""The evidence table: each force by what it would leave behind, the measurement first."""

from datetime import date, timedelta

import msgspec
import numpy as np
import pytest

from decay_reports.causes.attribution import Attribution, attribute
from decay_reports.causes.bootstrap import Cells
from decay_reports.causes.documents import DocumentAges, document_ages
from decay_reports.causes.two_periods import Period
from decay_reports.causes.why_facts import ForceFacts
from decay_reports.facts.aspect import AspectFacts, TableFacts
from decay_reports.facts.forces import forces
from decay_reports.facts.report import (
    ChangeFacts,
    FeatureFacts,
    FindingFacts,
    PartFacts,
    TrendPoint,
)
from decay_reports.figures.fingerprint import COMPARED
from decayd.results import Estimate
from tests.golden.report_sample import refund_help
from tests.stored_worlds import monday

ONSET = date(2026, 8, 24)
SILENT = "silent provider or dependency change"


def found(documents: DocumentAges | None = None, *versions: str) -> Attribution:
    """An attribution of no matter what; forces read documents and versions from it."""
    rng = np.random.default_rng(1)
    made = []
    for week in (1, 9):
        psi = (rng.random(400) < 0.7).astype(float)
        cells = Cells(np.arange(400), np.zeros(400, np.int64), psi, (psi - psi.mean()) / 400)
        made.append(Period((monday(week),), cells, np.ones(400, bool), ("t0",)))
    known = attribute("f", made[0], made[1])
    return msgspec.structs.replace(known, documents=documents, versions=versions)


def feature(**changed: object) -> FeatureFacts:
    return msgspec.structs.replace(refund_help(), **{"changes": ()} | changed)


def force(facts: FeatureFacts, name: str, attribution: Attribution | None = None) -> ForceFacts:
    return next(one for one in forces(facts, attribution or found()) if one.force == name)


def finding(kind: str, title: str) -> FindingFacts:
    return FindingFacts(
        finding_id="F-1", kind=kind, title=title, severity="info", state="open", week=ONSET,
        since=ONSET, n_members=0,
    )  # fmt: skip


def trend(levels: list[float]) -> tuple[TrendPoint, ...]:
    first = ONSET - timedelta(weeks=len(levels) // 2)
    return tuple(
        TrendPoint(
            week=first + timedelta(weeks=k), first=None, lag=1,
            success=Estimate(level, level - 0.03, level + 0.03, n=2400),
        )
        for k, level in enumerate(levels)
    )  # fmt: skip


def test_the_measurement_comes_first_and_nothing_stands_where_nothing_changed() -> None:
    named = [one.force for one in forces(feature(), found())]
    assert named == [
        "measurement fault", "world drift", "user behaviour drift", "knowledge staleness",
        "silent provider or dependency change", "own deploy",
    ]  # fmt: skip
    assert forces(feature(), None) == ()
    assert forces(feature(verdict="steady", attribution=None), found()) == ()


def test_a_late_feed_or_moved_signals_speak_for_a_measurement_fault() -> None:
    sound = force(feature(), "measurement fault")
    assert sound.state == "against"
    health = msgspec.structs.replace(refund_help().health, gate_fires=True, gate_words="feed late")
    assert force(feature(health=health), "measurement fault").speaks_for == ("feed late",)
    moved = feature(findings=(finding("signals_moved", "signals moved"),))
    assert force(moved, "measurement fault").state == "mixed"


def test_parts_beyond_chance_speak_for_the_world_and_mixes_within_chance_against_users() -> None:
    world, users = (force(feature(), name) for name in ("world drift", "user behaviour drift"))
    assert world.state == "for"
    assert any("within topics −8.1 pts" in words for words in world.speaks_for)
    assert any("new topics −3.0 pts" in words for words in world.speaks_for)
    assert users.state == "against"


def test_a_step_with_nothing_announced_speaks_for_a_silent_change() -> None:
    step = feature(onset=ONSET, trend=trend([0.7] * 5 + [0.55] * 5))
    silent = force(step, "silent provider or dependency change")
    assert silent.speaks_for == (
        "success fell in a step", "no change was announced near the onset",
    )  # fmt: skip
    assert silent.missing == ("requests name one version only, or none",)
    assert force(step, "own deploy").speaks_against[0] == "no deploy was announced near the onset"


def test_a_step_that_came_with_a_mix_speaks_against_a_silent_change() -> None:
    mix = PartFacts(name="topic_mix", change=Estimate(-0.1, -0.14, -0.06), cause=True)
    known = refund_help().attribution
    assert known
    step = feature(
        onset=ONSET, trend=trend([0.7] * 5 + [0.55] * 5),
        attribution=msgspec.structs.replace(known, parts=(mix,)),
    )  # fmt: skip
    silent = force(step, "silent provider or dependency change")
    assert silent.state == "against"
    assert silent.speaks_against[0].startswith("the step came with what is asked or who asks")


def test_a_slide_speaks_against_a_silent_change() -> None:
    slide = feature(onset=ONSET, trend=trend([0.7] * 5 + [0.67, 0.63, 0.6, 0.56, 0.52]))
    silent = force(slide, "silent provider or dependency change")
    assert silent.speaks_against == ("success fell bit by bit, not in a step",)
    assert silent.state == "against"


@pytest.mark.parametrize(("artifact", "days", "near"), [("model", -2, True), ("model", -40, False),
                                                        ("guideline", -2, False)])  # fmt: skip
def test_a_deploy_near_the_onset_speaks_for_our_own_and_against_a_silent_one(
    artifact: str, days: int, near: bool
) -> None:
    change = ChangeFacts(
        day=ONSET + timedelta(days=days), artifact=artifact, name="llm", days_from_onset=days
    )
    facts = feature(onset=ONSET, changes=(change,), trend=())
    own, silent = force(facts, "own deploy"), force(facts, "silent provider or dependency change")
    assert any(words.startswith(f"{artifact} llm: ") for words in own.speaks_for) is near
    assert any("announced near" in words for words in silent.speaks_against) is near


def ages(seed: int, older_days: float, per_doubling: float) -> DocumentAges | None:
    rng = np.random.default_rng(seed)
    made = []
    for week, days in ((1, 20.0), (9, older_days)):
        topic, user = rng.integers(0, 3, 4000), rng.integers(0, 900, 4000)
        age = days * rng.lognormal(0, 0.6, 4000)
        rate = 0.7 - 0.1 * topic + per_doubling * (week == 9) * np.log2((1 + age) / (1 + days))
        psi = (rng.random(4000) < rate).astype(float)
        cells = Cells(user, topic, psi, (psi - psi.mean()) / 4000)
        made.append(Period((monday(week),), cells, np.ones(4000, bool), ("a", "b", "c"),
                           document_days=age))  # fmt: skip
    return document_ages(made[0], made[1])


def test_older_documents_that_fail_more_speak_for_staleness() -> None:
    stale = force(feature(), "knowledge staleness", found(ages(1, 60.0, -0.08)))
    assert stale.state == "for"
    assert stale.speaks_for[0].startswith("retrieved documents were 20 days old, now 6")
    assert stale.speaks_for[1].startswith("success by doubling of a document's age")


def test_ages_that_stood_still_or_do_not_matter_speak_against_it() -> None:
    assert force(feature(), "knowledge staleness", found(ages(2, 20.0, 0.0))).state == "against"
    assert force(feature(), "knowledge staleness", found(ages(3, 60.0, 0.02))).state == "mixed"
    blamed = [one.older_fail for seed in range(60) if (one := ages(seed, 60.0, 0.0))]
    assert len(blamed) == 60
    assert np.mean(blamed) <= 0.10


def test_documents_that_only_age_with_the_calendar_are_not_blamed_for_a_slide() -> None:
    rng = np.random.default_rng(8)
    made = []
    for first in (1, 9):
        week = np.repeat(np.arange(4), 1000)
        rate = 0.7 - 0.1 * week * (first == 9)
        psi = (rng.random(4000) < rate).astype(float)
        cells = Cells(np.arange(4000), np.zeros(4000, np.int64), psi, (psi - psi.mean()) / 4000)
        age = 7.0 * (first + week) + rng.uniform(0, 7, 4000)
        made.append(Period((monday(first),), cells, np.ones(4000, bool), ("a",),
                           document_days=age, week=week))  # fmt: skip
    known = document_ages(made[0], made[1])
    assert known is not None
    assert (known.older, known.older_fail) == (True, False)


def test_without_documents_staleness_is_not_measured() -> None:
    stale = force(feature(), "knowledge staleness")
    assert (stale.state, bool(stale.missing)) == ("open", True)


def test_a_deploy_after_the_onset_s_week_speaks_against_our_own() -> None:
    late = ChangeFacts(
        day=ONSET + timedelta(days=9), artifact="code", name="gateway", days_from_onset=9
    )
    own = force(feature(onset=ONSET, changes=(late,), trend=()), "own deploy")
    assert own.speaks_for == ()
    assert own.speaks_against[0] == (
        "code gateway: came 3 days or more after the fall began"
    )  # fmt: skip


def test_what_can_t_be_told_from_versions_speaks_for_neither() -> None:
    known = refund_help().attribution
    assert known
    both = PartFacts(name="version_and_within", change=Estimate(-0.1, -0.14, -0.06), cause=True)
    facts = feature(attribution=msgspec.structs.replace(known, parts=(both,)), findings=())
    world = force(facts, "world drift")
    assert world.speaks_for == ()
    assert world.missing == (
        "versions and within topics, not separable −10.0 pts (−14.0…−6.0): either may be it",
    )


def test_answers_that_changed_near_the_onset_speak_for_a_silent_change() -> None:
    changed = msgspec.structs.replace(
        finding("changed_unannounced", "answers changed"), week=ONSET - timedelta(days=7)
    )
    silent = force(feature(onset=ONSET, findings=(changed,)), SILENT)
    assert "F-1 answers changed" in silent.speaks_for
    far = msgspec.structs.replace(changed, week=ONSET - timedelta(days=35))
    assert "F-1 answers changed" not in force(feature(findings=(far,)), SILENT).speaks_for


@pytest.mark.parametrize(("weeks_ago", "says"), [(3, True), (9, False)])
def test_answers_that_stayed_the_same_speak_against_it(weeks_ago: int, says: bool) -> None:
    table = TableFacts(caption=f"{COMPARED}, users", head=("Trait",), rows=(("refused",),))
    aspects = (AspectFacts(name="behaviour", title="Behaviour", tables=(table,)),)
    facts = feature(aspects=aspects)
    onset = facts.provisional.week - timedelta(weeks=weeks_ago)
    against = force(feature(aspects=aspects, onset=onset, trend=()), SILENT).speaks_against
    assert ("what answers are like changed on no day near the onset" in against) is says
    assert not any("on no day" in words for words in force(feature(), SILENT).speaks_against)
