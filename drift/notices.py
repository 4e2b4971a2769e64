"""Decides what a week's scan means for each topic: new, louder, going on, or over."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from drift import labels
from drift.emergence import Emerged
from drift.state import EMERGING, QUIET, Past, Seen, Topic
from drift.windows import Reading

_QUIET_WEEKS = 4  # scans without the topic after which its incident closes
_LOUDER = 2.0  # times the share that was announced last

Change = Literal["opened", "changed", "continues", "closed"]


@dataclass(frozen=True)
class Notice:
    """A topic as it is now and what became of its incident; `found` is None when it closed."""

    topic: Topic
    change: Change
    found: Emerged | None
    announced_share: float

    def seen(self) -> Seen | None:
        """Return what the week's state keeps of it."""
        if self.found is None:
            return None
        return Seen(
            share=self.found.share.value or 0.0,
            n_members=len(self.found.members),
            p=self.found.p_value,
            weeks=len(self.found.look.weeks),
            announced_share=self.announced_share,
        )


def notices(
    reading: Reading, past: Past, emerged: Sequence[Emerged], unclosed: Collection[str]
) -> list[Notice]:
    """Return a notice for every topic that was found and for every incident that closes.

    An incident, one per topic id, opens with the topic, is announced again when the topic's share
    doubles, and closes after four scans without it. `unclosed` are the topic ids with an incident.
    """
    found = [_notice(reading, past, each, each.topic_id in unclosed) for each in emerged]
    now = {each.topic_id for each in emerged}
    over = [
        topic_id
        for topic_id in sorted(unclosed)
        if topic_id not in now and past.quiet_scans(topic_id) + 1 >= _QUIET_WEEKS
    ]
    return found + [
        Notice(replace(past.topics[topic_id], state=QUIET), "closed", None, 0.0)
        for topic_id in over
    ]


def _notice(reading: Reading, past: Past, found: Emerged, known: bool) -> Notice:
    share = found.share.value or 0.0
    before = past.announced_share(found.topic_id)
    topic = past.topics.get(found.topic_id)
    topic = (
        replace(topic, centroid=found.centroid, state=EMERGING) if topic else _named(reading, found)
    )
    if not known:
        return Notice(topic, "opened", found, share)
    if share >= _LOUDER * before:
        return Notice(topic, "changed", found, share)
    return Notice(topic, "continues", found, before)


def _named(reading: Reading, found: Emerged) -> Topic:
    texts = reading.texts(found.members)
    before = labels.count_words(reading.texts(found.look.reference.keys))
    words = labels.label(labels.count_words(texts), before)
    return Topic(
        topic_id=found.topic_id,
        label=labels.title(words),
        words=words,
        examples=labels.examples(texts),
        centroid=found.centroid,
        reference_share=found.share_before.value or 0.0,
        first_week=found.first_week,
        state=EMERGING,
    )
