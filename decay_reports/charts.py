"""The charts of the report: one Altair definition each, drawn as SVG in the page's own colours.

Nothing that users wrote enters a chart: changes are numbered as in the ledger, topics stand in
tables. Colours are CSS variables (`--ink`, `--muted`, `--faint`, `--paper`, `--fall`, `--rise`), so
that one drawing serves light, dark and print.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from decay_reports.facts import AttributionFacts, FeatureFacts, TrendPoint
from decay_reports.numbers import duration, percent, points
from decay_reports.wording import PARTS, printed_parts
from decayd.results import Estimate

if TYPE_CHECKING:
    import altair as alt

    Drawing = alt.VConcatChart | alt.LayerChart | alt.FacetChart

WIDTH = 380  # pixels; with labels two stand beside each other on a page, one fits a phone
_HEIGHT = 190
_STRIP = 34
_LEAST_SPAN = 0.2  # of a share's axis, so that noise does not look like drama
_INK, _MUTED, _FAINT, _PAPER = "var(--ink)", "var(--muted)", "var(--faint)", "var(--paper)"
_FALL, _RISE = "var(--fall)", "var(--rise)"
_HALF_BAR = 0.36
_LABEL_EVERY = 4  # weeks


def trend(feature: FeatureFacts) -> "Drawing":
    """Draw weekly success with its intervals over latency and errors, all on one time axis.

    The provisional week is hollow, a restated week carries its first printed value as a tick,
    the baseline is a dashed line with its interval, changes are numbered as in the ledger.
    """
    import altair as alt

    success = alt.layer(
        *_baseline_layers(feature), *_moment_layers(feature), *_point_layers(feature)
    ).properties(width=WIDTH, height=_HEIGHT)
    latency = [(point.week, point.latency_p95_ms.value) for point in feature.trend]
    errors = [(point.week, point.error_share.value) for point in feature.trend]
    return alt.vconcat(
        success,
        _strip(feature, "p95", latency, duration),
        _strip(feature, "errors", errors, lambda share: percent(share, 1), labels=True),
        spacing=8,
    )


def waterfall(attribution: AttributionFacts) -> "Drawing":
    """Draw the change from the baseline to now as bars that lead from one level to the other.

    Named causes carry an accent, the others are grey; each bar has its interval.
    """
    import altair as alt

    rows = _waterfall_rows(attribution)
    chart = _chart(rows)
    names = [str(row["name"]) for row in rows]
    axis = alt.Axis(
        values=list(range(len(rows))), labelExpr=f"{names}[datum.value]", grid=False, ticks=False
    )
    across = alt.Scale(domain=[-0.5, len(rows) - 0.5], nice=False)
    x = alt.X("left:Q", scale=across, axis=axis, title=None)
    y = alt.Y("from:Q", scale=_scale(_edges(rows)), axis=_share_axis(), title=None)
    bars = chart.transform_filter("datum.part").mark_bar()
    ends = chart.transform_filter("!datum.part").mark_rule(strokeWidth=4, color=_INK)
    links = chart.transform_filter("datum.next").mark_rule(color=_MUTED)
    spread = chart.transform_filter("datum.part").mark_rule(color=_INK, opacity=0.55)
    label = chart.mark_text(baseline="bottom", dy=-5, color=_INK, fontWeight="bold")
    return alt.layer(
        bars.encode(x=x, x2="right:Q", y=y, y2="to:Q", fill=alt.Fill("colour:N", scale=None)),
        ends.encode(x=x, x2="right:Q", y="to:Q"),
        links.encode(x="right:Q", x2="next:Q", y="to:Q"),
        spread.encode(x="middle:Q", y="low:Q", y2="high:Q"),
        label.encode(x="middle:Q", y="top:Q", text="text:N"),
    ).properties(width=WIDTH + 40, height=_HEIGHT)


def spark(feature: FeatureFacts) -> "Drawing":
    """Draw weekly success without axes, to stand beside the feature's name on page one."""
    import altair as alt

    chart = _chart(_rows(feature))
    scale = _scale([row[key] for row in _rows(feature) for key in ("low", "high")])
    x = alt.X("week:T", scale=alt.Scale(type="utc"), axis=None)
    y = alt.Y("value:Q", scale=scale, axis=None)
    layers = [chart.mark_line(color=_colour(feature), strokeWidth=1.5).encode(x=x, y=y)]
    newest = chart.transform_filter("datum.newest").mark_point(
        filled=True, fill=_PAPER, stroke=_colour(feature), size=24
    )
    level = [_baseline_rule(feature, y)] if feature.baseline else []
    return alt.layer(*level, *layers, newest.encode(x=x, y=y)).properties(width=130, height=34)


def svg(chart: "Drawing") -> str:
    """Convert a chart to SVG text; the same chart gives the same bytes."""
    import vl_convert

    spec = {**chart.to_dict(), "config": _CONFIG}  # in place of Altair's default theme
    return str(vl_convert.vegalite_to_svg(spec, vl_version=_VEGA_LITE))


