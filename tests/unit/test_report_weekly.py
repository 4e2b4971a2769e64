"""The report job: kept once, written in every format, found again."""

from datetime import timedelta

import pytest

from decay_reports import pages, weekly
from decay_reports.facts.report import ReportFacts, from_json
from decay_reports.layout.rendering import render
from decayd.config import Settings
from decayd.errors import UsageError
from store.database import Store
from tests.report_rows import (
    FIRST,
    WEEK,
    close,
    week_rows,
    write_baseline,
    write_incident,
    write_weeks,
)

STEADY: list[float | None] = [0.70, 0.71, 0.69, 0.70, 0.70, 0.71]


def test_the_job_keeps_facts_once_and_writes_the_same_files_again(
    store: Store, settings: Settings
) -> None:
    as_of = write_weeks(store, STEADY)

    first = weekly.run(store, as_of, settings)
    n_files = pages.run(store, as_of, settings)["files"]
    folder = settings.report.folder / "2026-W28"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    again = weekly.run(store, as_of, settings)
    pages.run(store, as_of, settings)

    assert (first["stored"], again["stored"], n_files) == (1, 0, 3)
    assert sorted(files) == ["report.html", "report.json", "report.md"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    assert len(store.rows("reports_list")) == 1


def test_kept_facts_give_the_report_that_was_written(store: Store, settings: Settings) -> None:
    as_of = write_weeks(store, STEADY)
    weekly.run(store, as_of, settings)
    pages.run(store, as_of, settings)

    facts = weekly.load(store, settings, as_of=as_of)

    written = (settings.report.folder / "2026-W28" / "report.html").read_text(encoding="utf-8")
    assert render(facts, "html") == written
    assert weekly.load(store, settings, week=facts.week) == facts
    assert weekly.load(store, settings, as_of=as_of + timedelta(days=3)) == facts


def test_a_folder_that_cannot_be_written_does_not_lose_the_report(
    store: Store, settings: Settings
) -> None:
    as_of = write_weeks(store, STEADY)
    settings.report.folder.write_text("a file, no folder")

    weekly.run(store, as_of, settings)
    assert pages.run(store, as_of, settings) == {"files": 0}
    assert len(store.rows("reports_list")) == 1


def test_the_next_report_says_what_changed(store: Store, settings: Settings) -> None:
    as_of = write_weeks(store, STEADY)
    write_baseline(store)
    weekly.run(store, as_of, settings)
    store.append("weekly_figures", week_rows(FIRST + 5 * WEEK, 1, 0.5))
    store.append("weekly_figures", week_rows(FIRST + 6 * WEEK, 0, 0.5))
    write_incident(store, as_of + WEEK, FIRST + 5 * WEEK)

    facts = weekly.collect(store, as_of + WEEK, settings)

    assert facts.last_report == as_of
    assert [(c.feature, c.words) for c in facts.changed] == [
        ("chat", "steady → falling"),
        ("chat", "success −20.0 pts (70% → 50%)"),
    ]


def test_kept_facts_of_another_form_are_worked_out_again(store: Store, settings: Settings) -> None:
    as_of = write_weeks(store, STEADY)
    row = {"week": FIRST + 5 * WEEK, "as_of": as_of, "facts": '{"version": 0}', "sha256": ""}
    store.append("reports", [row])

    assert weekly.load(store, settings, as_of=as_of).features
    assert weekly.run(store, as_of, settings)["stored"] == 0


def test_a_report_of_an_empty_store_says_what_to_do(store: Store, settings: Settings) -> None:
    with pytest.raises(UsageError, match="nothing to report yet"):
        weekly.load(store, settings)
    with pytest.raises(UsageError, match="no week with requests had closed"):
        weekly.load(store, settings, as_of=close(FIRST))
    with pytest.raises(UsageError, match="no report of the week"):
        weekly.load(store, settings, week=FIRST)


def test_one_feature_alone_can_be_asked_for(store: Store, settings: Settings) -> None:
    as_of = write_weeks(store, STEADY)
    facts = weekly.collect(store, as_of, settings)

    assert [feature.name for feature in weekly.only(facts, "chat").features] == ["chat"]
    with pytest.raises(UsageError) as error:
        weekly.only(facts, "chad")
    assert error.value.hint == "features: chat"


def test_the_empty_report_is_kept_too(store: Store, settings: Settings) -> None:
    counts = weekly.run(store, close(FIRST), settings)

    assert counts == {"features": 0, "falling": 0, "stored": 1, "published": 3}
    kept: ReportFacts = from_json(store.rows("report_of_week", week=FIRST)[0]["facts"])
    assert kept.headline == "No feature had traffic yet."
