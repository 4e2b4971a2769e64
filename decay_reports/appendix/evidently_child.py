"""Makes the appendix's pages with Evidently, in a process of its own that can't reach the network.

Started by `decay_reports.appendix` with a folder that holds `spec.json` and two Parquet files per
page; leaves `<name>.html` and `<name>.json` there. Needs pandas below 3, as Evidently 0.7 does.
"""

import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from decay_reports.facts.asked_facts import AppendixFacts, ColumnDrift

KS, SHARES = "ks", "decayd_shares"
NUMBERS_BELOW = 1e-3  # p of a column of numbers that the page marks; nobody is paged by it
_NETWORK = ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
            "socket.gethostbyname", "socket.gethostbyaddr")  # fmt: skip
# the page holds its scripts and fonts; what they could still ask a server for is refused
_POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'unsafe-inline\' '
    "'unsafe-eval' data: blob:; connect-src 'none'; form-action 'none'\">"
)


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page to make: the columns that have values, and what the test of shares needs."""

    name: str
    numbers: tuple[str, ...]
    topics: tuple[str, ...]
    wobble: float
    below: float


def main(folder: Path) -> None:
    """Make every page of `spec.json`; one that fails says why in its JSON file."""
    block_network()
    pages = msgspec.json.decode((folder / "spec.json").read_bytes(), type=tuple[Page, ...])
    for page in pages:
        try:
            made = _make(folder, page)
        except Exception as error:  # noqa: BLE001 - Evidently may raise anything; others go on
            made = AppendixFacts(why_not=f"{type(error).__name__}: {error}"[:200])
        (folder / f"{page.name}.json").write_bytes(msgspec.json.encode(made))


def block_network() -> None:
    """Make every attempt to look up or reach another machine raise, for the rest of the process."""
    sys.addaudithook(_refuse)


def _refuse(event: str, _: Any) -> None:
    if event in _NETWORK:
        raise PermissionError(f"the appendix must not use the network: {event}")


def _make(folder: Path, page: Page) -> AppendixFacts:
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    read = (pd.read_parquet(folder / f"{page.name}.{side}.parquet") for side in ("now", "before"))
    now, before = (frame[["topic", *page.numbers]] for frame in read)
    columns = DataDefinition(categorical_columns=["topic"], numerical_columns=list(page.numbers))
    _register_shares_test(page)
    drifts = [ValueDrift(column="topic", method=SHARES, threshold=page.below)]
    drifts += [ValueDrift(column=name, method=KS, threshold=NUMBERS_BELOW) for name in page.numbers]
    # one by one: a preset adds a verdict on the whole, which nobody's alarm rests on
    snapshot = Report(drifts).run(
        Dataset.from_pandas(now, columns), Dataset.from_pandas(before, columns)
    )
    target = folder / f"{page.name}.html"
    snapshot.save_html(str(target))
    html = target.read_text(encoding="utf-8")
    target.write_text(html.replace("<head>", f"<head>{_POLICY}", 1), encoding="utf-8")
    p_values = {
        metric["config"]["column"]: float(metric["value"])
        for metric in snapshot.dict()["metrics"]
        if metric["config"]["type"].endswith(":ValueDrift")
    }
    told = [_drift(name, p_values[name], (now, before), page) for name in now.columns]
    return AppendixFacts(
        file=f"{page.name}.html", columns=tuple(told), version=version("evidently")
    )


def _register_shares_test(page: Page) -> None:
    """Give Evidently the test that gives the alarm, by name: the page can't say anything else."""
    from evidently.legacy.calculations.stattests import StatTest, register_stattest
    from evidently.legacy.core import ColumnType

    test = StatTest(
        name=SHARES,
        display_name="topic shares beyond sampling and wobble (decayd)",
        allowed_feature_types=[ColumnType.Categorical],
        default_threshold=page.below,
    )
    register_stattest(test, _compare_with(page))


def _compare_with(page: Page) -> Callable[[Any, Any, Any, float], tuple[float, bool]]:
    import numpy as np

    from drift.base import Votes
    from drift.detectors import shares

    number = {topic_id: k for k, topic_id in enumerate(page.topics)}

    def votes(ids: Any) -> Votes:
        topics = np.array([number[topic_id] for topic_id in ids], np.int64)
        keys = np.arange(len(topics), dtype=np.uint64)
        return Votes(np.empty((len(topics), 0), np.float32), keys, keys, topics * 0, topics)

    def compare(before: Any, now: Any, _: Any, below: float) -> tuple[float, bool]:
        p_value = shares.compare(votes(now), votes(before), page.wobble).p_value
        return p_value, p_value < below

    return compare


def _drift(name: str, p_value: float, frames: tuple[Any, Any], page: Page) -> ColumnDrift:
    now, before = (frame[name] for frame in frames)
    topic = name == "topic"
    return ColumnDrift(
        column=name,
        test=SHARES if topic else KS,
        p=p_value,
        below=page.below if topic else NUMBERS_BELOW,
        n=int(now.count()),
        n_reference=int(before.count()),
        mean_now=None if topic else float(now.mean()),
        mean_before=None if topic else float(before.mean()),
    )
