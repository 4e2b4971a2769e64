"""Weeks of queries for the topics job, inserted into a real store the way the writer leaves them.

`Clouds` makes queries whose vectors have a known geometry; `real_queries` reads labelled queries
of people from the folder that `SHARED_FOLDER` names, when it is there.
"""

import gzip
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from decayd.config import Settings
from decayd.text import text_key
from drift.base import Votes
from drift.embedding import dequantise, quantise
from drift.model_files import find_model
from drift.run import run
from store.database import Store

START = datetime(2026, 1, 5)  # noqa: DTZ001 - the store keeps naive UTC; a Monday
FEATURE = "assistant"
WEEK_S = 7 * 86400
DIMENSION = 48


def close(week: int) -> datetime:
    """Return the end of week 1, 2, …"""
    return START + timedelta(weeks=week)


def model_id() -> str:
    return find_model(Settings().topics.model).model_id


def row(request_id: str, ts: datetime, query: str, **more: Any) -> dict[str, Any]:
    key = hashlib.md5(request_id.encode(), usedforsecurity=False).digest()
    values = {
        "event_id": request_id,
        "day": ts.date(),
        "ts": ts,
        "available_at": ts,
        "duplicate": False,
        "request_id": request_id,
        "request_key": int.from_bytes(key[8:], "little"),
        "feature": FEATURE,
        "text_key": text_key(query),
        "query": query,
        "status": "ok",
        "user_id": f"user of {request_id}",
        "session_id": None,
        "source_kind": "production",
        "probe": False,
    }
    return values | more


def week_rows(week: int, queries: Sequence[str], **more: Any) -> list[dict[str, Any]]:
    """Spread queries over week 1, 2, …; each has a user of its own unless `more` says otherwise."""
    start, step = close(week - 1), WEEK_S / max(1, len(queries))
    return [
        row(f"r{week}-{n}", start + timedelta(seconds=int(n * step)), query, **more)
        for n, query in enumerate(queries)
    ]


def store_vectors(store: Store, queries: Sequence[str], vectors: npt.NDArray[np.float32]) -> None:
    stored, scale = quantise(vectors)
    columns = {
        "text_key": pa.array([text_key(query) for query in queries], pa.uint64()),
        "model_id": [model_id()] * len(queries),
        "scale": scale,
        "vector": pa.array([each.tobytes() for each in stored], pa.binary()),
    }
    store.append("vectors", pa.table(columns))


def run_weeks(store: Store, settings: Settings, weeks: Iterable[int]) -> list[dict[str, Any]]:
    return [run(store, close(week), settings) for week in weeks]


def votes(vectors: npt.NDArray[np.float32]) -> Votes:
    """Return votes of one week with these vectors, in stored form."""
    n = len(vectors)
    keys = np.arange(n, dtype=np.uint64)
    return Votes(dequantise(quantise(vectors)[0]), keys, keys, np.zeros(n, int))


class Clouds:
    """Groups of alike queries: two of a group have cosine .6, two of different groups about 0."""

    def __init__(self, seed: int, groups: int = 13, texts: int = 80) -> None:
        self.rng = np.random.default_rng(seed)
        centres = _unit(self.rng.normal(size=(groups, 1, DIMENSION)))
        noise = _unit(self.rng.normal(size=(groups, texts, DIMENSION)))
        self.vectors = _unit(0.6**0.5 * centres + 0.4**0.5 * noise)
        self.texts = [[f"group{g} wording{n}" for n in range(texts)] for g in range(groups)]

    def fill(self, store: Store) -> None:
        """Store every vector, so that nothing is left to embed."""
        queries = [text for group in self.texts for text in group]
        store_vectors(store, queries, self.vectors.reshape(-1, DIMENSION))

    def draw(self, n: int, *, new: int = 0, groups: int = 12) -> Votes:
        """Return n votes of the first groups, `new` of them of the last group, in stored form."""
        known = self.rng.integers(0, groups, n - new)
        chosen = np.concatenate([known, np.full(new, len(self.texts) - 1)])
        return self.of(self.rng.permutation(chosen))

    def of(self, chosen: npt.NDArray[np.int64]) -> Votes:
        """Return a vote of each of these groups, which is its topic, with texts."""
        wordings = self.rng.integers(0, self.vectors.shape[1], len(chosen))
        texts = tuple(self.texts[g][n] for g, n in zip(chosen, wordings, strict=True))
        return replace(votes(self.vectors[chosen, wordings]), topics=chosen, texts=texts)

    def ask(self, n: int, *, new: int = 0, groups: int = 12) -> list[str]:
        """Return n queries of the first groups, the last `new` of them of the last group."""
        known = self.rng.integers(0, groups, n - new).tolist() + [len(self.texts) - 1] * new
        chosen = [self.texts[g][self.rng.integers(len(self.texts[g]))] for g in known]
        return [chosen[n] for n in self.rng.permutation(len(chosen))]


def real_queries(name: str) -> dict[str, list[str]]:
    """Return real queries by intent, or skip the test and say what is missing."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("SHARED_FOLDER", beside))  # noqa: TID251
    file = folder / "data" / f"{name}.jsonl.gz"
    if not file.is_file():
        pytest.skip(f"no {name}.jsonl.gz: SHARED_FOLDER names the folder that holds data/")
    intents: dict[str, list[str]] = {}
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            query = json.loads(line)
            intents.setdefault(query["intent"], []).append(query["text"])
    return intents


def _unit(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    scaled: npt.NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return scaled.astype(np.float32)
