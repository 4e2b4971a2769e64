"""What is to be told to whom, kept in the store so that a restart neither repeats nor loses it."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from decay_reports.facts.reviews import holds
from decay_reports.notify.message import Change, Transition, reaches, transitions
from decayd.clock import Clock
from decayd.delivery_settings import DeliverySettings
from store.database import Store

State = Literal["waiting", "sent", "retry", "unreachable", "failed", "superseded"]
UNSENT = frozenset({"waiting", "retry", "unreachable"})
SILENT = "silent"  # the state of a row that only says up to when nothing is told
_CLOSE = "close"  # the mark in `job_runs` that every job of an as_of has had its turn
_ERROR = 500  # characters kept of an error
_JITTER = 0.2  # share by which waits differ, so that targets that failed together don't come so


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `deliveries`: the newest attempt at one message to one target."""

    delivery_id: str
    target: str
    message_key: str
    subject: str
    change: Change
    as_of: datetime
    attempt: int = 0
    state: State = "waiting"
    tried_at: datetime
    retry_at: datetime
    error: str = ""


class Rules(msgspec.Struct, frozen=True):
    """What one target is told."""

    lowest: str
    reports: bool
    features: tuple[str, ...] = ()

    def wants(self, transition: Transition) -> bool:
        """Tell whether a target is told of a change of a finding."""
        about = not self.features or transition.feature in self.features or not transition.feature
        return about and reaches(transition.severity, self.lowest)


