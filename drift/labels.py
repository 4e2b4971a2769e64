"""Names a group of queries by the words that set it apart, and picks examples of it."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from html import unescape
from itertools import count
from typing import NamedTuple

from decayd.text import normalise
from drift.stop_words import STOP_WORDS

NO_WORDS = "(no words)"
_WORDS = 5
_EXAMPLES = 3
_EXAMPLE_CHARS = 200
_WORD_CHARS = 30  # longer ones are ids, hashes or text without spaces
_ID_DIGITS = 5  # of an order, a card, a phone; years and product names have fewer
_ENDING = 3  # letters that a form of the same word has more: lamp, lamps; book, booking
_GRAMS = (2, 3, 4)  # characters of a word in text without spaces
_LONGER_GRAM = 0.25  # of the score, for each character above two: a part says less than its whole

# Scripts, other markup, and what stands where personal data was masked.
_NOISE = re.compile(
    r"<(script|style)\b[^<]{0,2000}</\1\s{0,9}>|<[^<>]*>|\[[A-Z]{2,10}\]", re.IGNORECASE
)
_ADDRESS = re.compile(r"[@<>={}]|://|^www\.|^(?:javascript|data|mailto):")  # or code
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_SPACED = re.compile(r"[^\s'-]+(?:['-][^\s'-]+)*")
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_KANA = "\u30a1-\u30fa\u30fc"
_DOTTED_I = "i\u0307"  # the Turkish capital, casefolded
_HIRAGANA = "\u3041-\u309f"  # grammar, as good as always
_SCRIPTS = re.compile(
    f"(?P<han>[{_HAN}]+)|(?P<word>[{_KANA}]+|[^{_HAN}{_KANA}{_HIRAGANA}]+)|[{_HIRAGANA}]+"
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
    single query count only in groups of fewer than five. Of several forms of a word, and of
    overlapping pieces of text without spaces, the best is taken. Ties are alphabetical.

    >>> group = count_words(["dim the lamp", "dim my lamps please", "lamp dimmer in the hall"])
    >>> label(group, count_words(["play a song", "lamp on"]))
    ('dim', 'hall', 'lamps')
    """
    least = 2 if here.n >= _WORDS else 1
    scores = {
        word: _score(word, n / here.n, (there.words[word] + 0.5) / (there.n + 1))
        for word, n in here.words.items()
        if n >= least
    }
    chosen: list[str] = []
    for word in sorted(scores, key=lambda word: (-scores[word], word)):
        if scores[word] <= 0 or len(chosen) == _WORDS:
            break
        if not any(_alike(word, other) for other in chosen):
            chosen.append(word)
    return tuple(chosen)


def title(words: Sequence[str], taken: Collection[str] = ()) -> str:
    """Join a label's words for people; a number tells it from the titles that are `taken`.

    Emoji and punctuation alone give no words.

    >>> title(["dim", "lamp"]), title(["dim", "lamp"], {"dim lamp"}), title([])
    ('dim lamp', 'dim lamp 2', '(no words)')
    """
    plain = " ".join(words) or NO_WORDS
    if plain not in taken:
        return plain
    stem = " ".join(words[: _WORDS - 1]) or NO_WORDS
    return next(found for n in count(2) if (found := f"{stem} {n}") not in taken)


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
    """Return the words of a text that can name a topic, casefolded.

    Markup, addresses, numbers of orders and the like are none. Chinese and the Chinese characters
    of Japanese give all their pieces of two to four characters.

    >>> sorted(words_of("<b>Refund</b> order 4711081 https://shop.example/x me@shop.example"))
    ['order', 'refund']
    """
    text = _NOISE.sub(" ", unescape(normalise(text))).casefold()
    text = " ".join(part for part in text.split() if not _ADDRESS.search(part))
    if text.isascii():
        found: Iterable[str] = _WORD.findall(text)
    else:
        spaced = _letters(text.replace("’", "'").replace(_DOTTED_I, "i"))
        found = (word for run in _SPACED.findall(spaced) for word in _pieces(run))
    return {word for word in found if word not in STOP_WORDS and _names(word)}


def _letters(text: str) -> str:
    """Return a text with spaces for all but letters, their marks, digits and joints of words."""
    return "".join(_letter(each) for each in text)


def _letter(char: str) -> str:
    if char.isalnum() or char in "'-":
        return char
    kind = unicodedata.category(char)
    if kind == "Cf":  # joiners and marks of direction: invisible, within words
        return ""
    return char if kind in ("Mn", "Mc") else " "


def _pieces(run: str) -> Iterable[str]:
    for part in _SCRIPTS.finditer(run):
        if part["word"]:
            yield part["word"].strip("'-")
        elif part["han"]:
            han = part["han"]
            grams = [n for n in _GRAMS if n <= len(han)] or [1]
            pieces = (han[i : i + n] for n in grams for i in range(len(han) - n + 1))
            yield from (piece for piece in pieces if not _holds_stop_word(piece))


def _holds_stop_word(piece: str) -> bool:
    return any(piece[i : i + n] in STOP_WORDS for n in _GRAMS for i in range(len(piece) - n + 1))


def _names(word: str) -> bool:
    """Tell whether a word can name a topic: neither a letter nor an id nor a pile of marks."""
    if word.isascii():
        return 1 < len(word) <= _WORD_CHARS and sum(map(str.isdigit, word)) < _ID_DIGITS
    n_letters, n_digits = sum(map(str.isalpha, word)), sum(map(str.isdigit, word))
    enough = len(word) <= _WORD_CHARS and len(word) <= 2 * n_letters + n_digits
    return enough and n_digits < _ID_DIGITS and (len(word) > 1 or _is_han(word))


def _is_han(word: str) -> bool:
    part = _SCRIPTS.fullmatch(word)
    return part is not None and part["han"] is not None


def _alike(word: str, other: str) -> bool:
    if _is_han(word) and _is_han(other):
        pairs = (word[i : i + 2] in other for i in range(max(1, len(word) - 1)))
        return word[0] == other[-1] or word[-1] == other[0] or any(pairs)
    short, long = sorted((word, other), key=len)
    return long.startswith(short) and len(long) - len(short) <= _ENDING


def _cut(text: str) -> str:
    return text if len(text) <= _EXAMPLE_CHARS else f"{text[: _EXAMPLE_CHARS - 1]}…"


def _score(word: str, share: float, reference_share: float) -> float:
    score = share * math.log(share / reference_share)
    return score * (1 + _LONGER_GRAM * (len(word) - 2)) if _is_han(word) else score
