"""Walks over JSON that may be broken in any way, token by token, without ever failing."""

import json
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache

import msgspec

_TOKEN = re.compile(r'"(?:[^"\\]|\\.?)*"?|[\[{\]}:,]\s*|\s+|[^"\[\]{}:,]+', re.DOTALL)
_COLON = re.compile(r"\s*:")
_NO_NAME = re.compile(r"[\W_]+")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_CLOSED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_MARKS = "[{]}:,"
_AROUND = " \t\r\n'\\"  # what may stand around a word without double quotes
_LONGEST_NAME = 24  # characters; above any key that is looked for


class Token(msgspec.Struct, frozen=True, gc=False):
    """A string, or a word without quotes, and what it is within the record."""

    text: str
    content: str  # decoded, without quotes
    is_key: bool
    key: str  # whose value it is; of a key its own name
    hidden: bool  # it stands for a person
    at_top: bool


def walk(text: str, people: AbstractSet[str]) -> Iterator[str | Token]:
    """Yield every token in order, brackets and white space as they are.

    `people` are the plain names of keys whose values stand for a person.
    """
    stack: list[bool] = []  # of each open bracket whether what is inside stands for a person
    key, pending = "", False
    for match in _TOKEN.finditer(text):
        token, first = match[0], match[0][0]
        inside = bool(stack) and stack[-1]
        if first not in _MARKS and not first.isspace():
            content = unquoted(token) if first == '"' else unescaped(token).strip(_AROUND)
            is_key = _COLON.match(text, match.end()) is not None
            key = content if is_key else key
            hidden = inside or (pending and not is_key)
            yield Token(token, content, is_key, key, hidden, len(stack) == 1)
            pending = (pending and not is_key) or plain_name(content) in people  # no colon after
            continue
        if first in "[{":
            stack.append(inside or pending)
        elif first in "]}":
            del stack[-1:]
        pending = pending and first not in "[{]},"
        yield token


def plain_name(key: str) -> str:
    """Return a key in small letters and digits; '' for one that is too long to be any of ours.

    >>> plain_name("User-Id"), plain_name("user_id")
    ('userid', 'userid')
    """
    return "" if len(key) > _LONGEST_NAME else _bare_name(key)


@lru_cache(maxsize=4096)
def _bare_name(key: str) -> str:
    return _NO_NAME.sub("", key.lower())


def is_closed(token: str) -> bool:
    """Tell whether a string token has its closing quote."""
    if "\\" in token:
        return _CLOSED.fullmatch(token) is not None
    return len(token) > 1 and token[-1] == '"'


def unquoted(token: str) -> str:
    """Return what a string token says, as far as it goes."""
    body = token[1:-1] if is_closed(token) else token[1:]
    if "\\" not in body:
        return body
    try:
        return str(json.loads(f'"{body}"', strict=False))
    except ValueError:
        return unescaped(body)


def unescaped(text: str) -> str:
    """Resolve escapes, also of what is no JSON string."""
    return _ESCAPE.sub(_escaped, text) if "\\" in text else text


def _escaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else _CONTROLS.get(match[2], match[2])
