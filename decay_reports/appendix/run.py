"""The appendix of the weekly report: one Evidently page per feature, beside the report's files.

Off by default: a run costs about 6 CPU-seconds and 1 more per feature, a page 4 MB of disk. What
goes wrong here is said in the report, which is otherwise complete.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pyarrow as pa

from decay_reports.appendix.appendix_frame import NUMBERS, Frame, frame
from decay_reports.appendix.evidently_child import Page
from decay_reports.facts.asked_facts import AppendixFacts
from decay_reports.facts.report import FeatureFacts, ReportFacts
from decay_reports.numbers import visible
from decayd import log
from decayd.config import Settings
from decayd.errors import DecaydError
from decayd.files import sha256_hex, write_atomic
from drift.detectors import shares
from store.database import Store

_log = log.get("decay_reports")
LIMIT_S = 180.0  # of the child, whose start alone takes 20 s on a busy machine
LIMIT_PER_PAGE_S = 30.0
_CHILD = (
    "import pathlib, sys, decayd; from decay_reports.appendix.evidently_child import main; "
    "main(pathlib.Path(sys.argv[1]))"
)
_NAME_CHARS = 60
_LABEL = 80  # characters of a feature's name in the facts


def with_appendix(
    store: Store, facts: ReportFacts, settings: Settings, folder: Path, limit_s: float = LIMIT_S
) -> ReportFacts:
    """Return the report with an appendix for each feature, whose pages are written to `folder`.

    Parameters
    ----------
    limit_s
        Seconds after which the child is ended; each page adds `LIMIT_PER_PAGE_S`.
    """
    if not settings.report.evidently:
        return facts
    names = _names(store, facts.as_of)
    wanted = [feature.name for feature in facts.features if feature.asked and feature.name in names]
    raw = {name: names[name] for name in wanted}
    made = _made(store, raw, facts.as_of, (settings, folder, limit_s))
    features = tuple(_with(feature, made.get(feature.name)) for feature in facts.features)
    return msgspec.structs.replace(facts, features=features)


def _names(store: Store, as_of: datetime) -> dict[str, str]:
    """Return the events' name of each feature by the name that the facts carry."""
    rows = store.rows("topic_features", as_of=as_of)
    return {visible(row["feature"], _LABEL): row["feature"] for row in rows}


def _with(feature: FeatureFacts, appendix: AppendixFacts | None) -> FeatureFacts:
    if appendix is None or feature.asked is None:
        return feature
    asked = msgspec.structs.replace(feature.asked, appendix=appendix)
    return msgspec.structs.replace(feature, asked=asked)


def _made(
    store: Store,
    features: Mapping[str, str],
    as_of: datetime,
    how: tuple[Settings, Path, float],
) -> dict[str, AppendixFacts]:
    settings, folder, limit_s = how
    if find_spec("evidently") is None:
        missing = AppendixFacts(why_not="Evidently is missing: pip install 'decayd[evidently]'")
        return dict.fromkeys(features, missing)
    frames = {name: _frame(store, raw, as_of, settings) for name, raw in features.items()}
    ready = {name: each for name, each in frames.items() if isinstance(each, Frame)}
    made = {n: AppendixFacts(why_not=each) for n, each in frames.items() if isinstance(each, str)}
    with tempfile.TemporaryDirectory(prefix="decayd-appendix-") as work:
        return made | _pages(Path(work), ready, folder, limit_s)


def _frame(store: Store, feature: str, as_of: datetime, settings: Settings) -> Frame | str:
    try:
        return frame(store, feature, as_of, settings)
    except DecaydError as error:  # the embedding model is gone
        return str(error)


def _pages(
    work: Path, frames: Mapping[str, Frame], folder: Path, limit_s: float
) -> dict[str, AppendixFacts]:
    if not frames:
        return {}
    pages = {name: _page(work, name, each) for name, each in frames.items()}
    (work / "spec.json").write_bytes(msgspec.json.encode(list(pages.values())))
    problem = run_child(work, limit_s + LIMIT_PER_PAGE_S * len(pages))
    return {name: _taken(work, page, folder, problem) for name, page in pages.items()}


def _page(work: Path, name: str, each: Frame) -> Page:
    import pyarrow.parquet as pq

    slug = re.sub(r"[^a-z0-9]+", "-", name.casefold())[:_NAME_CHARS].strip("-")
    file = f"appendix-{slug or 'feature'}-{sha256_hex(name.encode())[:8]}"
    for side, table in (("now", each.now), ("before", each.before)):
        pq.write_table(table, work / f"{file}.{side}.parquet")
    filled = tuple(c for c in NUMBERS if _filled(each.now, c) and _filled(each.before, c))
    return Page(
        name=file, numbers=filled, topics=each.topics, wobble=each.wobble, below=shares.ALARM_BELOW
    )


def _filled(table: pa.Table, column: str) -> bool:
    return bool(table[column].null_count < table.num_rows)


def run_child(work: Path, limit_s: float) -> str:
    """Run the child and return what went wrong, '' when nothing did.

    It gets an environment of its own: no proxy, no key, no home folder in which a library might
    keep an identity.
    """
    environment = {
        "DO_NOT_TRACK": "1",
        "HOME": str(work),
        "MPLCONFIGDIR": str(work),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    try:
        done = subprocess.run(  # noqa: S603 - our own code and a folder that we made
            [sys.executable, "-c", _CHILD, str(work)],
            env=environment,
            cwd=work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it took longer than {limit_s:g} s"
    except OSError as error:
        return f"its process can't be started: {error.strerror}"
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        return visible(said[-1] if said else f"its process ended with {done.returncode}")
    return ""


def _taken(work: Path, page: Page, folder: Path, problem: str) -> AppendixFacts:
    """Return what the child says of a page and put the page beside the report."""
    result = work / f"{page.name}.json"
    if not result.exists():
        _log.warning("appendix not made", page=page.name, why=problem)
        return AppendixFacts(why_not=problem or "its process left no result")
    facts = msgspec.json.decode(result.read_bytes(), type=AppendixFacts)
    if facts.why_not:
        _log.warning("appendix not made", page=page.name, why=facts.why_not)
        return AppendixFacts(why_not=visible(facts.why_not))
    try:
        write_atomic(folder / facts.file, (work / facts.file).read_bytes())
    except OSError as error:
        return AppendixFacts(why_not=f"{folder} can't be written: {error.strerror}")
    return facts
