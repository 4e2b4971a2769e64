"""Gives every request its one topic: those without one, and those that a new topic takes over."""

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from decayd.weeks import WEEK, week_bounds
from drift.state import Baseline
from drift.topics import TopicMap
from drift.windows import Reading, vectors_of
from store.database import Transaction

_TEXTS = 32_768  # placed at once: 50 MB of float32 vectors
_TAKEOVER = 4 * WEEK  # what a new topic takes over besides the baseline: the longest window


def place(
    reading: Reading, topics: TopicMap, baseline: Baseline, new_ids: Sequence[str]
) -> pa.Table:
    """Return a topic for every text with requests to place: `text_key`, `topic_id`, `similarity`.

    With `new_ids` that is also every text of the baseline and of the last four weeks.
    """
    pages = []
    query, span = "request_topics_due", {}
    if new_ids:
        query, span = "request_topics_spanned", _span(reading, baseline)
    after: int | None = None
    while True:
        table = reading.store.table(
            query,
            feature=reading.feature,
            as_of=reading.as_of,
            model_id=reading.model_id,
            after=after,
            rows=_TEXTS,
            **span,
        )
        if not table.num_rows:
            break
        ids, similarity = topics.assign(vectors_of(table))
        placed = [table["text_key"], pa.array(ids, pa.string()), pa.array(similarity, pa.float32())]
        pages.append(pa.table(placed, names=["text_key", "topic_id", "similarity"]))
        after = table["text_key"][-1].as_py()
    return pa.concat_tables(pages) if pages else _NOTHING


def append_placed(
    transaction: Transaction, reading: Reading, baseline: Baseline, placed: pa.Table,
    new_ids: Sequence[str],
) -> int:  # fmt: skip
    """Append the placed requests to `request_topics` and return how many they are."""
    row = {
        "feature": reading.feature,
        "as_of": reading.as_of,
        "version": baseline.version,
        "model_id": baseline.model_id,
    }
    transaction.stage("placed", placed)
    transaction.run("request_topics_append", **row)
    if new_ids:
        span = _span(reading, baseline)
        transaction.run("request_topics_take_over", **row, **span, new_ids=list(new_ids))
    rows = transaction.rows("request_topics_count", feature=reading.feature, as_of=reading.as_of)
    return int(rows[0]["n"])


def _span(reading: Reading, baseline: Baseline) -> dict[str, datetime]:
    first, last = (week_bounds(each(baseline.weeks), reading.timezone) for each in (min, max))
    return {
        "since": reading.as_of - _TAKEOVER,
        "baseline_start": first[0],
        "baseline_end": last[1],
    }


_NOTHING = pa.table(
    {
        "text_key": pa.array([], pa.uint64()),
        "topic_id": pa.array([], pa.string()),
        "similarity": pa.array([], pa.float32()),
    }
)
