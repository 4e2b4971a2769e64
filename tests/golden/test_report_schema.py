"""The published schema of a report's JSON: up to date, and true of reports."""

from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from decay_reports import aspects_run, weekly
from decay_reports.facts import schema
from decay_reports.facts.report import ReportFacts, to_json
from decay_reports.run import run
from decayd.config import Settings
from store.database import Store
from tests.golden.golden_files import check
from tests.golden.report_sample import quiet, sample
from tests.stored_worlds import close, fill
from tests.worlds import world

GOLDEN = Path(__file__).parent / "report"


@pytest.fixture(scope="module")
def validator() -> Any:
    published = msgspec.json.decode(schema.text())
    jsonschema.Draft202012Validator.check_schema(published)
    return jsonschema.Draft202012Validator(published)


def test_the_published_schema_is_that_of_the_facts() -> None:
    check("../../docs/report.schema.json", schema.text())


@pytest.mark.parametrize("name", ["busy", "quiet"])
def test_the_golden_reports_are_valid(validator: Any, name: str) -> None:
    validator.validate(msgspec.json.decode((GOLDEN / f"{name}.json").read_bytes()))


@pytest.mark.parametrize("facts", [sample(), quiet()], ids=["busy", "quiet"])
def test_the_facts_of_the_samples_are_valid(validator: Any, facts: ReportFacts) -> None:
    validator.validate(msgspec.json.decode(to_json(facts)))


def test_a_report_of_real_jobs_is_valid(validator: Any, store: Store, settings: Settings) -> None:
    fill(store, world(3, weeks=7, per_day=60))
    for week in range(1, 8):
        run(store, close(week), settings)
    aspects_run.run(store, close(7), settings)
    assert weekly.run(store, close(7), settings)["stored"] == 1

    kept = store.rows("report_stored", since=close(7), until=close(7), excluding=None)[0]["facts"]

    said = msgspec.json.decode(kept)
    validator.validate(said)
    assert said["features"][0]["aspects"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"week": "soon"}, "'soon' is not a 'date'"),
        ({"features": [{}]}, "is a required property"),
        ({"headline": None}, "None is not of type 'string'"),
        ({"version": 2}, "1 was expected"),
        ({"extra": 1}, "'extra' was unexpected"),
    ],
)
def test_what_is_no_report_is_refused(change: dict[str, Any], words: str) -> None:
    published = msgspec.json.decode(schema.text())
    strict = jsonschema.Draft202012Validator(
        published, format_checker=jsonschema.FormatChecker(["date"])
    )
    said = msgspec.json.decode(to_json(quiet())) | change
    with pytest.raises(jsonschema.ValidationError, match=words):
        strict.validate(said)


def test_every_object_says_what_it_is() -> None:
    published = msgspec.json.decode(schema.text())
    objects = [each for each in published["$defs"].values() if each.get("type") == "object"]
    assert len(objects) > 20
    assert all(each["description"].endswith(".") for each in objects)
