"""What a monitor says about a feature: levels with intervals, pages, findings, causes."""

from dataclasses import dataclass, field
from datetime import date, datetime

from decay_reports.causes.attribution import Attribution


@dataclass(frozen=True)
class Level:
    """An interval for the success rate of a week (from 1) at a lag; None where it is withheld.

    With few labels it speaks of `pooled_weeks` weeks that end with `week`.
    """

    week: int
    lag: int
    low: float | None
    high: float | None
    pooled_weeks: int = 1
    n_labels: int = 0


@dataclass(frozen=True)
class Page:
    """Somebody is woken: when, by which stream, and since when things are bad."""

    stream: str
    as_of: datetime
    onset: date | None = None


@dataclass
class Explained:
    """The change taken apart at the first page after the onset and some weeks after the onset."""

    at_page: Attribution | None = None
    settled: Attribution | None = None
    forces: tuple[
        str, ...
    ] = ()  # for which the report's evidence speaks some weeks after the onset


@dataclass(frozen=True)
class Said:
    """Everything one monitor said about one feature."""

    levels: tuple[Level, ...]
    pages: tuple[Page, ...] = ()
    findings: tuple[tuple[str, datetime], ...] = ()  # kind, and the close at which it came
    explained: Explained = field(default_factory=Explained)
    verdicts: dict[int, str] = field(default_factory=dict)
