"""Turns one failure into rows with their lineage, or says why it can't be trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from training_sets.canonical import clean
from training_sets.context import Turn, Unusable, context_of, user_texts
from training_sets.failures import Failure
from training_sets.guard import Consents, EvalRegistry
from training_sets.labelling import Decision, decide
from training_sets.lint import problems
from training_sets.references import Refused, Target, find_target
from training_sets.rows import PREF, SFT, Row, group_of, identified, language_of, utc_text
from training_sets.taxonomy import NO_FAILURE, TYPES
from training_sets.text_rules import is_blank


@dataclass(frozen=True)
class Guards:
    """What keeps rows out, read once a build."""

    consents: Consents
    evals: EvalRegistry


@dataclass(frozen=True)
class Example:
    """A row and where it comes from."""

    row: Row
    lineage: dict[str, Any]


@dataclass(frozen=True)
class Examined:
    """What became of one failure: examples, or the reason why there are none."""

    label: str
    examples: tuple[Example, ...] = ()
    refused: str = ""


def examine(
    failure: Failure, why: Sequence[str], kinds: Sequence[str], guards: Guards
) -> Examined:
    """Label a failure, find its better answer and make the rows of the wanted kinds.

    The first reason against it is the one that is counted: what it is, then whether the texts can
    be used, then evaluations, then consent. So a count of missing consent is the number of rows
    that consent would bring.
    """
    decision = decide(failure)
    refused = _wrong_kind(decision)
    if refused:
        return Examined(decision.label, refused=refused)
    try:
        turns = context_of(failure.request)
    except Unusable as unusable:
        return Examined(decision.label, refused=unusable.reason)
    target = find_target(failure, decision.label)
    if isinstance(target, Refused):
        return Examined(decision.label, refused=target.reason)
    refused, lawful = _guarded(failure, turns, target, guards)
    if refused:
        return Examined(decision.label, refused=refused)
    facts = _facts(failure, decision, target)
    lineage = _lineage(failure, why, decision, target, "lawful_basis" if lawful else "consent")
    contents = _contents(failure, turns, target, kinds)
    rows = [identified(kind, content, facts) for kind, content in contents]
    examples = [Example(row, {**lineage, **_identity(row)}) for row in rows if not _faulty(row)]
    return Examined(decision.label, tuple(examples), "" if examples else "no_answer_to_reject")


def subjects_of(failure: Failure, target: Target) -> tuple[str, ...]:
    """Return everybody whose words or judgement are in the row, by pseudonym."""
    people = (failure.request["user_id"], *target.subjects)
    annotators = (each.annotator for each in failure.judged)
    return tuple(sorted({str(each) for each in (*people, *annotators) if each}))


def _wrong_kind(decision: Decision) -> str:
    if decision.conflict:
        return "labels_disagree"
    if decision.label in NO_FAILURE:
        return "no_failure"
    kind = TYPES[decision.label]
    if kind.trainable:
        return ""
    return "truncated" if kind.name == "truncated" else f"fixable_by_{kind.fixable_by}"


def _guarded(
    failure: Failure, turns: tuple[Turn, ...], target: Target, guards: Guards
) -> tuple[str, bool]:
    request = failure.request
    texts = [*user_texts(turns), request["query"], target.text, failure.response]
    if guards.evals.overlaps(text for text in texts if text):
        return "eval_overlap", False
    asked_by = {request["user_id"]}
    people = asked_by.union(subjects_of(failure, target))
    return guards.consents.refuse(sorted(people, key=str), request["feature"], request["ts"])


def _contents(
    failure: Failure, turns: tuple[Turn, ...], target: Target, kinds: Sequence[str]
) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    if SFT in kinds:
        found.append((SFT, {"context": turns, "completion": target.text}))
    if PREF in kinds and not is_blank(failure.response):
        answers = {"chosen": target.text, "rejected": clean(failure.response)}
        found.append((PREF, {"context": turns, **answers}))
    return found


def _facts(failure: Failure, decision: Decision, target: Target) -> dict[str, Any]:
    request = failure.request
    return {
        "failure_type": decision.label,
        "severity": TYPES[decision.label].severity,
        "reviewed": decision.reviewed,
        "target_basis": target.basis,
        "request_ids": (failure.request_id, *target.request_ids),
        "subjects": subjects_of(failure, target),
        "cluster_id": request["topic_id"],
        "group_id": group_of(request),
        "lang": language_of(request["segments"]),
        "occurred_at": utc_text(request["ts"]),
    }


def _lineage(
    failure: Failure, why: Sequence[str], decision: Decision, target: Target, allowed_by: str
) -> dict[str, Any]:
    request = failure.request
    return {
        "feature": request["feature"],
        "request_ids": [failure.request_id, *target.request_ids],
        "target_event_ids": list(target.event_ids),
        "label_event_ids": list(decision.label_ids),
        "outcome_event_id": request["outcome_id"],
        "signal_event_ids": sorted(each.event_id for each in failure.said if each.weight < 0),
        "why": list(why),
        "votes": list(decision.votes),
        "allowed_by": allowed_by,
    }


def _identity(row: Row) -> dict[str, str]:
    return {"example_id": row.example_id, "kind": row.kind, "row_sha256": row.row_sha256}


def _faulty(row: Row) -> bool:
    return bool(problems(row.as_dict()))
