"""A small store with news: findings that opened, changed and closed, and settings that tell."""

from datetime import datetime, timedelta
from typing import Any

from decayd.clock import ManualClock
from decayd.config import Settings
from decayd.results import Estimate, Finding
from store.database import Store
from store.findings import append_findings

MONDAY = datetime(2026, 10, 5)  # noqa: DTZ001 - the store's times are naive UTC
WEEK = timedelta(days=7)


def finding(as_of: datetime = MONDAY, **values: Any) -> Finding:
    """A fall of success, open."""
    said: dict[str, Any] = {
        "finding_id": "F-1", "kind": "success_fell", "feature": "chat", "as_of": as_of,
        "week": (as_of - WEEK).date(), "title": "success fell from 70.0% to 58.0%",
        "severity": "critical", "incident_id": "I-1", "now": Estimate(0.58, 0.55, 0.61, 2412, 531),
        "before": Estimate(0.70, 0.68, 0.72, 9000, 2000), "member_request_ids": ("r1", "r2"),
        "next_step": "read why: decayd report --feature chat",
    }  # fmt: skip
    return Finding(**(said | values))


def closed(as_of: datetime = MONDAY + WEEK, **values: Any) -> Finding:
    """The same, over."""
    return finding(as_of, state="closed", details={"closed_because": "it recovered"}, **values)


def tell(store: Store, *findings: Finding, live: datetime = MONDAY - WEEK) -> None:
    """Append findings, and say that the jobs of their closes have had their turn."""
    with store.transaction() as tx:
        append_findings(tx, findings)
    newest = max(each.as_of for each in findings)
    store.append("job_runs", [{"job": "close", "as_of": newest, "state": "done"}])
    store.set_info(
        watermark=(newest + timedelta(hours=1)).isoformat(), first_live_at=live.isoformat()
    )


def set_time(clock: ManualClock, moment: datetime) -> None:
    """Move a clock on to a naive UTC moment."""
    clock.advance((moment - clock.now().replace(tzinfo=None)).total_seconds())


def telling(settings: Settings, target: dict[str, Any], **more: Any) -> Settings:
    """Settings with one target, `ops`."""
    plain = settings.model_dump()
    plain["delivery"] = {"targets": {"ops": target}, "timeout_s": 5} | more
    return Settings.model_validate(plain)


def attempts(store: Store) -> list[tuple[str, int, str]]:
    """Return (message, attempt, state) of every row of deliveries, in the order of writing."""
    with store.transaction() as tx:
        return [
            (str(key), int(n), str(state))
            for key, n, state in tx.query(
                "SELECT message_key, attempt, state FROM deliveries ORDER BY tried_at, attempt"
            )
        ]
