"""Other ways to write a text: without capitals, with typos, politely. One variant per text."""

import zlib

import numpy as np

_TYPO_SHARE = 0.3  # of the words over three letters; one at least
_POLITE = (
    ("hi, could you please help me: ", ""),
    ("hello, ", " thank you very much"),
    ("hey there, good morning, ", " please"),
    ("dear team, ", " many thanks in advance"),
    ("", " please, thanks a lot for your help"),
)


def sentence(text: str) -> str:
    """Begin with a capital letter, as written language does."""
    return text[:1].upper() + text[1:]


def typos(text: str) -> str:
    """Swap, drop or double a letter in some of the words."""
    rng = np.random.default_rng(zlib.crc32(text.encode()))
    words = text.split(" ")
    long = [n for n, word in enumerate(words) if len(word) > 3]
    hit = [n for n in long if rng.random() < _TYPO_SHARE] or long[:1] or [0]
    for n in hit:
        words[n] = _mistyped(words[n], rng)
    return " ".join(words)


def polite(text: str) -> str:
    """Say it with a greeting and thanks."""
    before, after = _POLITE[zlib.crc32(text.encode()) % len(_POLITE)]
    return before + text + after


def _mistyped(word: str, rng: np.random.Generator) -> str:
    if len(word) < 2:
        return word + word
    at = int(rng.integers(len(word) - 1))
    first, second = word[at], word[at + 1]
    doubled = first + first + second
    if first == second:
        return word[:at] + doubled + word[at + 2 :]
    pair = (second + first, first, doubled)[int(rng.integers(3))]
    return word[:at] + pair + word[at + 2 :]
