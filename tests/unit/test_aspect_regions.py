"""Regions: numbers equal to SQL by hand, what is not known is not 0, residency counted exactly."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from decay_reports.aspects import regions
from decay_reports.facts.aspect import Look, Question
from decay_reports.figures import regions as figures
from decay_reports.figures.regions import Served
from decayd.config import Settings
from store.database import Store
from store.findings import append_findings
from tests.report_rows import FIRST, WEEK, close, request

AS_OF = close(FIRST)
START = datetime.combine(FIRST, datetime.min.time())


def ask(store: Store, number: int, minutes: int, **values: Any) -> None:
    ts = START + timedelta(minutes=minutes)
    store.append("requests", [request(number, ts, **{"user_id": f"u{number}"} | values)])


def look(store: Store, settings: Settings, as_of: datetime = AS_OF) -> Look:
    return regions.look(Question(store, "chat", as_of, (as_of - WEEK).date(), settings))


def allowing(settings: Settings, *names: str) -> Settings:
    return Settings.model_validate(
        settings.model_dump() | {"features": {"chat": {"regions": names}}}
    )


@pytest.fixture
def traffic(store: Store) -> Store:
    """1,200 requests of two regions, every third without `cached_tokens`, some spilled."""
    rng = np.random.default_rng(5)
    rows = []
    for i in range(1200):
        region = "eu" if i % 4 else "us"
        spilled = i % 10 == 0
        rows.append(request(
            i, START + timedelta(minutes=i), user_id=f"u{i % 150}", region=region,
            origin_region=({"eu": "us", "us": "eu"}[region] if spilled else region),
            input_tokens=int(rng.integers(100, 2000)),
            cached_tokens=int(rng.integers(0, 100)) if i % 3 else None,
            latency_ms=float(800 + rng.exponential(200) + 500 * spilled),
            ttft_ms=float(rng.exponential(300)), status="error" if i % 50 == 0 else "ok",
        ))  # fmt: skip
    rows.append(rows[0] | {"event_id": "again", "duplicate": True})
    rows.append(rows[1] | {"request_id": "p", "request_key": 9001, "probe": True})
    rows.append(rows[1] | {"request_id": "l", "request_key": 9002, "source_kind": "load"})
    rows.append(rows[1] | {"request_id": "o", "request_key": 9003, "feature": "other"})
    store.append("requests", rows)
    return store


BY_HAND = """
SELECT region, count(*) AS n,
       sum(cached_tokens) FILTER (cached_tokens IS NOT NULL)
         / sum(input_tokens) FILTER (cached_tokens IS NOT NULL) AS cached,
       quantile_cont(ttft_ms, 0.5) AS p50, quantile_cont(latency_ms, 0.95) AS p95,
       count(*) FILTER (cached_tokens IS NULL) AS unknown
