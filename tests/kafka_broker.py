"""A real Kafka broker for tests: any distribution at KAFKA_HOME, or one that runs already.

KAFKA_HOME names an unpacked Apache Kafka (its `bin/` and `libs/`); a broker of our own is started
from it, KRaft, single node, loopback only. KAFKA_BOOTSTRAP names a broker that runs already. With
neither, every test that asks for the fixture is skipped and says so. Our own one also has listeners
with passwords, and where openssl is there with TLS, good and bad.
"""

import os
import socket
import subprocess
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

import pytest

from tests.certificates import Authority, openssl

_SCRAM = "SCRAM-SHA-512"
_TLS = {  # listener: its protocol, whom its certificate is for, the days it is valid
    "SSL": ("SSL", "DNS:localhost,IP:127.0.0.1", 30),
    "SASL_SSL": ("SASL_SSL", "DNS:localhost,IP:127.0.0.1", 30),
    "OTHER_NAME": ("SSL", "DNS:kafka.example", 30),
    "EXPIRED": ("SSL", "DNS:localhost,IP:127.0.0.1", 0),
}
_START_S = 60
_SKIPPED = (
    "needs a Kafka broker: set KAFKA_HOME to an Apache Kafka distribution, or KAFKA_BOOTSTRAP to "
    "the address of a broker"
)


class Broker:
    """A broker and what tests do with it: topics, records, and, when it is ours, its death."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def topic(self, n_partitions: int = 1, name: str | None = None) -> str:
        """Make a topic that keeps records of any age, under a random name unless one is given."""
        from kafka.admin import KafkaAdminClient, NewTopic

        topic = name or f"t-{uuid.uuid4().hex[:12]}"
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        with closing(admin):
            admin.create_topics(
                [NewTopic(topic, n_partitions, 1, topic_configs={"retention.ms": "-1"})]
            )
        return topic

    def delete_topic(self, topic: str) -> None:
        """Delete a topic with its records."""
        from kafka.admin import KafkaAdminClient

        with closing(KafkaAdminClient(bootstrap_servers=self.bootstrap)) as admin:
            admin.delete_topics([topic])

    def add_partitions(self, topic: str, total: int) -> None:
        """Let a topic have that many partitions."""
        from kafka.admin import KafkaAdminClient, NewPartitions

        with closing(KafkaAdminClient(bootstrap_servers=self.bootstrap)) as admin:
            admin.create_partitions({topic: NewPartitions(total)})

    def produce(
        self, topic: str, values: Iterable[bytes | None], n_partitions: int = 1, **options: Any
    ) -> int:
        """Write records, round robin over the partitions; return how many."""
        from kafka import KafkaProducer

        n = 0
        producer = KafkaProducer(bootstrap_servers=self.bootstrap, linger_ms=20, **options)
        with closing(producer):
            for n, value in enumerate(values, 1):
                producer.send(topic, value, key=b"k", partition=(n - 1) % n_partitions)
            producer.flush()
        return n

    def commit(self, group: str, topic: str, offset: int, metadata: str) -> None:
        """Commit an offset of partition 0 as another program would."""
        from kafka import KafkaConsumer, TopicPartition
        from kafka.structs import OffsetAndMetadata

        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap, group_id=group)
        with closing(consumer):
            partition = TopicPartition(topic, 0)
            consumer.assign([partition])
            consumer.commit({partition: OffsetAndMetadata(offset, metadata, -1)})

    def committed(self, group: str, topic: str, n_partitions: int = 1) -> list[int | None]:
        """Return a group's committed offsets."""
        from kafka import KafkaConsumer, TopicPartition

        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap, group_id=group)
        with closing(consumer):
            return [consumer.committed(TopicPartition(topic, i)) for i in range(n_partitions)]


