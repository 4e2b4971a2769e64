"""Holds what a monitor said about a feature against what really happened."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from benchmarks.decay import storing, truth
from benchmarks.decay.said import Explained, Page, Said
from benchmarks.decay.traffic import Traffic
from decay_reports.causes.attribution import Attribution

LAGS = (0, 1, 4)
FIRST_WEEK = 6  # scored; the weeks before are the baseline's and the one in which it is accepted


@dataclass(frozen=True)
class Parts:
    """One attribution against the truth: errors of its parts in shares, how many intervals hold it.

    `right` tells whether the largest named cause is a planted one. `segment` tells whether the
    planted segment is named, None where none is planted; `n_segments` counts all that are.
    """

    right: bool
    named: tuple[str, ...]
    errors: tuple[float, ...] = ()
    n_held: int = 0
    segment: bool | None = None
    n_segments: int = 0


@dataclass(frozen=True)
class Scored:
    """One monitor on one feature.

    `held`, `halves` and `biases` are by lag and have no entry for a week without a number, which
    counts in `n_levels` alone. `delay_days` is None for a decay that was not paged, and where none
    had to be. `recovering` counts the weeks in which a verdict said so while success stayed down,
    `stray` the findings by kind that came while success stood and nothing planted called for them.
    """

    held: dict[int, list[bool]]
    halves: dict[int, list[float]]
    biases: dict[int, list[float]]
    n_levels: dict[int, int]
    false_pages: int
    quiet_weeks: int
    must_page: bool
    delay_days: float | None
    stream: str | None
    onset_off_days: float | None
    again: int
    at_page: Parts | None = None
    settled: Parts | None = None
    found: tuple[str, ...] = ()
    forces: tuple[str, ...] = ()
    recovering: int = 0
    open_weeks: int = 0
    stray: dict[str, int] = field(default_factory=dict)
    truth: dict[str, Any] = field(default_factory=dict)

    def withheld(self, lag: int) -> int:
        """Return how many weeks have no number at a lag."""
        return self.n_levels[lag] - len(self.held[lag])


def score(traffic: Traffic, said: Said) -> Scored:
    """Score one monitor on one feature."""
    scenario = traffic.scenario
    held, halves, biases = _levels(traffic, said)
    onset = _onset(traffic)
    quiet = scenario.duty == "quiet"
    false = [page for page in said.pages if quiet or page.as_of <= onset]
    true = [] if quiet else [page for page in said.pages if page.as_of > onset]
    first = true[0] if true else None
    must = scenario.duty == "page"
    last_quiet = scenario.weeks if quiet else int(scenario.onset_day // 7)
    recovering, open_weeks = _course(traffic, said, first)
    at_page, settled = _explained(traffic, said.explained)
    return Scored(
        held=held, halves=halves, biases=biases,
        n_levels={lag: max(scenario.weeks - lag - FIRST_WEEK + 1, 0) for lag in LAGS},
        false_pages=len(false), quiet_weeks=max(last_quiet - FIRST_WEEK + 1, 0), must_page=must,
        delay_days=(first.as_of - onset) / timedelta(days=1) if first else None,
        stream=first.stream if first else None, onset_off_days=_onset_off(first, onset),
        again=max(len(true) - 1, 0),
        at_page=at_page, settled=settled, found=_found(traffic, said),
        forces=said.explained.forces,
        recovering=recovering, open_weeks=open_weeks, stray=_stray(traffic, said),
        truth=truth.summary(traffic),
    )  # fmt: skip


def _onset_off(first: Page | None, onset: datetime) -> float | None:
    """Return by how many days the page dates the onset too late (too early: below 0)."""
    if first is None or first.onset is None:
        return None
    return (datetime.combine(first.onset, time()) - onset) / timedelta(days=1)


def _levels(
    traffic: Traffic, said: Said
) -> tuple[dict[int, list[bool]], dict[int, list[float]], dict[int, list[float]]]:
    held, halves, biases = ({lag: [] for lag in LAGS} for _ in range(3))  # type: ignore[var-annotated]
    for level in said.levels:
        if level.lag not in LAGS or level.week < FIRST_WEEK:
            continue
        if level.low is None or level.high is None:
            continue
        weeks = range(level.week - level.pooled_weeks + 1, level.week + 1)
        really = truth.level(traffic, weeks)
        held[level.lag].append(level.low <= really <= level.high)
        halves[level.lag].append((level.high - level.low) / 2)
        biases[level.lag].append((level.high + level.low) / 2 - really)
    return held, halves, biases


def _explained(traffic: Traffic, explained: Explained) -> tuple[Parts | None, Parts | None]:
    if not traffic.scenario.causes:
        return None, None
    at_page = parts(traffic, explained.at_page) if explained.at_page else None
    settled = (
        parts(traffic, explained.settled) if explained.settled else Parts(right=False, named=())
    )
    return at_page, settled


def parts(traffic: Traffic, found: Attribution) -> Parts:
    """Score one attribution; without a true size for each of its parts, its cause alone."""
    right = bool(found.causes) and found.causes[0] in traffic.scenario.causes
    really = truth.parts(
        traffic, [storing.week_number(week) for week in found.before_weeks],
        [storing.week_number(week) for week in found.after_weeks],
        [part.name for part in found.parts],
    )  # fmt: skip
    errors = [(part, abs(part.value - really[part.name])) for part in found.parts] if really else []
    wanted = dict(traffic.scenario.segment)
    return Parts(
        right, found.causes, tuple(error for _, error in errors),
        sum(part.low <= really[part.name] <= part.high for part, _ in errors) if really else 0,
        any(one.traits == wanted for one in found.segments) if wanted else None,
        len(found.segments),
    )  # fmt: skip


def _found(traffic: Traffic, said: Said) -> tuple[str, ...]:
    """Return the kinds of finding that describe what was planted and came after its onset."""
    onset = _onset(traffic)
    kinds = {kind for kind, at in said.findings if at > onset}
    return tuple(sorted(kind for kind in kinds if kind.startswith(traffic.scenario.finds)))


def _stray(traffic: Traffic, said: Said) -> dict[str, int]:
    quiet, onset = traffic.scenario.duty == "quiet", _onset(traffic)
    counts = Counter(
        kind
        for kind, at in said.findings
        if at <= onset or (quiet and not kind.startswith(traffic.scenario.finds))
    )
    return dict(counts)  # `asdict` breaks a Counter


def _onset(traffic: Traffic) -> datetime:
    return storing.close(0) + timedelta(days=traffic.scenario.onset_day)


def _course(traffic: Traffic, said: Said, first: Page | None) -> tuple[int, int]:
    """Count the weeks in which an incident was open, and those called recovering."""
    if first is None or not traffic.scenario.lasting:
        return 0, 0
    states = [
        state
        for week, state in said.verdicts.items()
        if storing.close(week) >= first.as_of and state in {"falling", "recovering"}
    ]
    return sum(state == "recovering" for state in states), len(states)
