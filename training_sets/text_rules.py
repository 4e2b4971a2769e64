"""What a text shows on its face: a refusal, a redaction mark, its script, how far it was edited.

The lexicons are English; they abstain on other languages and never guess.
"""

import re
import unicodedata
from collections import Counter
from functools import lru_cache

from decayd.text import normalise, text_key

_HEAD = 400  # characters: a refusal opens an answer, and a hostile megabyte stays cheap
_SAMPLE = 500  # characters that decide the script
_MIN_LETTERS = 8  # fewer letters say nothing about the language
_MAIN_SHARE = 0.6  # of the letters, else the text is mixed

_REFUSAL = re.compile(
    r"\W*(?:(?:i'?m|i am|we'?re|we are)?\s*(?:so |very |really )?(?:sorry|afraid|apologi[sz]e)\b"
    r"[^.!?]{0,40}?)?[\s,.!:;-]*(?:but |that |unfortunately,? |however,? )*"
    r"\b(?:i|we)(?: can ?not| can'?t| could not| am unable to| am not able to|'m unable to"
    r"|'m not able to| are unable to| won'?t| will not)(?: be able to)?"
    r" (?:help|assist|answer|comply|respond|discuss|engage|(?:do|provide) (?:this|that)"
    r"|(?:fulfil|complete|process) (?:this|that|your) request)\b"
)
_MODEL_TALK = (
    "as an ai language model",
    "as an ai model",
    "as an ai assistant",
    "as a language model",
    "as a large language model",
)
_MARK = (
    r"redacted|removed|masked|hidden|anonymi[sz]ed|e-?mail(?:_address)?|phone(?:_number)?|person"
    r"|name|address|iban|credit_card|card(?:_number)?|ssn|ip(?:_address)?|url|date_of_birth|pii"
)
_REDACTION = re.compile(
    rf"[\[<{{(](?:{_MARK})(?:[_ -]?\d+)?[\]>}})]|\bREDACTED\b|██|\*{{4}}[ -]?\d{{2,4}}\b",
    re.IGNORECASE,
)
_BLANK = re.compile(r"[\W_]+")


def is_refusal(text: str) -> bool:
    """Tell whether an answer declines to help.

    >>> is_refusal("I’m sorry, but I can't help with that.")
    True
    >>> is_refusal("Sorry about the wait: the refund was sent on Monday.")
    False
    """
    head = normalise(text[:_HEAD]).lower().replace("’", "'")
    return bool(_REFUSAL.match(head)) or any(words in head for words in _MODEL_TALK)


def is_redacted(text: str) -> bool:
    """Tell whether personal data was masked in a text.

    >>> is_redacted("Write to [EMAIL_1]."), is_redacted("card ****1234"), is_redacted("a <b>")
    (True, True, False)
    """
    return bool(_REDACTION.search(text))


def is_blank(text: str | None) -> bool:
    """Tell whether nothing visible is there."""
    return text is None or not any(_visible(character) for character in text)


def _visible(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character) not in {"Cc", "Cf"}


def bare(text: str) -> str:
    """Return the casefolded letters and digits, one space for everything between.

    >>> bare("Where's my  order?!")
    'where s my order'
    """
    return _BLANK.sub(" ", normalise(text).casefold()).strip()


def overlap_keys(text: str) -> frozenset[int]:
    """Return the keys by which a text meets an eval item: as it is, and without punctuation."""
    plain = bare(text)
    return frozenset({text_key(text), text_key(plain)} if plain else {text_key(text)})


def edit_share(before: str, after: str) -> float:
    """Return how much of a text was changed, 0 (same) to 1 (nothing in common).

    One minus the Dice similarity of the two bags of character trigrams: linear in the length, for
    any script, blind to the order of far-apart parts.

    >>> edit_share("same", "same"), round(edit_share("open it now", "open it later"), 2)
    (0.0, 0.38)
    """
    old, new = _trigrams(before), _trigrams(after)
    total = old.total() + new.total()
    return 1 - 2 * (old & new).total() / total if total else 0.0


def words_changed(before: str, after: str) -> tuple[int, int]:
    """Return how many words were added and removed, as bags of words.

    >>> words_changed("open the app", "open the app and tap it")
    (3, 0)
    """
    old, new = Counter(bare(before).split()), Counter(bare(after).split())
    return (new - old).total(), (old - new).total()


def script(text: str) -> str | None:
    """Return the script of most letters, such as LATIN or CYRILLIC, or None when too few or mixed.

    >>> script("Where is my parcel?"), script("Где моя посылка?"), script("ok")
    ('LATIN', 'CYRILLIC', None)
    """
    head = text[:_SAMPLE]
    if head.isascii():
        return "LATIN" if sum(map(str.isalpha, head)) >= _MIN_LETTERS else None
    letters = [each for each in head if each.isalpha()]
    if len(letters) < _MIN_LETTERS:
        return None
    seen = Counter(_script_of(each) for each in letters)
    name, count = seen.most_common(1)[0]
    return name if count >= _MAIN_SHARE * len(letters) else None


@lru_cache(maxsize=4096)
def _script_of(letter: str) -> str:
    name = unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0]
    return "CJK" if name in {"HIRAGANA", "KATAKANA"} else name


def _trigrams(text: str) -> Counter[str]:
    padded = f"  {normalise(text)} "
    return Counter(padded[i : i + 3] for i in range(len(padded) - 2))
