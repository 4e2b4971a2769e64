"""Appends findings under ids that never change, and reads them back as values."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from decayd.results import Finding
from store.database import Store, Transaction

_COLUMNS = (
    "finding_id", "kind", "feature", "as_of", "week", "title", "severity", "state", "topic_id",
    "incident_id", "member_request_ids",
)  # fmt: skip
_BODY = ("now", "before", "next_step", "details")


def append_findings(transaction: Transaction, drafts: Sequence[Finding]) -> list[str]:
    """Append findings and return their ids, in order.

    A draft with an empty `finding_id` gets the next number, ``F-<n>``; one that goes on carries
    its old id and is appended under it. Appending the same draft twice appends twice: a job keeps
    its own mark of what it has done.
    """
    number = int(transaction.rows("findings_last_number")[0]["number"])
    ids = []
    for draft in drafts:
        if not draft.finding_id:
            number += 1
        ids.append(draft.finding_id or f"F-{number}")
    rows = [_row(draft, name) for draft, name in zip(drafts, ids, strict=True)]
    if rows:
        transaction.append("findings", rows)
    return ids


def findings_at(
    reader: Store | Transaction,
    as_of: datetime,
    *,
    feature: str | None = None,
    kind: str | None = None,
) -> list[Finding]:
    """Return findings known at `as_of` as they were last appended, in the order of discovery.

    All of them, or only the rows of a feature and a kind.
    """
    rows = reader.rows("findings_latest", as_of=as_of, feature=feature, kind=kind)
    return [_finding(row["finding"]) for row in rows]


def _row(draft: Finding, finding_id: str) -> dict[str, Any]:
    row = {name: getattr(draft, name) for name in _COLUMNS}
    body = {name: getattr(draft, name) for name in _BODY}
    return row | {
        "finding_id": finding_id,
        "member_request_ids": list(draft.member_request_ids),
        "body": msgspec.json.encode(body, order="deterministic").decode(),
    }


def _finding(row: dict[str, Any]) -> Finding:
    fields = {name: row[name] for name in _COLUMNS} | json.loads(row["body"])
    return msgspec.convert(fields | {"member_request_ids": row["member_request_ids"]}, Finding)
