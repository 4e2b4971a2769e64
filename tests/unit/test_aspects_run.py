"""The job of aspects: a section kept once, findings that open, go on and close."""

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from decay_reports import aspects, aspects_run, weekly
from decay_reports.facts.aspect import AspectFacts, TableFacts
from decay_reports.layout import aspect_sections
from decay_reports.layout.rendering import render
from decayd.config import Settings
from decayd.weeks import WEEK
from store.database import Store
from store.findings import findings_at
from tests.report_rows import FIRST, close, write_weeks

ASPECT = """
from decay_reports.facts.aspect import Look, TableFacts
from decayd.results import Finding

TITLE, ORDER, SCOPE, KINDS = "Weather", 1, {scope!r}, ("wet",)

def look(question):
    wet = [Finding(finding_id="", kind="wet", feature=question.feature, as_of=question.as_of,
                   week=question.week, title=f"wet in {{about}}", details={{"about": about}})
           for about in {wet!r}]
    table = TableFacts(caption="Rain", head=("Week",), rows=((f"{{question.week}}",),))
    return Look(lines=({line!r},), tables=(table,), missing={missing!r}, findings=tuple(wet))
"""
Write = Callable[..., None]


@pytest.fixture
def weather(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Nothing but an aspect of our own."""
    monkeypatch.setattr(aspects, "__path__", [str(tmp_path)])

    def write(
        wet: tuple[str, ...] = (), scope: str = "feature", line: str = "", missing: str = ""
    ) -> None:
        sys.modules.pop("decay_reports.aspects.weather", None)
        text = ASPECT.format(wet=wet, scope=scope, line=line, missing=missing)
        (tmp_path / "weather.py").write_text(text)

    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    yield write
    sys.dont_write_bytecode = before
    sys.modules.pop("decay_reports.aspects.weather", None)


def states(store: Store) -> dict[str, tuple[str, str]]:
    found = findings_at(store, close(FIRST + 60 * WEEK))
    return {f.details["about"]: (f.finding_id, f.state) for f in found if f.kind == "wet"}


def test_a_finding_keeps_its_id_while_it_holds_and_closes_when_it_does_not(
    store: Store, settings: Settings, weather: Write
) -> None:
    as_of = write_weeks(store, [0.7, 0.7])
    weather(wet=("Oslo", "Bergen"), scope="store")
    aspects_run.run(store, as_of, settings)
    before = states(store)
    weather(wet=("Bergen", "Tromsø"), scope="store")
    aspects_run.run(store, as_of + WEEK, settings)

    assert {about: state for about, (_, state) in before.items()} == {
        "Oslo": "open", "Bergen": "open"
    }  # fmt: skip
    assert {about: state for about, (_, state) in states(store).items()} == {
        "Oslo": "closed", "Bergen": "open", "Tromsø": "open"
    }  # fmt: skip
    assert states(store)["Bergen"][0] == before["Bergen"][0]


def test_a_second_run_at_a_close_changes_nothing(
    store: Store, settings: Settings, weather: Write
) -> None:
    as_of = write_weeks(store, [0.7, 0.7])
    weather(wet=("Oslo",), scope="store", line="first")
    aspects_run.run(store, as_of, settings)
    weather(scope="store", line="second")

    assert aspects_run.run(store, as_of, settings) == {"sections": 0, "findings": 0}
    assert states(store)["Oslo"][1] == "open"
    assert [f.lines for f in aspects_run.kept(store, as_of)[""]] == [("first",)]


def test_a_feature_without_requests_for_eight_weeks_is_not_looked_at(
    store: Store, settings: Settings, weather: Write
) -> None:
    weather()
    at = close(FIRST)
    asked = {"ts": at, "available_at": at, "feature": "chat", "status": "ok", "probe": False}
    store.append("requests", [asked | {"source_kind": "production", "duplicate": False}])

    assert aspects_run.run(store, at + timedelta(days=1), settings)["sections"] == 1
    assert aspects_run.run(store, at + 9 * WEEK, settings)["sections"] == 0


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_every_form_prints_the_section_of_all_features(
    store: Store, settings: Settings, weather: Write, form: str
) -> None:
    as_of = write_weeks(store, [0.7, 0.7])
    weather(scope="store", line="it <b>rained</b>", missing="send `rain`")
    aspects_run.run(store, as_of, settings)

    text = render(weekly.collect(store, as_of, settings), form)

    assert "All features" in text
    assert "Weather" in text
    assert "rained" in text
    assert "<b>rained" not in text
    assert "send" in text


def test_without_lines_only_what_is_missing_is_said() -> None:
    silent = AspectFacts(name="weather", title="Weather", missing="send rain")
    table = TableFacts(caption="Rain", head=("Week",), rows=(("1",),))

    assert aspect_sections.sections([silent]) == []
    assert aspect_sections.missing([silent]) == ["weather: send rain"]
    (section,) = aspect_sections.sections([AspectFacts(name="w", title="W", tables=(table,))])
    assert section.wide
