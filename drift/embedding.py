"""Turns texts into unit vectors with the one embedding model, and back from the stored form."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

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
_COUNTED = 1024  # texts whose tokens are counted at once: 100 MB when all are as long as can be
_BF16_FLAGS = {"avx512_bf16", "amx_bf16"}
_BF16_COSINE = 0.999  # below it neighbours change places
_SELF_CHECK = (
    "turn the lights in the kitchen off",
    "my card has not arrived yet, who can I ask about it?",
    "where is my parcel",
    "refund",
    "Please write a short and friendly answer to this customer who waits for a new invoice.",
)


class Encoded(NamedTuple):
    """Unit vectors ``(n, d)`` float32, and which of the texts are longer than the model reads."""

    vectors: Vectors
    too_long: npt.NDArray[np.bool_]


class Encoder:
    """The embedding model; its weights are read at the first text.

    Parameters
    ----------
    model
        ``topics.model``: a folder, an installed package, or a hub name.
    device
        ``topics.device``: ``auto`` takes CUDA, then MPS, then the CPU.
    threads
        ``topics.threads``: batches that are embedded at once; more change no vector.

    Raises
    ------
    ModelMissing
        When the model is not there, here or at the first text, or its files are damaged.
    """

    def __init__(self, model: str, device: str = "auto", threads: int = 1) -> None:
        self._folder, self.model_id = find_model(model)
        self.device = device
        self._threads = threads

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text, in the order given: float32 ``(n, d)``; see `read`."""
        return self.read(texts).vectors

    def read(self, texts: Sequence[str]) -> Encoded:
        """Embed texts and tell which ones the model could not read to their end.

        Texts are normalised, casefolded (texts with the same key get the same vector) and cut to
        4,096 characters, and the model reads as many tokens as it was made for. Give many at once:
        they are sorted by their tokens, so that a batch of 32 holds little padding. Empty texts
        get a vector as well.
        """
        model = _load(self._folder, self.device)
        whole = [_prepared(text) for text in texts]
        short = [text[:_MAX_CHARS] for text in whole]
        lengths = _token_counts(model, short)
        order = np.argsort(-lengths, kind="stable")
        batches = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
        vectors = self._encoded(model, [[short[i] for i in batch] for batch in batches])
        in_order = np.concatenate(vectors) if vectors else _encode(model, [""])[:0]
        beyond = np.array([len(text) > _MAX_CHARS for text in whole], bool)
        too_long = beyond | (lengths > (model.max_seq_length or _MAX_CHARS))
        return Encoded(in_order[np.argsort(order)], too_long)

    def _encoded(self, model: "SentenceTransformer", batches: list[list[str]]) -> list[Vectors]:
        """Embed each batch, some at once; before, one text leaves the tokeniser as all need it.

        Threads over batches gain where torch's own, within a batch of short texts, do not.
        """
        if self._threads > 1 and len(batches) > 1:
            _encode(model, batches[-1][-1:])
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(partial(_encode, model), batches))


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
            f"the embedding model in {folder} can't be loaded: {_first_line(error)}",
            hint="reinstall its package, or set topics.model and topics.device",
        ) from error
    if not np.isfinite(check).all():
        raise ModelMissing(f"the embedding model in {folder} gives vectors that are not numbers")
    if chosen == "cpu" and _cpu_flags() & _BF16_FLAGS:
        use_bf16(model)
    return model


def use_bf16(model: "SentenceTransformer") -> bool:
    """Let the model count in bfloat16 if its vectors stay what they were; return whether it does.

    Twice as fast on a CPU that multiplies them. Five sentences must keep a cosine of .999 or more.
    """
    import torch

    exact = _encode(model, list(_SELF_CHECK))
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    model.to(torch.bfloat16)
    rounded = _encode(model, list(_SELF_CHECK))
    if (rounded * exact).sum(axis=1).min() >= _BF16_COSINE:  # False as well for no numbers
        return True
    model.to(torch.float32)
    model.load_state_dict(weights)
    return False


def _prepared(text: str) -> str:
    """Return a text as its key sees it, without lone surrogates, which no tokeniser takes."""
    some = text[: 4 * _MAX_CHARS].encode("utf-8", "replace").decode()
    return normalise(some).casefold()


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _token_counts(model: "SentenceTransformer", texts: list[str]) -> npt.NDArray[np.int64]:
    if not callable(model.tokenizer):  # a table of word vectors: every text is read to its end
        return np.array([len(text) for text in texts], np.int64)
    counts: list[int] = []
    for some in _slices(texts):
        tokens: Any = model.tokenizer(some, truncation=False, verbose=False)
        counts += map(len, tokens["input_ids"])
    return np.array(counts, np.int64)


def _slices(texts: list[str]) -> Iterator[list[str]]:
    return (texts[start : start + _COUNTED] for start in range(0, len(texts), _COUNTED))


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
