"""The one module that reads with kafka-python: its consumer with our types and errors.

Facts about version 3 that shape it, all measured: rebalance listeners run on the client's I/O
thread, where a blocking call raises; a deserializer that raises makes `poll` spin for ever, so
values stay bytes; subscribing to a topic that is not there makes the client ask for it ten times a
second, so topics are subscribed by a pattern.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka import errors as kafka_errors
from kafka.net.compat import KafkaNetClient
from kafka.structs import OffsetAndMetadata

from collector.source import Committed, Partition, Record
from decayd.config import KafkaSettings
from decayd.errors import BrokerUnreachable, ConfigError, UsageError

_ANSWER_MS = 5_000  # how long one question to the broker may take; a stop may wait for it
_BOOTSTRAP_MS = 3_000  # the same for finding a broker
_HEARTBEAT_MS = 3_000
_METADATA_MS = 10_000  # how soon a topic that is made later is found
_MAX_BACKOFF_MS = 5_000  # the client's own 30 s would keep a broker that is back waiting

Changed = Callable[[frozenset[Partition]], None]


class Unreadable(Exception):
    """The broker refuses to be read at the moment; the text says why."""


class OutOfRange(Exception):
    """Positions that the broker does not have.

    `lost` maps each partition to the position and the offset to go back to, None for the oldest.
    """

    def __init__(self, lost: dict[Partition, tuple[int, int | None]]) -> None:
        super().__init__(f"{len(lost)} positions are out of range")
        self.lost = lost


class Fenced(Exception):
    """Another member with the same identity took over."""


class Client:
    """A static member of a consumer group.

    Parameters
    ----------
    settings
        How to reach the broker and what to read.
    instance
        The member's identity: one that starts with it takes over at once, without a rebalance.
    on_assigned, on_revoked
        Called on the client's I/O thread, maybe with nothing; they must not call back here, but
        for `pause`.

    Raises
    ------
    BrokerUnreachable
        When no broker answers within 3 seconds.
    ConfigError
        When a file or a setting is wrong.
    """

    def __init__(
        self, settings: KafkaSettings, instance: str, on_assigned: Changed, on_revoked: Changed
    ) -> None:
        self._consumer, self._network = _consumer(settings, _options(settings, instance))
        pattern = "^(?:" + "|".join(map(re.escape, settings.topics)) + ")$"
        listener = _Listener(on_assigned, on_revoked)
        self._consumer.subscribe(pattern=pattern, listener=listener)

    def poll(self, timeout_s: float, max_records: int) -> list[Record]:
        """Return records, maybe none.

        Raises
        ------
        OutOfRange, Unreadable
            Nothing was lost; the next call goes on.
        """
        try:
            polled = self._consumer.poll(timeout_ms=int(timeout_s * 1000), max_records=max_records)
        except kafka_errors.NoOffsetForPartitionError:
            return []  # those partitions wait for their first seek
        except kafka_errors.OffsetOutOfRangeError as error:
            raise OutOfRange({_key(tp): (at, None) for tp, at in error.args[0].items()}) from error
        except kafka_errors.LogTruncationError as error:
            raise OutOfRange(self._truncated(error.divergent_offsets)) from error
        except kafka_errors.KafkaError as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error
        return [record for batch in polled.values() for record in map(_record, batch)]

    def seek(self, partition: Partition, offset: int) -> bool:
        """Go to an offset; tell whether the partition is still assigned."""
        try:
            self._consumer.seek(TopicPartition(*partition), offset)
        except (ValueError, KeyError):
            return False
        return True

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Deliver nothing of these."""
        self._consumer.pause(*(TopicPartition(*p) for p in partitions))

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Deliver these again."""
        self._consumer.resume(*(TopicPartition(*p) for p in partitions))

    def earliest(self, partition: Partition) -> int:
        """Return the offset of the oldest record, or raise BrokerUnreachable."""
        tp = TopicPartition(*partition)
        try:
            return int(self._consumer.beginning_offsets([tp], timeout_ms=_ANSWER_MS)[tp])
        except kafka_errors.KafkaError as error:
            raise BrokerUnreachable(f"where {partition} begins is not known: {error}") from error

    def committed(self, partition: Partition) -> Committed | None:
        """Return what the group has committed, or raise BrokerUnreachable."""
        tp = TopicPartition(*partition)
        try:
            found = self._consumer.committed(tp, metadata=True, timeout_ms=_ANSWER_MS)
        except kafka_errors.KafkaError as error:
            raise BrokerUnreachable(f"what is committed is not known: {error}") from error
        return None if found is None else Committed(found.offset, found.metadata or "")

    def commit(
        self,
        offsets: Mapping[Partition, int],
        metadata: str,
        done: Callable[[Exception | None], None],
        timeout_s: float | None = None,
    ) -> None:
        """Commit; `done` gets the result, Fenced or another error, at once or in a later `poll`."""
        wanted = {
            TopicPartition(*p): OffsetAndMetadata(offset, metadata, -1)
            for p, offset in offsets.items()
        }
        try:
            if timeout_s is None:
                self._consumer.commit_async(wanted, callback=lambda _, result: done(_error(result)))
            else:
                self._consumer.commit(wanted, timeout_ms=int(timeout_s * 1000))
        except kafka_errors.KafkaError as error:
            done(_error(error))

    def lag(self, partition: Partition, offset: int) -> int | None:
        """Return how far the end is from `offset`; None until the broker has told.

        Markers of transactions take up offsets too: the client's own position has passed them.
        """
        tp = TopicPartition(*partition)
        try:
            end: Any = self._consumer.highwater(tp)
            if end is None or end <= offset:
                return None if end is None else 0
            position: Any = self._consumer.position(tp, timeout_ms=0)
        except (kafka_errors.KafkaError, KeyError, ValueError):
            return None
        return max(0, int(end) - max(offset, position or 0))

    def generation(self, topic: str) -> str:
        """Return the topic's id, '' where it is not known."""
        cluster: Any = getattr(
            self._consumer, "_cluster", None
        )  # there is no public way to the ids
        found = cluster.topic_id(topic) if hasattr(cluster, "topic_id") else None
        return str(found or "")

    def is_connected(self) -> bool:
        """Tell whether a connection to any broker is open."""
        # The public way to them is the client's metrics, which cost a tenth of reading.
        manager = getattr(self._network, "_manager", None)
        connections: dict[str, Any] | None = getattr(manager, "_conns", None)
        return connections is None or any(each.connected for each in tuple(connections.values()))

    def close(self, timeout_s: float) -> None:
        """Leave; the place of a static member is kept until its session times out."""
        with suppress(kafka_errors.KafkaError, OSError, RuntimeError):  # it is gone either way
            self._consumer.close(autocommit=False, timeout_ms=max(1, int(timeout_s * 1000)))

    def _truncated(self, divergent: Mapping[Any, Any]) -> dict[Partition, tuple[int, int | None]]:
        lost = {}
        for tp, safe in divergent.items():
            at = self._consumer.highwater(tp) or 0
            lost[_key(tp)] = (at, None if safe is None else int(safe.offset))
        return lost


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, on_assigned: Changed, on_revoked: Changed) -> None:
        self._on_assigned = on_assigned
        self._on_revoked = on_revoked

    def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        self._on_assigned(frozenset(map(_key, assigned)))

    def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        self._on_revoked(frozenset(map(_key, revoked)))

    def on_partitions_lost(self, lost: Iterable[Any]) -> None:
        self._on_revoked(frozenset(map(_key, lost)))


