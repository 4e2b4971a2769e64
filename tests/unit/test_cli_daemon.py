"""`decayd run` without Kafka: other commands go through its API, SIGTERM ends it."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.command import COMMAND, decayd, environment

REQUEST = {
    "request_id": "r1", "ts": "2026-10-01T09:00:00Z", "feature": "search", "query": "q",
    "status": "ok",
}  # fmt: skip
QUIET = {"DECAYD_KAFKA__ENABLED": "false", "DECAYD_SERVER__PORT": "0", "DECAYD_LOG__FORMAT": "json"}


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A daemon that has said where its API is."""
    process = subprocess.Popen(
        [*COMMAND, "run"], cwd=tmp_path, env=environment(QUIET), text=True,
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stderr is not None
    first = json.loads(next(line for line in process.stderr if "daemon started" in line))
    assert first["pid"] == process.pid
    yield process
    process.kill()
    process.communicate()


def test_commands_ask_the_daemon_that_holds_the_store(
    tmp_path: Path, daemon: subprocess.Popen[str]
) -> None:
    (tmp_path / "requests.jsonl").write_text(json.dumps(REQUEST) + "\nbroken\n")
    assert "1 request" in decayd(tmp_path, "ingest", "requests.jsonl").stdout
    status = json.loads(decayd(tmp_path, "status", "--json").stdout)
    assert status["events"][0] == {"kind": "request", "n": 1, "newest": "2026-10-01T09:00:00"}
    assert status["kafka"]["state"].startswith("off")
    missing = decayd(tmp_path, "findings", "show", "F-9")
    assert (missing.returncode, "hint: " in missing.stderr) == (2, True)
    second = decayd(tmp_path, "run", settings={"DECAYD_SERVER__PORT": "0"})
    assert (second.returncode, str(daemon.pid) in second.stderr) == (2, True)
    replay = decayd(tmp_path, "replay", "requests.jsonl")
    assert (replay.returncode, "--store" in replay.stderr) == (2, True)


def test_sigterm_ends_it_within_its_deadline_and_leaves_the_store_whole(
    tmp_path: Path, daemon: subprocess.Popen[str]
) -> None:
    where = tmp_path / "decayd.duckdb.daemon.json"
    url = json.loads(where.read_text())["url"]
    assert httpx.get(f"{url}/livez", timeout=30).text == "ok\n"
    daemon.send_signal(signal.SIGTERM)
    _, logs = daemon.communicate(timeout=30)
    assert daemon.returncode == 0
    assert json.loads(logs.splitlines()[-1])["event"] == "daemon stopped"
    assert "Traceback" not in logs
    assert not where.exists()
    assert decayd(tmp_path, "status").returncode == 0


def test_what_a_killed_daemon_left_behind_is_in_nobodys_way(
    tmp_path: Path, daemon: subprocess.Popen[str]
) -> None:
    daemon.kill()
    daemon.wait()
    assert (tmp_path / "decayd.duckdb.daemon.json").exists()
    done = decayd(tmp_path, "status", "--json")
    assert json.loads(done.stdout)["kafka"] == {"state": "no daemon is running"}


def test_a_port_that_is_taken_is_said_to_be(tmp_path: Path, daemon: subprocess.Popen[str]) -> None:
    url = json.loads((tmp_path / "decayd.duckdb.daemon.json").read_text())["url"]
    taken = {"DECAYD_SERVER__PORT": url.rsplit(":", 1)[1], "DECAYD_STORE__PATH": "other.duckdb"}
    done = decayd(tmp_path, "run", settings=taken)
    assert (done.returncode, "server.port" in done.stderr) == (2, True)
    assert daemon.poll() is None
