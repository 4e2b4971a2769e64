"""What becomes of a topic's open incident and finding when it is merged into another topic."""

import json
from typing import Any

from drift.editing.base import Edit
from drift.kinds import KINDS
from drift.state import FROZEN, Topic

CHANGED, CLOSED = "changed", "closed"


def hand_over(edit: Edit, topic: Topic, into: Topic) -> str:
    """Move a topic's open incident to the other topic, or close it when that is no news there.

    Returns
    -------
    str
        ``changed``: it goes on under the other topic; ``closed``; or empty without one.
    """
    at = {"feature": edit.feature, "as_of": edit.as_of}
    unclosed = {row["stream"]: row for row in edit.transaction.rows("drift_open_incidents", **at)}
    incident = unclosed.get(f"topic:{topic.topic_id}")
    if incident is None:
        return ""
    of_one_kind = (topic.state == FROZEN) == (into.state == FROZEN)
    goes_on = of_one_kind and f"topic:{into.topic_id}" not in unclosed
    state, subject = (CHANGED, into) if goes_on else (CLOSED, topic)
    row = at | {
        "incident_id": incident["incident_id"],
        "stream": f"topic:{subject.topic_id}",
        "state": state,
        "onset": incident["onset"],
        "details": json.dumps({"merged_into": into.topic_id}),
    }
    edit.transaction.append("incidents", [row])
    _finding(edit, topic, into, goes_on=goes_on)
    return state


def _finding(edit: Edit, topic: Topic, into: Topic, *, goes_on: bool) -> None:
    """Let the finding follow; where the other topic has one already, that one goes on."""
    known = edit.transaction.rows(
        "drift_findings", kinds=list(KINDS), feature=edit.feature, as_of=edit.as_of
    )
    of_topic = {row["topic_id"]: row["finding_id"] for row in known}
    finding_id = of_topic.get(topic.topic_id)
    if finding_id is None:
        return
    row: dict[str, Any] = edit.transaction.rows("finding_show", finding_id=finding_id)[0]
    if row["state"] != "open":
        return
    row |= {"as_of": edit.as_of}
    if goes_on and into.topic_id not in of_topic:
        row |= {"topic_id": into.topic_id}
    else:
        title = f"topic “{topic.label}” was merged into “{into.label}”"
        row |= {"state": CLOSED, "title": title}
    edit.transaction.append("findings", [row])
