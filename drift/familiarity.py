"""How well the launch baseline knows a query: its mean cosine to the nearest ones there."""

import numpy as np
import numpy.typing as npt

UNFAMILIAR = 0.05  # quantile of the baseline's own familiarity
_NEIGHBOURS = 5
_BLOCK_CELLS = 2**22  # similarities held at once: 16 MiB of float32

Floats = npt.NDArray[np.float32]


def familiarity(vectors: Floats, anchor: Floats) -> Floats:
    """Return each vector's mean cosine to its 5 nearest in the baseline ``(n,)``."""
    return _mean_of_nearest(vectors, anchor, skip=0)


def unfamiliar_cut(anchor: Floats) -> float:
    """Return the 5 % quantile of the baseline's familiarity with the rest of itself."""
    if len(anchor) < 2:  # noqa: PLR2004 - no rest
        return -1.0
    return float(np.quantile(_mean_of_nearest(anchor, anchor, skip=1), UNFAMILIAR))


def _mean_of_nearest(vectors: Floats, anchor: Floats, *, skip: int) -> Floats:
    result = np.empty(len(vectors), np.float32)
    width = min(_NEIGHBOURS + skip, len(anchor))
    step = max(1, _BLOCK_CELLS // max(1, len(anchor)))
    for start in range(0, len(vectors), step):
        away = -(vectors[start : start + step] @ anchor.T)
        nearest = np.sort(np.partition(away, width - 1, axis=1)[:, :width], axis=1)
        result[start : start + step] = -nearest[:, skip:].mean(axis=1)
    return result
