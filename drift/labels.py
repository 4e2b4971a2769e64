"""Names a group of queries by the words that set it apart, and picks examples of it."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from decayd.text import normalise

_WORDS = 5
_EXAMPLES = 3
_EXAMPLE_CHARS = 200
_WORD_CHARS = 30  # longer ones are ids, hashes or text without spaces
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
NO_WORDS = "(no words)"

# English words that say how something is asked rather than what.
_STOP = frozenset(
    """a about after again all also am an and any anything are as at be because been before being
    but by can can't cannot could couldn't did didn't do does doesn't doing don't done down each for
    from get gets getting give go going got had has have haven't having he her here hers hey hi him
    his how how's i i'd i'll i'm i've if in into is isn't it it's its just kindly know let let's
    like may me might mine more most my myself need needs no nor not now of off ok okay on once only
    or other our out over own please really same shall she should so some something such tell than
    thank thanks that that's the their them then there there's these they thing things this those
    through to too under until up us very want wanted wants was wasn't we we're well were what
    what's when where where's which while who whom whose why will with won't would wouldn't yes you
    you're your yours""".split()  # noqa: SIM905  # as a list it is three times as long
)


class WordCounts(NamedTuple):
    """In how many of `n` texts each word is."""

    words: Counter[str]
    n: int


def count_words(texts: Iterable[str]) -> WordCounts:
    """Count in how many texts each word is."""
    found = [words_of(text) for text in texts]
    return WordCounts(Counter(word for words in found for word in words), len(found))


def label(here: WordCounts, there: WordCounts) -> tuple[str, ...]:
    """Return at most five words that are frequent in a group of queries and rare in a reference.

    The score is share x log(share / reference share); each query counts a word once. Words of a
    single query count only in groups of fewer than five. Ties are alphabetical.

    >>> group = count_words(["dim the lamp", "dim my lamp please", "lamp dimmer"])
    >>> label(group, count_words(["play a song", "lamp on"]))
    ('dim', 'lamp', 'dimmer')
    """
    least = 2 if here.n >= _WORDS else 1
    scores = {
        word: _score(count / here.n, (there.words[word] + 0.5) / (there.n + 1))
        for word, count in here.words.items()
        if count >= least
    }
    positive = [word for word, score in scores.items() if score > 0]
    return tuple(sorted(positive, key=lambda word: (-scores[word], word))[:_WORDS])


def title(words: Sequence[str]) -> str:
    """Join a label's words for people; emoji and punctuation alone give no words."""
    return " ".join(words) or NO_WORDS


def examples(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the first three different texts, each cut to 200 characters."""
    found: dict[str, str] = {}
    for text in texts:
        shown = normalise(text)
        found.setdefault(shown.casefold(), shown)
        if len(found) == _EXAMPLES:
            break
    return tuple(_cut(text) for text in found.values())


def words_of(text: str) -> set[str]:
    """Return the words of a text that can name a topic, casefolded."""
    found = _WORD.findall(normalise(text).casefold().replace("’", "'"))
    return {word for word in found if word not in _STOP and 1 < len(word) <= _WORD_CHARS}


def _cut(text: str) -> str:
    return text if len(text) <= _EXAMPLE_CHARS else f"{text[: _EXAMPLE_CHARS - 1]}…"


def _score(share: float, reference_share: float) -> float:
    return share * math.log(share / reference_share)