class Outbox:
    """The newest attempt at every message; the only writer of `deliveries` beside `silence`."""

    def __init__(self, store: Store, settings: DeliverySettings, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._seen: tuple[Any, ...] = ()
        self._unwritten: list[Attempt] = []
        self._newest: dict[tuple[str, str], Attempt] = {}
        for row in store.rows("deliver_newest"):
            self._keep(msgspec.convert(row, Attempt))

    def now(self) -> datetime:
        """Return the wall time as the store keeps it."""
        return self._clock.now().astimezone(UTC).replace(tzinfo=None)

    def flush(self) -> None:
        """Write what could not be written; nothing is sent before it stands in the store."""
        if self._unwritten:
            rows = [msgspec.structs.asdict(attempt) for attempt in self._unwritten]
            self._store.append("deliveries", rows)
            self._unwritten = []

    def record(
        self, old: Attempt, state: State, *, retry_s: float = 0.0, error: str = ""
    ) -> Attempt:
        """Append what became of a message; kept in memory when the store can't be written."""
        now = self.now()
        new = msgspec.structs.replace(
            old, attempt=old.attempt + 1, state=state, tried_at=now, error=error[:_ERROR],
            retry_at=now + timedelta(seconds=retry_s),
        )  # fmt: skip
        self._unwritten.append(new)
        self._keep(new)
        self.flush()
        return new

    def of(self, target: str) -> list[Attempt]:
        """Return the newest attempt at each message to a target, in the order of what happened."""
        found = [attempt for (name, _), attempt in self._newest.items() if name == target]
        return sorted(found, key=_order)

    def answered(self) -> frozenset[str]:
        """Return the open findings that somebody acknowledged; what was put off, until its day."""
        today = self.now().date()
        rows = self._store.rows("review_open", as_of=datetime.max)  # noqa: DTZ901 - naive UTC
        return frozenset(row["finding_id"] for row in rows if holds(row, today))

    def put_in_line(self, rules: Mapping[str, Rules]) -> int:
        """Append a waiting row for everything that is news to a target; return how many.

        Only closes that all jobs have dealt with count, so that a cause that a later job finds is
        there. Nothing is news that was back-filled, found by a replay or is too old; the end of
        what a target was told is always news to it.
        """
        marks = self._store.rows("deliver_marks", close=_CLOSE)[0]
        seen = tuple(marks[name] for name in ("n_findings", "n_reports", "last_close"))
        if seen == self._seen or marks["last_close"] is None:
            return 0
        since, until = self._since(marks), marks["last_close"]
        rows = self._store.rows("deliver_findings", since=since, until=until, told=self._open())
        changes = transitions(rows)
        reports = self._store.rows("deliver_reports", since=since, until=until)
        new = [a for name, rule in rules.items() for a in self._news(name, rule, changes, since)]
        new += [
            self._waiting(name, "report", "report", row["as_of"], f"report/{row['week']}")
            for name, rule in rules.items()
            if rule.reports
            for row in reports
        ]
        return self._add(new, seen)

    def _add(self, attempts: Iterable[Attempt], seen: tuple[Any, ...]) -> int:
        new = [a for a in attempts if (a.target, a.message_key) not in self._newest]
        if new:
            self._store.append("deliveries", [msgspec.structs.asdict(a) for a in new])
        for attempt in new:
            self._keep(attempt)
        self._seen = seen
        return len(new)

    def _open(self) -> list[str]:
        """Return the findings whose end somebody still has to be told."""
        last = {(a.target, a.subject): a for a in sorted(self._newest.values(), key=_order)}
        return sorted({a.subject for a in last.values() if a.change in ("opened", "changed")})

    def _since(self, marks: dict[str, Any]) -> datetime:
        if self._settings.history:
            return datetime.min  # noqa: DTZ901 - the store's times are naive
        live = marks["first_live_at"] or marks["watermark"] or self.now()
        age = timedelta(days=self._settings.max_age_days)
        newest = max(marks["watermark"] or self.now(), self.now())
        return max(live, newest - age, marks["silent_until"] or live)

    def _news(
        self, target: str, rule: Rules, changes: Iterable[Transition], since: datetime
    ) -> Iterable[Attempt]:
        """Yield the changes that a target is told; an end only of what it was told of.

        What falls below the severity that a target wants has ended for it.
        """
        told: set[str] = set()
        for each in changes:
            waiting = self._waiting(target, each.finding_id, each.change, each.as_of)
            known = (target, waiting.message_key) in self._newest
            is_end, wanted = each.change == "closed", rule.wants(each)
            if not is_end and (known or (wanted and each.as_of > since)):
                told.add(each.finding_id)
                yield waiting
            elif each.finding_id in told and (is_end or not wanted):
                told.discard(each.finding_id)
                yield self._waiting(target, each.finding_id, "closed", each.as_of)

    def _waiting(
        self, target: str, subject: str, change: Change, as_of: datetime, named: str = ""
    ) -> Attempt:
        key = f"{named or f'{subject}/{change}'}/{as_of.isoformat()}"
        return Attempt(
            delivery_id=hashlib.sha256(f"{self._store.id}/{target}/{key}".encode()).hexdigest()[:32],
            target=target, message_key=key, subject=subject, change=change, as_of=as_of,
            tried_at=self.now(), retry_at=self.now(),
        )  # fmt: skip

    def _keep(self, attempt: Attempt) -> None:
        self._newest[attempt.target, attempt.message_key] = attempt


def _order(attempt: Attempt) -> tuple[datetime, str]:
    return attempt.as_of, attempt.message_key


def wait_s(settings: DeliverySettings, delivery_id: str, tries: int, asked_s: float) -> float:
    """Return how long to wait after the `tries`-th failure in a row.

    Doubles from `retry_first_s` to `retry_longest_s`; a fifth of it depends on the message, always
    in the same way. A receiver that asks for longer gets it.
    """
    doubled = settings.retry_first_s * 2.0 ** min(tries - 1, 30)
    digest = int(hashlib.sha256(f"{delivery_id}/{tries}".encode()).hexdigest()[:8], 16)
    jitter = 1 - _JITTER * digest / 0xFFFFFFFF
    return max(min(doubled, settings.retry_longest_s) * jitter, asked_s)


def silence(store: Store, clock: Clock) -> None:
    """Keep what is known by now from ever being told: it was found by a replay."""
    marks = store.rows("deliver_marks", close=_CLOSE)[0]
    if marks["watermark"] is None:
        return
    now = clock.now().astimezone(UTC).replace(tzinfo=None)
    row = {
        "delivery_id": "", "target": "", "message_key": "", "subject": "", "change": "",
        "as_of": marks["watermark"], "attempt": 0, "state": SILENT, "tried_at": now,
        "retry_at": now, "error": "",
    }  # fmt: skip
    store.append("deliveries", [row])
