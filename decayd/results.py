"""Values that travel between stages and are shown to people: numbers with intervals, findings."""

from datetime import date, datetime
from typing import Any

import msgspec


class Estimate(msgspec.Struct, frozen=True):
    """A number with its interval, or the reason why there is none.

    `value`, `low`, `high` are on the metric's own scale (shares 0–1); printed bounds are clipped to
    [0, 1] by whoever prints a share, the value never is.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    n_labels: int | None = None
    why_not: str = ""

    @property
    def measured(self) -> bool:
        """Tell whether there is a number at all."""
        return self.value is not None


NOT_MEASURED = "not measured"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something a person should know, with the rows it rests on.

    `finding_id` is ``F-<n>`` in the order of discovery and never changes; a finding that goes on
    keeps its id and is appended again with a later `as_of`.
    """

    finding_id: str
    kind: str
    feature: str
    as_of: datetime
    week: date
    title: str
    severity: str = "info"
    state: str = "open"
    topic_id: str | None = None
    incident_id: str | None = None
    now: Estimate | None = None
    before: Estimate | None = None
    member_request_ids: tuple[str, ...] = ()
    next_step: str = ""
    details: dict[str, Any] = {}
