"""Says what was wrong with an answer: an annotator's word, else the surest labelling function.

A labelling function is a pure function of one failure that votes or abstains. Its confidence is
an order of precedence, not a probability: what the record itself shows (a failed tool, a cut
answer) goes before what people's reactions suggest. Nothing here is calibrated, so no row gets a
`label_confidence` from it. Thumbs-down alone says "unsatisfied", which is `unknown`.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from training_sets.failures import Failure, edit_ratio
from training_sets.references import CUT
from training_sets.taxonomy import TYPES, failure_type
from training_sets.text_rules import bare, is_refusal, script, words_changed

_MOSTLY = 0.8  # share of the changed words that are additions
_USUALLY = 0.5  # share of a topic's requests
_COMMENT_HEAD = 2000  # characters of a comment that are read
_COMMENTED = frozenset({"thumbs_down", "report", "rating", "correction", "escalate"})


@dataclass(frozen=True)
class Vote:
    """What one labelling function says."""

    label: str
    confidence: float


@dataclass(frozen=True)
class Decision:
    """The failure type of a request and where it comes from."""

    label: str
    reviewed: bool
    votes: tuple[str, ...] = ()
    label_ids: tuple[str, ...] = ()
    conflict: bool = False


def decide(failure: Failure) -> Decision:
    """Take the annotators' label if there is one and they agree, else the surest vote.

    Equal confidence goes to the earlier function of `FUNCTIONS`, so that the answer never depends
    on the order of events.
    """
    if failure.judged:
        names = {failure_type(each.label) for each in failure.judged}
        ids = tuple(sorted(each.event_id for each in failure.judged))
        return Decision(min(names), True, label_ids=ids, conflict=len(names) > 1)
    cast = [(name, vote) for name, vote in _votes(failure) if vote]
    said = tuple(f"{name}:{vote.label}" for name, vote in cast)
    best = max(cast, key=lambda each: each[1].confidence, default=None)
    return Decision(best[1].label if best else "unknown", False, votes=said)


def _votes(failure: Failure) -> list[tuple[str, Vote | None]]:
    return [(name, function(failure)) for name, function in FUNCTIONS.items()]


def truncated(failure: Failure) -> Vote | None:
    """Vote truncated: the model stopped at its length limit."""
    reason = (failure.request["finish_reason"] or "").lower()
    return Vote("truncated", 0.95) if reason in CUT else None


def tool(failure: Failure) -> Vote | None:
    """Vote tool_error: a tool call failed."""
    calls = json.loads(failure.request["tool_calls"] or "[]")
    failed = any(call.get("ok") is False for call in calls)
    return Vote("tool_error", 0.9) if failed else None


def output_format(failure: Failure) -> Vote | None:
    """Vote format_violation: the answer broke its format."""
    broken = failure.request["format_valid"] is False
    return Vote("format_violation", 0.85) if broken else None


def explicit(failure: Failure) -> Vote | None:
    """Vote for the reason a person gave; without one, somebody was not satisfied: `unknown`."""
    for said in reversed(failure.said):
        if said.signal in _COMMENTED and said.weight < 0 and said.text:
            reason = _reason(said.text[:_COMMENT_HEAD])
            if reason:
                return Vote(reason, 0.8)
    rated = any(said.weight < 0 for said in failure.said)
    return Vote("unknown", 0.1) if rated else None


def retrieval(failure: Failure) -> Vote | None:
    """Vote retrieval_miss: nothing was retrieved where something usually is."""
    nothing = failure.request["retrieved"] == "[]"
    usual = failure.habit.retrieved_share >= _USUALLY
    return Vote("retrieval_miss", 0.75) if nothing and usual else None


def refusal(failure: Failure) -> Vote | None:
    """Vote refusal_over: the answer declines; out_of_scope where the topic usually is."""
    if failure.request["status"] != "refused" and not is_refusal(failure.response):
        return None
    usual = failure.habit.refused_share >= _USUALLY
    return Vote("out_of_scope" if usual else "refusal_over", 0.7)


def language(failure: Failure) -> Vote | None:
    """Vote language_mismatch: the answer is in another script than the question."""
    asked, answered = script(failure.request["query"]), script(failure.response)
    other = asked is not None and answered is not None and asked != answered
    return Vote("language_mismatch", 0.7) if other else None


def edit(failure: Failure) -> Vote | None:
    """Vote by what the user changed: the style, what was missing, or what was said."""
    edits = [each for each in failure.said if each.signal == "edit" and each.text]
    if not edits or not failure.response:
        return None
    last = edits[-1]
    text = last.text or ""
    if not edit_ratio(last, failure):
        return None
    if bare(failure.response) == bare(text):
        return Vote("tone_style", 0.6)
    added, removed = words_changed(failure.response, text)
    mostly_added = added >= _MOSTLY * (added + removed)
    return Vote("incomplete" if mostly_added else "wrong_answer", 0.6)


def escalate(failure: Failure) -> Vote | None:
    """Vote wrong_answer: the user asked for a human."""
    asked = any(each.signal == "escalate" for each in failure.said)
    return Vote("wrong_answer", 0.5) if asked else None


def rephrase(failure: Failure) -> Vote | None:
    """Vote instruction_miss: the user had to say again what was meant."""
    again = any(each.signal in {"rephrase", "correction"} for each in failure.said)
    return Vote("instruction_miss", 0.45) if again else None


def outcome(failure: Failure) -> Vote | None:
    """Vote wrong_answer: the task failed: a weak word for a wrong answer."""
    return Vote("wrong_answer", 0.4) if failure.request["y"] == 0 else None


FUNCTIONS: dict[str, Callable[[Failure], Vote | None]] = {
    "truncated@1": truncated,
    "tool@1": tool,
    "format@1": output_format,
    "explicit@1": explicit,
    "retrieval@1": retrieval,
    "refusal@1": refusal,
    "language@1": language,
    "edit@1": edit,
    "escalate@1": escalate,
    "rephrase@1": rephrase,
    "outcome@1": outcome,
}

_REASONS: tuple[tuple[str, str], ...] = (
    ("user_changed_mind", r"changed my mind|never ?mind"),
    ("unsafe", r"unsafe|dangerous|harmful|offensive|racist|sexist"),
    ("unsupported_claim", r"made[ -]up|hallucinat\w*|invented|fabricat\w*|no source"),
    ("stale_knowledge", r"out ?of ?date|outdated|obsolete|no longer (?:true|valid|correct)"),
    ("language_mismatch", r"wrong language|not (?:in )?my language"),
    ("format_violation", r"wrong format|bad format|formatting|invalid json|broken (?:json|table)"),
    ("instruction_miss", r"not what i asked|ignored my|did(?: not|n.?t) (?:follow|answer)"),
    ("too_long", r"too long|too verbose|too wordy"),
    ("too_short", r"too short|too brief"),
    ("incomplete", r"incomplete|missing|left out|only half"),
    ("tone_style", r"rude|impolite|unfriendly|tone"),
    ("latency_timeout", r"too slow|took too long|timed? ?out"),
    ("refusal_over", r"refused|would(?: not|n.?t) (?:help|answer)"),
    ("wrong_answer", r"wrong|incorrect|not (?:true|correct|right)|false|inaccurate|mistake"),
)
_PATTERNS = tuple((name, re.compile(rf"\b(?:{words})\b")) for name, words in _REASONS)


def _reason(comment: str) -> str | None:
    """Return the failure type that a comment or a reason code names."""
    code = failure_type(comment)
    if code in TYPES and code != "unknown":
        return code
    text = comment.lower()
    return next((name for name, words in _PATTERNS if words.search(text)), None)
