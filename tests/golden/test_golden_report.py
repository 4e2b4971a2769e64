"""Whole reports byte for byte; charts are left out, for their bytes follow vl-convert's version."""

import pytest

from decay_reports.facts.report import ReportFacts
from decay_reports.formats import facts_json, html, markdown
from tests.golden.golden_files import check
from tests.golden.report_sample import quiet, sample


@pytest.mark.parametrize(
    ("name", "facts"), [("busy", sample()), ("quiet", quiet())], ids=["busy", "quiet"]
)
def test_a_report_has_the_same_bytes_in_every_format(name: str, facts: ReportFacts) -> None:
    check(f"report/{name}.md", markdown.render(facts))
    check(f"report/{name}.json", facts_json.render(facts))
    check(f"report/{name}.html", html.page(facts, lambda _feature, chart: f"[{chart}]"))
