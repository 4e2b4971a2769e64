"""What answers are like, as tables and words: versions, days compared, what was not announced."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np

from decay_reports import numbers
from decay_reports.causes.traits import layers
from decay_reports.causes.unannounced import Unannounced
from decay_reports.facts.aspect import TableFacts
from decay_reports.figures.behaviour_days import (
    FORMAT,
    LATENCY,
    LENGTH,
    OTHERS,
    REFUSAL,
    TOKENS,
    TOOL,
    BehaviourDays,
)
from decay_reports.figures.clusters import Z95
from decay_reports.figures.fingerprint import COMPARED, Daily, Shift
from decayd.results import Estimate

_NAMES = {
    REFUSAL: "refused", FORMAT: "valid format", LENGTH: "answer length", TOKENS: "output tokens",
    LATENCY: "latency",
}  # fmt: skip
_UNITS = {LENGTH: "characters", TOKENS: "tokens"}
_TRAITS = (REFUSAL, LENGTH, LATENCY)  # of a version
_SHOWN = 12
_SMALL_P = 0.001
_LEAST_DAYS = 3  # that tell how much days differ


def name(metric: str) -> str:
    """Name a trait for people; a tool by its own name, made safe to look at."""
    if metric.startswith(TOOL):
        return f"calls {numbers.visible(metric.removeprefix(TOOL), 40)}"
    return _NAMES[metric]


def version_id(text: str) -> str:
    """Return a short name of a behaviour version: a hash of model, adapter and versions map."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def change_words(shift: Shift) -> str:
    """Say how much a trait moved: a share in points, what has a unit in percent of itself."""
    if not shift.is_log:
        return numbers.points_with_interval(Estimate(shift.change, shift.low, shift.high))
    change, low, high = (100.0 * math.expm1(x) for x in (shift.change, shift.low, shift.high))
    return f"{_signed(change)}% ({_signed(low)}…{_signed(high)})"


def shift_words(shift: Shift) -> str:
    """Say what moved and by how much."""
    return f"{name(shift.metric)} {change_words(shift)}"


def levels(shift: Shift) -> tuple[Estimate, Estimate]:
    """Return a trait's level before and now, at now's mix of topics."""
    sides = (
        (shift.before, shift.se_before, shift.n_before), (shift.now, shift.se_now, shift.n_now)
    )  # fmt: skip
    before, now = (Estimate(x, x - Z95 * se, x + Z95 * se, n=n) for x, se, n in sides)
    return before, now


def compared_table(shifts: Sequence[Shift], who: str) -> TableFacts:
    """Set the newest week's answers beside those of the days before."""
    rows = tuple(
        (
            name(shift.metric),
            *(_level(shift.metric, level) for level in levels(shift)),
            change_words(shift), f"{shift.p:.3f}" if shift.p >= _SMALL_P else f"< {_SMALL_P}",
        )
        for shift in shifts
    )  # fmt: skip
    head = ("Trait", "Before", "This week", "Change", "p of the days")
    return TableFacts(caption=f"{COMPARED}, {who}", head=head, rows=rows)


def versions_table(known: BehaviourDays, seen: Sequence[dict[str, Any]]) -> TableFacts | None:
    """List the versions that answered users in the weeks of `known`, the newest first."""
    ever = {row["version"]: row for row in seen}
    rows = []
    for column, version in enumerate(known.versions):
        levels = [_of_version(trait, column) for trait in known.of_version]
        by_name = {
            trait.metric: level for trait, level in zip(known.of_version, levels, strict=True)
        }
        first, last = _span(known, column, ever.get(version))
        rows.append((first, last, (
            "other versions" if version == OTHERS else version_id(version),
            "" if version == OTHERS else _layers(version),
            numbers.day(first), numbers.day(last),
            numbers.count(int(known.n[:, column].sum())),
            *(by_name[metric] for metric in _TRAITS),
        )))  # fmt: skip
    if not rows:
        return None
    rows.sort(key=lambda row: (row[0], row[1], row[2][0]), reverse=True)
    head = ("Version", "Model, adapter, versions", "First seen", "Last seen", "Requests",
            "Refused", "Answer length", "Latency")  # fmt: skip
    caption = f"Behaviour versions of the last {len(known.days) // 7} weeks"
    if len(rows) > _SHOWN:
        caption += f", the {_SHOWN} newest of {len(rows)}"
    return TableFacts(caption=caption, head=head, rows=tuple(row[2] for row in rows[:_SHOWN]))


