"""User bootstrap of success per cell in two periods, all replicates at once."""

from dataclasses import dataclass
from math import exp, factorial

import numpy as np

from decay_reports.figures.clusters import sums
from decay_reports.figures.frame import Floats, Ints

_POISSON = np.searchsorted(
    np.cumsum([exp(-1.0) / factorial(k) for k in range(9)]), (np.arange(65536) + 0.5) / 65536
).astype(np.uint8)  # how often, for each value of 16 bits
_MANY_USERS = 5000  # above it half the replicates do: the spread of a spread stays under 8 %


@dataclass(frozen=True)
class Cells:
    """One period's requests as arrays ``(n,)``; users and cells are numbered over both periods.

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


def redrawn(n_users: int, n_replicates: int, rng: np.random.Generator) -> Floats:
    """Return how often each user comes in each replicate, ``(u, 1 + r)``; once each in the first.

    A user comes as a whole, with all requests of both periods, and as often as Poisson's law with
    mean 1 says: for many users the same as drawing as many of them again, and several times
    cheaper. The law is read off 16 random bits, so its chances are right to 2e-5.
    """
    if n_users > _MANY_USERS:
        n_replicates //= 2
    bits = rng.integers(0, len(_POISSON), (n_users, 1 + n_replicates), np.uint16)
    times = _POISSON.take(bits)
    times[:, 0] = 1
    return times.astype(float)


def replicates(period: Cells, code: Ints, n_cells: int, times: Floats) -> tuple[Floats, Floats]:
    """Return requests and sums of psi per cell ``(r, c)`` when users come so many `times`.

    psi was scaled by the labels that are there; a redrawn period would scale it anew, so its cells
    are shifted together until the period's mean moves as its influence says. `code` is each
    request's cell ``(n,)``.
    """
    n, psi = _per_cell(period, code, n_cells, times)
    own = sums(period.user, period.influence, len(times))
    mean = float(period.psi.mean()) + np.einsum("u,ur->r", own, times) - own.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = mean - psi.sum(axis=1) / n.sum(axis=1)
    return n, psi + n * shift[:, None]


def _per_cell(period: Cells, code: Ints, n_cells: int, times: Floats) -> tuple[Floats, Floats]:
    """Return requests and sums of psi per cell over redrawn users, ``(r, c)`` each."""
    from scipy.sparse import csc_array

    order = np.argsort(period.user, kind="stable")
    ends = np.concatenate([[0], np.cumsum(np.bincount(period.user, minlength=len(times)))])
    cell = code[order]
    rows = np.column_stack([cell, cell + n_cells]).ravel()
    values = np.column_stack([np.ones(len(cell)), period.psi[order]]).ravel()
    matrix = csc_array((values, rows, 2 * ends), shape=(2 * n_cells, len(times)))
    found = np.ascontiguousarray((matrix @ times).T)
    return found[:, :n_cells], found[:, n_cells:]
