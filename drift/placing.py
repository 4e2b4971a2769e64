"""Gives every request its one topic: those without one, and those that a new topic takes over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from decayd.weeks import WEEK, week_bounds
from drift.state import Baseline
from drift.topics import TopicMap
from drift.windows import Reading, vectors_of
from store.database import Transaction

_TEXTS = 32_768  # placed at once: 50 MB of float32 vectors
_TAKEOVER = 4 * WEEK  # what a new topic takes over besides the baseline: the longest window
_EVER = datetime.min  # noqa: DTZ901 - the store keeps naive UTC


@dataclass(frozen=True)
class Placing:
    """The requests of one feature to place at a close.

    `placed_until` is the last close that placed requests, None before the first; `new_ids` are
    topics that were not there then.
    """

    reading: Reading
    baseline: Baseline
    placed_until: datetime | None
    new_ids: Sequence[str]

    def place(self, topics: TopicMap) -> pa.Table:
        """Return a topic for each text to place: `text_key`, `topic_id`, `similarity`.

        With new topics that is also every text of the baseline and of the last four weeks.
        """
        query, span = "request_topics_due", {"since_available": self.placed_until or _EVER}
        if self.new_ids:
            longest = min(self.placed_until or _EVER, self.reading.as_of - _TAKEOVER)
            query, span = "request_topics_spanned", self._baseline_span()
            span["since_available"] = longest
        pages = [_NOTHING]
        after: int | None = None
        while True:
            table = self.reading.store.table(
                query,
                feature=self.reading.feature,
                as_of=self.reading.as_of,
                model_id=self.baseline.model_id,
                after=after,
                rows=_TEXTS,
                **span,
            )
            if table.num_rows:
                ids, similarity = topics.assign(vectors_of(table))
                columns = [table["text_key"], pa.array(ids, pa.string()), pa.array(similarity)]
                pages.append(pa.table(columns, schema=_NOTHING.schema))
                after = table["text_key"][-1].as_py()
            if table.num_rows < _TEXTS:
                return pa.concat_tables(pages)

    def append(self, transaction: Transaction, placed: pa.Table) -> int:
        """Append the placed requests to `request_topics` and return how many they are."""
        at = {"feature": self.reading.feature, "as_of": self.reading.as_of}
        made = {"version": self.baseline.version, "model_id": self.baseline.model_id}
        transaction.stage("placed", placed)
        seen = self.placed_until or _EVER
        transaction.run("request_topics_append", **at, **made, since_available=seen)
        if self.new_ids:
            self.take_over(transaction, placed)
        return int(transaction.rows("request_topics_count", **at)[0]["n"])

    def take_over(self, transaction: Transaction, placed: pa.Table) -> None:
        """Append the placed requests that the new topics take from others."""
        transaction.stage("placed", placed)
        transaction.run(
            "request_topics_take_over",
            feature=self.reading.feature,
            as_of=self.reading.as_of,
            version=self.baseline.version,
            model_id=self.baseline.model_id,
            **self._baseline_span(),
            since=self.reading.as_of - _TAKEOVER,
            new_ids=list(self.new_ids),
        )

    def _baseline_span(self) -> dict[str, datetime]:
        weeks = self.baseline.weeks
        return {
            "baseline_start": week_bounds(min(weeks), self.reading.timezone)[0],
            "baseline_end": week_bounds(max(weeks), self.reading.timezone)[1],
        }


_NOTHING = pa.table(
    {
        "text_key": pa.array([], pa.uint64()),
        "topic_id": pa.array([], pa.string()),
        "similarity": pa.array([], pa.float32()),
    }
)
