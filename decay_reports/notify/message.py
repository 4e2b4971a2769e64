"""What a receiver is told: one value per message, in plain words, before any format escapes it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec

from decayd.clock import Clock
from decayd.delivery_settings import TargetSettings

Change = Literal["opened", "changed", "closed", "report"]
SEVERITIES = ("info", "warning", "critical")


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell; times are naive UTC.

    `key` names it for ever and `subject` what it is about (F-3, or report). `severity` of an end
    is the one it was open with. `lines` and `facts` (JSON) are a report's only.
    """

    key: str
    subject: str
    change: Change
    as_of: datetime
    title: str
    kind: str = "report"
    feature: str = ""
    stream: str = ""
    severity: str = "info"
    incident_id: str = ""
    since: datetime | None = None
    cause: str = ""
    size: str = ""
    examples: tuple[str, ...] = ()
    request_ids: tuple[str, ...] = ()
    n_requests: int = 0
    next_step: str = ""
    command: str = ""
    link: str = ""
    lines: tuple[str, ...] = ()
    facts: str = ""


class Sending(NamedTuple):
    """How one message goes to one target; `delivery_id` is the same for every attempt."""

    target: TargetSettings
    delivery_id: str
    clock: Clock
    timeout_s: float
    alert_lasts_s: float = 14_400.0
    store_id: str = ""


class NotDelivered(Exception):
    """A receiver did not take a message.

    Parameters
    ----------
    said
        What happened, for a person; without the target's secrets.
    state
        ``retry``: this message may go later; ``unreachable``: nothing goes to this target now;
        ``failed``: it was refused for good.
    after_s
        Seconds that the receiver asked to be left alone.
    """

    def __init__(
        self,
        said: str,
        state: Literal["retry", "unreachable", "failed"] = "retry",
        after_s: float = 0.0,
    ) -> None:
        super().__init__(said)
        self.state = state
        self.after_s = after_s


class Transition(NamedTuple):
    """A finding that opened, changed materially or closed; `severity` is what it was told with."""

    finding_id: str
    change: Change
    as_of: datetime
    feature: str
    severity: str

    @property
    def key(self) -> str:
        """Return the name of its message."""
        return f"{self.finding_id}/{self.change}/{self.as_of.isoformat()}"


def transitions(rows: Iterable[dict[str, Any]]) -> list[Transition]:
    """Return what is worth telling of the rows of findings, each finding's by as_of.

    A change is material when the severity is another, or when the value now lies outside the 95 %
    interval of the one that was told last. A finding that was never open is not told: it only says
    in other words that another one ended, or that nothing is to be done.
    """
    told: dict[str, dict[str, Any]] = {}
    found = []
    for row in rows:
        last, is_open = told.get(row["finding_id"]), row["state"] == "open"
        change = _change(last, row) if is_open else "closed" if last else None
        if change is None:
            continue
        severity = row["severity"] if is_open or last is None else last["severity"]
        found.append(
            Transition(row["finding_id"], change, row["as_of"], row["feature"] or "", severity)
        )
        if is_open:
            told[row["finding_id"]] = row
        else:
            del told[row["finding_id"]]
    return found


def reaches(severity: str, lowest: str) -> bool:
    """Tell whether a severity is `lowest` or above; an unknown one counts as the highest.

    >>> reaches("critical", "warning"), reaches("info", "warning"), reaches("new", "critical")
    (True, False, True)
    """
    known = severity in SEVERITIES
    return not known or SEVERITIES.index(severity) >= SEVERITIES.index(lowest)


def _change(
    last: dict[str, Any] | None, row: dict[str, Any]
) -> Literal["opened", "changed"] | None:
    if last is None:
        return "opened"
    if row["severity"] != last["severity"]:
        return "changed"
    then, now = _estimate(last), _estimate(row)
    value, low, high = now.get("value"), then.get("low"), then.get("high")
    if value is None or low is None or high is None:
        return None
    return None if low <= value <= high else "changed"


def _estimate(row: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(row["body"] or "{}")
    estimate: dict[str, Any] = body.get("now") or {}
    return estimate
