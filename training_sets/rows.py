"""The canonical row: one example of a training set, from which every export format is made."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from training_sets.canonical import digest
from training_sets.context import Turn

SFT = "sft"
PREF = "pref"
NOT_KNOWN = "und"  # BCP 47: language not determined


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One example. Every field is in every row, so that all readers see the same columns.

    `subjects` are pseudonyms. `label_confidence` stays empty until it is calibrated, and `reviewed`
    is false ("weak") until a person gave the label. `tools` is a JSON string.
    """

    example_id: str
    kind: str
    role: str = "failure"
    context: tuple[Turn, ...]
    tools: str | None = None
    completion: str | None = None
    chosen: str | None = None
    rejected: str | None = None
    label: bool | None = None
    failure_type: str
    severity: int
    label_confidence: float | None = None
    lf_posterior: float | None = None
    reviewed: bool
    target_basis: str
    request_ids: tuple[str, ...]
    subjects: tuple[str, ...]
    cluster_id: str | None = None
    group_id: str
    split: str = "train"
    weight: float = 1.0
    lang: str = NOT_KNOWN
    occurred_at: str
    row_sha256: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        values: dict[str, Any] = msgspec.to_builtins(self)
        return values


def identified(kind: str, content: Mapping[str, Any], facts: Mapping[str, Any]) -> Row:
    """Make a row and give it its id and hash.

    Parameters
    ----------
    kind
        ``sft`` or ``pref``.
    content
        The context and the texts: what is learned. It alone makes the id, so that the same
        example has the same id in every version.
    facts
        The other fields of `Row`.
    """
    learned = digest({"kind": kind, "tools": None, **content})
    row = Row(example_id=f"ex_{learned[:20]}", kind=kind, **content, **facts)
    return msgspec.structs.replace(row, row_sha256=row_digest(row))


def row_digest(row: Row) -> str:
    """Return the hex SHA-256 over the canonical form of everything but the hash itself."""
    values = row.as_dict()
    del values["row_sha256"]
    return digest(values)


def root_digest(hashes: list[str]) -> str:
    """Return one hash for a set of rows, whatever their order."""
    return hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()


def utc_text(instant: datetime) -> str:
    """Write a naive UTC instant.

    >>> utc_text(datetime(2026, 1, 5, 9))
    '2026-01-05T09:00:00.000Z'
    """
    return instant.isoformat(timespec="milliseconds") + "Z"


def group_of(request: Mapping[str, Any]) -> str:
    """Return what must stay on one side of a split: the user, else the session, else the call."""
    owner = request["user_id"] or request["session_id"] or request["request_id"]
    return "g_" + hashlib.sha256(str(owner).encode()).hexdigest()[:12]


def language_of(segments: str | None) -> str:
    """Return the language of the request's locale.

    >>> language_of('{"locale": "de-AT"}'), language_of(None)
    ('de', 'und')
    """
    locale = msgspec.json.decode(segments).get("locale") if segments else None
    head = str(locale or "").replace("_", "-").split("-")[0].lower()
    return head if head.isalpha() and head.isascii() and len(head) in {2, 3} else NOT_KNOWN
