"""Makes a feature's frozen topics anew from other weeks, as an explicit version with a map."""

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from decayd.config import Settings
from decayd.errors import UsageError
from drift import launch
from drift.announce import Writer
from drift.cuts import NOTHING_ALIKE, Cuts, cuts_for
from drift.editing.base import Author, Edit, accepted, moment, reading_of
from drift.editing.handover import hand_over
from drift.editing.spans import topic_weeks
from drift.embedding import Vectors
from drift.launch import Launch
from drift.placing import Placing
from drift.state import FROZEN, MERGE, REFIT, REPLACED, Baseline, Past
from drift.topics import OTHER, TopicMap
from drift.windows import Reading
from store.database import Store


@dataclass(frozen=True)
class Refit:
    """New frozen topics, the state with them, and which emerged topics they cover.

    `before` places queries as the old topics did.
    """

    past: Past
    before: TopicMap
    made: Launch
    now: Past
    covered: dict[str, str]
    cuts: Cuts

    def topics(self) -> TopicMap:
        """Return what places queries from now on."""
        return _map(self.now, self.made.anchor, self.made.baseline, self.cuts)

    def overlap(self) -> list[dict[str, Any]]:
        """Count the new baseline's votes by old topic and new topic, most first."""
        before, _ = self.before.assign(self.made.anchor)
        after, _ = self.topics().assign(self.made.anchor)
        pairs = Counter(zip(before.tolist(), after.tolist(), strict=True))
        place = {topic_id: n for n, topic_id in enumerate([*self.past.topics, OTHER])}
        ranked = sorted(pairs.items(), key=lambda each: (place[each[0][0]], -each[1], each[0][1]))
        return [{"old": old, "new": new, "n": n} for (old, new), n in ranked]


def refit(
    store: Store,
    feature: str,
    author: Author,
    settings: Settings,
    *,
    weeks: str = "",
    preview: bool = False,
) -> dict[str, Any]:
    """Cluster the votes of four weeks into frozen topics that replace those of before.

    The new ids carry the version, so that an old id keeps its meaning in earlier weeks. Emerged
    topics stay, unless a new frozen one is the same (cosine over the cut `same_topic`): those are
    merged into it. Requests of these weeks and of the last four get their new topics at once.

    Parameters
    ----------
    weeks
        Such as ``2026-10-05..2026-10-26``; the newest four with enough votes when empty.
    preview
        Only say what would change.

    Returns
    -------
    dict
        The edit with `details`: version, weeks, the overlap of old and new topics in votes, the
        best match of each old topic, and the emerged topics that are covered.

    Raises
    ------
    UsageError
        When the feature has no topics, a week is not closed or too thin, or the topics still
        belong to another embedding model.
    """
    with store.intake:
        as_of = moment(store)
        past, reading = accepted(store, feature, as_of), reading_of(store, feature, as_of, settings)
        same_model(past, reading)
        chosen = topic_weeks(reading, past, weeks, settings)
        found = _fitted(past, reading, launch.freeze(reading, chosen, past.accepted.version + 1))
        found = replace(found, made=replace(found.made, reason=author.reason, author=author.name))
        details = _details(found)
        if preview:
            return {"edit_id": None, "feature": feature, "action": REFIT, "details": details}
        return _write(found, reading, author, details)


def same_model(past: Past, reading: Reading) -> None:
    """Refuse to go on while the topics belong to another model than the configured one.

    Raises
    ------
    UsageError
        When they do.
    """
    used = past.accepted.model_id
    if used != reading.model_id:
        raise UsageError(
            f"the topics were made with {used}, topics.model is {reading.model_id}",
            hint="the next weekly close makes them again with it; edit them after that",
        )


def _fitted(past: Past, reading: Reading, made: Launch) -> Refit:
    cuts = cuts_for(reading.model_id, reading.store, reading.as_of) or NOTHING_ALIKE
    old = [replace(t, state=REPLACED) for t in past.topics.values() if t.state == FROZEN]
    now = past.with_topics([*old, *made.topics])
    covered = _covered(past, now, cuts)
    gone = [replace(now.topics[topic_id], state=REPLACED) for topic_id in covered]
    merged = dict(past.merged) | covered
    before = _map(past, reading.vectors(past.accepted.votes), past.accepted, cuts)
    return Refit(past, before, made, replace(now.with_topics(gone), merged=merged), covered, cuts)


