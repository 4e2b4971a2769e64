"""The charts of the report: one Altair definition each, drawn as SVG in the page's own colours.

Nothing that users wrote enters a chart: changes are numbered as in the ledger, topics stand in
tables. Colours are CSS variables (`--ink`, `--muted`, `--faint`, `--paper`, `--fall`, `--rise`), so
that one drawing serves light, dark and print.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from decay_reports.facts import FeatureFacts, TrendPoint
from decay_reports.numbers import duration, percent
from decayd.results import Estimate

if TYPE_CHECKING:
    import altair as alt

    Drawing = alt.VConcatChart | alt.LayerChart | alt.FacetChart

WIDTH = 380  # pixels; with labels two stand beside each other on a page, one fits a phone
HEIGHT = 190
_STRIP = 34
_LEAST_SPAN = 0.2  # of a share's axis, so that noise does not look like drama
INK, MUTED, FAINT, PAPER = "var(--ink)", "var(--muted)", "var(--faint)", "var(--paper)"
FALL, RISE = "var(--fall)", "var(--rise)"
_LABEL_EVERY = 4  # weeks


def trend(feature: FeatureFacts) -> "Drawing":
    """Draw weekly success with its intervals over latency and errors, all on one time axis.

    The provisional week is hollow, a restated week carries its first printed value as a tick,
    the baseline is a dashed line with its interval, changes are numbered as in the ledger.
    """
    import altair as alt

    success = alt.layer(
        *_baseline_layers(feature), *_moment_layers(feature), *_point_layers(feature)
    ).properties(width=WIDTH, height=HEIGHT)
    latency = [(point.week, point.latency_p95_ms.value) for point in feature.trend]
    errors = [(point.week, point.error_share.value) for point in feature.trend]
    return alt.vconcat(
        success,
        _strip(feature, "p95", latency, duration),
        _strip(feature, "errors", errors, lambda share: percent(share, 1), labels=True),
        spacing=8,
    )


def spark(feature: FeatureFacts) -> "Drawing":
    """Draw weekly success without axes, to stand beside the feature's name on page one."""
    import altair as alt

    chart = chart_of(_rows(feature))
    scale = share_scale([row[key] for row in _rows(feature) for key in ("low", "high")])
    x = alt.X("week:T", scale=alt.Scale(type="utc"), axis=None)
    y = alt.Y("value:Q", scale=scale, axis=None)
    layers = [chart.mark_line(color=_colour(feature), strokeWidth=1.5).encode(x=x, y=y)]
    newest = chart.transform_filter("datum.newest").mark_point(
        filled=True, fill=PAPER, stroke=_colour(feature), size=24
    )
    level = [_baseline_rule(feature, y)] if feature.baseline else []
    return alt.layer(*level, *layers, newest.encode(x=x, y=y)).properties(width=130, height=34)


def svg(chart: "Drawing") -> str:
    """Convert a chart to SVG text; the same chart gives the same bytes."""
    import altair as alt
    import vl_convert

    version = alt.SCHEMA_VERSION.removeprefix("v").rpartition(".")[0]
    spec = {**chart.to_dict(), "config": _CONFIG}  # in place of Altair's default theme
    return str(vl_convert.vegalite_to_svg(spec, vl_version=version))


_CONFIG: dict[str, Any] = {
    "aria": False,
    "background": None,
    "font": "system-ui, sans-serif",
    "padding": 4,
    "view": {"stroke": None},
    "axis": {
        "domain": False,
        "gridColor": FAINT,
        "labelColor": MUTED,
        "labelFontSize": 11,
        "tickColor": FAINT,
        "titleColor": MUTED,
    },
    "text": {"fontSize": 11, "font": "system-ui, sans-serif"},
}


def chart_of(rows: list[dict[str, Any]]) -> "alt.Chart":
    """Start a chart with its data inline."""
    import altair as alt

    return alt.Chart({"values": rows})


def _colour(feature: FeatureFacts) -> str:
    return {"falling": FALL, "recovering": RISE}.get(feature.verdict, INK)


