"""Builds on real stores: whose traffic, whose consent and which eval items keep a row out."""

from datetime import timedelta
from typing import Any

import pytest

from decayd.config import FeatureSettings
from decayd.text import text_key
from tests.training_builds import built, rejects, rows, traffic
from tests.training_events import AS_OF, START, Traffic
from training_sets import catalog

__all__ = ["traffic"]  # a fixture of another file


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
