"""What speaks for and against each force behind a change: evidence in words, never a share.

Forces overlap and no total tells them apart, so each is judged by what it alone would leave behind.
A fault of the measurement comes first: while one is open nothing else has to be explained.
"""

from collections.abc import Iterable

import numpy as np

from decay_reports import numbers
from decay_reports.causes.attribution import Attribution
from decay_reports.causes.documents import DocumentAges
from decay_reports.causes.why_facts import ForceFacts
from decay_reports.facts import wording
from decay_reports.facts.report import ChangeFacts, FeatureFacts, PartFacts
from decay_reports.figures.fingerprint import COMPARED

_FAULTS = ("outcomes_late", "signals_moved", "join_rate_low", "schema_change")
_MIXES = ("topic_mix", "tenure_mix", "gone_topics")
_WORLD = ("within_topic", "new_topics")
_ANSWERS = ("within_topic", "version_and_within", "version_mix")
_ANSWERS_CHANGED = "changed_unannounced"  # the kind of the finding
_STILL_OPEN_DAYS = 49  # for so long after it such a finding is surely open
_DEPLOYS = frozenset({"prompt", "model", "adapter", "tools", "index", "embedder", "router", "code"})
_EACH_SIDE = 3  # weeks before and after an onset without which a shape can't be told
_CLEAR = 4.6  # difference of misfits: likelihoods of 10 to 1
_NEAR_DAYS = 14  # an onset is known to the week: a deploy up to a week off either end is near
_WEEK_DAYS = 7  # of the onset's week: what came later did not begin the fall


def forces(facts: FeatureFacts, found: Attribution | None) -> tuple[ForceFacts, ...]:
    """Return the evidence table of a feature whose success has changed; else nothing."""
    if found is None or not wording.has_changed(facts):
        return ()
    near = [c for c in facts.changes if _is_near(c) and not _is_after(c)]
    return (
        _measurement(facts),
        _world(facts),
        _users(facts),
        _staleness(found.documents),
        _silent_change(facts, found, near),
        _own_deploy(facts, near),
    )


def _measurement(facts: FeatureFacts) -> ForceFacts:
    health = facts.health
    speaks = [health.gate_words or "the outcome feed is late"] if health.gate_fires else []
    speaks += _open(facts, _FAULTS)
    against, missing = [], []
    if health.outcome_arrived.value is None:
        missing.append("no share of arrived outcomes to judge the feed by")
    elif not health.gate_fires:
        arrived = numbers.percent(health.outcome_arrived.value, 1)
        against.append(f"{arrived} of requests aged 2–7 days have an outcome, as expected")
    return _force("measurement fault", speaks, against, missing)


def _world(facts: FeatureFacts) -> ForceFacts:
    speaks = _causes(facts, _WORLD)
    speaks += _open(facts, ("topic_emerged", "topic_vanished", "unfamiliar_queries"))
    against = _no_causes(facts, _WORLD)
    missing = [f"{words}: either may be it" for words in _causes(facts, ("version_and_within",))]
    return _force("world drift", speaks, [] if speaks else against, missing)


def _users(facts: FeatureFacts) -> ForceFacts:
    speaks = [*_causes(facts, _MIXES), *_open(facts, ("topic_shifted", "style_shifted"))]
    missing = [note for note in facts.why.notes if note.startswith("tenure")]
    against = [] if speaks else _no_causes(facts, _MIXES)  # one mix that moved is enough
    return _force("user behaviour drift", speaks, against, missing)


def _staleness(ages: DocumentAges | None) -> ForceFacts:
    name = "knowledge staleness"
    if ages is None:
        return _force(name, [], [], ["too few requests say how old their retrieved documents are"])
    grew = f"retrieved documents were {ages.before_days:.0f} days old, now {ages.now_days:.0f}"
    speaks, against = ([grew], []) if ages.older else ([], [grew])
    slope = numbers.points_with_interval(ages.per_doubling)
    words = f"success by doubling of a document's age within a topic and week: {slope}"
    if ages.per_doubling.value is None:
        return _force(name, speaks, against, [words])
    (speaks if ages.older_fail else against).append(words)
    return _force(name, speaks, against, [])


def _silent_change(facts: FeatureFacts, found: Attribution, near: list[ChangeFacts]) -> ForceFacts:
    name = "silent provider or dependency change"
    speaks, against, missing = _answers(facts, near)
    shape = _shape(facts)
    mixed = _causes(facts, _MIXES) if not _causes(facts, _ANSWERS) else []
    if shape == "step" and mixed:
        against += [f"the step came with what is asked or who asks: {words}" for words in mixed]
    elif shape == "step":
        speaks.append("success fell in a step")
    elif shape == "ramp":
        against.append("success fell bit by bit, not in a step")
    version = _causes(facts, ("version_mix",))
    if near:
        against.append(f"a change was announced near the onset: {_named(near)}")
    elif facts.onset is not None:
        speaks += [f"{words}, and no change was announced" for words in version]
        alone = shape == "step" and not mixed
        speaks += ["no change was announced near the onset"] if alone else []
    if len(found.versions) <= 1:
        missing.append("requests name one version only, or none")
    else:
        arrived = ", ".join(found.new_versions)
        speaks += [f"new since the baseline: {arrived}"] if arrived and not near else []
    return _force(name, speaks, against, missing)


