"""What the report says of the things people ask: topics, tests of drift, and what they found."""

from datetime import date

import msgspec

from decayd.results import NOT_MEASURED, Estimate

_NOTHING = Estimate(None, why_not=NOT_MEASURED)


class WeekShare(msgspec.Struct, frozen=True, kw_only=True):
    """A topic's share of one week's requests."""

    week: date
    share: Estimate


class AskedTopic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic of the newest week beside the baseline, and success of its requests.

    `success` is of the confirmed week, `success_rest` that of all other requests of it. `covered`
    is the share of the newest week's votes that are near a registered eval item. `weekly` is
    filled for the few topics that are drawn.
    """

    topic_id: str
    label: str
    state: str = ""  # frozen | emerging | quiet; empty for requests without a topic
    share_now: Estimate = _NOTHING
    share_before: Estimate = _NOTHING
    success: Estimate = _NOTHING
    success_rest: Estimate = _NOTHING
    covered: Estimate = _NOTHING
    weekly: tuple[WeekShare, ...] = ()


class ChannelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One test of the newest week: a window of so many weeks beside what it is compared with.

    `state` is `quiet`, `alarm`, `not enough data` or `explained by …`; `since` is the first week
    of an alarm that never paused, `p` None where nothing was tested.
    """

    channel: str
    weeks: int
    against: str
    state: str
    n: int
    n_reference: int
    n_requests: int
    sampled: bool = False
    p: float | None = None
    since: date | None = None


class AskedChange(msgspec.Struct, frozen=True, kw_only=True):
    """A finding about topics or style that is open, or was closed at this report.

    Success of its requests and of the others is of the weeks `success_weeks`.
    """

    finding_id: str
    kind: str
    title: str
    state: str
    since: date
    topic_id: str = ""
    now: Estimate = _NOTHING
    before: Estimate = _NOTHING
    n_requests: int = 0
    examples: tuple[str, ...] = ()
    success: Estimate = _NOTHING
    success_rest: Estimate = _NOTHING
    success_weeks: tuple[date, ...] = ()
    next_step: str = ""
    command: str = ""


class ColumnDrift(msgspec.Struct, frozen=True, kw_only=True):
    """One column of the appendix: the test's p-value, and the mean in window and reference."""

    column: str
    test: str
    p: float
    below: float
    n: int
    n_reference: int
    mean_now: float | None = None
    mean_before: float | None = None


class AppendixFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The Evidently page of one feature beside the report, or why it was not made."""

    file: str = ""
    columns: tuple[ColumnDrift, ...] = ()
    version: str = ""
    why_not: str = ""


class AskedFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What people ask of one feature.

    `why_not` says why the newest week was not tested for drift. The topics are ordered by what
    needs a look: what a finding is about, then new ones, then by share.
    """

    week: date
    success_week: date
    why_not: str = ""
    baseline_weeks: tuple[date, ...] = ()
    topics: tuple[AskedTopic, ...] = ()
    covered: Estimate = _NOTHING
    channels: tuple[ChannelFacts, ...] = ()
    changes: tuple[AskedChange, ...] = ()
    appendix: AppendixFacts | None = None
