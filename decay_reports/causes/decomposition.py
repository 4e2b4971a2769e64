"""The exact split of a difference of two success rates over topics: mix, within, new, gone."""

from dataclasses import dataclass

import numpy as np

from decay_reports.figures.frame import Bools, Floats

PARTS = ("topic_mix", "within_topic", "new_topics", "gone_topics")
_FEW_REQUESTS, _FEW_SHARE = 10, 0.002
_MANY_SHARE = 0.01


@dataclass(frozen=True)
class Split:
    """`parts` in the order of `PARTS` and `contributions` ``(k,)`` each sum to `total`."""

    total: float
    parts: Floats
    contributions: Floats


def new_topics(n_before: Floats, n_now: Floats) -> Bools:
    """Tell which topics are new: next to none of the requests before, above 1 % of those now.

    Swapping the arguments tells which are gone. Both are ``(k,)`` counts.
    """
    few = n_before < max(_FEW_REQUESTS, _FEW_SHARE * n_before.sum())
    return np.asarray(few & (n_now > _MANY_SHARE * n_now.sum()))


def split(
    before: tuple[Floats, Floats], now: tuple[Floats, Floats], new: Bools, gone: Bools
) -> Split:
    """Split the change of the mean between two periods over the same k topics.

    New topics are split off from the second period and gone ones from the first; over the rest
    topic shares and within-topic rates share the change by Shapley's rule for two factors (each
    moved at the mean level of the other), so nothing is left unexplained.

    Parameters
    ----------
    before, now
        Requests and sums of psi per topic, ``(k,)`` each.
    new, gone
        Which topics count as such, ``(k,)``, disjoint; the other topics must have requests in
        both periods together.

    Notes
    -----
    A topic that is in one period alone takes the rate seen there, so that it moves the mix only.
    Source: Das Gupta 1993, chapter 2.

    Examples
    --------
    >>> n, k = np.array([50.0, 50.0]), np.zeros(2, bool)
    >>> found = split((n, np.array([40.0, 20.0])), (n, np.array([30.0, 20.0])), k, k)
    >>> round(found.total, 3), found.parts.round(3).tolist()
    (-0.1, [0.0, -0.1, 0.0, 0.0])
    """
    old_before, old_now = _mean(before, ~gone), _mean(now, ~new)
    shares_before, shares_now = _shares(before[0], ~gone), _shares(now[0], ~new)
    rate_before, rate_now = _rates(*before), _rates(*now)
    kept_before = np.where(gone | np.isnan(rate_before), rate_now, rate_before)
    kept_now = np.where(new | np.isnan(rate_now), rate_before, rate_now)
    kept_before, kept_now = np.nan_to_num(kept_before), np.nan_to_num(kept_now)
    middle = (kept_before + kept_now) / 2 - (old_before + old_now) / 2
    mix = (shares_now - shares_before) * middle
    within = (shares_now + shares_before) / 2 * (kept_now - kept_before)
    arrivals = np.where(new, now[0] / now[0].sum() * (rate_now - old_now), 0.0)
    losses = np.where(gone, before[0] / before[0].sum() * (rate_before - old_before), 0.0)
    parts = np.array([mix.sum(), within.sum(), arrivals.sum(), 0.0 - losses.sum()])
    total = now[1].sum() / now[0].sum() - before[1].sum() / before[0].sum()
    return Split(float(total), parts, mix + within + arrivals - losses)


def _mean(period: tuple[Floats, Floats], chosen: Bools) -> float:
    return float(period[1][chosen].sum() / period[0][chosen].sum())


def _shares(n: Floats, chosen: Bools) -> Floats:
    kept = np.where(chosen, n, 0.0)
    return np.asarray(kept / kept.sum(), float)


def _rates(n: Floats, total: Floats) -> Floats:
    return np.asarray(np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0), float)
