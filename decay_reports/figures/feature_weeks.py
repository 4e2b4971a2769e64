"""One week of one feature: its own labels, or those of the fewest weeks that give enough."""

from collections.abc import Sequence
from dataclasses import dataclass

from decay_reports.figures.expectation import Expectation, expectation
from decay_reports.figures.frame import Frame, Ints
from decay_reports.figures.maturity import Maturity, maturity
from decay_reports.figures.success import (
    ENOUGH_LABELS,
    MAX_POOLED_WEEKS,
    MIN_LABELS,
    Labelled,
    PseudoOutcomes,
    estimate,
    labelled,
    only_one_class,
)
from decayd.config import FeatureSettings

Span = tuple[int, int]  # [start, end) in microseconds


@dataclass(frozen=True)
class Known:
    """A frame with what can be known of its labels at one instant."""

    frame: Frame
    expected: Expectation
    maturity: Maturity
    labels: Labelled
    as_of_us: int
    one_class: bool


@dataclass(frozen=True)
class FeatureWeek:
    """A measured week, or the reason why it can't be; `rows` covers all pooled weeks.

    `own_labels` and `own_rows` are those of the week itself.
    """

    n: int
    n_labels: int
    own_labels: int
    pooled_weeks: int
    rows: slice
    own_rows: slice
    result: PseudoOutcomes | None
    why_not: str = ""


def know(frame: Frame, configured: FeatureSettings, as_of_us: int, until_us: int) -> Known:
    """Work out delay curves, chances and labels once for all weeks judged at one instant."""
    expected = expectation(frame, configured)
    matured = maturity(frame, expected, as_of_us, until_us)
    labels = labelled(frame, expected, matured)
    one_class = only_one_class(labels.target[labels.member], expected)
    return Known(frame, expected, matured, labels, as_of_us, one_class)


def measure(known: Known, weeks: Sequence[Span]) -> FeatureWeek:
    """Measure the last of these consecutive weeks (oldest first, at most 4 are used).

    With fewer than 20 labels in the week itself there is no number; with fewer than 100 the
    weeks before it are pooled in, no more than needed.
    """
    week = known.frame.between(*weeks[-1])
    own_labels = _n_labels(known, week)
    why_not = _why_not(known, own_labels)
    if why_not:
        n = week.stop - week.start
        return FeatureWeek(n, own_labels, own_labels, 1, week, week, None, why_not)
    pooled, rows, n_labels = 1, week, own_labels
    for start, _ in reversed(weeks[-MAX_POOLED_WEEKS:-1]):
        earlier = known.frame.between(start, weeks[-1][1])
        if n_labels >= ENOUGH_LABELS or earlier.start == rows.start:
            break
        pooled, rows, n_labels = pooled + 1, earlier, _n_labels(known, earlier)
    result = measure_rows(known, rows)
    return FeatureWeek(rows.stop - rows.start, n_labels, own_labels, pooled, rows, week, result)


def measure_rows(known: Known, rows: slice | Ints) -> PseudoOutcomes:
    """Measure any set of requests that holds at least one label."""
    return estimate(known.frame, rows, known.expected, known.labels, known.as_of_us)


def _n_labels(known: Known, rows: slice) -> int:
    return int(known.labels.member[rows].sum())


def _why_not(known: Known, n_labels: int) -> str:
    if n_labels < MIN_LABELS:
        what = "requests are old enough" if known.expected.silence_is_failure else "outcomes"
        return f"{n_labels} {what} this week (needs {MIN_LABELS})"
    if known.one_class and known.expected.silence_is_failure:
        return "no outcome has arrived: silence of all can't be told from a missing feed"
    if known.one_class:
        only = "successes" if known.labels.target[known.labels.member].any() else "failures"
        return (
            f"only {only} have arrived: a feed that reports nothing else says no rate"
            " (if silence means the other, set expected_outcome.silence = 'failure')"
        )
    return ""
