"""Holds a weekly report against the truth: one line for each planted thing, found or not."""

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from decay_reports import numbers
from decay_reports.facts.report import EmergedFacts, FeatureFacts, ReportFacts
from decay_reports.facts.wording import VERDICTS, why_line
from decayd.demo.truth import Planted, Truth
from decayd.results import Estimate
from training_sets.reasons import REASONS

_EARLY = timedelta(weeks=2)  # an onset may be dated that much before a slow slide begins
_WITHIN = {"within_topic", "version_and_within"}  # the latter after two deploys
_SOON = timedelta(weeks=3)  # a new topic is found in its first weeks or too late


class Check(msgspec.Struct, frozen=True):
    """What was planted, what the report said of it, and whether that is what it should say."""

    kind: str
    feature: str
    planted: str
    said: str
    found: bool

    @property
    def line(self) -> str:
        """Return what was planted and what was said, in one line."""
        return f"{self.feature}: {self.planted} → {self.said}"


def compare(
    truth: Truth,
    facts: ReportFacts | Mapping[str, Any],
    members: Collection[str] | None = None,
) -> list[Check]:
    """Compare the truth with the newest weekly report.

    Parameters
    ----------
    truth
        As `simulate` returned it or as ``truth.json`` holds it.
    facts
        The report, or its JSON form as a dict.
    members
        Ids of the requests that went into the newest training sets. Without it only the counts of
        refused failures in the report can be judged.

    Raises
    ------
    msgspec.ValidationError
        When `facts` is no weekly report.
    """
    report = facts if isinstance(facts, ReportFacts) else msgspec.convert(facts, ReportFacts)
    checks = []
    for planted in truth.planted:
        feature = report.feature(planted.feature)
        said, found = "the feature is not in the report", False
        if feature and planted.kind in {"overlap", "revoked"}:
            said, found = _kept_out(planted, feature, members)
        elif feature:
            said, found = _JUDGES[planted.kind](planted, feature)
        checks.append(Check(planted.kind, planted.feature, planted.what, said, found))
    return checks


def _steady(_: Planted, feature: FeatureFacts) -> tuple[str, bool]:
    return _level(feature), feature.verdict == "steady"


def _slide(planted: Planted, feature: FeatureFacts) -> tuple[str, bool]:
    onset, green = feature.onset, feature.infrastructure.state == "green"
    parts = feature.attribution.parts if feature.attribution else ()
    within = any(part.name in _WITHIN and part.cause for part in parts)
    since = f" since about {numbers.day(onset)}" if onset else ""
    infrastructure = f"infrastructure {feature.infrastructure.state}"
    said = [f"{_level(feature)}{since}", why_line(feature) or "no cause named", infrastructure]
    dated = (
        onset is not None
        and planted.from_week is not None
        and planted.to_week is not None
        and planted.from_week - _EARLY <= onset <= planted.to_week
    )
    return "; ".join(said), feature.verdict == "falling" and dated and green and within


def _signal_change(planted: Planted, feature: FeatureFacts) -> tuple[str, bool]:
    signals = feature.signals
    listed = [c for c in feature.changes if c.name in planted.words]
    said = [
        _level(feature),
        f"friction {_moved(signals.friction_before, signals.friction)}",
        "the change is listed" if listed else "the change is not listed",
    ]
    steady = feature.verdict == "steady" and bool(listed)
    return "; ".join(said), steady and _apart(signals.friction_before, signals.friction)


def _new_topic(planted: Planted, feature: FeatureFacts) -> tuple[str, bool]:
    about = [topic for topic in feature.emerged if _is_about(topic, planted.words)]
    if not about:
        others = ", ".join(f"“{topic.label}”" for topic in feature.emerged)
        return f"emerged: {others or 'nothing'}", False
    topic = min(about, key=lambda each: each.first_week)
    first = planted.from_week
    said = (
        f"topic {topic.topic_id} “{topic.label}” emerged in {numbers.week(topic.first_week)}, now "
        f"{numbers.share(topic.share_now)} of requests, success {numbers.share(topic.success_now)}"
    )
    return said, first is not None and first <= topic.first_week <= first + _SOON


def _kept_out(
    planted: Planted, feature: FeatureFacts, members: Collection[str] | None
) -> tuple[str, bool]:
    reason = "eval_overlap" if planted.kind == "overlap" else "consent_withheld"
    names = {reason, REASONS[reason].words}
    sets = feature.datasets
    n = sum(reject.n for each in sets for reject in each.rejects if reject.name in names)
    said = f"{n} failures refused: {REASONS[reason].words}"
    if members is not None:
        leaked = len(set(planted.request_ids) & set(members))
        return f"{leaked} of them in a training set; {said}", bool(sets) and leaked == 0
    return said if sets else "no training set in the report", n > 0


def _level(feature: FeatureFacts) -> str:
    return f"{VERDICTS[feature.verdict]}, success {numbers.share(feature.confirmed.success)}"


def _moved(before: Estimate, now: Estimate) -> str:
    return f"{numbers.share(before)} → {numbers.share(now)}"


def _apart(before: Estimate, now: Estimate) -> bool:
    return before.high is not None and now.low is not None and now.low > before.high


def _is_about(topic: EmergedFacts, words: tuple[str, ...]) -> bool:
    """Tell whether a label holds most of what names the planted topic."""
    label = set(topic.label.casefold().split())
    naming = [word for word in words if len(word) > len("by")]
    return sum(word in label for word in naming) * 2 > len(naming)


_JUDGES: dict[str, Callable[[Planted, FeatureFacts], tuple[str, bool]]] = {
    "steady": _steady,
    "slide": _slide,
    "signal_change": _signal_change,
    "new_topic": _new_topic,
}
