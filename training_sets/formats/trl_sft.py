"""TRL `SFTTrainer`, prompt and completion: only the completion is trained on."""

from collections.abc import Mapping, Sequence
from typing import Any

from training_sets.columns import Column
from training_sets.rows import Row

KINDS: Sequence[str] = ("sft",)
COLUMNS: Mapping[str, Column] = {"prompt": "turns", "completion": "turns"}


def convert(row: Row) -> dict[str, Any]:
    """Return the conversation and the answer to learn."""
    prompt = [{"role": turn["role"], "content": turn["content"]} for turn in row.context]
    return {"prompt": prompt, "completion": [{"role": "assistant", "content": row.completion}]}
