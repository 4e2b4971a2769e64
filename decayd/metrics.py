"""Prometheus metrics of one process; `/metrics` prints them."""

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
        self.lag = Gauge(
            "decayd_lag_records", "Records not read yet", ["topic", "partition"],
            registry=self.registry,
        )  # fmt: skip
        self.time_lag = Gauge(
            "decayd_lag_seconds", "Wall time minus the newest event time", registry=self.registry
        )
        self.partitions = Gauge(
            "decayd_assigned_partitions", "Partitions this collector reads", registry=self.registry
        )
        self.connected = Gauge(
            "decayd_kafka_connected", "1 while the broker answers", registry=self.registry
        )
        self.job_seconds = Gauge(
            "decayd_job_duration_seconds", "Duration of a job's last run", ["job"],
            registry=self.registry,
        )  # fmt: skip
        self.watermark = Gauge(
            "decayd_watermark_seconds", "Event time up to which weeks are closed, in epoch seconds",
            registry=self.registry,
        )  # fmt: skip

    def text(self) -> bytes:
        """Return the exposition text."""
        return generate_latest(self.registry)
