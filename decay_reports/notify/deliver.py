"""Sends what the outbox holds: each target on its own, in order, as often as it takes."""

import threading
from collections import Counter
from datetime import datetime
from types import ModuleType
from typing import Any

from decay_reports import delivery
from decay_reports.notify.message import Message, NotDelivered, Sending, Transition
from decay_reports.notify.message_build import finding_message, report_message
from decay_reports.notify.outbox import UNSENT, Attempt, Outbox, Rules, State, silence, wait_s
from decayd import log, plugins
from decayd.clock import Clock
from decayd.config import Settings
from decayd.delivery_settings import TargetSettings
from decayd.errors import ConfigError, DecaydError, StoreError
from decayd.metrics import Metrics
from store.database import Store

__all__ = ["Courier", "check_targets", "silence", "summary"]

_log = log.get("delivery")
_LOOK_S = 5.0  # how often it is looked for news; far below the wait for a second try of a page


class Courier:
    """Sends for one process; give it a thread of its own, for a receiver may be slow."""

    def __init__(
        self, store: Store, settings: Settings, clock: Clock, metrics: Metrics | None = None
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._settings = settings.delivery
        self._clock = clock
        self._outbox = Outbox(store, settings.delivery, clock)
        self._plugins = {
            name: plugins.load(delivery, target.kind)
            for name, target in settings.delivery.targets.items()
        }
        self._rules = {
            name: rules(self._plugins[name], target)
            for name, target in settings.delivery.targets.items()
        }
        self._began = self._outbox.now()
        self._in_a_row: Counter[str] = Counter()  # failures of a target and of a message
        self._heard: dict[str, float] = {}  # when a target was last told of what is open

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set; a store that can't be written now is tried again."""
        while not stop.is_set():
            try:
                self.deliver(stop)
            except StoreError as error:
                _log.warning("delivery waits for the store", error=str(error))
            except Exception:  # noqa: BLE001 - a fault here must not silence later alerts
                _log.exception("delivery failed")
            self._clock.wait(stop, _LOOK_S)

    def deliver(self, stop: threading.Event | None = None) -> dict[str, int]:
        """Send what is due now, once; return how many messages ended in which state.

        Raises
        ------
        StoreError
            When the store can't be written; nothing more is sent until it can.
        """
        done: Counter[str] = Counter()
        self._outbox.flush()
        done["new"] = self._outbox.put_in_line(self._rules)
        for name, target in self._settings.targets.items():
            self._serve(name, target, done, stop)
            if self._metrics:
                n = sum(a.state not in ("sent", "superseded") for a in self._outbox.of(name))
                self._metrics.undelivered.labels(name).set(n)
        return {state: n for state, n in done.items() if n}

    def _serve(
        self, name: str, target: TargetSettings, done: Counter[str], stop: threading.Event | None
    ) -> None:
        tried: set[str] = set()
        # what was sent lets what follows it go; a wait that ends meanwhile is for the next look
        while due := [a for a in self._due(name) if a.delivery_id not in tried]:
            for attempt in due:
                if stop is not None and stop.is_set():
                    return
                tried.add(attempt.delivery_id)
                state = self._attempt(attempt, target)
                done[state] += 1
                if state == "unreachable":
                    return

    def _due(self, name: str) -> list[Attempt]:
        """Return what may go to a target now; nothing while it is left alone after a failure.

        Of one subject only the oldest goes: an end never overtakes its beginning. What failed
        less often goes first, so that one message that makes a receiver hang holds up no other.
        What was refused is tried once more after a restart, as settings may be mended.
        """
        known, now = self._outbox.of(name), self._outbox.now()
        if any(a.state == "unreachable" and a.retry_at > now for a in known):
            return []
        due, before = [], set()
        for attempt in known:
            if attempt.state in UNSENT or self._again(attempt):
                in_turn = attempt.subject not in before or attempt.subject == "report"
                if in_turn and (attempt.retry_at <= now or self._overtaken(attempt)):
                    due.append(attempt)
                before.add(attempt.subject)
        due.sort(key=lambda attempt: self._in_a_row[attempt.delivery_id])
        return due + (self._still_open(known) if self._plugins[name].RESENDS else [])

    def _again(self, attempt: Attempt) -> bool:
        """Tell whether a refusal is not the end: after a restart, or of what is told repeatedly."""
        young = (self._began - attempt.as_of).days < self._settings.max_age_days
        repeated = self._plugins[attempt.target].RESENDS
        return attempt.state == "failed" and young and (repeated or attempt.tried_at < self._began)

    def _still_open(self, known: list[Attempt]) -> list[Attempt]:
        """Return what is open, was not told for `resend_s`, and nobody has answered."""
        last = {attempt.subject: attempt for attempt in known}
        now = self._clock.monotonic()
        due = [
            a
            for a in last.values()
            if a.state == "sent"
            and a.change in ("opened", "changed")
            and now - self._heard.get(a.delivery_id, -self._settings.resend_s)
            >= self._settings.resend_s
        ]
        answered = self._outbox.answered() if due else frozenset()
        return [a for a in due if a.subject not in answered]

    def _attempt(self, old: Attempt, target: TargetSettings) -> State:
        if self._overtaken(old):
            return self._outbox.record(old, "superseded").state
        try:
            self._tell(old, target)
        except NotDelivered as error:
            return self._failed(old, error)
        del self._in_a_row[old.target], self._in_a_row[old.delivery_id]
        self._heard[old.delivery_id] = self._clock.monotonic()
        if old.state == "sent":  # told again; only news of it is worth a row
            return "sent"
        new = self._outbox.record(old, "sent")
        _log.info("delivered", target=old.target, message=old.message_key)
        return new.state

    def _tell(self, old: Attempt, target: TargetSettings) -> None:
        try:
            message = self._message(old, target)
            self._plugins[old.target].send(message, self._sending(old, target))
        except (NotDelivered, StoreError):
            raise
        except DecaydError as error:  # a secret's file, which may come back
            raise NotDelivered(str(error)) from error
        except Exception as error:
            _log.exception("delivery failed", target=old.target, message=old.message_key)
            raise NotDelivered(type(error).__name__) from error

    def _failed(self, old: Attempt, error: NotDelivered) -> State:
        counted = old.target if error.state == "unreachable" else old.delivery_id
        self._in_a_row.update({counted, old.delivery_id})
        wait = wait_s(self._settings, old.delivery_id, self._in_a_row[counted], error.after_s)
        new = self._outbox.record(old, error.state, retry_s=wait, error=str(error))
        _log.warning(
            "not delivered", target=old.target, message=old.message_key, state=error.state,
            error=str(error), retry_s=None if error.state == "failed" else round(wait),
        )  # fmt: skip
        return new.state

    def _overtaken(self, old: Attempt) -> bool:
        """Tell whether what is told by its state alone is not so any more, or never was told."""
        if not self._plugins[old.target].RESENDS:
            return False
        mine = [a for a in self._outbox.of(old.target) if a.subject == old.subject]
        later = [a for a in mine if a.as_of > old.as_of]
        if old.change != "closed":
            return bool(later)
        before = [a for a in mine if a.as_of < old.as_of]
        return bool(later) or all(a.state == "superseded" and a.attempt == 1 for a in before)

    def _message(self, old: Attempt, target: TargetSettings) -> Message:
        base, n = self._settings.base_url, target.examples
        if old.change == "report":
            message = report_message(self._store, old.as_of, base)
        else:
            told = Transition(old.subject, old.change, old.as_of, "", "")
            message = finding_message(self._store, told, n_examples=n, base_url=base)
        if message is None:
            raise NotDelivered("the store no longer has it", "failed")
        return message

    def _sending(self, old: Attempt, target: TargetSettings) -> Sending:
        return Sending(
            target, old.delivery_id, self._clock, self._settings.timeout_s,
            self._settings.alert_lasts_s, self._store.id,
        )  # fmt: skip


def rules(plugin: ModuleType, target: TargetSettings) -> Rules:
    """Return what a target is told: as it says, else as is usual for its kind."""
    reports = plugin.REPORTS if target.reports is None else target.reports and plugin.REPORTS
    return Rules(target.severity or plugin.SEVERITY, reports, target.features)


def check_targets(settings: Settings) -> None:
    """Stop early when a target could never be told anything; sends nothing.

    Raises
    ------
    ConfigError
        Which names the target.
    """
    for name, target in settings.delivery.targets.items():
        try:
            plugins.load(delivery, target.kind).check(target)
        except DecaydError as error:
            raise ConfigError(f"delivery.targets.{name}: {error}", hint=error.hint) from error


def summary(store: Store, settings: Settings) -> list[dict[str, Any]]:
    """Return for every target what was sent, waits and failed, and what it said last."""
    counted = {row["target"]: row for row in store.rows("deliver_counts")}
    nothing: dict[str, int | str | datetime | None] = {
        "sent": 0, "waiting": 0, "failed": 0, "last_sent_at": None, "last_error": None,
    }  # fmt: skip
    return [
        {"target": name, "kind": target.kind}
        | {key: counted.get(name, nothing)[key] for key in nothing}
        for name, target in settings.delivery.targets.items()
    ]
