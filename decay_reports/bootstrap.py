"""User bootstrap of success per topic in two periods, from sums per user and topic."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from decay_reports.clusters import sums
from decay_reports.frame import Floats, Ints


@dataclass(frozen=True)
class Cells:
    """One period's requests as arrays ``(n,)``; users and topics are numbered over both periods.

    `influence` is what each request adds to the error of the period's mean.
    """

    user: Ints
    topic: Ints
    psi: Floats
    influence: Floats

    def sums(self, n_topics: int) -> tuple[Floats, Floats]:
        """Return requests and sums of psi per topic."""
        ones = np.ones(len(self.psi))
        return sums(self.topic, ones, n_topics), sums(self.topic, self.psi, n_topics)


@dataclass(frozen=True)
class _Pairs:
    """A period summed up to (user, topic) pairs, and its influence to users."""

    user: Ints
    topic: Ints
    n: Floats
    psi: Floats
    influence: Floats
    mean: float

    def draw(self, times: Floats, n_topics: int) -> tuple[Floats, Floats]:
        """Return requests and sums of psi per topic when each user comes so many `times`."""
        w = times[self.user]
        n = sums(self.topic, w * self.n, n_topics)
        psi = sums(self.topic, w * self.psi, n_topics)
        mean = self.mean + float((times - 1.0) @ self.influence)
        return n, psi + n * (mean - psi.sum() / n.sum())


def replicates(
    before: Cells, now: Cells, n_topics: int, n_replicates: int, rng: np.random.Generator
) -> Iterator[tuple[tuple[Floats, Floats], tuple[Floats, Floats]]]:
    """Yield (requests, sums of psi) per topic of both periods for redrawn users.

    A user is drawn as a whole, with all requests of both periods. psi was scaled by the labels
    that are there; a redrawn period would scale it anew, so its topics are shifted together until
    the period's mean moves as its influence says.
    """
    n_users = 1 + int(max(before.user.max(), now.user.max()))
    first, second = _pairs(before, n_users, n_topics), _pairs(now, n_users, n_topics)
    for _ in range(n_replicates):
        drawn = rng.integers(0, n_users, n_users)
        times = np.bincount(drawn, minlength=n_users).astype(float)
        yield first.draw(times, n_topics), second.draw(times, n_topics)


def _pairs(cells: Cells, n_users: int, n_topics: int) -> _Pairs:
    pair, inverse = np.unique(cells.user * n_topics + cells.topic, return_inverse=True)
    return _Pairs(
        user=pair // n_topics,
        topic=pair % n_topics,
        n=np.bincount(inverse).astype(float),
        psi=sums(inverse, cells.psi),
        influence=sums(cells.user, cells.influence, n_users),
        mean=float(cells.psi.mean()),
    )
