"""Decides whether one question of a session asks an earlier one again in other words."""

from decayd.text import text_key
from drift.cuts import Cuts
from drift.word_lists import FUNCTION_WORDS, QUESTION_WORDS
from drift.wording import Comparison, compare
from drift.words import Known

_OVERLAP = 0.4  # Jaccard of all words: from here on a single other word may make another question
_FEW_WORDS = 3  # of content: fewer are a follow-up, such as "shorter", unless they say the same
_CUT_WORDS = 5  # length of the questions that `Cuts.reworded` is about
ALWAYS = -1.0  # a cosine that every pair has


def is_rephrase(earlier: str, later: str, cosine: float, cuts: Cuts, known: Known) -> bool:
    """Tell whether the later text asks the earlier one again, given their vectors' cosine."""
    least = least_cosine(earlier, later, cuts, known)
    return least is not None and cosine >= least


def least_cosine(earlier: str, later: str, cuts: Cuts, known: Known) -> float | None:
    """Return the cosine from which on the later text asks the earlier one again; None: never.

    Never, when the later text names a new number, another day or colour, asks for something of
    another kind (why, who), or puts a condition behind the same words. Else `cuts.rephrase`, with
    three exceptions:

    - A later text that repeats all content of the earlier one tells more of the same, and what it
      tells dilutes the vector: `cuts.near`.
    - Where most words are the same and each text has one of its own, and for a follow-up of a word
      or two, it takes `cuts.reworded`, more in a longer text: what a replaced word does to the
      mean of n of them shrinks with n. Opposites, a negation on one side and swapped places make
      it another question.
    - Two texts that differ in typos only need no cosine: a mistyped word moves a vector anywhere.

    Parameters
    ----------
    known
        Tells whether a lower-case word is in the dictionary; a typo is not.

    Notes
    -----
    Blind to a new question about the same thing in words of which most are new. Opposites,
    negations, kinds of questions and function words are known in English only; elsewhere every word
    is one of content.

    Examples
    --------
    >>> from drift.cuts import MINILM
    >>> def least(earlier, later):
    ...     return least_cosine(earlier, later, MINILM, lambda word: word != "flihgt")
    >>> least("my parcel has not arrived", "where is the parcel that I ordered from you")
    0.6
    >>> least("cancel my flight to Paris", "cancel my flight to Rome")
    0.85
    >>> least("cancel my flihgt to Paris", "cancel my flight to Paris")
    -1.0
    >>> least("turn the heating on", "turn the heating off")
    """
    if text_key(earlier) == text_key(later):
        return None  # a retry
    found = compare(earlier, later, known)
    if _asks_something_else(found):
        return None
    if found.jaccard >= _OVERLAP:
        return _of_close_ones(found, cuts)
    if len(set(found.words[1]) - FUNCTION_WORDS) < _FEW_WORDS:
        return _reworded(found, cuts)
    repeats_all = not found.own[0] - QUESTION_WORDS
    return cuts.near if repeats_all else cuts.rephrase


def _asks_something_else(found: Comparison) -> bool:
    if found.silent:
        return True
    return found.asks_else or found.adds_number or found.names_another or found.narrowed


def _of_close_ones(found: Comparison, cuts: Cuts) -> float | None:
    if found.contradicts:
        return None
    if found.typos and not any(found.own):
        return ALWAYS
    return _reworded(found, cuts) if all(found.own) and not found.restated else cuts.rephrase


def _reworded(found: Comparison, cuts: Cuts) -> float:
    n_words = max(len(words) for words in found.words)
    n_own = max(len(own) for own in found.own)
    return 1 - (1 - cuts.reworded) * min(1.0, _CUT_WORDS * n_own / n_words)
