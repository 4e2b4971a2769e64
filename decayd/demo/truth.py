"""The truth of a run: what really happened each week, and what was planted for others to find."""

from collections import Counter, defaultdict
from datetime import date
from typing import Literal

import msgspec

from decayd.demo.answers import Turn
from decayd.demo.timeline import Timeline

LAST_WEEKS = 4  # "before" is weeks 1 to 4, "after" the last four
PlantedKind = Literal["steady", "slide", "signal_change", "new_topic", "overlap", "revoked"]


class FeatureWeek(msgspec.Struct, frozen=True):
    """What really happened to a feature's user requests (status ok or refused) in one full week."""

    feature: str
    week: date
    n: int
    n_success: int

    @property
    def success_rate(self) -> float:
        """Return the true share of answers that helped."""
        return self.n_success / self.n if self.n else float("nan")


class Planted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was put into the traffic, and what a good report says of it.

    `before` and `after` are true success rates of the first and the last four weeks; `share` and
    `success` are the new topic's in the last four. `request_ids` are the new topic's requests, the
    failing requests whose query is an eval item (in step with `eval_item_ids`), or the failures
    with a right answer known of users who then revoked (`user_ids`).
    """

    kind: PlantedKind
    feature: str
    what: str
    expectation: str
    from_week: date | None = None
    to_week: date | None = None
    before: float | None = None
    after: float | None = None
    share: float | None = None
    success: float | None = None
    words: tuple[str, ...] = ()
    request_ids: tuple[str, ...] = ()
    eval_item_ids: tuple[str, ...] = ()
    user_ids: tuple[str, ...] = ()


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a reader of the report may be told afterwards."""

    seed: int
    start: date
    end: date
    weeks: int
    scale: float
    n_events: dict[str, int]
    n_texts: int
    figures: tuple[FeatureWeek, ...]
    planted: tuple[Planted, ...]

    def rate(self, feature: str, first: date, last: date) -> float:
        """Return a feature's true success rate over the weeks from `first` to `last`."""
        weeks = [f for f in self.figures if f.feature == feature and first <= f.week <= last]
        n = sum(f.n for f in weeks)
        return sum(f.n_success for f in weeks) / n if n else float("nan")


class RequestTruth(msgspec.Struct, frozen=True):
    """What only the simulator knows of one request; `success` is None for an error or timeout."""

    request_id: str
    feature: str
    intent: str
    success: bool | None
    week: date


class Tally:
    """Counts the turns of a run as they are drawn."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._n: Counter[tuple[str, int]] = Counter()
        self._n_success: Counter[tuple[str, int]] = Counter()
        self._intents: dict[tuple[str, str], list[tuple[int, bool, str]]] = defaultdict(list)
        self._texts: set[str] = set()

    def add(self, turn: Turn, *, watch: str) -> None:
        """Count one turn; the requests about the intent `watch` are remembered."""
        self._texts.add(turn.request.query)
        feature, week = turn.request.feature, self._timeline.week(turn.at_ms)
        if turn.success is None or week > self._timeline.weeks:
            return
        self._n[feature, week] += 1
        self._n_success[feature, week] += turn.success
        if turn.intent == watch:
            about = (week, turn.success, turn.request.request_id)
            self._intents[feature, watch].append(about)

    @property
    def n_texts(self) -> int:
        """Return the number of distinct queries."""
        return len(self._texts)

    def figures(self, features: tuple[str, ...]) -> tuple[FeatureWeek, ...]:
        """Return every feature's full weeks, oldest first."""
        return tuple(
            FeatureWeek(f, self._timeline.monday(w), self._n[f, w], self._n_success[f, w])
            for f in features
            for w in range(1, self._timeline.weeks + 1)
        )

    def request_ids(self, feature: str, intent: str) -> tuple[str, ...]:
        """Return the user requests about a watched intent, in the order of drawing."""
        return tuple(request_id for _, _, request_id in self._intents[feature, intent])

    def last_weeks(self, feature: str, intent: str) -> tuple[float, float]:
        """Return a watched intent's share of traffic and its success in the last four weeks."""
        first = self._timeline.weeks + 1 - LAST_WEEKS
        members = [ok for week, ok, _ in self._intents[feature, intent] if week >= first]
        n_all = sum(self._n[feature, w] for w in range(first, self._timeline.weeks + 1))
        share = len(members) / n_all if n_all else 0.0
        return share, sum(members) / len(members) if members else float("nan")
