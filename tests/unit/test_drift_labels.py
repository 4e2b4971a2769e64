"""Words and examples that name a topic."""

import pytest

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


@pytest.mark.parametrize(
    "text",
    [
        "<script>steal(1)</script>",
        "<img src=x onerror=steal(1)>",
        "&lt;b onclick=steal()&gt;",
        "\uff1csvg onload=steal()\uff1e",
        "javascript:steal(1)",
        "https://steal.example/a?steal=1 www.steal.example",
        "mailto:me@steal.example me@steal.example",
        "s" * 1000,
        "4111111111111111 order-1234567 \x00\x07\u202e\u2066",
        "[EMAIL] [PHONE] [REDACTED]",
        "s" + "\u0301" * 20,
    ],
)
def test_hostile_text_does_not_name_a_topic(text: str) -> None:
    assert words_of(text) == set()


def test_invisible_characters_do_not_part_a_word() -> None:
    assert words_of("re\u00adfund\u200b \u202epay\u2066ment\u202c") == {"refund", "payment"}


def test_a_long_hostile_text_is_read_in_linear_time() -> None:
    for text in ("<" * 10**5, "<script>" * 10**4, "中" * 10**4, "&" * 10**5, "a-" * 10**5):
        assert len(words_of(text)) <= 3


ENGLISH = ["play some music", "what is the weather", "set an alarm for seven"] * 50


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        (
            ["如何取消我的信用卡", "我想取消信用卡", "信用卡怎么注销", "请问信用卡可以取消吗"],
            "信用卡",
        ),
        (["カードを解約したいです", "カードの解約方法", "解約できますか"], "解約"),
        (
            ["Wie kann ich mein Abo kündigen?", "Ich möchte kündigen", "das Abo kündigen"],
            "kündigen",
        ),
        (["Je veux résilier mon abonnement", "comment résilier", "résilier ça"], "résilier"),
        (["كيف ألغي بطاقة الائتمان", "أريد إلغاء بطاقة", "بطاقة من فضلك"], "بطاقة"),
        (["मेरा कार्ड रद्द करें", "कार्ड कैसे रद्द करें", "कार्ड रद्द"], "कार्ड"),
        (["отменить подписку", "как отменить подписку"], "отменить"),
        (["İptal etmek istiyorum", "iptal et lütfen", "aboneliği iptal et"], "iptal"),
    ],
)
def test_a_topic_in_another_language_has_a_word_of_it(texts: list[str], word: str) -> None:
    assert named(texts * 3, ENGLISH)[0] == word


def test_pieces_of_one_word_are_not_two_words_of_a_label() -> None:
    words = named(["取消信用卡", "信用卡取消", "我想取消信用卡"] * 3, ENGLISH)
    assert sorted(words) == ["信用卡", "取消"]


def test_forms_of_a_word_are_one_word_of_a_label() -> None:
    assert named(["lamp red", "lamps red", "lamp lamps red"] * 3, ["song"]) == ("red", "lamp")


def test_titles_of_two_topics_differ() -> None:
    first = title(("red", "lamp"))
    second = title(("red", "lamp"), {first})
    third = title(("red", "lamp"), {first, second})
    assert len({first, second, third, title(()), title((), {title(())})}) == 5


def test_a_title_has_at_most_five_words() -> None:
    words = ("one", "two", "three", "four", "five")
    assert len(title(words, {title(words)}).split()) == 5


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
