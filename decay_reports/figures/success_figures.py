"""Figures of success of one feature-week: the headline, one per topic, and the weeks' health."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from decay_reports.figures.clusters import share, sum_of_squares, wilson
from decay_reports.figures.feature_weeks import FeatureWeek, Known
from decay_reports.figures.figure import Figure, plain_share, with_se
from decay_reports.figures.frame import Frame
from decay_reports.figures.gates import Gate, share_z
from decay_reports.figures.maturity import Maturity
from decay_reports.figures.success import DETECTABLE_SE, PseudoOutcomes

_CURVE_DAYS = (1.0, 3.0, 7.0)


def success(
    known: Known, week: FeatureWeek, gate: Gate | None, *, full_week: bool
) -> Iterator[Figure]:
    """Yield the headline and, when it stands, its topics, whose totals sum to it exactly."""
    details: dict[str, Any] = {
        "curve": curve_summary(known.maturity), "own_labels": week.own_labels,
        "full_week": full_week,
    }  # fmt: skip
    fired = gate is not None and gate.fired
    if gate is not None:
        details["gate"] = gate_summary(gate)
    if week.result is None or fired:
        why_not = late_text(gate) if fired and gate is not None else week.why_not
        yield Figure(
            metric="success", n=week.n, n_labels=week.n_labels, why_not=why_not,
            pooled_weeks=week.pooled_weeks, details=details | {"withheld": fired},
        )  # fmt: skip
        return
    result = week.result
    details |= {"lam": result.lam, "detectable": DETECTABLE_SE * result.se, "withheld": False}
    yield with_se(
        "success", result.value, result.se, n=result.n, n_labels=result.n_labels,
        n_eff=result.n_eff, total=result.total, pooled_weeks=week.pooled_weeks, details=details,
    )  # fmt: skip
    yield from _topics(known.frame, week, result)


def _topics(frame: Frame, week: FeatureWeek, result: PseudoOutcomes) -> Iterator[Figure]:
    topic, cluster = frame.topic[week.rows], frame.cluster[week.rows]
    for code in np.unique(topic):
        rows = topic == code
        psi = result.psi[rows]
        n, total = len(psi), float(psi.sum())
        variance = sum_of_squares((psi - total / n) / n, cluster[rows])
        yield with_se(
            "success", total / n, float(np.sqrt(variance)), n=n, total=total,
            cell=f"topic={frame.topics[code]}", n_labels=int(result.labelled[rows].sum()),
            pooled_weeks=week.pooled_weeks,
        )  # fmt: skip


def signals(week: Frame, usual: tuple[int, int]) -> Iterator[Figure]:
    """Yield satisfaction, friction and the share of requests that were rated.

    `usual` is how many requests of the weeks before were rated, and of how many.
    """
    rated = week.rated
    details = {"coverage": float(rated.mean())}
    if rated.any():
        value, se = share(week.score[rated] > 0, week.cluster[rated])
        yield with_se("satisfaction", value, se, n=int(rated.sum()), details=details)
    else:
        yield Figure(metric="satisfaction", why_not="no signals this week", details=details)
    value, se = share(week.friction, week.cluster)
    yield with_se("friction", value, se, n=len(week))
    n_rated = int(week.gave_rating.sum())
    details = {"z": share_z(n_rated, len(week), *usual), "usual": usual[0] / max(usual[1], 1)}
    yield plain_share("rating_share", n_rated, len(week), details=details)


def topic_shares(week: Frame) -> Iterator[Figure]:
    """Yield each topic's share of the week's requests."""
    for code, n in enumerate(np.bincount(week.topic, minlength=len(week.topics))):
        if n:
            low, high = wilson(int(n), len(week))
            yield Figure(
                metric="topic_share", cell=f"topic={week.topics[code]}", n=len(week),
                total=float(n), value=float(n / len(week)), low=low, high=high,
            )  # fmt: skip


def arrived(gate: Gate) -> Figure:
    """Return the share of 2 to 7 days old requests that have their outcome, as the gate saw it."""
    return plain_share(
        "outcome_arrived_share", gate.n_arrived, gate.n, details=gate_summary(gate),
        why_not="no request of this age expects an outcome",
    )  # fmt: skip


def gate_summary(gate: Gate) -> Mapping[str, Any]:
    """Return the gate's state as plain values."""
    return {
        "z": gate.z, "expected": gate.expected, "fired": gate.fired, "test": gate.test,
        "n": gate.n, "n_arrived": gate.n_arrived,
    }  # fmt: skip


def late_text(gate: Gate) -> str:
    """Say what the gate found, in one clause."""
    if gate.test == "share":
        expected = round((gate.expected or 0.0) * gate.n)
        return f"outcomes are late: {gate.n_arrived:,} of {expected:,} expected have arrived"
    if gate.test == "gap":
        return "outcomes are late: none came for three times the longest gap of the weeks before"
    return "outcomes are late: those that arrive take longer than in the weeks before"


def curve_summary(matured: Maturity) -> dict[str, list[float]]:
    """Return F of failures and successes at 1, 3 and 7 days."""
    days = np.array(_CURVE_DAYS)
    return {
        "days": list(_CURVE_DAYS),
        "failures": matured.failures.at(days).tolist(),
        "successes": matured.successes.at(days).tolist(),
    }