def read_one(settings: KafkaSettings, topic: str, partition: int, offset: int) -> Record:
    """Read one record again, outside of any group.

    Raises
    ------
    BrokerUnreachable
        When no broker answers.
    UsageError
        When the broker does not keep the record any more.
    """
    options = _options(settings, "") | {"group_id": None, "group_instance_id": None}
    consumer, _ = _consumer(settings, options)
    tp = TopicPartition(topic, partition)
    try:
        consumer.assign([tp])
        consumer.seek(tp, offset)
        found = consumer.poll(timeout_ms=_ANSWER_MS, max_records=1).get(tp, [])
    except kafka_errors.OffsetOutOfRangeError:
        found = []
    except kafka_errors.KafkaError as error:
        raise BrokerUnreachable(f"{topic}/{partition} can't be read now: {error}") from error
    finally:
        consumer.close(autocommit=False, timeout_ms=_ANSWER_MS)
    if not found or found[0].offset != offset:
        raise UsageError(f"{topic}/{partition} does not keep offset {offset} any more")
    return _record(found[0])


def _consumer(settings: KafkaSettings, options: dict[str, Any]) -> tuple[Any, KafkaNetClient]:
    """Connect; where that fails, end what the client has begun: it leaves a thread behind."""
    begun: list[KafkaNetClient] = []

    def begin(**client_options: Any) -> KafkaNetClient:
        begun.append(KafkaNetClient(**client_options))
        return begun[-1]

    try:
        return KafkaConsumer(kafka_client=begin, **options), begun[-1]
    except kafka_errors.KafkaTimeoutError as error:
        _end(begun)
        raise BrokerUnreachable(f"no broker answers at {settings.bootstrap_servers}") from error
    except (kafka_errors.KafkaError, OSError, ValueError) as error:
        _end(begun)
        raise ConfigError(f"kafka: {error}", hint="check the [kafka] settings") from error


