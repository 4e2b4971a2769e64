"""The canonical rows themselves, with ids, subjects and lineage."""

from collections.abc import Mapping, Sequence
from typing import Any

from training_sets.columns import Column
from training_sets.rows import Row

KINDS: Sequence[str] = ("sft", "pref")
COLUMNS: Mapping[str, Column] = {
    "example_id": "text",
    "kind": "text",
    "role": "text",
    "context": "turns",
    "tools": "text",
    "completion": "text",
    "chosen": "text",
    "rejected": "text",
    "label": "flag",
    "failure_type": "text",
    "severity": "integer",
    "label_confidence": "number",
    "lf_posterior": "number",
    "reviewed": "flag",
    "target_basis": "text",
    "request_ids": "texts",
    "subjects": "texts",
    "cluster_id": "text",
    "group_id": "text",
    "split": "text",
    "weight": "number",
    "lang": "text",
    "occurred_at": "text",
    "row_sha256": "text",
}


def convert(row: Row) -> dict[str, Any]:
    """Return every field of the row."""
    values = row.as_dict()
    return {name: values[name] for name in COLUMNS}
