"""Runs of eval suites: how old the newest is, and what it says beside the fall that users see."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any, NamedTuple

from decay_reports import numbers
from decay_reports.facts.aspect import Look, Question, TableFacts
from decay_reports.figures.clusters import Z95
from decayd.results import Estimate
from decayd.weeks import local_day, week_bounds
from drift.shares import wilson

_NAME = 60
_HEAD = ("Suite", "Last run", "Days ago", "Score", "Since success fell")
_SEND = "eval runs: send `eval` events with `score` and `n`"

Row = Mapping[str, Any]


class Suite(NamedTuple):
    """An eval suite's newest scored run, and the last one before success began to fall."""

    name: str
    newest: Row
    before: Row | None = None
    after: Row | None = None

    @property
    def shown(self) -> str:
        """Return its name and version as they may be printed."""
        named = (self.name, self.newest["suite_version"] or "")
        return " ".join(numbers.visible(part, _NAME) for part in named).rstrip()

    @property
    def change(self) -> Estimate:
        """Return how the score moved over the onset of the fall, as a share with its interval."""
        if self.before is None or self.after is None:
            return Estimate(None, why_not="no run before and after it")
        p, q = self.before["score"], self.after["score"]
        if not (_is_share(self.before) and _is_share(self.after)):
            return Estimate(q - p, why_not="no interval: a score without `n` or outside 0–1")
        spread = p * (1 - p) / self.before["n"] + q * (1 - q) / self.after["n"]
        half = Z95 * float(spread) ** 0.5
        return Estimate(q - p, q - p - half, q - p + half, n=self.after["n"])

    @property
    def is_blind(self) -> bool:
        """Tell whether it ran before and after the onset and shows no fall."""
        moved = self.change
        if moved.value is None:
            return False
        return moved.value >= 0 or (moved.high is not None and moved.high >= 0)

    @property
    def moved(self) -> str:
        """Say how the score moved since success began to fall."""
        moved = self.change
        if moved.value is None or self.before is None or self.after is None:
            return numbers.not_measured(moved)
        if moved.low is None:
            return f"{self.before['score']:.3g} → {self.after['score']:.3g} ({moved.why_not})"
        n = f"n {numbers.count(self.before['n'])} → {numbers.count(self.after['n'])}"
        return f"{numbers.points_with_interval(moved)}, {n}"


def suites_of(question: Question, onset: date | None) -> list[Suite]:
    """Return the feature's suites with a scored run, by name; `onset` is a Monday."""
    rows = question.store.rows("debt_runs", feature=question.feature, as_of=question.as_of)
    begun = week_bounds(onset, question.settings.report.timezone)[0] if onset else None
    return [_suite(name, list(runs), begun) for name, runs in groupby(rows, _suite_name)]


def last_runs(question: Question, suites: Sequence[Suite]) -> Look:
    """Print each suite's newest run."""
    if not suites:
        return Look(missing=_SEND)
    rows = tuple(_row(question, suite) for suite in suites)
    table = TableFacts(caption="Newest run of each eval suite", head=_HEAD, rows=rows)
    return Look(tables=(table,))


def _suite_name(row: Row) -> str:
    return str(row["suite"])


def _suite(name: str, runs: Sequence[Row], begun: datetime | None) -> Suite:
    if begun is None:
        return Suite(name, runs[-1])
    before = [run for run in runs if run["ts"] < begun]
    after = [run for run in runs if run["ts"] >= begun]
    return Suite(name, runs[-1], *(part[-1] if part else None for part in (before, after)))


def _row(question: Question, suite: Suite) -> tuple[str, ...]:
    ran = suite.newest["ts"]
    day = numbers.day(local_day(ran, question.settings.report.timezone))
    age = numbers.count((question.as_of - ran).days)
    return (suite.shown, day, age, _score(suite.newest), suite.moved if suite.before else "–")


def _score(run: Row) -> str:
    """Print a score; Wilson's interval is at least as wide as that of a mean of values in 0–1."""
    if _is_share(run):
        return numbers.share_of(wilson(run["score"] * run["n"], run["n"]))
    n = f"n {numbers.count(run['n'])}" if run["n"] else "n not sent"
    return f"{run['score']:.3g} ({n}, no interval)"


def _is_share(run: Row) -> bool:
    return bool(run["n"]) and run["n"] > 0 and 0.0 <= run["score"] <= 1.0
