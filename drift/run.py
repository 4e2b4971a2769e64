"""The weekly topics job: embed what is new, freeze the baseline once, scan, name, place, announce."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from decayd import log
from decayd.config import Settings
from decayd.results import Finding
from decayd.weeks import WEEK, week_bounds, week_of
from drift import launch
from drift.announce import Writer, incident_stream
from drift.embedding import Encoder
from drift.emergence import emerged, look, moved
from drift.notices import Notice, notices
from drift.placing import append_placed, place
from drift.state import Past, WeekState, load_past
from drift.topics import TopicMap
from drift.vectors import embed_missing
from drift.windows import Reading, anchor
from store.database import Store
from store.findings import append_findings

_log = log.get("topics")
MODEL_CHANGED = "topic_model_changed"


def run(store: Store, as_of: datetime, settings: Settings) -> dict[str, Any]:
    """Bring the topics of every feature up to a week's close.

    Idempotent: a feature whose week is done, or which a later run has seen, is left alone. The
    same rows with ``available_at <= as_of`` give the same topics, findings and assignments.

    Parameters
    ----------
    as_of
        End of an ISO week in `report.timezone`, naive UTC.

    Returns
    -------
    dict
        Counts for the log: features, texts embedded, features learning, scanned, topics found,
        requests placed.

    Raises
    ------
    ModelMissing
        When the embedding model can't be loaded.
    """
    encoder = Encoder(settings.topics.model, settings.topics.device)
    week = week_of(as_of, settings.report.timezone) - WEEK
    due = _due(store, as_of, settings, encoder.model_id)
    n_texts = embed_missing(store, encoder, as_of, [each.reading.feature for each in due])
    done = [_close(each, week, settings) for each in due]
    return {
        "features": len(due),
        "texts": n_texts,
        "learning": sum(each is None for each in done),
        "scanned": sum(each is not None and each.scanned for each in done),
        "emerged": sum(each.n_opened for each in done if each),
        "placed": sum(each.n_placed for each in done if each),
    }


@dataclass(frozen=True)
class _Due:
    """A feature whose week is to be closed."""

    reading: Reading
    past: Past
    first_ts: datetime


@dataclass(frozen=True)
class _Done:
    """What closing a feature's week did."""

    scanned: bool
    n_opened: int
    n_placed: int


def _due(store: Store, as_of: datetime, settings: Settings, model_id: str) -> list[_Due]:
    due = []
    for row in store.rows("topic_features", as_of=as_of):
        feature = row["feature"]
        zone, seed = settings.report.timezone, settings.topics.seed
        past = load_past(store, feature, as_of)
        reading = Reading(store, feature, as_of, model_id, zone, seed)
        if past.last_as_of is not None and past.last_as_of >= as_of:
            continue
        if past.baseline is not None and past.baseline.model_id != model_id:
            _other_model(reading, past.baseline.model_id)
            continue
        due.append(_Due(reading, past, row["first_ts"]))
    return due


def _close(due: _Due, week: date, settings: Settings) -> _Done | None:
    reading, past = due.reading, due.past
    started = None
    if past.baseline is None:
        started = _launch(due, week, settings.topics.min_week_votes)
        if started is None:
            return None
        past = past.started(started.baseline, started.topics)
    state, told = _scan(reading, past, week)
    now = past.with_topics([notice.topic for notice in told])
    votes = started.anchor if started else anchor(reading, past)
    topics = TopicMap(
        now.centroids(frozen=True), now.centroids(frozen=False), votes.vectors, past.accepted.cut
    )
    new_ids = [name for name in now.topics if name not in past.topics]
    placed = place(reading, topics, past.accepted, new_ids)
    with reading.store.transaction() as transaction:
        writer = Writer(transaction, reading, week)
        if started:
            writer.baseline(started)
        n_placed = append_placed(transaction, reading, past.accepted, placed, new_ids)
        writer.topics(past.accepted, [notice.topic for notice in told])
        writer.notices(told, past)
        writer.state(state)
    n_opened = sum(notice.change == "opened" for notice in told)
    return _Done(not state.why_not, n_opened, n_placed)


def _launch(due: _Due, week: date, min_votes: int) -> launch.Launch | None:
    weeks = launch.full_weeks(due.reading, due.first_ts, week, min_votes)
    if len(weeks) < launch.BASELINE_WEEKS:
        _log.info("learning", feature=due.reading.feature, n_weeks=len(weeks))
        return None
    return launch.freeze(due.reading, weeks)


def _scan(reading: Reading, past: Past, week: date) -> tuple[WeekState, list[Notice]]:
    """Scan one week, unless it was filled in later or belongs to the baseline."""
    live = _live_since(reading)
    after = max(past.accepted.weeks) + WEEK
    if live is None or week < live:
        return WeekState(week, why_not="back-filled"), []
    if week < after:
        return WeekState(week, why_not="in the baseline"), []
    looks = look(reading, past, week, max(live, after))
    unclosed = reading.store.rows(
        "drift_open_incidents", feature=reading.feature, as_of=reading.as_of
    )
    told = notices(reading, past, emerged(looks, past), [topic_of(row["stream"]) for row in unclosed])
    tested = [each for each in looks if not each.why_not]
    state = WeekState(
        week,
        why_not="" if tested else looks[0].why_not,
        looks=tuple(each.state() for each in looks),
        topics={n.topic.topic_id: seen for n in told if (seen := n.seen())},
    )
    return state, told


def _live_since(reading: Reading) -> date | None:
    """Return the first week with live records: those that ended before it raise no findings."""
    first = reading.store.info("first_live_at")
    if first is None:
        return None
    return week_of(naive_utc(first), reading.timezone)


def _other_model(reading: Reading, model_id: str) -> None:
    """Say once that the topics belong to another model; vectors of two models don't compare."""
    _log.warning(
        "topics skipped: another model", feature=reading.feature, topics=model_id,
        configured=reading.model_id,
    )  # fmt: skip
