"""Pure rules: labelling functions, text rules, linter, version numbers, reasons."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_sets import reasons, taxonomy
from training_sets.examples import subjects_of
from training_sets.failures import Failure, Habit, Judged, Said
from training_sets.labelling import FUNCTIONS, decide
from training_sets.lint import problems
from training_sets.reasons import Funnel, explain
from training_sets.references import Target
from training_sets.text_rules import edit_share, is_redacted, is_refusal, overlap_keys
from training_sets.versions import Version, choose, following

TS = datetime(2026, 3, 2)  # noqa: DTZ001 - the store keeps naive UTC
REQUEST: dict[str, Any] = {
    "request_id": "r1", "feature": "chat", "query": "Where is my parcel today?",
    "response": "It was sent on Monday.", "messages": None, "session_id": None, "user_id": "u",
    "segments": None, "status": "ok", "finish_reason": "stop", "format_valid": None,
    "tool_calls": None, "retrieved": None, "topic_id": None, "score": None, "y": None,
    "outcome": None, "outcome_id": None, "outcome_ts": None, "ts": TS,
}  # fmt: skip


def said(signal: str, weight: float = -0.5, text: str | None = None, **more: Any) -> Said:
    fields: dict[str, Any] = {"value": None, "actor_id": None} | more
    return Said("e1", TS + timedelta(minutes=1), signal, text=text, weight=weight, **fields)


NO_HABIT = Habit()


def failure(*events: Said, habit: Habit = NO_HABIT, **fields: Any) -> Failure:
    return Failure(request=REQUEST | fields, said=events, habit=habit)


@pytest.mark.parametrize(
    ("label", "case"),
    [
        ("truncated", failure(finish_reason="length")),
        ("tool_error", failure(tool_calls='[{"name":"f","ok":false}]', y=0)),
        ("format_violation", failure(format_valid=False, y=0)),
        ("unknown", failure(said("thumbs_down"))),
        ("unknown", failure(said("retry"))),
        ("unknown", failure()),
        ("unsupported_claim", failure(said("thumbs_down", text="You made up that number"))),
        ("stale_knowledge", failure(said("report", text="this is outdated"), y=0)),
        ("too_long", failure(said("thumbs_down", text="too_long"))),
        ("unknown", failure(said("thumbs_up", 0.8, text="not wrong at all"))),
        ("user_changed_mind", failure(said("thumbs_down", text="Sorry, I changed my mind."))),
        ("retrieval_miss", failure(retrieved="[]", habit=Habit(0.0, 0.9))),
        ("unknown", failure(retrieved="[]", habit=Habit(0.0, 0.1))),
        ("refusal_over", failure(status="refused")),
        ("refusal_over", failure(response="I'm sorry, but I can't help with that.")),
        ("out_of_scope", failure(status="refused", habit=Habit(0.8))),
        ("language_mismatch", failure(response="Посылка отправлена в понедельник.")),
        ("incomplete", failure(said("edit", text="It was sent on Monday. Look in the app too."))),
        ("tone_style", failure(said("edit", text="it was sent, on monday!", value=0.1))),
        ("wrong_answer", failure(said("edit", text="It was lost at the depot."))),
        ("wrong_answer", failure(said("escalate"))),
        ("instruction_miss", failure(said("correction"))),
        ("wrong_answer", failure(y=0)),
    ],
)
def test_the_surest_labelling_function_names_the_failure(label: str, case: Failure) -> None:
    decision = decide(case)
    assert (decision.label, decision.reviewed) == (label, False)


def test_a_person_wins_over_every_function() -> None:
    judged = (Judged("l1", TS, "ann", "Too short", None),)
    case = Failure(request=REQUEST | {"finish_reason": "length"}, judged=judged)
    assert (decide(case).label, decide(case).reviewed) == ("too_short", True)


def test_votes_are_named_with_their_version() -> None:
    assert decide(failure(said("escalate"), y=0)).votes == (
        "explicit@1:unknown",
        "escalate@1:wrong_answer",
        "outcome@1:wrong_answer",
    )
    assert all(name.count("@") == 1 for name in FUNCTIONS)


def test_every_type_has_a_severity_and_somebody_who_can_fix_it() -> None:
    assert len(taxonomy.TYPES) == 21
    assert all(1 <= each.severity <= 5 for each in taxonomy.TYPES.values())
    other = {name for name, each in taxonomy.TYPES.items() if not each.trainable}
    assert {"truncated", "latency_timeout", "retrieval_miss", "tool_error"} <= other


def test_everybody_in_a_row_is_a_subject() -> None:
    case = Failure(request=REQUEST, judged=(Judged("l", TS, "ann", "wrong_answer", None),))
    target = Target("x", "user_edit", subjects=("editor", None))
    assert subjects_of(case, target) == ("ann", "editor", "u")


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I’m afraid I am unable to assist with this request.",
        "Sorry, I cannot answer that.",
        "As an AI language model, I have no opinion.",
        "We are unable to process your request.",
        "Unfortunately, I won't be able to help here.",
    ],
)
def test_a_refusal_is_seen(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "Sorry about the delay! Your parcel arrives on Monday.",
        "We can't refund after 30 days, but we can exchange it.",
        "You can't help it if the parcel is late.",
        "Tap Help, then choose an agent who can assist you.",
        "",
    ],
)
def test_an_answer_is_no_refusal(text: str) -> None:
    assert not is_refusal(text)


@pytest.mark.parametrize("text", ["[REDACTED]", "<PHONE_NUMBER_2>", "{{email}}", "**** 4242", "██"])
def test_a_redaction_mark_is_seen(text: str) -> None:
    assert is_redacted(f"Call {text} now")


@pytest.mark.parametrize("text", ["**bold** word", "<b>", "a [link](x)", "5 * 4 ** 2", "name: you"])
def test_ordinary_text_has_no_redaction_mark(text: str) -> None:
    assert not is_redacted(text)


@pytest.mark.parametrize("piece", ["*", "[", "[name", "[email 1", ", - ", "sorry", "\u0300"])
def test_a_hostile_megabyte_is_read_in_linear_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    assert not is_redacted(text)
    assert not is_refusal(text)
    assert overlap_keys(text) == overlap_keys(f" {text}")


@given(st.text(), st.text())
def test_an_edit_share_is_a_share_and_symmetric(before: str, after: str) -> None:
    share = edit_share(before, after)
    assert 0 <= share <= 1
    assert share == edit_share(after, before)
    assert edit_share(before, before) == 0


@given(st.text(min_size=1))
def test_case_and_spacing_never_hide_an_overlap(text: str) -> None:
    assert overlap_keys(text) & overlap_keys(f"  {text.casefold()} ")


TURN = {"role": "user", "content": "hi"}
ANSWER = [{"role": "assistant", "content": "yes"}]


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        ("null content", {"prompt": [{"role": "user", "content": None}], "completion": ANSWER}),
        ("completion is empty", {"prompt": [TURN], "completion": []}),
        ("is empty", {"prompt": [TURN], "completion": [{"role": "assistant", "content": " "}]}),
        ("chosen equals", {"prompt": [TURN], "chosen": ANSWER, "rejected": ANSWER}),
        ("chosen equals", {"context": [TURN], "chosen": "yes", "rejected": " yes\n"}),
        ("no string", {"prompt": [{"role": 1, "content": "x"}, TURN], "completion": ANSWER}),
        ("unknown role", {"prompt": [{"role": "me", "content": "x"}, TURN], "completion": ANSWER}),
        ("content that is no", {"messages": [TURN, {"role": "assistant", "content": ["x"]}]}),
        ("does not end", {"messages": [TURN]}),
        ("does not end", {"prompt": ANSWER, "completion": ANSWER}),
        ("no answer", {"prompt": [TURN], "completion": None}),
        ("needs chosen and rejected", {"prompt": [TURN], "chosen": ANSWER}),
        ("no conversation", {"completion": ANSWER}),
        ("is no turn", {"prompt": ["hi"], "completion": ANSWER}),
        ("prompt is empty", {"prompt": None, "completion": ANSWER}),
    ],
)
def test_the_linter_refuses_what_trainers_take_in_silence(
    problem: str, line: dict[str, Any]
) -> None:
    assert any(problem in found for found in problems(line))


def test_the_linter_passes_a_good_line() -> None:
    assert problems({"prompt": [TURN], "completion": ANSWER}) == ()
    assert problems({"messages": [TURN, *ANSWER]}) == ()


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("latest", "2.0.0"),
        ("1.2.0", "1.2.0"),
        ("^1", "1.10.3"),
        ("^1.2", "1.10.3"),
        ("^1.11", None),
        ("^0.2", "0.2.9"),
        ("^0", "0.3.0"),
        ("^0.0.1", None),
        ("3.0.0", None),
    ],
)
def test_a_spec_takes_the_newest_that_it_allows(wanted: str, found: str | None) -> None:
    versions = ["1.10.3", "0.2.9", "2.0.0", "0.3.0", "1.2.0", "0.2.0"]
    assert choose(wanted, versions) == found


@given(
    st.dictionaries(st.text(max_size=3), st.text(max_size=2)),
    st.dictionaries(st.text(max_size=3), st.text(max_size=2)),
)
def test_a_version_is_a_patch_exactly_when_rows_only_went(
    before: dict[str, str], now: dict[str, str]
) -> None:
    number = following(Version(0, 4, 2), before, now)
    gone_only = all(before.get(key) == value for key, value in now.items())
    expected = Version(0, 4, 3) if gone_only else Version(0, 5, 0)
    assert number == (None if before == now else expected)


def test_every_reason_says_what_would_change_it() -> None:
    assert all(reason.words and reason.change for reason in reasons.REASONS.values())


def test_an_explanation_names_the_set_its_feature_and_thousands() -> None:
    funnel = Funnel("fixes", ("chat",), 9000, 1300, 0, 0, {"eval_overlap": 60, "no_consent": 1240})
    first, second = explain(funnel)[1:]
    assert first.startswith("1,240 blocked: no consent (of asker, editor or annotator) → send `con")
    assert first.endswith("state granted), or set features.chat.lawful_basis")
    assert second == "60 blocked: equal to a registered eval item → nothing: evals stay unseen"
