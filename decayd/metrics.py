"""Prometheus metrics of one process; `/metrics` prints them.

A gauge is NaN until its value is known: a 0 would be read as a measurement.
"""

import math

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class Metrics:
    """All counters and gauges, in a registry of their own: two daemons can share a process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter("decayd_events", "Events stored", ["kind"], registry=self.registry)
        self.duplicates = Counter(
            "decayd_duplicate_events", "Events that were there already", registry=self.registry
        )
        self.dead_letters = Counter(
            "decayd_dead_letters", "Records that could not be stored", ["reason"],
            registry=self.registry,
        )  # fmt: skip
        self.dlq_failures = Counter(
            "decayd_dlq_failures", "Bad records that <topic>.dlq did not take",
            registry=self.registry,
        )  # fmt: skip
        self.lag = Gauge(
            "decayd_lag_records", "Records not read yet", ["topic", "partition"],
            registry=self.registry,
        )  # fmt: skip
        self.job_seconds = Gauge(
            "decayd_job_duration_seconds", "Duration of a job's last run", ["job"],
            registry=self.registry,
        )  # fmt: skip
        self.undelivered = Gauge(
            "decayd_undelivered_messages", "Messages that wait or were refused", ["target"],
            registry=self.registry,
        )  # fmt: skip
        self.time_lag = self._gauge("decayd_lag_seconds", "Wall time minus the newest event time")
        self.partitions = self._gauge(
            "decayd_assigned_partitions", "Partitions this collector reads"
        )
        self.connected = self._gauge("decayd_kafka_connected", "1 while the broker answers")
        self.waits = self._gauge(
            "decayd_reading_waits", "1 while records wait because the store can't be written"
        )
        self.free_bytes = self._gauge("decayd_store_free_bytes", "Free on the disk of the store")
        self.watermark = self._gauge(
            "decayd_watermark_seconds", "Event time up to which weeks are closed, in epoch seconds"
        )

    def _gauge(self, name: str, words: str) -> Gauge:
        gauge = Gauge(name, words, registry=self.registry)
        gauge.set(math.nan)
        return gauge

    def text(self) -> bytes:
        """Return the exposition text."""
        return generate_latest(self.registry)
