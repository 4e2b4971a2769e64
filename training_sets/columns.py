"""Column types of exported files, as the dataset card declares them."""

from typing import Literal

Column = Literal["text", "number", "integer", "flag", "texts", "turns", "weighted_turns"]

_TURN = ("role", "content")
_DTYPES = {"text": "string", "number": "float64", "integer": "int64", "flag": "bool"}


def declare(name: str, column: Column) -> list[str]:
    """Return the lines that declare one column under `features:` of a dataset card.

    >>> declare("prompt", "turns")[:2]
    ['  - name: prompt', '    list:']
    """
    head = [f"  - name: {name}"]
    if column == "texts":
        return [*head, "    list: string"]
    if column not in {"turns", "weighted_turns"}:
        return [*head, f"    dtype: {_DTYPES[column]}"]
    fields = [line for field in _TURN for line in _field(field, "string")]
    weight = _field("weight", "int64") if column == "weighted_turns" else []
    return [*head, "    list:", *fields, *weight]


def _field(name: str, dtype: str) -> list[str]:
    return [f"    - name: {name}", f"      dtype: {dtype}"]
