"""The charts: what is drawn, in the page's own colours, the same bytes every time."""

import re
import xml.etree.ElementTree as ET

import msgspec
import pytest

from decay_reports.facts.report import FeatureFacts
from decay_reports.formats import html
from decay_reports.layout import charts
from decay_reports.layout.waterfall import waterfall
from decayd.results import Estimate
from tests.golden.report_sample import refund_help, returns_bot, steady

_DRAWN = {"svg", "g", "path", "rect", "line", "text", "tspan"}


def elements(svg: str) -> list[ET.Element]:
    return list(ET.fromstring(svg).iter())  # noqa: S314 - we drew it


def words(svg: str) -> str:
    return " ".join(text for element in elements(svg) for text in element.itertext())


def test_a_chart_has_the_same_bytes_every_time() -> None:
    feature = refund_help()
    for chart in ("spark", "trend", "waterfall", "topics"):
        assert html.draw(feature, chart) == html.draw(feature, chart)


def test_a_chart_is_shapes_and_text_without_links_scripts_or_ids() -> None:
    for chart in ("spark", "trend", "waterfall", "topics"):
        for element in elements(html.draw(refund_help(), chart)):
            assert element.tag.rpartition("}")[2] in _DRAWN
            assert "id" not in element.attrib
            assert not [a for a in element.attrib if a.startswith("on") or "href" in a]


def test_every_colour_follows_the_page() -> None:
    for chart in ("spark", "trend", "waterfall", "topics"):
        svg = html.draw(refund_help(), chart)
        colours = set(re.findall(r'(?:fill|stroke)="([^"]*)"', svg))
        assert {c for c in colours if not c.startswith("var(--")} <= {"none", "transparent"}


def test_only_a_feature_that_moves_carries_an_accent() -> None:
    assert charts.FALL in charts.svg(charts.trend(refund_help()))
    assert charts.FALL not in charts.svg(charts.trend(steady()))
    recovering = msgspec.structs.replace(refund_help(), verdict="recovering")
    assert charts.RISE in charts.svg(charts.trend(recovering))


def test_the_provisional_week_is_the_only_hollow_point() -> None:
    rows = [layer for layer in _success_layers(steady()) if layer["mark"]["type"] == "point"]
    hollow = [layer for layer in rows if layer["mark"]["fill"] == charts.PAPER]
    assert [len(layer["data"]["values"]) for layer in hollow] == [1]
    assert hollow[0]["data"]["values"][0]["week"] == "2026-10-12T00:00:00Z"


def test_a_restated_week_keeps_its_first_value_as_a_tick() -> None:
    feature = steady()
    ticks = next(layer for layer in _success_layers(feature) if layer["mark"]["type"] == "tick")
    restated = [point for point in feature.trend if point.restated and point.first]
    assert [row["ghost"] for row in ticks["data"]["values"]] == [
        point.first.value for point in restated if point.first
    ]


def test_changes_stand_under_their_number_in_the_ledger() -> None:
    svg = charts.svg(charts.trend(refund_help()))
    assert {"1", "2", "began", "baseline", "58%"} <= set(words(svg).split())


def test_the_axis_of_a_still_share_is_wide_enough_not_to_look_like_drama() -> None:
    low, high = charts.share_y("value", [0.79, 0.81])["scale"]["domain"]
    assert high - low == pytest.approx(0.2)
    assert charts.share_y("value", [0.99, 1.0])["scale"]["domain"][1] == 1.0


def test_a_feature_that_was_never_measured_has_no_chart() -> None:
    assert html.draw(returns_bot(), "trend") == ""
    assert html.draw(returns_bot(), "spark") == ""
    assert html.draw(returns_bot(), "waterfall") == ""


def test_one_week_alone_can_be_drawn() -> None:
    alone = msgspec.structs.replace(steady(), trend=steady().trend[-1:], baseline=None)
    assert "<svg" in html.draw(alone, "trend")
    assert "<svg" in html.draw(alone, "spark")


def test_weeks_without_latency_say_so() -> None:
    points = [msgspec.structs.replace(p, latency_p95_ms=Estimate(None)) for p in steady().trend]
    silent = msgspec.structs.replace(steady(), trend=tuple(points))
    assert "not measured" in words(html.draw(silent, "trend"))


def test_the_waterfall_leads_from_the_baseline_to_now_without_a_gap() -> None:
    attribution = refund_help().attribution
    assert attribution is not None
    bars = waterfall(attribution)["layer"][0]["data"]["values"]
    ends = waterfall(attribution)["layer"][1]["data"]["values"]
    levels = [ends[0]["to"], *(bar["to"] for bar in bars)]
    assert [bar["from"] for bar in bars] == levels[:-1]
    assert ends[1]["from"] == levels[-1]
    assert [bar["colour"] for bar in bars] == [charts.FALL, charts.FALL, charts.MUTED, charts.MUTED]


def _success_layers(feature: FeatureFacts) -> list[charts.Spec]:
    layers: list[charts.Spec] = charts.trend(feature)["vconcat"][0]["layer"]
    return layers
