"""An incident of a stream: opened once by its alarm, closed by recovery or a new baseline."""

import json
from datetime import date, datetime
from typing import Any

import msgspec

from store.database import Store, Transaction


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `incidents`; the newest row of an id is its state."""

    incident_id: str
    feature: str
    stream: str
    opened_at: datetime
    onset: date
    details: dict[str, Any]

    def row(self, state: str, as_of: datetime, **more: Any) -> dict[str, Any]:
        """Return the row that says that the incident was ``opened``, ``changed`` or ``closed``."""
        return {
            "incident_id": self.incident_id, "feature": self.feature, "stream": self.stream,
            "as_of": as_of, "state": state, "onset": self.onset,
            "details": json.dumps(self.details | more, sort_keys=True),
        }  # fmt: skip


def find_open(
    source: Store | Transaction, feature: str, stream: str, as_of: datetime
) -> Incident | None:
    """Return the stream's open incident."""
    rows = source.rows("incident_open", feature=feature, stream=stream, as_of=as_of)
    if not rows:
        return None
    row = rows[0]
    return Incident(
        incident_id=row["incident_id"], feature=feature, stream=stream,
        opened_at=row["opened_at"], onset=row["onset"], details=json.loads(row["details"]),
    )  # fmt: skip


def new_id(tx: Transaction) -> str:
    """Return the next free incident id."""
    return f"I-{1 + int(tx.rows('incident_last_number')[0]['last_number'])}"
