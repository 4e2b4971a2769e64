"""The cosines that decide, one row per embedding model: every cut on a cosine is one model's own.

Two models spread the same texts differently, so a cut of one says nothing under the other. Models
without a row here are calibrated (`drift.calibrate`) and have theirs in the store.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from store.database import Store


@dataclass(frozen=True)
class Cuts:
    """Cosines of one model.

    Parameters
    ----------
    near
        Query and query, or query and a topic's centroid: from here on they are alike.
    same_topic
        Two centroids: above it a cluster is an old topic come back.
    rephrase
        Two queries of one session: from here on the later one may ask the earlier one again.
    reworded
        Two queries of five words, one of them replaced: from here on both words mean the same.
    """

    near: float
    same_topic: float
    rephrase: float
    reworded: float


# all-MiniLM-L6-v2: what the floors of topics, identity and rephrases were measured with.
MINILM = Cuts(near=0.5, same_topic=0.8, rephrase=0.6, reworded=0.85)

# While a model is uncalibrated nothing is alike: an emerged topic takes no query, and none emerges.
NOTHING_ALIKE = Cuts(near=2.0, same_topic=2.0, rephrase=2.0, reworded=2.0)
UNCALIBRATED = "uncalibrated: `decayd calibrate` maps the cuts of this embedding model"

# By the revision of the weights, which ends a model id after its @: a name proves nothing about
# the weights, and the same ones are called differently as a package, a folder and on the hub.
_SHIPPED: Mapping[str, Cuts] = MappingProxyType({"6fceb34132ad": MINILM})


def shipped(model_id: str) -> Cuts | None:
    """Return the cuts that decayd ships for these weights.

    >>> shipped("any-name@6fceb34132ad") == MINILM
    True
    """
    return _SHIPPED.get(model_id.rpartition("@")[2])


def cuts_for(model_id: str, store: Store, as_of: datetime) -> Cuts | None:
    """Return a model's cuts, shipped or calibrated by `as_of`; None: the model is uncalibrated."""
    known = shipped(model_id)
    if known:
        return known
    rows = store.rows("calibration_newest", model_id=model_id, as_of=as_of)
    if not rows:
        return None
    mapped = json.loads(rows[0]["cuts"])
    names = Cuts.__dataclass_fields__
    if not names.keys() <= mapped.keys():  # made before there was a further cut
        return None
    return Cuts(**{name: mapped[name]["value"] for name in names})
