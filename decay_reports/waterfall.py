"""The chart of a change taken apart: from the baseline to now by bars that add up."""

from typing import TYPE_CHECKING, Any

from decay_reports.charts import (
    FALL,
    HEIGHT,
    INK,
    MUTED,
    RISE,
    WIDTH,
    chart_of,
    share_axis,
    share_scale,
)
from decay_reports.facts import AttributionFacts
from decay_reports.numbers import percent, points
from decay_reports.wording import PARTS, printed_parts
from decayd.results import Estimate

if TYPE_CHECKING:
    from decay_reports.charts import Drawing

_HALF_BAR = 0.36


def waterfall(attribution: AttributionFacts) -> "Drawing":
    """Draw the change from the baseline to now as bars that lead from one level to the other.

    Named causes carry an accent, the others are grey; each bar has its interval.
    """
    import altair as alt

    rows = _waterfall_rows(attribution)
    chart = chart_of(rows)
    names = [str(row["name"]) for row in rows]
    axis = alt.Axis(
        values=list(range(len(rows))), labelExpr=f"{names}[datum.value]", grid=False, ticks=False
    )
    across = alt.Scale(domain=[-0.5, len(rows) - 0.5], nice=False)
    x = alt.X("left:Q", scale=across, axis=axis, title=None)
    y = alt.Y("from:Q", scale=share_scale(_edges(rows)), axis=share_axis(), title=None)
    bars = chart.transform_filter("datum.part").mark_bar()
    ends = chart.transform_filter("!datum.part").mark_rule(strokeWidth=4, color=INK)
    links = chart.transform_filter("datum.next").mark_rule(color=MUTED)
    spread = chart.transform_filter("datum.part").mark_rule(color=INK, opacity=0.55)
    label = chart.mark_text(baseline="bottom", dy=-5, color=INK, fontWeight="bold")
    return alt.layer(
        bars.encode(x=x, x2="right:Q", y=y, y2="to:Q", fill=alt.Fill("colour:N", scale=None)),
        ends.encode(x=x, x2="right:Q", y="to:Q"),
        links.encode(x="right:Q", x2="next:Q", y="to:Q"),
        spread.encode(x="middle:Q", y="low:Q", y2="high:Q"),
        label.encode(x="middle:Q", y="top:Q", text="text:N"),
    ).properties(width=WIDTH + 40, height=HEIGHT)


def _waterfall_rows(attribution: AttributionFacts) -> list[dict[str, Any]]:
    level = round(attribution.before.value or 0.0, 3)
    rows = [_end("baseline", level)]
    for part, change in printed_parts(attribution, 1):
        rows.append(_bar(PARTS.get(part.name, "other"), level, change, part.change, part.cause))
        level = round(level + change, 3)
    rows.append(_end("now", level))
    last = len(rows) - 1
    return [
        {
            **row,
            "left": k - _HALF_BAR,
            "middle": k,
            "right": k + _HALF_BAR,
            "next": k + 1 - _HALF_BAR if k < last else None,
        }
        for k, row in enumerate(rows)
    ]


def _end(name: str, level: float) -> dict[str, Any]:
    text = percent(level, 1)
    return {"name": name, "part": False, "from": level, "to": level, "top": level, "text": text}


def _bar(name: str, level: float, change: float, spread: Estimate, cause: bool) -> dict[str, Any]:
    low = level + (change if spread.low is None else spread.low)
    high = level + (change if spread.high is None else spread.high)
    accent = FALL if change < 0 else RISE
    return {
        "name": name,
        "part": True,
        "from": level,
        "to": round(level + change, 3),
        "low": low,
        "high": high,
        "top": max(level, level + change, high),
        "colour": accent if cause else MUTED,
        "text": points(change),
    }


def _edges(rows: list[dict[str, Any]]) -> list[float]:
    keys = ("from", "to", "low", "high", "top")
    return [row[key] for row in rows for key in keys if row.get(key) is not None]
