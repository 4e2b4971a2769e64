"""The sentences of the report, and the rules that every printed number follows."""

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decay_reports import numbers
from decay_reports.facts import wording
from decay_reports.facts.report import (
    AttributionFacts,
    ChangeFacts,
    FeatureFacts,
    PartFacts,
    ReportFacts,
)
from decay_reports.facts.system import DifferenceFacts
from decay_reports.layout import outline, page_one, sections
from decay_reports.layout.outline import Table
from decayd.results import Estimate
from tests.golden.report_parts import WEEK
from tests.golden.report_sample import quiet, refund_help, returns_bot, sample, steady

TODAY = date(2026, 10, 19)


def table(feature: FeatureFacts, title: str) -> Table:
    found = [part for part in sections.sections(feature) if part.title == title]
    return next(block for part in found for block in part.blocks if isinstance(block, Table))


@given(st.floats(-0.2, 1.2), st.floats(0, 0.5))
def test_printed_bounds_of_a_share_stay_within_0_and_100(value: float, half: float) -> None:
    low, high = numbers.interval(Estimate(value, value - half, value + half)).split("–")
    assert 0 <= int(low) <= int(high) <= 100


def test_a_printed_share_stays_within_0_and_100() -> None:
    assert numbers.share(Estimate(1.013, 0.98, 1.046)) == "100% (98–100)"


def test_what_is_missing_says_why_and_is_never_zero() -> None:
    assert numbers.share(Estimate(None)) == "not measured"
    assert numbers.milliseconds(Estimate(None, why_not="no latency_ms was sent")) == (
        "not measured (no latency_ms was sent)"
    )


@given(st.floats(0, 1), st.lists(st.floats(-0.4, 0.4), max_size=6), st.integers(1, 4))
def test_printed_parts_add_up_to_the_printed_change(
    start: float, changes: list[float], digits: int
) -> None:
    printed = numbers.steps(start, changes, digits)
    end = start + sum(changes)
    assert round(start, digits) + sum(printed) == pytest.approx(round(end, digits), abs=1.5e-4)
    for change, said in zip(changes, printed, strict=True):
        assert abs(change - said) <= 1.001 * 10**-digits


def test_the_parts_table_and_the_topics_table_end_at_the_same_change() -> None:
    feature = refund_help()
    why = next(part for part in sections.sections(feature) if part.title == "Why")
    parts = next(block.table for block in why.blocks if isinstance(block, outline.Figure))
    change = {row[0]: row[1] for row in parts.rows}["change"]
    assert change == "−11.67"
    assert table(feature, "Where").rows[-1] == ("all topics", "", "", "", change)


def test_topics_that_are_not_shown_are_one_row_so_that_the_table_adds_up() -> None:
    many = [
        msgspec.structs.replace(refund_help().topics[0], topic_id=f"t{k}", contribution=-0.01)
        for k in range(11)
    ]
    rows = table(msgspec.structs.replace(refund_help(), topics=tuple(many)), "Where").rows
    assert [row[0] for row in rows[-2:]] == ["3 other topics", "all topics"]
    assert (rows[-2][4], rows[-1][4]) == ("−3.00", "−11.00")


def test_parts_that_do_not_add_up_are_called_an_error() -> None:
    broken = AttributionFacts(
        weeks_before=(WEEK,),
        weeks_now=(WEEK,),
        before=Estimate(0.7),
        now=Estimate(0.6),
        total=Estimate(-0.1, -0.12, -0.08),
        parts=(PartFacts(name="within_topic", change=Estimate(-0.08)),),
    )
    feature = msgspec.structs.replace(refund_help(), attribution=broken)
    why = next(part for part in sections.sections(feature) if part.title == "Why")
    assert "which is an error" in str(why.blocks)


def test_a_steady_feature_has_no_causes() -> None:
    noise = refund_help().attribution
    assert noise is not None
    noise = msgspec.structs.replace(noise, total=Estimate(-0.004, -0.02, 0.012))
    feature = msgspec.structs.replace(steady(), attribution=noise)
    assert "Why" not in [part.title for part in sections.sections(feature)]


def drifting() -> FeatureFacts:
    """Steady by its alarm, while four weeks together lie below the baseline."""
    return msgspec.structs.replace(steady(), attribution=refund_help().attribution)


def test_a_change_below_the_alarm_is_told_and_explained() -> None:
    lines = {line.label: line.text for line in page_one.brief(drifting(), TODAY)}
    assert "no detectable change" not in lines["success"]
    assert "no change that one week alone would show" in lines["success"]
    assert lines["below the alarm"].startswith("−11.7 pts (−14.2…−9.1) in weeks 38–41")
    assert "Why" in [part.title for part in sections.sections(drifting())]
    assert not page_one.is_quiet(msgspec.structs.replace(quiet(), features=(drifting(),)))


def test_parts_that_do_not_exist_are_left_out() -> None:
    attribution = refund_help().attribution
    assert attribution is not None
    parts = (*attribution.parts, PartFacts(name="gone_topics", change=Estimate(0.0, 0.0, 0.0)))
    with_nothing = msgspec.structs.replace(attribution, parts=parts)
    assert wording.printed_parts(with_nothing, 2) == wording.printed_parts(attribution, 2)


def test_signals_that_moved_are_shown_beside_the_last_change_before() -> None:
    feature = sample().feature("smart_reply")
    assert feature is not None
    lines = {line.label: line.text for line in page_one.brief(feature, TODAY)}
    assert lines["signals, not success"].startswith("friction 12%")
    assert lines["also"].endswith("last change before: feature copy button removed, 3 Oct 2026")


