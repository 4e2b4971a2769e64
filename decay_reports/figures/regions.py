"""What serving in several regions does: speed, the prompt cache, and requests sent elsewhere."""

import math
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from decay_reports.figures.clusters import Z95, quantile, share, sum_of_squares
from decay_reports.figures.frame import Bools, Floats, Ints
from decayd.results import Estimate

_LEAST = 20  # measured requests on each side of a penalty: a mean of fewer has no normal error


@dataclass(frozen=True)
class Served:
    """Requests, arrays ``(n,)``: '' for a region that is unknown, NaN for a number not sent."""

    user: Ints
    region: NDArray[np.str_]
    origin: NDArray[np.str_]
    latency_ms: Floats
    ttft_ms: Floats
    input_tokens: Floats
    cached_tokens: Floats

    def take(self, rows: Bools) -> Self:
        """Return some of the rows."""
        return type(self)(
            self.user[rows], self.region[rows], self.origin[rows], self.latency_ms[rows],
            self.ttft_ms[rows], self.input_tokens[rows], self.cached_tokens[rows],
        )  # fmt: skip

    @property
    def placed(self) -> Bools:
        """Tell of which requests both regions are known."""
        return np.asarray((self.region != "") & (self.origin != ""))


class Cache(NamedTuple):
    """Cached of all input tokens; `n_unknown` requests say not how many of theirs were cached."""

    ratio: Estimate
    n_unknown: int


class Spill(NamedTuple):
    """Requests of an origin region: the share served elsewhere, and what that costs.

    `penalty` is the difference of mean latencies, elsewhere minus at home, in milliseconds; the
    caches are those of the requests served elsewhere and at home.
    """

    origin: str
    share: Estimate
    penalty: Estimate
    away: Cache
    home: Cache


def quantile_of(values: Floats, q: float, name: str) -> Estimate:
    """Return a quantile of what was sent, with the interval of its rank: no shape is assumed."""
    sent = values[~np.isnan(values)]
    if not len(sent):
        return Estimate(None, why_not=f"no {name} was sent")
    value, low, high = quantile(sent, q)
    return Estimate(value, low, high, n=len(sent))


def cache(served: Served) -> Cache:
    """Return the share of input tokens that came from the cache, over requests that say so.

    A request without `cached_tokens` says nothing, not 0. The interval is the delta method's,
    clustered by user.
    """
    known = served.take(~np.isnan(served.cached_tokens) & ~np.isnan(served.input_tokens))
    n, total = len(known.user), float(known.input_tokens.sum())
    n_unknown = len(served.user) - n
    if not total:
        return Cache(Estimate(None, n=n, why_not="no cached_tokens were sent"), n_unknown)
    value = float(known.cached_tokens.sum()) / total
    influence = (known.cached_tokens - value * known.input_tokens) / total
    return Cache(_with_interval(value, influence, known.user, n), n_unknown)


def spills(served: Served) -> list[Spill]:
    """Describe each origin region's requests; unknown regions are left out."""
    placed = served.take(served.placed)
    return [
        _spill(str(origin), placed.take(placed.origin == origin))
        for origin in np.unique(placed.origin)
    ]


def spill_share(served: Served) -> Estimate:
    """Return the share of requests served in another region than where they came from."""
    placed = served.take(served.placed)
    if not len(placed.user):
        return Estimate(None, why_not="no origin_region was sent")
    value, se = share(placed.region != placed.origin, placed.user)
    return Estimate(value, value - Z95 * se, value + Z95 * se, n=len(placed.user))


def _spill(origin: str, mine: Served) -> Spill:
    away = mine.region != mine.origin
    caches = [cache(mine.take(side)) for side in (away, ~away)]
    return Spill(origin, spill_share(mine), _penalty(mine), *caches)


def _penalty(mine: Served) -> Estimate:
    timed = mine.take(~np.isnan(mine.latency_ms))
    away = timed.region != timed.origin
    n_away, n_home = int(away.sum()), int((~away).sum())
    if min(n_away, n_home) < _LEAST:
        why = f"{n_away:,} elsewhere and {n_home:,} at home with latency_ms"
        return Estimate(None, n=n_away + n_home, why_not=why)
    means = [float(timed.latency_ms[side].mean()) for side in (away, ~away)]
    influence = np.where(
        away, (timed.latency_ms - means[0]) / n_away, (means[1] - timed.latency_ms) / n_home
    )
    return _with_interval(means[0] - means[1], influence, timed.user, len(timed.user))


def _with_interval(value: float, influence: Floats, user: Ints, n: int) -> Estimate:
    half = Z95 * math.sqrt(sum_of_squares(influence, user))
    return Estimate(value, value - half, value + half, n=n)
