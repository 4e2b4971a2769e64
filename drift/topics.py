"""Frozen topics of the launch baseline, emerged ones beside them, and which one a query has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from drift.embedding import Vectors, unit
from drift.peel import NEAR

OTHER = "other"
_MAX_FROZEN = 30
_SAME = 0.8  # cosine of two centroids above which a cluster is an old topic come back
_NEIGHBOURS = 5
_UNFAMILIAR = 0.05  # quantile of the baseline's own familiarity
_BLOCK_CELLS = 2**22  # similarities held at once: 16 MiB of float32
_STARTS = 4  # of k-means

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Centroids:
    """Topic ids and their unit centroids ``(k, d)``."""

    ids: tuple[str, ...]
    vectors: Vectors

    def nearest(self, vectors: Vectors) -> tuple[npt.NDArray[np.int64], Floats]:
        """Return for each vector the position of its best centroid and their cosine."""
        if not self.ids or not len(vectors):
            return np.zeros(len(vectors), np.int64), np.full(len(vectors), -1, np.float32)
        cosine = vectors @ self.vectors.T
        best = np.argmax(cosine, axis=1)
        return best, cosine[np.arange(len(vectors)), best]

    def with_these(self, vectors: Mapping[str, Vectors]) -> "Centroids":
        """Return the topics with some centroids added or replaced."""
        now = dict(zip(self.ids, self.vectors, strict=True)) | dict(vectors)
        stacked = np.array(list(now.values()), np.float32) if now else self.vectors
        return Centroids(tuple(now), stacked)


@dataclass(frozen=True)
class TopicMap:
    """Everything that places a query.

    `anchor` is the launch baseline's votes ``(R0, d)``; `cut` the familiarity below which a query
    belongs to no frozen topic.
    """

    frozen: Centroids
    emerged: Centroids
    anchor: Vectors
    cut: float

    def assign(self, vectors: Vectors) -> tuple[npt.NDArray[np.object_], Floats]:
        """Return the one topic id of each vector and the cosine to its centroid.

        An emerged topic takes a query at cosine .5 or more that is nearer to it than to any frozen
        one; else the best frozen topic has it, or `other` when the query is unlike the baseline.
        For `other` the cosine is that of the best frozen topic.
        """
        best, near = self.frozen.nearest(vectors)
        ids = np.array(self.frozen.ids, object)[best]
        ids[familiarity(vectors, self.anchor) < self.cut] = OTHER
        new, nearer = claim(vectors, self.frozen, self.emerged)
        taken = new >= 0
        if taken.any():
            ids[taken] = np.array(self.emerged.ids, object)[new[taken]]
        return ids, np.where(taken, nearer, near)


def claim(
    vectors: Vectors, frozen: Centroids, emerged: Centroids
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return the emerged topic that takes each vector, by position, else -1; and the cosine."""
    _, near = frozen.nearest(vectors)
    new, nearer = emerged.nearest(vectors)
    return np.where((nearer >= NEAR) & (nearer > near), new, -1), nearer


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


def identify(centroids: Sequence[Vectors], known: Centroids, next_number: int) -> list[str]:
    """Name clusters: an old id for a cosine over .8, best pair first and one to one, else `n<j>`.

    >>> old = Centroids(("n1",), np.array([[1, 0]], np.float32))
    >>> identify([np.array([0, 1]), np.array([0.96, 0.28])], old, 2)
    ['n2', 'n1']
    """
    names: dict[int, str] = {}
    compared = bool(known.ids and len(centroids))
    cosine = np.array(centroids) @ known.vectors.T if compared else np.empty((0, 0))
    for flat in np.argsort(-cosine, axis=None, kind="stable"):
        row, column = np.unravel_index(flat, cosine.shape)
        if cosine[row, column] <= _SAME:
            break
        if int(row) not in names and known.ids[column] not in names.values():
            names[int(row)] = known.ids[column]
    for row in range(len(centroids)):
        if row not in names:
            names[row] = f"n{next_number}"
            next_number += 1
    return [names[row] for row in range(len(centroids))]


def familiarity(vectors: Vectors, anchor: Vectors) -> Floats:
    """Return each vector's mean cosine to its 5 nearest in the baseline."""
    return _mean_of_nearest(vectors, anchor, skip=0)


def unfamiliar_cut(anchor: Vectors) -> float:
    """Return the 5 % quantile of the baseline's familiarity with the rest of itself."""
    if len(anchor) < 2:  # noqa: PLR2004 - no rest
        return -1.0
    return float(np.quantile(_mean_of_nearest(anchor, anchor, skip=1), _UNFAMILIAR))


def _mean_of_nearest(vectors: Vectors, anchor: Vectors, *, skip: int) -> Floats:
    result = np.empty(len(vectors), np.float32)
    width = min(_NEIGHBOURS + skip, len(anchor))
    step = max(1, _BLOCK_CELLS // max(1, len(anchor)))
    for start in range(0, len(vectors), step):
        away = -(vectors[start : start + step] @ anchor.T)
        nearest = np.sort(np.partition(away, width - 1, axis=1)[:, :width], axis=1)
        result[start : start + step] = -nearest[:, skip:].mean(axis=1)
    return result
