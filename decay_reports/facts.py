"""Everything that any form of the weekly report prints: computed once, kept as canonical JSON."""

import math
from datetime import date, datetime
from typing import Literal

import msgspec

from decayd.results import Estimate

SCHEMA_VERSION = 1
VerdictState = Literal["falling", "recovering", "steady", "learning", "not_measurable"]


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows have one name, such as a failure type or a reason."""

    name: str
    n: int
    next_step: str = ""


class BaselineFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The launch baseline of one feature: what "before" means in its section."""

    weeks: tuple[date, ...]
    success: Estimate
    accepted_by: str = ""
    reason: str = ""


class WeekFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One closed week of a feature.

    `success` is what is known now (withheld numbers carry their reason in `why_not`);
    `detectable` is the smallest change of this week's figure that would have been seen, in shares.
    """

    week: date
    success: Estimate
    detectable: float | None = None
    pooled_weeks: int = 1


class SignalFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What users' signals say in the confirmed week and said in the baseline weeks."""

    satisfaction: Estimate
    friction: Estimate
    coverage: float | None = None
    satisfaction_before: Estimate = Estimate(None)
    friction_before: Estimate = Estimate(None)


class InfrastructureFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The row that is usually green: latency and errors of the newest week beside the baseline's.

    `state` is `green`, `worse` or `unknown` (nothing to compare with); `words` say why.
    """

    week: date
    requests: int
    latency_p50_ms: Estimate
    latency_p95_ms: Estimate
    error_share: Estimate
    timeout_share: Estimate
    refusal_share: Estimate
    latency_p95_before_ms: float | None = None
    error_share_before: float | None = None
    state: Literal["green", "worse", "unknown"] = "unknown"
    words: str = ""


class TrendPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One week of the trend: the confirmed figure, and the first one that was printed for it.

    `success` is the figure at lag 1 (or the only one, for a back-filled week); it is None for the
    provisional week, which has only `first`, the figure at lag 0. `latest` is the newest lag
    known, `restated` says that `latest` left the interval of `first`.
    """

    week: date
    success: Estimate | None
    first: Estimate | None
    latest: Estimate | None = None
    restated: bool = False
    back_filled: bool = False
    requests: int = 0
    latency_p95_ms: float | None = None
    error_share: float | None = None


class PartFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One additive part of a change of success, in shares with a bootstrap interval.

    `cause` says that its interval excludes 0 and its sign is the change's.
    """

    name: str
    change: Estimate
    cause: bool = False


class AttributionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The change from the baseline weeks to the last weeks, in parts that sum to it."""

    weeks_before: tuple[date, ...]
    weeks_now: tuple[date, ...]
    before: Estimate
    now: Estimate
    total: Estimate
    parts: tuple[PartFacts, ...]

    @property
    def gap(self) -> float:
        """Return the change minus the sum of its parts: 0 up to rounding."""
        values = [part.change.value or 0.0 for part in self.parts]
        return (self.total.value or 0.0) - math.fsum(values)


class TopicFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One topic's share and success before and now, and what it contributes to the change."""

    topic_id: str
    label: str
    share_before: Estimate
    share_now: Estimate
    success_before: Estimate
    success_now: Estimate
    contribution: float | None = None


class EmergedFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A topic that was not in the baseline, with masked example queries."""

    topic_id: str
    label: str
    examples: tuple[str, ...]
    first_week: date
    n: int
    share_before: Estimate
    share_now: Estimate
    success_now: Estimate
    finding_id: str = ""


class ChangeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the change ledger; `days_from_onset` is negative when it came before."""

    ts: datetime
    day: date
    artifact: str
    name: str
    before: str = ""
    after: str = ""
    ref: str = ""
    everywhere: bool = False
    days_from_onset: int | None = None


class DatasetFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version of a training set, and the command that pulls it."""

    name: str
    version: str
    state: str
    rows: int
    command: str
    features: tuple[str, ...] = ()
    failure_types: tuple[Count, ...] = ()
    topics: tuple[Count, ...] = ()
    rejects: tuple[Count, ...] = ()


class FindingFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A finding of the last weeks: what to do next, and how to list the requests behind it."""

    finding_id: str
    kind: str
    title: str
    severity: str
    state: str
    since: date
    n_members: int
    next_step: str = ""
    command: str = ""


class HealthFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a feature's measurement can be believed, in the newest closed week.

    `outcomes_words` carries the completeness gate's result in words; `gate_fires` says that the
    headline is withheld.
    """

    outcome_arrived: Estimate
    join: Estimate
    rating: Estimate
    embedded: Estimate
    gate_fires: bool = False
    outcomes_words: str = ""


class MethodFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What an engineer needs to redo a feature's headline number."""

    n_eff: float | None = None
    weight_of_signals: float | None = None
    arrived_by_day: dict[str, float] = {}
    alarm_level: float | None = None
    alarm_threshold: float | None = None
    topic_model: str = ""


class FeatureFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One feature's section of the report."""

    name: str
    owner: str
    verdict: VerdictState
    words: str
    confirmed: WeekFacts
    provisional: WeekFacts
    signals: SignalFacts
    infrastructure: InfrastructureFacts
    health: HealthFacts
    onset: date | None = None
    incident_id: str = ""
    baseline: BaselineFacts | None = None
    trend: tuple[TrendPoint, ...] = ()
    attribution: AttributionFacts | None = None
    topics: tuple[TopicFacts, ...] = ()
    emerged: tuple[EmergedFacts, ...] = ()
    changes: tuple[ChangeFacts, ...] = ()
    failures: tuple[Count, ...] = ()
    n_failures: int = 0
    datasets: tuple[DatasetFacts, ...] = ()
    findings: tuple[FindingFacts, ...] = ()
    not_measured: tuple[str, ...] = ()
    methods: MethodFacts = MethodFacts()


class DifferenceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it was in the report of the week before."""

    feature: str
    kind: Literal["verdict", "success", "finding", "topic", "dataset", "feature"]
    words: str


class IntakeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What came in during the newest week, over all features."""

    requests: int
    signals: int
    outcomes: int
    dead_letters: tuple[Count, ...] = ()
    gaps: int = 0
    newest_event: datetime | None = None

    @property
    def n_dead_letters(self) -> int:
        """Return the number of dead letters of the week."""
        return sum(count.n for count in self.dead_letters)


class ReportFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The weekly decay report as known at `as_of`.

    `week` is the newest closed week, whose figures are provisional; `confirmed_week` the one
    before, which verdicts rest on. Shares are 0-1; a missing number says why in `why_not`.
    """

    version: int = SCHEMA_VERSION
    organisation: str
    timezone: str
    as_of: datetime
    week: date
    confirmed_week: date
    headline: str
    features: tuple[FeatureFacts, ...]
    intake: IntakeFacts
    last_report: datetime | None = None
    changed: tuple[DifferenceFacts, ...] = ()
    not_measured: tuple[str, ...] = ()
    false_pages_per_year: float | None = None

    def feature(self, name: str) -> FeatureFacts | None:
        """Return one feature's section, or None."""
        return next((feature for feature in self.features if feature.name == name), None)


def to_json(facts: ReportFacts) -> bytes:
    """Return the canonical JSON: sorted keys, no white space, one form per value."""
    return msgspec.json.encode(facts, order="sorted")


def from_json(data: bytes | str) -> ReportFacts:
    """Read what `to_json` wrote.

    Raises
    ------
    msgspec.ValidationError
        When `data` has another shape.
    """
    return msgspec.json.decode(data, type=ReportFacts)
