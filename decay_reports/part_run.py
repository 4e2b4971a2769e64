"""The job `parts`: says when one segment fell, or a new version is worse than the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from decay_reports.alarms import detector as alarms
from decay_reports.alarms import part_announce
from decay_reports.alarms.detector import Detector, Step
from decay_reports.alarms.part_announce import SEGMENT, VERSION, Part, Told
from decay_reports.alarms.part_stream import PartStreams, SegmentStream, Trial, size
from decay_reports.causes import parts
from decay_reports.causes.parts import Reading
from decay_reports.causes.two_periods import two_periods
from decay_reports.figures import baseline
from decay_reports.figures.baseline import SuccessBaseline
from decay_reports.figures.day_levels import WEEK_SD
from decay_reports.figures.figure import FigureKey
from decayd.config import Settings
from decayd.weeks import WEEK, week_of
from store.database import Store, Transaction

STREAM = "parts"
_MEMBERS = 500
MARGIN_SE = 1.5  # of a part's baseline: it is small, and many parts have one
_INSTANT = timedelta(microseconds=1)
_SILENT_AFTER = 8 * WEEK  # a feature without traffic for so long is left out


@dataclass(frozen=True)
class Close:
    """One feature's close: its baseline, what to allow, and the readings of its confirmed week."""

    key: FigureKey
    accepted: SuccessBaseline
    tolerance: float
    limit: float
    segments: Sequence[Reading]
    versions: Sequence[Reading]


def run(store: Store, as_of: datetime, settings: Settings) -> dict[str, Any]:
    """Feed every feature's newest confirmed week to the streams of its parts.

    A week whose success is withheld, filled in later, or pooled with weeks before is passed over,
    and so are the baseline's. A second run at an `as_of` finds nothing to do.
    """
    week = week_of(as_of - _INSTANT, settings.report.timezone)
    n_parts = n_worse = 0
    for row in store.rows("aspect_features", since=as_of - _SILENT_AFTER, as_of=as_of):
        close = _close(store, FigureKey(row["feature"], week, 0, as_of, False), settings)
        if close is None:
            continue
        with store.transaction() as tx:
            n_worse += _watch(tx, close)
        n_parts += len(close.segments) + len(close.versions)
    return {"parts": n_parts, "worse": n_worse}


def _close(store: Store, key: FigureKey, settings: Settings) -> Close | None:
    accepted = baseline.newest(store, key.feature, key.as_of)
    rows = store.rows("figure_week_at", feature=key.feature, as_of=key.as_of, lag=1)
    if accepted is None or not rows or rows[0]["week"] != key.week - WEEK:
        return None
    confirmed = rows[0]
    known = _known(store, key)
    if known and known.last_week and known.last_week >= confirmed["week"]:
        return None
    key = msgspec.structs.replace(key, week=confirmed["week"], lag=1)
    live = confirmed["value"] is not None and not confirmed["back_filled"]
    stands = live and confirmed["pooled_weeks"] == 1 and key.week not in accepted.weeks
    segments, versions = _readings(store, key, accepted) if stands else ([], [])
    budget = settings.alarms
    limit = alarms.threshold(len(segments), budget.false_pages_per_year)
    return Close(key, accepted, budget.tolerance, limit, segments, versions)


def _readings(
    store: Store, key: FigureKey, accepted: SuccessBaseline
) -> tuple[list[Reading], list[Reading]]:
    weeks = [*accepted.weeks, key.week]
    rows = store.table("pseudo_of_weeks", feature=key.feature, weeks=weeks, as_of=key.as_of)
    found = two_periods(rows, accepted.weeks, [key.week]) if rows.num_rows else None
    if found is None:
        return [], []
    before, now = found
    texts, code = parts.version_texts(rows)
    newer = parts.new_layers(texts, code, parts.week_rows(rows, accepted.weeks))
    of_week = newer.of(parts.week_rows(rows, [key.week]))
    return parts.segments(before, now), parts.versions(now, of_week, before)


def _known(source: Store | Transaction, key: FigureKey) -> PartStreams | None:
    rows = source.rows("alarm_state", feature=key.feature, stream=STREAM, as_of=key.as_of)
    return PartStreams.from_json(rows[0]["state"]) if rows else None


def _watch(tx: Transaction, close: Close) -> int:
    """Update the streams, say what they found, keep them; return how many parts are worse."""
    key, version = close.key, close.accepted.version
    known = _known(tx, key)
    if known and known.baseline_version != version:
        for part in part_announce.open_ones(tx, key):
            part_announce.end(tx, key, part, "a new baseline was accepted")
        known = None
    known = known or PartStreams(baseline_version=version)
    streams = _updated(known, close)
    readings = {(SEGMENT, r.name): r for r in close.segments}
    readings |= {(VERSION, r.name): r for r in close.versions}
    n_worse = 0
    for part, stream in streams.items():
        if not stream.worse:
            continue
        n_worse += 1
        because = stream.ended(key.week)
        if because:
            part_announce.end(tx, key, part, because)
            streams[part] = stream.restarted()
        elif part in readings:
            _hold(tx, close, part, readings[part], stream)
    _keep(tx, key, known, streams)
    return n_worse


def _updated(known: PartStreams, close: Close) -> dict[Part, SegmentStream | Trial]:
    streams: dict[Part, SegmentStream | Trial] = {}
    segments = dict(known.segments)
    for reading in close.segments:
        fresh = SegmentStream(detector=Detector(known.baseline_version))
        stream = segments.get(reading.name, fresh)
        segments[reading.name] = stream.updated(_step(close, reading), close.limit)
    trials = dict(known.trials)
    for reading in close.versions:
        trials[reading.name] = trials.get(reading.name, Trial()).updated(_step(close, reading))
    streams |= {(SEGMENT, name): stream for name, stream in segments.items()}
    return streams | {(VERSION, name): trial for name, trial in trials.items()}


def _step(close: Close, reading: Reading) -> Step:
    d = reading.fall - _margin(close, reading)
    return Step(close.key.week, d, reading.variance + WEEK_SD**2)


def _margin(close: Close, reading: Reading) -> float:
    return close.tolerance + MARGIN_SE * reading.base_se


def _hold(
    tx: Transaction, close: Close, part: Part, reading: Reading, stream: SegmentStream | Trial
) -> None:
    keys = reading.failed[-_MEMBERS:].tolist()
    members = [row["request_id"] for row in tx.rows("alarm_members", keys=keys)] if keys else []
    below = size(stream.path, _margin(close, reading), reading.base_se)
    part_announce.hold(tx, close.key, part, Told(
        size=below, since=stream.onset or close.key.week, now=reading.now, before=reading.before,
        members=members,
    ))  # fmt: skip


def _keep(
    tx: Transaction, key: FigureKey, known: PartStreams, streams: dict[Part, SegmentStream | Trial]
) -> None:
    state = PartStreams(
        baseline_version=known.baseline_version, last_week=key.week,
        segments={n: s for (_, n), s in streams.items() if isinstance(s, SegmentStream)},
        trials={n: s for (_, n), s in streams.items() if isinstance(s, Trial)},
    )  # fmt: skip
    tx.append("alarm_states", [{
        "feature": key.feature, "stream": STREAM, "as_of": key.as_of, "week": key.week,
        "state": state.kept(key.week).to_json(),
    }])  # fmt: skip
