"""Text that users wrote reaches a report as words, never as markup, links or mentions."""

import re
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from markdown_it import MarkdownIt
from typing_extensions import override

from decay_reports.facts.report import ReportFacts
from decay_reports.formats import html, markdown
from tests.golden.report_sample import sample

SCRIPT = "<script>alert(1)</script>"
ATTRIBUTE = '" onmouseover="alert(1)" x=\''
LINK = "[click](https://evil.example/x) ![i](http://evil.example/i.png)"
BARE = "see https://evil.example or www.evil.example or a@evil.example"
TABLE = "a | b | c\n| --- |\n# heading\n- item"
MENTION = "@channel #12 org/repo#7 GH-9 <!channel> <@U1>"
DIRECTION = "abc\u202egnp.exe\u2066 \u200fx"
CONTROL = "bell\x07null\x00esc\x1b[31mred\x1b[0m\x85\u2028end"
TEMPLATE = "{{ 7 * 7 }} {% raw %} ${x} `code` **bold** _it_ ~~no~~"
HOSTILE = [SCRIPT, ATTRIBUTE, LINK, BARE, TABLE, MENTION, DIRECTION, CONTROL, TEMPLATE]

# every field of the facts that other people fill
_THEIRS = {
    "accepted_by", "after", "artifact", "before", "command", "examples", "gate_words", "label",
    "name", "next_step", "not_measured", "organisation", "owner", "reason", "ref", "title",
    "why_not", "words",
}  # fmt: skip


def poisoned(text: str) -> ReportFacts:
    """The sample with `text` in every field that other people fill."""

    def walk(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {k: walk(v, k) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [walk(v, key) for v in value]
        return text if isinstance(value, str) and value and key in _THEIRS else value

    return msgspec.convert(walk(msgspec.to_builtins(sample())), ReportFacts)


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text between."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    @override
    def handle_data(self, data: str) -> None:
        self.text += data


def shape(page: str) -> list[tuple[str, list[str]]]:
    return [(tag, sorted(attributes)) for tag, attributes in Elements(page).found]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_no_element_and_no_attribute_to_the_page(text: str) -> None:
    page = html.page(poisoned(text), lambda _feature, _chart: "")

    assert shape(page) == shape(html.page(poisoned("word"), lambda _feature, _chart: ""))


@pytest.mark.parametrize("text", HOSTILE)
def test_the_page_leads_nowhere_and_runs_nothing(text: str) -> None:
    elements = Elements(html.render(poisoned(text))).found

    assert not {"script", "iframe", "img", "link", "base", "form"} & {tag for tag, _ in elements}
    for _, attributes in elements:
        assert not [name for name in attributes if name.startswith("on")]
        assert re.fullmatch(r"#[\w-]*|appendix-[a-z0-9-]+\.html", attributes.get("href") or "#")
        assert "src" not in attributes


def test_the_page_forbids_everything_but_its_own_style() -> None:
    metas = [a for tag, a in Elements(html.render(sample())).found if tag == "meta"]
    policies = [a["content"] for a in metas if a.get("http-equiv") == "Content-Security-Policy"]

    assert len(policies) == 1
    assert (policies[0] or "").split("; ") == [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_no_hostile_text_enters_a_chart() -> None:
    facts = poisoned("zzz-marker")
    for feature in facts.features:
        for chart in ("spark", "trend", "waterfall", "topics"):
            assert "zzz-marker" not in html.draw(feature, chart)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_no_structure_to_the_markdown(text: str) -> None:
    parser = MarkdownIt("commonmark").enable("table")

    def structure(facts: ReportFacts) -> list[str]:
        tokens = parser.parse(markdown.render(facts))
        inline = [child.type for token in tokens for child in token.children or ()]
        return [t.type for t in tokens] + [kind for kind in inline if kind != "text"]

    assert structure(poisoned(text)) == structure(poisoned("word"))


@pytest.mark.parametrize("text", [LINK, BARE, MENTION])
def test_markdown_holds_nothing_that_renderers_turn_into_links(text: str) -> None:
    said = re.sub(r"`[^`]*`", "", markdown.render(poisoned(text)))

    assert not re.search(r"https?://|www\.\w|(?<!\w)@\w|(?<!\w)#\d|\w#\d|GH-\d|@[\w-]+\.\w", said)
    assert "<!" not in said
    assert "<@" not in said


@pytest.mark.parametrize("text", [DIRECTION, CONTROL])
def test_controls_and_direction_marks_are_taken_out(text: str) -> None:
    facts = poisoned(text)
    for said in (html.page(facts, lambda _feature, _chart: ""), markdown.render(facts)):
        assert not re.search(
            "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]", said
        )


def test_the_page_shows_hostile_text_as_it_was_written() -> None:
    page = html.page(poisoned(SCRIPT), lambda _feature, _chart: "")

    assert SCRIPT in Elements(page).text
