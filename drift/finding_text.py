"""Says what a drift finding is: its title, what to do next, and what stands in its details."""

import shlex
from typing import Any

from decayd.masking import mask
from decayd.results import Estimate
from drift.detectors import style
from drift.kinds import SHIFTED, STYLE_SHIFTED, UNFAMILIAR, VANISHED, Alarm
from drift.notices import Notice
from drift.state import EMERGED, Topic

_NEXT = {
    EMERGED: "read the examples; if the feature should serve this topic, add some to the eval set"
    " and pull its failures as candidates (`decayd datasets build`); if not, accept it as known",
    VANISHED: "find out whether the way in was cut (a button, a route, a client's release); if the"
    " topic is gone for good, take less of it into the eval set, or accept it as known",
    SHIFTED: "weigh the eval set by the shares as they are now; if success fell in the topics that"
    " grew, pull their failures as candidates (`decayd datasets build`); else accept it as known",
    UNFAMILIAR: "read the examples; decide whether the feature should answer or decline them, add"
    " both kinds to the eval set, and pull failures as candidates (`decayd datasets build`)",
    STYLE_SHIFTED: "look for another client, keyboard or language; add queries in this style to"
    " the eval set; the groups listed are wordings, not topics; else accept it as known",
}
_OVER = {
    EMERGED: "topic {label} is no denser than before",
    VANISHED: "topic {label} is back to its share",
    SHIFTED: "topic {label} is back to its share",
    UNFAMILIAR: "no more queries are unlike the baseline than before",
    STYLE_SHIFTED: "queries are written as before",
}
_A_TOPIC = 0.01  # of the queries before: as many alike make a topic, so it is not a new one
_ALMOST_GONE = 0.25  # of the share before
_MORE = ("longer", "more upper case", "more punctuation", "more unknown words")
_LESS = ("shorter", "less upper case", "less punctuation", "fewer unknown words")


def title(notice: Notice, topic: Topic | None) -> str:
    """Return a line that says what happened, with the share now and before."""
    label = f"“{topic.label}”" if topic else ""
    if notice.alarm is None:
        return _OVER[notice.kind].format(label=label)
    alarm = notice.alarm
    said = {
        EMERGED: _emerged,
        VANISHED: _vanished,
        SHIFTED: _shifted,
        UNFAMILIAR: _unfamiliar,
        STYLE_SHIFTED: _style,
    }[notice.kind](alarm, label)
    return f"{said} (from {alarm.look.basis()})" if alarm.look.sampled else said


def next_step(notice: Notice) -> str:
    """Return what a person can do about it."""
    return _NEXT[notice.kind] if notice.alarm else "nothing to do"


def details(notice: Notice, topic: Topic | None) -> dict[str, Any]:
    """Return what a finding says besides its shares, members and success."""
    said: dict[str, Any] = {"change": notice.change}
    if topic:
        said |= {"label": topic.label, "words": list(topic.words)}
    alarm = notice.alarm
    if alarm is None:
        return said
    said |= {
        "p": alarm.p_value,
        "scale_weeks": len(alarm.look.weeks),
        "n_votes": len(alarm.look.window),
        "n_reference": len(alarm.look.reference),
        "n_window_requests": alarm.look.n_requests,
        "basis": alarm.look.basis(),
    }
    if notice.groups:
        said["groups"] = [
            {
                "label": group.label,
                "examples": masked(group.examples),
                "share": found.share,
                "share_before": found.share_before,
                "first_week": group.first_week.isoformat(),
            }
            for group, found in notice.groups
        ]
    return said | alarm.details


def commands(finding_id: str, feature: str, topic_id: str | None) -> list[str]:
    """Return the commands that open a finding's requests and its topic."""
    opened = [f"decayd findings show {finding_id} --json"]
    if topic_id and topic_id[0] in "tn":
        opened.append(f"decayd topics show {topic_id} --feature {shlex.quote(feature)}")
    return opened


def masked(texts: tuple[str, ...]) -> list[str]:
    """Return examples without what looks like personal data."""
    return [mask(text) for text in texts]


def _emerged(alarm: Alarm, label: str) -> str:
    was_there = (alarm.before.value or 0) >= _A_TOPIC
    what = "more queries like" if was_there else "new topic"
    return f"{what} {label}: {_now_before(alarm)}"


def _vanished(alarm: Alarm, label: str) -> str:
    left = (alarm.now.value or 0) / (alarm.before.value or 1)
    how = "has almost gone" if left < _ALMOST_GONE else "lost much of its traffic"
    return f"topic {label} {how}: {_now_before(alarm)}"


def _shifted(alarm: Alarm, label: str) -> str:
    grew = (alarm.now.value or 0) > (alarm.before.value or 0)
    others = len(alarm.details["moved"]) - 1
    more = f"; {others} more topic{'s' if others > 1 else ''} moved" if others > 0 else ""
    return f"topic {label} {'grew' if grew else 'shrank'}: {_now_before(alarm)}{more}"


def _unfamiliar(alarm: Alarm, _: str) -> str:
    return (
        f"{_percent(alarm.now)} of queries are unlike everything in the baseline,"
        f" {_percent(alarm.before)} of its own are"
    )


def _style(alarm: Alarm, _: str) -> str:
    changed = [each for each in alarm.details["features"] if each["alarm"]]
    words = [_direction(each) for each in changed]
    return f"queries are written differently: {', '.join(words) or 'less than when it began'}"


def _direction(feature: dict[str, Any]) -> str:
    place = style.NAMES.index(feature["feature"])
    return (_MORE if feature["now"] > feature["before"] else _LESS)[place]


def _now_before(alarm: Alarm) -> str:
    return f"{_percent(alarm.now)} of queries, {_percent(alarm.before)} before"


def _percent(share: Estimate) -> str:
    return "?" if share.value is None else f"{100 * share.value:.1f}%"
