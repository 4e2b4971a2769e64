"""How much of what people ask is near anything that the feature's eval sets ask (eval debt)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from decayd.results import Estimate
from drift.cuts import UNCALIBRATED, cuts_for
from drift.shares import wilson
from drift.vectors import Embedder
from drift.windows import vectors_of
from store.database import Store

_TEXTS = 4000  # of a week: a share within 2 points, 0.1 s beside a thousand items
_NO_ITEMS = "not measured: no eval items of this feature are registered"


@dataclass(frozen=True)
class Week:
    """A closed week of a feature, as known at `as_of`, under one embedding model."""

    feature: str
    start: datetime
    until: datetime
    as_of: datetime
    model_id: str


def embed_items(embedder: Embedder, features: Sequence[str]) -> int:
    """Embed the inputs of these features' eval items that lack a vector; return how many did."""
    rows = embedder.store.rows(
        "topic_eval_keys",
        features=list(features),
        model_id=embedder.model_id,
        as_of=embedder.as_of,
    )
    return embedder.these([row["input_key"] for row in rows])


def coverage(store: Store, week: Week) -> dict[str, Estimate]:
    """Return by topic the share of a week's votes that are near a registered eval item.

    Near is the model's cut for alike queries. The key ``""`` has what holds for topics without
    votes: no share, and why.
    """
    cuts = cuts_for(week.model_id, store, week.as_of)
    if cuts is None:
        return {"": Estimate(None, why_not=UNCALIBRATED)}
    shared = {"feature": week.feature, "as_of": week.as_of, "model_id": week.model_id}
    items = vectors_of(store.table("topic_eval_vectors", **shared))
    if not len(items):
        return {"": Estimate(None, why_not=_NO_ITEMS)}
    votes = store.table(
        "topic_vote_vectors", **shared, start=week.start, until=week.until, rows=_TEXTS
    )
    found = {"": wilson(0, 0)}
    if votes.num_rows:
        near = (vectors_of(votes) @ items.T).max(axis=1) >= cuts.near
        counts = votes["n"].to_numpy()
        topics = votes["topic_id"].to_numpy(zero_copy_only=False)
        for topic_id in np.unique(topics).tolist():
            mine = topics == topic_id
            found[topic_id] = wilson(int(counts[mine & near].sum()), int(counts[mine].sum()))
    return found
