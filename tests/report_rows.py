"""Rows of a small store for tests of the weekly report: one feature, figured week by week."""

import json
from datetime import date, datetime, timedelta
from typing import Any

from store.database import Store

FIRST = date(2026, 6, 1)  # a Monday
WEEK = timedelta(days=7)


def close(week: date, lag: int = 0) -> datetime:
    """The moment at which a week reaches a lag, naive UTC."""
    return datetime.combine(week + WEEK * (lag + 1), datetime.min.time())


def figure(metric: str, week: date, lag: int, **values: Any) -> dict[str, Any]:
    """A row of weekly_figures."""
    row: dict[str, Any] = {
        "feature": "chat", "week": week, "lag": lag, "metric": metric, "cell": "",
        "as_of": close(week, lag), "n": 1000, "n_labels": None, "n_eff": None, "total": None,
        "value": None, "se": None, "low": None, "high": None, "why_not": "", "pooled_weeks": 1,
        "back_filled": False, "details": {},
    }  # fmt: skip
    row |= values
    if row["value"] is not None and row["se"] is not None:
        row |= {"low": row["value"] - 1.96 * row["se"], "high": row["value"] + 1.96 * row["se"]}
    return row | {"details": json.dumps(row["details"], sort_keys=True)}


def week_rows(week: date, lag: int, success: float | None, **more: Any) -> list[dict[str, Any]]:
    """Every figure of one feature-week at one lag."""
    details = {
        "own_labels": 240, "full_week": True, "withheld": False, "detectable": 0.05, "lam": 0.5,
        "curve": {
            "days": [1.0, 3.0, 7.0], "failures": [0.5, 0.8, 1.0], "successes": [0.2, 0.5, 0.9],
        },
    }  # fmt: skip
    headline = figure(
        "success", week, lag, value=success, se=0.02, n_labels=240, n_eff=200.0, details=details,
        total=None if success is None else 1000 * success, why_not="" if success else "too few",
    )  # fmt: skip
    return [
        headline | more,
        figure("requests", week, lag),
        figure("error_share", week, lag, value=0.003, total=3.0),
        figure("timeout_share", week, lag, value=0.0, total=0.0),
        figure("refusal_share", week, lag, value=0.01, total=10.0),
        figure("latency_p50_ms", week, lag, value=800.0),
        figure("latency_p95_ms", week, lag, value=1900.0),
        figure("friction", week, lag, value=0.12, se=0.01),
        figure("satisfaction", week, lag, value=0.6, se=0.02, n=300, details={"coverage": 0.3}),
        figure("rating_share", week, lag, value=0.012, total=12.0),
    ]


def write_weeks(store: Store, levels: list[float | None]) -> datetime:
    """Figure weeks from `FIRST` on at lag 0 and 1; return the close of the newest."""
    for number, level in enumerate(levels):
        week = FIRST + WEEK * number
        store.append("weekly_figures", week_rows(week, 0, level))
        if number < len(levels) - 1:
            store.append("weekly_figures", week_rows(week, 1, level))
    return close(FIRST + WEEK * (len(levels) - 1))


def write_baseline(store: Store, value: float = 0.7) -> None:
    """Accept the first four weeks."""
    weeks = [FIRST + WEEK * k for k in range(4)]
    store.append("baselines", [{
        "feature": "chat", "kind": "success", "version": 1, "weeks": weeks, "value": value,
        "se": 0.01, "n": 4000, "as_of": close(weeks[-1], 1), "accepted_by": "decayd",
        "reason": "first four full weeks with enough outcomes",
        "details": json.dumps({"n_labels": 960}),
    }])  # fmt: skip


def write_incident(store: Store, as_of: datetime, onset: date, state: str = "opened") -> None:
    """Open (or close) the incident of the success alarm."""
    store.append("incidents", [{
        "incident_id": "I-1", "feature": "chat", "stream": "success", "as_of": as_of,
        "state": state, "onset": onset, "details": "{}",
    }])  # fmt: skip


def request(number: int, ts: datetime, **values: Any) -> dict[str, Any]:
    """A row of requests."""
    return {
        "event_id": f"r{number}", "event_key": number, "day": ts.date(), "ts": ts,
        "available_at": ts, "duplicate": False, "request_id": f"r{number}", "request_key": number,
        "feature": "chat", "query": "hello", "status": "ok", "source_kind": "production",
        "probe": False, "user_id": "u", "session_id": "s", "latency_ms": 900.0,
    } | values  # fmt: skip