def _answers(
    facts: FeatureFacts, near: list[ChangeFacts]
) -> tuple[list[str], list[str], list[str]]:
    """Say for and against whether answers became others near the onset with nothing deployed.

    Against only where they were compared and the change would still be open; a week with an
    announced change is not compared.
    """
    if facts.onset is None:
        return [], [], []
    changed = [
        f"{finding.finding_id} {finding.title}"
        for finding in facts.findings
        if finding.kind == _ANSWERS_CHANGED
        and finding.state == "open"
        and abs((finding.week - facts.onset).days) <= _NEAR_DAYS
    ]
    tables = [table for aspect in facts.aspects for table in aspect.tables]
    compared = any(table.caption.startswith(COMPARED) for table in tables)
    recent = (facts.provisional.week - facts.onset).days <= _STILL_OPEN_DAYS
    same = compared and recent and not changed and not near
    return changed, ["what answers are like changed on no day near the onset"] if same else [], []


def _own_deploy(facts: FeatureFacts, near: list[ChangeFacts]) -> ForceFacts:
    speaks = [f"{_named([c])}: {wording.ledger_words(c)}" for c in near]
    speaks += _causes(facts, ("version_mix",))
    late = [c for c in facts.changes if _is_near(c) and _is_after(c)]
    against = [f"{_named([c])}: {wording.ledger_words(c)}" for c in late]
    if not near and not late and facts.onset is not None:
        against.append("no deploy was announced near the onset")
    against += _no_causes(facts, ("version_mix",))
    missing = ["no onset: nothing to set deploys beside"] if facts.onset is None else []
    return _force("own deploy", speaks, against, missing)


def _force(
    name: str, speaks: Iterable[str], against: Iterable[str], missing: Iterable[str]
) -> ForceFacts:
    yes, no = tuple(speaks), tuple(against)
    state = {(True, True): "mixed", (True, False): "for", (False, True): "against"}.get(
        (bool(yes), bool(no)), "open"
    )
    return ForceFacts(
        force=name, state=state, speaks_for=yes, speaks_against=no, missing=tuple(missing)
    )


def _parts(facts: FeatureFacts, names: tuple[str, ...]) -> list[PartFacts]:
    parts = facts.attribution.parts if facts.attribution else ()
    return [part for part in parts if part.name in names and (part.change.value or part.cause)]


def _causes(facts: FeatureFacts, names: tuple[str, ...]) -> list[str]:
    return [_part_words(part) for part in _parts(facts, names) if part.cause]


def _no_causes(facts: FeatureFacts, names: tuple[str, ...]) -> list[str]:
    return [
        f"{_part_words(part)}, within chance or the other way"
        for part in _parts(facts, names)
        if not part.cause
    ]


def _part_words(part: PartFacts) -> str:
    return f"{wording.PARTS.get(part.name, part.name)} {numbers.points_with_interval(part.change)}"


def _open(facts: FeatureFacts, kinds: tuple[str, ...]) -> list[str]:
    return [
        f"{finding.finding_id} {finding.title}"
        for finding in facts.findings
        if finding.state == "open" and finding.kind in kinds
    ]


def _is_near(change: ChangeFacts) -> bool:
    days = change.days_from_onset
    return change.artifact in _DEPLOYS and days is not None and -_NEAR_DAYS <= days <= _NEAR_DAYS


def _is_after(change: ChangeFacts) -> bool:
    return change.days_from_onset is not None and change.days_from_onset >= _WEEK_DAYS


def _named(changes: list[ChangeFacts]) -> str:
    return ", ".join(f"{change.artifact} {change.name}" for change in changes)


def _shape(facts: FeatureFacts) -> str:
    """Tell a step from a slide since the onset: `step`, `ramp`, or '' where neither is clear."""
    points = [
        (point.week, point.success.value)
        for point in facts.trend
        if point.success is not None and point.success.value is not None
    ]
    halves = [
        (point.success.high - point.success.low) / 3.92
        for point in facts.trend
        if point.success is not None
        and point.success.value is not None
        and point.success.low is not None
        and point.success.high is not None
    ]
    if facts.onset is None or len(halves) != len(points):
        return ""
    return shape([(week - facts.onset).days // 7 for week, _ in points],
                 [value for _, value in points], halves)  # fmt: skip


def shape(weeks: list[int], values: list[float], errors: list[float]) -> str:
    """Tell which of a step and a slide that begin in week 0 fits better, by 10 to 1.

    >>> shape(list(range(-4, 4)), [0.7] * 4 + [0.5] * 4, [0.02] * 8)
    'step'
    >>> shape(list(range(-4, 4)), [0.7] * 4 + [0.65, 0.6, 0.55, 0.5], [0.02] * 8)
    'ramp'
    """
    at, level = np.array(weeks, float), np.array(values)
    weight = 1.0 / np.maximum(np.array(errors), 1e-6)
    if (at < 0).sum() < _EACH_SIDE or (at >= 0).sum() < _EACH_SIDE:
        return ""
    misfit = []
    for moved in ((at >= 0).astype(float), np.maximum(at + 1.0, 0.0)):
        design = np.column_stack([np.ones(len(at)), moved]) * weight[:, None]
        fitted = np.linalg.lstsq(design, level * weight, rcond=None)[0]
        misfit.append(float(((level * weight - design @ fitted) ** 2).sum()))
    if abs(misfit[0] - misfit[1]) < _CLEAR:
        return ""
    return "step" if misfit[0] < misfit[1] else "ramp"
