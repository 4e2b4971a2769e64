"""The charts of the report: one Vega-Lite definition each, drawn as SVG in the page's own colours.

Nothing that users wrote enters a chart: changes are numbered as in the ledger, topics stand in
tables. Colours are CSS variables (`--ink`, `--muted`, `--faint`, `--paper`, `--fall`, `--rise`), so
that one drawing serves light, dark and print. The definitions are plain dicts: Altair's classes
cost four times as much as the drawing itself.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from decay_reports.facts.report import FeatureFacts, TrendPoint
from decay_reports.numbers import duration, percent
from decayd.results import Estimate

Spec = dict[str, Any]

WIDTH = 380  # pixels; with labels two stand beside each other on a page, one fits a phone
HEIGHT = 190
INK, MUTED, FAINT, PAPER = "var(--ink)", "var(--muted)", "var(--faint)", "var(--paper)"
FALL, RISE = "var(--fall)", "var(--rise)"
_STRIP = 34
_SPARK = (130, 34)
_LEAST_SPAN = 0.2  # of a share's axis, so that noise does not look like drama
_LABEL_EVERY = 4  # weeks
_SHARE_AXIS: Spec = {"format": ".0%", "tickCount": 5}
_CONFIG: Spec = {
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
        "title": None,
    },
    "text": {"fontSize": 11, "font": "system-ui, sans-serif"},
}


def svg(spec: Spec) -> str:
    """Convert a chart to SVG text; the same chart gives the same bytes."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg({**spec, "config": _CONFIG}))


def trend(feature: FeatureFacts) -> Spec:
    """Draw weekly success with its intervals over latency and errors, all on one time axis.

    The provisional week is hollow, a restated week carries its first printed value as a tick,
    the baseline is a dashed line with its interval, changes are numbered as in the ledger.
    """
    weeks = [point.week for point in feature.trend]
    latency = [(point.week, point.latency_p95_ms.value) for point in feature.trend]
    errors = [(point.week, point.error_share.value) for point in feature.trend]
    layers = [*_baseline(feature), *_moments(feature, weeks), *_points(feature, weeks)]
    return {
        "spacing": 8,
        "vconcat": [
            {"width": WIDTH, "height": HEIGHT, "layer": layers},
            _strip(weeks, ("p95", latency, duration)),
            _strip(weeks, ("errors", errors, lambda value: percent(value, 1)), labels=True),
        ],
    }


def spark(feature: FeatureFacts) -> Spec:
    """Draw weekly success without axes, to stand beside the feature's name on page one."""
    rows = _rows(feature.trend)
    x = {"field": "week", "type": "temporal", "scale": {"type": "utc"}, "axis": None}
    y = share_y("value", [row[key] for row in rows for key in ("low", "high")], axis=None)
    colour = _colour(feature)
    level = feature.baseline.success.value if feature.baseline else None
    base = {"type": "rule", "strokeDash": [4, 3], "color": MUTED}
    newest = {"type": "point", "filled": True, "fill": PAPER, "stroke": colour, "size": 24}
    layers = [
        *([layer(base, [{"value": level}], y=y)] if level is not None else []),
        layer({"type": "line", "color": colour, "strokeWidth": 1.5}, rows, x=x, y=y),
        layer(newest, [row for row in rows if row["newest"]], x=x, y=y),
    ]
    return {"width": _SPARK[0], "height": _SPARK[1], "layer": layers}


def layer(mark: Spec, rows: Iterable[Spec], **encoding: Spec) -> Spec:
    """Return one layer with its own data."""
    return {"mark": mark, "data": {"values": list(rows)}, "encoding": encoding}


def share_y(field: str, values: Sequence[float], axis: Spec | None = _SHARE_AXIS) -> Spec:
    """Put a share on the y axis, with room around `values`; it never passes 0 or 1."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = max(0.02, 0.1 * (high - low), 0.5 * (_LEAST_SPAN - high + low))
    scale = {"domain": [max(0.0, low - room), min(1.0, high + room)], "nice": False}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": axis}


def _colour(feature: FeatureFacts) -> str:
    return {"falling": FALL, "recovering": RISE}.get(feature.verdict, INK)


def instant(day: date) -> str:
    """Return a day as Vega's UTC instant."""
    return f"{day.isoformat()}T00:00:00Z"


def _clipped(value: float | None, otherwise: float) -> float:
    return min(1.0, max(0.0, otherwise if value is None else value))


def _rows(points: Sequence[TrendPoint]) -> list[Spec]:
    shown = [(point, point.success or point.first or Estimate(None)) for point in points]
    return [
        {
            "week": instant(point.week),
            "value": _clipped(estimate.value, 0.0),
            "low": _clipped(estimate.low, estimate.value),
            "high": _clipped(estimate.high, estimate.value),
            "newest": point.success is None,
            "ghost": point.first.value if point.restated and point.first else None,
        }
        for point, estimate in shown
        if estimate.value is not None
    ]


def time_x(weeks: Sequence[date], *, labels: bool = False) -> Spec:
    """Put weeks on the x axis; the newest carries a label, and every fourth before it."""
    edge = timedelta(days=4)
    scale = {"type": "utc", "nice": False, "domain": [
        instant(min(weeks) - edge), instant(max(weeks) + edge)
    ]}  # fmt: skip
    values = [
        {"year": week.year, "month": week.month, "date": week.day, "utc": True}
        for week in weeks[::-_LABEL_EVERY]
    ]
    axis = {"values": values, "format": "%-d %b", "labels": labels, "ticks": labels, "grid": False}
    return {"field": "week", "type": "temporal", "scale": scale, "axis": axis}


