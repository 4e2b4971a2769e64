"""What the report says behind the parts of a change: segments, the way it goes, and the forces."""

from datetime import date

import msgspec

from decayd.results import NOT_MEASURED, Estimate

_NOTHING = Estimate(None, why_not=NOT_MEASURED)


class SegmentFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A segment that fell by more than the rest of the feature's requests.

    `traits` name it, such as ``{"locale": "de"}``; `difference` is its change minus the rest's.
    `contribution` (a share) is its part of the feature's change and `of_change` what share of
    that change it is, None where the change itself is not beyond chance. `examples` are ids of
    its newest failed requests.
    """

    traits: dict[str, str]
    words: str = ""
    before: Estimate = _NOTHING
    now: Estimate = _NOTHING
    difference: Estimate = _NOTHING
    contribution: float = 0.0
    of_change: float | None = None
    examples: tuple[str, ...] = ()


class ForecastFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Where success goes if the present trend goes on.

    `slope` is a share per week over the final weeks `weeks`; `p_below` the chance that success is
    below `floor` at some week's end in the next `horizon` weeks, None without a floor.
    """

    weeks: tuple[date, ...]
    slope: Estimate
    horizon: int
    floor: float | None = None
    p_below: float | None = None


class ForceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One force that may be behind a change: what speaks for it and what against; never a share.

    `state` is `for`, `against`, `mixed` or `open` (nothing measured speaks either way).
    """

    force: str
    state: str
    speaks_for: tuple[str, ...] = ()
    speaks_against: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class WhyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What stands behind a feature's change; `notes` say what its parts could not tell apart."""

    notes: tuple[str, ...] = ()
    n_tested: int = 0  # segments that had requests and labels enough to be compared
    segments: tuple[SegmentFacts, ...] = ()
    forecast: ForecastFacts | None = None
    forces: tuple[ForceFacts, ...] = ()
