"""The windows of a closed week beside their references, and what the scan says of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from drift import state
from drift.base import Votes
from drift.detectors import emerging
from drift.state import Past
from drift.voting import Asked
from drift.windows import (
    REFERENCE_VOTES,
    SCALES,
    WINDOW_VOTES,
    Reading,
    count_votes,
    draw,
    newest_week,
    reference_weeks,
    rows_for,
    window_weeks,
)


@dataclass(frozen=True)
class Look:
    """A window of one scale beside its reference, both with the frozen topics of their votes.

    The p-value is the scan's for emerging topics. `n_requests` is the window's traffic; `sampled`
    tells that the votes are drawn from it.
    """

    weeks: tuple[date, ...]
    window: Votes
    reference: Votes
    p_value: float
    drift_detected: bool
    why_not: str
    n_requests: int = 0
    sampled: bool = False

    def state(self) -> state.Look:
        """Return what is kept of it."""
        return state.Look(
            weeks=len(self.weeks),
            n=len(self.window),
            n_reference=len(self.reference),
            n_requests=self.n_requests,
            sampled=self.sampled,
            why_not=self.why_not,
        )

    def basis(self) -> str:
        """Say how many queries a number rests on."""
        n = f"{len(self.window):,}"
        return f"a sample of {n} of {self.n_requests:,} queries" if self.sampled else f"{n} votes"


def looks_at(reading: Reading, past: Past, week: date, since: date) -> list[Look]:
    """Return the windows of one and of four weeks that end with `week`, of weeks from `since` on.

    The first four weeks have shorter long windows; the first one has none.
    """
    longest = window_weeks(week, max(SCALES), since)
    frozen = past.centroids(frozen=True)
    asked = reading.asked(longest, WINDOW_VOTES * len(longest)).on(frozen)
    windows = {1: newest_week(asked, len(longest)), len(longest): asked}
    weeks_before = reference_weeks(week, past.accepted, past.alarms())
    before = reading.asked(weeks_before, REFERENCE_VOTES).on(frozen)
    traffic = reading.n_requests(longest)
    drawn = sum(traffic) > rows_for(WINDOW_VOTES * len(longest))
    return [
        _look(reading, longest[-count:], (queries, before), (sum(traffic[-count:]), drawn))
        for count, queries in windows.items()
    ]


def _look(
    reading: Reading,
    weeks: Sequence[date],
    asked: tuple[Asked, Asked],
    traffic: tuple[int, bool],
) -> Look:
    everyone, before = (count_votes(queries, len(weeks)) for queries in asked)
    window = draw(everyone, WINDOW_VOTES, reading.seed)
    reference = draw(before, REFERENCE_VOTES, reading.seed)
    found = emerging.detect(window, reference)
    return Look(
        weeks=tuple(weeks),
        window=window,
        reference=reference,
        p_value=found.p_value,
        drift_detected=found.drift_detected,
        why_not=found.why_not,
        n_requests=traffic[0],
        sampled=traffic[1] or len(window) < len(everyone),
    )
