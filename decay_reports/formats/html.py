"""The report as one HTML file that opens from disk: no script, no font, nothing fetched."""

import re
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from decay_reports.facts.report import FeatureFacts, ReportFacts
from decay_reports.layout import aspect_sections, charts, topic_charts, waterfall
from decay_reports.layout.outline import outline
from decay_reports.layout.sections import sections
from decay_reports.numbers import visible

SUFFIX = "html"
_LONGEST = 4000  # characters of one printed value; everything decayd writes is far shorter
_PLAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,99}\.html")

Draw = Callable[[FeatureFacts, str], str]


def render(facts: ReportFacts) -> str:
    """Return the whole page with its charts."""
    return page(facts, draw)


def draw(feature: FeatureFacts, chart: str) -> str:
    """Return one chart of a feature as SVG: `spark`, `trend`, `waterfall` or `topics`, or ''."""
    if chart == "topics":
        drawn = topic_charts.shares(feature.asked) if feature.asked else None
        return charts.svg(drawn) if drawn else ""
    if chart == "waterfall":
        return charts.svg(waterfall.waterfall(feature.attribution)) if feature.attribution else ""
    if not any((point.success or point.first) for point in feature.trend):
        return ""
    return charts.svg(charts.spark(feature) if chart == "spark" else charts.trend(feature))


def page(facts: ReportFacts, drawn: Draw) -> str:
    """Lay the outline out, with charts from `drawn`.

    Only the SVG of our own charts and our own style sheet go in as markup; every other value is
    escaped by Jinja after characters that deceive the eye were taken out.
    """
    whole = outline(facts)
    return _template().render(
        outline=whole,
        pages=[(brief, sections(brief.feature)) for brief in whole.briefs],
        system=aspect_sections.system(facts.aspects),
        style=Markup(_text("report.css")),  # noqa: S704 - our own file
        draw=lambda feature, chart: Markup(drawn(feature, chart)),  # noqa: S704 - our own SVG
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True,
        finalize=_shown,
        loader=jinja2.FunctionLoader(_text),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["beside"] = _beside
    environment.filters["kind"] = lambda block: type(block).__name__
    return environment.get_template("report.html.j2")


def _beside(file: str) -> str:
    """Return the name of a file beside the page, '' if it could lead elsewhere."""
    return file if _PLAIN.fullmatch(file) else ""


def _shown(value: Any) -> Any:
    return value if isinstance(value, Markup) else visible(str(value), _LONGEST)


def _text(name: str) -> str:
    return resources.files("decay_reports.formats").joinpath(name).read_text(encoding="utf-8")