def _success_y(feature: FeatureFacts, field: str) -> Spec:
    values = [row[key] for row in _rows(feature.trend) for key in ("low", "high")]
    base = feature.baseline.success.value if feature.baseline else None
    return share_y(field, values + ([base] if base is not None else []))


def _baseline(feature: FeatureFacts) -> list[Spec]:
    base = feature.baseline.success if feature.baseline else Estimate(None)
    if base.value is None:
        return []
    row = {
        "value": base.value,
        "low": _clipped(base.low, base.value),
        "high": _clipped(base.high, base.value),
        "text": ["baseline", percent(base.value)],
    }
    value, low = _success_y(feature, "value"), _success_y(feature, "low")
    text = {"type": "text", "align": "left", "baseline": "middle", "dx": 6, "color": MUTED}
    at_end = {"value": WIDTH}
    return [
        layer({"type": "rect", "fill": FAINT, "opacity": 0.5}, [row], y=low, y2={"field": "high"}),
        layer({"type": "rule", "strokeDash": [4, 3], "color": MUTED}, [row], y=value),
        layer(text, [row], x=at_end, y=value, text={"field": "text"}),
    ]


def _moments(feature: FeatureFacts, weeks: Sequence[date]) -> list[Spec]:
    """Mark changes by their number in the ledger, and the week in which the fall began."""
    last = max(weeks) + timedelta(days=6)
    changes = [
        {"week": instant(change.day), "text": str(number)}
        for number, change in enumerate(feature.changes, start=1)
        if min(weeks) <= change.day <= last
    ]
    onset = feature.onset
    known = onset is not None and min(weeks) <= onset <= last
    began = [{"week": instant(onset), "text": "began"}] if onset and known else []
    x = time_x(weeks)
    made = []
    for rows, dash, y, side in ((changes, [1, 0], 0, "top"), (began, [2, 2], HEIGHT, "bottom")):
        rule = {"type": "rule", "color": MUTED, "strokeDash": dash, "opacity": 0.7}
        text = {"type": "text", "align": "left", "dx": 3, "color": MUTED, "baseline": side}
        made.append(layer(rule, rows, x=x))
        made.append(layer(text, rows, x=x, y={"value": y}, text={"field": "text"}))
    return made


def _points(feature: FeatureFacts, weeks: Sequence[date]) -> list[Spec]:
    colour, rows = _colour(feature), _rows(feature.trend)
    final = [row for row in rows if not row["newest"]]
    said = [{**row, "text": percent(row["value"])} for row in final[-1:]]
    x, y = time_x(weeks), _success_y(feature, "value")
    tick = {"type": "tick", "color": MUTED, "thickness": 2, "size": 9, "orient": "horizontal"}
    point = {"type": "point", "filled": True, "fill": colour, "size": 26}
    hollow = {"type": "point", "filled": True, "fill": PAPER, "stroke": colour, "size": 34}
    label = {"type": "text", "dy": -12, "fontWeight": "bold", "color": colour}
    spread = {"type": "rule", "color": colour, "opacity": 0.45}
    return [
        layer(spread, rows, x=x, y=_success_y(feature, "low"), y2={"field": "high"}),
        layer({"type": "line", "color": colour, "strokeWidth": 1}, final, x=x, y=y),
        layer(point, final, x=x, y=y),
        layer(
            tick,
            [row for row in final if row["ghost"] is not None],
            x=x,
            y=_success_y(feature, "ghost"),
        ),
        layer(hollow, [row for row in rows if row["newest"]], x=x, y=y),
        layer(label, said, x=x, y=y, text={"field": "text"}),
    ]


def _strip(
    weeks: Sequence[date],
    named: tuple[str, list[tuple[date, float | None]], Callable[[float], str]],
    *,
    labels: bool = False,
) -> Spec:
    """Draw one infrastructure series as a thin grey line over 0, named and valued at its end."""
    name, series, say = named
    known = [(week, value) for week, value in series if value is not None]
    rows = [{"week": instant(week), "value": value} for week, value in known]
    top = max((value for _, value in known), default=0.0)
    text = {"type": "text", "align": "left", "baseline": "top", "dx": 6, "color": MUTED}
    label = [{"text": [name, say(known[-1][1]) if known else "not measured"]}]
    scale = {"domain": [0, 1.3 * top or 1.0], "nice": False}
    x = time_x(weeks, labels=labels)
    y = {"field": "value", "type": "quantitative", "scale": scale, "axis": None}
    # the invisible week keeps the time axis where nothing was measured
    axis = {"type": "rule", "color": FAINT, "opacity": 0}
    layers = [
        layer(axis, [{"week": instant(weeks[-1])}], x=x),
        layer({"type": "rule", "color": FAINT}, [{"value": 0}], y=y),
        layer({"type": "line", "color": MUTED, "strokeWidth": 1.5}, rows, x=x, y=y),
        layer(text, label, x={"value": WIDTH}, y={"value": 2}, text={"field": "text"}),
    ]
    return {"width": WIDTH, "height": _STRIP, "layer": layers}
