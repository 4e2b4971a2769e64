"""Puts people, features and planted things together, one day of the run after another."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from random import Random

import msgspec

from decayd.demo.answers import Turn
from decayd.demo.course import Course
from decayd.demo.expectations import Ledger
from decayd.demo.people import Crowd, Person, population
from decayd.demo.plants import Overlap, consent, deploys, evals, overlaps, staff
from decayd.demo.reactions import Reactions, Sent
from decayd.demo.scenarios import FeaturePlan
from decayd.demo.timeline import DAY_MS, HOUR_MS, Timeline, chance
from decayd.demo.traffic import Traffic
from decayd.events import Event, Label, Outcome, Signal

_OVERLAP_HOUR = 11
_REVOKE_DAY, _REVOKE_HOUR = 2, 10  # the Wednesday of the last week
_N_REVOKED = 3
_REVOKED_WEEKS = 6  # their failures are that young, so that a set would still use them


class _Stage(msgspec.Struct, frozen=True):
    plan: FeaturePlan
    traffic: Traffic
    reactions: Reactions
    overlaps: list[Overlap]


class Scene:
    """Everything that happens; ask for `opening`, then for each day in order."""

    def __init__(
        self, plans: Sequence[FeaturePlan], timeline: Timeline, seed: int, scale: float
    ) -> None:
        self.ledger = Ledger()
        self._timeline = timeline
        self._rng = chance(seed, "scene")
        self._people = population(chance(seed, "people"), 7 * timeline.weeks + 1, scale)
        self._stages = [_stage(plan, timeline, chance(seed, plan.name), scale) for plan in plans]
        self._crowd = Crowd(self._people, 0, self._rng)
        self._asked: set[str] = set()  # users whose consent was asked
        self._usable: dict[str, list[tuple[int, str, str]]] = defaultdict(list)

    def opening(self) -> Iterator[Sent]:
        """Yield what is known beforehand: staff, deploys, eval runs."""
        plans = [stage.plan for stage in self._stages]
        yield from staff(self._timeline)
        yield from deploys(plans, self._timeline)
        for plan in plans:
            if plan.suite:
                yield from evals(plan, self._timeline, self._rng)

    def day(self, day: int) -> Iterator[tuple[list[Turn], list[Sent]]]:
        """Yield a day's sessions by their start, each with what is sent besides its requests."""
        if day % 7 == 0:
            self._crowd = Crowd(self._people, day, self._rng)
        drawn = [
            (session, stage)
            for stage in self._stages
            for session in stage.traffic.day(day, self._crowd)
        ]
        for session, stage in sorted(drawn, key=lambda pair: pair[0][0].at_ms):
            sent = list(stage.reactions.of(session))
            self._remember(session, stage.plan, sent)
            yield session, [*self._consent(session[0]), *sent]
        for stage in self._stages:
            yield from self._overlaps(stage, day)
        if day == 7 * (self._timeline.weeks - 1) + _REVOKE_DAY:
            yield [], list(self._revocations(day))

    def _consent(self, first: Turn) -> Iterator[Sent]:
        person = first.visit.person
        if person is None or person.user_id in self._asked:
            return
        self._asked.add(person.user_id)
        if person.consent != "silent":
            at_ms = max(first.at_ms - 1000, first.at_ms // DAY_MS * DAY_MS)
            yield Sent(at_ms, consent(person.user_id, person.consent, at_ms))

    def _overlaps(self, stage: _Stage, day: int) -> Iterator[tuple[list[Turn], list[Sent]]]:
        at_ms = self._timeline.ms(1, day=day, hour=_OVERLAP_HOUR)
        for n, overlap in enumerate(o for o in stage.overlaps if o.day == day):
            turn = stage.traffic.planted(
                self._consenting(day), at_ms + n * 60_000, overlap.text, overlap.item.expected
            )
            asked = (stage.plan.name, turn.request.request_id, overlap.item.id)
            self.ledger.overlaps.append(asked)
            yield [turn], [*self._consent(turn), stage.reactions.resolved_by_agent(turn)]

    def _consenting(self, day: int) -> Person:
        here = [p for p in self._people if p.consent == "granted" and p.joined <= day < p.left]
        return self._rng.choice(here or [p for p in self._people if p.consent == "granted"])

    def _remember(self, session: list[Turn], plan: FeaturePlan, sent: list[Sent]) -> None:
        person = session[0].visit.person
        if person is None or person.consent != "granted" or not plan.overlaps:
            return
        failed = {t.request.request_id for t in session if t.success is False}
        for arrival_ms, event in ((s.arrival_ms, s.event) for s in sent):
            request_id = _with_target(event, session)
            if request_id in failed:
                self._usable[person.user_id].append((arrival_ms, plan.name, request_id))

    def _revocations(self, day: int) -> Iterator[Sent]:
        at_ms = self._timeline.ms(1, day=day, hour=_REVOKE_HOUR)
        oldest_ms = at_ms - 7 * _REVOKED_WEEKS * DAY_MS
        usable = {
            user_id: young
            for user_id, rows in sorted(self._usable.items())
            if (young := [row for row in rows if oldest_ms <= row[0] < at_ms])
        }
        most = sorted(usable, key=lambda user_id: (-len(usable[user_id]), user_id))
        for user_id in most[:_N_REVOKED]:
            for _, feature, request_id in usable[user_id]:
                of_feature = self.ledger.revoked.setdefault(feature, {})
                of_feature.setdefault(user_id, []).append(request_id)
            yield Sent(at_ms, consent(user_id, "revoked", at_ms))
            at_ms += HOUR_MS


def _stage(plan: FeaturePlan, timeline: Timeline, rng: Random, scale: float) -> _Stage:
    course = Course(plan, timeline)
    return _Stage(
        plan=plan,
        traffic=Traffic(course, timeline, rng, scale),
        reactions=Reactions(course, rng),
        overlaps=overlaps(plan, timeline),
    )


def _with_target(event: Event, session: list[Turn]) -> str:
    """Return the request that an event brings a right answer for, "" when it brings none."""
    match event:
        case Signal(signal="edit") | Outcome(final_text=str()) | Label(corrected_text=str()):
            return event.request_id or session[-1].request.request_id
        case _:
            return ""
