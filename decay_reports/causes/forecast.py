"""Where success goes if the present trend goes on: its slope, and the chance to pass the floor."""

import math
import zlib
from collections.abc import Sequence
from datetime import date

import numpy as np

from decay_reports.causes.why_facts import ForecastFacts
from decay_reports.figures.clusters import Z95
from decay_reports.figures.frame import Floats
from decayd.results import Estimate
from decayd.weeks import WEEK

HORIZON = 8  # weeks; further ahead the interval says nothing
FEWEST, MOST = 6, 8  # final weeks: fewer have no slope, older ones are not the present trend
_LEVEL_WALK, _SLOPE_WALK = 0.03, 0.015  # weekly steps on the logit scale, of level and slope
_CLIP = 0.01
_ONE_SIDED = 1.645
_PATHS = 4000  # the chance is printed in percent: its sampling error stays under 1 point


def forecast(
    final: Sequence[tuple[date, Estimate]], newest: date, floor: float | None, feature: str
) -> ForecastFacts | None:
    """Extrapolate the final weeks of a feature, oldest first; None unless success is falling.

    Parameters
    ----------
    final
        Weeks whose figure will not change any more, each with its interval.
    newest
        The newest closed week: the horizon begins after it.

    Returns
    -------
    ForecastFacts | None
        None for fewer than 6 final weeks in a row or when the one-sided 95 % bound of the slope
        is not below 0.

    Notes
    -----
    Weighted least squares on the logit, errors scaled up when the weeks scatter by more than
    their intervals say; ahead of the data level and slope walk at random. It can't see a plateau
    or a turn: those make the chance too high.
    """
    weeks = _in_a_row(final)[-MOST:]
    if len(weeks) < FEWEST:
        return None
    value = np.clip([e.value for _, e in weeks], _CLIP, 1 - _CLIP).astype(float)
    se = np.array([_se(e) for _, e in weeks]) / (value * (1 - value))
    at = np.array([(week - weeks[-1][0]) / WEEK for week, _ in weeks])
    fitted, covariance = _fit(at, np.log(value / (1 - value)), se)
    error = math.sqrt(covariance[1, 1])
    if fitted[1] + _ONE_SIDED * error >= 0.0:
        return None
    level = 1 / (1 + math.exp(-fitted[0]))
    slope, half = fitted[1] * level * (1 - level), Z95 * error * level * (1 - level)
    p_below = None
    if floor is not None:
        gap = (newest - weeks[-1][0]) // WEEK
        rng = np.random.default_rng(zlib.crc32(feature.encode()))
        p_below = _chance(fitted, covariance, (gap, min(max(floor, _CLIP), 1 - _CLIP)), rng)
    return ForecastFacts(
        weeks=tuple(week for week, _ in weeks), horizon=HORIZON, floor=floor, p_below=p_below,
        slope=Estimate(float(slope), float(slope - half), float(slope + half), n=len(weeks)),
    )  # fmt: skip


def _in_a_row(final: Sequence[tuple[date, Estimate]]) -> list[tuple[date, Estimate]]:
    """Return the newest weeks that follow one another and have a number."""
    row: list[tuple[date, Estimate]] = []
    for week, estimate in reversed(final):
        if estimate.value is None or estimate.low is None or (row and row[0][0] - week != WEEK):
            break
        row.insert(0, (week, estimate))
    return row


def _se(estimate: Estimate) -> float:
    if estimate.low is None or estimate.high is None:
        return math.inf
    return max((estimate.high - estimate.low) / (2 * Z95), 1e-6)


def _fit(at: Floats, logit: Floats, se: Floats) -> tuple[Floats, Floats]:
    """Return level (at 0) and slope with their covariance."""
    design = np.column_stack([np.ones(len(at)), at])
    covariance = np.linalg.inv(design.T @ (design / (se**2)[:, None]))
    fitted = covariance @ design.T @ (logit / se**2)
    scatter = float((((logit - design @ fitted) / se) ** 2).sum() / (len(at) - 2))
    return fitted, np.asarray(covariance * max(1.0, scatter), float)


def _chance(
    fitted: Floats, covariance: Floats, ahead: tuple[int, float], rng: np.random.Generator
) -> float:
    """Return how many of the simulated paths are below the floor in one of the next weeks."""
    gap, floor = ahead
    start = rng.multivariate_normal(fitted, covariance, _PATHS)
    shape = (_PATHS, gap + HORIZON)
    slopes = start[:, 1:] + rng.normal(0.0, _SLOPE_WALK, shape).cumsum(axis=1)
    levels = start[:, :1] + (slopes + rng.normal(0.0, _LEVEL_WALK, shape)).cumsum(axis=1)
    below = (levels[:, gap:] < math.log(floor / (1 - floor))).any(axis=1)
    return float(below.mean())
