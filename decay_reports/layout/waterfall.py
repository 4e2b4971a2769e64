"""The chart of a change taken apart: from the baseline to now by bars that add up."""

from decay_reports.facts.report import AttributionFacts
from decay_reports.facts.wording import PARTS, printed_parts
from decay_reports.layout.charts import FALL, HEIGHT, INK, MUTED, RISE, WIDTH, Spec, layer, share_y
from decay_reports.numbers import percent, points
from decayd.results import Estimate

_HALF_BAR = 0.36
_BESIDE = 40  # pixels that the trend beside it needs for its labels


def waterfall(attribution: AttributionFacts) -> Spec:
    """Draw the change from the baseline to now as bars that lead from one level to the other.

    Named causes carry an accent, the others are grey; each bar has its interval.
    """
    rows = _placed(_rows(attribution))
    parts = [row for row in rows if row["part"]]
    ends = [row for row in rows if not row["part"]]
    edges = [row[key] for row in rows for key in _LEVELS if key in row]

    def x(field: str) -> Spec:
        return _across(field, rows)

    def y(field: str) -> Spec:
        return share_y(field, edges)

    end = {"type": "rule", "strokeWidth": 4, "color": INK}
    link = {"type": "rule", "color": MUTED}
    spread = {"type": "rule", "color": INK, "opacity": 0.55}
    label = {"type": "text", "baseline": "bottom", "dy": -5, "color": INK, "fontWeight": "bold"}
    colour: Spec = {"field": "colour", "type": "nominal", "scale": None}
    right: Spec = {"field": "right"}
    to: Spec = {"field": "to"}
    layers = [
        layer({"type": "bar"}, parts, x=x("left"), x2=right, y=y("from"), y2=to, fill=colour),
        layer(end, ends, x=x("left"), x2=right, y=y("to")),
        layer(link, rows[:-1], x=x("right"), x2={"field": "next"}, y=y("to")),
        layer(spread, parts, x=x("middle"), y=y("low"), y2={"field": "high"}),
        layer(label, rows, x=x("middle"), y=y("top"), text={"field": "text"}),
    ]
    return {"width": WIDTH + _BESIDE, "height": HEIGHT, "layer": layers}


def _across(field: str, rows: list[Spec]) -> Spec:
    """Put bars side by side; each is named under the axis."""
    names = [row["name"] for row in rows]
    axis = {
        "values": list(range(len(rows))),
        "labelExpr": f"split({names}[datum.value], ' ')",
        "grid": False,
        "ticks": False,
    }
    scale = {"domain": [-0.5, len(rows) - 0.5], "nice": False}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": axis}


_LEVELS = ("from", "to", "low", "high", "top")


def _rows(attribution: AttributionFacts) -> list[Spec]:
    level = round(attribution.before.value or 0.0, 3)
    rows = [_end("baseline", level)]
    for part, change in printed_parts(attribution, 1):
        name = PARTS.get(part.name, "other")
        rows.append(
            _bar(name, level, change, part.change) | {"colour": _accent(change, part.cause)}
        )
        level = round(level + change, 3)
    return [*rows, _end("now", level)]


def _placed(rows: list[Spec]) -> list[Spec]:
    return [
        row
        | {"left": k - _HALF_BAR, "middle": k, "right": k + _HALF_BAR, "next": k + 1 - _HALF_BAR}
        for k, row in enumerate(rows)
    ]


def _end(name: str, level: float) -> Spec:
    text = percent(level, 1)
    return {"name": name, "part": False, "from": level, "to": level, "top": level, "text": text}


def _bar(name: str, level: float, change: float, spread: Estimate) -> Spec:
    low = level + (change if spread.low is None else spread.low)
    high = level + (change if spread.high is None else spread.high)
    return {
        "name": name,
        "part": True,
        "from": level,
        "to": round(level + change, 3),
        "low": low,
        "high": high,
        "top": max(level, level + change, high),
        "text": points(change),
    }


def _accent(change: float, cause: bool) -> str:
    if not cause:
        return MUTED
    return FALL if change < 0 else RISE
