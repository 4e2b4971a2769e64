"""The closed list of what can be wrong with an answer, and who can fix it."""

from dataclasses import dataclass
from typing import Literal

VERSION = "taxonomy/1"

FixableBy = Literal["sft", "pref", "prompt", "retrieval_index", "tool", "infra", "product"]
TRAINABLE: frozenset[str] = frozenset({"sft", "pref"})


@dataclass(frozen=True)
class FailureType:
    """One kind of failure; `severity` goes from 1 (a matter of taste) to 5 (does harm)."""

    name: str
    fixable_by: FixableBy
    severity: int

    @property
    def trainable(self) -> bool:
        """Tell whether examples of it may enter a training set."""
        return self.fixable_by in TRAINABLE


_TYPES = (
    FailureType("unsafe", "pref", 5),
    FailureType("unsupported_claim", "sft", 5),
    FailureType("wrong_answer", "sft", 4),
    FailureType("refusal_missing", "sft", 4),
    FailureType("stale_knowledge", "retrieval_index", 4),
    FailureType("tool_error", "tool", 4),
    FailureType("tool_misuse", "sft", 4),
    FailureType("refusal_over", "sft", 3),
    FailureType("incomplete", "sft", 3),
    FailureType("instruction_miss", "sft", 3),
    FailureType("format_violation", "sft", 3),
    FailureType("retrieval_miss", "retrieval_index", 3),
    FailureType("language_mismatch", "sft", 3),
    FailureType("truncated", "infra", 3),
    FailureType("latency_timeout", "infra", 3),
    FailureType("out_of_scope", "prompt", 2),
    FailureType("too_long", "pref", 2),
    FailureType("too_short", "pref", 2),
    FailureType("tone_style", "pref", 1),
    FailureType("unknown", "pref", 2),
    FailureType("user_changed_mind", "product", 1),
)

# `unknown` is trainable because a person's better answer teaches without a name for the fault;
# without such an answer nothing of it becomes a row.
TYPES: dict[str, FailureType] = {each.name: each for each in _TYPES}
NO_FAILURE: frozenset[str] = frozenset({"no_failure", "user_changed_mind"})


def failure_type(word: str) -> str:
    """Map an annotator's word onto the list; what is not on it is `unknown`.

    >>> failure_type("Wrong answer"), failure_type("no-failure"), failure_type("meh")
    ('wrong_answer', 'no_failure', 'unknown')
    """
    name = "_".join(word.strip().lower().replace("-", " ").replace("_", " ").split())
    return name if name in TYPES or name in NO_FAILURE else "unknown"
