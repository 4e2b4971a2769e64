"""The small table that the appendix shows: the votes of the newest week and of its reference.

They are the votes that the weekly test of topic shares compared, read again, so that the appendix
and the alarm speak of the same queries. No text, no user and no request id is in it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from decayd.config import Settings
from decayd.weeks import WEEK, week_of
from drift.base import Votes
from drift.channels import REFERENCE
from drift.detectors import shares, style
from drift.embedding import Encoder
from drift.familiarity import familiarity
from drift.looks import Look, looks_at
from drift.state import Past, WeekState, load_past
from drift.vectors import Embedder
from drift.windows import Reading
from store.database import Store

TOPIC = "topic"
NUMBERS = ("query_length", "unknown_words", "novelty", "success", "satisfaction", "latency_ms")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Frame:
    """Window and reference with the columns `topic` and `NUMBERS`, and what the share test needs.

    `topics` are the ids in the order of their numbers, `wobble` the deviation that the test allows
    and `p_value` what it said.
    """

    now: pa.Table
    before: pa.Table
    topics: tuple[str, ...]
    wobble: float
    p_value: float


def frame(store: Store, feature: str, as_of: datetime, settings: Settings) -> Frame | str:
    """Return the table of a feature's newest week, or why there is none."""
    zone = settings.report.timezone
    past, week = load_past(store, feature, as_of), week_of(as_of, zone) - WEEK
    state = next((each for each in past.weeks if each.week == week), None)
    if state is None or state.why_not or past.baseline is None:
        return state.why_not if state else "the week was not tested for drift"
    if why_not := next((look.why_not for look in state.looks if look.weeks == 1), "no window"):
        return why_not
    topics = settings.topics
    embedder = Embedder(store, Encoder(topics.model, topics.device, topics.threads), as_of)
    model_id = past.accepted.model_id
    reading = Reading(store, feature, as_of, model_id, zone, topics.seed, embedder)
    before = replace(past, weeks=tuple(each for each in past.weeks if each.week < week))
    longest = max(look.weeks for look in state.looks)
    looks = looks_at(reading, before, week, week - WEEK * (longest - 1))
    look = next(each for each in looks if len(each.weeks) == 1)
    return _framed(reading, before, look, _said(state))


def _said(state: WeekState) -> float:
    """Return the p-value of the week's test of shares beside the rolling reference."""
    return next(
        each.p
        for each in state.channels
        if (each.channel, each.weeks, each.against) == ("shares", 1, REFERENCE)
    )


def _framed(reading: Reading, past: Past, look: Look, said: float) -> Frame | str:
    wobble = shares.wobble_of(past.wobble(before=look.weeks[-1]))
    found = shares.compare(look.window, look.reference, wobble).p_value
    if not np.isclose(found, said, rtol=1e-6, atol=0):
        return "the votes of that week can't be read as they were when it was tested"
    ids = past.centroids(frozen=True).ids
    anchor = reading.vectors(past.accepted.votes)
    now, before = (
        [*map(_words, reading.texts(votes.keys, style.MAX_CHARS))]
        for votes in (look.window, look.reference)
    )
    known_half = (look.reference.keys & np.uint64(1)).astype(bool)
    known = {word for n in np.flatnonzero(known_half) for word in before[n].words}
    rows = (_of_text(now, known), _of_text(before, known, without=known_half))
    tables = [
        _table(reading, votes, columns | {TOPIC: [ids[k] for k in votes.topics]}, anchor)
        for votes, columns in zip((look.window, look.reference), rows, strict=True)
    ]
    return Frame(tables[0], tables[1], ids, wobble, said)


@dataclass(frozen=True)
class _Text:
    """The length of a text in characters, and its words."""

    length: int
    words: tuple[str, ...]


def _words(text: str) -> _Text:
    return _Text(len(text), tuple(_WORD.findall(text.casefold())))


def _of_text(
    texts: list[_Text], known: set[str], without: npt.NDArray[np.bool_] | None = None
) -> dict[str, Any]:
    """Return length and share of unknown words; the half that gave the vocabulary has none."""
    unknown = [_share(word not in known for word in text.words) for text in texts]
    if without is not None:
        unknown = [None if left_out else x for x, left_out in zip(unknown, without, strict=True)]
    return {"query_length": [float(text.length) for text in texts], "unknown_words": unknown}


def _share(found: Iterable[bool]) -> float | None:
    """Return the share of True, None without any."""
    values = list(found)
    return sum(values) / len(values) if values else None


def _table(
    reading: Reading, votes: Votes, columns: dict[str, Any], anchor: npt.NDArray[np.float32]
) -> pa.Table:
    rows = reading.store.rows(
        "appendix_requests",
        feature=reading.feature,
        as_of=reading.as_of,
        keys=votes.keys.tolist(),
    )
    by_key = {row["request_key"]: row for row in rows}
    of_votes = [by_key.get(key, {}) for key in votes.keys.tolist()]
    columns["novelty"] = (1 - familiarity(votes.vectors, anchor)).astype(np.float64)
    for name in ("success", "satisfaction", "latency_ms"):
        columns[name] = pa.array([row.get(name) for row in of_votes], pa.float64())
    numbers = {name: pa.array(columns[name], pa.float64()) for name in NUMBERS}
    return pa.table({TOPIC: pa.array(columns[TOPIC], pa.string())} | numbers)
