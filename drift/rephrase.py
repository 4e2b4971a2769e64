"""Finds answers whose question was put again in other words, at each week's close.

Nobody sends that signal. A rephrase speaks of the earlier answer: within 10 minutes the same
session asks the same feature the same thing in other words, and nothing positive was said in
between. The same text again is a retry, which `collector/derive.py` finds. What an emitter has sent
itself is not derived again.

A row is written once, for the first question that asks again, with that question's time and
available from the close that found it; what arrives later changes none.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collector.since import mark_run, since
from decayd import log
from decayd.config import Settings
from drift.cuts import Cuts, cuts_for
from drift.embedding import Encoder, dequantise
from drift.model_files import find_model
from drift.reworded import ALWAYS, least_cosine
from drift.vectors import Embedder
from drift.words import Known
from store.database import Store

_log = log.get("rephrase")

_MARK = "rephrased_until"
_MOST_LATER = 20  # questions after an answer; a person asks fewer in 10 minutes
_BEFORE_ASKED = timedelta(days=1)  # a signal may be stamped a little before its request


def run(store: Store, as_of: datetime, settings: Settings) -> dict[str, Any]:
    """Write the rephrases that can be found in what was known at `as_of`.

    Only pairs of which one became available since the last run are looked at. Their texts are
    embedded whatever `topics.max_texts` says: friction must not depend on a sample. Running it
    again changes nothing.

    Returns
    -------
    dict
        Counts: pairs looked at, texts embedded, new signals; and whether the model is uncalibrated,
        which leaves all pairs to a later run.

    Raises
    ------
    ModelMissing
        When the embedding model can't be loaded.
    """
    topics = settings.topics
    encoder = Encoder(topics.model, topics.device, topics.threads)
    cuts = cuts_for(encoder.model_id, store, as_of)
    if cuts is None:
        _log.info("uncalibrated", model=encoder.model_id)
        return {"pairs": 0, "texts": 0, "rephrase": 0, "uncalibrated": True}
    known = dictionary(find_model(topics.model).folder)
    search = _Search(Embedder(store, encoder, as_of), cuts, known)
    since_ = since(store, _MARK, as_of)
    days = [
        search.day(row["day"], since_)
        for row in store.rows("rephrase_days", as_of=as_of, since=since_)
    ]
    n_new = _write(store, as_of, pa.concat_tables([day.found for day in days]) if days else None)
    return {
        "pairs": sum(day.n_pairs for day in days),
        "texts": sum(day.n_texts for day in days),
        "rephrase": n_new,
        "uncalibrated": False,
    }


@cache
def dictionary(folder: Path) -> Known:
    """Return what tells the words of a model's vocabulary: those that are one token.

    Without a `tokenizer.json` every word counts as one, and no typo is forgiven.
    """
    from tokenizers import Tokenizer

    file = folder / "tokenizer.json"
    if not file.is_file():
        return lambda _: True
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()

    @cache
    def known(word: str) -> bool:
        return len(tokenizer.encode(word, add_special_tokens=False).ids) == 1

    return known


@dataclass(frozen=True)
class _Day:
    """What a day's answers gave: those asked again, and how much was looked at."""

    found: pa.Table
    n_pairs: int
    n_texts: int


@dataclass(frozen=True)
class _Search:
    """Looks through pairs of questions, a day at a time."""

    embedder: Embedder
    cuts: Cuts
    known: Known

    def day(self, day: date, since: datetime) -> _Day:
        """Return the first question that asks again of each answer of a UTC day."""
        pairs = self.embedder.store.table(
            "rephrase_pairs",
            as_of=self.embedder.as_of,
            since=since,
            start=datetime.combine(day, time()),
            most=_MOST_LATER,
        )
        texts = zip(pairs["earlier"].to_pylist(), pairs["later"].to_pylist(), strict=True)
        least = np.array(
            [least_cosine(*each, self.cuts, self.known) for each in texts], np.float64
        )  # NaN, which no cosine reaches, stands for never
        measured = pairs.filter(least > ALWAYS)
        keys = {*measured["earlier_key"].to_pylist(), *measured["later_key"].to_pylist()}
        n_texts = self.embedder.these(list(keys))
        again = pairs.filter((self._cosines(pairs, keys) >= least) | (least == ALWAYS))
        _, first = np.unique(again["request_key"].to_numpy(), return_index=True)
        return _Day(again.take(np.sort(first)), pairs.num_rows, n_texts)

    def _cosines(self, pairs: pa.Table, keys: set[int]) -> npt.NDArray[np.float64]:
        """Return each pair's cosine; NaN where a text has no vector."""
        table = self.embedder.store.table(
            "topic_vectors", keys=sorted(keys), model_id=self.embedder.model_id
        )
        place = {key: n for n, key in enumerate(table["text_key"].to_pylist())}
        ours, its = (
            np.array([place.get(key, -1) for key in pairs[name].to_pylist()], np.int64)
            for name in ("earlier_key", "later_key")
        )
        both = (ours >= 0) & (its >= 0)
        cosines = np.full(pairs.num_rows, np.nan)
        if both.any():
            blobs = [np.frombuffer(each, np.int8) for each in table["vector"].to_pylist()]
            vectors = dequantise(np.stack(blobs))
            cosines[both] = np.einsum("nd,nd->n", vectors[ours[both]], vectors[its[both]])
        return cosines


def _write(store: Store, as_of: datetime, found: pa.Table | None) -> int:
    with store.transaction() as transaction:
        n_new = 0
        if found is not None and found.num_rows:
            transaction.stage("candidates", _candidates(found))
            earliest = min(found["asked_at"].to_pylist()) - _BEFORE_ASKED
            new = transaction.table("rephrase_new", as_of=as_of, **{"from": earliest})
            transaction.stage("staged_signals", new)
            transaction.run("derive_insert_staged", as_of=as_of)
            n_new = new.num_rows
        mark_run(transaction, store, _MARK, as_of)
    return n_new


def _candidates(found: pa.Table) -> pa.Table:
    ids = zip(found["request_id"].to_pylist(), found["later_id"].to_pylist(), strict=True)
    columns = {
        "event_id": [f"derived:rephrase:{earlier}:{later}" for earlier, later in ids],
        "signal": ["rephrase"] * found.num_rows,
    } | {name: found[name] for name in ("request_id", "request_key", "session_id", "ts")}
    return pa.table(columns)
