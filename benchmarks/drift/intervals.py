"""Numbers with their 95 % intervals, as they are printed; a dash where there is none."""

from collections.abc import Sequence

import numpy as np

from benchmarks.drift.scenarios import QUIET_WEEKS
from drift.shares import wilson

_DRAWS = 2000  # of the bootstrap over streams


def yearly(alarms: int, weeks: int) -> str:
    """Return alarms per 52 weeks with the exact Poisson interval (Garwood 1936)."""
    from scipy.stats import chi2

    low = chi2.ppf(0.025, 2 * alarms) / 2 if alarms else 0.0
    high = chi2.ppf(0.975, 2 * alarms + 2) / 2
    scale = QUIET_WEEKS / weeks
    return f"{scale * alarms:.2f} ({scale * low:.2f}–{scale * high:.2f})"


def share(hits: int, n: int) -> str:
    """Return a share with Wilson's interval, or a dash."""
    found = wilson(hits, n)
    if found.value is None or found.low is None or found.high is None:
        return "–"
    return f"{found.value:.2f} ({found.low:.2f}–{found.high:.2f})"


def mean(values: Sequence[float]) -> str:
    """Return a mean with the bootstrap interval over streams, or a dash."""
    if not values:
        return "–"
    rng, array = np.random.default_rng(0), np.array(values)
    drawn = array[rng.integers(len(array), size=(_DRAWS, len(array)))].mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return f"{array.mean():.2f} ({low:.2f}–{high:.2f})"


def rounded(values: Sequence[float], digits: int) -> str:
    """Return a mean without an interval, or a dash."""
    return f"{sum(values) / len(values):.{digits}f}" if values else "–"


def yearly_share(alarms: int, windows: int) -> str:
    """Return 52 times the share of windows with an alarm, with Wilson's interval."""
    found = wilson(alarms, windows)
    low, value, high = (QUIET_WEEKS * (x or 0.0) for x in (found.low, found.value, found.high))
    return f"{value:.1f} ({low:.1f}–{high:.1f})"
