"""Builds on real stores: what becomes a row, what is refused and why, and which version it gets."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from decayd.config import DatasetSettings, FeatureSettings, PublishSettings, Settings
from decayd.errors import DatasetError
from decayd.text import text_key
from tests.training_events import AS_OF, START, Traffic, settings_for
from training_sets import catalog
from training_sets.build import BuildResult, build
from training_sets.run import run


@pytest.fixture
def traffic(tmp_path: Path) -> Iterator[Traffic]:
    made = Traffic(tmp_path)
    yield made
    made.store.close()


def built(traffic: Traffic, **more: Any) -> BuildResult:
    return build(traffic.store, "fixes", AS_OF, settings_for(traffic.folder, **more))


def rows(traffic: Traffic, result: BuildResult) -> list[dict[str, Any]]:
    found = traffic.store.rows("dataset_rows_of", name=result.name, version=result.version)
    return [json.loads(row["row"]) for row in found]


def rejects(traffic: Traffic, **more: Any) -> dict[str, int]:
    return dict(built(traffic, **more).funnel.rejects)


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


@pytest.mark.parametrize(
    ("reason", "fields"),
    [
        ("eval_traffic", {"source_kind": "eval"}),
        ("not_user_traffic", {"source_kind": "load"}),
        ("not_user_traffic", {"probe": True}),
        ("no_answer", {"status": "timeout"}),
        ("inner_call", {"route": '{"parent_request_id":"r0"}'}),
    ],
)
def test_traffic_that_is_no_users_never_enters_and_is_counted(
    traffic: Traffic, reason: str, fields: dict[str, Any]
) -> None:
    traffic.corrected("r0")
    traffic.corrected("r1", **fields)
    result = built(traffic)
    assert result.funnel.rejects == {reason: 1}
    assert {tuple(row["request_ids"]) for row in rows(traffic, result)} == {("r0",)}


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("query", "WHERE is   my parcel??"),
        ("earlier turn", "where is my parcel"),
        ("target", "Where is my parcel?"),
        ("answer", "Where is my parcel?"),
    ],
)
def test_a_row_that_equals_an_eval_item_is_dropped(traffic: Traffic, where: str, text: str) -> None:
    traffic.eval_item("Where is my parcel?", "At the depot.")
    earlier = [{"role": "user", "content": text if where == "earlier turn" else "Hello there"}]
    turns = [*earlier, {"role": "user", "content": text if where == "query" else "And now?"}]
    traffic.request(
        "r1", query=turns[-1]["content"], messages=turns,
        response=text if where == "answer" else "I don't know.",
    )  # fmt: skip
    traffic.edit("r1", text if where == "target" else "Look into the app.")
    traffic.consent("user-r1")
    assert rejects(traffic) == {"eval_overlap": 1}


def test_an_expected_answer_of_an_eval_item_is_never_learned(traffic: Traffic) -> None:
    traffic.eval_item("Where is my parcel?", "Open order r1 in the app and tap Return.")
    traffic.corrected("r1")
    assert rejects(traffic) == {"eval_overlap": 1}


def test_an_eval_item_known_by_its_hash_alone_is_met(traffic: Traffic) -> None:
    traffic.eval_item(None, input_key=text_key("Where is my parcel?"))
    traffic.corrected("r1", query="where is my PARCEL?")
    assert rejects(traffic) == {"eval_overlap": 1}


def test_without_a_consent_nothing_is_trainable(traffic: Traffic) -> None:
    traffic.request("r1")
    traffic.edit("r1", "Use the app to return it.")
    result = built(traffic)
    assert result.version is None
    assert result.funnel.rejects == {"no_consent": 1}
    assert "features.chat.lawful_basis" in result.text
    assert "`consent` events" in result.text


@pytest.mark.parametrize("state", ["denied", "revoked", "expired"])
def test_the_newest_consent_decides_and_a_lawful_basis_does_not_outweigh_it(
    traffic: Traffic, state: str
) -> None:
    traffic.corrected("r1")
    traffic.consent("user-r1", state=state)
    lawful = {"chat": FeatureSettings(lawful_basis="contract 4.2")}
    assert rejects(traffic, features=lawful) == {"consent_withheld": 1}


def test_a_consent_given_again_counts(traffic: Traffic) -> None:
    traffic.corrected("r1")
    traffic.consent("user-r1", state="revoked")
    traffic.consent("user-r1")
    assert built(traffic).n_rows == 2


def test_a_consent_for_another_purpose_is_none(traffic: Traffic) -> None:
    traffic.request("r1")
    traffic.edit("r1", "Use the app to return it.")
    traffic.consent("user-r1", purpose="analytics")
    assert rejects(traffic) == {"no_consent": 1}


def test_a_consent_for_the_future_leaves_earlier_requests_out(traffic: Traffic) -> None:
    traffic.request("r1")
    traffic.edit("r1", "Use the app to return it.")
    traffic.consent("user-r1", scope="future")
    assert rejects(traffic) == {"consent_came_later": 1}


def test_a_consent_that_arrives_after_the_as_of_is_not_known_yet(traffic: Traffic) -> None:
    traffic.request("r1")
    traffic.edit("r1", "Use the app to return it.")
    traffic.consent("user-r1", ts=START, available_at=AS_OF + timedelta(seconds=1))
    assert rejects(traffic) == {"no_consent": 1}


def test_a_lawful_basis_stands_in_for_a_missing_consent_and_user(traffic: Traffic) -> None:
    traffic.request("r1", user_id=None)
    traffic.edit("r1", "Use the app to return it.")
    assert rejects(traffic) == {"no_user_id": 1}
    lawful = {"chat": FeatureSettings(lawful_basis="contract 4.2")}
    assert built(traffic, features=lawful).n_rows == 2
    assert catalog.show(traffic.store, "fixes")["lineage"][0]["allowed_by"] == "lawful_basis"


@pytest.mark.parametrize("editor_state", [None, "revoked"])
def test_an_editor_without_consent_blocks_the_row(
    traffic: Traffic, editor_state: str | None
) -> None:
    traffic.request("r1")
    traffic.edit("r1", "Use the app to return it.", actor_id="editor")
    traffic.consent("user-r1")
    if editor_state:
        traffic.consent("editor", state=editor_state)
    expected = "consent_withheld" if editor_state else "no_consent"
    assert rejects(traffic) == {expected: 1}


def test_equal_rows_are_one(traffic: Traffic) -> None:
    for request_id in ("r1", "r2"):
        traffic.request(request_id, query="Where is it?", response="Dunno.")
        traffic.edit(request_id, "In the app.")
        traffic.consent(f"user-{request_id}")
    result = built(traffic)
    assert result.n_rows == 2
    assert result.funnel.rejects == {"duplicate": 1}
    assert {tuple(row["request_ids"]) for row in rows(traffic, result)} == {("r1",)}


def test_used_and_refused_failures_add_up(traffic: Traffic) -> None:
    for i in range(6):
        traffic.corrected(f"r{i}")
    traffic.consent("user-r0", state="revoked")
    traffic.request("r7")
    traffic.signal("report", "r7")
    funnel = built(traffic).funnel
    assert funnel.n_failures == funnel.n_used + sum(funnel.rejects.values()) == 7


def test_only_the_sets_features_and_weeks_are_read(traffic: Traffic) -> None:
    traffic.corrected("r1")
    traffic.corrected("r2", feature="other")
    traffic.corrected("r3", ts=AS_OF - timedelta(weeks=8, seconds=1))
    traffic.corrected("r4", ts=AS_OF)
    assert {row["request_ids"][0] for row in rows(traffic, built(traffic))} == {"r1"}


def test_the_same_store_gives_the_same_bytes(tmp_path: Path) -> None:
    digests: set[str] = set()
    for order in (range(5), reversed(range(5))):
        folder = tmp_path / f"{len(digests)}-{order}".replace(" ", "")
        folder.mkdir()
        traffic = Traffic(folder)
        for i in order:
            at = START + timedelta(hours=i)
            traffic.request(f"r{i}", ts=at)
            traffic.edit(f"r{i}", f"Use the app for {i}.", ts=at, event_id=f"edit-{i}")
            traffic.consent(f"user-r{i}", ts=at, event_id=f"consent-{i}")
        digests.add(built(traffic).manifest_sha256)
        traffic.store.close()
    assert len(digests) == 1


def test_versions_follow_from_what_changed(traffic: Traffic) -> None:
    settings = settings_for(traffic.folder)
    traffic.corrected("r1")
    traffic.corrected("r2")

    def next_build(days: int) -> BuildResult:
        return build(traffic.store, "fixes", AS_OF + timedelta(days=days), settings)

    assert next_build(0).version == "0.1.0"
    same = next_build(1)
    assert (same.version, same.created) == ("0.1.0", False)
    assert "no new version" in same.text
    traffic.consent("user-r2", state="revoked", ts=AS_OF + timedelta(days=1))
    assert next_build(2).version == "0.1.1"
    traffic.corrected("r3", ts=AS_OF + timedelta(days=2))
    assert next_build(4).version == "0.2.0"
    traffic.consent("user-r1", "user-r3", state="revoked", ts=AS_OF + timedelta(days=4))
    nothing_left = next_build(5)
    assert (nothing_left.version, nothing_left.n_rows) == ("0.2.1", 0)


def test_a_build_as_of_an_earlier_moment_than_the_last_is_refused(traffic: Traffic) -> None:
    traffic.corrected("r1")
    built(traffic)
    with pytest.raises(DatasetError, match="would go back"):
        build(traffic.store, "fixes", AS_OF - timedelta(days=1), settings_for(traffic.folder))


def test_files_are_read_only_and_never_rewritten(traffic: Traffic) -> None:
    taken = traffic.folder / "published" / "datasets" / "fixes" / "0.1.0"
    taken.mkdir(parents=True)
    (taken / "rows.jsonl").write_text("another store's rows\n")
    traffic.corrected("r1")
    result = built(traffic)
    assert result.version == "0.2.0"
    assert (taken / "rows.jsonl").read_text() == "another store's rows\n"
    files = sorted(Path(result.folder).iterdir())
    assert [file.name for file in files] == ["manifest.json", "rows.jsonl"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o444}


def test_an_interrupted_build_is_finished_by_the_next(traffic: Traffic) -> None:
    traffic.corrected("r1")
    first = built(traffic)
    other = traffic.folder / "other"
    other.mkdir()
    again = Traffic(other)
    again.corrected("r1")
    same_place = PublishSettings(folder=traffic.folder / "published")
    second = built(again, publish=same_place)
    again.store.close()
    assert (first.version, first.manifest_sha256) == (second.version, second.manifest_sha256)


def test_a_folder_that_cannot_be_written_is_said_with_its_setting(traffic: Traffic) -> None:
    blocked = traffic.folder / "file"
    blocked.write_text("in the way")
    traffic.corrected("r1")
    with pytest.raises(DatasetError) as error:
        built(traffic, publish=PublishSettings(folder=blocked))
    assert "publish.folder" in error.value.hint
    assert catalog.list_sets(traffic.store) == []


@pytest.mark.parametrize("name", ["nothing", "with.dot"])
def test_an_unknown_set_lists_the_known_ones_and_the_lines_to_add(
    traffic: Traffic, name: str
) -> None:
    with pytest.raises(DatasetError, match="configured: fixes") as error:
        build(traffic.store, name, AS_OF, settings_for(traffic.folder))
    assert "features = [" in error.value.hint
    assert name in error.value.hint


@pytest.mark.parametrize("name", ["../up", "", "a b", "a/b", ".hidden", "ü" * 5])
def test_a_name_that_is_no_folder_is_refused(traffic: Traffic, name: str) -> None:
    settings = settings_for(traffic.folder, datasets={name: DatasetSettings()})
    with pytest.raises(DatasetError, match="can't name"):
        build(traffic.store, name, AS_OF, settings)


def test_an_answer_is_needed_for_a_preference(traffic: Traffic) -> None:
    config = DatasetSettings(kinds=("pref",))
    traffic.corrected("r1", response=None)
    assert rejects(traffic, datasets={"fixes": config}) == {"no_answer_to_reject": 1}


def test_an_empty_build_of_an_unknown_feature_names_those_with_traffic(traffic: Traffic) -> None:
    traffic.corrected("r1")
    result = built(traffic, datasets={"fixes": DatasetSettings(features=("chta",))})
    assert result.version is None
    assert "no user requests of chta" in result.text
    assert "features with requests: chat" in result.text


def test_the_weekly_job_builds_every_set_once(traffic: Traffic) -> None:
    traffic.corrected("r1")
    sets = {"fixes": DatasetSettings(), "none": DatasetSettings(features=("x",)), "../bad": DatasetSettings()}  # fmt: skip  # noqa: E501
    settings: Settings = settings_for(traffic.folder, datasets=sets)
    first = run(traffic.store, AS_OF, settings)
    assert first == {"sets": 3, "built": 1, "rows": 2, "unchanged": 1, "failed": 1}
    assert run(traffic.store, AS_OF, settings)["built"] == 0
    assert run(traffic.store, AS_OF - timedelta(weeks=1), settings)["built"] == 0
    assert len(catalog.list_sets(traffic.store)) == 1


def test_lineage_names_versions_events_and_pulls(traffic: Traffic) -> None:
    traffic.corrected("r1")
    result = built(traffic)
    example_id = rows(traffic, result)[0]["example_id"]
    (member,) = catalog.lineage(traffic.store, example_id)
    assert (member.name, member.version) == ("fixes", "0.1.0")
    assert member.lineage["request_ids"] == ["r1"]
    assert member.lineage["why"] == ["score:-0.20", "signal:edit"]
