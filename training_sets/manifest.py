"""What a version is, in one canonical document whose SHA-256 is the version's identity."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from decayd import __version__
from decayd.config import DatasetSettings, Settings
from decayd.files import sha256_hex
from training_sets import taxonomy
from training_sets.blobs import ROWS
from training_sets.canonical import digest, encode
from training_sets.examples import Example
from training_sets.labelling import FUNCTIONS
from training_sets.reasons import REASONS, Funnel, change
from training_sets.rows import Row, root_digest, utc_text
from training_sets.selection import Period

SCHEMA = "decayd-manifest/1"
CANDIDATE = "candidate"


@dataclass(frozen=True)
class Inputs:
    """What a build was made from, beside its rows."""

    as_of: datetime
    period: Period
    config: Mapping[str, Any]
    eval_registry: Mapping[str, Any]
    model_ids: tuple[str, ...]
    by_type: Mapping[str, int]


def rows_file(rows: Iterable[Row]) -> bytes:
    """Return the canonical ``rows.jsonl``: one row a line, by example id."""
    ordered = sorted(rows, key=lambda row: row.example_id)
    return b"".join(encode(row.as_dict()) + b"\n" for row in ordered)


def config_of(name: str, config: DatasetSettings, settings: Settings) -> dict[str, Any]:
    """Return the settings that decide the rows of a set."""
    lawful = {key: each.lawful_basis for key, each in settings.features.items()}
    return {
        "name": name,
        **config.model_dump(mode="json"),
        "outcomes": dict(settings.outcomes),
        "lawful_basis": {key: value for key, value in lawful.items() if value},
    }


def make(
    version: str, parent: str | None, examples: Sequence[Example], funnel: Funnel, inputs: Inputs
) -> dict[str, Any]:
    """Write the manifest; nothing in it depends on when or where it is made.

    `created` is the build's `as_of`. The n-th entry of `lineage` is the n-th line of the rows file.
    """
    ordered = sorted(examples, key=lambda each: each.row.example_id)
    rows = [each.row for each in ordered]
    content = rows_file(rows)
    return {
        "schema": SCHEMA,
        "name": funnel.name,
        "version": version,
        "parent": parent,
        "state": CANDIDATE,
        "created": utc_text(inputs.as_of),
        "code_version": __version__,
        "taxonomy": taxonomy.VERSION,
        "labelling_functions": list(FUNCTIONS),
        "model_ids": list(inputs.model_ids),
        "config": dict(inputs.config),
        "config_sha256": digest(inputs.config),
        "period": {"from": utc_text(inputs.period.start), "until": utc_text(inputs.period.until)},
        "rows": {"n": len(rows), "root_sha256": root_digest([row.row_sha256 for row in rows])},
        "files": [_file(ROWS, content, len(rows))],
        "counts": _counts(rows, funnel, inputs.by_type),
        "rejects": _rejects(funnel),
        "consent": {
            "as_of": utc_text(inputs.as_of),
            "default": "deny",
            "n_subjects": len({subject for row in rows for subject in row.subjects}),
        },
        "eval_registry": {**inputs.eval_registry, "as_of": utc_text(inputs.as_of)},
        "lineage": [each.lineage for each in ordered],
    }


def _file(path: str, content: bytes, n_rows: int) -> dict[str, Any]:
    size = len(content)
    return {"path": path, "sha256": sha256_hex(content), "size_bytes": size, "n_rows": n_rows}


def _counts(rows: Sequence[Row], funnel: Funnel, by_type: Mapping[str, int]) -> dict[str, Any]:
    return {
        "user_requests": funnel.n_requests,
        "failures": funnel.n_failures,
        "failures_used": funnel.n_used,
        "failures_by_type": dict(by_type),
        "by_kind": _tally(row.kind for row in rows),
        "by_failure_type": _tally(row.failure_type for row in rows),
        "by_target_basis": _tally(row.target_basis for row in rows),
        "by_topic": _tally(row.cluster_id or "unembedded" for row in rows),
        "by_label": _tally("person" if row.reviewed else "weak" for row in rows),
        "by_lang": _tally(row.lang for row in rows),
    }


def _tally(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _rejects(funnel: Funnel) -> list[dict[str, Any]]:
    ranked = sorted(funnel.rejects.items(), key=lambda each: (-each[1], each[0]))
    return [
        {
            "reason": reason,
            "n": n,
            "words": REASONS[reason].words,
            "change": change(reason, funnel.name, funnel.features),
        }
        for reason, n in ranked
    ]
