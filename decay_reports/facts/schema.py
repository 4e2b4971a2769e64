"""The JSON Schema of a report's facts, `docs/report.schema.json`; `make golden` writes it anew."""

from typing import Any

import msgspec

from decay_reports.facts.report import SCHEMA_VERSION, ReportFacts


def schema() -> dict[str, Any]:
    """Return the schema, draft 2020-12.

    Every field is written, so that all are required and no other is allowed: what a report of one
    `version` lacks can't be taken for something that it does not say.
    """
    (root,), parts = msgspec.json.schema_components((ReportFacts,), ref_template="#/$defs/{name}")
    defined = {name: _strict(part) for name, part in sorted(parts.items())}
    defined[ReportFacts.__name__]["properties"]["version"] = {"const": SCHEMA_VERSION}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Weekly report"}
    return head | root | {"$defs": defined}


def text() -> str:
    """Return the schema as it is published."""
    encoded = msgspec.json.encode(schema(), order="sorted")
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def _strict(part: dict[str, Any]) -> dict[str, Any]:
    if "properties" not in part:
        return part
    fields = {name: _without_default(field) for name, field in part["properties"].items()}
    return part | {
        "description": " ".join(part.get("description", "").split()),
        "properties": fields,
        "required": sorted(fields),
        "additionalProperties": False,
    }


def _without_default(field: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in field.items() if key != "default"}
