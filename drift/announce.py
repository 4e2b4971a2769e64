"""Writes what a week's scan found: topics, incidents, findings with their members, the state."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import msgspec

from decayd.results import Finding
from drift import labels
from drift.finding_text import commands, details, masked, next_step, title
from drift.kinds import KINDS, STYLE, VANISHED
from drift.launch import Launch
from drift.members import Members
from drift.notices import Notice
from drift.state import EMERGED, STREAM, Baseline, Past, Topic, WeekState
from drift.windows import Reading
from store.database import Transaction
from store.findings import append_findings

_EXAMPLES_AMONG = 20  # queries, the most telling ones; equal wordings are shown once


@dataclass(frozen=True)
class Writer:
    """One feature's week, being written in one transaction."""

    transaction: Transaction
    reading: Reading
    week: date

    def baseline(self, launch: Launch) -> None:
        """Append a baseline that was accepted in this run, and its topics."""
        accepted = launch.baseline
        row = self._at() | {
            "kind": "topics",
            "version": accepted.version,
            "weeks": list(accepted.weeks),
            "n": len(accepted.votes),
            "accepted_by": launch.author,
            "reason": launch.reason,
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
        kinds = list(KINDS)
        known = self.transaction.rows("drift_findings", kinds=kinds, **self._at())
        ids = {row["topic_id"] or STYLE: row["finding_id"] for row in known}
        number = int(self.transaction.rows("findings_last_number")[0]["number"])
        drafts = []
        for notice, incident in zip(notices, incidents, strict=True):
            number += notice.subject not in ids
            finding_id = ids.get(notice.subject, f"F-{number}")
            drafts.append(self._finding(notice, past, finding_id, incident))
        append_findings(self.transaction, drafts)

    def _at(self) -> dict[str, Any]:
        return {"feature": self.reading.feature, "as_of": self.reading.as_of}

    def _incidents(self, notices: Sequence[Notice]) -> list["_Incident"]:
        unclosed = {
            row["stream"]: _Incident(row["incident_id"], row["onset"])
            for row in self.transaction.rows("drift_open_incidents", **self._at())
        }
        number = int(self.transaction.rows("incident_last_number")[0]["last_number"])
        incidents, rows = [], []
        for notice in notices:
            stream = incident_stream(notice.subject)
            known = unclosed.get(stream)
            if known is None:
                number += 1
                known = _Incident(f"I-{number}", _onset(notice, self.week))
            incidents.append(known)
            if notice.change != "continues":
                rows.append(self._incident(notice, known))
        self.transaction.append("incidents", rows)
        return incidents

    def _incident(self, notice: Notice, incident: "_Incident") -> dict[str, Any]:
        said = {"kind": notice.kind, "share": notice.announced_share}
        if notice.topic:
            said["label"] = notice.topic.label
        return self._at() | {
            "incident_id": incident.incident_id,
            "stream": incident_stream(notice.subject),
            "state": notice.change,
            "onset": incident.onset,
            "details": json.dumps(said),
        }

    def _finding(
        self, notice: Notice, past: Past, finding_id: str, incident: "_Incident"
    ) -> Finding:
        alarm = notice.alarm
        topic = self._about(notice, past)
        topic_id = None if notice.subject == STYLE else notice.subject
        since = notice.topic.first_week if notice.topic else incident.onset
        members = Members(
            self.transaction, self.reading.feature, self.reading.as_of, self.reading.timezone
        )
        ids, n_requests = members.ids(notice, since)
        said = {
            "examples": self._examples(notice, topic),
            "first_week": since.isoformat(),
            "n_requests": n_requests,
            "success": members.success(notice, since),
            "commands": commands(finding_id, self.reading.feature, topic_id),
        }
        return Finding(
            finding_id=finding_id,
            kind=notice.kind,
            feature=self.reading.feature,
            as_of=self.reading.as_of,
            week=self.week,
            title=title(notice, topic),
            state="open" if alarm else "closed",
            topic_id=topic_id,
            incident_id=incident.incident_id,
            now=alarm.now if alarm else None,
            before=alarm.before if alarm else None,
            member_request_ids=tuple(ids),
            next_step=next_step(notice),
            details=details(notice, topic) | said,
        )

    def _about(self, notice: Notice, past: Past) -> Topic | None:
        """Return the topic that a notice is about, named by the part of it that vanished."""
        topic, alarm = notice.topic or past.topics.get(notice.subject), notice.alarm
        texts = self.reading.texts_by_key(alarm.gone) if alarm else []
        if not topic or not texts:
            return topic
        everything = self.reading.texts_by_key(past.accepted.votes)
        words = labels.label(labels.count_words(texts), labels.count_words(everything))
        return replace(
            topic, label=labels.title(words), words=words, examples=labels.examples(texts)
        )

    def _examples(self, notice: Notice, topic: Topic | None) -> list[str]:
        """Return queries that show it: the topic's own, or the window's most telling ones."""
        own = notice.kind in (EMERGED, VANISHED) or notice.alarm is None
        if topic and own:
            return masked(topic.examples)
        if notice.alarm is None:
            return []
        keys = notice.alarm.members[:_EXAMPLES_AMONG]
        return masked(labels.examples(self.reading.texts(keys)))


@dataclass(frozen=True)
class _Incident:
    """An incident and the week in which it began."""

    incident_id: str
    onset: date


def topic_of(stream: str) -> str:
    """Return the subject that an incident's stream names: a topic id, or `style`.

    >>> topic_of(incident_stream("n1")), topic_of(incident_stream("style"))
    ('n1', 'style')
    """
    return stream.removeprefix("topic:")


def incident_stream(subject: str) -> str:
    """Name the stream of incidents about a topic or the style."""
    return subject if subject == STYLE else f"topic:{subject}"


def _onset(notice: Notice, week: date) -> date:
    return notice.alarm.first_week if notice.alarm else week