def _end(clients: Iterable[Any]) -> None:
    for client in clients:
        client.close()


def _options(settings: KafkaSettings, instance: str) -> dict[str, Any]:
    session_ms = int(settings.session_timeout_s * 1000)
    return {
        "group_id": settings.group_id,
        "group_instance_id": instance,
        "session_timeout_ms": session_ms,
        "heartbeat_interval_ms": min(_HEARTBEAT_MS, session_ms // 3),
        "max_poll_interval_ms": int(settings.max_poll_interval_s * 1000),
        "max_poll_records": settings.max_poll_records,
        "enable_auto_commit": False,
        "auto_offset_reset": "none",  # out of range is a gap that is recorded, never a silent jump
        "isolation_level": "read_committed",
        **connection(settings),
    }


def connection(settings: KafkaSettings) -> dict[str, Any]:
    """Return how to reach the broker, for any client of kafka-python.

    Raises
    ------
    ConfigError
        When a file is missing.
    """
    return {
        "bootstrap_servers": [s.strip() for s in settings.bootstrap_servers.split(",")],
        "client_id": "decayd",
        "metadata_max_age_ms": _METADATA_MS,
        "bootstrap_timeout_ms": _BOOTSTRAP_MS,
        "reconnect_backoff_max_ms": _MAX_BACKOFF_MS,
        "metrics_enabled": False,  # a tenth of what reading costs; decayd counts for itself
        **_security(settings),
    }


def _security(settings: KafkaSettings) -> dict[str, Any]:
    options: dict[str, Any] = {"security_protocol": settings.security_protocol}
    if settings.security_protocol.startswith("SASL"):
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": _password(settings),
        }
    if settings.security_protocol.endswith("SSL"):
        for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile"):
            path: Path | None = getattr(settings, name)
            if path is not None and not path.is_file():
                raise ConfigError(f"kafka.{name}: there is no file {path}", hint="check the path")
            options[name] = str(path) if path else None
    return options


def _password(settings: KafkaSettings) -> str:
    path = settings.sasl_password_file
    if path is None:
        return settings.sasl_password.get_secret_value()
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"kafka.sasl_password_file: {path} can't be read", hint="check the path"
        ) from error


def _key(tp: Any) -> Partition:
    return str(tp.topic), int(tp.partition)


def _error(result: Any) -> Exception | None:
    if isinstance(result, kafka_errors.FencedInstanceIdError):
        return Fenced(str(result))
    return result if isinstance(result, Exception) else None


def _record(record: Any) -> Record:
    return Record(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        record.key,
        record.value,
        tuple(record.headers),
    )
