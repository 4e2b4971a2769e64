"""Looks at a feature's weeks, one after another, for a day from which answers were others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from decay_reports.figures import fingerprint
from decay_reports.figures.behaviour_days import BehaviourDays
from decay_reports.figures.fingerprint import Shift

_SINCE_DAYS = 3  # from a step on that measure its size; fewer are left to the week
ROLLOUT_DAYS = range(-1, 4)  # around an announced change: what happens then is its doing


@dataclass(frozen=True)
class Step:
    """A day from which answers were others, what moved, and the week in which it was seen."""

    day: date
    moved: tuple[Shift, ...]


@dataclass(frozen=True)
class Tested:
    """What the looks came to: `shifts` of the newest week, empty where it could not be compared.

    `blocked` is the day in the newest week for which a change was announced; `slides` are those
    that moved in the newest week bit by bit, on no single day.
    """

    shifts: tuple[Shift, ...] = ()
    steps: tuple[Step, ...] = ()
    slides: tuple[Shift, ...] = ()
    blocked: date | None = None


def is_explained(day: date, deploys: Sequence[date]) -> bool:
    """Tell whether a change was announced that a step on `day` may come from."""
    return any((day - deploy).days in ROLLOUT_DAYS for deploy in deploys)


def look_back(
    known: BehaviourDays, deploys: Sequence[date], steps: Sequence[date], *, looks: int, least: int
) -> Tested:
    """Look at the last `looks` weeks, oldest first, and leave out what was announced.

    A week with an announced change is not tested, and days up to one are no reference. A step, of
    `steps` that are known already or found here, begins a new normal. `least` requests make a day.
    """
    at = {day: k for k, day in enumerate(known.days)}
    announced = [at[day] for day in deploys if day in at]
    starts = [0, *(at[day] for day in steps if day in at)]
    found: list[Step] = []
    newest = Tested()
    for end in range(len(at) - 7 * (looks - 1), len(at) + 1, 7):
        in_week = [k for k in announced if end - fingerprint.CURRENT_DAYS <= k < end]
        newest = Tested(blocked=known.days[in_week[-1]] if in_week else None)
        start = max([*starts, *(k + 1 for k in announced if k < end)])
        windows = fingerprint.windows(start, end)
        if in_week or windows is None:
            continue
        newest, day = _look(known, windows, least)
        if day is not None and not is_explained(known.days[day], deploys):
            since = windows[0], range(day, end)
            found.append(Step(known.days[day], _moved_since(known, since, newest.shifts, least)))
            starts.append(day)
    return Tested(newest.shifts, tuple(found), newest.slides, newest.blocked)


def _moved_since(
    known: BehaviourDays, windows: tuple[range, range], seen: Sequence[Shift], least: int
) -> tuple[Shift, ...]:
    """Measure what moved from the day on: the week that showed it may hold half a week of it."""
    if not set(windows[1]).isdisjoint(windows[0]) or len(windows[1]) < _SINCE_DAYS:
        return tuple(fingerprint.moved(seen))
    whole = {
        trait.metric: fingerprint.compare(trait, *windows, least, least_days=_SINCE_DAYS)
        for trait in known.traits
    }
    again = [shift for shift in whole.values() if shift is not None]
    moved = {shift.metric for shift in [*fingerprint.moved(seen), *fingerprint.moved(again)]}
    by_week = {shift.metric: shift for shift in seen}
    return tuple(
        sorted((whole.get(name) or by_week[name] for name in moved), key=lambda shift: shift.p)
    )


def _look(
    known: BehaviourDays, windows: tuple[range, range], least: int
) -> tuple[Tested, int | None]:
    compared = [fingerprint.compare(trait, *windows, least) for trait in known.traits]
    shifts = tuple(shift for shift in compared if shift is not None)
    moved = fingerprint.moved(shifts)
    if not moved:
        return Tested(shifts), None
    names = {shift.metric for shift in moved}
    traits = [trait for trait in known.traits if trait.metric in names]
    day = fingerprint.first_day(traits, *windows)
    return Tested(shifts, slides=tuple(moved) if day is None else ()), day
