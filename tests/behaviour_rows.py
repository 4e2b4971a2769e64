"""Requests of a feature day by day, with topics, as tests of behaviour and adapters store them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from decay_reports.facts.aspect import Question
from decayd.config import Settings
from store.database import Store
from tests.report_rows import request

FIRST = date(2026, 6, 1)  # a Monday
PER_DAY = 60
Fields = Callable[[int, int, np.random.Generator], dict[str, Any]]


def moment(day: int, second: float = 0) -> datetime:
    return datetime.combine(FIRST, datetime.min.time()) + timedelta(days=day, seconds=second)


def asked(store: Store, settings: Settings, n_days: int) -> Question:
    """Ask about the newest of the weeks that `n_days` are."""
    return Question(store, "chat", moment(n_days), FIRST + timedelta(days=n_days - 7), settings)


def answer(day: int, topic: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return an answer as usual: longer on some topics, a few refused, slower on some days."""
    refused = rng.random() < 0.03
    length = int(np.exp(4.5 + 0.5 * topic + 0.4 * rng.normal() + 0.03 * np.sin(7.0 * day)))
    return {
        "status": "refused" if refused else "ok", "response": "x" * (20 if refused else length),
        "latency_ms": float(np.exp(6.8 + 0.4 * rng.normal() + 0.05 * np.sin(5.0 * day))),
        "output_tokens": length // 4, "model_resolved": "m-1", "versions": '{"prompt":"p1"}',
    }  # fmt: skip


def write(
    store: Store, n_days: int, fields: Fields = answer, *, seed: int = 0,
    mix: Callable[[int], list[float]] = lambda _: [0.5, 0.3, 0.2], **every: Any,
) -> None:  # fmt: skip
    """Store `n_days` of requests, each with its topic; `every` goes into every request."""
    rng = np.random.default_rng(seed)
    rows, placed = [], []
    base = 1_000_000 * (seed + 1)
    for day in range(n_days):
        topics = rng.choice(3, PER_DAY, p=mix(day))
        for k, topic in enumerate(topics):
            number = base + day * PER_DAY + k
            at = moment(day, 86_000.0 * k / PER_DAY)
            more = fields(day, int(topic), rng) | every
            rows.append(request(number, at, text_key=int(topic), user_id=f"u{k}", **more))
            placed.append({
                "request_key": number, "feature": "chat", "day": at.date(),
                "topic_id": f"t{topic}", "version": 1, "model_id": "m", "as_of": at,
            })  # fmt: skip
    store.append("requests", rows)
    if not every.get("probe"):
        store.append("request_topics", placed)


def write_change(store: Store, at: datetime, artifact: str, **fields: Any) -> None:
    """Store a change event of the feature."""
    store.append("changes", [{
        "event_id": f"c{at:%m%d%H%M}{artifact}", "event_key": 1, "day": at.date(), "ts": at,
        "available_at": at, "duplicate": False, "feature": "chat", "artifact": artifact,
        "name": "n",
    } | fields])  # fmt: skip
