"""The test of style: what it notices, what it must not, and texts of any kind."""

from collections.abc import Callable

import numpy as np
import pytest

from drift.base import Votes
from drift.detectors import style
from drift.detectors.style import NAMES, compare, detect

TOPICS = (
    ("Where is my {} parcel?", "Has the {} parcel been sent?", "When will my {} order arrive?"),
    ("I want to return the {} shoes.", "How do I send back a {} coat?", "Return label for {}"),
    ("Refund for {} please", "The {} refund is missing!", "When do I get my {} money back?"),
    ("Change my {} address", "Can you update the {} phone number?", "New e-mail for {}"),
)
THINGS = ("blue", "red", "small", "first", "second", "old", "new", "Berlin", "birthday", "office")
Restyled = Callable[[str], str]


def votes(rng: np.random.Generator, n: int, topics: list[float] | None = None) -> Votes:
    chosen = rng.choice(len(TOPICS), n, p=topics)
    texts = [str(rng.choice(TOPICS[k])).format(rng.choice(THINGS)) for k in chosen]
    return of(rng, texts, chosen)


def of(rng: np.random.Generator, texts: list[str], topics: np.ndarray) -> Votes:
    keys = rng.integers(0, 2**63, len(texts)).astype(np.uint64)
    vectors = np.empty((len(texts), 0), np.float32)
    return Votes(vectors, keys, keys, np.zeros(len(texts), int), topics, tuple(texts))


def restyled(rng: np.random.Generator, window: Votes, how: Restyled, share: float) -> Votes:
    changed = [how(text) if rng.random() < share else text for text in window.texts]
    return of(rng, changed, window.topics)


def swapped(text: str) -> str:
    return " ".join(word[1:2] + word[:1] + word[2:] for word in text.split())


def alarming(window: Votes, reference: Votes) -> set[str]:
    changes = compare(window, reference)
    return {NAMES[change.feature] for change in changes if change.drift_detected}


@pytest.mark.parametrize(
    ("how", "feature", "higher"),
    [
        (str.lower, "upper case", False),
        (str.upper, "upper case", True),
        (lambda text: text.strip("?.!"), "punctuation", False),
        (lambda text: f"{text}!!!", "punctuation", True),
        (lambda text: f"hello dear team, {text} many thanks for your help", "length", True),
        (lambda text: text.split()[0], "length", False),
        (swapped, "unknown words", True),
    ],
    ids=["lower", "upper", "no marks", "more marks", "polite", "short", "typos"],
)
def test_another_way_of_writing_in_six_of_ten_queries_is_found(
    how: Restyled, feature: str, higher: bool
) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        reference = votes(rng, 1500)
        window = restyled(rng, votes(rng, 500), how, 0.6)
        change = compare(window, reference)[NAMES.index(feature)]
        assert change.drift_detected
        assert change.higher == higher
        assert detect(window, reference).drift_detected


def test_still_traffic_is_written_as_before() -> None:
    for seed in range(25):
        rng = np.random.default_rng(seed)
        assert alarming(votes(rng, 500), votes(rng, 1500)) == set()


def test_another_mix_of_topics_is_not_another_style() -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        window = votes(rng, 500, topics=[0.7, 0.1, 0.1, 0.1])
        assert alarming(window, votes(rng, 1500)) == set()


def test_a_habit_of_one_in_ten_is_no_alarm() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        window = restyled(rng, votes(rng, 500), str.lower, 0.1)
        assert alarming(window, votes(rng, 1500)) == set()


def test_the_queries_beyond_the_point_of_most_difference_are_those_restyled() -> None:
    rng = np.random.default_rng(1)
    reference = votes(rng, 1500)
    window = restyled(rng, votes(rng, 500), lambda text: f"{text}!!!!!!", 0.6)
    change = compare(window, reference)[style.PUNCTUATION]
    assert all(window.texts[n].endswith("!!!!!!") for n in change.positions)
    assert len(change.positions) > 250
    share_now = len(change.positions) / 500
    share_before = change.n_before / change.n_reference
    assert share_now - share_before == pytest.approx(change.distance)


def test_a_topic_without_reference_is_compared_with_all() -> None:
    rng = np.random.default_rng(2)
    window, reference = votes(rng, 300), votes(rng, 900, topics=[0.5, 0.5, 0, 0])
    assert all(0 <= change.p_value <= 1 for change in compare(window, reference))


@pytest.mark.parametrize(
    "text",
    ["", "   ", "😀😀😀", "日本語の質問です", "\x00\u202e\u200b", "\ud800", "?!?!", "a" * 100_000],
    ids=["empty", "blank", "emoji", "unspaced", "control", "surrogate", "marks", "long"],
)
def test_any_text_can_be_compared(text: str) -> None:
    rng = np.random.default_rng(3)
    reference, window = votes(rng, 900), votes(rng, 300)
    strange = of(rng, [text] * 100 + list(window.texts[100:]), window.topics)
    for changes in (compare(strange, reference), compare(window, strange)):
        assert all(np.isfinite([change.p_value, change.distance]).all() for change in changes)


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    rng = np.random.default_rng(4)
    reference = votes(rng, 900)
    texts = [f"{text} {'word ' * 300}" for text in votes(rng, 300).texts]
    window = of(rng, texts, np.zeros(300, int))
    more = of(rng, [text + "X" * 5000 for text in texts], np.zeros(300, int))
    plain = [change.distance for change in compare(window, reference)]
    assert [change.distance for change in compare(more, reference)] == plain


def test_a_reference_all_in_one_half_of_the_keys_can_be_compared() -> None:
    rng = np.random.default_rng(5)
    reference, window = votes(rng, 900), votes(rng, 300)
    even = Votes(
        reference.vectors,
        reference.keys | np.uint64(1),
        reference.voters,
        reference.weeks,
        reference.topics,
        reference.texts,
    )
    assert compare(window, even)[style.UNKNOWN_WORDS].p_value == 1
