"""TLS and passwords at a real broker: what connects, and what the status says when it does not."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import Authority
from tests.kafka_broker import Broker, OwnBroker
from tests.kafka_daemon import DaemonProcess

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
LOGIN = {"sasl_mechanism": "SCRAM-SHA-512", "sasl_username": "alice"}


def events(n: int) -> list[bytes]:
    return [
        json.dumps(
            {"request_id": f"r{i}", "ts": f"2026-10-01T09:00:{i:02}Z", "feature": "search",
             "query": "q", "status": "ok"}
        ).encode()
        for i in range(n)
    ]  # fmt: skip


class Daemons:
    """Starts daemons that read one topic of a broker, each with other `[kafka]` settings."""

    def __init__(self, broker: OwnBroker, topic: str, folder: Path) -> None:
        self.broker = broker
        self.topic = topic
        self.folder = folder
        self.running: list[DaemonProcess] = []

    def start(self, listener: str, **kafka: Any) -> DaemonProcess:
        settings = {
            "bootstrap_servers": self.broker.address(listener),
            "group_id": f"g-{uuid.uuid4().hex[:12]}",
            "topics": {self.topic: {"kind": "request"}},
            "security_protocol": "SASL_SSL" if listener == "SASL_SSL" else "SSL",
            "ssl_cafile": str(self.broker.ca_file),
            **kafka,
        }
        daemon = DaemonProcess(self.folder / str(len(self.running)), settings)
        self.running.append(daemon)
        return daemon.start()


@pytest.fixture
def daemons(kafka: Broker, tmp_path: Path) -> Iterator[Daemons]:
    if not isinstance(kafka, OwnBroker):
        pytest.skip("needs a broker of our own with TLS listeners: set KAFKA_HOME")
    topic = kafka.topic()
    kafka.produce(topic, events(10))
    made = Daemons(kafka, topic, tmp_path)
    yield made
    for daemon in made.running:
        daemon.end()


def is_disconnected(status: dict[str, Any]) -> bool:
    return bool(status["state"].startswith("disconnected since 20"))


@pytest.mark.parametrize("listener", ["SSL", "SASL_SSL"])
def test_the_right_authority_and_password_are_let_in(daemons: Daemons, listener: str) -> None:
    login = LOGIN | {"sasl_password": "alice-secret"} if listener == "SASL_SSL" else {}
    daemon = daemons.start(listener, **login)
    daemon.wait(lambda status: status["n_records"] == 10)
    assert daemon.status()["connected"]
    assert daemon.stop() == 0


def test_what_is_wrong_with_a_certificate_is_named_and_the_daemon_stays_up(
    daemons: Daemons, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path / "stranger")
    daemons.start("SSL", ssl_cafile=str(stranger.file))
    daemons.start("OTHER_NAME")
    daemons.start("EXPIRED")
    causes = ("self-signed certificate", "not valid for '127.0.0.1'", "certificate has expired")
    for daemon, cause in zip(daemons.running, causes, strict=True):
        daemon.wait(is_disconnected)
        reason = daemon.status()["reason"]
        assert cause in reason
        assert "check kafka.bootstrap_servers, kafka.ssl_cafile" in reason
        assert daemon.wait_for_end(0) is None


def test_a_wrong_password_is_named_and_the_daemon_stays_up(daemons: Daemons) -> None:
    """On a busy machine the broker may hang up on an attempt before its answer is read."""
    daemon = daemons.start("SASL_SSL", **LOGIN | {"sasl_password": "wrong"})
    daemon.wait(
        lambda status: is_disconnected(status) and "Authentication failed" in status["reason"]
    )
    assert "kafka.sasl_username and the password" in daemon.status()["reason"]
    assert daemon.wait_for_end(0) is None
