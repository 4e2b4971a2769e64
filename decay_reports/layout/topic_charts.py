"""Small multiples of topic shares: a line with its interval per topic, each on an axis from 0."""

from collections.abc import Sequence
from datetime import date

from decay_reports.facts.asked_facts import AskedFacts, AskedTopic
from decay_reports.layout.charts import FAINT, INK, MUTED, PAPER, Spec, instant, layer, time_x
from decay_reports.numbers import percent

_WIDTH, _HEIGHT = 150, 60  # pixels; three stand beside each other on a page, two on a phone
_COLUMNS = 3


def shares(asked: AskedFacts) -> Spec | None:
    """Draw the weekly share of the topics that carry one; topics are named by their ids.

    Labels are made of other people's words, so they stand in the table beside the chart.
    """
    drawn = [topic for topic in asked.topics if topic.weekly]
    weeks = sorted({point.week for topic in drawn for point in topic.weekly})
    if not weeks:
        return None
    about = {change.topic_id for change in asked.changes if change.state == "open"}
    panels = [_panel(topic, weeks, marked=topic.topic_id in about) for topic in drawn]
    return {"columns": _COLUMNS, "spacing": 16, "concat": panels}


def _panel(topic: AskedTopic, weeks: Sequence[date], *, marked: bool) -> Spec:
    colour = INK if marked else MUTED
    rows = [
        {
            "week": instant(point.week),
            "value": point.share.value,
            "low": point.share.low,
            "high": point.share.high,
        }
        for point in topic.weekly
        if point.share.value is not None
    ]
    x = time_x(weeks, labels=True)
    x = x | {"axis": x["axis"] | {"values": x["axis"]["values"][:1] + x["axis"]["values"][-1:]}}
    seen = [*(point.share for point in topic.weekly), topic.share_before]
    top = max((share.high or share.value or 0.0 for share in seen), default=0.0) or 1.0
    value, low = (_axis(field, top) for field in ("value", "low"))
    newest = topic.share_now.value
    said = [{"text": f"{topic.topic_id}  {'' if newest is None else percent(newest, 1)}"}]
    text = {"type": "text", "align": "left", "baseline": "bottom", "color": colour}
    text |= {"fontWeight": "bold"} if marked else {}
    point = {"type": "point", "filled": True, "fill": PAPER, "stroke": colour, "size": 20}
    before = [{"value": topic.share_before.value}] if topic.share_before.value is not None else []
    band = {"type": "area", "color": FAINT, "opacity": 0.8}
    layers = [
        layer(band, rows, x=x, y=low, y2={"field": "high"}),
        layer({"type": "rule", "strokeDash": [4, 3], "color": MUTED}, before, y=value),
        layer({"type": "line", "color": colour, "strokeWidth": 1.5}, rows, x=x, y=value),
        layer(point, rows[-1:], x=x, y=value),
        layer(text, said, x={"value": 2}, y={"value": -4}, text={"field": "text"}),
    ]
    return {"width": _WIDTH, "height": _HEIGHT, "layer": layers}


def _axis(field: str, top: float) -> Spec:
    scale = {"domain": [0, min(1.0, 1.1 * top)], "nice": False}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": None}
