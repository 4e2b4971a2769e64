"""The green row beside success: requests, errors, timeouts, refusals and latency of all traffic."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

import numpy as np
from numpy.typing import NDArray

from decay_reports.figures.clusters import quantile
from decay_reports.figures.figure import Figure, plain_share
from decay_reports.figures.frame import Floats, Ints, by_feature
from store.database import Store

_SHARES = (("error_share", "error"), ("timeout_share", "timeout"), ("refusal_share", "refused"))


@dataclass(frozen=True)
class Traffic:
    """Production requests of every status, by time; `latency_ms` NaN where it was not sent."""

    ts_us: Ints
    status: NDArray[np.str_]
    latency_ms: Floats

    def between(self, start_us: int, end_us: int) -> Self:
        """Return the requests with a time in [start, end)."""
        first, last = np.searchsorted(self.ts_us, [start_us, end_us])
        rows = slice(int(first), int(last))
        return type(self)(self.ts_us[rows], self.status[rows], self.latency_ms[rows])


def load(store: Store, as_of: datetime, start: datetime) -> dict[str, Traffic]:
    """Load each feature's traffic of [start, as_of) as known at `as_of`."""
    table = store.table("figure_traffic", as_of=as_of, start=start)
    ts_us = table["ts_us"].to_numpy()
    status = table["status"].to_numpy().astype(str)
    latency_ms = table["latency_ms"].to_numpy().astype(float)
    return {
        name: Traffic(ts_us[a:b], status[a:b], latency_ms[a:b])
        for name, a, b in by_feature(table["feature"])
    }


def figures(traffic: Traffic) -> list[Figure]:
    """Describe one week's traffic, at least one request."""
    n = len(traffic.ts_us)
    shares = [
        plain_share(metric, int((traffic.status == status).sum()), n) for metric, status in _SHARES
    ]
    return [Figure(metric="requests", n=n), *shares, *_latencies(traffic.latency_ms)]


def _latencies(latency_ms: Floats) -> list[Figure]:
    sent = latency_ms[~np.isnan(latency_ms)]
    metrics = (("latency_p50_ms", 0.5), ("latency_p95_ms", 0.95))
    if not len(sent):
        return [Figure(metric=metric, why_not="no latency_ms was sent") for metric, _ in metrics]
    made = []
    for metric, q in metrics:
        value, low, high = quantile(sent, q)
        made.append(Figure(metric=metric, n=len(sent), value=value, low=low, high=high))
    return made
