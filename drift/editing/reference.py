"""Accepts other weeks as a feature's topics baseline: the same topics, another reference."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from decayd.config import Settings
from drift.announce import Writer
from drift.editing.base import Author, accepted, moment, reading_of
from drift.editing.refit import same_model
from drift.editing.spans import topic_weeks
from drift.launch import Launch, anchored
from drift.state import FROZEN, REPLACED, Past, Topic
from drift.windows import ANCHOR_VOTES, Reading
from store.database import Store


def accept(
    store: Store,
    feature: str,
    author: Author,
    settings: Settings,
    *,
    weeks: str,
    preview: bool = False,
) -> dict[str, Any]:
    """Make four weeks what topic shares and unfamiliar queries are compared with from now on.

    Topics keep their ids, centres and names; `refit` makes new ones.

    Returns
    -------
    dict
        What changes: weeks, votes and the unfamiliar cut before and now, and each topic's share.

    Raises
    ------
    UsageError
        When the feature has no topics, a week is not closed, not whole or too thin, or the topics
        still belong to another embedding model.
    """
    with store.intake:
        as_of = moment(store)
        past, reading = accepted(store, feature, as_of), reading_of(store, feature, as_of, settings)
        same_model(past, reading)
        made = _made(reading, past, topic_weeks(reading, past, weeks, settings))
        said = _said(past, made) | {"feature": feature, "accepted": not preview, "as_of": as_of}
        if not preview:
            made = replace(made, reason=author.reason, author=author.name)
            with store.transaction() as transaction:
                Writer(transaction, reading, made.baseline.weeks[-1]).baseline(made)
        return said


def _made(reading: Reading, past: Past, weeks: Sequence[date]) -> Launch:
    frozen = past.centroids(frozen=True)
    asked = reading.asked(weeks, ANCHOR_VOTES).on(frozen)
    baseline, votes = anchored(reading, asked, weeks, past.accepted.version + 1)
    counts = np.bincount(votes.topics, minlength=len(frozen.ids)) / len(votes)
    shares = dict(zip(frozen.ids, counts.tolist(), strict=True))
    topics = [t for t in past.topics.values() if t.state != REPLACED]
    return Launch(baseline, tuple(_with_share(t, shares) for t in topics), votes.vectors)


def _with_share(topic: Topic, shares: dict[str, float]) -> Topic:
    return replace(topic, reference_share=shares.get(topic.topic_id, topic.reference_share))


def _said(past: Past, made: Launch) -> dict[str, Any]:
    old, new = past.accepted, made.baseline
    return {
        "kind": "topics",
        "version": new.version,
        "before": {"weeks": list(old.weeks), "n": len(old.votes), "unfamiliar_cut": old.cut},
        "now": {"weeks": list(new.weeks), "n": len(new.votes), "unfamiliar_cut": new.cut},
        "topics": [
            {
                "topic_id": topic.topic_id,
                "label": topic.label,
                "share_before": past.topics[topic.topic_id].reference_share,
                "share": topic.reference_share,
            }
            for topic in made.topics
            if topic.state == FROZEN and topic.topic_id not in past.merged
        ],
    }
