"""The appendix by Evidently: our own share test, no network, a report that survives its loss."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from decay_reports import pages, weekly
from decay_reports.appendix import run as appendix
from decay_reports.appendix.evidently_child import Page
from decay_reports.facts.asked_facts import AppendixFacts
from decay_reports.facts.report import ReportFacts
from decay_reports.layout.rendering import folder_name, render
from decayd.config import Settings, StoreSettings
from store.database import Store
from tests.report_rows import figure
from tests.topic_streams import FEATURE, START, Clouds, close, run_weeks, week_rows
from tests.topics_job import N, states

pytest.importorskip("evidently")
WEEKS = 6


@dataclass(frozen=True)
class Made:
    """A store with one report whose appendix was made."""

    store: Store
    settings: Settings
    facts: ReportFacts

    @property
    def appendix(self) -> AppendixFacts:
        asked = self.facts.features[0].asked
        assert asked is not None
        assert asked.appendix is not None
        return asked.appendix

    @property
    def folder(self) -> Path:
        return self.settings.report.folder / folder_name(self.facts)


def with_traffic(store: Store, weeks: int = WEEKS) -> None:
    """Weeks of queries of which the last one has other shares, and what the topics job makes."""
    store.set_info(first_live_at=START.isoformat())
    clouds = Clouds(1)
    clouds.fill(store)
    for number in range(1, weeks + 1):
        queries = clouds.ask(N, groups=9 if number == weeks else 12)
        store.append("requests", week_rows(number, queries))
    run_weeks(store, Settings(), range(1, weeks + 1))
    week = close(weeks - 1).date()
    store.append("weekly_figures", [figure("requests", week, 0) | {"feature": FEATURE}])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("appendix")
    report = {"evidently": True, "folder": folder / "reports"}
    publish = {"folder": folder / "published"}
    settings = Settings.model_validate({"report": report, "publish": publish})
    with Store.open(StoreSettings(path=folder / "s.duckdb", threads=1)) as store:
        with_traffic(store)
        for job in (weekly, pages):
            job.run(store, close(WEEKS), settings)
        yield Made(store, settings, weekly.load(store, settings, as_of=close(WEEKS)))


def test_the_page_gives_the_p_value_of_the_alarm(made: Made) -> None:
    said = [
        channel["p"]
        for channel in states(made.store)[-1]["channels"]
        if (channel["channel"], channel["weeks"]) == ("shares", 1)
    ]
    topic = made.appendix.columns[0]

    assert made.appendix.why_not == ""
    assert topic.column == "topic"
    assert 0 < topic.p < 1
    assert [topic.p] == pytest.approx(said)


def test_every_column_with_values_has_a_test_and_its_n(made: Made) -> None:
    columns = {column.column: column for column in made.appendix.columns}

    assert set(columns) == {"topic", "query_length", "unknown_words", "novelty"}
    assert columns["query_length"].n == 160
    assert columns["unknown_words"].n_reference < columns["query_length"].n_reference


def test_the_page_lies_beside_the_report_and_the_report_links_to_it(made: Made) -> None:
    page = (made.folder / made.appendix.file).read_text(encoding="utf-8")
    report = (made.folder / "report.html").read_text(encoding="utf-8")

    assert f'href="{made.appendix.file}"' in report
    assert "connect-src 'none'" in page[:2000]
    assert not re.search(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=.?https?:", page)


def test_the_page_holds_no_query_and_no_user(made: Made) -> None:
    page = (made.folder / made.appendix.file).read_text(encoding="utf-8")

    assert "wording1" not in page
    assert "user of" not in page


def test_running_again_makes_nothing_new(made: Made) -> None:
    before = {path: path.read_bytes() for path in made.folder.iterdir()}

    for job in (weekly, pages):
        job.run(made.store, close(WEEKS), made.settings)

    assert {path: path.read_bytes() for path in made.folder.iterdir()} == before


def test_a_child_that_takes_too_long_leaves_the_report_complete(made: Made) -> None:
    facts = weekly.collect(made.store, close(WEEKS), made.settings)

    late = appendix.with_appendix(made.store, facts, made.settings, made.folder, limit_s=-29.9)

    asked = late.features[0].asked
    assert asked is not None
    assert asked.appendix == AppendixFacts(why_not="it took longer than 0.1 s")
    assert "Appendix not made: it took longer than 0.1 s." in render(late, "markdown")


def test_a_feature_that_still_learns_says_so(tmp_path: Path) -> None:
    settings = Settings.model_validate({"report": {"evidently": True, "folder": tmp_path / "r"}})
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as store:
        with_traffic(store, weeks=4)
        facts = weekly.collect(store, close(4), settings)
        done = appendix.with_appendix(store, facts, settings, tmp_path / "r")

    asked = done.features[0].asked
    assert asked is not None
    assert asked.appendix == AppendixFacts(why_not="in the baseline")


def test_nothing_is_made_unless_it_is_asked_for(made: Made) -> None:
    off = made.settings.model_copy(
        update={"report": made.settings.report.model_copy(update={"evidently": False})}
    )
    facts = weekly.collect(made.store, close(WEEKS), off)

    assert appendix.with_appendix(made.store, facts, off, made.folder) is facts


def test_each_page_has_its_own_test_and_one_that_fails_costs_no_other(tmp_path: Path) -> None:
    topics = {"before": ["t1"] * 300 + ["t2"] * 300, "now": ["t1"] * 170 + ["t2"] * 10}
    for name in ("calm", "wild"):
        for side, ids in topics.items():
            lengths = pa.array(range(len(ids)), pa.float64())
            table = pa.table({"topic": ids, "query_length": lengths})
            pq.write_table(table, tmp_path / f"{name}.{side}.parquet")
    wobbles = {"calm": 0.1, "wild": 0.4, "gone": 0.1}
    pages = [
        Page(name=name, numbers=("query_length",), topics=("t1", "t2"), wobble=wobble, below=5e-4)
        for name, wobble in wobbles.items()
    ]
    (tmp_path / "spec.json").write_bytes(msgspec.json.encode(pages))

    assert appendix.run_child(tmp_path, 300) == ""

    said = {
        name: msgspec.json.decode((tmp_path / f"{name}.json").read_bytes(), type=AppendixFacts)
        for name in wobbles
    }
    assert said["calm"].columns[0].p < said["wild"].columns[0].p < 1
    assert said["calm"].columns[1].p < 1e-3
    assert "No such file" in said["gone"].why_not


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('127.0.0.1', 9), 1)",
        "socket.getaddrinfo('example.org', 80)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
    ],
)
def test_the_child_cannot_reach_the_network(attempt: str) -> None:
    code = f"""
import socket, json
from decay_reports.appendix.evidently_child import block_network
block_network()
try:
    {attempt}
except PermissionError as error:
    print(json.dumps(str(error)))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, check=True
    )

    assert "must not use the network" in json.loads(done.stdout)
