"""Words and examples that name a topic."""

from drift.labels import NO_WORDS, count_words, examples, label, title, words_of


def named(texts: list[str], reference: list[str]) -> tuple[str, ...]:
    return label(count_words(texts), count_words(reference))


def test_words_of_the_topic_come_before_words_of_everything() -> None:
    topic = ["turn my lamp blue", "turn the lamp green", "turn lamp red now", "lamp off"] * 2
    reference = ["turn the music up", "turn the heating down", "turn it off"] * 20
    assert named(topic, reference)[0] == "lamp"


def test_a_query_counts_a_word_once() -> None:
    shouting = ["buffalo " * 50, "refund please", "refund now", "refund", "a refund", "refunds"]
    assert named(shouting, ["hello"])[0] == "refund"


def test_there_are_at_most_five_words_in_a_fixed_order() -> None:
    texts = ["one two three four five six seven"] * 6
    assert named(texts, ["eight"]) == named(texts[::-1], ["eight"])
    assert len(named(texts, ["eight"])) == 5


def test_function_words_ids_and_markup_do_not_name_a_topic() -> None:
    assert words_of("Could you please… <b>REFUND</b> it’s x1 " + "9" * 40) == {"refund", "x1"}


def test_a_topic_of_emoji_has_a_title() -> None:
    assert title(named(["😀😀", "🎉"], ["hello"])) == NO_WORDS


def test_examples_are_three_different_texts_cut_short() -> None:
    texts = ["Refund", "refund ", "card", "x" * 500, "lamp"]
    shown = examples(texts)
    assert shown[:2] == ("Refund", "card")
    assert len(shown) == 3
    assert len(shown[2]) == 200


def test_no_texts_have_no_words_and_no_examples() -> None:
    assert named([], ["hello"]) == ()
    assert examples([]) == ()
