"""Rows of what people ask, for tests of the report: topics, shares, weekly states, findings."""

import json
from datetime import date, datetime
from typing import Any

from decayd.results import Estimate, Finding
from store.database import Store
from store.findings import append_findings
from tests.report_rows import FIRST, WEEK, close, figure

NEWEST = FIRST + 5 * WEEK


def topic(topic_id: str, state: str = "frozen", label: str = "a label") -> dict[str, Any]:
    return {
        "feature": "chat", "topic_id": topic_id, "version": 1, "model_id": "m",
        "as_of": close(FIRST + 3 * WEEK), "label": label, "words": [], "centroid": [1.0],
        "reference_share": 0.1, "examples": [], "first_week": FIRST, "state": state,
    }  # fmt: skip


def share(topic_id: str, week: date, n: int, of: int = 1000) -> dict[str, Any]:
    return figure(
        "topic_share", week, 0, cell=f"topic={topic_id}", n=of, total=float(n), value=n / of,
        low=max(0.0, n / of - 0.01), high=n / of + 0.01,
    )  # fmt: skip


def success(topic_id: str, n: int, total: float, se: float) -> dict[str, Any]:
    return figure(
        "success", NEWEST - WEEK, 1, cell=f"topic={topic_id}", n=n, total=total, value=total / n,
        se=se, n_labels=n // 4,
    )  # fmt: skip


def week_state(week: date, *channels: tuple[str, int, str, float], why_not: str = "") -> Any:
    looks = [{"weeks": w, "n": 500, "n_reference": 2000, "n_requests": 900} for w in (1, 4)]
    state = {
        "week": f"{week}", "why_not": why_not, "looks": looks,
        "channels": [
            {"channel": name, "weeks": weeks, "against": "reference", "state": state, "p": p}
            for name, weeks, state, p in channels
        ],
    }  # fmt: skip
    return {
        "feature": "chat", "stream": "topics", "as_of": close(week), "week": week,
        "state": json.dumps(state),
    }  # fmt: skip


def finding(as_of: datetime, **more: Any) -> Finding:
    values: dict[str, Any] = {
        "finding_id": "F-1", "kind": "topic_emerged", "feature": "chat", "as_of": as_of,
        "week": NEWEST, "title": "new topic “pay by link”: 7.1% of queries, 0.1% before",
        "topic_id": "n1", "now": Estimate(0.071, 0.05, 0.09, n=500),
        "before": Estimate(0.001, 0.0, 0.003, n=2000), "member_request_ids": ("r1",),
        "next_step": "read the examples",
        "details": {
            "examples": ["pay ann@example.org", "<b>link</b>"], "first_week": f"{NEWEST - WEEK}",
            "n_requests": 71,
        },
    }  # fmt: skip
    return Finding(**(values | more))


def write(store: Store, *findings: Finding) -> None:
    with store.transaction() as transaction:
        append_findings(transaction, findings)
