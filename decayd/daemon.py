"""Wires collector, schedule and server around one store, and stops them within one deadline."""

import json
import os
import signal
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.consumer import Collector
from dashboards.app import check_host, make_app
from dashboards.operations import Context
from decay_reports.notify.deliver import Courier
from decayd import log
from decayd.clock import Clock
from decayd.config import ServerSettings, Settings
from decayd.errors import ConfigError, StoreError
from decayd.files import write_atomic
from decayd.jobs import check_requirements, run_due
from decayd.metrics import Metrics
from store.database import Store
from store.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    import uvicorn

_log = log.get("daemon")
_TICK_S = 5.0  # how often the jobs look at the watermark; far below a day, the shortest job period


def daemon_file(store_path: Path) -> Path:
    """Return the file in which a running daemon says where its API is."""
    return store_path.with_name(store_path.name + ".daemon.json")


class Daemon:
    """One process: the Kafka loop, the jobs and the server, over one DuckDB file."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._stop = threading.Event()
        self._metrics = Metrics()
        self._working = threading.Lock()
        self._failure: BaseException | None = None

    def run(self) -> bool:
        """Run until SIGTERM or SIGINT, or until another collector takes over.

        Returns
        -------
        bool
            Whether everything stopped within `collector.stop_deadline_s`.

        Raises
        ------
        DecaydError
            When a setting, the store or the model is wrong, before anything is started; or when
            the collector had to stop.
        """
        check_host(self._settings.server.host)
        check_requirements(self._settings)
        with Store.open(self._settings.store) as store:
            pseudonyms = Pseudonyms.for_store(store, self._settings.privacy)
            collector = Collector(store, self._settings, self._clock, pseudonyms, self._metrics)
            reading = collector.status if self._settings.kafka.enabled else _off
            context = Context(store, self._settings, self._clock, reading)
            server, listener = self._serve(context), _listen(self._settings.server)
            self._listen_for_signals()
            threads = [
                threading.Thread(target=self._collect, args=(collector,), name="collector"),
                threading.Thread(target=server.run, args=([listener],), name="server"),
                *self._delivery(store),
            ]
            scheduler = self._schedule(store)
            try:
                for thread in threads:
                    thread.start()
                scheduler.start()
                self._announce(store, listener)
                self._stop.wait()
            finally:
                in_time = self._shut_down(server, scheduler, threads)
        if self._failure:
            raise self._failure
        return in_time

    def stop(self) -> None:
        """Ask the daemon to stop; returns at once."""
        self._stop.set()

    def _listen_for_signals(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self._stop.set())

    def _collect(self, collector: Collector) -> None:
        try:
            if self._settings.kafka.enabled:
                collector.run(self._stop)
        except BaseException as error:  # noqa: BLE001 - raised again by `run`
            self._failure = error
            self._stop.set()

    def _delivery(self, store: Store) -> list[threading.Thread]:
        """Return the thread that tells people, which a slow receiver may hold up."""
        if not self._settings.delivery.targets:
            return []
        courier = Courier(store, self._settings, self._clock, self._metrics)
        return [
            threading.Thread(target=courier.run, args=(self._stop,), name="delivery", daemon=True)
        ]

    def _serve(self, context: Context) -> "uvicorn.Server":
        import uvicorn

        config = uvicorn.Config(
            make_app(context, self._metrics), log_level="warning", access_log=False
        )
        return uvicorn.Server(config)

    def _schedule(self, store: Store) -> Any:
        from apscheduler.schedulers.background import BackgroundScheduler

        scheduler = BackgroundScheduler(timezone=UTC)
        scheduler.add_job(
            self._tick, "interval", args=(store,), seconds=_TICK_S, max_instances=1, coalesce=True,
            misfire_grace_time=None,
        )  # fmt: skip
        return scheduler

    def _tick(self, store: Store) -> None:
        with self._working:
            try:
                self._run_due(store)
            except StoreError as error:
                _log.warning("jobs wait for the store", error=str(error))

    def _measure(self, store: Store) -> None:
        """Set the gauges that a running collector keeps up to date itself."""
        if (free := store.free_bytes()) is not None:
            self._metrics.free_bytes.set(free)
        if mark := store.info("watermark"):
            moment = datetime.fromisoformat(mark).replace(tzinfo=UTC)
            self._metrics.watermark.set(moment.timestamp())

    def _run_due(self, store: Store) -> None:
        if not self._settings.kafka.enabled:
            self._measure(store)
        if store.shortage():  # the collector says so
            return
        for run in run_due(store, self._settings, self._clock, self._metrics):
            if run.job == "report":
                _log.info("week closed", as_of=run.as_of.isoformat(), state=run.state)
            if self._stop.is_set():
                return

    def _announce(self, store: Store, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        host = f"[{host}]" if ":" in host else host
        where = {"pid": os.getpid(), "url": f"http://{host}:{port}"}
        write_atomic(daemon_file(store.path), json.dumps(where))
        _log.info("daemon started", store=str(store.path), store_id=store.id, **where)

    def _shut_down(
        self, server: "uvicorn.Server", scheduler: Any, threads: list[threading.Thread]
    ) -> bool:
        deadline = self._clock.monotonic() + self._settings.collector.stop_deadline_s
        self._stop.set()
        server.should_exit = True
        if scheduler.running:
            scheduler.shutdown(wait=False)
        for thread in threads:
            if thread.is_alive():
                thread.join(max(0.1, deadline - self._clock.monotonic()))
        idle = self._working.acquire(timeout=max(0.1, deadline - self._clock.monotonic()))
        in_time = idle and not any(thread.is_alive() for thread in threads)
        daemon_file(self._settings.store.path).unlink(missing_ok=True)
        _log.info("daemon stopped", in_time=in_time)
        return in_time


def _off() -> dict[str, Any]:
    return {"state": "off (kafka.enabled = false)"}


def _listen(settings: ServerSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen()  # who reads the daemon file early waits instead of being refused
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"can't listen on {settings.host}:{settings.port}: {error.strerror}",
            hint="set server.port to a free port; 0 takes any",
        ) from error
    return listener
