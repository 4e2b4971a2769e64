"""Page one: what a product owner reads in two minutes, a few labelled lines per feature."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import NamedTuple

from decay_reports import numbers
from decay_reports.facts import wording
from decay_reports.facts.report import FeatureFacts, FindingFacts, ReportFacts
from decay_reports.facts.system import ReviewFacts

_SAID_BY_VERDICT = {"success_fell", "success_recovered"}
_SIGNALS_MOVED = "signals_moved"
_ALSO = 2  # findings beside the verdict on page one; the section lists all
_REVIEWS = 3  # overdue findings named per feature; the others are counted
_NEAR_DAYS = 28  # between a change and signals that began to move


class Line(NamedTuple):
    """A labelled line of page one; `command` is printed as it is, to be copied."""

    label: str
    text: str
    command: str = ""


def do_line(feature: FeatureFacts) -> Line | None:
    """Say what can be done today, with the command."""
    ready = [dataset for dataset in feature.datasets if dataset.n_rows]
    if ready:
        return Line("do", wording.dataset_words(ready[0]), ready[0].command)
    if feature.verdict != "falling":
        return None
    failed = numbers.count(feature.n_failures, "failure")
    for dataset in feature.datasets:
        if dataset.rejects:
            worst = max(dataset.rejects, key=lambda reject: (reject.n, reject.name))
            blocked = f"{failed}, none ready: {worst.n:,} refused as {worst.name}"
            return Line("do", f"{blocked}; {worst.next_step}" if worst.next_step else blocked)
    return Line(
        "do", f"{failed}; no training set is configured", "add [datasets.NAME] to config.toml"
    )


def owner_line(feature: FeatureFacts, today: date) -> str:
    """Say whose feature it is, and for how long nobody has answered."""
    owner = feature.owner or f"nobody (set features.{feature.name}.owner)"
    if feature.verdict != "falling" or feature.alarm_day is None:
        return owner
    age = numbers.count((today - feature.alarm_day).days, "day")
    answered = "acknowledged" if feature.acknowledged else "not acknowledged"
    return f"{owner} · {feature.incident_id} confirmed {age} ago, {answered}"


def brief(feature: FeatureFacts, today: date) -> list[Line]:
    """Return a feature's lines on page one: level, machines, why, what else, what to do, whose."""
    lines = level_lines(feature)
    if wording.has_changed(feature) and (why := wording.why_line(feature)):
        lines.append(Line("why" if wording.moves(feature) else "below the alarm", why))
    lines += [
        Line("also", f"{finding.finding_id} {finding.title}{_nearest(feature, finding)}")
        for finding in feature.findings
        if finding.state == "open" and finding.kind not in _SAID_BY_VERDICT
    ][:_ALSO]
    if (feature.verdict != "steady" or wording.has_changed(feature)) and (do := do_line(feature)):
        lines.append(do)
    if wording.moves(feature):
        lines.append(Line("owner", owner_line(feature, today)))
    return lines


def review_lines(facts: ReportFacts) -> list[Line]:
    """Return a line for each feature with overdue reviews, by feature; the oldest finding first."""
    ordered = sorted(facts.reviews, key=lambda review: review.feature)
    by_feature = groupby(ordered, key=lambda review: review.feature)
    return [_review_line(list(reviews)) for _, reviews in by_feature]


def _review_line(reviews: Sequence[ReviewFacts]) -> Line:
    first = reviews[0]
    said = [_waits(review) for review in reviews[:_REVIEWS]]
    said += [f"{len(reviews) - _REVIEWS} more"] if len(reviews) > _REVIEWS else []
    whose = [f"owner {first.owner or 'nobody'}"]
    whose += [f"reviewers {', '.join(first.reviewers)}"] if first.reviewers else []
    words = f"{first.feature or 'all features'}: {'; '.join(said)} · {' · '.join(whose)}"
    return Line("review overdue", words, first.command)


def _waits(review: ReviewFacts) -> str:
    named = f"{review.finding_id} ({review.severity}) open for {numbers.count(review.days, 'day')}"
    if review.until is None:
        return f"{named}, nobody acknowledged it"
    return f"{named}, put off until {numbers.day(review.until)} by {review.answered_by}"


def level_lines(feature: FeatureFacts) -> list[Line]:
    """Return what is known of success, signals where they stand alone, and the machines."""
    lines = [Line("success", wording.success_line(feature))]
    moved = any(f.kind == _SIGNALS_MOVED and f.state == "open" for f in feature.findings)
    if moved or feature.confirmed.success.value is None:
        lines.append(Line("signals, not success", wording.signals_line(feature)))
    return [*lines, Line("infrastructure", wording.infrastructure_line(feature.infrastructure))]


def _nearest(feature: FeatureFacts, finding: FindingFacts) -> str:
    """Name the last change before signals began to move, when there was one shortly before."""
    if finding.kind != _SIGNALS_MOVED:
        return ""
    before = [c for c in feature.changes if 0 <= (finding.since - c.day).days <= _NEAR_DAYS]
    if not before:
        return ""
    change = before[-1]
    return f"; last change before: {change.artifact} {change.name}, {numbers.day(change.day)}"


def is_quiet(facts: ReportFacts) -> bool:
    """Tell whether nothing needs anybody: page one is then five lines."""
    news = [difference for difference in facts.changed if difference.kind != "dataset"]
    calm = all(_is_calm(feature) for feature in facts.features)
    return bool(facts.features) and calm and not news and not facts.intake.n_gaps


def _is_calm(feature: FeatureFacts) -> bool:
    sound = not feature.health.gate_fires and feature.infrastructure.state != "worse"
    return feature.verdict == "steady" and sound and not wording.has_news(feature)


def quiet_line(facts: ReportFacts) -> str:
    """Put every steady feature in one line."""
    said = [f"{f.name} {_quiet_level(f)}" for f in wording.ordered(facts.features)]
    seen = [f.confirmed.detectable for f in facts.features if f.confirmed.detectable is not None]
    could = f" (could have seen {wording.size(max(seen))})" if seen else ""
    return f"No detectable change{could}: {', '.join(said)}."


def _quiet_level(feature: FeatureFacts) -> str:
    if feature.measure:
        return f"friction {numbers.share(feature.signals.friction)}"
    return numbers.share(feature.confirmed.success)


def measurement_line(facts: ReportFacts) -> str:
    """Say whether the week's numbers can be believed at all."""
    late = [f.name for f in wording.ordered(facts.features) if f.health.gate_fires]
    judged = sum(f.health.outcome_arrived.value is not None for f in facts.features)
    outcomes = f"outcomes arrive as expected for {judged} of {len(facts.features)} features"
    if late:
        outcomes = f"outcome feed late for {', '.join(late)}: headline withheld"
    elif not judged:
        outcomes = "outcomes: not measured"
    join = f"joined to a request {numbers.share(facts.intake.join, 1)}"
    letters = numbers.count(facts.intake.n_dead_letters, "dead letter")
    gaps = (
        [numbers.count(facts.intake.n_gaps, "gap") + " in the log"] if facts.intake.n_gaps else []
    )
    provisional = f"{numbers.week(facts.week)} provisional"
    return " · ".join([outcomes, join, letters, *gaps, provisional])


def changed_line(facts: ReportFacts) -> str:
    """Say what is different from the report before."""
    if facts.last_report is None:
        return "this is the first report"
    said = [f"{c.feature}: {c.words}" if c.feature else c.words for c in facts.changed]
    return "; ".join(said) or "nothing"
