"""How numbers, dates and other people's text are printed in every form of the report."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import compress, pairwise

from decayd.masking import mask
from decayd.results import Estimate

MINUS = "\u2212"
_SECOND_MS = 1000
_JOINERS = "\u200c\u200d"  # emoji and several scripts need them
_NUMBER = re.compile(r"\+?\d(?:[ ./-]?\d){6,}")  # of an account or an order


def count(n: int, one: str = "", many: str = "") -> str:
    """Print a count, with its noun in the right number when one is given.

    >>> count(2412, "request"), count(1, "request"), count(2, "query", "queries"), count(7)
    ('2,412 requests', '1 request', '2 queries', '7')
    """
    noun = one if n == 1 else many or (f"{one}s" if one else "")
    return f"{n:,} {noun}".rstrip()


def percent(value: float, digits: int = 0) -> str:
    """Print a share as a percentage, clipped to 0-100: an unbiased estimate may lie beyond.

    >>> percent(0.5842), percent(0.0031, 1), percent(1.012)
    ('58%', '0.3%', '100%')
    """
    return f"{_fixed(100 * _clipped(value), digits)}%"


def interval(estimate: Estimate, digits: int = 0) -> str:
    """Print the bounds of a share, clipped to 0-100; empty without an interval.

    >>> interval(Estimate(0.98, 0.951, 1.009))
    '95–100'
    """
    if estimate.low is None or estimate.high is None:
        return ""
    low, high = (_fixed(100 * _clipped(x), digits) for x in (estimate.low, estimate.high))
    return f"{low}–{high}"


def share(estimate: Estimate, digits: int = 0) -> str:
    """Print a share with its interval, or why there is none.

    >>> share(Estimate(0.584, 0.552, 0.613)), share(Estimate(None, why_not="14 outcomes"))
    ('58% (55–61)', 'not measured (14 outcomes)')
    """
    if estimate.value is None:
        return not_measured(estimate)
    bounds = interval(estimate, digits)
    return percent(estimate.value, digits) + (f" ({bounds})" if bounds else "")


def share_of(estimate: Estimate, digits: int = 0) -> str:
    """Print a share with its interval and n.

    >>> share_of(Estimate(0.584, 0.552, 0.613, n=2412, n_labels=531))
    '58% (55–61, n 2,412, 531 outcomes)'
    """
    if estimate.value is None:
        return not_measured(estimate)
    parts = [interval(estimate, digits) or "no interval", f"n {count(estimate.n)}"]
    if estimate.n_labels is not None:
        parts.append(count(estimate.n_labels, "outcome"))
    return f"{percent(estimate.value, digits)} ({', '.join(parts)})"


def not_measured(estimate: Estimate) -> str:
    """Say that there is no number, and why when that is known."""
    why = estimate.why_not
    return f"not measured ({why})" if why and why != "not measured" else "not measured"


def points(value: float, digits: int = 1) -> str:
    """Print a difference of shares in points, with its sign.

    >>> points(-0.0812), points(0.004), points(-0.0001)
    ('−8.1', '+0.4', '0.0')
    """
    text = _fixed(value * 100, digits)
    return text if value < 0 or not text.strip("0.") else f"+{text}"


def points_with_interval(estimate: Estimate, digits: int = 1) -> str:
    """Print a difference in points with its interval.

    >>> points_with_interval(Estimate(-0.081, -0.109, -0.052))
    '−8.1 pts (−10.9…−5.2)'
    """
    if estimate.value is None:
        return not_measured(estimate)
    text = f"{points(estimate.value, digits)} pts"
    if estimate.low is None or estimate.high is None:
        return text
    return f"{text} ({points(estimate.low, digits)}…{points(estimate.high, digits)})"


def steps(start: float, changes: Sequence[float], digits: int) -> list[float]:
    """Round additive changes so that the printed ones still add up to the printed end.

    The running level is rounded after each change and the differences are returned, so each is
    off by at most one unit of the last digit.

    >>> [round(x, 3) for x in steps(0.7, [-0.0304, -0.0304, -0.0304], 3)]
    [-0.03, -0.031, -0.03]
    """
    levels = [start]
    for change in changes:
        levels.append(levels[-1] + change)
    rounded = [round(level, digits) for level in levels]
    return [round(b - a, digits) for a, b in pairwise(rounded)]


def duration(ms: float) -> str:
    """Print a latency.

    >>> duration(640.4), duration(1912)
    ('640 ms', '1.9 s')
    """
    return f"{ms:.0f} ms" if round(ms) < _SECOND_MS else f"{ms / 1000:.1f} s"


def milliseconds(estimate: Estimate) -> str:
    """Print a latency estimate, or why there is none."""
    return not_measured(estimate) if estimate.value is None else duration(estimate.value)


def day(value: date) -> str:
    """Print a day with its year.

    >>> day(date(2026, 8, 24))
    '24 Aug 2026'
    """
    return f"{value.day} {value:%b %Y}"


def week(value: date) -> str:
    """Print a week by its ISO number.

    >>> week(date(2026, 10, 5))
    'week 41'
    """
    return f"week {value.isocalendar().week}"


def span(value: date) -> str:
    """Print the days of a week.

    >>> span(date(2026, 10, 5)), span(date(2026, 9, 28))
    ('5–11 Oct', '28 Sep – 4 Oct')
    """
    end = value + timedelta(days=6)
    if end.month == value.month:
        return f"{value.day}–{end.day} {end:%b}"
    return f"{value.day} {value:%b} – {end.day} {end:%b}"


def weeks(values: Sequence[date]) -> str:
    """Print a run of weeks, naming the days it spans.

    >>> weeks([date(2026, 6, 1), date(2026, 6, 8), date(2026, 6, 15)])
    'weeks 23–25 (1 Jun – 21 Jun 2026)'
    >>> weeks([date(2026, 6, 1), date(2026, 6, 15)])
    'weeks 23, 25 (1 Jun – 21 Jun 2026)'
    """
    if not values:
        return "no weeks"
    first, end = min(values), max(values) + timedelta(days=6)
    return f"{weeks_only(values)} ({first.day} {first:%b} – {day(end)})"


def weeks_only(values: Sequence[date]) -> str:
    """Print a run of weeks by their ISO numbers.

    >>> weeks_only([date(2026, 6, 8), date(2026, 6, 1)]), weeks_only([date(2026, 6, 1)])
    ('weeks 23–24', 'week 23')
    """
    ordered = sorted(values)
    numbers = [str(value.isocalendar().week) for value in ordered]
    unbroken = all(b - a == timedelta(days=7) for a, b in pairwise(ordered))
    named = f"{numbers[0]}–{numbers[-1]}" if unbroken and len(numbers) > 1 else ", ".join(numbers)
    return f"week {named}" if len(numbers) == 1 else f"weeks {named}"


def visible(text: str, limit: int = 200) -> str:
    r"""Make other people's text safe to look at: one line, no controls, no direction tricks.

    Escaping for HTML or Markdown is left to the format. Idempotent.

    >>> visible("a\u202eb\x00\n c")
    'ab c'
    """
    line = " ".join((text if text.isprintable() else _without_controls(text)).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _without_controls(text: str) -> str:
    shown = (c.isspace() or c in _JOINERS or unicodedata.category(c)[0] != "C" for c in text)
    return "".join(compress(text, shown))


def masked(text: str, limit: int = 200) -> str:
    """Return an example query fit to be shown: visible, without personal data and long numbers.

    >>> masked("mail ann@example.org about 4111 1111 1111 1111")
    'mail [EMAIL] about [CARD]'
    """
    return visible(_NUMBER.sub("[NUMBER]", mask(text)), limit)


def _clipped(share: float) -> float:
    return min(1.0, max(0.0, share))


def _fixed(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return (text if float(text) else text.lstrip("-")).replace("-", MINUS)