FROM requests
WHERE feature = 'chat' AND NOT duplicate AND NOT probe AND source_kind = 'production'
GROUP BY region ORDER BY n DESC
"""


def test_the_table_equals_sql_by_hand(traffic: Store, settings: Settings) -> None:
    with traffic.transaction() as tx:
        expected = tx.query(BY_HAND)

    table = look(traffic, settings).tables[0]

    assert [row[0] for row in table.rows] == [region for region, *_ in expected]
    for row, (_, n, cached, p50, p95, unknown) in zip(table.rows, expected, strict=True):
        assert row[1] == f"{n:,}"
        assert row[2].startswith(f"{p50:.0f} ms (")
        assert row[4].startswith(f"{p95 / 1000:.1f} s (")
        assert row[5].startswith(f"{100 * cached:.1f}% (")
        assert row[5].endswith(f"unknown for {unknown:,}")


def test_spill_and_its_penalty_equal_sql_by_hand(traffic: Store, settings: Settings) -> None:
    with traffic.transaction() as tx:
        expected = tx.query(
            "SELECT origin_region, avg((region <> origin_region)::INT),"
            " avg(latency_ms) FILTER (region <> origin_region)"
            " - avg(latency_ms) FILTER (region = origin_region),"
            " sum(cached_tokens) FILTER (region <> origin_region) / sum(input_tokens)"
            " FILTER (region <> origin_region AND cached_tokens IS NOT NULL)"
            " FROM requests WHERE feature = 'chat' AND NOT duplicate AND NOT probe"
            " AND source_kind = 'production' GROUP BY origin_region ORDER BY origin_region"
        )
    table = look(traffic, settings).tables[1]

    for row, (origin, share, penalty, cached) in zip(table.rows, expected, strict=True):
        assert row[0] == origin
        assert row[1].startswith(f"{100 * share:.1f}% (")
        assert row[2].startswith(f"{penalty:.0f} ms (")
        assert row[3].startswith(f"{100 * cached:.1f}% (")


def test_a_request_without_cached_tokens_is_unknown_and_not_0() -> None:
    ten = np.full(10, 100.0)
    served = Served(
        np.arange(10), np.full(10, "eu"), np.full(10, ""), ten, ten, ten,
        np.where(np.arange(10) < 4, 50.0, np.nan),
    )  # fmt: skip
    one = figures.cache(served)
    assert (one.ratio.value, one.ratio.n, one.n_unknown) == (0.5, 4, 6)


def test_the_intervals_cover_over_seeds() -> None:
    cached = penalty = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        n, user = 800, rng.integers(0, 150, 800)
        tokens = rng.integers(100, 2000, n).astype(float)
        habit = np.clip(0.6 + rng.normal(0, 0.15, 150), 0, 1)[user]
        away = rng.random(n) < 0.2
        latency = 800 + rng.normal(0, 80, 150)[user] + rng.exponential(150, n) + 300 * away
        served = Served(
            user, np.where(away, "us", "eu"), np.full(n, "eu"), latency, latency, tokens,
            tokens * np.clip(habit + rng.normal(0, 0.1, n), 0, 1),
        )  # fmt: skip
        ratio, (spill,) = figures.cache(served).ratio, figures.spills(served)
        cached += (ratio.low or 0) <= 0.598 <= (ratio.high or 0)
        penalty += (spill.penalty.low or 0) <= 300 <= (spill.penalty.high or 0)
    assert cached >= 88
    assert penalty >= 88


def test_residency_is_counted_exactly_with_the_first_minute(
    store: Store, settings: Settings
) -> None:
    for i in range(200):
        ask(store, i, i, region="us" if i in {37, 90, 91} else "eu-west")
    ask(store, 300, 20, region=None)
    ask(store, 301, 10, region="us", probe=True)
    ask(store, 302, 500, region="ap", status="timeout", route='{"parent_request_id": "r1"}')

    asked = look(store, allowing(settings, "eu-west"))

    (finding,) = asked.findings
    assert finding.severity == "critical"
    assert finding.details["n"] == 4
    assert finding.details["regions"] == {"ap": 1, "us": 3}
    assert finding.details["first_minute"] == "2026-06-01T00:37"
    assert set(finding.member_request_ids) == {"r37", "r90", "r91", "r302"}
    assert "1 more name no region" in asked.lines[0]
    with store.transaction() as tx:
        assert append_findings(tx, asked.findings) == ["F-1"]


def test_without_allowed_regions_nothing_is_violated(store: Store, settings: Settings) -> None:
    ask(store, 1, 1, region="us")
    assert look(store, settings).findings == ()


def test_a_violation_that_arrived_late_is_found_at_the_next_close(
    store: Store, settings: Settings
) -> None:
    ask(store, 1, 5, region="us", available_at=AS_OF + timedelta(hours=1))
    ask(store, 2, 10_000, region="eu")
    ask(store, 3, 11_000, region="eu")
    strict = allowing(settings, "eu")

    assert look(store, strict).findings == ()
    (finding,) = look(store, strict, AS_OF + WEEK).findings
    assert finding.details["n"] == 1
    assert look(store, strict, AS_OF + 4 * WEEK).findings == ()


def test_without_a_region_it_says_what_to_send(store: Store, settings: Settings) -> None:
    ask(store, 1, 1, region=None)
    asked = look(store, settings)
    assert (asked.lines, asked.tables) == ((), ())
    assert asked.missing == "`region` absent in 100% of requests: send it with each request"


def test_names_of_regions_are_made_visible(store: Store, settings: Settings) -> None:
    for i in range(60):
        ask(store, i, i, region=f"e\u202eu{i}" * 40, origin_region="x")
    asked = look(store, allowing(settings, "eu"))
    assert "\u202e" not in str((asked.lines, asked.tables, [f.title for f in asked.findings]))
    assert len(asked.tables[0].rows) == 24
    assert asked.findings[0].details["n"] == 60
