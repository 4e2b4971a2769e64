"""Compares two short texts word by word: same words, typos, inflections, opposites.

English only: words of another language are compared as they stand, and none of them is a function
word. Where a script has no spaces each character is a word.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import dropwhile, pairwise
from typing import NamedTuple

from decayd.text import normalise
from drift.word_lists import (
    AKIN,
    ASKED,
    BEFORE_THE_POINT,
    CONDITIONS,
    CONTRACTIONS,
    DETERMINERS,
    FUNCTION_WORDS,
    NEGATIONS,
    NUMBERS,
    PROBLEMS,
    QUESTION_WORDS,
    RIVALS,
    ROLES,
)
from drift.words import Known, are_opposite, is_typo, same_word

_CHARS = 4096  # as much as the embedding model is given
_MOST_PAIRS = 400  # of left over words: more of them are not two wordings of one question
_MARKS = r"\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u109f"  # vowel signs, no letters to `re`
_WORD = re.compile(
    rf"\d+(?:[.,:]\d+)*|[\u3040-\u30ff\u3400-\u9fff]|[^\W\d_](?:[^\W\d_\u3040-\u9fff]|[{_MARKS}])*"
)
_CONTRACTED = re.compile(r"n't\b|'(?:s|re|ll|ve|d|m)\b")
_GREETING = re.compile(
    r"(?:(?:(?:no|nope|wrong|sorry)[,.:;!]|(?:sorry|hello|hi|hey)\b)[\s,.:;!]*)*"
)
_CORRECTION = re.compile(r"i (?:just )?(?:meant|mean)\b[,:]? (?:that )?")
_COMPLAINT = re.compile(  # "that's not what I asked for, …", "you didn't answer. …"
    r"(?:(?:that|this)(?: is| was| does| did)? not (?:what|it|right|help|answer)"
    r"|you (?:did|do|have) not (?:answer|explain|understand|understood|get)|not (?:that|what i))\b"
    r"[^,.:;!?]{0,60}[,.:;!?]\s*(?=\S)"
)
_I_SAID = re.compile(r"i (?:just |already )?(?:said|asked)\b[,:]? (?:whether |if |that |for )?")


@dataclass(frozen=True)
class Comparison:
    """The words of two texts laid side by side, each as (earlier, later).

    Parameters
    ----------
    words
        In order, without what only says that it is said again.
    left
        Those that the other side lacks, after typos and inflections were matched.
    n_shared
        Number of different words on both sides.
    typos
        A word was matched that one side has mistyped.
    restated
        The later text says itself that it was said before.
    """

    words: tuple[tuple[str, ...], tuple[str, ...]]
    left: tuple[frozenset[str], frozenset[str]]
    n_shared: int
    typos: bool
    restated: bool

    @property
    def jaccard(self) -> float:
        """Shared words over all words, function words included."""
        n_all = self.n_shared + len(self.left[0]) + len(self.left[1])
        return self.n_shared / n_all if n_all else 0.0

    @property
    def silent(self) -> bool:
        """One side has no word of content."""
        return not all(content(side) for side in self.words)

    @property
    def own(self) -> tuple[set[str], set[str]]:
        """Content and question words that the other side lacks."""
        one, other = (set(side) - FUNCTION_WORDS for side in self.left)
        return one, other

    @property
    def adds_number(self) -> bool:
        """The later text names a number that the earlier one does not."""
        return any(word[0].isdigit() for word in self.left[1])

    @property
    def names_another(self) -> bool:
        """Each names a day, month, time of day or colour that the other does not."""
        return any(all(rivals & side for side in self.left) for rivals in RIVALS)

    @property
    def asks_else(self) -> bool:
        """Each asks for its own: an order and a fact, a reason and a person, a time and a sum."""
        ours, its = (_asked(side) for side in self.words)
        return None not in {ours, its} and ours != its and frozenset((ours, its)) not in AKIN

    @property
    def narrowed(self) -> bool:
        """The later text is the earlier one word for word, and then a condition."""
        one, other = self.words
        rest = other[len(one) :]
        told = one[0] in PROBLEMS or bool(NEGATIONS.intersection(one))
        return other[: len(one)] == one and not told and rest[:1] != () and rest[0] in CONDITIONS

    @property
    def contradicts(self) -> bool:
        """One side only is negated, a word stands against its opposite, or places are swapped."""
        one, other = (bool(NEGATIONS.intersection(side)) for side in self.words)
        against = any(are_opposite(ours, its) for ours in self.left[0] for its in self.left[1])
        return one != other or against or _swapped(*self.words)


def compare(earlier: str, later: str, known: Known) -> Comparison:
    """Lay two texts side by side.

    >>> found = compare("how do I open my crad", "How can I open my card?", {"card"}.__contains__)
    >>> found.left, found.typos
    ((frozenset({'do'}), frozenset({'can'})), True)
    """
    one, _ = _read(earlier)
    other, restated = _read(later)
    ours, its = _without(one, other), _without(other, one)
    pairs = _pairs(ours, its, known)
    same = {pair.its: pair.ours for pair in pairs}
    joined = _joined(one, its) | _joined(other, ours)
    left = (frozenset(ours) - {*same.values(), *joined}, frozenset(its) - {*same, *joined})
    other = tuple(same.get(word, word) for word in other)
    shared = {word for word in (*one, *other) if word not in left[0] and word not in left[1]}
    return Comparison((one, other), left, len(shared), any(p.typo for p in pairs), restated)


def words_of(text: str) -> tuple[str, ...]:
    """Return the words in lower case; contractions are written out, number words as digits.

    >>> words_of("No, I said: don't wake me at seven")
    ('do', 'not', 'wake', 'me', 'at', '7')
    """
    return _read(text)[0]


def content(words: Sequence[str] | frozenset[str]) -> set[str]:
    """Return the words that say what a text is about."""
    return set(words) - FUNCTION_WORDS - QUESTION_WORDS


@lru_cache(1024)  # a text is compared with several of its session
def _read(text: str) -> tuple[tuple[str, ...], bool]:
    """Return the words, and whether the text says that they were said before."""
    plain = normalise(text[:_CHARS]).casefold().replace("’", "'")
    plain = _CONTRACTED.sub(lambda found: " not" if found[0] == "n't" else "", plain)
    rest, restated = _said_again(plain)
    found = _WORD.findall(rest) or _WORD.findall(plain)
    parts = [part for word in found for part in CONTRACTIONS.get(word, (word,))]
    return tuple(_number(part) for part in parts), restated


def _said_again(plain: str) -> tuple[str, bool]:
    rest = _without_head(_CORRECTION, _without_head(_GREETING, plain))
    asked = _without_head(_I_SAID, _without_head(_COMPLAINT, rest))
    return asked, asked != rest


def _without_head(head: re.Pattern[str], text: str) -> str:
    found = head.match(text)
    return text[found.end() :] if found else text


def _number(word: str) -> str:
    digits = word.replace(",", "").removesuffix(":00").removesuffix(".00")
    return digits if word[0].isdigit() else NUMBERS.get(word, word)


def _without(words: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    there = set(others)
    return tuple(dict.fromkeys(word for word in words if word not in there))


class _Pair(NamedTuple):
    """Two words that are the same."""

    ours: str
    its: str
    typo: bool


def _pairs(ours: Sequence[str], its: Sequence[str], known: Known) -> list[_Pair]:
    """Pair the words that each side has left, inflections before typos."""
    if len(ours) * len(its) > _MOST_PAIRS:
        return []
    pairs: list[_Pair] = []
    rest = list(ours)
    begins = {one[0] for one in ours}
    free = [word for word in its if word[0] in begins]
    for typo in (False, True):
        for one in rest if free else ():
            near = (word for word in free if word[0] == one[0])
            alike = (w for w in near if (is_typo(one, w, known) if typo else same_word(one, w)))
            match = next(alike, None)
            if match:
                free.remove(match)
                pairs.append(_Pair(one, match, typo))
        rest = [one for one in rest if one not in {pair.ours for pair in pairs}]
    return pairs


def _joined(words: Sequence[str], left: Sequence[str]) -> set[str]:
    """Return words written as two on one side and as one on the other: log in, login."""
    return {
        part
        for first, second in pairwise(words)
        if first + second in left
        for part in (first, second, first + second)
    }


def _asked(words: Sequence[str]) -> str | None:
    """Return what a text asks for by how it begins; None: it tells of a problem, or names one."""
    start = [*dropwhile(BEFORE_THE_POINT.__contains__, words)][:2]
    return ASKED.get(" ".join(start)) or ASKED.get(" ".join(start[:1]))


def _swapped(one: Sequence[str], other: Sequence[str]) -> bool:
    for role in ROLES:
        ours, theirs = _after(role, one), _after(role, other)
        if ours and theirs and ours != theirs and ours in other and theirs in one:
            return True
    return False


def _after(role: str, words: Sequence[str]) -> str | None:
    if role not in words:
        return None
    rest = words[words.index(role) + 1 :]
    return next((word for word in rest if word not in DETERMINERS), None)
