"""Turns texts into unit vectors with the one embedding model, and back from the stored form."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from decayd.errors import ModelMissing
from decayd.text import normalise
from drift.model_files import find_model

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]

# The model reads 256 tokens and a token is seldom longer than 6 characters; the tokeniser would
# otherwise read a megabyte to throw it away.
_MAX_CHARS = 4096
_BATCH = 32  # texts; 8 and 128 are a fifth slower on one CPU thread
_BF16_FLAGS = {"avx512_bf16", "amx_bf16"}
_BF16_COSINE = 0.999  # below it neighbours change places
_SELF_CHECK = (
    "turn the lights in the kitchen off",
    "my card has not arrived yet, who can I ask about it?",
    "where is my parcel",
    "refund",
    "Please write a short and friendly answer to this customer who waits for a new invoice.",
)


class Encoder:
    """The embedding model; its weights are read at the first text.

    Parameters
    ----------
    model
        ``topics.model``: a folder, an installed package, or a hub name.
    device
        ``topics.device``: ``auto`` takes CUDA, then MPS, then the CPU.

    Raises
    ------
    ModelMissing
        When the model is not there, here or at the first text, or its files are damaged.
    """

    def __init__(self, model: str, device: str = "auto") -> None:
        self._folder, self.model_id = find_model(model)
        self._device = device

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text, in the order given: float32 ``(n, d)``.

        Texts are normalised and cut to 4,096 characters. Give many at once: they are sorted by
        length, so that a batch of 32 holds little padding. Empty texts get a vector as well.
        """
        model = _load(self._folder, self._device)
        short = [normalise(text[: 4 * _MAX_CHARS])[:_MAX_CHARS] for text in texts]
        order = sorted(range(len(short)), key=lambda i: -len(short[i]))
        in_order = _encode(model, [short[i] for i in order] or [""])
        vectors = np.empty((len(short), in_order.shape[1]), np.float32)
        vectors[order] = in_order[: len(short)]
        return vectors


def quantise(vectors: Vectors) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Return int8 components ``(n, d)`` and each row's scale ``(n,)``: 1/127 of its largest."""
    scale = np.abs(vectors).max(axis=1, initial=0) / np.float32(127)
    scale = np.where(scale > 0, scale, np.float32(1)).astype(np.float32)
    return np.rint(vectors / scale[:, None]).astype(np.int8), scale


def dequantise(stored: npt.NDArray[np.int8]) -> Vectors:
    """Return unit vectors ``(n, d)`` from stored components; every comparison uses these.

    A unit vector needs no scale: that is stored for readers who want the encoder's own numbers.
    """
    vectors = stored.astype(np.float32)
    length = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    vectors /= np.where(length > 0, length, 1)[:, None]
    return vectors


def unit(vectors: Vectors) -> Vectors:
    """Return the rows divided by their length; a row of zeros stays."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(length > 0, length, 1)).astype(np.float32)


@cache
def _load(folder: Path, device: str) -> "SentenceTransformer":
    try:
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    except ImportError as error:
        raise ModelMissing(
            f"topics need the library {error.name}", hint="pip install 'decayd[topics]'"
        ) from error
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(1)  # two threads on a busy machine are seven times slower than one
    try:
        chosen = _device(device)
        model = SentenceTransformer(str(folder), device=chosen, local_files_only=True)
        check = _encode(model, list(_SELF_CHECK))
    except Exception as error:  # damaged files raise whatever the three libraries feel like
        raise ModelMissing(
            f"the embedding model in {folder} can't be loaded: {str(error).splitlines()[0]}",
            hint="reinstall its package, or set topics.model and topics.device",
        ) from error
    if not np.isfinite(check).all():
        raise ModelMissing(f"the embedding model in {folder} gives vectors that are not numbers")
    if chosen == "cpu" and _cpu_flags() & _BF16_FLAGS:
        _use_bf16(model, check)
    return model


def _use_bf16(model: "SentenceTransformer", exact: Vectors) -> None:
    import torch

    model.to(torch.bfloat16)
    if (_encode(model, list(_SELF_CHECK)) * exact).sum(axis=1).min() < _BF16_COSINE:
        model.to(torch.float32)


def _encode(model: "SentenceTransformer", texts: list[str]) -> Vectors:
    raw: Any = model.encode(
        texts, batch_size=_BATCH, convert_to_tensor=True, show_progress_bar=False
    )
    return unit(raw.float().cpu().numpy())


def _device(name: str) -> str:
    import torch

    if name != "auto":
        return name
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _cpu_flags() -> set[str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        return set()
    line = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return set(line.split())
