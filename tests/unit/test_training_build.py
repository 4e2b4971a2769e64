"""Builds on real stores: what becomes a row, and what is refused as a target and why."""

from datetime import timedelta
from typing import Any

import pytest

from tests.training_builds import built, rejects, rows, traffic
from tests.training_events import START, Traffic
from training_sets import catalog

__all__ = ["traffic"]  # a fixture of another file


def test_an_edited_answer_becomes_an_sft_and_a_preference_row(traffic: Traffic) -> None:
    traffic.request("r1", query="Where is my parcel?", response="I don't know.")
    traffic.edit("r1", "It is at the depot, see the app.")
    traffic.consent("user-r1")
    pref, sft = sorted(rows(traffic, built(traffic)), key=lambda row: str(row["kind"]))
    assert sft["context"] == [{"role": "user", "content": "Where is my parcel?"}]
    assert sft["completion"] == "It is at the depot, see the app."
    assert (pref["chosen"], pref["rejected"]) == (sft["completion"], "I don't know.")
    assert sft["target_basis"] == "user_edit"
    assert sft["subjects"] == ["user-r1"]
    assert (sft["reviewed"], sft["label_confidence"], sft["role"]) == (False, None, "failure")
    assert sft["request_ids"] == ["r1"]


def test_the_final_text_of_an_outcome_is_a_target(traffic: Traffic) -> None:
    traffic.request("r1")
    event = traffic.outcome("ticket", "r1", success=False, final_text="Use the return form.")
    traffic.consent("user-r1")
    result = built(traffic)
    entry = catalog.show(traffic.store, "fixes")["lineage"][0]
    assert {row["target_basis"] for row in rows(traffic, result)} == {"agent_resolution"}
    assert entry["target_event_ids"] == [event]
    assert entry["outcome_event_id"] == event


def test_an_outcome_with_only_a_session_brings_its_final_text(traffic: Traffic) -> None:
    traffic.request("r1", ts=START)
    traffic.outcome(
        "ticket", None, ts=START + timedelta(hours=1), session_id="session-r1",
        success=False, final_text="Use the return form.",
    )  # fmt: skip
    traffic.consent("user-r1")
    assert built(traffic).n_rows == 2


def test_a_final_text_that_failed_later_is_refused(traffic: Traffic) -> None:
    traffic.request("r1")
    traffic.outcome("resolved", "r1", final_text="Use the return form.")
    traffic.outcome("reopened", "r1")
    traffic.consent("user-r1")
    assert rejects(traffic) == {"final_text_failed": 1}


def test_a_correction_goes_before_an_edit_and_makes_the_label_reviewed(traffic: Traffic) -> None:
    traffic.corrected("r1")
    label = traffic.label("Wrong answer", "r1", corrected_text="Ask for a label at the desk.")
    traffic.consent("ann")
    result = built(traffic)
    row = rows(traffic, result)[0]
    assert (row["target_basis"], row["reviewed"]) == ("annotator", True)
    assert row["subjects"] == ["ann", "user-r1"]
    assert catalog.show(traffic.store, "fixes")["lineage"][0]["label_event_ids"] == [label]


def test_a_regenerated_answer_that_was_taken_is_a_target(traffic: Traffic) -> None:
    query = "Where is my parcel?"
    traffic.request("r1", query=query, response="No idea.", user_id="u")
    traffic.signal("regenerate", "r1")
    traffic.request("r2", query=query, response="Hm.", user_id="u", regenerates="r1")
    traffic.request("r3", query=query, response="At the depot.", user_id="u", regenerates="r2")
    traffic.signal("thumbs_up", "r3")
    traffic.consent("u")
    found = [row for row in rows(traffic, built(traffic)) if row["kind"] == "pref"]
    assert {(row["chosen"], row["rejected"]) for row in found} == {
        ("At the depot.", "No idea."),
        ("At the depot.", "Hm."),
    }
    assert {tuple(row["request_ids"]) for row in found} == {("r1", "r3"), ("r2", "r3")}


def test_a_regenerated_answer_that_nobody_took_is_no_target(traffic: Traffic) -> None:
    traffic.request("r1", query="Where?", user_id="u")
    traffic.signal("regenerate", "r1")
    traffic.request("r2", query="Where?", response="Here.", user_id="u", regenerates="r1")
    traffic.consent("u")
    assert rejects(traffic) == {"no_reference_answer": 1}


def test_a_conversation_keeps_its_turns_and_loses_its_last_answer(traffic: Traffic) -> None:
    turns = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": [{"type": "text", "text": "Where is it?"}]},
        {"role": "assistant", "content": "No idea."},
    ]
    traffic.corrected("r1", messages=turns)
    context = rows(traffic, built(traffic))[0]["context"]
    assert [turn["role"] for turn in context] == ["system", "user", "assistant", "user"]
    assert context[-1]["content"] == "Where is it?"


