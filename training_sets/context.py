"""The conversation that led to an answer, as plain chat turns that end with the user."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from training_sets.canonical import clean
from training_sets.reasons import Refused
from training_sets.text_rules import is_blank, is_redacted

Turn = Mapping[str, str]
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_TOOLS = frozenset({"tool", "function"})


def context_of(request: Mapping[str, Any]) -> tuple[Turn, ...]:
    """Return the turns before the answer; a call without messages is its query alone.

    Trailing assistant turns are the answer itself and are dropped.

    Raises
    ------
    Refused
        When a turn is not text, was lost or redacted, or no user turn is left.
    """
    messages = json.loads(request["messages"]) if request["messages"] else []
    if not messages:
        messages = [{"role": "user", "content": request["query"]}]
    while messages and messages[-1].get("role") == "assistant":
        messages.pop()
    _check_tools(messages)
    turns = [_turn(message) for message in messages]
    if not turns or turns[-1]["role"] != "user":
        raise Refused("no_user_turn")
    return tuple(turns)


def user_texts(turns: Sequence[Turn]) -> list[str]:
    """Return what the user said, turn by turn."""
    return [turn["content"] for turn in turns if turn["role"] == "user"]


def _check_tools(messages: Sequence[Mapping[str, Any]]) -> None:
    results = [each for each in messages if each.get("role") in _TOOLS]
    for result in results:
        text = _text(result.get("content"))
        if is_blank(text) or is_redacted(text or ""):
            raise Refused("tool_result_redacted")
    if results or any(each.get("tool_calls") for each in messages):
        raise Refused("tool_turns")


def _turn(message: Mapping[str, Any]) -> Turn:
    role = message.get("role")
    known = _ROLES.get(role) if isinstance(role, str) else None
    if known is None:
        raise Refused("turn_not_text")
    text = _text(message.get("content"))
    if text is None or is_blank(text):
        raise Refused("system_prompt_lost" if known == "system" else "turn_not_text")
    return {"role": known, "content": clean(text)}


def _text(content: Any) -> str | None:
    """Return a turn's text; a list of text parts is joined, anything else is no text."""
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    parts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
    texts = [part for part in parts if isinstance(part, str)]
    return "\n".join(texts) if len(texts) == len(parts) else None
