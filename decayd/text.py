"""One way to normalise a text and one key for it, shared by ingest, embedding and training sets."""

import hashlib
import struct
import unicodedata
from collections.abc import Sequence

# Canonical ordering of combining marks is quadratic in their run length: a hostile megabyte of
# them would take minutes, a piece of this many characters 4 ms.
_PIECE = 2048


def normalise(text: str) -> str:
    r"""Return `text` in NFKC with every run of white space collapsed to one space.

    A run of more than 2,048 characters without white space is normalised in pieces of that size,
    so that the cost stays linear.

    >>> normalise("  ﬁnd\u00a0my \n phone ")
    'find my phone'
    """
    if text.isascii():
        if text.isprintable() and "  " not in text:  # most texts: nothing to collapse
            return text.strip(" ")
    else:
        pieces = [text] if len(text) <= _PIECE else _pieces(text)
        text = "".join(unicodedata.normalize("NFKC", piece) for piece in pieces)
    return " ".join(text.split())


def text_key(text: str) -> int:
    """Return the 64-bit key of a text, equal for texts that differ in case or spacing only.

    It is what DuckDB gives for ``md5_number_lower`` of the casefolded normalised text: the second
    half of the MD5, read as a little-endian number.

    >>> text_key("Find my  phone") == text_key("find my phone")
    True
    """
    return text_keys((text,))[0]


def text_keys(texts: Sequence[str]) -> tuple[int, ...]:
    """Return the key of each text: many at once take three quarters of the time."""
    md5 = hashlib.md5
    folded = [normalise(text).casefold().encode("utf-8", "replace") for text in texts]
    digests = b"".join([md5(each, usedforsecurity=False).digest() for each in folded])
    return struct.unpack(f"<{2 * len(texts)}Q", digests)[1::2]


def _pieces(text: str) -> list[str]:
    words = text.split()
    return [f"{word[i : i + _PIECE]}{' ' if i + _PIECE >= len(word) else ''}"
            for word in words for i in range(0, len(word), _PIECE)]  # fmt: skip
