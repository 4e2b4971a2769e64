"""One way to write JSON, so that the same content always has the same bytes and hash."""

import hashlib
import json
from typing import Any

# Legal inside JSON strings, but many readers take them for the end of a line.
_LINE_ENDS = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029", "\u0085": "\\u0085"})


def encode(value: Any) -> bytes:
    r"""Return JSON in UTF-8 with sorted keys, no spaces and no line end inside.

    >>> encode({"b": [1, 0.5], "a": "é"}).decode()
    '{"a":"é","b":[1,0.5]}'

    Raises
    ------
    ValueError
        When a number is NaN or infinite: JSON has no word for it.
    """
    return _encode(value, sort_keys=True)


def encode_line(value: Any) -> bytes:
    """Return JSON like `encode`, keys in their own order, ended by a line feed."""
    return _encode(value, sort_keys=False) + b"\n"


def digest(value: Any) -> str:
    """Return the hex SHA-256 of the canonical form."""
    return hashlib.sha256(encode(value)).hexdigest()


def clean(text: str) -> str:
    r"""Replace lone surrogates, which UTF-8 can't carry.

    >>> clean("a\ud800b")
    'a?b'
    """
    return text.encode("utf-8", "replace").decode()


def _encode(value: Any, *, sort_keys: bool) -> bytes:
    text = json.dumps(
        value, sort_keys=sort_keys, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return text.translate(_LINE_ENDS).encode("utf-8", "replace")
