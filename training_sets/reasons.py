"""Why a failure did not become an example, and what would change that: one text for all readers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class Refused(Exception):
    """A failure can't become an example; carries the reason that it is counted under."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Reason:
    """A reason in words, and the event or config line that would change it ('' when none)."""

    words: str
    change: str = ""


_FIX = "counted in the report; training can't fix it"
_GRANT = "send `consent` events (purpose training, state granted)"

REASONS: dict[str, Reason] = {
    "no_reference_answer": Reason(
        "no better answer is known",
        "send `edit` signals with `text`, outcomes with `final_text`, or labels with"
        " `corrected_text`",
    ),
    "no_consent": Reason(
        "no consent (of asker, editor or annotator)",
        f"{_GRANT}, or set features.{{feature}}.lawful_basis",
    ),
    "no_user_id": Reason(
        "nobody could be asked: no `user_id`",
        "send `user_id` with requests, or set features.{feature}.lawful_basis",
    ),
    "consent_withheld": Reason("consent denied, revoked or expired", f"only a new grant: {_GRANT}"),
    "consent_came_later": Reason(
        "consent covers later requests only", "a `consent` event with scope all"
    ),
    "eval_overlap": Reason("equal to a registered eval item", "nothing: evals stay unseen"),
    "duplicate": Reason("same as another row", "nothing: one row is kept"),
    "no_failure": Reason("labelled as no failure", "a `label` event that supersedes it"),
    "labels_disagree": Reason("annotators disagree", "a `label` event that supersedes one"),
    "truncated": Reason("answer cut at its length limit", f"raise the limit; {_FIX}"),
    "fixable_by_prompt": Reason("a prompt matter", _FIX),
    "fixable_by_retrieval_index": Reason("a retrieval matter", _FIX),
    "fixable_by_tool": Reason("a tool failed", _FIX),
    "fixable_by_infra": Reason("an infrastructure matter", _FIX),
    "fixable_by_product": Reason("a product matter", _FIX),
    "no_answer_to_reject": Reason(
        "no `response` to prefer the better answer to",
        "send `response`, or add sft to datasets.{name}.kinds",
    ),
    "no_user_turn": Reason(
        "conversation without a user turn", "send the user's turn in `messages`"
    ),
    "turn_not_text": Reason("a turn that is not text", "send text turns in `messages`"),
    "tool_turns": Reason("conversation with tool calls", "nothing yet: no format carries them"),
    "tool_result_redacted": Reason("a tool's result was redacted", "send `messages` with it"),
    "system_prompt_lost": Reason("the system prompt was redacted", "send `messages` with it"),
    "edit_without_text": Reason("edit without its text", "send `text` with `edit` signals"),
    "edit_ratio": Reason("edit below .02 or above .8", "a `label` event with `corrected_text`"),
    "edit_not_used": Reason("edit undone or dismissed", "a `label` event with `corrected_text`"),
    "final_text_failed": Reason(
        "the final text failed too", "an outcome with the `final_text` that helped"
    ),
    "regenerated_other_prompt": Reason(
        "regenerated from another prompt", "a `label` event with `corrected_text`"
    ),
    "target_truncated": Reason("better answer cut at its length limit", "raise the limit"),
    "empty_target": Reason("better answer is empty", "send its text"),
    "target_redacted": Reason(
        "redaction marks in the better answer", "a `label` event with `corrected_text`"
    ),
    "target_refuses": Reason(
        "the better answer refuses", "label it refusal_missing if refusing is right"
    ),
    "target_equals_answer": Reason(
        "better answer equals the failed one", "a `label` event with `corrected_text`"
    ),
    "target_other_language": Reason(
        "better answer in another script than the question",
        "a `label` event with `corrected_text`",
    ),
    "eval_traffic": Reason("eval traffic", "nothing: evals stay unseen"),
    "not_user_traffic": Reason(
        "synthetic, imported or probe traffic", "only users' requests count"
    ),
    "no_answer": Reason("error or timeout, no answer was given", f"see infrastructure; {_FIX}"),
    "inner_call": Reason("a call inside another request", "only users' requests count"),
}


@dataclass(frozen=True)
class Funnel:
    """How many failures there were in a set's period and what became of them."""

    name: str
    features: tuple[str, ...]
    n_requests: int
    n_failures: int
    n_used: int
    n_rows: int
    rejects: Mapping[str, int]
    known_features: tuple[str, ...] = ()


def change(reason: str, name: str, features: Sequence[str]) -> str:
    """Return the event or config line that would change a reason, with real names in it."""
    feature = features[0] if len(features) == 1 else "FEATURE"
    template = REASONS[reason].change
    return template.replace("{feature}", feature).replace("{name}", name)


def explain(funnel: Funnel) -> list[str]:
    """Say in lines what became of the failures, the most frequent reason first.

    >>> explain(Funnel("fixes", ("chat",), 900, 12, 0, 0, {"duplicate": 12}))[1]
    '12 blocked: same as another row → nothing: one row is kept'
    """
    if not funnel.n_requests:
        return [_nothing(funnel)]
    head = (
        f"{funnel.n_rows:,} rows from {funnel.n_used:,} of {funnel.n_failures:,} failures"
        f" in {funnel.n_requests:,} user requests"
    )
    ranked = sorted(funnel.rejects.items(), key=lambda each: (-each[1], each[0]))
    return [head, *(_line(reason, n, funnel) for reason, n in ranked)]


def _line(reason: str, n: int, funnel: Funnel) -> str:
    words = REASONS[reason].words
    return f"{n:,} blocked: {words} → {change(reason, funnel.name, funnel.features)}"


def _nothing(funnel: Funnel) -> str:
    wanted = ", ".join(funnel.features) or "any feature"
    known = ", ".join(funnel.known_features) or "none"
    return (
        f"no user requests of {wanted} in the period → send `request` events, or set"
        f" datasets.{funnel.name}.features or .weeks (features with requests: {known})"
    )
