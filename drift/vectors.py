"""Fills the `vectors` table: one stored vector per distinct text and model."""

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from drift.embedding import Encoder, quantise
from store.database import Store

_TEXTS = 4096  # a transaction: what a kill costs is under 20 s of embedding


def embed_missing(store: Store, encoder: Encoder, as_of: datetime, features: Sequence[str]) -> int:
    """Embed the texts of these features' user requests that have no vector; return how many."""
    total = 0
    while True:
        table = store.table(
            "vector_missing_texts",
            as_of=as_of,
            model_id=encoder.model_id,
            features=list(features),
            rows=_TEXTS,
        )
        if not table.num_rows:
            return total
        stored, scale = quantise(encoder.encode(table["text"].to_pylist()))
        columns = {
            "text_key": table["text_key"],
            "model_id": pa.array([encoder.model_id] * table.num_rows, pa.string()),
            "scale": pa.array(scale, pa.float32()),
            "vector": pa.array([row.tobytes() for row in stored], pa.binary()),
        }
        store.append("vectors", pa.table(columns))
        total += table.num_rows
