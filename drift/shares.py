"""A share with its interval."""

from decayd.results import Estimate

_Z = 1.96  # 95 %


def wilson(count: int, n: int) -> Estimate:
    """Return count / n with Wilson's 95 % score interval (1927), which holds for small counts.

    >>> wilson(50, 500)  # doctest: +ELLIPSIS
    Estimate(value=0.1, low=0.07667..., high=0.12942..., n=500, n_labels=None, why_not='')
    >>> wilson(0, 0).why_not
    'no queries'
    """
    if n == 0:
        return Estimate(None, why_not="no queries")
    share = count / n
    spread = 1 + _Z**2 / n
    middle = (share + _Z**2 / (2 * n)) / spread
    half = _Z / spread * (share * (1 - share) / n + _Z**2 / (4 * n**2)) ** 0.5
    low = middle - half if count else 0.0
    return Estimate(share, low, middle + half if count < n else 1.0, n=n)
