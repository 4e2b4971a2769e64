"""Frozen topics of the launch baseline, emerged ones beside them, and which one a query has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from drift.embedding import Vectors, unit
from drift.familiarity import familiarity

OTHER = "other"
_MAX_FROZEN = 30
_STARTS = 4  # of k-means

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Centroids:
    """Topic ids and their unit centroids ``(k, d)``.

    `merged` says which id counts for another one: its centroid stays, what is near it belongs to
    the other topic.
    """

    ids: tuple[str, ...]
    vectors: Vectors
    merged: Mapping[str, str] = field(default_factory=dict)

    def nearest(self, vectors: Vectors) -> tuple[npt.NDArray[np.int64], Floats]:
        """Return for each vector the position of its best centroid and their cosine."""
        if not self.ids or not len(vectors):
            return np.zeros(len(vectors), np.int64), np.full(len(vectors), -1, np.float32)
        cosine = vectors @ self.vectors.T
        best = np.argmax(cosine, axis=1)
        nearest = cosine[np.arange(len(vectors)), best]
        return (self._into()[best] if self.merged else best), nearest

    def with_these(self, vectors: Mapping[str, Vectors]) -> "Centroids":
        """Return the topics with some centroids added or replaced."""
        now = dict(zip(self.ids, self.vectors, strict=True)) | dict(vectors)
        stacked = np.array(list(now.values()), np.float32) if now else self.vectors
        return Centroids(tuple(now), stacked, self.merged)

    def _into(self) -> npt.NDArray[np.int64]:
        """Return for each position the one that counts for it."""
        place = {topic_id: n for n, topic_id in enumerate(self.ids)}
        counts = [self.merged.get(topic_id, topic_id) for topic_id in self.ids]
        return np.array([place.get(into, n) for n, into in enumerate(counts)], np.int64)


@dataclass(frozen=True)
class TopicMap:
    """Everything that places a query.

    `anchor` is the launch baseline's votes ``(R0, d)``; `cut` the familiarity below which a query
    belongs to no frozen topic; `near` the cosine from which on an emerged topic takes one.
    """

    frozen: Centroids
    emerged: Centroids
    anchor: Vectors
    cut: float
    near: float

    def assign(self, vectors: Vectors) -> tuple[npt.NDArray[np.object_], Floats]:
        """Return the one topic id of each vector and the cosine to its centroid.

        An emerged topic takes a near query that is nearer to it than to any frozen
        one; else the best frozen topic has it, or `other` when the query is unlike the baseline.
        For `other` the cosine is that of the best frozen topic.
        """
        best, near = self.frozen.nearest(vectors)
        ids = np.array(self.frozen.ids, object)[best]
        ids[familiarity(vectors, self.anchor) < self.cut] = OTHER
        new, nearer = claim(vectors, self.frozen, self.emerged, self.near)
        taken = new >= 0
        if taken.any():
            names = [self.emerged.merged.get(each, each) for each in self.emerged.ids]
            ids[taken] = np.array(names, object)[new[taken]]
        return ids, np.where(taken, nearer, near)


def claim(
    vectors: Vectors, frozen: Centroids, emerged: Centroids, near: float
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return the emerged topic that takes each vector, by position, else -1; and the cosine."""
    _, frozen_cosine = frozen.nearest(vectors)
    new, cosine = emerged.nearest(vectors)
    return np.where((cosine >= near) & (cosine > frozen_cosine), new, -1), cosine


def frozen_count(n: int) -> int:
    """Return how many topics a baseline of n votes gets: min(30, sqrt(n / 2)), rounded down.

    >>> frozen_count(600), frozen_count(2000)
    (17, 30)
    """
    return min(_MAX_FROZEN, int((n / 2) ** 0.5))


def fit_frozen(vectors: Vectors, seed: int) -> tuple[Vectors, npt.NDArray[np.int64]]:
    """Cluster the baseline by k-means; return unit centroids, largest first, and each row's one.

    Fewer distinct vectors than clusters give as many clusters as there are vectors. One thread
    and a fixed seed: the same rows give the same topics.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    count = max(1, min(frozen_count(len(vectors)), len(np.unique(vectors, axis=0))))
    with threadpool_limits(limits=1):
        model: Any = KMeans(count, n_init=_STARTS, random_state=seed).fit(vectors)
    centroids = unit(model.cluster_centers_.astype(np.float32))
    best = np.argmax(vectors @ centroids.T, axis=1)
    order = np.argsort(-np.bincount(best, minlength=count), kind="stable")
    position = np.argsort(order, kind="stable")
    return centroids[order], position[best]


def identify(
    centroids: Sequence[Vectors], known: Centroids, next_number: int, same: float
) -> list[str]:
    """Name clusters: an old id for a cosine over `same`, best pair first, one to one, else `n<j>`.

    >>> old = Centroids(("n1",), np.array([[1, 0]], np.float32))
    >>> identify([np.array([0, 1]), np.array([0.96, 0.28])], old, 2, same=0.8)
    ['n2', 'n1']
    """
    names: dict[int, str] = {}
    compared = bool(known.ids and len(centroids))
    cosine = np.array(centroids) @ known.vectors.T if compared else np.empty((0, 0))
    for flat in np.argsort(-cosine, axis=None, kind="stable"):
        row, column = np.unravel_index(flat, cosine.shape)
        if cosine[row, column] <= same:
            break
        if int(row) not in names and known.ids[column] not in names.values():
            names[int(row)] = known.ids[column]
    for row in range(len(centroids)):
        if row not in names:
            names[row] = f"n{next_number}"
            next_number += 1
    return [names[row] for row in range(len(centroids))]
