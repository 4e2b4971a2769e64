"""Fills the `vectors` table: one stored vector per distinct text and model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from drift.embedding import Encoder, quantise
from store.database import Store

_TEXTS = 1024  # a transaction: what a kill costs is under 5 s of embedding


@dataclass(frozen=True)
class Embedder:
    """Embeds texts of requests as known at `as_of`, in slices that are kept one by one."""

    store: Store
    encoder: Encoder
    as_of: datetime

    @property
    def model_id(self) -> str:
        """Return the id that the vectors are stored under."""
        return self.encoder.model_id

    def waiting(self, features: Sequence[str], limit: int, seed: int) -> None:
        """Embed the texts of these features' requests that have neither a topic nor a vector.

        Of more than `limit` texts a sample comes first: the requests of as many people of every
        feature and day, drawn by a seeded hash. Later runs go on with the others. A run that was
        stopped and starts again embeds the same ones.
        """
        rows = self.store.table(
            "vectors_waiting",
            as_of=self.as_of,
            model_id=self.model_id,
            features=list(features),
            seed=str(seed),
            rows=limit,
        )
        self.these(rows["text_key"].to_pylist())

    def these(self, text_keys: Sequence[int]) -> int:
        """Embed the texts with these keys that lack a vector; return how many did.

        Rounding of a text's vector depends, in one component of 200,000, on the texts embedded
        with it. Slices are made of all keys, so that a run that was killed repeats its slices.
        """
        return sum(self._embed(keys) for keys in _slices(sorted(set(text_keys))))

    def n_left(self, features: Sequence[str]) -> int:
        """Return how many texts of these features' requests have neither a topic nor a vector."""
        left = self.store.scalar(
            "vectors_left", as_of=self.as_of, model_id=self.model_id, features=list(features)
        )
        return int(left)

    def n_made(self) -> int:
        """Return how many texts were embedded at this close."""
        made = self.store.scalar("vectors_made", model_id=self.model_id, as_of=self.as_of)
        return int(made)

    def _embed(self, keys: Sequence[int]) -> int:
        table = self.store.table(
            "vectors_lacking", as_of=self.as_of, model_id=self.model_id, keys=list(keys)
        )
        if not table.num_rows:
            return 0
        texts = table["text"].to_pylist()
        read = self.encoder.read(texts)
        stored, scale = quantise(read.vectors)
        columns = {
            "text_key": table["text_key"],
            "model_id": pa.array([self.model_id] * table.num_rows, pa.string()),
            "scale": pa.array(scale, pa.float32()),
            "vector": pa.array([row.tobytes() for row in stored], pa.binary()),
            "text_cut": pa.array(read.too_long, pa.bool_()),
            "as_of": pa.array([self.as_of] * table.num_rows, pa.timestamp("us")),
        }
        with self.store.transaction() as transaction:
            transaction.stage("embedded", pa.table(columns))
            transaction.run("vectors_append")
        return int(table.num_rows)


def _slices(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    return (keys[start : start + _TEXTS] for start in range(0, len(keys), _TEXTS))
