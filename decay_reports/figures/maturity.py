"""How much of what will be known is known already: F by class and age, e by topic and tenure."""

from dataclasses import dataclass

import numpy as np

from decay_reports.figures.delay import Curve, arrival_curve
from decay_reports.figures.expectation import Expectation
from decay_reports.figures.frame import DAY_US, TENURES, Bools, Floats, Frame

HALF = 0.5  # labels may lie between 0 and 1; from here on one counts as a success
_CURVE_DAYS = 42.0
_EVER_DAYS = 56.0  # four times the usual spread of delays, short enough to follow a change
_EVER_BOUNDS = (0.01, 1.0)


@dataclass(frozen=True)
class Maturity:
    """Arrays are ``(n,)``, one value for each request of the frame.

    `ever` is e, the chance that a request gets an outcome at all (`silence = unknown`) or has one
    to expect (`failure`). `reached` is F of the request's own class at its age (NaN without an
    outcome), `reached_least` that of the slower class, `reached_success` F_1 alone.
    """

    failures: Curve
    successes: Curve
    ever: Floats
    reached: Floats
    reached_least: Floats
    reached_success: Floats


def maturity(frame: Frame, expected: Expectation, as_of_us: int, until_us: int) -> Maturity:
    """Estimate F and e from the requests of the weeks before `until_us`, as known at `as_of_us`.

    The two instants differ only for weeks that are filled in long after they ended.
    """
    age = frame.age_days(as_of_us)
    failures, successes, pooled = _curves(frame, expected, age, until_us)
    at_failure, at_success = failures.at(age), successes.at(age)
    reached = np.where(frame.y >= HALF, at_success, at_failure)
    recent = frame.between(until_us - int(_EVER_DAYS * DAY_US), until_us)
    return Maturity(
        failures=failures,
        successes=successes,
        ever=_ever(frame, expected, pooled.at(age), recent),
        reached=np.where(frame.arrived, reached, np.nan),
        reached_least=np.minimum(at_failure, at_success),
        reached_success=at_success,
    )


def _curves(
    frame: Frame, expected: Expectation, age: Floats, until_us: int
) -> tuple[Curve, Curve, Curve]:
    days = max(_CURVE_DAYS, expected.window_days + 7.0)
    cohort = np.zeros(len(frame), bool)
    cohort[frame.between(until_us - int(days * DAY_US), until_us)] = True
    cohort &= frame.arrived & expected.countable
    success = frame.y >= HALF

    def curve(rows: Bools) -> Curve:
        chosen = rows if rows.any() else cohort
        return arrival_curve(frame.delay_days[chosen], age[chosen], expected.window_days)

    return curve(cohort & ~success), curve(cohort & success), curve(cohort)


def _ever(frame: Frame, expected: Expectation, pooled: Floats, recent: slice) -> Floats:
    if expected.silence_is_failure:
        hits, chances = expected.eligible.astype(float), np.ones(len(frame))
    else:
        hits, chances = (frame.arrived & expected.countable).astype(float), pooled
    cell = frame.topic * len(TENURES) + frame.tenure
    n_cells = len(frame.topics) * len(TENURES)
    k = np.bincount(cell[recent], weights=hits[recent], minlength=n_cells)
    n = np.bincount(cell[recent], weights=chances[recent], minlength=n_cells)
    return np.asarray(np.clip((k + 0.5) / (n + 2.0), *_EVER_BOUNDS)[cell])
