"""Turns one failure into rows with their lineage, or says why it can't be trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from training_sets.canonical import clean
from training_sets.context import Turn, context_of, user_texts
from training_sets.failures import Failure
from training_sets.guard import Consents, EvalRegistry
from training_sets.labelling import Decision, decide
from training_sets.reasons import Refused
from training_sets.references import Target, find_target
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


def examine(failure: Failure, why: Sequence[str], kinds: Sequence[str], guards: Guards) -> Examined:
    """Label a failure, find its better answer and make the rows of the wanted kinds.

    The first reason against it is the one that is counted: what it is, then whether the texts can
    be used, then evaluations, then consent. So a count of missing consent is the number of rows
    that consent would bring.
    """
    decision = decide(failure)
    try:
        _check_kind(decision)
        turns = context_of(failure.request)
        target = find_target(failure, decision.label)
        contents = _contents(failure, turns, target, kinds)
        lawful = _check_guards(failure, contents, subjects_of(failure, target), guards)
    except Refused as refused:
        return Examined(decision.label, refused=refused.reason)
    facts = _facts(failure, decision, target)
    allowed_by = "lawful_basis" if lawful else "consent"
    lineage = _lineage(failure, why, decision, target) | {"allowed_by": allowed_by}
    rows = (identified(kind, content, facts) for kind, content in contents)
    return Examined(decision.label, tuple(Example(r, lineage | _identity(r)) for r in rows))


def subjects_of(failure: Failure, target: Target) -> tuple[str, ...]:
    """Return everybody whose words or judgement are in the row, by pseudonym."""
    people = (failure.request["user_id"], *target.subjects)
    annotators = (each.annotator for each in failure.judged)
    return tuple(sorted({str(each) for each in (*people, *annotators) if each}))


def _check_kind(decision: Decision) -> None:
    if decision.conflict:
        raise Refused("labels_disagree")
    if decision.label in NO_FAILURE:
        raise Refused("no_failure")
    kind = TYPES[decision.label]
    if not kind.trainable:
        other = "truncated" if kind.name == "truncated" else f"fixable_by_{kind.fixable_by}"
        raise Refused(other)


def _contents(
    failure: Failure, turns: tuple[Turn, ...], target: Target, kinds: Sequence[str]
) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    if SFT in kinds:
        found.append((SFT, {"context": turns, "completion": target.text}))
    if PREF in kinds and not is_blank(failure.response):
        answers = {"chosen": target.text, "rejected": clean(failure.response)}
        found.append((PREF, {"context": turns, **answers}))
    if not found:
        raise Refused("no_answer_to_reject")
    return found


def _check_guards(
    failure: Failure,
    contents: Sequence[tuple[str, dict[str, Any]]],
    subjects: Sequence[str],
    guards: Guards,
) -> bool:
    """Return whether a lawful basis stands in for a consent; raise when a row must not be."""
    request = failure.request
    turns = contents[0][1]["context"]
    answers = [text for _, each in contents for text in each.values() if isinstance(text, str)]
    if guards.evals.overlaps([*user_texts(turns), request["query"], *answers]):
        raise Refused("eval_overlap")
    asker = () if request["user_id"] else (None,)
    return guards.consents.check((*subjects, *asker), request["feature"], request["ts"])


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
    failure: Failure, why: Sequence[str], decision: Decision, target: Target
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
    }


def _identity(row: Row) -> dict[str, str]:
    return {"example_id": row.example_id, "kind": row.kind, "row_sha256": row.row_sha256}
