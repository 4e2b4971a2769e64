"""Makes a feature's topics again when the configured model is not the one they were made with.

Vectors of two models don't compare. So the baseline's texts and the members of every topic are
embedded with the new model, and a topic's centroid there is the mean of its own members: ids,
labels and weeks stay, the version goes up, and the rows of the old version tell the history.
"""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from decayd import log
from decayd.results import Finding
from drift.embedding import Vectors, dequantise, quantise, unit
from drift.familiarity import unfamiliar_cut
from drift.launch import Launch
from drift.state import Past, Topic
from drift.voting import Keys
from drift.windows import Reading, vectors_of
from store.database import Store, Transaction
from store.findings import append_findings

MODEL_CHANGED = "topic_model_changed"
_MEMBERS = 500  # texts of an emerged topic, the nearest ones; a mean settles with far fewer
_LEAST_LEFT = 0.5  # of the baseline's votes; with fewer texts left it is another baseline
_log = log.get("topics")


def remake(reading: Reading, past: Past) -> Launch | None:
    """Return the accepted baseline and every topic under the reading's model.

    The same votes are the baseline; only their vectors, the centroids and the unfamiliar cut are
    new. None when the texts of most votes are gone, so that they can't be embedded.
    """
    old = past.accepted
    reading.embedder.these(old.votes.tolist())
    anchor = reading.vectors(old.votes)
    if len(anchor) < _LEAST_LEFT * len(old.votes):
        return None
    voted = _voted(reading, past)
    topics = tuple(
        replace(topic, centroid=_centroid(reading, topic, voted.get(topic.topic_id)))
        for topic in past.topics.values()
    )
    cut = unfamiliar_cut(anchor)
    baseline = replace(old, version=old.version + 1, model_id=reading.model_id, cut=cut)
    reason = f"topics.model changed from {old.model_id} to {reading.model_id}"
    _log.info("topics made again", feature=reading.feature, n_topics=len(topics), reason=reason)
    return Launch(baseline, topics, anchor, reason)


def tell(transaction: Transaction, reading: Reading, week: date, made: Launch | None) -> None:
    """Append the finding that topics were made again; at the next close, that it is over."""
    finding_id = _unclosed(transaction, reading)
    if made:
        baseline = made.baseline
        said = {
            "title": f"topics were made again with {baseline.model_id}: {len(made.topics)} topics"
            f" from {len(made.anchor):,} baseline queries, under their old ids",
            "next_step": "nothing to do: earlier weeks keep what was said of them",
            "details": {"reason": made.reason, "version": baseline.version},
        }
    elif finding_id:
        said = {"title": f"topics are made with {reading.model_id}", "state": "closed"}
    else:
        return
    append_findings(transaction, [_finding(reading, week, finding_id, said)])


def left_alone(reading: Reading, past: Past, week: date) -> None:
    """Say once that a feature's topics can't be made again, so that they are not updated."""
    used = past.accepted.model_id
    _log.warning("topics belong to another model", feature=reading.feature, topics_model=used)
    if _unclosed(reading.store, reading):
        return
    said = {
        "title": f"topics are not updated: they were made with {used}, and most texts of their"
        f" baseline are gone, so that {reading.model_id} can't read them",
        "severity": "warning",
        "next_step": "set topics.model back to the model that the topics were made with",
        "details": {"topics_model": used, "model": reading.model_id},
    }
    with reading.store.transaction() as transaction:
        append_findings(transaction, [_finding(reading, week, "", said)])


def _voted(reading: Reading, past: Past) -> dict[str, Keys]:
    """Return the text keys of the baseline's votes by frozen topic, as the old model has them."""
    old, frozen = past.accepted, past.centroids(frozen=True)
    keys, copies = np.unique(old.votes, return_counts=True)
    table = reading.store.table("topic_vectors", keys=keys.tolist(), model_id=old.model_id)
    best, _ = frozen.nearest(vectors_of(table))
    stored = table["text_key"].to_numpy()
    voted = np.repeat(stored, copies[np.searchsorted(keys, stored)])
    topics = np.repeat(best, copies[np.searchsorted(keys, stored)])
    return {topic_id: voted[topics == n] for n, topic_id in enumerate(frozen.ids)}


def _centroid(reading: Reading, topic: Topic, voted: Keys | None) -> Vectors:
    """Return the mean of a topic's members under the reading's model, else of its examples."""
    vectors = reading.vectors(voted) if voted is not None and len(voted) else None
    if vectors is None or not len(vectors):
        vectors = _placed(reading, topic.topic_id)
    if not len(vectors):
        encoded = reading.embedder.encoder.encode(topic.examples)
        vectors = dequantise(quantise(encoded)[0])
    total = vectors.sum(axis=0, keepdims=True)
    centre: Vectors = unit(total)[0]
    return centre


def _placed(reading: Reading, topic_id: str) -> Vectors:
    rows = reading.store.rows(
        "topic_member_texts",
        feature=reading.feature,
        as_of=reading.as_of,
        topic_id=topic_id,
        rows=_MEMBERS,
    )
    keys = np.array([row["text_key"] for row in rows], np.uint64)
    reading.embedder.these(keys.tolist())
    return reading.vectors(keys) if len(keys) else np.empty((0, 0), np.float32)


def _unclosed(reader: Store | Transaction, reading: Reading) -> str:
    rows = reader.rows(
        "topic_findings", feature=reading.feature, kind=MODEL_CHANGED, as_of=reading.as_of
    )
    return next((row["finding_id"] for row in rows if row["state"] == "open"), "")


def _finding(reading: Reading, week: date, finding_id: str, said: dict[str, Any]) -> Finding:
    return Finding(
        finding_id=finding_id,
        kind=MODEL_CHANGED,
        feature=reading.feature,
        as_of=reading.as_of,
        week=week,
        **said,
    )