class OwnBroker(Broker):
    """A broker process of our own; `start` again on the same folder continues it."""

    def __init__(self, home: Path, folder: Path) -> None:
        self._home = home
        self._folder = folder
        names = ["PLAINTEXT", "CONTROLLER", "SASL_PLAINTEXT", *(_TLS if openssl() else ())]
        self._ports = dict(zip(names, _free_ports(len(names)), strict=True))
        self._process: subprocess.Popen[bytes] | None = None
        super().__init__(self.address("PLAINTEXT"))
        self.sasl_bootstrap = self.address("SASL_PLAINTEXT")  # user alice, password alice-secret
        folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "server.properties"
        lines = (f"{key}={value}" for key, value in self._settings().items())
        self._config.write_text("\n".join(lines) + "\n")

    def address(self, listener: str) -> str:
        """Return where a listener is; those of TLS only exist where openssl does."""
        if listener not in self._ports:
            pytest.skip("certificates are made with openssl, which is not there")
        return f"127.0.0.1:{self._ports[listener]}"

    @property
    def ca_file(self) -> Path:
        """Return the certificate that a client of the TLS listeners trusts."""
        return Authority(self._folder / "tls").file

    def start(self) -> Self:
        """Format the folder when it is new, start, wait until it answers."""
        if not (self._folder / "data" / "meta.properties").exists():
            self._script(
                "kafka-storage.sh", "format", "--cluster-id", "MkU3OEVBNTcwNTJENDM2Qk",
                "--config", str(self._config),
                "--add-scram", f"{_SCRAM}=[name=alice,password=alice-secret]",
            )  # fmt: skip
        with (self._folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._home / "bin" / "kafka-server-start.sh", self._config],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self._environment(),
            )  # fmt: skip
        for _ in range(_START_S * 10):
            with (
                suppress(OSError),
                socket.create_connection(("127.0.0.1", self._ports["PLAINTEXT"]), 0.1),
            ):
                return self
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.1)
                break
        text = (self._folder / "broker.log").read_text(errors="replace")
        raise RuntimeError(f"the broker did not start:\n{text[-2000:]}")

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(kill=True)

    def stop(self) -> None:
        """End it cleanly."""
        self._end(kill=False)

    def _end(self, *, kill: bool) -> None:
        if self._process is not None:
            (self._process.kill if kill else self._process.terminate)()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _settings(self) -> dict[str, str]:
        listeners = {n: f"{n}://127.0.0.1:{port}" for n, port in self._ports.items()}
        protocols = {name: _TLS[name][0] if name in _TLS else name for name in listeners}
        protocols["CONTROLLER"] = "PLAINTEXT"
        one = dict.fromkeys(
            (
                "offsets.topic.num.partitions", "offsets.topic.replication.factor",
                "transaction.state.log.num.partitions", "transaction.state.log.replication.factor",
                "transaction.state.log.min.isr", "share.coordinator.state.topic.num.partitions",
                "share.coordinator.state.topic.replication.factor",
                "share.coordinator.state.topic.min.isr",
            ),
            "1",
        )  # fmt: skip
        return (
            one
            | self._logins()
            | self._certificates()
            | {
                "process.roles": "broker,controller",
                "node.id": "1",
                "controller.quorum.voters": f"1@{self.address('CONTROLLER')}",
                "controller.listener.names": "CONTROLLER",
                "listeners": ",".join(listeners.values()),
                "advertised.listeners": ",".join(
                    url for name, url in listeners.items() if name != "CONTROLLER"
                ),
                "listener.security.protocol.map": ",".join(map(":".join, protocols.items())),
                "inter.broker.listener.name": "PLAINTEXT",
                "log.dirs": str(self._folder / "data"),
                "log.retention.ms": "-1",
                "auto.create.topics.enable": "false",
                "group.initial.rebalance.delay.ms": "0",
            }
        )

    def _logins(self) -> dict[str, str]:
        module = "org.apache.kafka.common.security"
        found = {"sasl.enabled.mechanisms": f"PLAIN,{_SCRAM}"}
        for listener in ("sasl_plaintext", "sasl_ssl"):
            prefix = f"listener.name.{listener}"
            found[f"{prefix}.plain.sasl.jaas.config"] = (
                f'{module}.plain.PlainLoginModule required user_alice="alice-secret";'
            )
            found[f"{prefix}.{_SCRAM.lower()}.sasl.jaas.config"] = (
                f"{module}.scram.ScramLoginModule required;"
            )
        return found

    def _certificates(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, (_, names, days) in _TLS.items():
            if name in self._ports:
                pem = Authority(self._folder / "tls").issue(name.lower(), names=names, days=days)
                prefix = f"listener.name.{name.lower()}.ssl.keystore"
                found |= {f"{prefix}.type": "PEM", f"{prefix}.location": str(pem)}
        return found

    def _environment(self) -> dict[str, str]:
        heap = {"KAFKA_HEAP_OPTS": "-Xms128m -Xmx512m", "KAFKA_HEAP": "512m"}
        return dict(os.environ) | heap | {"LOG_DIR": str(self._folder / "logs")}  # noqa: TID251

    def _script(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._home / "bin" / name, *arguments],
            capture_output=True, text=True, check=False, env=self._environment(),
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{name} failed:\n{done.stdout[-1000:]}\n{done.stderr[-1000:]}")


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Give the one broker that the tests share; names of topics and groups are random."""
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP")  # noqa: TID251
    if bootstrap:
        yield Broker(bootstrap)
        return
    broker = OwnBroker(_home(), tmp_path_factory.mktemp("kafka")).start()
    try:
        yield broker
    finally:
        broker.stop()


@pytest.fixture
def mortal_kafka(tmp_path: Path) -> Iterator[OwnBroker]:
    """Give a broker, not started yet, that a test may kill."""
    broker = OwnBroker(_home(), tmp_path / "kafka")
    yield broker
    broker.stop()


def _home() -> Path:
    home = os.environ.get("KAFKA_HOME")  # noqa: TID251
    if not home:
        pytest.skip(_SKIPPED)
    if not (Path(home) / "bin" / "kafka-server-start.sh").is_file():
        pytest.fail(f"KAFKA_HOME={home} has no bin/kafka-server-start.sh")
    return Path(home)


def _free_ports(n: int) -> list[int]:
    sockets = [socket.socket() for _ in range(n)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
