"""Finds the better answer that a person wrote or took, or says why there is none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from decayd.text import normalise, text_key
from training_sets.canonical import clean
from training_sets.failures import EDIT_MIN, Failure, edit_ratio
from training_sets.reasons import Refused
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


def find_target(failure: Failure, label: str) -> Target:
    """Return the first usable target, in the order annotator, edit, final text, regeneration.

    Raises
    ------
    Refused
        When none is usable, with the reason of the first one found.
    """
    first = Refused("no_reference_answer")
    for number, find in enumerate(_sources(failure)):
        try:
            return _checked(find(failure), failure, label)
        except Refused as refused:
            first = refused if number == 0 else first
    raise first


def _sources(failure: Failure) -> Iterator[Callable[[Failure], Target]]:
    if any(each.corrected_text is not None for each in failure.judged):
        yield _corrected
    if any(each.signal == "edit" for each in failure.said):
        yield _edited
    if failure.finals:
        yield _ended
    if failure.replacement:
        yield _regenerated


def _corrected(failure: Failure) -> Target:
    last = [each for each in failure.judged if each.corrected_text is not None][-1]
    return Target(last.corrected_text or "", "annotator", (last.event_id,), (last.annotator,))


def _edited(failure: Failure) -> Target:
    edit = [each for each in failure.said if each.signal == "edit"][-1]
    if edit.text is None:
        raise Refused("edit_without_text")
    ratio = edit_ratio(edit, failure)
    if ratio is None or not EDIT_MIN <= ratio <= EDIT_MAX:
        raise Refused("edit_ratio")
    later = (each for each in failure.said if each.ts > edit.ts and each.weight < 0)
    if any(each.signal in _TAKEN_BACK for each in later):
        raise Refused("edit_not_used")
    return Target(edit.text, "user_edit", (edit.event_id,), (edit.actor_id,))


def _ended(failure: Failure) -> Target:
    final = failure.finals[-1]
    request = failure.request
    other = request["y"] == 0 and request["outcome_id"] != final.event_id
    if other and request["outcome_ts"] > final.ts:
        raise Refused("final_text_failed")
    return Target(final.text, "agent_resolution", (final.event_id,), (final.actor_id,))


def _regenerated(failure: Failure) -> Target:
    kept = failure.replacement
    if kept is None or text_key(kept.query) != text_key(failure.request["query"]):
        raise Refused("regenerated_other_prompt")
    if (kept.finish_reason or "").lower() in CUT:
        raise Refused("target_truncated")
    ids = (kept.request_id,)
    return Target(kept.response or "", "regenerate", (), (kept.user_id,), ids)


def _checked(target: Target, failure: Failure, label: str) -> Target:
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
        raise Refused(reason)
    return Target(text, target.basis, target.event_ids, target.subjects, target.request_ids)


def _other_script(text: str, failure: Failure) -> bool:
    asked, answered = script(failure.request["query"]), script(text)
    return asked is not None and answered is not None and asked != answered
