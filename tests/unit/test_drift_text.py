"""Normalised texts and their keys."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decayd.text import normalise, text_key
from store.database import Store
from tests.topic_streams import FEATURE, START, close, model_id, store_vectors, week_rows


@pytest.mark.parametrize(
    "text", ["", "Find my phone", "ﬁnd  my\u00a0phone", "STRASSE straße", "😀 déjà\tvu", "a" * 9000]
)
def test_the_key_is_what_duckdb_computes(store: Store, text: str) -> None:
    folded = normalise(text).casefold()
    store.append("requests", week_rows(1, ["q"], user_id=folded))
    store_vectors(store, ["q"], np.eye(1, 4, dtype=np.float32))
    found = store.rows(
        "topic_asked", feature=FEATURE, as_of=close(1), model_id=model_id(), first=START,
        starts=[START], ends=[close(1)], rows=10,
    )  # fmt: skip
    assert found[0]["voter"] == text_key(text)


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(
    st.lists(st.text(alphabet="aé ﬁ가\u0301\u00a0\u00a8日", max_size=40), min_size=1, max_size=3)
)
def test_a_long_text_is_normalised_as_a_short_one(words: list[str]) -> None:
    text = " ".join(words * 100)
    assert normalise(text) == " ".join(unicodedata.normalize("NFKC", text).split())


@pytest.mark.parametrize("other", ["find my phone", " FIND\tmy  Phone\n", "ﬁnd my phone"])
def test_case_spacing_and_ligatures_do_not_change_the_key(other: str) -> None:
    assert text_key(other) == text_key("Find my phone")


def test_a_megabyte_of_combining_marks_has_a_key() -> None:
    assert text_key("a" + "\u0315\u0300" * 50_000) >= 0


def test_a_lone_surrogate_has_a_key() -> None:
    assert text_key("\ud800") == text_key("?")
