"""The weekly topics job: embeds what is new, freezes a baseline once, scans, places, announces."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from decayd import log
from decayd.config import Settings
from decayd.weeks import WEEK, week_of
from drift import launch
from drift.announce import Writer
from drift.embedding import Encoder
from drift.model_change import comparable
from drift.placing import Placing
from drift.state import Past, load_past
from drift.topics import TopicMap
from drift.vectors import embed_missing
from drift.weekly_scan import scan_week
from drift.windows import Reading
from store.database import Store

_log = log.get("topics")


@dataclass(frozen=True)
class _Due:
    """A feature whose week is to be closed."""

    reading: Reading
    past: Past
    first_ts: datetime


@dataclass(frozen=True)
class _Done:
    """What closing a feature's week did; a feature that still learns did nothing."""

    learning: bool = False
    scanned: bool = False
    n_opened: int = 0
    n_placed: int = 0


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
        Counts: features with a week to close, texts embedded, features that still learn, features
        scanned, topics that emerged, requests placed.

    Raises
    ------
    ModelMissing
        When the embedding model can't be loaded.
    """
    encoder = Encoder(settings.topics.model, settings.topics.device)
    week = week_of(as_of, settings.report.timezone) - WEEK
    due = _due(store, as_of, settings, encoder.model_id)
    n_texts = embed_missing(store, encoder, as_of, [each.reading.feature for each in due])
    done = [_close(each, week, settings.topics.min_week_votes) for each in due]
    return {
        "features": len(due),
        "texts": n_texts,
        "learning": sum(each.learning for each in done),
        "scanned": sum(each.scanned for each in done),
        "emerged": sum(each.n_opened for each in done),
        "placed": sum(each.n_placed for each in done),
    }


def _due(store: Store, as_of: datetime, settings: Settings, model_id: str) -> list[_Due]:
    due = []
    zone, seed = settings.report.timezone, settings.topics.seed
    for row in store.rows("topic_features", as_of=as_of):
        reading = Reading(store, row["feature"], as_of, model_id, zone, seed)
        past = load_past(store, reading.feature, as_of)
        if past.last_as_of is not None and past.last_as_of >= as_of:
            continue
        week = week_of(as_of, zone) - WEEK
        if past.baseline is None or comparable(reading, past.baseline.model_id, week):
            due.append(_Due(reading, past, row["first_ts"]))
    return due


def _close(due: _Due, week: date, min_votes: int) -> _Done:
    reading, past = due.reading, due.past
    started = None
    if past.baseline is None:
        weeks = launch.full_weeks(reading, due.first_ts, week, min_votes)
        if len(weeks) < launch.BASELINE_WEEKS:
            _log.info("learning", feature=reading.feature, n_weeks=len(weeks))
            return _Done(learning=True)
        started = launch.freeze(reading, weeks)
        past = past.started(started.baseline, started.topics)
    baseline = past.accepted
    state, told = scan_week(reading, past, week)
    now = past.with_topics([notice.topic for notice in told])
    frozen = now.centroids(frozen=True)
    votes = started.anchor if started else reading.vectors(baseline.votes)
    topics = TopicMap(frozen, now.centroids(frozen=False), votes, baseline.cut)
    new_ids = [topic_id for topic_id in now.topics if topic_id not in past.topics]
    placing = Placing(reading, baseline, past.last_as_of, new_ids)
    placed = placing.place(topics)
    with reading.store.transaction() as transaction:
        writer = Writer(transaction, reading, week)
        if started:
            writer.baseline(started)
        n_placed = placing.append(transaction, placed)
        writer.topics(baseline, [notice.topic for notice in told])
        writer.notices(told, past)
        writer.state(state)
    n_opened = sum(notice.change == "opened" for notice in told)
    return _Done(scanned=not state.why_not, n_opened=n_opened, n_placed=n_placed)
