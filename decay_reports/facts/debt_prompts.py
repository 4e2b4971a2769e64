"""Prompts that were copied and of which one side was edited since: the other lacks the edit."""

from decay_reports import numbers
from decay_reports.causes.copies import EditedCopy, Version, edited_copies
from decay_reports.facts.aspect import Look, Question, TableFacts
from decayd.results import Finding
from decayd.weeks import local_day

KIND = "prompt_copies_differ"
_NAME = 60
_HEAD = ("Without the edit", "Edited", "Edited on", "Alike since")
_SEND = "prompts: the text is unknown: send `details.text` with each `change` of a prompt"


def prompts(question: Question) -> Look:
    """List the copies in which this feature has a side; the side without the edit is told."""
    about = {"feature": question.feature, "as_of": question.as_of}
    counted = question.store.rows("debt_prompts_without", **about)[0]
    if not counted["n_texts"]:
        return Look(missing=_SEND if counted["n"] else "")
    rows = question.store.rows("debt_prompts", as_of=question.as_of)
    versions = [
        Version((row["feature"], row["name"]), row["ts"], row["text"], row["version"])
        for row in rows
    ]
    found = edited_copies(versions, question.feature)
    if not found:
        said = numbers.count(counted["n_texts"], "deployed prompt")
        return Look(lines=(f"No copy of a prompt lacks an edit of the other ({said} looked at).",))
    table = TableFacts(
        caption="Copied prompts of which one side was edited",
        head=_HEAD,
        rows=tuple(_row(copy, question) for copy in found),
    )
    told = tuple(_finding(copy, question) for copy in found if _is_ours(copy, question.feature))
    words = numbers.count(len(found), "copied prompt was", "copied prompts were")
    return Look(lines=(f"{words} edited on one side only.",), tables=(table,), findings=told)


def _is_ours(copy: EditedCopy, feature: str) -> bool:
    """Tell whether it is this feature that lacks the edit, or all do and it has the other side."""
    stale, edited = copy.stale.owner[0], copy.edited.owner[0]
    return feature == stale or (not stale and edited in (feature, ""))


def _row(copy: EditedCopy, question: Question) -> tuple[str, ...]:
    timezone = question.settings.report.timezone
    days = (numbers.day(local_day(ts, timezone)) for ts in (copy.edited.ts, copy.since))
    return (_named(copy.stale), _named(copy.edited), *days)


def _named(version: Version) -> str:
    feature, name = (numbers.visible(part, _NAME) for part in version.owner)
    shown = f"{name} {numbers.visible(version.version, _NAME)}".rstrip()
    return f"{shown} of {feature or 'all features'}"


def _finding(copy: EditedCopy, question: Question) -> Finding:
    stale, edited = _named(copy.stale), _named(copy.edited)
    day = numbers.day(local_day(copy.edited.ts, question.settings.report.timezone))
    return Finding(
        finding_id="", kind=KIND, feature=question.feature, as_of=question.as_of,
        week=question.week, severity="info",
        title=f"prompt {stale} is a copy of {edited}, which was edited on {day}",
        next_step="make the same edit, or change both so that they are no copies any more",
        details={"about": [*copy.stale.owner, *copy.edited.owner]},
    )  # fmt: skip
