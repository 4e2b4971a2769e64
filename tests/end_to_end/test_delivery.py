"""The installed command tells a receiver what it finds, over restarts; a replay tells nobody."""

import json
import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from decayd.clock import SystemClock
from decayd.config import StoreSettings
from store.database import Store
from tests.command import COMMAND, decayd, environment
from tests.delivery_rows import attempts, finding, tell
from tests.receiver import Answer, Receiver, receiving

REQUEST = {
    "request_id": "r1", "ts": "2026-10-01T09:00:00Z", "feature": "search", "query": "q",
    "status": "ok",
}  # fmt: skip


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def told(tmp_path: Path, receiver: Receiver) -> dict[str, str]:
    """Settings of a webhook, and a store in which a fall became known an hour ago."""
    now = SystemClock().now().replace(tzinfo=None, microsecond=0)
    with Store.open(StoreSettings(path=tmp_path / "decayd.duckdb")) as store:
        tell(store, finding(now - timedelta(hours=1)), live=now - timedelta(days=9))
    target = {"hook": {"kind": "webhook", "url": receiver.url, "secret": "s"}}
    return {
        "DECAYD_DELIVERY__TARGETS": json.dumps(target), "DECAYD_DELIVERY__RETRY_FIRST_S": "1",
        "DECAYD_KAFKA__ENABLED": "false", "DECAYD_SERVER__PORT": "0", "DECAYD_LOG__FORMAT": "json",
    }  # fmt: skip


def started(folder: Path, settings: dict[str, str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [*COMMAND, "run"], cwd=folder, env=environment(settings), text=True,
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stderr is not None
    assert any("daemon started" in line for line in process.stderr)
    return process


def states(folder: Path) -> list[str]:
    with Store.open(StoreSettings(path=folder / "decayd.duckdb")) as store:
        return [state for _, _, state in attempts(store)]


def test_once_tells_once(tmp_path: Path, told: dict[str, str], receiver: Receiver) -> None:
    first = decayd(tmp_path, "once", "--json", settings=told)
    again = decayd(tmp_path, "once", "--json", settings=told)

    assert json.loads(first.stdout)["delivered"] == {"new": 1, "sent": 1}
    assert json.loads(again.stdout)["delivered"] == {}
    assert [got.json["subject"] for got in receiver.got] == ["F-1"]
    status = json.loads(decayd(tmp_path, "status", "--json", settings=told).stdout)
    assert status["deliveries"][0].items() >= {"target": "hook", "sent": 1, "waiting": 0}.items()


def test_a_daemon_that_is_killed_between_two_tries_goes_on_after_its_restart(
    tmp_path: Path, told: dict[str, str], receiver: Receiver
) -> None:
    receiver.answers = [Answer(500), Answer(200)]
    daemon = started(tmp_path, told)
    assert daemon.stderr is not None
    assert any("not delivered" in line for line in daemon.stderr)
    daemon.kill()
    daemon.communicate()

    daemon = started(tmp_path, told)
    assert daemon.stderr is not None
    assert any('"delivered"' in line for line in daemon.stderr)
    daemon.send_signal(signal.SIGTERM)
    daemon.communicate(timeout=30)

    assert daemon.returncode == 0
    assert states(tmp_path) == ["waiting", "retry", "sent"]
    assert len({got.headers["x-decayd-delivery"] for got in receiver.got}) == 1


def test_a_receiver_that_hangs_stalls_neither_ingest_nor_the_end(
    tmp_path: Path, told: dict[str, str], receiver: Receiver
) -> None:
    receiver.answers = [Answer(hangs=True)]
    daemon = started(tmp_path, told)
    assert receiver.asked.wait(30)
    (tmp_path / "requests.jsonl").write_text(json.dumps(REQUEST) + "\n")

    assert "1 request" in decayd(tmp_path, "ingest", "requests.jsonl").stdout
    daemon.send_signal(signal.SIGTERM)
    _, logs = daemon.communicate(timeout=30)
    assert daemon.returncode == 0
    assert "Traceback" not in logs


def test_a_replay_keeps_what_it_found_to_itself(tmp_path: Path, told: dict[str, str]) -> None:
    (tmp_path / "requests.jsonl").write_text(json.dumps(REQUEST) + "\n")

    assert decayd(tmp_path, "replay", "requests.jsonl", settings=told).returncode == 0
    assert states(tmp_path) == ["silent"]
    assert json.loads(decayd(tmp_path, "once", "--json", settings=told).stdout)["delivered"] == {}


def test_a_target_that_lacks_something_stops_before_anything_runs(tmp_path: Path) -> None:
    wrong = {"DECAYD_DELIVERY__TARGETS": json.dumps({"chat": {"kind": "slack"}})}

    for command in ("check", "once", "run"):
        done = decayd(tmp_path, command, settings=wrong)
        assert (done.returncode, "delivery.targets.chat: it needs url" in done.stderr) == (2, True)
