"""The findings that figures give rise to: opened once, appended again while they last, closed."""

from collections.abc import Sequence
from datetime import date

import msgspec

from decay_reports.alarms.confirmed import Turn
from decay_reports.figures.baseline import SuccessBaseline
from decay_reports.figures.clusters import Z95
from decay_reports.figures.figure import Figure, FigureKey
from decay_reports.figures.gates import Gate
from decay_reports.figures.success_figures import late_text
from decayd.results import Estimate, Finding
from store.database import Transaction
from store.findings import append_findings, findings_at

MIN_JOINED = 0.95
SHIFT_OVER_Z = 2.0  # below it a signal shift is over; between, one that was found goes on


def success(
    tx: Transaction, key: FigureKey, turn: Turn, figure: Figure, baseline: SuccessBaseline,
    members: Sequence[str],
) -> None:  # fmt: skip
    """Say that success fell while its incident is open, and once that it recovered."""
    if turn.incident is None or (figure.value is None and not turn.closed_because):
        return
    incident, now, before = turn.incident, estimate_of(figure), estimate_of_baseline(baseline)
    fell = Finding(
        finding_id="", kind="success_fell", feature=key.feature, as_of=key.as_of, week=key.week,
        title=f"success fell {_from_to(before, now)}, since about {_day(incident.onset)}",
        severity="critical", incident_id=incident.incident_id, now=now, before=before,
        member_request_ids=tuple(members), details={"onset": incident.onset.isoformat()},
        next_step=f"read why: decayd report --feature {key.feature}",
    )  # fmt: skip
    if not turn.closed_because:
        _append(tx, fell)
        return
    _append(tx, msgspec.structs.replace(
        fell, state="closed", details=fell.details | {"closed_because": turn.closed_because}
    ))  # fmt: skip
    _append(tx, msgspec.structs.replace(
        fell, kind="success_recovered", severity="info", state="closed", member_request_ids=(),
        title=f"the fall that began about {_day(incident.onset)} is over: {turn.closed_because}",
        next_step="", details={"incident": incident.incident_id},
    ))  # fmt: skip


def outcomes_late(tx: Transaction, key: FigureKey, gate: Gate, members: Sequence[str]) -> None:
    """Say that the outcome feed is late while the completeness gate fires."""
    now = Estimate(gate.share, n=gate.n)
    while_it_lasts(tx, gate.fired, over=not gate.fired, draft=Finding(
        finding_id="", kind="outcomes_late", feature=key.feature, as_of=key.as_of, week=key.week,
        title=late_text(gate) if gate.fired else "outcomes arrive in time again",
        severity="warning", now=now, before=Estimate(gate.expected),
        member_request_ids=tuple(members),
        next_step="look at the job that sends outcomes; the newest success figures are withheld",
    ))  # fmt: skip


def signals_moved(
    tx: Transaction, key: FigureKey, shift: Figure, figure: Figure, members: Sequence[str],
    *, contradicted: bool = False,
) -> None:  # fmt: skip
    """Say that signals changed their meaning while success stayed, until a new baseline.

    `contradicted` says that outcomes of two weeks contradict an early hint: then they did too.
    """
    fired, z = bool(shift.details["fired"]) or contradicted, float(shift.details["z"])
    way = "less" if (shift.value or 0.0) > 0 else "more"
    moved = abs(100 * (shift.value or 0.0))
    title = f"signals moved, success did not: they promise {moved:.1f} points {way} than before"
    while_it_lasts(tx, fired, over=not contradicted and abs(z) < SHIFT_OVER_Z, draft=Finding(
        finding_id="", kind="signals_moved", feature=key.feature, as_of=key.as_of, week=key.week,
        title=title, severity="warning", now=estimate_of(shift), before=estimate_of(figure),
        member_request_ids=tuple(members),
        next_step="look for a change of the interface; then accept a new baseline",
    ))  # fmt: skip


def join_rate_low(tx: Transaction, key: FigureKey, figure: Figure) -> None:
    """Say that signals or outcomes lack their requests, when surely fewer than 95 % join."""
    fired = joins_fail(figure.high)
    value = figure.value if figure.value is not None else 1.0
    over = value >= MIN_JOINED
    while_it_lasts(tx, fired, over=over, draft=Finding(
        finding_id="", kind="join_rate_low", feature=key.feature, as_of=key.as_of, week=key.week,
        title=f"{100 * value:.1f}% of signals and outcomes belong to a request that was seen",
        severity="warning", now=estimate_of(figure),
        next_step="compare the request ids that each emitter sends",
    ))  # fmt: skip


def joins_fail(high: float | None) -> bool:
    """Tell whether fewer signals and outcomes than 95 % join, by the upper bound of that share."""
    return high is not None and high < MIN_JOINED


def estimate_of(figure: Figure) -> Estimate:
    """Return a figure as the value that is shown to people."""
    return Estimate(
        figure.value, figure.low, figure.high, figure.n, figure.n_labels, figure.why_not
    )


def estimate_of_baseline(baseline: SuccessBaseline) -> Estimate:
    """Return a baseline's level with its interval."""
    half = Z95 * baseline.se
    return Estimate(
        baseline.value, baseline.value - half, baseline.value + half, baseline.n,
        baseline.details.get("n_labels"),
    )  # fmt: skip


def _append(tx: Transaction, draft: Finding) -> None:
    old = _open_one(tx, draft)
    append_findings(tx, [msgspec.structs.replace(draft, finding_id=old.finding_id if old else "")])


def while_it_lasts(tx: Transaction, fired: bool, *, over: bool, draft: Finding) -> None:
    """Open a finding when it fires, append it while it goes on, close it when it is over.

    Between firing and being over one that is open goes on.
    """
    old = _open_one(tx, draft)
    if fired or (old and not over):
        _append(tx, draft)
    elif old:
        _append(tx, msgspec.structs.replace(draft, state="closed"))


def _open_one(tx: Transaction, draft: Finding) -> Finding | None:
    found = [
        finding
        for finding in findings_at(tx, draft.as_of, feature=draft.feature, kind=draft.kind)
        if finding.state == "open"
    ]
    return found[-1] if found else None


def _from_to(before: Estimate, now: Estimate) -> str:
    return f"from {_percent(before.value)} to {_percent(now.value)}"


def _percent(share: float | None) -> str:
    return "an unknown level" if share is None else f"{100 * share:.1f}%"


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
