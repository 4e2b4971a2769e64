"""Why success changed: topic mix, within topics, new and gone topics, in parts that sum exactly."""

from datetime import date

import msgspec

from decayd.results import Estimate


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the change, a difference of shares with its 95 % interval.

    `named_cause` when the 90 % interval leaves out 0 and the sign is the change's.
    """

    name: str  # topic_mix | within_topic | new_topics | gone_topics
    value: float
    low: float
    high: float
    named_cause: bool = False


class TopicChange(msgspec.Struct, frozen=True, kw_only=True):
    """One topic's row: shares of all requests, success where there were requests."""

    topic_id: str
    share_before: float
    share_now: float
    success_before: Estimate
    success_now: Estimate
    contribution: float
    n_before: int
    n_now: int
    kind: str = "shared"  # shared | new | gone


class Attribution(msgspec.Struct, frozen=True, kw_only=True):
    """The change from the baseline weeks to the last four confirmed weeks, taken apart.

    `total` = `after` − `before`; the parts sum to it, and so do the topics' contributions.
    `causes` are the named parts, the largest first; `compound` when the second is ≥ 45 % of it.
    """

    feature: str
    total: Estimate
    before: Estimate
    after: Estimate
    before_weeks: tuple[date, ...]
    after_weeks: tuple[date, ...]
    parts: tuple[Part, ...]
    topics: tuple[TopicChange, ...]
    causes: tuple[str, ...]
    compound: bool
    n_before: int
    n_now: int
