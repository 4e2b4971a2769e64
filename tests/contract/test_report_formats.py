"""What every file of decay_reports/formats promises; a new format is tested by being there."""

import unicodedata
from datetime import datetime
from types import ModuleType

import msgspec
import pytest

from decay_reports import formats
from decay_reports.facts.report import ReportFacts
from decay_reports.facts.system import IntakeFacts
from decay_reports.facts.wording import headline
from decayd import plugins
from tests.golden.report_sample import quiet, sample


@pytest.fixture(params=plugins.names(formats))
def form(request: pytest.FixtureRequest) -> ModuleType:
    return plugins.load(formats, request.param)


def nothing() -> ReportFacts:
    """A report before any feature was seen."""
    return msgspec.structs.replace(
        sample(), features=(), intake=IntakeFacts(), changed=(), headline=headline(())
    )


def test_a_format_ends_its_files_like_no_other() -> None:
    endings = [plugins.load(formats, name).SUFFIX for name in plugins.names(formats)]

    assert len(set(endings)) == len(endings)


@pytest.mark.parametrize("facts", [sample(), quiet(), nothing()], ids=["busy", "quiet", "nothing"])
def test_the_same_facts_give_the_same_text(form: ModuleType, facts: ReportFacts) -> None:
    text = form.render(facts)

    assert text == form.render(facts)
    assert text.endswith("\n")


def test_every_feature_and_what_is_to_do_is_named(form: ModuleType) -> None:
    text = form.render(sample())

    for feature in sample().features:
        assert feature.name in text
    assert "decayd datasets pull refund-fixes@0.3.0 --candidate --format trl-sft -o DIR" in text


def test_a_missing_number_is_never_printed_as_zero(form: ModuleType) -> None:
    text = form.render(sample())

    assert "14 outcomes, needs 20" in text
    assert "nan" not in text.casefold().replace("finance", "")
    assert "None" not in text


def test_nothing_unseen_or_deceiving_is_in_the_text(form: ModuleType) -> None:
    text = form.render(sample())

    odd = {c for c in text if unicodedata.category(c)[0] == "C"} - {"\n", "\u2060"}
    assert odd == set()


def test_a_report_as_of_another_moment_says_so(form: ModuleType) -> None:
    later = msgspec.structs.replace(sample(), as_of=datetime(2026, 10, 26))  # noqa: DTZ001

    assert form.render(later) != form.render(sample())
