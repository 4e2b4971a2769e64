"""Notices that the configured model is not the one that a feature's topics were made with."""

from datetime import date

from decayd import log
from decayd.results import Finding
from drift.windows import Reading
from store.findings import append_findings

MODEL_CHANGED = "topic_model_changed"
_log = log.get("topics")


def comparable(reading: Reading, topics_model: str, week: date) -> bool:
    """Tell whether new vectors can be compared with the topics; say so once when they can't.

    Vectors of two models don't compare, so the feature is left alone: its requests stay without a
    topic and nothing new is found. The finding closes when the model is back.
    """
    same = topics_model == reading.model_id
    rows = reading.store.rows(
        "topic_findings", feature=reading.feature, kind=MODEL_CHANGED, as_of=reading.as_of
    )
    unclosed = [row["finding_id"] for row in rows if row["state"] == "open"]
    if not same:
        _log.warning(
            "topics belong to another model",
            feature=reading.feature,
            topics_model=topics_model,
            model=reading.model_id,
        )
    if same == bool(unclosed):
        finding = _finding(reading, topics_model, week, unclosed[0] if unclosed else "")
        with reading.store.transaction() as transaction:
            append_findings(transaction, [finding])
    return same


def _finding(reading: Reading, topics_model: str, week: date, finding_id: str) -> Finding:
    return Finding(
        finding_id=finding_id,
        kind=MODEL_CHANGED,
        feature=reading.feature,
        as_of=reading.as_of,
        week=week,
        title=f"topics are not updated: they were made with {topics_model}, not {reading.model_id}",
        severity="warning",
        state="closed" if finding_id else "open",
        next_step="set topics.model back to the model that the topics were made with",
        details={"topics_model": topics_model, "model": reading.model_id},
    )
