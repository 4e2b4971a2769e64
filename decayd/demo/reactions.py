"""What users, agents and annotators send after an answer: signals, outcomes, labels."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import count
from math import exp, log
from random import Random

import msgspec

from decayd.demo.answers import Turn
from decayd.demo.course import Course
from decayd.demo.people import is_new
from decayd.demo.scenarios import Rates
from decayd.demo.timeline import DAY_MS, instant
from decayd.demo.traffic import after
from decayd.events import Event, Label, Outcome, Signal

AGENTS = tuple(f"agent-{n:02d}" for n in range(1, 13))
ANNOTATORS = ("annotator-1", "annotator-2", "annotator-3")
_GUIDELINE = "2026-1"

_FAILURE_DELAY = (1.1, 0.8)  # median in days and sigma (log scale) until an outcome is known
_SUCCESS_DELAY = (3.5, 0.6)
_WINDOW_DAYS = 27.9  # the outcome window is 28 days
_NEW_USER_OUTCOMES = 0.8  # of the usual share, in a user's first week
_UNDO = Rates(0.03, 0.35)  # of the accepted answers, within 30 s
_LATE_UNDO = 0.02
_SESSION_ONLY = 0.1  # of what follows a session's last answer names the session, not the request
_COMMENTED = 0.4  # of the thumbs down have a comment
_LABELLED = Rates(0.0006, 0.006)
_CORRECTED = 0.7  # of the labels of failures bring a corrected text
_EXPLICIT = frozenset({"thumbs_up", "thumbs_down", "escalate"})
_SECONDS = {  # from answer to signal: median
    "copy": 12, "accept": 9, "edit": 60, "escalate": 50, "thumbs_up": 20, "thumbs_down": 25,
}  # fmt: skip
_COMMENTS = (
    "this does not answer my question",
    "wrong order",
    "useless",
    "that is the old policy",
    "not what I asked",
    "<b>bad</b> [see](javascript:alert(1))",
    "=1+1 wrong sum",
    "😡",
)
_POLITE = (
    "{} Kind regards, the support team",
    "Hello! {}",
    "{} Let us know if anything is unclear.",
)


class Sent(msgspec.Struct, frozen=True):
    """An event and when it reaches Kafka."""

    arrival_ms: int
    event: Event


class Reactions:
    """Draws what follows a session's answers, at the rates of the feature's plan."""

    def __init__(self, course: Course, rng: Random) -> None:
        self._course = course
        self._rng = rng
        self._numbers = count(1)

    def of(self, session: list[Turn]) -> Iterator[Sent]:
        """Yield all that will ever be sent about a session."""
        for turn, following in zip(session, [*session[1:], None], strict=True):
            if turn.success is not None:
                yield from self._signals(turn, last=following is None)
                yield from self._outcome(turn, last=following is None)
                yield from self._label(turn, success=turn.success)
            if following and following.request.regenerates:
                yield self._signal("regenerate", turn, following.at_ms - 300)

    def resolved_by_agent(self, turn: Turn) -> Sent:
        """Return the outcome of a failure that an agent put right within a day."""
        at_ms = turn.done_ms + int((0.3 + 0.5 * self._rng.random()) * DAY_MS)
        return self._arrived(turn, at_ms, final_text=turn.reference, last=False)

    def _signals(self, turn: Turn, *, last: bool) -> Iterator[Sent]:
        rates = self._course.reactions(turn.at_ms)
        for name, median_s in _SECONDS.items():
            if self._rng.random() >= after(rates[name], success=bool(turn.success)):
                continue
            at_ms = turn.done_ms + int(1000 * median_s * self._rng.lognormvariate(0, 0.5))
            yield self._signal(name, turn, at_ms, last=last)
            if name == "accept":
                yield from self._undo(turn, at_ms)

    def _undo(self, turn: Turn, accepted_ms: int) -> Iterator[Sent]:
        drawn = self._rng.random()
        quick = after(_UNDO, success=bool(turn.success))
        if drawn < quick:
            yield self._signal("undo", turn, accepted_ms + 1000 + int(28_000 * self._rng.random()))
        elif drawn < quick + _LATE_UNDO:
            yield self._signal("undo", turn, accepted_ms + 45_000 + int(5e5 * self._rng.random()))

    def _signal(self, name: str, turn: Turn, at_ms: int, *, last: bool = False) -> Sent:
        by_session = name == "escalate" and last and self._rng.random() < _SESSION_ONLY
        value, text = self._content(name, turn)
        signal = Signal(
            ts=instant(at_ms),
            event_id=self._id("g"),
            signal=name,
            request_id=None if by_session else turn.request.request_id,
            session_id=turn.request.session_id,
            value=value,
            text=text,
            source="explicit" if name in _EXPLICIT else "behavioural",
        )
        return Sent(at_ms, signal)

    def _content(self, name: str, turn: Turn) -> tuple[float | None, str | None]:
        response = turn.request.response or ""
        if name == "edit":
            polite = self._rng.choice(_POLITE).format(response)
            final = polite if turn.success else turn.reference
            return edit_ratio(response, final), final
        if name == "thumbs_down" and self._rng.random() < _COMMENTED:
            return None, self._rng.choice(_COMMENTS)
        return None, None

    def _outcome(self, turn: Turn, *, last: bool) -> Iterator[Sent]:
        plan = self._course.plan
        known = _NEW_USER_OUTCOMES if is_new(turn.request.tenure_days) else 1.0
        if self._rng.random() >= plan.outcome_share * known:
            return
        median, sigma = _SUCCESS_DELAY if turn.success else _FAILURE_DELAY
        days = min(_WINDOW_DAYS, exp(self._rng.gauss(log(median), sigma)))
        by_agent = not turn.success and self._rng.random() < plan.final_text_share
        final_text = turn.reference if by_agent else None
        at_ms = turn.done_ms + int(days * DAY_MS)
        yield self._arrived(turn, at_ms, final_text=final_text, last=last)

    def _arrived(self, turn: Turn, at_ms: int, *, final_text: str | None, last: bool) -> Sent:
        by_session = last and self._rng.random() < _SESSION_ONLY
        outcome = Outcome(
            ts=instant(at_ms),
            event_id=self._id("o"),
            outcome="resolved" if turn.success else "reopened",
            request_id=None if by_session else turn.request.request_id,
            session_id=turn.request.session_id,
            success=turn.success,
            final_text=final_text,
            actor_id=self._rng.choice(AGENTS) if final_text else None,
        )
        return Sent(at_ms, outcome)

    def _label(self, turn: Turn, *, success: bool) -> Iterator[Sent]:
        if self._rng.random() >= after(_LABELLED, success=success):
            return
        at_ms = turn.done_ms + int((1 + 4 * self._rng.random()) * DAY_MS)
        corrected = not success and self._rng.random() < _CORRECTED
        label = Label(
            ts=instant(at_ms),
            event_id=self._id("l"),
            request_id=turn.request.request_id,
            annotator=self._rng.choice(ANNOTATORS),
            label=turn.failure or "no_failure",
            guideline=_GUIDELINE,
            corrected_text=turn.reference if corrected else None,
            confidence=round(self._rng.uniform(0.7, 1.0), 2),
        )
        yield Sent(at_ms, label)

    def _id(self, kind: str) -> str:
        return f"{self._course.plan.name}-{kind}{next(self._numbers):06d}"


@lru_cache(maxsize=4096)
def edit_ratio(response: str, final: str) -> float:
    """Return the share of words that changed between a draft and what was used, 0–1.

    >>> edit_ratio("it comes on Monday", "it comes on Friday")
    0.25
    """
    matcher = SequenceMatcher(None, response.split(), final.split(), autojunk=False)
    return round(1 - matcher.ratio(), 3)
