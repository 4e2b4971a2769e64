"""One answer of a feature: whether it helps, what it says, how long it takes, what it costs."""

from itertools import count
from math import log
from random import Random

import msgspec

from decayd.demo.course import Course, tenure_shift
from decayd.demo.people import Person
from decayd.demo.texts import N_FILLS, Wrong
from decayd.demo.timeline import DAY_MS, instant
from decayd.events import Request, Status

_MIXED_UP = 0.4  # of the bad answers are good ones about another thing
_STALE = 0.7  # of the bad answers where the slide made old knowledge wrong
_REFUSED = 0.6  # of the refusing answers carry the status, the others only the words
_ERROR, _ERROR_OR_TIMEOUT = 0.0025, 0.0032
_TIMEOUT_MS = 30_000
_ERROR_MS = 120
_LATENCY_SIGMA = 0.49  # log scale: p95 is 2.2 times the median
_SYSTEM_TOKENS = 640
_TOKEN_CHARACTERS = 4
_USD_PER_INPUT_TOKEN, _USD_PER_OUTPUT_TOKEN = 0.15e-6, 0.6e-6


class Ask(msgspec.Struct, frozen=True):
    """One question: indices into the vocabulary and its text.

    `reference` is the right answer where the vocabulary has none, `regenerates` the request whose
    answer the user had made again.
    """

    intent: int
    template: int
    fill: int
    text: str
    reference: str = ""
    regenerates: str | None = None


class Visit(msgspec.Struct, frozen=True):
    """Who is asking, in which session; `person` is None when nobody is signed in."""

    session_id: str
    person: Person | None


class Turn(msgspec.Struct, frozen=True):
    """A request with what only the simulator knows; `success` is None for an error or timeout."""

    request: Request
    visit: Visit
    at_ms: int
    done_ms: int
    intent: str
    success: bool | None
    reference: str = ""
    failure: str = ""


class Desk:
    """Answers questions to one feature, numbering its requests."""

    def __init__(self, course: Course, start_ms: int, rng: Random) -> None:
        self._course = course
        self._start_ms = start_ms
        self._rng = rng
        self._numbers = count(1)
        self._latency_mu = log(course.plan.latency_ms)

    def answer(self, ask: Ask, visit: Visit, at_ms: int, logit_shift: float) -> Turn:
        """Answer a question asked at `at_ms`; `logit_shift` is the day's effect on success."""
        drawn = self._rng.random()
        if drawn < _ERROR_OR_TIMEOUT:
            return self._broken(ask, visit, at_ms, "error" if drawn < _ERROR else "timeout")
        shift = logit_shift + (visit.person.leaning if visit.person else 0.0)
        shift += tenure_shift(self._tenure_days(visit, at_ms))
        if self._rng.random() >= self._course.success(ask.intent, at_ms, shift):
            return self.bad_answer(ask, visit, at_ms)
        right = self._right(ask)
        request = self._request(ask, visit, at_ms, "ok", right)
        return self._turn(request, ask, visit, at_ms, success=True, reference=right)

    def bad_answer(self, ask: Ask, visit: Visit, at_ms: int) -> Turn:
        """Give an answer that does not help, in a way that a reader sees."""
        right = self._right(ask)
        wrong = self._wrong(ask, at_ms, right)
        refused = wrong.label == "refusal_over" and self._rng.random() < _REFUSED
        request = self._request(ask, visit, at_ms, "refused" if refused else "ok", wrong.text)
        turn = self._turn(request, ask, visit, at_ms, success=False, reference=right)
        return msgspec.structs.replace(turn, failure=wrong.label)

    def _broken(self, ask: Ask, visit: Visit, at_ms: int, status: Status) -> Turn:
        latency_ms = _TIMEOUT_MS if status == "timeout" else _ERROR_MS
        request = msgspec.structs.replace(
            self._request(ask, visit, at_ms, status, None),
            latency_ms=latency_ms,
            output_tokens=None,
            cost_usd=None,
            finish_reason=None,
        )
        return self._turn(request, ask, visit, at_ms, success=None, reference="")

    def _right(self, ask: Ask) -> str:
        good = self._course.intents[ask.intent].good
        return ask.reference or good[int(self._rng.random() * len(good))][ask.fill]

    def _wrong(self, ask: Ask, at_ms: int, right: str) -> Wrong:
        intent = self._course.intents[ask.intent]
        listed = [wrong[ask.fill] for wrong in intent.bad]
        stale = [w for w in listed if w.label == "stale_knowledge"]
        if stale and self._course.sliding(at_ms) and self._rng.random() < _STALE:
            return stale[0]
        other = (ask.fill + 1 + int(self._rng.random() * (N_FILLS - 1))) % N_FILLS
        mixed_up = next((texts[other] for texts in intent.good if texts[ask.fill] == right), right)
        if mixed_up != right and self._rng.random() < _MIXED_UP:
            return Wrong("wrong_answer", mixed_up)
        return self._rng.choice([w for w in listed if w not in stale])

    def _tenure_days(self, visit: Visit, at_ms: int) -> float | None:
        day = (at_ms - self._start_ms) / DAY_MS
        return round(visit.person.tenure(day), 2) if visit.person else None

    def _turn(
        self,
        request: Request,
        ask: Ask,
        visit: Visit,
        at_ms: int,
        *,
        success: bool | None,
        reference: str,
    ) -> Turn:
        return Turn(
            request=request,
            visit=visit,
            at_ms=at_ms,
            done_ms=at_ms + int(request.latency_ms or 0),
            intent=self._course.intents[ask.intent].name,
            success=success,
            reference=reference,
        )

    def _request(
        self, ask: Ask, visit: Visit, at_ms: int, status: Status, response: str | None
    ) -> Request:
        plan, person = self._course.plan, visit.person
        latency_ms = round(self._rng.lognormvariate(self._latency_mu, _LATENCY_SIGMA))
        n_input = _SYSTEM_TOKENS + len(ask.text) // _TOKEN_CHARACTERS
        n_output = 1 + len(response or "") // _TOKEN_CHARACTERS
        cost_usd = n_input * _USD_PER_INPUT_TOKEN + n_output * _USD_PER_OUTPUT_TOKEN
        return Request(
            ts=instant(at_ms),
            request_id=f"{plan.name}-{next(self._numbers):07d}",
            feature=plan.name,
            query=ask.text,
            status=status,
            response=response,
            session_id=visit.session_id,
            user_id=person.user_id if person else None,
            segments=person.segments if person else None,
            model=plan.model,
            model_resolved=f"{plan.model}-0301",
            versions=self._course.versions(at_ms),
            input_tokens=n_input,
            output_tokens=n_output,
            cost_usd=round(cost_usd, 7),
            latency_ms=latency_ms,
            finish_reason="stop",
            tenure_days=self._tenure_days(visit, at_ms),
            regenerates=ask.regenerates,
        )
