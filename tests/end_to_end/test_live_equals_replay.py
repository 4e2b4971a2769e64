"""The same events live through Kafka and through a replayed file: same findings, same report."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from collector.consumer import Collector
from collector.files import replay_batches
from decayd.clock import ManualClock
from decayd.config import Settings, load
from decayd.demo.simulate import EVENTS, simulate
from decayd.jobs import run_due
from decayd.metrics import Metrics
from store.database import Store
from store.pseudonyms import Pseudonyms
from tests.kafka_broker import Broker

NOW = datetime(2026, 6, 1, 6, tzinfo=UTC)
KEY = Pseudonyms(b"one key for both stores")


def configured(folder: Path, **kafka: Any) -> Settings:
    places = {
        "store": {"path": folder / "decayd.duckdb"},
        "report": {"folder": folder / "reports"},
        "publish": {"folder": folder / "published"},
        "kafka": kafka,
    }
    demo = Path(__file__).resolve().parents[2] / "decayd" / "demo" / "demo.toml"
    return load(demo, places).settings


def told(store: Store, settings: Settings) -> dict[str, Any]:
    """Return what a reader meets: findings with their members, and every report's bytes."""
    listed = store.rows("findings_list", feature="")
    findings = [store.rows("finding_show", finding_id=f["finding_id"])[0] for f in listed]
    reports = sorted(settings.report.folder.rglob("report.*"))
    return {
        "findings": findings,
        "reports": {
            path.relative_to(settings.report.folder): path.read_bytes() for path in reports
        },
        "datasets": store.rows("dataset_versions"),
    }


@pytest.mark.kafka
def test_live_and_replay_tell_the_same(kafka: Broker, tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    simulate(tmp_path, end=date(2026, 6, 1), weeks=10, scale=0.25)
    topic = kafka.topic(3)
    lines = (tmp_path / EVENTS).read_bytes().splitlines()
    kafka.produce(topic, lines, 3)

    live = configured(
        tmp_path / "live", enabled=True, bootstrap_servers=kafka.bootstrap, group_id=topic,
        topics={topic: {"format": "native"}},
    )  # fmt: skip
    with Store.open(live.store) as store:
        collected = Collector(store, live, clock, KEY, Metrics()).drain()
        assert collected.n_records == len(lines)
        live_runs = [run.state for run in run_due(store, live, clock)]
        live_told = told(store, live)

    replayed = configured(tmp_path / "replayed")
    with Store.open(replayed.store) as store:
        replay_runs = []
        for _ in replay_batches(store, [tmp_path / EVENTS], replayed, clock, KEY):
            replay_runs += [run.state for run in run_due(store, replayed, clock)]
        replay_told = told(store, replayed)

    assert live_runs == replay_runs
    assert set(live_runs) == {"done"}
    assert live_told["findings"] == replay_told["findings"]
    assert live_told["datasets"] == replay_told["datasets"]
    assert live_told["reports"].keys() == replay_told["reports"].keys()
    assert live_told["reports"]
    for path, content in live_told["reports"].items():
        assert content == replay_told["reports"][path], path
