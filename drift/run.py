"""The weekly topics job: embeds what is new, freezes a baseline once, scans, places, announces."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from decayd import log
from decayd.config import Settings
from decayd.weeks import WEEK, week_of
from drift import launch, model_change, text_cut
from drift.announce import Writer
from drift.coverage import embed_items
from drift.cuts import NOTHING_ALIKE, cuts_for
from drift.embedding import Encoder
from drift.placing import Placing
from drift.state import Past, load_past
from drift.topics import TopicMap
from drift.vectors import Embedder
from drift.weekly_scan import BACK_FILLED, scan_week
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
        Counts: features with a week to close, texts embedded, texts that wait for a later run
        because of `topics.max_texts`, features that still learn, features scanned, topics that
        emerged, requests placed.

    Raises
    ------
    ModelMissing
        When the embedding model can't be loaded.
    """
    topics = settings.topics
    embedder = Embedder(store, Encoder(topics.model, topics.device, topics.threads), as_of)
    week = week_of(as_of, settings.report.timezone) - WEEK
    due = _due(embedder, settings)
    features = [each.reading.feature for each in due]
    embedder.waiting(features, topics.max_texts, topics.seed)
    embed_items(embedder, features)
    done = [_close(each, week, topics.min_week_votes) for each in due]
    return {
        "features": len(due),
        "texts": embedder.n_made(),
        "texts_waiting": embedder.n_left(features),
        "learning": sum(each.learning for each in done),
        "scanned": sum(each.scanned for each in done),
        "emerged": sum(each.n_opened for each in done),
        "placed": sum(each.n_placed for each in done),
    }


def _due(embedder: Embedder, settings: Settings) -> list[_Due]:
    due = []
    store, as_of, model_id = embedder.store, embedder.as_of, embedder.model_id
    zone, seed = settings.report.timezone, settings.topics.seed
    for row in store.rows("topic_features", as_of=as_of):
        reading = Reading(store, row["feature"], as_of, model_id, zone, seed, embedder)
        past = load_past(store, reading.feature, as_of)
        if past.last_as_of is not None and past.last_as_of >= as_of:
            continue
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
    elif past.accepted.model_id != reading.model_id:
        started = model_change.remake(reading, past)
        if started is None:
            model_change.left_alone(reading, past, week)
            return _Done()
    if started:
        past = past.started(started.baseline, started.topics)
    baseline = past.accepted
    votes = started.anchor if started else reading.vectors(baseline.votes)
    state, told = scan_week(reading, past, week, votes)
    found = [notice.topic for notice in told if notice.topic]
    now = past.with_topics(found)
    frozen = now.centroids(frozen=True)
    cuts = cuts_for(reading.model_id, reading.store, reading.as_of) or NOTHING_ALIKE
    topics = TopicMap(frozen, now.centroids(frozen=False), votes, baseline.cut, cuts.near)
    new_ids = [topic_id for topic_id in now.topics if topic_id not in past.topics]
    placing = Placing(reading, baseline, _placed_until(reading, past), new_ids)
    placed = placing.place(topics)
    with reading.store.transaction() as transaction:
        writer = Writer(transaction, reading, week)
        if started:
            changed = {topic.topic_id for topic in found}
            kept = tuple(topic for topic in started.topics if topic.topic_id not in changed)
            writer.baseline(replace(started, topics=kept))
        model_change.tell(transaction, reading, week, started if due.past.baseline else None)
        n_placed = placing.append(transaction, placed)
        writer.topics(baseline, found)
        writer.notices(told, past)
        writer.state(state)
        unread = text_cut.figure(reading, week, back_filled=state.why_not == BACK_FILLED)
        transaction.append("weekly_figures", [unread])
    n_opened = sum(notice.change == "opened" for notice in told)
    return _Done(scanned=not state.why_not, n_opened=n_opened, n_placed=n_placed)


def _placed_until(reading: Reading, past: Past) -> datetime | None:
    """Return since when requests may lack a topic: the last close, or earlier after a backlog."""
    if past.last_as_of is None:
        return None
    waiting = reading.store.scalar("topic_unplaced", feature=reading.feature, as_of=reading.as_of)
    return min(past.last_as_of, waiting or past.last_as_of)
