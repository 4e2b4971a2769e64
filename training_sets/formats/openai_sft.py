"""OpenAI chat fine-tuning: messages, of which only the last answer carries weight."""

from collections.abc import Mapping, Sequence
from typing import Any

from training_sets.columns import Column
from training_sets.context import Turn
from training_sets.rows import Row

KINDS: Sequence[str] = ("sft",)
COLUMNS: Mapping[str, Column] = {"messages": "weighted_turns"}


def convert(row: Row) -> dict[str, Any]:
    """Return the conversation; earlier answers stay in it with weight 0."""
    answer = {"role": "assistant", "content": row.completion, "weight": 1}
    return {"messages": [*(_turn(turn) for turn in row.context), answer]}


def _turn(turn: Turn) -> dict[str, Any]:
    plain: dict[str, Any] = {"role": turn["role"], "content": turn["content"]}
    return plain | {"weight": 0} if turn["role"] == "assistant" else plain