def ledger_words(one: Unannounced) -> str:
    """Say what changed on a day without a change event."""
    before, after = _shown(one.before), _shown(one.after)
    return f"{numbers.visible(one.what, 40)} {before} → {after} on {numbers.day(one.day)}"


def ledger_table(found: Iterable[Unannounced]) -> TableFacts | None:
    """List what began to serve without a change event, the newest first."""
    known = sorted(found, key=lambda one: one.day, reverse=True)
    rows = tuple(
        (
            numbers.day(one.day), numbers.visible(one.what, 40),
            _shown(one.before), _shown(one.after),
            numbers.count(one.n),
        )
        for one in known[:_SHOWN]
    )  # fmt: skip
    if not rows:
        return None
    head = ("Day", "What", "Before", "Now", "n")
    caption = "What changed without being announced"
    if len(known) > _SHOWN:
        caption += f", the {_SHOWN} newest of {len(known)}"
    return TableFacts(caption=caption, head=head, rows=rows)


def _level(metric: str, level: Estimate) -> str:
    if metric not in {LENGTH, TOKENS, LATENCY}:
        return numbers.share_of(level, 1)
    known = (level.value, level.low, level.high)
    middle, low, high = (_natural(metric, x) for x in known if x is not None)
    unit = f" {_UNITS[metric]}" if metric in _UNITS else ""
    return f"{middle}{unit} ({low}–{high}, n {numbers.count(level.n)})"


def _natural(metric: str, value: float) -> str:
    if metric == LATENCY:
        return numbers.duration(math.exp(value))
    return f"{max(math.expm1(value), 0.0):,.0f}"


def _of_version(trait: Daily, column: int) -> str:
    """Print a version's level over its days, with an interval from how days differ."""
    n, total, squares = (part[:, column] for part in (trait.n, trait.total, trait.squares))
    asked = n > 0
    if not asked.any():
        return "not measured"
    whole = float(n.sum())
    level = float(total.sum()) / whole
    if trait.is_log:
        spread = max(float(squares.sum()) / whole - level**2, 0.0)
    else:
        smoothed = (float(total.sum()) + 0.5) / (whole + 1.0)
        spread = smoothed * (1.0 - smoothed)
    variance = spread / whole
    k = int(asked.sum())
    if k >= _LEAST_DAYS:
        of_days = float(((total - n * level)[asked] ** 2).sum()) / whole**2 * k / (k - 1)
        variance = max(variance, of_days)
    half = Z95 * math.sqrt(variance)
    return _level(trait.metric, Estimate(level, level - half, level + half, n=int(whole)))


def _span(known: BehaviourDays, column: int, ever: dict[str, Any] | None) -> tuple[date, date]:
    days = np.flatnonzero(known.n[:, column] > 0)
    first, last = known.days[int(days[0])], known.days[int(days[-1])]
    began: datetime | None = ever["first_ts"] if ever else None
    return (min(first, began.date()) if began else first), last


def _layers(version: str) -> str:
    said = " ".join(f"{key}={value}" for key, value in layers(version).items())
    return numbers.visible(said, 120) or "not stated"


def _shown(text: str) -> str:
    return numbers.visible(text, 60) or "nothing"


def _signed(value: float) -> str:
    return numbers.points(value / 100.0, 0)
