"""TRL `DPOTrainer`: a prompt with the answer to prefer and the one that failed."""

from collections.abc import Mapping, Sequence
from typing import Any

from training_sets.columns import Column
from training_sets.rows import Row

KINDS: Sequence[str] = ("pref",)
COLUMNS: Mapping[str, Column] = {"prompt": "turns", "chosen": "turns", "rejected": "turns"}


def convert(row: Row) -> dict[str, Any]:
    """Return the conversation and both answers."""
    return {
        "prompt": [{"role": turn["role"], "content": turn["content"]} for turn in row.context],
        "chosen": [{"role": "assistant", "content": row.chosen}],
        "rejected": [{"role": "assistant", "content": row.rejected}],
    }
