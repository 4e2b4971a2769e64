"""How many of a week's queries the embedding model could not read to their end."""

from datetime import date
from typing import Any

from decayd.weeks import week_bounds
from drift.shares import wilson
from drift.windows import Reading

METRIC = "text_cut_share"


def figure(reading: Reading, week: date, *, back_filled: bool) -> dict[str, Any]:
    """Return the row of `weekly_figures`: the share of embedded requests with a longer text."""
    start, end = week_bounds(week, reading.timezone)
    counted = reading.store.rows(
        "topic_texts_cut",
        feature=reading.feature,
        as_of=reading.as_of,
        model_id=reading.model_id,
        start=start,
        until=end,
    )[0]
    share = wilson(counted["n_cut"], counted["n"])
    return {
        "feature": reading.feature,
        "week": week,
        "lag": 0,
        "metric": METRIC,
        "cell": "",
        "as_of": reading.as_of,
        "n": counted["n"],
        "total": float(counted["n_cut"]),
        "value": share.value,
        "low": share.low,
        "high": share.high,
        "why_not": share.why_not,
        "pooled_weeks": 1,
        "back_filled": back_filled,
        "details": "{}",
    }
