"""Finds the better answer that a person wrote or took, or says why there is none."""

from collections.abc import Iterator
from dataclasses import dataclass

from decayd.text import normalise, text_key
from training_sets.canonical import clean
from training_sets.failures import EDIT_MIN, Failure, Said, edit_ratio
from training_sets.text_rules import is_blank, is_redacted, is_refusal, script

EDIT_MAX = 0.8  # beyond it the user wrote something else
CUT = frozenset({"length", "max_tokens"})  # finish reasons of an answer without an end
_TAKEN_BACK = frozenset({"undo", "dismiss"})


@dataclass(frozen=True)
class Target:
    """A better answer: whose it is and the events and requests that it comes from."""

    text: str
    basis: str
    event_ids: tuple[str, ...] = ()
    subjects: tuple[str | None, ...] = ()
    request_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """Why an answer can't be a target, or why there is none."""

    reason: str


def find_target(failure: Failure, label: str) -> Target | Refused:
    """Return the first usable target, in the order annotator, edit, final text, regeneration.

    When none is usable, the reason of the first one found is returned.
    """
    reasons: list[Refused] = []
    for found in _found(failure):
        checked = _checked(found, failure, label) if isinstance(found, Target) else found
        if isinstance(checked, Target):
            return checked
        reasons.append(checked)
    return reasons[0] if reasons else Refused("no_reference_answer")


def _found(failure: Failure) -> Iterator[Target | Refused]:
    for judged in reversed(failure.judged):
        if judged.corrected_text is not None:
            event, person = (judged.event_id,), (judged.annotator,)
            yield Target(judged.corrected_text, "annotator", event, person)
    edits = [each for each in failure.said if each.signal == "edit"]
    if edits:
        yield _edit(edits[-1], failure)
    if failure.finals:
        yield _final(failure)
    if failure.replacement:
        yield _regenerated(failure)


def _edit(edit: Said, failure: Failure) -> Target | Refused:
    if edit.text is None:
        return Refused("edit_without_text")
    ratio = edit_ratio(edit, failure)
    if ratio is None or not EDIT_MIN <= ratio <= EDIT_MAX:
        return Refused("edit_ratio")
    later = (each for each in failure.said if each.ts > edit.ts and each.weight < 0)
    if any(each.signal in _TAKEN_BACK for each in later):
        return Refused("edit_not_used")
    return Target(edit.text, "user_edit", (edit.event_id,), (edit.actor_id,))


def _final(failure: Failure) -> Target | Refused:
    final = failure.finals[-1]
    request = failure.request
    other = request["y"] == 0 and request["outcome_id"] != final.event_id
    if other and request["outcome_ts"] > final.ts:
        return Refused("final_text_failed")
    return Target(final.text, "agent_resolution", (final.event_id,), (final.actor_id,))


def _regenerated(failure: Failure) -> Target | Refused:
    kept = failure.replacement
    if kept is None or text_key(kept.query) != text_key(failure.request["query"]):
        return Refused("regenerated_other_prompt")
    if (kept.finish_reason or "").lower() in CUT:
        return Refused("target_truncated")
    ids = (kept.request_id,)
    return Target(kept.response or "", "regenerate", (), (kept.user_id,), ids)


def _checked(target: Target, failure: Failure, label: str) -> Target | Refused:
    text = clean(target.text)
    checks = (
        ("empty_target", is_blank(text)),
        ("target_redacted", is_redacted(text)),
        ("target_refuses", label != "refusal_missing" and is_refusal(text)),
        ("target_equals_answer", normalise(text) == normalise(failure.response)),
        ("target_other_language", _other_script(text, failure)),
    )
    reason = next((name for name, holds in checks if holds), None)
    if reason:
        return Refused(reason)
    return Target(text, target.basis, target.event_ids, target.subjects, target.request_ids)


def _other_script(text: str, failure: Failure) -> bool:
    asked, answered = script(failure.request["query"]), script(text)
    return asked is not None and answered is not None and asked != answered