_VEGA_LITE = "6.4"
_CONFIG: dict[str, Any] = {
    "aria": False,
    "background": None,
    "font": "system-ui, sans-serif",
    "padding": 4,
    "view": {"stroke": None},
    "axis": {
        "domain": False,
        "gridColor": _FAINT,
        "labelColor": _MUTED,
        "labelFontSize": 11,
        "tickColor": _FAINT,
        "titleColor": _MUTED,
    },
    "text": {"fontSize": 11, "font": "system-ui, sans-serif"},
}


def _chart(rows: list[dict[str, Any]]) -> "alt.Chart":
    import altair as alt

    return alt.Chart({"values": rows})


def _colour(feature: FeatureFacts) -> str:
    return {"falling": _FALL, "recovering": _RISE}.get(feature.verdict, _INK)


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


def _scale(values: list[float]) -> "alt.Scale":
    """Leave some room on both sides; a share's axis ends at 0 and 1."""
    import altair as alt

    low, high = min(values, default=0.0), max(values, default=1.0)
    room = max(0.02, 0.1 * (high - low), 0.5 * (_LEAST_SPAN - high + low))
    return alt.Scale(domain=[max(0.0, low - room), min(1.0, high + room)], nice=False)


def _share_axis() -> "alt.Axis":
    import altair as alt

    return alt.Axis(format=".0%", tickCount=5)


def _success_scale(feature: FeatureFacts) -> "alt.Scale":
    values = [row[key] for row in _rows(feature) for key in ("low", "high")]
    base = feature.baseline.success.value if feature.baseline else None
    return _scale(values + ([base] if base is not None else []))


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
    chart = _chart([{"value": value}] if value is not None else [])
    rule = chart.mark_rule(strokeDash=[4, 3], color=_MUTED)
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
    chart = _chart([row])
    y = alt.Y("value:Q", scale=scale, axis=_share_axis(), title=None)
    text = chart.mark_text(align="left", baseline="middle", dx=6, color=_MUTED)
    return [
        chart.mark_rect(fill=_FAINT, opacity=0.5).encode(
            y=alt.Y("low:Q", scale=scale), y2="high:Q"
        ),
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
    for rows, dash, y in ((marks, [1, 0], 0), (onset, [2, 2], _HEIGHT)):
        chart = _chart(rows)
        x = _time(feature, labels=False)
        text = chart.mark_text(
            align="left", dx=3, color=_MUTED, baseline="top" if y == 0 else "bottom"
        )
        layers.append(chart.mark_rule(color=_MUTED, strokeDash=dash, opacity=0.7).encode(x=x))
        layers.append(text.encode(x=x, y=alt.value(y), text="text:N"))
    return layers


def _point_layers(feature: FeatureFacts) -> list["alt.Chart"]:
    import altair as alt

    colour = _colour(feature)
    chart = _chart(_rows(feature))
    x = _time(feature, labels=False)
    y = alt.Y("value:Q", scale=_success_scale(feature), axis=_share_axis(), title=None)
    final = chart.transform_filter("!datum.newest")
    newest = chart.transform_filter("datum.newest")
    said = [row for row in _rows(feature) if not row["newest"]][-1:]
    last = _chart([{**row, "text": percent(row["value"])} for row in said])
    return [
        chart.mark_rule(color=colour, opacity=0.45).encode(x=x, y=alt.Y("low:Q"), y2="high:Q"),
        final.mark_line(color=colour, strokeWidth=1).encode(x=x, y=y),
        final.mark_point(filled=True, fill=colour, size=26).encode(x=x, y=y),
        chart.transform_filter("datum.ghost != null")
        .mark_tick(color=_MUTED, thickness=2, size=9, orient="horizontal")
        .encode(x=x, y="ghost:Q"),
        newest.mark_point(filled=True, fill=_PAPER, stroke=colour, size=34).encode(x=x, y=y),
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
    line = _chart(rows).mark_line(color=_MUTED, strokeWidth=1.5).encode(x=x, y=y)
    zero = _chart([{"value": 0}]).mark_rule(color=_FAINT).encode(y=y)
    label = _chart([{"text": text}]).mark_text(align="left", baseline="top", dx=6, color=_MUTED)
    named = label.encode(x=alt.value(WIDTH), y=alt.value(2), text="text:N")
    return alt.layer(zero, line, named).properties(width=WIDTH, height=_STRIP)


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
    accent = _FALL if change < 0 else _RISE
    return {
        "name": name,
        "part": True,
        "from": level,
        "to": round(level + change, 3),
        "low": low,
        "high": high,
        "top": max(level, level + change, high),
        "colour": accent if cause else _MUTED,
        "text": points(change),
    }


def _edges(rows: list[dict[str, Any]]) -> list[float]:
    keys = ("from", "to", "low", "high", "top")
    return [row[key] for row in rows for key in keys if row.get(key) is not None]
