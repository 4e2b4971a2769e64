"""Whether a button is gone: without its signals satisfaction falls though no answer is worse."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from decay_reports.alarms.announce import while_it_lasts
from decay_reports.alarms.signal_baseline import SignalBaseline
from decay_reports.figures.day_levels import Day
from decay_reports.figures.figure import FigureKey
from decay_reports.figures.frame import SIGNALS, Frame
from decay_reports.numbers import count, percent
from decayd.events import epoch_us
from decayd.results import Estimate, Finding
from decayd.weeks import day_start, week_bounds
from store.database import Transaction

STREAM = "signal_kinds"
PRAISE = ("copy", "accept", "thumbs_up")
_GONE = 0.05  # of what was usual: no fall of success takes so much
_GONE_Z = -4.0
_HEARD = 0.1  # of the usual requests with a signal: the feed itself is there
_MATTERS = 0.1  # of all praise: a rare kind moves satisfaction by next to nothing

Counts = Mapping[str, int]  # requests (`n`) and how many of them carry each kind


def lacking(
    tx: Transaction, key: FigureKey, asked: Frame, days: Sequence[Day], baseline: SignalBaseline,
    timezone: str,
) -> set[date]:  # fmt: skip
    """Return the days of a week on which a kind of praise is as good as gone, and say so.

    A kind is gone for a day, or for the whole week where days are too small to tell, when it has
    under a twentieth of what the baseline had, z < -4. Days with next to no signals at all are
    left out: a silent feed is another finding.
    """
    usual = _usual(tx, key, baseline, timezone)
    coverage = baseline.level.coverage
    heard = [day.day for day in days if day.n_rated > _HEARD * coverage * day.n_requests]
    by_day = {day: _of_day(asked, day, timezone) for day in heard}
    week = {name: sum(c[name] for c in by_day.values()) for name in ("n", *PRAISE)}
    found = {day: gone(counts, usual) for day, counts in by_day.items()}
    missing = {day for day, kinds in found.items() if kinds}
    of_week = gone(week, usual)
    names = sorted({*of_week, *(kind for kinds in found.values() for kind in kinds)})
    said = " and ".join(name.replace("_", " ") for name in names)
    title = f"{said} {'is' if len(names) == 1 else 'are'} hardly sent any more"
    n = max((usual[name] for name in names), default=0)
    k = max((week[name] for name in names), default=0)
    share = n / max(usual["n"], 1)
    title += f": {k:,} of {count(week['n'], 'request')}, {percent(share)} in the baseline"
    while_it_lasts(tx, bool(names), over=bool(heard) and not names, draft=Finding(
        finding_id="", kind="signal_kind_gone", feature=key.feature, as_of=key.as_of, week=key.week,
        title=title if names else "all kinds of signals come as they used to", severity="warning",
        now=Estimate(k / week["n"] if week["n"] else None, n=week["n"]),
        before=Estimate(share, n=usual["n"]), details={"signals": names},
        next_step="if a button was removed accept a new baseline; satisfaction waits until then",
    ))  # fmt: skip
    return set(heard) if of_week else missing


def gone(now: Counts, usual: Counts) -> list[str]:
    """Name the kinds that are as good as gone.

    >>> usual = {"n": 1000, "copy": 250, "accept": 200, "thumbs_up": 5}
    >>> gone({"n": 300, "copy": 1, "accept": 55, "thumbs_up": 0}, usual)
    ['copy']
    """
    praise = sum(usual[name] for name in PRAISE)
    found = []
    for name in PRAISE:
        if not usual["n"] or usual[name] < _MATTERS * praise or not praise:
            continue
        share = usual[name] / usual["n"]
        expected = share * now["n"]
        noise = max(expected * (1.0 - share), 1.0) ** 0.5
        if now[name] < _GONE * expected and (now[name] - expected) / noise < _GONE_Z:
            found.append(name)
    return found


def _of_day(asked: Frame, day: date, timezone: str) -> dict[str, int]:
    start, end = day_start(day, timezone), day_start(day + timedelta(days=1), timezone)
    rows = asked.between(epoch_us(start), epoch_us(end))
    counts = {"n": rows.stop - rows.start}
    for name in PRAISE:
        counts[name] = int((asked.signals[rows, SIGNALS.index(name)] > 0).sum())
    return counts


def _usual(
    tx: Transaction, key: FigureKey, baseline: SignalBaseline, timezone: str
) -> dict[str, int]:
    """Return the counts of the baseline's weeks, read once for each accepted baseline."""
    rows = tx.rows("alarm_state", feature=key.feature, stream=STREAM, as_of=key.as_of)
    kept = json.loads(rows[0]["state"]) if rows else {}
    if kept.get("baseline_version") == baseline.version:
        return dict(kept["counts"])
    start = week_bounds(min(baseline.weeks), timezone)[0]
    until = week_bounds(max(baseline.weeks), timezone)[1]
    counts = dict(
        tx.rows("signal_kinds", feature=key.feature, start=start, until=until, as_of=key.as_of)[0]
    )
    state = {"baseline_version": baseline.version, "counts": counts}
    tx.append("alarm_states", [{
        "feature": key.feature, "stream": STREAM, "as_of": key.as_of, "week": key.week,
        "state": json.dumps(state, sort_keys=True),
    }])  # fmt: skip
    return counts
