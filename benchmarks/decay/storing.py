"""Simulated traffic as events in a store, through the batch writer, as a live stream brings them.

An event may be seen from its own time on, an outcome of a slow feed from when it comes; the jobs
look at nothing that comes after the close for which they run. Topics are given, not found.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.decay.traffic import STALE_TOPICS, Traffic
from decay_reports.figures.frame import DAY_US, Floats, Ints
from decayd.events import Change, ExpectedOutcome, Outcome, Request, Retrieved, Signal, epoch_us
from decayd.text import text_keys
from store.batch import Batch, Rows
from store.database import Store
from store.pseudonyms import Pseudonyms
from store.writer import write_batch

MONDAY = date(2026, 1, 5)
_START = datetime(2026, 1, 5, tzinfo=UTC)
_START_US = epoch_us(_START)
_KEY = Pseudonyms(b"key of the benchmark")
_SIGNAL_DAYS = 0.003  # after the answer: some minutes
_EDIT_RATIO, _FRESH_DOCUMENT_DAYS = 0.4, 10.0
_CONVERTS = ExpectedOutcome(kind="converted", window_days=28, silence="failure")


def close(week: int) -> datetime:
    """Return the end of a week counted from 1 (naive UTC)."""
    return _START.replace(tzinfo=None) + timedelta(weeks=week)


def week_number(monday: date) -> int:
    """Return the week of a Monday, counted from 1."""
    return (monday - MONDAY).days // 7 + 1


def fill(store: Store, traffic: Traffic) -> None:
    """Store a feature's events and the topics of its requests."""
    rows = {
        "request": _rows(_requests(traffic), traffic.day),
        "signal": _signals(traffic),
        "outcome": _outcomes(traffic),
        "change": _changes(traffic),
    }
    info = {"first_live_at": close(0).isoformat()}
    write_batch(store, Batch(rows=rows, info=info), _KEY, _START)
    store.append("request_topics", _topics(traffic))


def _us(day: Floats) -> Ints:
    return np.asarray(_START_US + day * DAY_US, np.int64)


def _rows(events: Iterator[Any], day: Floats, known: Floats | None = None) -> Rows:
    ts_us = _us(day).tolist()
    return Rows(list(events), ts_us, ts_us if known is None else _us(known).tolist(), [])


def _id(traffic: Traffic, k: int) -> str:
    return f"{traffic.feature}-{k}"


def _seconds(day: Floats) -> list[float]:
    seconds: list[float] = (_us(day) / 1e6).tolist()
    return seconds


def _requests(traffic: Traffic) -> Iterator[Request]:
    scenario, seconds = traffic.scenario, _seconds(traffic.day)
    rng = np.random.default_rng(traffic.seed)
    n_words = rng.poisson(np.where(traffic.other_model, 70, 45))
    for k, ts in enumerate(seconds):
        yield Request(
            ts=ts, request_id=_id(traffic, k), feature=traffic.feature,
            query=f"question {traffic.topic[k]}", response="word " * int(n_words[k]), status="ok",
            user_id=f"{traffic.feature}-u{traffic.user[k]}",
            session_id=f"{traffic.feature}-s{k}",
            segments={"locale": "de" if traffic.german[k] else "en"},
            model="assistant-large",
            model_resolved=f"assistant-large-{2 if traffic.other_model[k] else 1}",
            versions={"prompt": f"v{traffic.prompt[k]}"},
            tenure_days=float(traffic.tenure_days[k]), latency_ms=800.0 + k % 100,
            expected_outcome=_CONVERTS if scenario.conversions and traffic.expects[k] else None,
            retrieved=_documents(traffic, k, ts),
        )  # fmt: skip


def _documents(traffic: Traffic, k: int, ts: float) -> list[Retrieved]:
    """Return the document that was used; those of stale topics stay as they were at the onset."""
    topic, scenario = int(traffic.topic[k]), traffic.scenario
    renewed = ts - _FRESH_DOCUMENT_DAYS * 86_400
    if topic < STALE_TOPICS and scenario.stale(traffic.day[k : k + 1])[0] < 0:
        renewed = _START_US / 1e6 + (scenario.onset_day - _FRESH_DOCUMENT_DAYS) * 86_400
    return [Retrieved(doc_id=f"page-{topic}", doc_updated_at=renewed)]


def _signals(traffic: Traffic) -> Rows:
    day = traffic.day + _SIGNAL_DAYS
    seconds = _seconds(day)
    chosen = [
        (int(k), name) for name, came in traffic.signals.items() for k in np.flatnonzero(came)
    ]
    chosen.sort()
    events = (
        Signal(
            ts=seconds[k], event_id=f"{_id(traffic, k)}-{name}", request_id=_id(traffic, k),
            signal=name, value=_EDIT_RATIO if name == "edit" else None,
        )
        for k, name in chosen
    )  # fmt: skip
    return _rows(events, day[[k for k, _ in chosen]])


def _outcomes(traffic: Traffic) -> Rows:
    came = np.flatnonzero(np.isfinite(traffic.known_day))
    came = came[np.argsort(traffic.known_day[came], kind="stable")]
    heard, known = traffic.heard_day[came], traffic.known_day[came]
    name = "converted" if traffic.scenario.conversions else "resolved"
    events = (
        Outcome(
            ts=ts, event_id=f"{_id(traffic, k)}-outcome", request_id=_id(traffic, k),
            outcome=name if traffic.success[k] else "failed", success=bool(traffic.success[k]),
        )
        for k, ts in zip(came.tolist(), _seconds(heard), strict=True)
    )  # fmt: skip
    return _rows(events, heard, known)


def _changes(traffic: Traffic) -> Rows:
    day = np.array([d for d in traffic.scenario.deploys if d < 7 * traffic.scenario.weeks])
    events = (
        Change(
            ts=ts, event_id=f"{traffic.feature}-deploy-{k}", feature=traffic.feature,
            artifact="prompt", name="prompt", from_=f"v{k + 1}", to=f"v{k + 2}",
        )
        for k, ts in enumerate(_seconds(day))
    )  # fmt: skip
    return _rows(events, day)


def _topics(traffic: Traffic) -> pa.Table:
    """Place each request in its topic at the close of its week."""
    n = len(traffic.day)
    keys = text_keys([_id(traffic, k) for k in range(n)])  # of ids in lower case: the request's key
    days = (np.datetime64(MONDAY, "D") + traffic.day.astype(int)).tolist()
    closes = [close(int(week)) for week in traffic.week]
    names = np.char.add("t", traffic.topic.astype(str)).tolist()
    return pa.table({
        "request_key": pa.array(keys, pa.uint64()), "feature": [traffic.feature] * n,
        "day": pa.array(days, pa.date32()), "topic_id": names,
        "version": pa.array([1] * n, pa.int32()), "model_id": ["given"] * n,
        "similarity": pa.array([0.9] * n, pa.float32()),
        "as_of": pa.array(closes, pa.timestamp("us")),
    })  # fmt: skip
