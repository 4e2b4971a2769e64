"""The facts themselves, for programs: `decay_reports.facts.ReportFacts` as JSON."""

import msgspec

from decay_reports.facts.report import ReportFacts, to_json

SUFFIX = "json"


def render(facts: ReportFacts) -> str:
    """Return the canonical JSON, indented by two spaces, with a newline at its end."""
    return msgspec.json.format(to_json(facts), indent=2).decode() + "\n"
