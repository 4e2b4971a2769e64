"""The collector: keeps a session with Kafka alive for as long as the daemon runs."""

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from collector.pipeline import Pipeline
from collector.session import Session
from collector.source import Partition, RecordSource
from collector.tally import Tally, Totals
from decayd import log
from decayd.clock import Clock
from decayd.config import Settings
from decayd.errors import BrokerUnreachable, DecaydError, StoreUnavailable, UsageError
from decayd.metrics import Metrics
from store.database import Store
from store.pseudonyms import Pseudonyms

_log = log.get("collector")
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 5.0  # a broker that is back is found within this
_DRAIN_STEPS = 30  # polls of half a second without a record after which a drain gives up
_UNASSIGNED_S = 60.0  # a healthy group gives partitions within a few seconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Connect = Callable[[], RecordSource]


class Status(msgspec.Struct, frozen=True):
    """What the Kafka side is doing; `state` reads "connected" or "disconnected since …".

    `lag` is in records, None until the broker has told it of every partition.
    """

    state: str
    connected: bool
    since: str
    reason: str = ""
    assigned: int = 0
    lag: int | None = None
    n_records: int = 0
    bad_share: float = 0.0
    schema_change: bool = False
    last_event: str | None = None


class Collector:
    """Reads Kafka into a store.

    Parameters
    ----------
    store, settings, clock, pseudonyms, metrics
        Where rows go, what is read, time, how user ids are replaced, what is counted.
    connect
        Makes the source; by default the Kafka one of the settings.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        pseudonyms: Pseudonyms,
        metrics: Metrics,
        connect: Connect | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._connect = connect or self._connect_kafka
        known = [row["max_ts_us"] for row in store.rows("offset_positions") if row["max_ts_us"]]
        self._tally = Tally(metrics, max(known, default=None))
        self._pipeline = Pipeline(
            store, settings, clock, pseudonyms, settings.kafka.topics, live=True
        )
        self._end_dlq = self._begin_dlq() if settings.collector.dlq else _nothing
        self._last_assigned = clock.monotonic()
        self._with_lag: frozenset[Partition] = frozenset()
        self._status = Status("starting", connected=False, since=self._now())
        self._measure()

    def run(self, stop: threading.Event) -> None:
        """Collect until `stop` is set; a broker that is down or dies only shows in the status.

        Raises
        ------
        AnotherCollector
            When a second collector of this store took over.
        ConfigError
            When a setting is wrong, or a new store meets the offsets of another one.
        """
        wait_s = _FIRST_WAIT_S
        try:
            while not stop.is_set():
                session = self._try_connect()
                if session is None:
                    self._clock.wait(stop, wait_s)
                    wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
                else:
                    wait_s = _FIRST_WAIT_S
                    self._collect(session, stop)
        except DecaydError as error:
            self._set("stopped", connected=False, reason=str(error))
            raise
        finally:
            self._end_dlq()
        self._set("stopped", connected=False)

    def drain(self) -> Totals:
        """Read what the topics hold now, then return.

        Raises
        ------
        BrokerUnreachable
            When no broker answers, or it went away for 15 seconds.
        StoreUnavailable
            When the disk is full; what was read until then is stored.
        """
        session = self._open()
        try:
            self._drain(session)
        finally:
            session.finish(self._deadline())
            self._end_dlq()
        return self._tally.totals

    def status(self) -> dict[str, Any]:
        """Return what the Kafka side is doing, for people and programs; any thread may ask."""
        return dict(msgspec.to_builtins(self._status))

    def _collect(self, session: Session, stop: threading.Event) -> None:
        try:
            while not stop.is_set():
                try:
                    session.step()
                except BrokerUnreachable as error:
                    self._observe(session, str(error))
                    self._clock.wait(stop, _FIRST_WAIT_S)
                else:
                    self._observe(session, session.source.trouble())
        except DecaydError:
            raise
        except Exception as error:  # noqa: BLE001 - one fault must not end the collecting
            _log.exception("the session with Kafka broke, connecting again")
            self._disconnected(f"{type(error).__name__}: {error}")
            self._clock.wait(stop, _FIRST_WAIT_S)
        finally:
            session.finish(self._deadline())

    def _drain(self, session: Session) -> None:
        ends: dict[tuple[str, int], int] = {}
        n_idle, trouble = 0, ""
        while not session.is_read(ends) and n_idle < _DRAIN_STEPS:
            n_idle = 0 if session.step() else n_idle + 1
            trouble = session.source.trouble()
            self._observe(session, trouble)
            if session.store_trouble:
                raise StoreUnavailable(session.store_trouble, hint="free disk space, then again")
        if trouble:
            raise BrokerUnreachable(f"Kafka went away: {trouble}", hint="try again")
        if n_idle == _DRAIN_STEPS:
            _log.warning("not everything could be read", assigned=len(session.source.assigned()))

    def _open(self) -> Session:
        self._pipeline.watermark.revoke(self._pipeline.watermark.partitions())
        return Session(
            self._connect(), self._store, self._pipeline, self._tally, self._settings, self._clock
        )

    def _try_connect(self) -> Session | None:
        try:
            return self._open()
        except BrokerUnreachable as error:
            self._disconnected(f"{error}; {error.hint}" if error.hint else str(error))
            return None

    def _connect_kafka(self) -> RecordSource:
        try:
            from collector.kafka_source import KafkaSource
        except ImportError as error:
            raise UsageError(
                f"reading Kafka needs the package {error.name}",
                hint="pip install 'decayd[kafka]', or set kafka.enabled = false",
            ) from error
        return KafkaSource(self._settings.kafka, self._store.id, self._clock)

    def _begin_dlq(self) -> Callable[[], None]:
        """Send bad records on; return what ends that."""
        from collector.dead_letter_topic import DeadLetterTopic

        topic = DeadLetterTopic(self._store, self._settings.kafka, self._clock, self._metrics)
        self._pipeline.after_batch = topic.forward
        return topic.close

    def _observe(self, session: Session, trouble: str) -> None:
        self._metrics.waits.set(bool(session.store_trouble))
        if trouble:
            self._disconnected(trouble, assigned=len(session.source.assigned()))
            return
        lag, assigned = session.source.lag(), session.source.assigned()
        self._measure_lag(lag)
        self._set(
            "connected",
            connected=True,
            reason=session.store_trouble or self._why_idle(n_assigned=len(assigned)),
            assigned=len(assigned),
            lag=sum(lag.values()) if assigned == lag.keys() else None,
        )

    def _why_idle(self, n_assigned: int) -> str:
        """Say so when this member has had nothing to read for a minute."""
        now = self._clock.monotonic()
        if n_assigned:
            self._last_assigned = now
        if now - self._last_assigned < _UNASSIGNED_S:
            return ""
        return "no partition is assigned: are the topics there, does another member read them?"

    def _disconnected(self, reason: str, assigned: int = 0) -> None:
        self._measure_lag({})
        was = self._status
        since = was.since if was.state.startswith("disconnected") else self._now()
        self._set(f"disconnected since {since}", connected=False, reason=reason, assigned=assigned)

    def _set(self, state: str, *, connected: bool, **facts: Any) -> None:
        """Publish a new status and the gauges that go with it."""
        was, newest_us, share = self._status, self._tally.newest_us, self._tally.bad_share
        too_bad = share > self._settings.collector.bad_share_alert
        if too_bad and not was.schema_change:
            _log.warning("many records are bad, has their schema changed?", bad_share=share)
        reason = facts.get("reason", "")
        if reason and _words(reason) != _words(was.reason):
            _log.warning("collecting is hindered", reason=reason)
        self._status = Status(
            state,
            connected,
            was.since if state == was.state else self._now(),
            n_records=self._tally.totals.n_records,
            bad_share=share,
            schema_change=too_bad,
            last_event=None if newest_us is None else _iso(newest_us),
            **facts,
        )
        self._metrics.connected.set(connected)
        self._metrics.partitions.set(facts.get("assigned", 0))
        self._measure()

    def _measure(self) -> None:
        """Set the gauges that the store knows of; they stay NaN until it does."""
        if (free := self._store.free_bytes()) is not None:
            self._metrics.free_bytes.set(free)
        if self._tally.newest_us is not None:
            newest = _EPOCH + timedelta(microseconds=self._tally.newest_us)
            self._metrics.time_lag.set((self._clock.now() - newest).total_seconds())
        mark_us = self._pipeline.watermark.value_us
        if mark_us is not None:
            self._metrics.watermark.set(mark_us / 1e6)

    def _measure_lag(self, lag: dict[Partition, int]) -> None:
        for topic, partition in self._with_lag - lag.keys():
            self._metrics.lag.remove(topic, str(partition))
        for (topic, partition), n in lag.items():
            self._metrics.lag.labels(topic, str(partition)).set(n)
        self._with_lag = frozenset(lag)

    def _deadline(self) -> float:
        """Return half the deadline from now: the loop before it, and others, need some of it."""
        return self._clock.monotonic() + self._settings.collector.stop_deadline_s / 2

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")


def _words(reason: str) -> str:
    """Return a reason without its numbers: a new number is no new reason."""
    return re.sub(r"\d+", "", reason)


def _nothing() -> None:
    """There is nothing to end."""


def _iso(us: int) -> str:
    moment = _EPOCH + timedelta(microseconds=us)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
