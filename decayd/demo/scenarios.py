"""What each feature of the demo is like and what happens to it, as plain data.

Weeks are those of a 26-week run, counted from 1; `Timeline.planted` maps them to other lengths.
"""

from typing import Literal

import msgspec


class Rates(msgspec.Struct, frozen=True):
    """How often users do something after an answer that helped, and after one that did not."""

    success: float
    failure: float


class Deploy(msgspec.Struct, frozen=True):
    """A change that was announced; `key` is the entry of a request's `versions` that it moves."""

    week: int
    artifact: Literal["prompt", "index", "tools", "code", "feature"]
    name: str
    old: str
    new: str
    key: str = ""


class Slide(msgspec.Struct, frozen=True):
    """Success falls by `points` (0–1) between the starts of two weeks."""

    from_week: int
    to_week: int
    points: float


class SignalChange(msgspec.Struct, frozen=True):
    """The interface changes: other reactions, the same success."""

    change: Deploy
    reactions: dict[str, Rates]


class NewTopic(msgspec.Struct, frozen=True):
    """An intent that nobody asked before grows from `first_share` to `share` in `growth_weeks`."""

    week: int
    intent: str
    first_share: float
    share: float
    growth_weeks: int
    success: float


class FeaturePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One feature. `vocabulary` names its texts; shares and rates are 0–1."""

    name: str
    vocabulary: str
    success: float
    reactions: dict[str, Rates]
    requests_per_week: float = 1200
    outcome_share: float = 0.27
    final_text_share: float = 0.12
    latency_ms: float = 850
    model: str = "support-base-2"
    versions: dict[str, str] = {}
    deploys: tuple[Deploy, ...] = ()
    suite: str = ""
    overlaps: int = 0
    slide: Slide | None = None
    signal_change: SignalChange | None = None
    new_topic: NewTopic | None = None


_CHAT = {
    "retry": Rates(0.015, 0.11),
    "regenerate": Rates(0.004, 0.03),
    "copy": Rates(0.12, 0.03),
    "accept": Rates(0.0, 0.0),
    "edit": Rates(0.0, 0.0),
    "escalate": Rates(0.008, 0.12),
    "thumbs_up": Rates(0.009, 0.001),
    "thumbs_down": Rates(0.002, 0.035),
}
_DRAFT = _CHAT | {
    "copy": Rates(0.34, 0.08),
    "accept": Rates(0.30, 0.10),
    "edit": Rates(0.05, 0.14),
    "escalate": Rates(0.004, 0.03),
}

FEATURES: tuple[FeaturePlan, ...] = (
    FeaturePlan(
        name="order_status",
        vocabulary="order_status",
        success=0.815,
        reactions=_CHAT,
        versions={"prompt": "orders-7", "index": "2-0"},
        deploys=(
            Deploy(8, "prompt", "orders prompt", "orders-7", "orders-8", "prompt"),
            Deploy(19, "index", "orders index", "2-0", "2-1", "index"),
        ),
        suite="orders-golden",
    ),
    FeaturePlan(
        name="refund_help",
        vocabulary="refund_help",
        success=0.715,
        reactions=_CHAT | {"accept": Rates(0.10, 0.03), "edit": Rates(0.015, 0.06)},
        outcome_share=0.28,
        final_text_share=0.35,
        latency_ms=860,
        versions={"prompt": "refunds-11", "index": "5-0"},
        deploys=(
            Deploy(6, "prompt", "refunds prompt", "refunds-11", "refunds-12", "prompt"),
            Deploy(11, "index", "refunds index", "5-0", "5-1", "index"),
        ),
        suite="refunds-golden",
        overlaps=10,
        slide=Slide(14, 22, 0.20),
    ),
    FeaturePlan(
        name="smart_reply",
        vocabulary="smart_reply",
        success=0.795,
        reactions=_DRAFT,
        outcome_share=0.25,
        latency_ms=820,
        versions={"prompt": "replies-3"},
        deploys=(Deploy(9, "prompt", "replies prompt", "replies-3", "replies-4", "prompt"),),
        signal_change=SignalChange(
            Deploy(16, "feature", "copy button removed", "with copy button", "without"),
            {
                "copy": Rates(0.0, 0.0),
                "retry": Rates(0.07, 0.17),
                "regenerate": Rates(0.06, 0.12),
            },
        ),
    ),
    FeaturePlan(
        name="returns_bot",
        vocabulary="returns_bot",
        success=0.787,
        reactions=_CHAT,
        outcome_share=0.26,
        latency_ms=840,
        versions={"prompt": "returns-5", "tools": "returns-tools-2"},
        deploys=(
            Deploy(12, "tools", "returns tools", "returns-tools-2", "returns-tools-3", "tools"),
        ),
        new_topic=NewTopic(15, "pay_by_link", 0.025, 0.10, 5, 0.32),
    ),
)
SHARED_DEPLOYS: tuple[Deploy, ...] = (
    Deploy(10, "code", "assistant gateway", "4.1.0", "4.2.0"),
    Deploy(21, "code", "assistant gateway", "4.2.0", "4.2.1"),
)
