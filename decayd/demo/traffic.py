"""Sessions of one feature: who asks what and when, what they ask next, what they ask again."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate, count
from random import Random
from typing import Literal

import msgspec

from decayd.demo.answers import Ask, Desk, Turn, Visit
from decayd.demo.course import Course, day_noise
from decayd.demo.people import Crowd, Person
from decayd.demo.scenarios import Rates
from decayd.demo.texts import N_FILLS
from decayd.demo.timeline import DAY_MS, HOUR_MS, Timeline

_REQUESTS_PER_SESSION = 1.68  # as measured, with the questions that are asked again
_WEEKDAYS = (1.22, 1.18, 1.14, 1.10, 1.04, 0.70, 0.62)
_HOURS = (1, 1, 1, 1, 1, 2, 4, 7, 10, 12, 13, 12, 11, 11, 12, 12, 11, 10, 9, 9, 8, 6, 4, 2)
_CUMULATIVE_HOURS = list(accumulate(_HOURS))
_CUMULATIVE_QUESTIONS = (0.62, 0.85, 0.95, 1.0)  # sessions of at most 1, 2, 3, 4 questions
_SAME_INTENT = 0.6  # of the next questions; after a bad answer it is often the same in other words
_HOSTILE = 0.006  # of the first questions about an intent that has hostile texts
_REPEATS = 2  # at most, of one question
_AGAIN_GAP_S = 400  # from answer to repetition; with the longest answer it is under ten minutes
_READING_GAP_S = 1200  # with the longest answer it is below the 30 minutes that end a session
_AFTER_BREAKDOWN = 0.6  # of the errors and timeouts are asked again


class Traffic:
    """Draws one feature's sessions day after day."""

    def __init__(self, course: Course, timeline: Timeline, rng: Random, scale: float) -> None:
        self._course = course
        self._desk = Desk(course, timeline.ms(1), rng)
        self._start_ms = timeline.ms(1)
        self._rng = rng
        self._sessions_per_day = course.plan.requests_per_week * scale / _REQUESTS_PER_SESSION / 7
        self._numbers = count(1)
        self._mix: list[float] = []
        self._noise = 0.0

    def day(self, day: int, crowd: Crowd) -> Iterator[list[Turn]]:
        """Yield the sessions that begin on a day of the run, in no order; ask for days in order."""
        start_ms = self._start_ms + day * DAY_MS
        if day % 7 == 0:
            self._mix = list(accumulate(self._course.shares(start_ms, self._rng)))
        self._noise = day_noise(self._rng)
        mean = self._sessions_per_day * _WEEKDAYS[day % 7]
        for _ in range(max(0, round(self._rng.gauss(mean, mean**0.5)))):
            at_ms = start_ms + self._time_of_day_ms()
            person = crowd.pick(self._rng, (at_ms - self._start_ms) / DAY_MS)
            yield self._session(self._visit(person), at_ms)

    def planted(self, person: Person, at_ms: int, text: str, reference: str) -> Turn:
        """Return a session of one question, which gets a bad answer."""
        ask = Ask(0, 0, self._fill(), text, reference)
        return self._desk.bad_answer(ask, self._visit(person), at_ms)

    def _visit(self, person: Person | None) -> Visit:
        return Visit(f"{self._course.plan.name}-s{next(self._numbers):06d}", person)

    def _session(self, visit: Visit, at_ms: int) -> list[Turn]:
        n_questions = 1 + bisect_left(_CUMULATIVE_QUESTIONS, self._rng.random())
        turns: list[Turn] = []
        ask = self._first()
        for _ in range(n_questions):
            if turns:
                at_ms = turns[-1].done_ms + self._gap_ms(45, _READING_GAP_S)
                ask = self._next(ask, turns)
            turns += self._until_content(ask, visit, at_ms)
        return turns

    def _until_content(self, ask: Ask, visit: Visit, at_ms: int) -> list[Turn]:
        turns = [self._desk.answer(ask, visit, at_ms, self._noise)]
        while len(turns) <= _REPEATS and (how := self._again(turns[-1])):
            replaced = turns[-1].request.request_id if how == "regenerate" else None
            ask = msgspec.structs.replace(ask, regenerates=replaced)
            at_ms = turns[-1].done_ms + self._gap_ms(25, _AGAIN_GAP_S)
            turns.append(self._desk.answer(ask, visit, at_ms, self._noise))
        return turns

    def _again(self, turn: Turn) -> Literal["retry", "regenerate"] | None:
        drawn = self._rng.random()
        if turn.success is None:
            return "retry" if drawn < _AFTER_BREAKDOWN else None
        rates = self._course.reactions(turn.at_ms)
        retry = after(rates["retry"], success=turn.success)
        if drawn < retry:
            return "retry"
        again = retry + after(rates["regenerate"], success=turn.success)
        return "regenerate" if drawn < again else None

    def _first(self) -> Ask:
        ask = self._ask(self._intent(), self._fill())
        hostile = self._course.intents[ask.intent].hostile
        if hostile and self._rng.random() < _HOSTILE:
            return msgspec.structs.replace(ask, text=self._rng.choice(hostile))
        return ask

    def _next(self, ask: Ask, turns: list[Turn]) -> Ask:
        """Go on with the topic or change it, never by chance with a text of the same session."""
        asked = {turn.request.query for turn in turns}
        same_thing = turns[-1].success is False
        while True:
            if self._rng.random() < _SAME_INTENT:
                new = self._ask(ask.intent, ask.fill if same_thing else self._fill())
            else:
                new = self._ask(self._intent(), self._fill())
            if new.text not in asked:
                return new

    def _ask(self, intent: int, fill: int) -> Ask:
        asks = self._course.intents[intent].asks
        template = int(self._rng.random() * len(asks))
        return Ask(intent, template, fill, asks[template][fill])

    def _intent(self) -> int:
        drawn = self._rng.random() * self._mix[-1]
        return min(bisect_left(self._mix, drawn), len(self._mix) - 1)

    def _fill(self) -> int:
        return int(self._rng.random() * N_FILLS)

    def _gap_ms(self, median_s: float, longest_s: float) -> int:
        return int(1000 * min(longest_s, median_s * self._rng.lognormvariate(0, 0.8)))

    def _time_of_day_ms(self) -> int:
        hour = bisect_left(_CUMULATIVE_HOURS, self._rng.random() * _CUMULATIVE_HOURS[-1])
        return int((hour + self._rng.random()) * HOUR_MS)


def after(rates: Rates, *, success: bool) -> float:
    """Return how often users do it after an answer that helped or did not."""
    return rates.success if success else rates.failure
