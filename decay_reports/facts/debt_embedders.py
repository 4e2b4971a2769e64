"""Indexes that were built by another embedder than the one that queries go through."""

from collections.abc import Mapping, Sequence
from typing import Any

from decay_reports import numbers
from decay_reports.facts.aspect import Look, Question
from decayd.results import Finding
from drift.shares import wilson

KIND = "embedder_mismatch"
_NAME = 60
_LEAST = 10  # requests of a week; fewer may be somebody's trial
_SEND_INDEX = "indexes: send `details.embedder` with each `change` of an index"
_SEND_QUERY = "embedder of queries: send `versions.embedder` with each request"

Row = Mapping[str, Any]


def embedders(question: Question) -> Look:
    """Compare what built the current indexes with what last week's queries name."""
    about = {"feature": question.feature, "as_of": question.as_of}
    indexes = question.store.rows("debt_indexes", **about)
    traffic = question.store.rows("debt_embedders", since=question.since(1), **about)
    named = [row for row in traffic if row["embedder"]]
    built = [row for row in indexes if row["embedder"]]
    if not named or not built:
        lacking = [_SEND_QUERY] * (bool(indexes) and not named)
        lacking += [_SEND_INDEX] * (not built and bool(named or indexes))
        return Look(missing="; ".join(lacking))
    n_all = sum(row["n"] for row in traffic)
    apart = [(row, index) for row in named if (index := _other(row, built)) is not None]
    apart = [(row, index) for row, index in apart if row["n"] >= _LEAST]
    if not apart:
        n = numbers.count(sum(row["n"] for row in named), "request")
        return Look(lines=(f"Indexes and queries go through the same embedder ({n} of a week).",))
    said = [_words(row, index, n_all) for row, index in apart]
    told = _findings(question, apart, said)
    return Look(lines=tuple(f"{words}." for words in said), findings=told)


def _other(row: Row, built: Sequence[Row]) -> Row | None:
    """Return the index of a request's row when another embedder built it.

    The index is the one whose version the requests name, else any that is current by its name.
    """
    named = [index for index in built if row["index_version"] in (index["version"], index["name"])]
    current = list({index["name"]: index for index in built}.values())
    candidates = named[-1:] if row["index_version"] and named else current
    same = any(_plain(index["embedder"]) == _plain(row["embedder"]) for index in candidates)
    return None if same else candidates[-1]


def _plain(name: str) -> str:
    return name.strip().casefold()


def _words(row: Row, index: Row, n_all: int) -> str:
    name, version, builder, asker = (
        numbers.visible(text, _NAME)
        for text in (index["name"], index["version"], index["embedder"], row["embedder"])
    )
    share = numbers.share_of(wilson(row["n"], n_all))
    shown = f"index {name} {version}".rstrip()
    return f"{shown} was built by {builder}, while {share} of last week's queries use {asker}"


def _findings(
    question: Question, apart: Sequence[tuple[Row, Row]], said: Sequence[str]
) -> tuple[Finding, ...]:
    """Return one finding per index and embedder; of several versions the most frequent speaks."""
    found: dict[tuple[str, str], Finding] = {}
    for (row, index), words in zip(apart, said, strict=True):
        about = (index["name"], _plain(row["embedder"]))
        found.setdefault(about, Finding(
            finding_id="", kind=KIND, feature=question.feature, as_of=question.as_of,
            week=question.week, severity="warning", title=words,
            next_step="build the index anew with the embedder of the queries, or set that back",
            member_request_ids=(row["request_id"],), details={"about": list(about)},
        ))  # fmt: skip
    return tuple(found.values())
