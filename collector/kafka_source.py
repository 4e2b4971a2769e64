"""Kafka as a source of records: what is assigned, what was started, what was lost."""

from collections.abc import Iterable, Mapping

from collector.kafka_client import Client, Fenced, OutOfRange, Unreadable
from collector.kafka_log import ClientLog
from collector.source import Committed, Partition, Record
from decayd import log
from decayd.clock import Clock
from decayd.config import KafkaSettings
from decayd.errors import AnotherCollector, BrokerUnreachable
from store.batch import Gap

_log = log.get("kafka")
_GATHER_S = 1.0  # a batch ends after this long even while records keep coming
_GATHER_BYTES = 32 * 2**20  # or holds this much
_PAUSE_S = 0.02  # how long the next record is waited for meanwhile


class KafkaSource:
    """A member of a consumer group that reads the configured topics.

    Parameters
    ----------
    settings
        How to reach the broker and what to read.
    store_id
        The member's identity follows the store: who holds the store's lock is the only one.
    clock
        Bounds how long a batch is gathered.

    Raises
    ------
    BrokerUnreachable
        When no broker answers; the message has the client's own last warning.
    ConfigError
        When a setting, a certificate or a password file is wrong.
    """

    def __init__(self, settings: KafkaSettings, store_id: str, clock: Clock) -> None:
        self._clock = clock
        self._said = ClientLog.attach(clock)
        self._waiting: set[Partition] = set()
        self._revoked: set[Partition] = set()
        self._next: dict[Partition, int] = {}  # of partitions that were started
        self._paused: set[Partition] = set()
        self._generations: dict[Partition, str] = {}  # which topic of that name it was sought in
        self._gaps: list[Gap] = []
        self._fenced = False
        self._refused = ""
        self._client: Client
        try:
            self._client = Client(settings, f"decayd-{store_id}", self._assigned, self._gone)
        except BrokerUnreachable as error:
            said = f"{error}: {self._said.last}"
            raise BrokerUnreachable(said, hint=_hint(settings.security_protocol)) from error

    def poll(self, timeout_s: float, max_records: int) -> list[Record]:
        """Return what comes within `timeout_s`; gather for a second while there is more to come."""
        self._raise_fenced()
        records = more = self._poll_once(timeout_s, max_records)
        until, size = self._clock.monotonic() + _GATHER_S, _size(records)
        while 0 < len(records) < max_records and size < _GATHER_BYTES:
            if self._clock.monotonic() > until or not self._has_more(more):
                break
            more = self._poll_once(_PAUSE_S, max_records - len(records))
            records = records + more
            size += _size(more)
        self._raise_fenced()
        return self._keep(records)

    def assigned(self) -> frozenset[Partition]:
        """Return what the group gave this member."""
        return frozenset(self._next) | self._waiting

    def waiting(self) -> frozenset[Partition]:
        """Return what was assigned and has not been sought since."""
        return frozenset(self._waiting)

    def unread(self) -> frozenset[Partition]:
        """Return partitions that are behind their end, or whose end is not known yet."""
        lag = self.lag()
        return frozenset(p for p in self.assigned() if lag.get(p, 1) > 0)

    def seek(self, partition: Partition, offset: int | None) -> int:
        """Start a partition, or go elsewhere in it."""
        at = self._client.earliest(partition) if offset is None else offset
        if self._client.seek(partition, at):
            self._next[partition] = at
            self._generations[partition] = self._client.generation(partition[0])
            if partition not in self._paused:
                self._client.resume([partition])
        self._waiting.discard(partition)
        return at

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Stop fetching these."""
        wanted = self._next.keys() & set(partitions)
        self._paused |= wanted
        self._client.pause(wanted)

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Fetch these again."""
        wanted = self._next.keys() & set(partitions)
        self._paused -= wanted
        self._client.resume(wanted)

    def committed(self, partitions: Iterable[Partition]) -> dict[Partition, Committed]:
        """Ask the group's coordinator."""
        found = {partition: self._client.committed(partition) for partition in partitions}
        return {partition: commit for partition, commit in found.items() if commit is not None}

    def commit(
        self, offsets: Mapping[Partition, int], metadata: str, timeout_s: float | None = None
    ) -> None:
        """Commit what is still ours; a takeover shows at the next `poll`."""
        wanted = {p: offset for p, offset in offsets.items() if p in self._next}
        if wanted:
            self._client.commit(wanted, metadata, self._note_commit, timeout_s)

    def generations(self) -> dict[str, str]:
        """Return the broker's topic ids, '' where it is too old to have them."""
        return {topic: self._client.generation(topic) for topic, _ in self.assigned()}

    def gaps(self) -> list[Gap]:
        """Return positions that were out of range or belonged to a topic that was made anew."""
        found, self._gaps = self._gaps, []
        return found

    def lag(self) -> dict[Partition, int]:
        """Return how far each started partition is behind its end, once the broker has told."""
        lags = {p: self._client.lag(p, offset) for p, offset in self._next.items()}
        return {p: lag for p, lag in lags.items() if lag is not None}

    def trouble(self) -> str:
        """Return why nothing can be read: no connection, or a broker that refuses."""
        if not self._client.is_connected():
            return self._said.last or "no broker is connected"
        return self._refused

    def close(self, timeout_s: float) -> None:
        """Leave the group's broker, not the group: a restart takes the place over at once."""
        self._client.close(timeout_s)

    def _assigned(self, partitions: frozenset[Partition]) -> None:
        """Note new partitions and keep them quiet; runs on the client's I/O thread."""
        self._client.pause(partitions)
        for partition in partitions:
            self._next.pop(partition, None)
        self._waiting |= partitions

    def _has_more(self, came: list[Record]) -> bool:
        """Tell whether a batch may grow: a full one is a row group that is written just once."""
        if self._waiting or self._gaps:
            return False
        return bool(came) or (not self._paused and any(self.lag().values()))

    def _gone(self, partitions: frozenset[Partition]) -> None:
        """Note partitions that were taken away; runs on the client's I/O thread."""
        for partition in partitions:
            self._next.pop(partition, None)
        self._waiting -= partitions
        self._paused -= partitions
        self._revoked |= partitions

    def _poll_once(self, timeout_s: float, max_records: int) -> list[Record]:
        try:
            records = self._client.poll(timeout_s, max_records)
        except OutOfRange as error:
            for partition, (lost_at, back_to) in error.lost.items():
                self._fall_back(partition, self._next.get(partition, lost_at), back_to)
            return []
        except Unreadable as error:
            self._refused = str(error)
            return []
        self._refused = ""
        return records

    def _keep(self, records: list[Record]) -> list[Record]:
        """Leave out what is no longer ours, and what belongs to a topic that was made anew."""
        left_out, self._revoked = self._revoked, set()
        for partition, offset in tuple(self._next.items()):  # also of those that gave nothing
            if self._is_anew(partition):
                left_out.add(partition)
                self._fall_back(partition, offset, None)
        kept = (
            [r for r in records if (r.topic, r.partition) not in left_out] if left_out else records
        )
        for partition, offset in {(r.topic, r.partition): r.offset for r in kept}.items():
            self._next[partition] = offset + 1
        return kept

    def _fall_back(self, partition: Partition, lost_at: int, back_to: int | None) -> None:
        """Go on where there are records, and note the gap."""
        anew = self._is_anew(partition)
        try:
            resumed_at = self.seek(partition, None if anew else back_to)
        except BrokerUnreachable as error:
            self._refused = str(error)  # the next poll finds the same again
            return
        reason = (
            "topic made anew" if anew else "no longer kept" if resumed_at > lost_at else "cut off"
        )
        self._gaps.append(Gap(*partition, lost_at, resumed_at, reason))

    def _is_anew(self, partition: Partition) -> bool:
        known, now = self._generations.get(partition, ""), self._client.generation(partition[0])
        return bool(known and now) and known != now

    def _note_commit(self, error: Exception | None) -> None:
        if isinstance(error, Fenced):
            self._fenced = True
        elif error is not None:
            _log.debug("commit failed, the next one repeats it", error=str(error))

    def _raise_fenced(self) -> None:
        if self._fenced:
            raise AnotherCollector(
                "another collector is running with the identity of this store",
                hint="is a copy of the store in use? stop one of the two",
            )


def _hint(protocol: str) -> str:
    """Say what to look at; a broker often just hangs up on a wrong password or certificate."""
    look_at = ["kafka.bootstrap_servers"]
    look_at += ["kafka.sasl_username and the password"] if protocol.startswith("SASL") else []
    look_at += ["kafka.ssl_cafile"] if protocol.endswith("SSL") else []
    return f"is the broker up? check {', '.join(look_at)}, and the port's protocol ({protocol})"


def _size(records: list[Record]) -> int:
    return sum(len(record.value or b"") for record in records)
