"""Joins the window's queries that are denser than before into groups: one growth, one group."""

import numpy as np
import numpy.typing as npt

from drift.detectors.emerging import Neighbourhoods
from drift.embedding import Vectors

# Tail of one query's neighbourhood, at its best size. A window has a handful of either by chance,
# scattered; what makes a topic is a group of them that holds one below the alarm level.
_CORE = 1e-3
_RIM = 1e-2  # queries at a group's edge, whose neighbourhoods are half outside it

Index = npt.NDArray[np.int64]


def grown_groups(window: Vectors, around: Neighbourhoods, near: float) -> list[Index]:
    """Return the groups of queries that grew, as positions in the window in ascending order.

    Core queries are one group when a chain of them leads from one to the other, in which each is
    among the neighbours of the next one and the other way round, and alike. So a broad topic
    with several centres stays one, and two topics with nothing denser between them stay two. A
    query at the rim joins the group of the nearest core query if one of both counts the other
    among its neighbours.

    Parameters
    ----------
    window
        ``(n, d)`` unit vectors.
    around
        What the scan says of each of them.
    near
        Cosine from which on two queries are alike; it parts topics in mixed domains, where
        neighbourhoods are wide, as the neighbourhoods do in narrow ones.

    Notes
    -----
    DBSCAN (Ester et al., 1996) with the scan's own radius at each point and its tail in the place
    of the number of neighbours. O(s**2 d) for s dense queries.
    """
    from scipy.sparse.csgraph import connected_components

    core = np.flatnonzero(around.tails < _CORE)
    rim = np.flatnonzero((around.tails >= _CORE) & (around.tails < _RIM))
    if not len(core):
        return []
    radius = around.radius[core]
    least = np.maximum(np.maximum(radius[:, None], radius), near)
    count, group = connected_components(window[core] @ window[core].T >= least, directed=False)
    cosine = window[rim] @ window[core].T
    best = np.argmax(cosine, axis=1)
    joins = cosine[np.arange(len(rim)), best] >= np.minimum(around.radius[rim], radius[best])
    members = np.concatenate([core, rim[joins]])
    group = np.concatenate([group, group[best[joins]]])
    return [np.sort(members[group == n]) for n in range(count)]
