"""The seven kinds of events as typed structs; see docs/events.md for what each field means.

`None` means "not sent". Fields that hold maps or lists keep their JSON shape; unknown keys of the
record travel in `extra`. User ids are still plain here: the writer replaces them.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal

import msgspec

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Time = datetime | int | float
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Amount = Annotated[float, msgspec.Meta(ge=0)]
Status = Literal["ok", "error", "timeout", "refused", "fallback"]
SourceKind = Literal["production", "synthetic", "import", "eval", "internal", "load"]


class ExpectedOutcome(msgspec.Struct, frozen=True):
    """What a request should lead to."""

    kind: str | None = None
    window_days: Annotated[float, msgspec.Meta(gt=0, le=3650)] | None = None
    silence: Literal["failure", "unknown"] | None = None


class Route(msgspec.Struct, frozen=True):
    """How a request was routed."""

    policy: str | None = None
    tier: str | None = None
    score: float | None = None
    attempt: int | None = None
    parent_request_id: str | None = None


class ToolCall(msgspec.Struct, frozen=True):
    """One tool call of a request."""

    name: str
    ok: bool | None = None


class Retrieved(msgspec.Struct, frozen=True):
    """One retrieved document."""

    doc_id: str
    score: float | None = None
    doc_updated_at: Time | None = None
    indexed_at: Time | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every kind has."""

    kind: ClassVar[str] = ""

    ts: Time
    event_id: Id | None = None
    v: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] = 1
    extra: dict[str, Any] | None = None


class Request(Event, frozen=True, kw_only=True):
    """One answer of a feature to one query."""

    kind: ClassVar[str] = "request"

    request_id: Id
    feature: Name
    query: str
    status: Status
    response: str | None = None
    messages: list[dict[str, Any]] | None = None
    session_id: Id | None = None
    user_id: Id | None = None
    segments: dict[str, str | int | float | bool] | None = None
    model: str | None = None
    model_resolved: str | None = None
    adapter: str | None = None
    versions: dict[str, str | int | float] | None = None
    route: Route | None = None
    region: str | None = None
    origin_region: str | None = None
    input_tokens: Count | None = None
    cached_tokens: Count | None = None
    output_tokens: Count | None = None
    cost_usd: Amount | None = None
    latency_ms: Amount | None = None
    ttft_ms: Amount | None = None
    finish_reason: str | None = None
    format_valid: bool | None = None
    tool_calls: list[ToolCall] | None = None
    retrieved: list[Retrieved] | None = None
    source_kind: SourceKind = "production"
    probe: bool = False
    tenure_days: Amount | None = None
    expected_outcome: ExpectedOutcome | None = None
    routing_propensity: Share | None = None
    regenerates: Id | None = None


class Signal(Event, frozen=True, kw_only=True):
    """Something a user (or a judge) did that says how good an answer was."""

    kind: ClassVar[str] = "signal"

    signal: Name
    request_id: Id | None = None
    session_id: Id | None = None
    value: float | None = None
    text: str | None = None
    source: Literal["explicit", "behavioural", "judge", "derived"] | None = None
    source_id: str | None = None
    actor_id: Id | None = None
    chosen: Id | None = None
    rejected: Id | None = None


class Outcome(Event, frozen=True, kw_only=True):
    """What came of a request downstream."""

    kind: ClassVar[str] = "outcome"

    outcome: Name
    request_id: Id | None = None
    session_id: Id | None = None
    success: bool | None = None
    value: float | None = None
    final_text: str | None = None
    actor_id: Id | None = None


class Change(Event, frozen=True, kw_only=True):
    """A deploy, or any other change that somebody announced."""

    kind: ClassVar[str] = "change"

    artifact: Literal[
        "prompt", "model", "adapter", "tools", "index", "embedder", "router", "code",
        "eval_set", "guideline", "component", "feature",
    ]  # fmt: skip
    name: Name
    feature: Name | None = None
    from_: str | None = msgspec.field(default=None, name="from")
    to: str | None = None
    actor: str | None = None
    ref: str | None = None
    details: dict[str, Any] | None = None


class EvalItem(msgspec.Struct, frozen=True):
    """One protected item of an eval suite."""

    item_id: Id
    input: str
    expected: str | None = None


class Eval(Event, frozen=True, kw_only=True):
    """A run of an eval suite, or the registration of its items."""

    kind: ClassVar[str] = "eval"

    suite: Name
    suite_version: Annotated[str, msgspec.Meta(min_length=1, max_length=256)] | int
    feature: Name
    score: float | None = None
    n: Count | None = None
    slices: dict[str, Any] | None = None
    subject: dict[str, Any] | None = None
    judge: str | None = None
    items: list[EvalItem] | None = None


class Label(Event, frozen=True, kw_only=True):
    """What an annotator says of one request."""

    kind: ClassVar[str] = "label"

    request_id: Id
    annotator: Id
    label: Name
    guideline: Annotated[str, msgspec.Meta(min_length=1, max_length=256)] | int
    corrected_text: str | None = None
    confidence: Share | None = None
    gold: bool = False
    supersedes: Id | None = None
    sampling_propensity: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None


class Consent(Event, frozen=True, kw_only=True):
    """What a user allows."""

    kind: ClassVar[str] = "consent"

    user_id: Id
    purpose: Literal["training", "evaluation", "analytics"]
    state: Literal["granted", "denied", "revoked", "expired"]
    policy: str | None = None
    scope: Literal["all", "future"] | None = None
    erase: bool = False


KINDS: dict[str, type[Event]] = {
    kind.kind: kind for kind in (Request, Signal, Outcome, Change, Eval, Label, Consent)
}
PERSON_FIELDS = ("user_id", "actor_id", "annotator")

_MAX_EPOCH_MS = 253_402_300_799_000  # the end of the year 9999


def epoch_us(ts: Time) -> int:
    """Turn an event's time into microseconds since 1970 in UTC; numbers are epoch milliseconds.

    >>> epoch_us(1_767_225_600_000), epoch_us(datetime(2026, 1, 1))
    (1767225600000000, 1767225600000000)

    Raises
    ------
    ValueError
        When it is no time of the years 1970 to 9999.
    """
    if isinstance(ts, datetime):
        aware = ts if ts.tzinfo else ts.replace(tzinfo=UTC)
        delta = aware - _EPOCH
        if delta.days < 0:
            raise ValueError(f"{ts.isoformat()} is before 1970")
        return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
    if not 0 <= ts <= _MAX_EPOCH_MS:
        raise ValueError(f"{ts} is not a time in epoch milliseconds")
    return int(ts * 1000)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
