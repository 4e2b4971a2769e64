"""Which weeks a window and its references hold, and the votes of those weeks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
import pyarrow as pa

from decayd.weeks import WEEK, week_bounds
from drift.base import Votes
from drift.embedding import Vectors, dequantise
from drift.state import QUARANTINE, Baseline
from drift.vectors import Embedder
from drift.voting import Asked, Keys, sample, vote
from store.database import Store

SCALES = (1, 4)  # weeks pooled in a window
WINDOW_VOTES = 2000
REFERENCE_VOTES = 4000  # beside the largest window 0.1 CPU-s a scan; 8,000 double that
ANCHOR_VOTES = 2000  # what the floors were measured with
_LOOK_BACK = 26 * WEEK  # of the reference besides the baseline: half a year of calm weeks
_ROWS_A_VOTE = 1.5  # queries read for a vote: most people ask about few topics a week


@dataclass(frozen=True)
class Reading:
    """What is the same in every read of a run: the feature, the time, the model, the settings."""

    store: Store
    feature: str
    as_of: datetime
    model_id: str
    timezone: str
    seed: int
    embedder: Embedder

    def asked(self, weeks: Sequence[date], votes: int) -> Asked:
        """Read enough queries of some weeks for about `votes` votes, in the order of time."""
        bounds = [week_bounds(week, self.timezone) for week in sorted(weeks)]
        table = self._asked(bounds, votes)
        if table["vector"].null_count:  # asked while another model was used, or in a backlog
            self.embedder.these(table["text_key"].to_pylist())
            table = self._asked(bounds, votes)
        return _asked(table, [start for start, _ in bounds])

    def _asked(self, bounds: Sequence[tuple[datetime, datetime]], votes: int) -> pa.Table:
        return self.store.table(
            "topic_asked",
            feature=self.feature,
            as_of=self.as_of,
            model_id=self.model_id,
            first=bounds[0][0],
            starts=[start for start, _ in bounds],
            ends=[end for _, end in bounds],
            rows=rows_for(votes),
        )

    def n_requests(self, weeks: Sequence[date]) -> list[int]:
        """Count the user requests of each of some weeks, in the order of `weeks`."""
        bounds = [week_bounds(week, self.timezone) for week in weeks]
        rows = self.store.rows(
            "topic_traffic",
            feature=self.feature,
            as_of=self.as_of,
            first=min(bounds)[0],
            starts=[start for start, _ in bounds],
            ends=[end for _, end in bounds],
        )
        found = {row["start"]: row["n_requests"] for row in rows}
        return [found.get(start, 0) for start, _ in bounds]

    def texts(self, keys: Keys, chars: int = 400) -> list[str]:
        """Return the beginning of each request's query, in the order of `keys`."""
        rows = self.store.rows("topic_texts", keys=keys.tolist(), chars=chars)
        found = {row["request_key"]: row["text"] for row in rows}
        return [found.get(key, "") for key in keys.tolist()]

    def texts_by_key(self, text_keys: Keys) -> list[str]:
        """Return the beginning of each text that the feature was asked, in the order of keys."""
        rows = self.store.rows(
            "drift_texts_by_key",
            feature=self.feature,
            as_of=self.as_of,
            keys=np.unique(text_keys).tolist(),
        )
        found = {row["text_key"]: row["text"] for row in rows}
        return [found[key] for key in text_keys.tolist() if key in found]

    def vectors(self, text_keys: Keys) -> Vectors:
        """Return the unit vectors of texts, repeated as they are in `text_keys`."""
        keys = np.unique(text_keys).tolist()
        table = self.store.table("topic_vectors", keys=keys, model_id=self.model_id)
        stored = table["text_key"].to_numpy()
        if not len(stored):
            return vectors_of(table)
        at = np.searchsorted(stored, text_keys).clip(max=len(stored) - 1)
        found: Vectors = vectors_of(table)[at[stored[at] == text_keys]]
        return found


def rows_for(votes: int) -> int:
    """Return how many queries are read for about so many votes."""
    return int(votes * _ROWS_A_VOTE)


def window_weeks(week: date, scale: int, since: date) -> list[date]:
    """Return the weeks of a window that ends with `week`, none before `since`, oldest first."""
    weeks = [week - n * WEEK for n in reversed(range(scale))]
    return [each for each in weeks if each >= since]


def reference_weeks(week: date, baseline: Baseline, alarms: Sequence[date]) -> list[date]:
    """Return the rolling reference's weeks for a window that ends with `week`, oldest first.

    The launch baseline, and weeks of the last half year that are at least four weeks old and more
    than four weeks away from any alarm.
    """
    first = max(max(baseline.weeks) + WEEK, week - _LOOK_BACK)
    count = max(0, (week - first) // WEEK + 1)
    later = [first + n * WEEK for n in range(count)]
    calm = [
        each
        for each in later
        if each <= week - QUARANTINE and all(abs(each - alarm) > QUARANTINE for alarm in alarms)
    ]
    return [*sorted(baseline.weeks), *calm]


def count_votes(asked: Asked, block_weeks: int) -> Votes:
    """Return everyone's votes with their topics, one per block of weeks, person and topic."""
    voted = asked.take(vote(asked, block_weeks))
    return replace(voted.queries, topics=voted.topics.astype(np.int64))


def draw(votes: Votes, limit: int, seed: int) -> Votes:
    """Return at most `limit` votes, the same ones whenever they are drawn."""
    return votes.take(sample(votes.keys, limit, seed))


def newest_week(asked: Asked, n_weeks: int) -> Asked:
    """Return the queries of the last of `n_weeks` weeks, as week 0."""
    newest = asked.take(np.flatnonzero(asked.queries.weeks == n_weeks - 1))
    return replace(
        newest, queries=replace(newest.queries, weeks=np.zeros_like(newest.queries.weeks))
    )


def vectors_of(table: pa.Table) -> Vectors:
    """Return the unit vectors ``(n, d)`` of a table with stored `vector`s."""
    blobs = table["vector"].to_pylist()
    if not blobs:
        return np.empty((0, 0), np.float32)
    stored = np.frombuffer(b"".join(blobs), np.int8).reshape(len(blobs), -1)
    return dequantise(stored)


def _asked(table: pa.Table, starts: list[datetime]) -> Asked:
    begins = np.array(starts, "datetime64[us]")
    weeks = np.searchsorted(begins, table["start"].to_numpy().astype("datetime64[us]"))
    voters, keys = table["voter"], table["request_key"].to_numpy()
    known = ~voters.is_null().to_numpy()
    return Asked(
        queries=Votes(
            vectors=vectors_of(table),
            keys=keys,
            voters=np.where(known, voters.fill_null(0).to_numpy(), keys),
            weeks=weeks.astype(np.int64),
        ),
        text_keys=table["text_key"].to_numpy(),
        known=known,
        topics=table["text_key"].to_numpy(),
    )
