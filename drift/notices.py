"""Decides what a week's alarms mean for each incident: new, louder, going on, or over."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from drift import labels
from drift.emergence import Emerged
from drift.judge import Verdict
from drift.kinds import SHIFTED, STYLE, VANISHED, Alarm, SharesAlarm
from drift.state import EMERGED, EMERGING, QUIET, Past, Seen, Topic
from drift.windows import Reading

_QUIET_WEEKS = 4  # scans without an alarm about it after which an incident closes
_LOUDER = 2.0  # times the share that was announced last, or of what is left of a vanishing topic

Change = Literal["opened", "changed", "continues", "closed"]


@dataclass(frozen=True)
class Notice:
    """What became of one incident; `alarm` is None when it closed.

    `topic` is an emerged topic as it is now, None where the incident is about something else;
    `groups` are what a style alarm explains.
    """

    subject: str
    kind: str
    change: Change
    alarm: Alarm | None
    announced_share: float = 0.0
    topic: Topic | None = None
    groups: tuple[tuple[Topic, Emerged], ...] = ()

    def seen(self) -> Seen | None:
        """Return what the week's state keeps of it."""
        if self.alarm is None:
            return None
        return Seen(
            share=self.alarm.now.value or 0.0,
            n_members=len(self.alarm.members),
            p=self.alarm.p_value,
            weeks=len(self.alarm.look.weeks),
            announced_share=self.announced_share,
            kind=self.kind,
            moved=self.alarm.moved,
        )


def notices(
    reading: Reading, past: Past, verdict: Verdict, unclosed: Collection[str]
) -> list[Notice]:
    """Return a notice for every alarm that stands and for every incident that closes.

    An incident, one per topic id or about the style, is announced when it opens, when its kind
    changes and when its share doubles (halves, for a vanishing topic); it closes after four scans
    without an alarm. What somebody accepted as known, or put off, is not announced again until
    its share doubles. `unclosed` are the subjects with an incident.
    """
    alarms = list(verdict.alarms)
    if verdict.shares:
        subjects = {alarm.subject for alarm in alarms}
        moved = _share_alarms(verdict.shares, past, unclosed)
        alarms += [alarm for alarm in moved if alarm.subject not in subjects]
    alarms = [alarm for alarm in alarms if alarm.subject in unclosed or not _known(past, alarm)]
    groups = tuple((named(reading, past, each), each) for each in verdict.listed)
    told = [_notice(reading, past, alarm, alarm.subject in unclosed) for alarm in alarms]
    told = [replace(each, groups=groups) if each.subject == STYLE else each for each in told]
    now = {alarm.subject for alarm in alarms}
    over = [
        subject
        for subject in sorted(unclosed)
        if subject not in now and past.quiet_scans(subject) + 1 >= _QUIET_WEEKS
    ]
    return told + [_closed(past, subject) for subject in over]


def named(reading: Reading, past: Past, found: Emerged) -> Topic:
    """Return an emerged group as a topic, labelled by its members' words."""
    texts = reading.texts(found.members)
    before = labels.count_words(reading.texts(found.look.reference.keys))
    words = labels.label(labels.count_words(texts), before)
    return Topic(
        topic_id=found.topic_id,
        label=labels.title(words, {topic.label for topic in past.topics.values()}),
        words=words,
        examples=labels.examples(texts),
        centroid=found.centroid,
        reference_share=found.share_before.value or 0.0,
        first_week=found.first_week,
        state=EMERGING,
    )


def _share_alarms(found: SharesAlarm, past: Past, unclosed: Collection[str]) -> list[Alarm]:
    """Return the alarms that moved shares are about: open incidents of theirs, else the lead.

    When many topics move another one leads every week; an incident that has named it already
    covers it.
    """
    open_ids = [subject for subject in sorted(unclosed) if subject.startswith("t")]
    going_on = [
        subject
        for subject in open_ids
        if subject in found.moved or found.lead in past.moved_with(subject)
    ]
    return [found.about(subject) for subject in going_on or [found.lead]]


def _notice(reading: Reading, past: Past, alarm: Alarm, known: bool) -> Notice:
    topic = _topic(reading, past, alarm.emerged) if alarm.emerged else None
    share, last = alarm.now.value or 0.0, past.last_seen(alarm.subject)
    if not known or last is None:
        return Notice(alarm.subject, alarm.kind, "opened", alarm, share, topic)
    kind = VANISHED if (last.kind, alarm.kind) == (VANISHED, SHIFTED) else alarm.kind
    before = last.announced_share
    changed = kind != last.kind and not _known(past, alarm)
    if (_louder(kind, share, before) and not _filling(past, alarm)) or changed:
        return Notice(alarm.subject, kind, "changed", alarm, share, topic)
    return Notice(alarm.subject, kind, "continues", alarm, before, topic)


def _known(past: Past, alarm: Alarm) -> bool:
    """Tell whether somebody accepted what an alarm says, or less."""
    share = past.known.get(alarm.subject)
    return share is not None and not _louder(alarm.kind, alarm.now.value or 0.0, share)


def _filling(past: Past, alarm: Alarm) -> bool:
    """Tell whether a pooled window still fills with weeks after a topic vanished.

    Until then its share halves by itself.
    """
    weeks = past.weeks[-len(alarm.look.weeks) :]
    return alarm.kind == VANISHED and any(alarm.subject not in week.topics for week in weeks)


def _louder(kind: str, share: float, before: float) -> bool:
    return 0 < _LOUDER * share <= before if kind == VANISHED else share >= _LOUDER * before


def _topic(reading: Reading, past: Past, found: Emerged) -> Topic:
    known = past.topics.get(found.topic_id)
    if known is None:
        return named(reading, past, found)
    return replace(known, centroid=found.centroid, state=EMERGING)


def _closed(past: Past, subject: str) -> Notice:
    last = past.last_seen(subject)
    kind = last.kind if last else EMERGED
    topic = past.topics.get(subject) if kind == EMERGED else None
    return Notice(
        subject, kind, "closed", None, topic=replace(topic, state=QUIET) if topic else None
    )