def test_without_an_onset_the_ledger_compares_with_nothing() -> None:
    feature = sample().feature("smart_reply")
    assert feature is not None
    assert "In time" not in table(feature, "What changed, and when").head
    assert "In time" in table(refund_help(), "What changed, and when").head


def test_measurement_comes_before_any_cause() -> None:
    titles = [part.title for part in sections.sections(refund_help())]
    assert titles.index("Can the measurement be believed") < titles.index("Why")


def test_no_heading_is_empty() -> None:
    for facts in (sample(), quiet()):
        for feature in facts.features:
            for part in sections.sections(feature):
                assert part.blocks
                assert all(any(block) for block in part.blocks)


def test_page_one_of_a_quiet_week_is_five_lines() -> None:
    whole = outline.outline(quiet())
    assert whole.quiet
    lines = [whole.title, whole.headline, whole.quiet, whole.measurement, whole.changed]
    assert all(line and "\n" not in line for line in lines)


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "falling"},
        {"findings": refund_help().findings},
        {"health": msgspec.structs.replace(steady().health, gate_fires=True)},
        {"infrastructure": msgspec.structs.replace(steady().infrastructure, state="worse")},
    ],
    ids=["falling", "finding", "late outcomes", "slow"],
)
def test_a_week_with_something_to_say_is_not_quiet(change: dict[str, object]) -> None:
    feature = msgspec.structs.replace(steady(), **change)
    assert not page_one.is_quiet(msgspec.structs.replace(quiet(), features=(feature,)))


def test_a_new_dataset_alone_leaves_the_week_quiet_and_is_told() -> None:
    built = DifferenceFacts(feature="order_status", kind="dataset", words="fixes 0.2.0 built")
    facts = msgspec.structs.replace(quiet(), changed=(built,))
    assert page_one.is_quiet(facts)
    assert page_one.changed_line(facts) == "order_status: fixes 0.2.0 built"


def test_both_weeks_and_their_standing_are_named() -> None:
    assert wording.weeks_line(sample()) == (
        "week 41 (5–11 Oct) confirmed; week 42 (12–18 Oct) provisional"
    )
    line = wording.success_line(refund_help())
    assert "in week 41, confirmed" in line
    assert "in week 42, provisional" in line


def test_a_withheld_headline_says_why_in_place_of_a_number() -> None:
    late = Estimate(None, n=900, why_not="outcomes are late: 12 of 90 expected have arrived")
    week = msgspec.structs.replace(steady().confirmed, success=late, withheld=True)
    line = wording.success_line(msgspec.structs.replace(steady(), confirmed=week))
    assert line.startswith("not measured in week 41: outcomes are late: 12 of 90 expected")


def test_what_falls_stands_before_what_does_not() -> None:
    assert [feature.name for feature in wording.ordered(sample().features)] == [
        "refund_help",
        "returns_bot",
        "smart_reply",  # a finding is open
        "order_status",
    ]


def test_nobody_can_read_a_cause_into_the_ledger() -> None:
    for facts in (sample(), quiet()):
        for feature in facts.features:
            said = str(sections.sections(feature))
            assert "caused" not in said
            assert "because of" not in said


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (-2, "the fall began within 8 days of it"),
        (0, "the fall began within 6 days of it"),
        (5, "the fall began within 5 days of it"),
        (7, "came 1 day or more after the fall began"),
        (-60, "came 60 days or more before the fall began"),
    ],
)
def test_a_change_is_dated_against_every_day_of_the_onset_week(days: int, said: str) -> None:
    onset = date(2026, 8, 24)
    change = ChangeFacts(
        day=onset + timedelta(days=days), artifact="model", name="m", days_from_onset=days
    )
    assert wording.ledger_words(change) == said


def test_a_fall_without_training_rows_says_what_blocks_them() -> None:
    empty = msgspec.structs.replace(refund_help().datasets[0], n_rows=0)
    line = page_one.do_line(msgspec.structs.replace(refund_help(), datasets=(empty,)))
    assert line is not None
    assert "1,240 refused as no consent" in line.text
    assert "features.refund_help.lawful_basis" in line.text
    none = page_one.do_line(msgspec.structs.replace(refund_help(), datasets=()))
    assert none is not None
    assert "no training set is configured" in none.text


def test_a_feature_without_an_owner_says_how_to_name_one() -> None:
    assert page_one.owner_line(returns_bot(), TODAY) == ("nobody (set features.returns_bot.owner)")


def test_the_first_report_says_that_it_is() -> None:
    first = msgspec.structs.replace(quiet(), last_report=None)
    assert page_one.changed_line(first) == "this is the first report"


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (["steady"], "order_status is steady."),
        (["steady", "steady"], "Both features are steady."),
        (["steady"] * 3, "All 3 features are steady."),
        (["falling", "steady"], "1 of 2 features is falling (order_status); 1 steady."),
        (
            ["falling", "falling", "learning"],
            "2 of 3 features are falling (order_status, order_status); 1 learning.",
        ),
        (["not_measurable"], "order_status is not measurable."),
    ],
)
def test_the_headline_counts_the_verdicts(verdicts: list[str], said: str) -> None:
    features = [msgspec.structs.replace(steady(), verdict=verdict) for verdict in verdicts]
    assert wording.headline(features).startswith(said)


def test_facts_survive_their_json_form() -> None:
    from decay_reports.facts.report import from_json, to_json

    facts: ReportFacts = sample()
    assert from_json(to_json(facts)) == facts
    assert to_json(from_json(to_json(facts))) == to_json(facts)
