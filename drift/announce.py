"""Writes what a week's scan found: topics, incidents, findings with their members, the state."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from decayd.results import Estimate, Finding
from decayd.weeks import week_bounds
from drift.emergence import Emerged
from drift.launch import Launch
from drift.notices import Notice
from drift.state import STREAM, Baseline, Past, Topic, WeekState
from drift.windows import Reading
from store.database import Transaction
from store.findings import append_findings

EMERGED = "topic_emerged"
# Request ids in one finding, the newest; `n_requests` says how many there are.
_MAX_MEMBERS = 20_000
_NEXT = (
    "read the examples; if the feature should serve this topic, `decayd datasets build` turns its"
    " failures into training data"
)
_OVER = "nothing to do: the topic is no denser than before"


@dataclass(frozen=True)
class Writer:
    """One feature's week, being written in one transaction."""

    transaction: Transaction
    reading: Reading
    week: date

    def baseline(self, launch: Launch) -> None:
        """Append the launch baseline and its frozen topics."""
        accepted = launch.baseline
        row = self._at() | {
            "kind": "topics",
            "version": accepted.version,
            "weeks": list(accepted.weeks),
            "n": len(accepted.votes),
            "accepted_by": "decayd",
            "reason": "launch baseline",
            "details": json.dumps(
                {
                    "model_id": accepted.model_id,
                    "unfamiliar_cut": accepted.cut,
                    "votes": accepted.votes.tolist(),
                }
            ),
        }
        self.transaction.append("baselines", [row])
        self.topics(accepted, launch.topics)

    def topics(self, baseline: Baseline, topics: Iterable[Topic]) -> None:
        """Append rows to `topics`."""
        rows = [
            {
                "feature": self.reading.feature,
                "topic_id": topic.topic_id,
                "version": baseline.version,
                "model_id": baseline.model_id,
                "as_of": self.reading.as_of,
                "label": topic.label,
                "words": list(topic.words),
                "examples": list(topic.examples),
                "centroid": topic.centroid.tolist(),
                "reference_share": topic.reference_share,
                "first_week": topic.first_week,
                "state": topic.state,
            }
            for topic in topics
        ]
        self.transaction.append("topics", rows)

    def state(self, state: WeekState) -> None:
        """Append what the scan said; it marks the week as done."""
        row = {
            "feature": self.reading.feature,
            "stream": STREAM,
            "as_of": self.reading.as_of,
            "week": state.week,
            "state": msgspec.json.encode(state, order="deterministic").decode(),
        }
        self.transaction.append("alarm_states", [row])

    def notices(self, notices: Sequence[Notice], past: Past) -> None:
        """Append the incidents and findings; placed requests must have been appended before."""
        incidents = self._incidents(notices)
        known = self.transaction.rows("topic_findings", kind=EMERGED, **self._at())
        ids = {row["topic_id"]: row["finding_id"] for row in known}
        drafts = [
            self._finding(notice, past, ids.get(notice.topic.topic_id, ""), incident_id)
            for notice, incident_id in zip(notices, incidents, strict=True)
        ]
        append_findings(self.transaction, drafts)

    def _at(self) -> dict[str, Any]:
        return {"feature": self.reading.feature, "as_of": self.reading.as_of}

    def _incidents(self, notices: Sequence[Notice]) -> list[str]:
        unclosed = {
            row["stream"]: row
            for row in self.transaction.rows("drift_open_incidents", **self._at())
        }
        number = int(self.transaction.rows("incident_last_number")[0]["last_number"])
        ids, rows = [], []
        for notice in notices:
            stream = incident_stream(notice.topic.topic_id)
            known = unclosed.get(stream)
            number += known is None
            ids.append(known["incident_id"] if known else f"I-{number}")
            if notice.change != "continues":
                rows.append(
                    self._at()
                    | {
                        "incident_id": ids[-1],
                        "stream": stream,
                        "state": notice.change,
                        "onset": known["onset"] if known else notice.topic.first_week,
                        "details": json.dumps(
                            {"label": notice.topic.label, "share": notice.announced_share}
                        ),
                    }
                )
        self.transaction.append("incidents", rows)
        return ids

    def _finding(self, notice: Notice, past: Past, finding_id: str, incident_id: str) -> Finding:
        topic, found = notice.topic, notice.found
        members = self._members(topic)
        details = {
            "label": topic.label,
            "words": list(topic.words),
            "examples": list(topic.examples),
            "first_week": topic.first_week.isoformat(),
            "n_requests": members[0]["n_members"] if members else 0,
            "change": notice.change,
        }
        return Finding(
            finding_id=finding_id,
            kind=EMERGED,
            feature=self.reading.feature,
            as_of=self.reading.as_of,
            week=self.week,
            title=_title(topic, found),
            state="open" if found else "closed",
            topic_id=topic.topic_id,
            incident_id=incident_id,
            now=found.share if found else None,
            before=found.share_before if found else None,
            member_request_ids=tuple(row["request_id"] for row in reversed(members)),
            next_step=_NEXT if found else _OVER,
            details=details | (_evidence(found, past) if found else {}),
        )

    def _members(self, topic: Topic) -> list[dict[str, Any]]:
        since, _ = week_bounds(topic.first_week, self.reading.timezone)
        return self.transaction.rows(
            "topic_members", **self._at(), topic_id=topic.topic_id, since=since, rows=_MAX_MEMBERS
        )


def topic_of(stream: str) -> str:
    """Return the topic id that an incident's stream names.

    >>> topic_of(incident_stream("n1"))
    'n1'
    """
    return stream.removeprefix("topic:")


def incident_stream(topic_id: str) -> str:
    """Name the stream of a topic's incidents."""
    return f"topic:{topic_id}"


def _title(topic: Topic, found: Emerged | None) -> str:
    if found is None:
        return f"topic “{topic.label}” is no denser than before"
    return (
        f"new topic “{topic.label}”: {_percent(found.share)} of queries,"
        f" {_percent(found.share_before)} before"
    )


def _percent(share: Estimate) -> str:
    return "?" if share.value is None else f"{100 * share.value:.1f}%"


def _evidence(found: Emerged, past: Past) -> dict[str, Any]:
    frozen = past.centroids(frozen=True)
    best, cosine = frozen.nearest(found.centroid[None, :])
    nearest = frozen.ids[int(best[0])]
    return {
        "p": found.p_value,
        "scale_weeks": len(found.look.weeks),
        "n_votes": len(found.look.window),
        "n_reference": len(found.look.reference),
        "nearest_topic": nearest,
        "nearest_label": past.topics[nearest].label,
        "nearest_cosine": round(float(cosine[0]), 3),
    }
