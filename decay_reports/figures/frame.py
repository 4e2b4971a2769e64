"""The user requests of one feature as arrays: the only form in which the statistics see data."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from decayd.config import Settings
from decayd.events import epoch_us
from store.database import Store

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DAY_US = 86_400_000_000
TENURES = ("under_7_days", "7_to_30_days", "over_30_days", "unknown")
SIGNALS = (
    "score", "retry", "rephrase", "copy", "accept", "edit", "edit_ratio", "abandon", "escalate",
    "regenerate", "undo", "thumbs_up", "thumbs_down",
)  # fmt: skip
_UNKNOWN_TENURE = len(TENURES) - 1


@dataclass(frozen=True)
class Frame:
    """User requests by time, one row each; every array is ``(n,)`` but `signals` ``(n, 13)``.

    NaN stands for what is not there: `y` and the delays without a labelled outcome, `log_length`,
    `log_dwell`, and `silence_fails` and `window_days` where the request says nothing of them.
    Times are microseconds since 1970 (UTC), delays days.
    """

    request_key: NDArray[np.uint64]
    ts_us: Ints
    cluster: Ints
    topic: Ints
    tenure: Ints
    signals: Floats
    refused: Bools
    log_length: Floats
    log_dwell: Floats
    rated: Bools
    friction: Bools
    gave_rating: Bools
    y: Floats
    delay_days: Floats
    first_delay_days: Floats
    stated: Bools
    silence_fails: Floats
    window_days: Floats
    topics: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of requests."""
        return len(self.ts_us)

    @property
    def arrived(self) -> Bools:
        """Tell which requests have a labelled outcome."""
        return ~np.isnan(self.y)

    @property
    def score(self) -> Floats:
        """Return the sum of the signals' priors, clipped to [-1, 1]."""
        return np.asarray(self.signals[:, 0])

    def age_days(self, at_us: int) -> Floats:
        """Return each request's age at an instant."""
        return np.asarray((at_us - self.ts_us) / DAY_US)

    def between(self, start_us: int, end_us: int) -> slice:
        """Return the rows with a time in [start, end)."""
        first, last = np.searchsorted(self.ts_us, [start_us, end_us])
        return slice(int(first), int(last))

    def take(self, rows: Any) -> Self:
        """Return the frame of these rows (a slice, mask or index array); topic codes stay."""
        columns = {
            field.name: getattr(self, field.name)[rows]
            for field in fields(self)
            if field.name != "topics"
        }
        return type(self)(**columns, topics=self.topics)


def load(
    store: Store,
    as_of: datetime,
    settings: Settings,
    *,
    start: datetime,
    until: datetime | None = None,
    features: Sequence[str] | None = None,
) -> dict[str, Frame]:
    """Load the frames of all features (or some) for requests made in [start, until).

    Rows are as known at `as_of`, and so are signals, outcomes and topics. A delay ends when the
    outcome could be seen; for an outcome that was filled in later, when it happened.
    """
    table = store.table(
        "frame_requests",
        as_of=as_of,
        start=start,
        until=until or as_of,
        features=features,
        outcome_values=json.dumps(settings.outcomes),
    ).sort_by([(name, "ascending") for name in ("feature", "ts_us", "request_key")])
    columns = {name: table.column(name).combine_chunks() for name in table.column_names}
    live_us = first_live_us(store)
    return {
        name: _frame({k: v.slice(a, b - a) for k, v in columns.items()}, live_us)
        for name, a, b in by_feature(columns["feature"])
    }


def nobody() -> Frame:
    """Return the frame of a feature without user requests."""
    flags, numbers, codes = np.empty(0, bool), np.empty(0), np.empty(0, np.int64)
    return Frame(
        request_key=np.empty(0, np.uint64), ts_us=codes, cluster=codes, topic=codes, tenure=codes,
        signals=np.empty((0, len(SIGNALS))), refused=flags, log_length=numbers, log_dwell=numbers,
        rated=flags, friction=flags, gave_rating=flags, y=numbers, delay_days=numbers,
        first_delay_days=numbers, stated=flags, silence_fails=numbers, window_days=numbers,
        topics=(),
    )  # fmt: skip


def by_feature(features: pa.Array | pa.ChunkedArray) -> Iterator[tuple[str, int, int]]:
    """Yield each feature of sorted rows with its first row and the one after its last."""
    whole = features.combine_chunks() if isinstance(features, pa.ChunkedArray) else features
    runs = pc.run_end_encode(whole)
    first = 0
    for name, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        yield name, first, end
        first = end


def first_live_us(store: Store) -> int | None:
    """Return when the store's first live record happened; None while all of it was filled in."""
    values = {row["name"]: row["value"] for row in store.rows("store_info")}
    value = values.get("first_live_at")
    if not value:
        return None
    return epoch_us(datetime.fromisoformat(value))


def _frame(columns: dict[str, Any], live_us: int | None) -> Frame:
    def numbers(name: str) -> Floats:
        return np.asarray(columns[name].cast("float64").to_numpy(zero_copy_only=False), float)

    def flags(name: str) -> Bools:
        return np.asarray(columns[name].fill_null(False).to_numpy(zero_copy_only=False), bool)

    ts_us = np.asarray(columns["ts_us"].to_numpy(), np.int64)
    topics, topic = np.unique(
        columns["topic_id"].to_numpy(zero_copy_only=False).astype(str), return_inverse=True
    )
    return Frame(
        request_key=np.asarray(columns["request_key"].to_numpy(), np.uint64),
        ts_us=ts_us,
        cluster=by_appearance(columns["cluster"].to_numpy()),
        topic=topic.astype(np.int64),
        tenure=_tenure(numbers("tenure_days")),
        signals=np.column_stack([numbers(name) for name in SIGNALS]),
        refused=flags("refused"),
        log_length=numbers("log_length"),
        log_dwell=numbers("log_dwell"),
        rated=flags("rated"),
        friction=flags("friction"),
        gave_rating=flags("gave_rating"),
        y=numbers("y"),
        delay_days=_delay(ts_us, numbers("outcome_us"), numbers("outcome_available_us"), live_us),
        first_delay_days=_delay(
            ts_us, numbers("first_outcome_us"), numbers("first_available_us"), live_us
        ),
        stated=flags("stated"),
        silence_fails=numbers("silence_fails"),
        window_days=numbers("window_days"),
        topics=tuple(str(name) for name in topics),
    )


def by_appearance(hashes: NDArray[np.uint64]) -> Ints:
    """Return codes in order of first appearance, so that sums don't depend on the hash."""
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def _tenure(days: Floats) -> Ints:
    bucket = np.digitize(np.nan_to_num(days), (7.0, 30.0))
    return np.where(np.isnan(days), _UNKNOWN_TENURE, bucket).astype(np.int64)


def _delay(ts_us: Ints, happened_us: Floats, seen_us: Floats, live_us: int | None) -> Floats:
    filled_in = happened_us < (np.inf if live_us is None else live_us)
    return np.maximum(np.where(filled_in, happened_us, seen_us) - ts_us, 0.0) / DAY_US
