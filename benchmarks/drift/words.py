"""The words that may name an intent, for judging labels: those of its name and its telling ones."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

_TELLING = 10  # words of an intent
_STEM = 5  # letters; two words with the same beginning are one word in two forms
_MIN_STEM = 4


def alike(word: str, other: str) -> bool:
    """Tell whether two words are equal, or begin with the same five letters (four if shorter).

    >>> alike("movie", "movies"), alike("card", "care"), alike("top", "topped")
    (True, False, False)
    """
    length = max(_MIN_STEM, min(_STEM, len(word), len(other)))
    return word == other or (
        min(len(word), len(other)) >= length and word[:length] == other[:length]
    )


def words_of(text: str) -> set[str]:
    """Return the words of a text in lower case."""
    return set(re.findall(r"[a-z0-9]+", text.lower()))


def telling_words(intents: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    """Return each intent's name in words with its ten words of largest share x log lift."""
    counts = {name: _counted(texts) for name, texts in intents.items()}
    everything: Counter[str] = sum(counts.values(), Counter())
    total = sum(len(texts) for texts in intents.values())
    found = {}
    for name, count in counts.items():
        n = len(intents[name])
        lift = {
            word: k / n * math.log((k / n) / ((everything[word] - k + 0.5) / (total - n + 1)))
            for word, k in count.items()
        }
        top = sorted(lift, key=lambda word: (-lift[word], word))[:_TELLING]
        found[name] = frozenset(top) | words_of(name.replace("_", " "))
    return found


def _counted(texts: Iterable[str]) -> Counter[str]:
    return Counter(word for text in texts for word in words_of(text))
