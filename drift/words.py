"""Compares two words: inflections, typos and opposites of English.

Words of another language are only compared letter by letter.
"""

from collections.abc import Callable
from itertools import takewhile

from drift.word_lists import OPPOSITE_PREFIXES, OPPOSITES

_TYPO_CHARS = 4  # shorter words differ by a letter too often: cat, car
_TWO_TYPOS_CHARS = 8
_LONGEST_WORD = 30
_INFLECTIONS = frozenset(
    frozenset(pair)
    for pair in (
        ("", "s"), ("", "d"), ("", "es"), ("", "ed"), ("", "ing"), ("e", "ing"), ("y", "ies"),
        ("y", "ied"), ("s", "d"), ("s", "ed"), ("s", "ing"), ("ed", "ing"), ("es", "ing"),
        ("", "ion"), ("e", "ion"), ("ed", "ion"), ("ing", "ion"), ("", "ation"), ("", "ment"),
        ("", "y"), ("", "ly"), ("", "er"), ("", "r"),
    )
)  # fmt: skip

Known = Callable[[str], bool]
"""Tells whether a lower-case word is in the dictionary, so that it is no typo."""


def same_word(one: str, other: str) -> bool:
    """Tell whether two words differ by inflection or spelling variant only.

    >>> same_word("transfers", "transfer"), same_word("summarize", "summarising")
    (True, True)
    >>> same_word("plan", "plane")
    False
    """
    one, other = one.replace("iz", "is"), other.replace("iz", "is")
    n = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    if n < _TYPO_CHARS - 1:
        return False
    ends = one[n:], other[n:]
    doubled = (end[1:] if end[:1] == one[n - 1] else end for end in ends)  # cancel, cancelled
    return one == other or frozenset(ends) in _INFLECTIONS or frozenset(doubled) in _INFLECTIONS


def is_typo(one: str, other: str, known: Known) -> bool:
    """Tell whether one of two words looks like the other one mistyped.

    They begin alike, are a letter apart (two from 8 letters on; neighbours swapped count once) and
    are not both words of the dictionary.
    """
    longer, shorter = max(len(one), len(other)), min(len(one), len(other))
    if not _TYPO_CHARS <= longer <= _LONGEST_WORD or one[0] != other[0] or not one.isalpha():
        return False
    allowed = 2 if shorter >= _TWO_TYPOS_CHARS - 1 and longer >= _TWO_TYPOS_CHARS else 1
    if longer - shorter > allowed or (known(one) and known(other)):
        return False
    return _distance(one, other) <= allowed


def are_opposite(one: str, other: str) -> bool:
    """Tell whether two words are opposites, by a list or by a prefix such as un-.

    >>> are_opposite("open", "close"), are_opposite("lock", "unlocked")
    (True, True)
    """
    if frozenset((one, other)) in OPPOSITES:
        return True
    short, long = sorted((one, other), key=len)
    return any(
        long == prefix + short
        or (long.startswith(prefix) and same_word(long.removeprefix(prefix), short))
        for prefix in OPPOSITE_PREFIXES
    )


def _distance(one: str, other: str) -> int:
    """Return the edits between two words; two neighbours that changed places are one."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, row = row, [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before = last
    return row[-1]