def _covered(past: Past, now: Past, cuts: Cuts) -> dict[str, str]:
    """Return the emerged topics that a new frozen one stands for, because it is the same.

    What people had merged follows: into the topic that is the same, else with the one it was a
    part of; a part of a topic that is replaced takes the nearest successor.
    """
    emerged, frozen = past.centroids(frozen=False), now.centroids(frozen=True)
    cosine = emerged.vectors @ frozen.vectors.T if emerged.ids else np.empty((0, 1))
    nearest = {
        name: frozen.ids[int(np.argmax(row))] for name, row in zip(emerged.ids, cosine, strict=True)
    }
    same = {
        name: nearest[name]
        for name, row in zip(emerged.ids, cosine, strict=True)
        if row.max() > cuts.same_topic
    }
    parts = {name: into for name, into in past.merged.items() if name in nearest}
    lost = {name: nearest[name] for name, into in parts.items() if into not in nearest}
    return {n: same[into] for n, into in parts.items() if into in same} | lost | same


def _map(past: Past, anchor: Vectors, baseline: Baseline, cuts: Cuts) -> TopicMap:
    frozen, emerged = past.centroids(frozen=True), past.centroids(frozen=False)
    return TopicMap(frozen, emerged, anchor, baseline.cut, cuts.near)


def _details(found: Refit) -> dict[str, Any]:
    overlap = found.overlap()
    return {
        "version": found.made.baseline.version,
        "weeks": [week.isoformat() for week in found.made.baseline.weeks],
        "n_votes": len(found.made.baseline.votes),
        "n_topics": len(found.made.topics),
        "overlap": overlap,
        "best": _best(overlap, found),
        "covered": found.covered,
    }


def _best(overlap: list[dict[str, Any]], found: Refit) -> list[dict[str, Any]]:
    """Return each old topic's votes, and the new one that has most of them."""
    best = []
    for old in dict.fromkeys(each["old"] for each in overlap):
        mine = [each for each in overlap if each["old"] == old]
        n = sum(each["n"] for each in mine)
        first = max(mine, key=lambda each: (each["n"], each["new"]))
        share = round(float(np.divide(first["n"], n)), 4)
        best.append({"old": old, "new": first["new"], "n": n, "share": share})
    return [
        each | {key: _label(found, each[of]) for key, of in (("label", "old"), ("now", "new"))}
        for each in best
    ]


def _label(found: Refit, topic_id: str) -> str:
    topic = found.now.topics.get(topic_id)
    return topic.label if topic else topic_id


def _write(
    found: Refit, reading: Reading, author: Author, details: dict[str, Any]
) -> dict[str, Any]:
    standing = [*(t for t in found.now.topics.values() if t.state != REPLACED)]
    ids = [*(topic.topic_id for topic in standing), OTHER]
    placing = Placing(reading, found.made.baseline, found.past.last_as_of, ids)
    placed = placing.place(found.topics())
    with reading.store.transaction() as transaction:
        writer = Writer(transaction, reading, found.made.baseline.weeks[-1])
        changed = [t for t in found.now.topics.values() if _changed(found, t.topic_id)]
        writer.baseline(replace(found.made, topics=tuple(changed)))
        edit = Edit(transaction, reading.feature, reading.as_of, author)
        version = str(found.made.baseline.version)
        row = edit.append(REFIT, {None: version}, details, _moved(found))
        for name, into in found.covered.items():
            hand_over(edit, found.past.topics[name], found.now.topics[into])
        placing.take_over(transaction, placed)
    return row


def _moved(found: Refit) -> list[dict[str, Any]]:
    details = json.dumps({"refit": found.made.baseline.version})
    return [
        {"action": MERGE, "topic_id": name, "value": into, "details": details}
        for name, into in found.covered.items()
    ]


def _changed(found: Refit, topic_id: str) -> bool:
    """Tell whether a topic gets a row: all but those that an earlier refit replaced."""
    before = found.past.topics.get(topic_id)
    return before is None or before.state != REPLACED
