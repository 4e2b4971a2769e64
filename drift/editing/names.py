"""Renames a topic, or merges one into another."""

from typing import Any

from decayd.errors import UsageError
from drift.editing.base import Author, Edit, accepted, clean, feature_of, moment
from drift.editing.handover import hand_over
from drift.state import FROZEN, MERGE, RENAME, REPLACED, Past, Topic
from store.database import Store


def rename(
    store: Store, topic_id: str, label: str, author: Author, *, feature: str = ""
) -> dict[str, Any]:
    """Give a topic another label.

    Returns
    -------
    dict
        The row of `topic_edits`.

    Raises
    ------
    UsageError
        When there is no such topic, it was merged, another one has the label, or the label is
        empty, too long or holds what can't be shown.
    """
    said, feature = clean(label, "the label"), feature_of(store, topic_id, feature)
    with store.intake:
        as_of = moment(store)
        past = accepted(store, feature, as_of)
        topic = _standing(past, topic_id)
        _not_taken(past, topic_id, said)
        with store.transaction() as transaction:
            edit = Edit(transaction, feature, as_of, author)
            return edit.append(RENAME, {topic_id: said}, {"before": topic.label})


def merge(
    store: Store, from_id: str, into_id: str, author: Author, *, feature: str = ""
) -> dict[str, Any]:
    """Let a topic count for another one from now on.

    Its own requests, past and later, belong to the other topic in everything that is read as of
    now or later; an open incident about it goes on under the other topic, or closes if that has
    one. A topic that emerged may be merged into one of the baseline: that says it is nothing new,
    so it raises no alarm any more. The baseline's topics are what shares are compared with, so
    none of them becomes a part of an emerged one.

    Returns
    -------
    dict
        The row of `topic_edits`; `details` has the number of requests, and the topics that had
        been merged into the first one before and follow it.

    Raises
    ------
    UsageError
        When a topic is unknown, replaced or merged already, both are the same, or a topic of the
        baseline would go into an emerged one.
    """
    feature = feature_of(store, from_id, feature)
    with store.intake:
        as_of = moment(store)
        past = accepted(store, feature, as_of)
        topic, into = _pair(past, from_id, into_id)
        followers = sorted(each for each, now in past.merged.items() if now == from_id)
        count = store.scalar("topic_edit_members", feature=feature, topic_id=from_id, as_of=as_of)
        with store.transaction() as transaction:
            edit = Edit(transaction, feature, as_of, author)
            incident = hand_over(edit, topic, into)
            details = {"n_requests": int(count), "incident": incident, "followers": followers}
            return edit.append(MERGE, dict.fromkeys([from_id, *followers], into_id), details)


def _pair(past: Past, from_id: str, into_id: str) -> tuple[Topic, Topic]:
    if from_id == into_id:
        raise UsageError(f"{from_id} can't be merged into itself")
    topic, into = _standing(past, from_id), _standing(past, into_id)
    if topic.state == FROZEN and into.state != FROZEN:
        raise UsageError(
            f"{from_id} is a topic of the baseline and can't be a part of {into_id}, which emerged",
            hint=f"decayd topics merge {into_id} {from_id}",
        )
    return topic, into


def _standing(past: Past, topic_id: str) -> Topic:
    """Return a topic that still counts."""
    topic, into = past.topics.get(topic_id), past.merged.get(topic_id)
    if topic is None:
        raise UsageError(f"there is no topic {topic_id!r}", hint="decayd topics list")
    if into:
        raise UsageError(f"{topic_id} was merged into {into}", hint=f"name {into} instead")
    if topic.state == REPLACED:
        raise UsageError(
            f"{topic_id} belongs to an earlier version of the topics",
            hint="decayd topics list shows those that count",
        )
    return topic


def _not_taken(past: Past, topic_id: str, label: str) -> None:
    for other in past.topics.values():
        counts = other.topic_id not in past.merged and other.state != REPLACED
        same = other.label.casefold() == label.casefold()
        if counts and same and other.topic_id != topic_id:
            raise UsageError(
                f"{other.topic_id} has the label {label!r} already",
                hint=f"decayd topics merge {topic_id} {other.topic_id} makes them one",
            )