@pytest.mark.parametrize(
    ("reason", "turns"),
    [
        ("system_prompt_lost", [{"role": "system", "content": None}]),
        ("tool_result_redacted", [{"role": "tool", "content": "[REDACTED]"}]),
        ("tool_turns", [{"role": "tool", "content": "42"}]),
        ("turn_not_text", [{"role": "user", "content": [{"type": "image_url"}]}]),
        ("turn_not_text", [{"role": 7, "content": "x"}]),
        ("turn_not_text", [{"role": "narrator", "content": "x"}]),
    ],
)
def test_a_conversation_that_is_not_whole_is_refused(
    traffic: Traffic, reason: str, turns: list[dict[str, Any]]
) -> None:
    traffic.corrected("r1", messages=[*turns, {"role": "user", "content": "Where?"}])
    assert rejects(traffic) == {reason: 1}


def test_a_conversation_without_a_user_turn_is_refused(traffic: Traffic) -> None:
    traffic.corrected("r1", messages=[{"role": "assistant", "content": "Welcome!"}])
    assert rejects(traffic) == {"no_user_turn": 1}


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("empty_target", " \n\u200b"),
        ("target_equals_answer", "Please  call us about order r1."),
        ("target_refuses", "I’m sorry, but I cannot help with that request."),
        ("target_redacted", "Write to <EMAIL_1>, please."),
        ("target_other_language", "Откройте приложение и нажмите «Вернуть»."),
        ("edit_without_text", None),
    ],
)
def test_a_bad_target_is_refused_with_its_reason(
    traffic: Traffic, reason: str, text: str | None
) -> None:
    traffic.request("r1")
    traffic.signal("edit", "r1", value=0.3, text=text)
    traffic.signal("thumbs_down", "r1")
    traffic.consent("user-r1")
    assert rejects(traffic) == {reason: 1}


@pytest.mark.parametrize("ratio", [0.81, 1.0, 40.0, float("inf")])
def test_an_edit_that_is_a_new_text_is_no_target(traffic: Traffic, ratio: float) -> None:
    traffic.request("r1")
    traffic.edit("r1", "Something else.", ratio)
    traffic.consent("user-r1")
    assert rejects(traffic) == {"edit_ratio": 1}


def test_a_mended_typo_is_no_failure(traffic: Traffic) -> None:
    traffic.request("r1")
    traffic.edit("r1", "Please call us about order r1!", 0.01)
    assert built(traffic).funnel.n_failures == 0


def test_a_missing_edit_ratio_is_measured_on_the_texts(traffic: Traffic) -> None:
    traffic.request("r1", response="Please call us about the order today.")
    traffic.edit("r1", "Please write to us about the order today.", None)
    traffic.consent("user-r1")
    assert built(traffic).n_rows == 2


def test_an_edit_that_was_taken_back_is_no_target(traffic: Traffic) -> None:
    traffic.corrected("r1")
    traffic.signal("dismiss", "r1")
    assert rejects(traffic) == {"edit_not_used": 1}


def test_a_refusal_is_a_target_when_refusing_was_missing(traffic: Traffic) -> None:
    traffic.request("r1")
    traffic.label("refusal_missing", "r1", corrected_text="Sorry, I can't help with that.")
    traffic.consent("user-r1", "ann")
    assert built(traffic).n_rows == 2


def test_thumbs_down_alone_is_unsatisfied_and_never_a_wrong_answer(traffic: Traffic) -> None:
    traffic.request("r1")
    traffic.signal("thumbs_down", "r1")
    traffic.corrected("r2")
    built(traffic)
    counts = catalog.show(traffic.store, "fixes")["counts"]
    assert counts["failures_by_type"] == {"unknown": 1, "wrong_answer": 1}


@pytest.mark.parametrize(
    ("reason", "fields"),
    [
        ("truncated", {"finish_reason": "MAX_TOKENS"}),
        ("fixable_by_tool", {"tool_calls": '[{"name":"find","ok":false}]'}),
    ],
)
def test_what_training_cannot_fix_is_counted_and_left_out(
    traffic: Traffic, reason: str, fields: dict[str, Any]
) -> None:
    traffic.corrected("r1", **fields)
    assert rejects(traffic) == {reason: 1}


def test_an_annotators_label_wins_over_labelling_functions(traffic: Traffic) -> None:
    traffic.corrected("r1", tool_calls='[{"name":"find","ok":false}]')
    traffic.label("incomplete", "r1")
    traffic.consent("ann")
    assert {row["failure_type"] for row in rows(traffic, built(traffic))} == {"incomplete"}


def test_no_failure_says_an_annotator_and_nothing_is_built(traffic: Traffic) -> None:
    traffic.corrected("r1")
    traffic.label("no_failure", "r1")
    assert rejects(traffic) == {"no_failure": 1}


def test_annotators_who_disagree_block_a_row_until_one_label_is_superseded(
    traffic: Traffic,
) -> None:
    traffic.corrected("r1")
    first = traffic.label("incomplete", "r1", annotator="ann")
    traffic.label("tone_style", "r1", annotator="bob")
    traffic.consent("ann", "bob")
    assert rejects(traffic) == {"labels_disagree": 1}
    traffic.label("tone_style", "r1", annotator="cem", supersedes=first)
    traffic.consent("cem")
    assert {row["failure_type"] for row in rows(traffic, built(traffic))} == {"tone_style"}
