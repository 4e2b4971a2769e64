"""The charts of the report: one Altair definition each, drawn as SVG that follows the page's colours.

Nothing that users wrote enters a chart: changes are numbered, topics stand in the tables.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from decay_reports.facts import AttributionFacts, FeatureFacts, TrendPoint
from decay_reports.numbers import percent, points
from decay_reports.wording import PARTS, printed_parts
from decayd.results import Estimate

if TYPE_CHECKING:
    import altair as alt

WIDTH = 440  # pixels: two fit beside each other on a page, one fits a phone at 4/5 size
_HEIGHT = 170
_STRIP_HEIGHT = 34
_ACCENT = {"falling": "var(--fall)", "recovering": "var(--rise)"}
_INK = "var(--ink)"
_FAINT = "var(--faint)"
_MUTED = "var(--muted)"
_FONT = "system-ui, sans-serif"
_PAPER = "var(--paper)"


def trend(feature: FeatureFacts) -> "alt.VConcatChart":
    """Draw weekly success with intervals over latency and errors, all on one time axis.

    The provisional week is hollow, a restated week carries its first printed value as a tick,
    the baseline is a line with its interval, changes are numbered as in the ledger.
    """
    import altair as alt

    colour = _ACCENT.get(feature.verdict, _INK)
    success = alt.layer(
        *_baseline_layers(feature), *_change_layers(feature), *_point_layers(feature, colour)
    ).properties(width=WIDTH, height=_HEIGHT)
    latency = _strip(feature.trend, "latency_p95_ms", "p95, s", 1000.0)
    errors = _strip(feature.trend, "error_share", "errors, %", 0.01)
    return alt.vconcat(success, latency, errors, spacing=10)


def waterfall(attribution: AttributionFacts) -> "alt.LayerChart":
    """Draw the change from the baseline to now as bars that lead from one level to the other."""
    import altair as alt

    rows = _waterfall_rows(attribution)
    names = [row["name"] for row in rows]
    chart = alt.Chart(alt.Data(values=rows))
    across = alt.X("name:N", sort=names, title=None, axis=alt.Axis(labelAngle=0, labelLimit=90))
    low = min(min(row["from"], row["to"]) for row in rows if row["kind"] == "part")
    high = max(max(row["from"], row["to"]) for row in rows if row["kind"] == "part")
    room = max(0.02, 0.35 * (high - low))
    scale = alt.Scale(domain=[max(0.0, low - room), min(1.0, high + room)], nice=False)
    up = alt.Y("from:Q", scale=scale, title=None, axis=alt.Axis(format=".0%", tickCount=5))
    bars = chart.mark_bar(size=46).encode(
        x=across, y=up, y2="to:Q", color=alt.Color("colour:N", scale=None)
    )
    levels = chart.transform_filter("datum.next != null").mark_rule(color=_MUTED)
    labels = chart.mark_text(baseline="bottom", dy=-4, color=_INK, fontWeight=600).encode(
        x=across, y="top:Q", text="text:N"
    )
    return alt.layer(bars, labels, *_bounds(chart, across), levels.encode(x=across, y="to:Q"))