def _instant(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def _clipped(value: float | None, otherwise: float) -> float:
    return min(1.0, max(0.0, otherwise if value is None else value))


def _shown(point: TrendPoint) -> Estimate:
    known = point.success or point.first
    return known or Estimate(None)


def _rows(feature: FeatureFacts) -> list[dict[str, Any]]:
    rows = []
    for point in feature.trend:
        shown = _shown(point)
        if shown.value is None:
            continue
        row = {
            "week": _instant(point.week),
            "value": shown.value,
            "low": _clipped(shown.low, shown.value),
            "high": _clipped(shown.high, shown.value),
            "newest": point.success is None,
            "ghost": point.first.value if point.restated and point.first else None,
        }
        rows.append(row)
    return rows


def share_scale(values: list[float]) -> "alt.Scale":
    """Leave some room on both sides; a share's axis ends at 0 and 1."""
    import altair as alt

    low, high = min(values, default=0.0), max(values, default=1.0)
    room = max(0.02, 0.1 * (high - low), 0.5 * (_LEAST_SPAN - high + low))
    return alt.Scale(domain=[max(0.0, low - room), min(1.0, high + room)], nice=False)


def share_axis() -> "alt.Axis":
    """Print shares as percentages at a few ticks."""
    import altair as alt

    return alt.Axis(format=".0%", tickCount=5)


def _success_scale(feature: FeatureFacts) -> "alt.Scale":
    values = [row[key] for row in _rows(feature) for key in ("low", "high")]
    base = feature.baseline.success.value if feature.baseline else None
    return share_scale(values + ([base] if base is not None else []))


def _time(feature: FeatureFacts, *, labels: bool) -> "alt.X":
    import altair as alt

    weeks = [point.week for point in feature.trend]
    edge = timedelta(days=4)
    domain = [_instant(weeks[0] - edge), _instant(weeks[-1] + edge)] if weeks else []
    values = [
        alt.DateTime(year=week.year, month=week.month, date=week.day, utc=True)
        for week in weeks[::-_LABEL_EVERY]
    ]
    axis = alt.Axis(values=values, format="%-d %b", labels=labels, ticks=labels, grid=False)
    scale = alt.Scale(type="utc", domain=domain, nice=False)
    return alt.X("week:T", scale=scale, axis=axis, title=None)


def _baseline_rule(feature: FeatureFacts, y: "alt.Y") -> "alt.Chart":
    value = feature.baseline.success.value if feature.baseline else None
    chart = chart_of([{"value": value}] if value is not None else [])
    rule = chart.mark_rule(strokeDash=[4, 3], color=MUTED)
    drawn: alt.Chart = rule.encode(y=y)
    return drawn


def _baseline_layers(feature: FeatureFacts) -> list["alt.Chart"]:
    import altair as alt

    base = feature.baseline.success if feature.baseline else Estimate(None)
    if base.value is None or not feature.trend:
        return []
    scale = _success_scale(feature)
    row = {
        "value": base.value,
        "low": _clipped(base.low, base.value),
        "high": _clipped(base.high, base.value),
        "text": ["baseline", percent(base.value)],
    }
    chart = chart_of([row])
    y = alt.Y("value:Q", scale=scale, axis=share_axis(), title=None)
    text = chart.mark_text(align="left", baseline="middle", dx=6, color=MUTED)
    return [
        chart.mark_rect(fill=FAINT, opacity=0.5).encode(y=alt.Y("low:Q", scale=scale), y2="high:Q"),
        _baseline_rule(feature, y),
        text.encode(x=alt.value(WIDTH), y=y, text="text:N"),
    ]


def _moment_layers(feature: FeatureFacts) -> list["alt.Chart"]:
    """Mark changes by their number in the ledger, and the week in which the fall began."""
    import altair as alt

    if not feature.trend:
        return []
    first, last = feature.trend[0].week, feature.trend[-1].week + timedelta(days=6)
    marks = [
        {"week": _instant(change.day), "text": str(number)}
        for number, change in enumerate(feature.changes, start=1)
        if first <= change.day <= last
    ]
    onset = [{"week": _instant(feature.onset), "text": "began"}] if feature.onset else []
    layers = []
    for rows, dash, y in ((marks, [1, 0], 0), (onset, [2, 2], HEIGHT)):
        chart = chart_of(rows)
        x = _time(feature, labels=False)
        text = chart.mark_text(
            align="left", dx=3, color=MUTED, baseline="top" if y == 0 else "bottom"
        )
        layers.append(chart.mark_rule(color=MUTED, strokeDash=dash, opacity=0.7).encode(x=x))
        layers.append(text.encode(x=x, y=alt.value(y), text="text:N"))
    return layers


def _point_layers(feature: FeatureFacts) -> list["alt.Chart"]:
    import altair as alt

    colour = _colour(feature)
    chart = chart_of(_rows(feature))
    x = _time(feature, labels=False)
    y = alt.Y("value:Q", scale=_success_scale(feature), axis=share_axis(), title=None)
    final = chart.transform_filter("!datum.newest")
    newest = chart.transform_filter("datum.newest")
    said = [row for row in _rows(feature) if not row["newest"]][-1:]
    last = chart_of([{**row, "text": percent(row["value"])} for row in said])
    return [
        chart.mark_rule(color=colour, opacity=0.45).encode(x=x, y=alt.Y("low:Q"), y2="high:Q"),
        final.mark_line(color=colour, strokeWidth=1).encode(x=x, y=y),
        final.mark_point(filled=True, fill=colour, size=26).encode(x=x, y=y),
        chart.transform_filter("datum.ghost != null")
        .mark_tick(color=MUTED, thickness=2, size=9, orient="horizontal")
        .encode(x=x, y="ghost:Q"),
        newest.mark_point(filled=True, fill=PAPER, stroke=colour, size=34).encode(x=x, y=y),
        last.mark_text(dy=-12, fontWeight="bold", color=colour).encode(x=x, y=y, text="text:N"),
    ]


def _strip(
    feature: FeatureFacts,
    name: str,
    series: list[tuple[date, float | None]],
    say: Callable[[float], str],
    *,
    labels: bool = False,
) -> "Drawing":
    """Draw one infrastructure series as a thin grey line over 0, named and valued at its end."""
    import altair as alt

    known = [(week, value) for week, value in series if value is not None]
    rows = [{"week": _instant(week), "value": value} for week, value in known]
    top = max((value for _, value in known), default=0.0)
    text = [name, say(known[-1][1])] if known else [name, "not measured"]
    x = _time(feature, labels=labels)
    y = alt.Y("value:Q", scale=alt.Scale(domain=[0, 1.3 * top or 1.0], nice=False), axis=None)
    line = chart_of(rows).mark_line(color=MUTED, strokeWidth=1.5).encode(x=x, y=y)
    zero = chart_of([{"value": 0}]).mark_rule(color=FAINT).encode(y=y)
    label = chart_of([{"text": text}]).mark_text(align="left", baseline="top", dx=6, color=MUTED)
    named = label.encode(x=alt.value(WIDTH), y=alt.value(2), text="text:N")
    return alt.layer(zero, line, named).properties(width=WIDTH, height=_STRIP)
