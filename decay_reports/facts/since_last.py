"""What is not as it was in the report of the week before."""

from collections.abc import Iterator

from decay_reports import numbers
from decay_reports.facts import wording
from decay_reports.facts.report import FeatureFacts, ReportFacts
from decay_reports.facts.system import DifferenceFacts

_NEWS = 0.005  # half a point: what a reader of whole percents can notice


def differences(now: ReportFacts, before: ReportFacts) -> tuple[DifferenceFacts, ...]:
    """List the differences feature by feature, in the report's own order."""
    found: list[DifferenceFacts] = []
    for feature in wording.ordered(now.features):
        old = before.feature(feature.name)
        found += [_new(feature)] if old is None else _of_feature(feature, old)
    gone = [f.name for f in before.features if now.feature(f.name) is None]
    found += [
        DifferenceFacts(feature=name, kind="feature", words="no traffic any more") for name in gone
    ]
    return tuple(found)


def _new(feature: FeatureFacts) -> DifferenceFacts:
    return DifferenceFacts(feature=feature.name, kind="feature", words="seen for the first time")


def _of_feature(now: FeatureFacts, old: FeatureFacts) -> Iterator[DifferenceFacts]:
    name = now.name
    if now.verdict != old.verdict:
        words = f"{wording.VERDICTS[old.verdict]} → {wording.VERDICTS[now.verdict]}"
        yield DifferenceFacts(feature=name, kind="verdict", words=words)
    if moved := _moved(now, old):
        yield DifferenceFacts(feature=name, kind="success", words=moved)
    known = {topic.topic_id for topic in old.emerged}
    for topic in now.emerged:
        if topic.topic_id not in known:
            words = f"new topic “{topic.label}”"
            yield DifferenceFacts(feature=name, kind="topic", words=words)
    yield from _findings(now, old)
    yield from _datasets(now, old)


def _moved(now: FeatureFacts, old: FeatureFacts) -> str:
    """Say how a falling or recovering level moved; a steady one's wobble is no news."""
    after, before = now.confirmed.success.value, old.confirmed.success.value
    if now.verdict not in {"falling", "recovering"} or after is None or before is None:
        return ""
    if abs(after - before) < _NEWS:
        return ""
    change = f"success {numbers.points(after - before)} pts"
    return f"{change} ({numbers.percent(before)} → {numbers.percent(after)})"


def _findings(now: FeatureFacts, old: FeatureFacts) -> Iterator[DifferenceFacts]:
    before = {finding.finding_id: finding.state for finding in old.findings}
    for finding in now.findings:
        state = before.get(finding.finding_id)
        if state is None and finding.state == "open" and finding.kind != "topic_emerged":
            words = f"{finding.finding_id} opened: {finding.title}"
            yield DifferenceFacts(feature=now.name, kind="finding", words=words)
        elif state == "open" and finding.state != "open":
            words = f"{finding.finding_id} {finding.state}: {finding.title}"
            yield DifferenceFacts(feature=now.name, kind="finding", words=words)


def _datasets(now: FeatureFacts, old: FeatureFacts) -> Iterator[DifferenceFacts]:
    before = {dataset.name: dataset.version for dataset in old.datasets}
    for dataset in now.datasets:
        if before.get(dataset.name) != dataset.version:
            rows = numbers.count(dataset.n_rows, "row")
            words = f"{dataset.name} {dataset.version} built ({rows})"
            yield DifferenceFacts(feature=now.name, kind="dataset", words=words)
