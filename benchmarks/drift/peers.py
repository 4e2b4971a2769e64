"""Other ways to ask whether a week's queries have drifted, on the same windows as decayd.

Evidently's methods are called directly with their own defaults; every peer compares a window with
the four baseline weeks. The topic of a query is the nearest of decayd's frozen ones.
"""

import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.drift.data import Cache
from benchmarks.drift.mmd import ALPHA, permutation_p_value
from benchmarks.drift.replay import Course
from benchmarks.drift.scenarios import BASELINE_WEEKS, FOUR_WEEKS, ONSET
from benchmarks.drift.streams import Query, Stream


@dataclass(frozen=True)
class Sample:
    """A window or the reference: texts, their vectors ``(n, d)`` and frozen topics."""

    texts: list[str]
    vectors: npt.NDArray[np.float32]
    topics: list[str]


@dataclass(frozen=True)
class Asked:
    """One peer's answer about one window; `week` counts from the beginning of the drift."""

    peer: str
    seed: int
    week: int
    alarm: bool
    cpu_s: float


Test = Callable[[Sample, Sample], bool]


def ask(course: Course, cache: Cache, n_windows: int, *, once: bool) -> Iterator[Asked]:
    """Ask every peer about a stream's first weeks of drift, or about `n_windows` quiet ones.

    With `once` a user counts with the first query of a week.
    """
    stream = course.stream
    reference = [q for week in stream.weeks[:BASELINE_WEEKS] for q in _voting(week, once=once)]
    sample = _sample(course, cache, reference)
    for week in _weeks(stream, n_windows):
        window = _sample(course, cache, _voting(stream.weeks[week - 1], once=once))
        for name, test in tests().items():
            began = time.process_time()
            alarm = test(sample, window)
            used = time.process_time() - began
            yield Asked(name, stream.seed, week - ONSET, bool(alarm), used)


def tests() -> dict[str, Test]:
    """Return the peers by name."""
    return {
        "Evidently embeddings, model": _embeddings("ModelDriftMethod"),
        "Evidently embeddings, MMD": _embeddings("MMDDriftMethod"),
        "Evidently text column": _column("text", None),
        "Evidently topics, Jensen-Shannon": _column("cat", "jensenshannon"),
        "Evidently topics, PSI": _column("cat", "psi"),
        "Evidently topics, chi-square": _column("cat", "chisquare"),
        f"permutation MMD, p ≤ {ALPHA}": _permutation,
    }


def warm_up() -> None:
    """Ask every peer once, so that no window pays for imports. No telemetry is sent."""
    os.environ["DO_NOT_TRACK"] = "1"
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(100, 8)).astype(np.float32)
    sample = Sample(["a query", "another one"] * 50, vectors, ["t1", "t2"] * 50)
    for test in tests().values():
        test(sample, sample)


def _permutation(reference: Sample, window: Sample) -> bool:
    return permutation_p_value(reference.vectors, window.vectors) <= ALPHA


def _embeddings(name: str) -> Test:
    def test(reference: Sample, window: Sample) -> bool:
        import pandas as pd
        from evidently.legacy.metrics.data_drift import embedding_drift_methods

        method: Any = getattr(embedding_drift_methods, name)()
        frames = (pd.DataFrame(each.vectors) for each in (window, reference))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bool(method(*frames)[1])

    return test


def _column(kind: str, method: str | None) -> Test:
    def test(reference: Sample, window: Sample) -> bool:
        import pandas as pd
        from evidently.legacy.calculations.stattests import get_stattest

        before, now = (
            pd.Series(each.texts if kind == "text" else each.topics) for each in (reference, window)
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            chosen = get_stattest(before, now, kind, method)
            return bool(chosen(before, now, kind, None).drifted)

    return test


def _weeks(stream: Stream, n_windows: int) -> Sequence[int]:
    if not stream.scenario.quiet:
        return range(ONSET, ONSET + FOUR_WEEKS)
    return [int(week) for week in np.linspace(BASELINE_WEEKS + 1, len(stream.weeks), n_windows)]


def _voting(week: Sequence[Query], *, once: bool) -> list[Query]:
    return list({query.user: query for query in reversed(week)}.values()) if once else list(week)


def _sample(course: Course, cache: Cache, queries: Sequence[Query]) -> Sample:
    texts = [query.text for query in queries]
    vectors = cache.of(texts)
    best, _ = course.frozen.nearest(vectors)
    return Sample(texts, vectors, [course.frozen.ids[n] for n in best])
