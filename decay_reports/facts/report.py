"""Everything that any form of the weekly report prints: computed once, kept as canonical JSON."""

import math
from datetime import date, datetime
from typing import Literal

import msgspec

from decay_reports.causes.why_facts import WhyFacts
from decay_reports.facts.asked_facts import AskedFacts
from decay_reports.facts.aspect import AspectFacts
from decay_reports.facts.system import (
    NOTHING,
    Count,
    DifferenceFacts,
    IntakeFacts,
    ReviewFacts,
)
from decayd.results import Estimate

SCHEMA_VERSION = 1
VerdictState = Literal["falling", "recovering", "steady", "learning", "not_measurable"]


class BaselineFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The level that a feature is held against: what "before" means in its section."""

    weeks: tuple[date, ...]
    success: Estimate
    accepted_by: str = ""
    reason: str = ""


class WeekFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Success in one closed week.

    A withheld or unmeasurable number carries its reason in `success.why_not`; `detectable` is
    the smallest change that would have been seen (a share), `pooled_weeks` how many weeks it took.
    """

    week: date
    success: Estimate
    detectable: float | None = None
    pooled_weeks: int = 1
    withheld: bool = False


class SignalFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What users' signals say in the confirmed week, and said in the baseline weeks."""

    week: date
    satisfaction: Estimate = NOTHING
    friction: Estimate = NOTHING
    coverage: Estimate = NOTHING
    satisfaction_before: Estimate = NOTHING
    friction_before: Estimate = NOTHING


class InfrastructureFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Latency and errors of the newest week beside the baseline's: the row that stays green.

    `state` is `unknown` when there is nothing to compare with.
    """

    week: date
    n_requests: int = 0
    latency_p50_ms: Estimate = NOTHING
    latency_p95_ms: Estimate = NOTHING
    error_share: Estimate = NOTHING
    timeout_share: Estimate = NOTHING
    refusal_share: Estimate = NOTHING
    latency_p95_before_ms: Estimate = NOTHING
    error_share_before: Estimate = NOTHING
    timeout_share_before: Estimate = NOTHING
    state: Literal["green", "worse", "unknown"] = "unknown"


class TrendPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One week of the trend.

    `success` is the figure at the newest `lag` >= 1, None for the provisional week; `first` is
    the figure at lag 0, the first that was printed, None for a back-filled week. `restated` says
    that the two differ by a point or more.
    """

    week: date
    success: Estimate | None
    first: Estimate | None
    lag: int = 0
    restated: bool = False
    back_filled: bool = False
    n_requests: int = 0
    latency_p95_ms: Estimate = NOTHING
    error_share: Estimate = NOTHING


class PartFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One additive part of a change of success, in shares with a 95 % interval.

    `cause` says that its 90 % interval leaves out 0 and that its sign is the change's.
    """

    name: str  # a key of `decay_reports.wording.PARTS`
    change: Estimate
    cause: bool = False


class AttributionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The change from the baseline weeks to the last confirmed weeks, in parts that sum to it."""

    weeks_before: tuple[date, ...]
    weeks_now: tuple[date, ...]
    before: Estimate
    now: Estimate
    total: Estimate
    parts: tuple[PartFacts, ...]
    compound: bool = False

    @property
    def gap(self) -> float:
        """Return the change minus the sum of its parts: 0 up to rounding."""
        values = [part.change.value or 0.0 for part in self.parts]
        return (self.total.value or 0.0) - math.fsum(values)


class TopicFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One topic's share and success before and now, and its part of the change.

    Contributions (shares) sum to the change over all topics of the feature.
    """

    topic_id: str
    label: str
    share_before: Estimate = NOTHING
    share_now: Estimate = NOTHING
    success_before: Estimate = NOTHING
    success_now: Estimate = NOTHING
    contribution: float | None = None
    kind: str = "shared"  # shared | new | gone


class EmergedFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A topic that was not in the baseline, with masked example queries; `n` of the last week."""

    topic_id: str
    label: str
    examples: tuple[str, ...]
    first_week: date
    n: int
    share_now: Estimate = NOTHING
    success_now: Estimate = NOTHING
    success_rest: Estimate = NOTHING
    finding_id: str = ""


class ChangeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the change ledger.

    `days_from_onset` is this change's day minus the first day of the onset week, None without
    an onset; `everywhere` marks a change that names no feature.
    """

    day: date
    artifact: str
    name: str
    before: str = ""
    after: str = ""
    ref: str = ""
    everywhere: bool = False
    days_from_onset: int | None = None


class DatasetFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version of a training set, and the command that pulls it.

    `failures` counts what the build looked at in its `weeks`, by type; `rows_by_type` what became
    rows of the set.
    """

    name: str
    version: str
    state: str
    n_rows: int
    command: str
    weeks: int = 0
    n_failures: int = 0
    failures: tuple[Count, ...] = ()
    rows_by_type: tuple[Count, ...] = ()
    topics: tuple[Count, ...] = ()
    rejects: tuple[Count, ...] = ()


class FindingFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that is open or was closed this week, and the command that lists its requests.

    `week` is the newest it is about, `since` the first.
    """

    finding_id: str
    kind: str
    title: str
    severity: str
    state: str
    week: date
    since: date
    n_members: int
    next_step: str = ""
    command: str = ""


class HealthFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a feature's measurement can be believed.

    `outcome_expected` is the arrived share of the weeks before; when `gate_fires` the headline is
    withheld and `gate_words` say why.
    """

    week: date
    outcome_arrived: Estimate = NOTHING
    outcome_expected: Estimate = NOTHING
    rating: Estimate = NOTHING
    gate_fires: bool = False
    gate_words: str = ""


class MethodFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What an engineer needs to redo a feature's confirmed number.

    `arrived_by_day` gives the share of failures and successes that are known after so many days.
    """

    n_eff: float | None = None
    lam: float | None = None
    arrived_by_day: dict[str, float] = {}
    alarm_level: float | None = None
    alarm_threshold: float | None = None
    topic_model: str = ""


class FeatureFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One feature's section; `failures` counts the last four weeks' by what says so.

    `measure` names the signals that the verdict rests on where success has no figure.
    """

    name: str
    owner: str
    verdict: VerdictState
    words: str
    confirmed: WeekFacts
    provisional: WeekFacts
    signals: SignalFacts
    infrastructure: InfrastructureFacts
    health: HealthFacts
    reason: str = ""
    measure: str = ""
    onset: date | None = None
    alarm_day: date | None = None
    incident_id: str = ""
    acknowledged: bool = False
    learning_weeks: int = 0
    baseline: BaselineFacts | None = None
    trend: tuple[TrendPoint, ...] = ()
    attribution: AttributionFacts | None = None
    why: WhyFacts = WhyFacts()
    topics: tuple[TopicFacts, ...] = ()
    emerged: tuple[EmergedFacts, ...] = ()
    asked: AskedFacts | None = None
    changes: tuple[ChangeFacts, ...] = ()
    failures: tuple[Count, ...] = ()
    datasets: tuple[DatasetFacts, ...] = ()
    findings: tuple[FindingFacts, ...] = ()
    not_measured: tuple[str, ...] = ()
    aspects: tuple[AspectFacts, ...] = ()
    methods: MethodFacts = MethodFacts()

    @property
    def n_failures(self) -> int:
        """Return how many requests failed in the last four weeks."""
        return sum(count.n for count in self.failures)


class ReportFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The weekly decay report as known at `as_of` (naive UTC).

    `week` is the newest closed week, whose figures are provisional; `confirmed_week` is the one
    before, on which verdicts rest. `reviews` are overdue. Shares are 0-1; a missing number says why
    in `why_not`.
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
    reviews: tuple[ReviewFacts, ...] = ()
    aspects: tuple[AspectFacts, ...] = ()
    last_report: datetime | None = None
    changed: tuple[DifferenceFacts, ...] = ()
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
