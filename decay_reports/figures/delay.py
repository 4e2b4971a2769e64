"""How long outcomes take, learned while some of them are still under way."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MIN_AT_RISK = 10  # with fewer left by truncation, one late outcome would pull the curve to 0


@dataclass(frozen=True)
class Curve:
    """A step function: `share[i]` of all outcomes is there by `days[i]`, 1 from the window on.

    `log_variance[i]` is the variance of the log of that day's factor, independent of the others.
    """

    days: Floats
    share: Floats
    window_days: float
    log_variance: Floats

    def at(self, age_days: Floats) -> Floats:
        """Return the share that has arrived at each age; 1 at and past the window."""
        reached = np.searchsorted(self.days, age_days, side="right")
        shares = np.concatenate(([0.0], self.share))[reached]
        return np.where(age_days >= self.window_days, 1.0, shares)


def arrival_curve(delay_days: Floats, age_days: Floats, window_days: float) -> Curve:
    """Estimate the distribution of delays from outcomes that are seen only if they came in time.

    An outcome is seen only when its delay is at most its request's age, so plain shares make
    outcomes look quick. The reverse-time product limit corrects that:
    ``F(t) = prod over s > t of (1 - g(s))``, ``g(s) = #(delay = s) / #(delay <= s, age >= s)``.

    It does not see delays longer than the oldest age: ``F`` is relative to those that come by
    then. It assumes that delays don't depend on when the request was made.

    Parameters
    ----------
    delay_days, age_days
        Delay of each arrived outcome and the age of its request now, both ``(n,)``, in days;
        a delay past the window counts as one at the window.
    window_days
        From this age on everything that will come has come: F is 1.

    Notes
    -----
    O(n log n). Without outcomes F is 0 below the window. Delays are taken as they are, which is
    the limit of ever narrower bins. A delay at which truncation left fewer than 10 outcomes at
    risk is passed over. Source: Lagakos, Barraj, De Gruttola, Biometrika 1988, section 3;
    Lynden-Bell, MNRAS 1971.

    Examples
    --------
    >>> curve = arrival_curve(np.array([1.0, 1.0, 3.0]), np.array([9.0, 9.0, 9.0]), 28.0)
    >>> curve.at(np.array([0.5, 2.0, 5.0])).round(2).tolist()
    [0.0, 0.67, 1.0]
    """
    delays = np.clip(delay_days, 0.0, window_days)
    times, counts = np.unique(delays, return_counts=True)
    came_by = np.cumsum(counts)
    at_risk = came_by - np.searchsorted(np.sort(age_days), times, side="left")
    thin = (at_risk < _MIN_AT_RISK) & (2 * at_risk < came_by)
    hazard = np.where(thin, 0.0, counts / np.maximum(at_risk, 1))
    survives = np.concatenate((1.0 - np.minimum(hazard, 1.0), [1.0]))
    share = np.asarray(np.cumprod(survives[::-1])[::-1][1:], float)
    at_most = np.maximum(at_risk - counts, 1)
    log_variance = np.where(thin | (at_risk <= counts), 0.0, hazard / at_most)
    return Curve(times, share, window_days, log_variance)
