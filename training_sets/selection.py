"""Selects the failures of a period from what the store knew about it at a moment."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from decayd.config import DatasetSettings, Settings
from store.database import Store
from training_sets.failures import (
    Failure,
    FinalText,
    Habit,
    Judged,
    Replacement,
    Said,
    evidence,
)

_MAX_CHAIN = 20  # regenerations of one prompt that are followed
_NO_SCORE: Mapping[str, Any] = {"score": None, "taken": False}
_NO_OUTCOME: Mapping[str, Any] = dict.fromkeys(("y", "outcome", "outcome_id", "outcome_ts"))


@dataclass(frozen=True)
class Period:
    """Half-open window of request times, as known at `until`."""

    start: datetime
    until: datetime


@dataclass(frozen=True)
class Selection:
    """The failures of a period, why each is one, and what was left out before."""

    period: Period
    failures: tuple[tuple[Failure, tuple[str, ...]], ...]
    excluded: Mapping[str, int]
    traffic: Mapping[str, int]


@dataclass(frozen=True)
class History:
    """What was said since a period began, by request key; sets of the same period share it."""

    period: Period
    said: Mapping[int, tuple[Said, ...]]
    judged: Mapping[int, tuple[Judged, ...]]
    finals: Mapping[int, tuple[FinalText, ...]]
    outcomes: Mapping[int, Mapping[str, Any]]
    scores: Mapping[int, Mapping[str, Any]]
    successors: Mapping[int, Mapping[str, Any]]
    habits: Mapping[tuple[str, str | None], Habit]

    def keys(self) -> set[int]:
        """Return the requests that may be failures."""
        against = {k for k, said in self.said.items() if any(map(_may_be_against, said))}
        failed = {k for k, outcome in self.outcomes.items() if outcome["y"] == 0}
        return against | failed | set(self.judged) | set(self.finals) | set(self.successors)

    def join(self, request: Mapping[str, Any]) -> Failure:
        """Return a request with everything that was said about it."""
        key = request["request_key"]
        found = {**_NO_OUTCOME, **self.outcomes.get(key, {})}
        score = self.scores.get(key, _NO_SCORE)["score"]
        return Failure(
            request={**request, **found, "score": score},
            said=self.said.get(key, ()),
            judged=self.judged.get(key, ()),
            finals=self.finals.get(key, ()),
            replacement=self._kept(key),
            replaced=key in self.successors,
            habit=self.habits.get((request["feature"], request["topic_id"]), Habit()),
        )

    def _kept(self, key: int) -> Replacement | None:
        """Follow the chain of regenerations to its end; the last one counts if it was taken."""
        last = None
        for _ in range(_MAX_CHAIN):
            successor = self.successors.get(key)
            if successor is None:
                break
            last, key = successor, successor["request_key"]
        if last is None or not self._taken(key):
            return None
        fields = ("request_id", "query", "response", "finish_reason", "user_id")
        return Replacement(**{name: last[name] for name in fields})

    def _taken(self, key: int) -> bool:
        """Tell whether a person's word stands behind an answer."""
        outcome = self.outcomes.get(key)
        if outcome is not None:
            return bool(outcome["y"] == 1)
        rated = self.scores.get(key, _NO_SCORE)
        return bool(rated["taken"]) and rated["score"] > 0


def read_history(store: Store, weeks: int, as_of: datetime, settings: Settings) -> History:
    """Read what was said in the last `weeks` before `as_of` (naive UTC), as known then."""
    period = Period(as_of - timedelta(weeks=weeks), as_of)
    known = {"as_of": as_of}
    since = {**known, "from_ts": period.start}
    values = json.dumps(settings.outcomes)
    said = _grouped(Said, store.rows("dataset_signals", **since))
    successors = store.rows("dataset_regenerated", **since)
    rated = [*said, *(row["request_key"] for row in successors)]
    return History(
        period=period,
        said=said,
        judged=_grouped(Judged, store.rows("dataset_labels", **known)),
        finals=_grouped(FinalText, store.rows("dataset_final_texts", **since)),
        outcomes=_keyed(store.rows("dataset_outcomes", **since, outcome_values=values)),
        scores=_keyed(store.rows("dataset_scores", **known, keys=rated)),
        successors={row["replaced_key"]: row for row in successors},  # the latest counts
        habits=_habits(store.rows("dataset_habits", **since, until_ts=as_of)),
    )


def select(store: Store, config: DatasetSettings, history: History) -> Selection:
    """Read the failures of the set's features in the history's period, oldest first."""
    period = history.period
    span = {"as_of": period.until, "from_ts": period.start, "until_ts": period.until}
    chosen = {**span, "features": list(config.features), "keys": list(history.keys())}
    joined = [history.join(row) for row in store.rows("dataset_failures", **chosen)]
    traffic = store.rows("dataset_traffic", **span)
    excluded = store.rows("dataset_excluded", **chosen)
    return Selection(
        period=period,
        failures=tuple((each, why) for each in joined if (why := evidence(each))),
        excluded={row["reason"]: row["n"] for row in excluded},
        traffic={row["feature"]: row["n_requests"] for row in traffic},
    )


def _may_be_against(said: Said) -> bool:
    return said.weight < 0 or said.signal == "edit"


def _keyed(rows: Iterable[dict[str, Any]]) -> dict[int, Mapping[str, Any]]:
    return {row.pop("request_key"): row for row in rows}


def _grouped(kind: Any, rows: Iterable[dict[str, Any]]) -> dict[int, tuple[Any, ...]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.pop("request_key")].append(kind(**row))
    return {key: tuple(values) for key, values in found.items()}


def _habits(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str | None], Habit]:
    return {
        (row["feature"], row["topic_id"]): Habit(row["refused_share"], row["retrieved_share"])
        for row in rows
    }
