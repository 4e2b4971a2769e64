"""Behaviour in the report: versions, answers that changed with nothing deployed, the ledger."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from decay_reports import aspects_run
from decay_reports.aspects.behaviour import look
from decay_reports.facts.aspect import Look, TableFacts
from decay_reports.figures.fingerprint import COMPARED
from decayd.config import Settings
from store.database import Store
from store.findings import findings_at
from tests.behaviour_rows import FIRST, answer, asked, moment, write, write_change

STEP = 44  # the third day of the newest week but one, of 56


def changed_from(step: int, refusals: float = 0.12, longer: float = 1.3) -> Any:
    def fields(day: int, topic: int, rng: np.random.Generator) -> dict[str, Any]:
        usual = answer(day, topic, rng)
        if day < step:
            return usual
        if rng.random() < refusals:
            return usual | {"status": "refused", "response": "no"}
        return usual | {"response": usual["response"] * 2 if longer > 1.5 else usual["response"]}

    return fields


def table(found: Look, caption: str) -> TableFacts | None:
    return next((each for each in found.tables if each.caption.startswith(caption)), None)


def test_a_silent_shift_is_found_and_dated_within_a_day(store: Store, settings: Settings) -> None:
    write(store, 56, changed_from(STEP, refusals=0.3, longer=2))
    (finding,) = look(asked(store, settings, 56)).findings

    assert finding.kind == "changed_unannounced"
    assert finding.severity == "warning"
    day = date.fromisoformat(finding.details["day"])
    assert abs((day - FIRST).days - STEP) <= 1
    assert {"refused", "answer length"} <= {each["trait"] for each in finding.details["moved"]}
    assert "with nothing deployed: " in finding.title
    assert len(finding.member_request_ids) == 20


def test_weeks_like_those_before_raise_nothing(store: Store, settings: Settings) -> None:
    write(store, 84)
    found = look(asked(store, settings, 84))
    assert found.findings == ()
    assert found.lines == (
        "users: no trait of answers moved this week beyond what days do by themselves.",
    )
    compared = table(found, COMPARED)
    assert compared
    assert [row[0] for row in compared.rows] == [
        "refused", "answer length", "latency", "output tokens"
    ]  # fmt: skip


def test_another_mix_of_topics_alone_is_no_change(store: Store, settings: Settings) -> None:
    write(store, 56, mix=lambda day: [0.5, 0.3, 0.2] if day < STEP else [0.1, 0.1, 0.8])
    assert look(asked(store, settings, 56)).findings == ()


@pytest.mark.parametrize("feature", ["chat", None])
def test_what_an_announced_change_may_have_done_is_not_flagged(
    store: Store, settings: Settings, feature: str | None
) -> None:
    write(store, 56, changed_from(STEP, refusals=0.3))
    write_change(store, moment(STEP, 3600), "prompt", feature=feature)
    found = look(asked(store, settings, 56))
    assert found.findings == ()
    assert found.lines == (
        "users: not compared this week, too few days since the last change or the first.",
    )


def test_a_change_of_the_newest_week_stops_its_test(store: Store, settings: Settings) -> None:
    write(store, 56)
    write_change(store, moment(51), "model")
    (line,) = look(asked(store, settings, 56)).lines
    assert line == "users: not compared this week, a change was announced on 22 Jul 2026."


def test_a_change_of_another_feature_or_of_the_guideline_stops_nothing(
    store: Store, settings: Settings
) -> None:
    write(store, 56, changed_from(STEP, refusals=0.3))
    write_change(store, moment(STEP), "prompt", feature="search")
    write_change(store, moment(STEP), "guideline")
    assert len(look(asked(store, settings, 56)).findings) == 1


def test_probes_are_tested_apart_from_users(store: Store, settings: Settings) -> None:
    write(store, 56)
    write(store, 56, changed_from(STEP, refusals=0.3), seed=1, probe=True, source_kind="synthetic")
    found = look(asked(store, settings, 56))
    (finding,) = found.findings
    assert finding.details["of"] == "probes"
    assert any(line.startswith("users: no trait") for line in found.lines)
    versions = table(found, "Behaviour versions")
    assert versions
    assert [row[4] for row in versions.rows] == ["3,360"]  # users' of 8 weeks, no probe


def test_a_change_keeps_its_id_for_weeks_and_closes_when_it_is_announced_late(
    store: Store, settings: Settings
) -> None:
    write(store, 70, changed_from(STEP, refusals=0.3))
    for end in (56, 63):
        aspects_run.run(store, moment(end), settings)
    first, second = (
        [f for f in findings_at(store, moment(end)) if f.kind == "changed_unannounced"]
        for end in (56, 63)
    )
    assert [f.finding_id for f in first] == [f.finding_id for f in second]
    assert [f.state for f in second] == ["open"]

    write_change(store, moment(STEP), "model", available_at=moment(65))
    aspects_run.run(store, moment(70), settings)
    last = [f for f in findings_at(store, moment(70)) if f.kind == "changed_unannounced"]
    assert [f.state for f in last] == ["closed"]


def test_a_store_that_was_filled_in_finds_a_step_of_weeks_ago(
    store: Store, settings: Settings
) -> None:
    write(store, 84, changed_from(STEP, refusals=0.3))
    (finding,) = look(asked(store, settings, 84)).findings
    assert abs((date.fromisoformat(finding.details["day"]) - FIRST).days - STEP) <= 1


def test_without_topics_a_change_is_only_a_hint(store: Store, settings: Settings) -> None:
    write(store, 56, changed_from(STEP, refusals=0.3))
    with store.transaction() as tx:
        tx.query("DELETE FROM request_topics")
    found = look(asked(store, settings, 56))
    assert [f.severity for f in found.findings] == ["info"]
    assert any("topics are not known" in line for line in found.lines)


def test_a_model_that_changed_by_itself_is_in_the_ledger(store: Store, settings: Settings) -> None:
    def fields(day: int, topic: int, rng: np.random.Generator) -> dict[str, Any]:
        return answer(day, topic, rng) | ({"model_resolved": "m-2"} if day >= STEP else {})

    write(store, 56, fields)
    found = look(asked(store, settings, 56))
    ledger, versions = (table(found, name) for name in ("What changed", "Behaviour versions"))
    assert ledger
    assert versions
    day = FIRST + timedelta(days=STEP)
    assert [row[:4] for row in ledger.rows] == [(f"{day.day} Jul 2026", "model", "m-1", "m-2")]
    assert [row[1] for row in versions.rows] == ["model=m-2 prompt=p1", "model=m-1 prompt=p1"]

    write_change(store, moment(STEP - 1), "model", to="m-2")
    assert table(look(asked(store, settings, 56)), "What changed") is None


def test_an_index_that_was_built_anew_is_in_the_ledger(store: Store, settings: Settings) -> None:
    def fields(day: int, topic: int, rng: np.random.Generator) -> dict[str, Any]:
        built = 40 if day >= 40 else -30
        indexed = moment(built, float(rng.integers(7200))).isoformat() + "Z"
        documents = f'[{{"doc_id":"d","indexed_at":"{indexed}"}}]'
        return answer(day, topic, rng) | {"retrieved": documents}

    write(store, 56, fields)
    ledger = table(look(asked(store, settings, 56)), "What changed")
    assert ledger
    assert [(row[0], row[1]) for row in ledger.rows] == [("11 Jul 2026", "index")]
    write_change(store, moment(39), "index")
    assert table(look(asked(store, settings, 56)), "What changed") is None


def test_documents_that_are_suddenly_older_are_in_the_ledger(
    store: Store, settings: Settings
) -> None:
    def fields(day: int, topic: int, rng: np.random.Generator) -> dict[str, Any]:
        age = float(rng.uniform(5, 15)) + (60 if day >= 40 else 0)
        written = moment(day).replace(microsecond=0) - timedelta(days=int(age))
        documents = f'[{{"doc_id":"d","doc_updated_at":"{written.isoformat()}Z"}}]'
        return answer(day, topic, rng) | {"retrieved": documents}

    write(store, 56, fields)
    ledger = table(look(asked(store, settings, 56)), "What changed")
    assert ledger
    assert [(row[0], row[1]) for row in ledger.rows] == [("11 Jul 2026", "documents")]


def test_a_tool_that_is_called_no_more_is_a_change(store: Store, settings: Settings) -> None:
    def fields(day: int, topic: int, rng: np.random.Generator) -> dict[str, Any]:
        calls = rng.random() < (0.6 if day < STEP else 0.2)
        return answer(day, topic, rng) | {
            "tool_calls": '[{"name":"look\\u202eup","ok":true}]' if calls else "[]"
        }

    write(store, 56, fields)
    (finding,) = look(asked(store, settings, 56)).findings
    assert "calls lookup −" in finding.title


def test_requests_without_versions_say_what_to_send(store: Store, settings: Settings) -> None:
    write(store, 14, model_resolved=None, versions=None)
    found = look(asked(store, settings, 14))
    assert found.missing.startswith("send `model_resolved` and `versions`")
    assert table(found, "Behaviour versions") is None


def test_a_feature_without_requests_is_not_described(store: Store, settings: Settings) -> None:
    assert look(asked(store, settings, 56)) == Look()


def test_the_days_are_those_of_the_report_s_zone(store: Store, settings: Settings) -> None:
    there = settings.model_copy(
        update={"report": settings.report.model_copy(update={"timezone": "America/New_York"})}
    )
    write(store, 57, changed_from(STEP, refusals=0.3))
    (finding,) = look(asked(store, there, 56)).findings
    assert abs((date.fromisoformat(finding.details["day"]) - FIRST).days - STEP) <= 1


def test_what_else_was_not_announced_about_that_day_is_told_beside_it(
    store: Store, settings: Settings
) -> None:
    def fields(day: int, topic: int, rng: np.random.Generator) -> dict[str, Any]:
        made: dict[str, Any] = changed_from(STEP, refusals=0.3)(day, topic, rng)
        return made | ({"model_resolved": "m-2"} if day >= STEP else {})

    write(store, 56, fields)
    line = look(asked(store, settings, 56)).lines[0]
    assert line.endswith("; not announced either: model m-1 → m-2 on 15 Jul 2026.")


def test_the_size_is_that_from_the_day_on_even_if_it_began_in_midweek(
    store: Store, settings: Settings
) -> None:
    write(store, 49, changed_from(STEP, refusals=0.5))
    (finding,) = look(asked(store, settings, 49)).findings
    now, before = finding.now, finding.before
    assert now
    assert before
    assert now.value == pytest.approx(0.52, abs=0.06)
    assert before.value == pytest.approx(0.03, abs=0.02)
