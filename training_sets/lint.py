"""Finds what trainers accept in silence and should not: null or empty text, equal answers."""

from collections.abc import Iterator, Mapping
from typing import Any

from decayd.text import normalise
from training_sets.text_rules import is_blank

_CONVERSATIONS = ("messages", "prompt", "context")
_ANSWERS = ("completion", "chosen", "rejected")
ROLES = frozenset({"system", "user", "assistant"})


def problems(line: Mapping[str, Any]) -> tuple[str, ...]:
    """Return everything wrong with one exported line, in any of the formats; empty when fine.

    >>> problems({"prompt": [{"role": "user", "content": "hi"}], "completion": " "})
    ('completion is empty',)
    """
    return tuple(_problems(line))


def _problems(line: Mapping[str, Any]) -> Iterator[str]:
    conversations = [(name, line[name]) for name in _CONVERSATIONS if name in line]
    if not conversations:
        yield "no conversation"
    for name, turns in conversations:
        yield from _conversation(name, turns)
    present = {name: line[name] for name in _ANSWERS if line.get(name) is not None}
    if "messages" not in line and not present:
        yield "no answer"
    for name, answer in present.items():
        yield from _answer(name, answer)
    yield from _preference(line)


def _conversation(name: str, turns: Any) -> Iterator[str]:
    if not isinstance(turns, list | tuple) or not turns:
        yield f"{name} is empty"
        return
    for index, turn in enumerate(turns):
        yield from _turn(f"{name}[{index}]", turn)
    last = turns[-1]
    expected = "assistant" if name == "messages" else "user"
    if isinstance(last, Mapping) and last.get("role") != expected:
        yield f"{name} does not end with the {expected}"


def _answer(name: str, answer: Any) -> Iterator[str]:
    if isinstance(answer, str):
        if is_blank(answer):
            yield f"{name} is empty"
        return
    if not isinstance(answer, list | tuple) or not answer:
        yield f"{name} is empty"
        return
    for index, turn in enumerate(answer):
        yield from _turn(f"{name}[{index}]", turn)


def _turn(where: str, turn: Any) -> Iterator[str]:
    if not isinstance(turn, Mapping):
        yield f"{where} is no turn"
        return
    role, content = turn.get("role"), turn.get("content")
    if not isinstance(role, str):
        yield f"{where} has a role that is no string"
    elif role not in ROLES:
        yield f"{where} has the unknown role {role[:40]!r}"
    if content is None:
        yield f"{where} has null content"
    elif not isinstance(content, str):
        yield f"{where} has content that is no string"
    elif is_blank(content):
        yield f"{where} is empty"


def _preference(line: Mapping[str, Any]) -> Iterator[str]:
    chosen, rejected = line.get("chosen"), line.get("rejected")
    if (chosen is None) != (rejected is None):
        yield "a preference needs chosen and rejected"
    elif chosen is not None and _plain(chosen) == _plain(rejected):
        yield "chosen equals rejected"


def _plain(answer: Any) -> Any:
    if isinstance(answer, str):
        return normalise(answer)
    if isinstance(answer, list | tuple):
        return [_plain(t.get("content")) if isinstance(t, Mapping) else t for t in answer]
    return answer
