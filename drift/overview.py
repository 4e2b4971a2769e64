"""What is known of every topic: its state, share, success, alarms and how eval sets cover it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from decayd.config import Settings
from decayd.results import NOT_MEASURED, Estimate
from decayd.weeks import week_bounds
from drift.coverage import Week, coverage
from drift.cuts import cuts_for
from drift.finding_text import masked
from drift.kinds import VANISHED
from drift.shares import wilson
from drift.state import EMERGED, FROZEN, WeekState
from drift.topics import OTHER
from store.database import Store

LATEST = datetime.max  # noqa: DTZ901 - the store keeps naive UTC
UNEMBEDDED = "unembedded"
MERGED = "merged"
_NAMES = {OTHER: "unlike the baseline", UNEMBEDDED: "not embedded yet"}
_LEAST = 10  # requests for a rate; the interval of fewer says nothing
_Z95 = 1.96


class TopicRow(msgspec.Struct, frozen=True, kw_only=True):
    """One topic of a feature in its newest closed week, `week`.

    `now` and `before` are shares of the votes of that week and of the baseline's weeks, one vote a
    person, week and topic; `success` is that of its requests, `rest` that of all others, over the
    up to four newest weeks that were estimated. `channels` says what each alarm channel made of
    it; `coverage` is the share of its votes that are near a registered eval item.
    """

    feature: str
    topic_id: str
    version: int | None
    label: str
    state: str
    merged_into: str | None
    reference_share: float | None
    first_week: date | None
    words: tuple[str, ...]
    examples: tuple[str, ...]
    model_id: str | None
    calibrated: bool
    week: date | None
    n_requests: int
    now: Estimate
    before: Estimate
    success: Estimate
    rest: Estimate
    channels: dict[str, str]
    coverage: Estimate


@dataclass(frozen=True)
class _Numbers:
    """What the rows of one feature are put together from."""

    scan: WeekState | None
    now: Mapping[str, tuple[int, int]]
    before: Mapping[str, tuple[int, int]]
    success: Mapping[str, dict[str, Any]]
    coverage: Mapping[str, Estimate]
    known: frozenset[str]


def overview(
    store: Store, settings: Settings, *, feature: str = "", as_of: datetime = LATEST
) -> list[TopicRow]:
    """Return every topic as known at `as_of`, by feature; those that emerged come after the others.

    Topics that were merged or replaced are listed with their state and no numbers. `other` and
    `unembedded` have a row when somebody asked for them in the newest closed week.
    """
    topics = store.rows("topics_list", feature=feature, as_of=as_of)
    models = {row["model_id"] for row in topics}
    calibrated = {each: cuts_for(each, store, as_of) is not None for each in models}
    rows: list[TopicRow] = []
    for name in dict.fromkeys(row["feature"] for row in topics):
        mine = sorted((row for row in topics if row["feature"] == name), key=_place)
        numbers = _numbers(store, settings, name, as_of)
        rows += [_row(each, numbers, calibrated[each["model_id"]]) for each in mine]
        rows += [
            _row(_unlisted(name, topic_id), numbers, calibrated=True)
            for topic_id in _NAMES
            if topic_id in numbers.now
        ]
    return rows


def votes_by_week(
    store: Store, feature: str, weeks: Sequence[date], timezone: str, as_of: datetime
) -> dict[date, dict[str, tuple[int, int]]]:
    """Return votes and requests of each week by topic; weeks without requests are empty."""
    bounds = {week_bounds(week, timezone): week for week in sorted(weeks)}
    found: dict[date, dict[str, tuple[int, int]]] = {week: {} for week in bounds.values()}
    by_start = {start: week for (start, _), week in bounds.items()}
    rows = store.rows(
        "topic_week_shares",
        feature=feature,
        as_of=as_of,
        starts=[start for start, _ in bounds],
        ends=[end for _, end in bounds],
    )
    for row in rows:
        found[by_start[row["start"]]][row["topic_id"]] = (row["votes"], row["n_requests"])
    return found


def share(topic_id: str, votes: Mapping[str, tuple[int, int]]) -> Estimate:
    """Return a topic's share of some votes, with Wilson's interval."""
    return wilson(votes.get(topic_id, (0, 0))[0], sum(n for n, _ in votes.values()))


def _numbers(store: Store, settings: Settings, feature: str, as_of: datetime) -> _Numbers:
    zone, at = settings.report.timezone, {"feature": feature, "as_of": as_of}
    scans = store.rows("topic_scan_newest", **at)
    scan = msgspec.json.decode(scans[0]["state"], type=WeekState) if scans else None
    baselines = store.rows("baseline_newest", kind="topics", **at)
    old = list(baselines[0]["weeks"]) if baselines else []
    weeks = [*old, scan.week] if scan else old
    votes = votes_by_week(store, feature, weeks, zone, as_of) if weeks else {}
    covered: dict[str, Estimate] = {"": Estimate(None, why_not=NOT_MEASURED)}
    if scan and baselines:
        model_id = msgspec.json.decode(baselines[0]["details"])["model_id"]
        covered = coverage(store, Week(feature, *week_bounds(scan.week, zone), as_of, model_id))
    return _Numbers(
        scan=scan,
        now=votes[scan.week] if scan else {},
        before=_sum(votes[week] for week in old),
        success={row["topic_id"]: row for row in store.rows("topic_success", **at)},
        coverage=covered,
        known=frozenset(row["subject"] for row in store.rows("topic_known", **at)),
    )


def _sum(weeks: Iterable[Mapping[str, tuple[int, int]]]) -> dict[str, tuple[int, int]]:
    total: dict[str, tuple[int, int]] = {}
    for week in weeks:
        for topic_id, (votes, requests) in week.items():
            before = total.get(topic_id, (0, 0))
            total[topic_id] = (before[0] + votes, before[1] + requests)
    return total


def _row(topic: Mapping[str, Any], numbers: _Numbers, calibrated: bool) -> TopicRow:
    topic_id, state = topic["topic_id"], topic["state"]
    counts = state not in (MERGED, "replaced")
    success, rest = _rates(numbers.success.get(topic_id) if counts else None)
    nothing = Estimate(None, why_not=f"{NOT_MEASURED}: the topic is {state}")
    return TopicRow(
        feature=topic["feature"],
        topic_id=topic_id,
        version=topic["version"],
        label=topic["label"] or "",
        state=state or "",
        merged_into=topic["merged_into"],
        reference_share=topic["reference_share"],
        first_week=topic["first_week"],
        words=tuple(topic["words"] or ()),
        examples=tuple(masked(tuple(topic["examples"] or ()))),
        model_id=topic["model_id"],
        calibrated=calibrated,
        week=numbers.scan.week if numbers.scan else None,
        n_requests=numbers.now.get(topic_id, (0, 0))[1],
        now=share(topic_id, numbers.now) if counts else nothing,
        before=share(topic_id, numbers.before) if counts else nothing,
        success=success,
        rest=rest,
        channels=_channels(topic_id, state, numbers) if counts else {},
        coverage=numbers.coverage.get(topic_id, numbers.coverage[""]) if counts else nothing,
    )


def _unlisted(feature: str, topic_id: str) -> dict[str, Any]:
    empty = dict.fromkeys(
        ("version", "merged_into", "reference_share", "first_week", "words", "examples", "model_id")
    )
    return empty | {
        "feature": feature, "topic_id": topic_id, "label": _NAMES[topic_id], "state": topic_id,
    }  # fmt: skip


def _rates(row: Mapping[str, Any] | None) -> tuple[Estimate, Estimate]:
    if row is None:
        nothing = Estimate(None, why_not=f"{NOT_MEASURED}: no week of it is estimated yet")
        return nothing, nothing
    mine = _rate(row["value"], row["se"], row["n"], row["n_labels"])
    return mine, _rate(row["rest_value"], row["rest_se"], row["rest_n"], row["rest_n_labels"])


def _rate(value: float | None, se: float | None, n: int, n_labels: int) -> Estimate:
    if value is None or se is None or n < _LEAST:
        return Estimate(None, n=n, why_not=f"{NOT_MEASURED}: {n} requests")
    return Estimate(value, value - _Z95 * se, value + _Z95 * se, n, n_labels)


def _channels(topic_id: str, state: str, numbers: _Numbers) -> dict[str, str]:
    """Return by channel what the newest scan said of a topic."""
    channel = {FROZEN: "shares", OTHER: "unfamiliar", UNEMBEDDED: ""}.get(state, "emerging")
    if not channel:
        return {}
    if numbers.scan is None:
        return {channel: "not enough data"}
    seen = numbers.scan.topics.get(topic_id)
    if seen:
        on = "emerging" if seen.kind == EMERGED else channel
        return {"vanishing" if seen.kind == VANISHED else on: "alarm"}
    if any(topic_id in each.moved for each in numbers.scan.topics.values()):
        return {channel: "moved with an alarm"}
    if topic_id in numbers.known:
        return {channel: "accepted as known"}
    return {channel: _quiet(numbers.scan.why_not)}


def _quiet(why_not: str) -> str:
    """Return what a scan without an alarm says: quiet, or in a few words why it was not made.

    >>> _quiet(""), _quiet("uncalibrated: `decayd calibrate` maps the cuts")
    ('quiet', 'uncalibrated')
    """
    return why_not.partition(":")[0] or "quiet"


def _place(row: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return what topics are ordered by: emerged ones last, newer versions first, by number."""
    found = re.fullmatch(r"([tn])(\d+)(?:@v(\d+))?", row["topic_id"])
    if not found:
        return 2, 0, 0
    return int(found[1] == "n"), -int(found[3] or 0), int(found[2])
