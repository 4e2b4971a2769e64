"""A plain two-sample test: maximum mean discrepancy with a null distribution by permutation."""

import numpy as np

from drift.embedding import Vectors

ALPHA = 0.01
_PERMUTATIONS = 199


def permutation_p_value(reference: Vectors, window: Vectors) -> float:
    """Return the p-value of MMD² with an RBF kernel of median width, by 199 permutations.

    Both are unit vectors ``(m, d)`` and ``(n, d)``. O((m + n)² (d + 200)).
    """
    both = np.vstack([reference, window])
    squared = 2 - 2 * (both @ both.T)  # of unit vectors
    kernel = np.exp(-squared / np.median(squared))
    np.fill_diagonal(kernel, 0)
    m, n = len(reference), len(window)
    rng = np.random.default_rng(0)
    mine = np.zeros((m + n, _PERMUTATIONS + 1), np.float32)
    mine[m:, 0] = 1
    for column in range(1, _PERMUTATIONS + 1):
        mine[rng.permutation(m + n)[:n], column] = 1
    across = kernel @ mine
    inside = np.einsum("ij,ij->j", mine, across)
    cross = across.sum(axis=0) - inside
    outside = kernel.sum() - inside - 2 * cross
    mmd = inside / (n * (n - 1)) + outside / (m * (m - 1)) - 2 * cross / (m * n)
    return float(np.count_nonzero(mmd >= mmd[0]) / (_PERMUTATIONS + 1))
