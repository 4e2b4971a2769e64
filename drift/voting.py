"""Who counts: one vote per person and topic, so that a burst of one user is not a trend."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from drift.base import Votes
from drift.topics import Centroids

_COPIES = 3  # of one text by nobody in particular: more is a script, fewer hides real demand
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))  # SplitMix64's multipliers

Keys = npt.NDArray[np.uint64]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Asked:
    """Queries of some weeks in the order of time, before voting.

    `queries.voters` is the key of the user, else of the session; `known` tells whether there is
    one. `topics` is what a query is about, as any number: its text while there are no topics.
    """

    queries: Votes
    text_keys: Keys
    known: npt.NDArray[np.bool_]
    topics: npt.NDArray[np.uint64] | Index

    def take(self, index: Index) -> "Asked":
        """Return the queries at these positions."""
        columns = (self.text_keys[index], self.known[index], self.topics[index])
        return Asked(self.queries.take(index), *columns)

    def on(self, frozen: Centroids) -> "Asked":
        """Return the queries with their best frozen topic each."""
        return replace(self, topics=frozen.nearest(self.queries.vectors)[0])

    def draw(self, limit: int, seed: int) -> "Asked":
        """Return at most `limit` queries, the same ones whenever they are drawn."""
        return self.take(sample(self.queries.keys, limit, seed))


def vote(asked: Asked, block_weeks: int) -> Index:
    """Return the positions that count: the first query of each (block, voter, topic).

    Parameters
    ----------
    asked
        Queries in the order of time.
    block_weeks
        Weeks, counted from the newest, within which a person votes once per topic. A reference
        takes the block of its window: otherwise loyal users would look rarer in one of the two.

    Notes
    -----
    Queries without user or session count each, but at most three copies of a text in a block.
    """
    newest = asked.queries.weeks.max(initial=0)
    block = (newest - asked.queries.weeks) // block_weeks
    who = np.where(asked.known, asked.queries.voters, asked.text_keys)
    what = np.where(asked.known, asked.topics, 0)
    order = np.lexsort((what, who, asked.known, block))  # stable: time decides within a group
    columns = [column[order] for column in (block, asked.known, who, what)]
    first = np.ones(len(order), bool)
    first[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    start = np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
    rank = np.arange(len(order)) - start
    kept = order[rank < np.where(columns[1], 1, _COPIES)]
    return np.sort(kept)


def sample(keys: Keys, limit: int, seed: int) -> Index:
    """Return the positions of at most `limit` keys, in order: those with the smallest seeded hash.

    The same key is drawn in every week and in any order of rows, so a reservoir changes slowly.
    """
    if len(keys) <= limit:
        return np.arange(len(keys))
    return np.sort(np.argsort(_hash(keys, seed), kind="stable")[:limit])


def _hash(keys: Keys, seed: int) -> Keys:
    mixed = keys + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    for shift, multiplier in zip((np.uint64(30), np.uint64(27)), _MIX, strict=True):
        mixed = (mixed ^ (mixed >> shift)) * multiplier
    return mixed ^ (mixed >> np.uint64(31))
