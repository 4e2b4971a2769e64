"""The report as Markdown: page one fits a chat message, the whole fits a pull request.

Other people's words can't become links, mentions, issue references, HTML, headings or table cells.
"""

import re
from itertools import chain

from decay_reports.facts.report import ReportFacts
from decay_reports.layout import aspect_sections
from decay_reports.layout.outline import (
    Block,
    Brief,
    Bullets,
    Figure,
    Lines,
    Link,
    Outline,
    Section,
    Table,
    Text,
    outline,
)
from decay_reports.layout.page_one import Line
from decay_reports.layout.sections import sections
from decay_reports.numbers import visible

SUFFIX = "md"
_LONGEST = 4000  # characters of one printed value; everything decayd writes is far shorter
_JOINER = "\u2060"  # unseen; breaks what a renderer would take for a mention, a link or a reference
_PUNCTUATION = re.compile(r"([\\`*{}\[\]|~$]|(?<![^\W_])_|_(?![^\W_]))")  # snake_case may stay
_AUTOMATIC = re.compile(
    r"(?<!\w)[@#](?=\w)"  # mentions, issues
    r"|@(?=[\w.-]+\.\w)"  # addresses
    r"|\w#(?=\d)|\bgh(?=-\d)"  # issues of a repository
    r"|(?<=[a-z]):(?=//)|\bwww(?=\.)|\b(?:mailto|xmpp)(?=:)",
    re.IGNORECASE,
)


def render(facts: ReportFacts) -> str:
    """Return page one, a section per feature, and the methods."""
    whole = outline(facts)
    features = [_feature(brief) for brief in whole.briefs]
    return "\n".join([page_one(whole), *features, *_system(facts), _methods(whole)])


def page_one(whole: Outline) -> str:
    """Return the part that fits a chat message."""
    lines = [f"# {escaped(whole.title)}", "", f"**{escaped(whole.headline)}**  "]
    lines += [escaped(whole.weeks), ""]
    if whole.overdue:
        lines += [*_lines(whole.overdue), ""]
    if whole.quiet:
        lines += [escaped(whole.quiet), ""]
    for brief in [] if whole.quiet else whole.briefs:
        lines += [f"**{_named(brief)}**", "", *_lines(brief.lines), ""]
    foot = (
        Line("measurement", whole.measurement),
        Line("since last report", whole.changed),
    )
    return "\n".join([*lines, *_lines(foot), ""])


def escaped(text: str) -> str:
    r"""Make text stand in a Markdown line or table cell as it is.

    >>> escaped("[x](https://a.b) | <b> *c* a_b").replace(_JOINER, "^")
    '\\[x\\](https:^//a.b) \\| &lt;b&gt; \\*c\\* a_b'
    >>> escaped("@all #12 www.a.b t3@v1 a@b.c o/r#1").replace(_JOINER, "^")
    '@^all #^12 www^.a.b t3@v1 a@^b.c o/r#^1'
    """
    shown = visible(text, _LONGEST).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    shown = _PUNCTUATION.sub(r"\\\1", shown)
    return _AUTOMATIC.sub(lambda found: found.group(0) + _JOINER, shown)


def _named(brief: Brief) -> str:
    return f"{brief.mark} {escaped(brief.feature.name)}: {escaped(brief.words)}"


def _feature(brief: Brief) -> str:
    lines = [f"## {_named(brief)}", "", *_lines(brief.verdict_lines), ""]
    for section in sections(brief.feature):
        lines += _section(section)
    return "\n".join(lines)


def _system(facts: ReportFacts) -> list[str]:
    parts = [_section(section) for section in aspect_sections.system(facts.aspects)]
    return ["\n".join(["## All features", "", *chain.from_iterable(parts)])] if parts else []


def _section(section: Section) -> list[str]:
    lines = [f"### {escaped(section.title)}", ""]
    for block in section.blocks:
        lines += [*_block(block), ""]
    return lines


def _block(block: Block) -> list[str]:
    match block:
        case Text(text=text):
            return [escaped(text)]
        case Lines(lines=lines):
            return _lines(lines)
        case Bullets(items=items):
            return [f"  - “{escaped(item)}”" for item in items]
        case Link(text=text, file=file):
            return [f"{escaped(text)}: {_code(file)}"]
        case Table():
            return _table(block)
        case Figure(table=table):
            return [*_table(table), *([] if table.newest else ["", escaped(block.caption)])]


def _lines(lines: tuple[Line, ...]) -> list[str]:
    return [
        f"- {escaped(line.label)}: {escaped(line.text)}"
        + (f" → {_code(line.command)}" if line.command else "")
        for line in lines
    ]


def _code(command: str) -> str:
    """Quote a command with more backticks than it holds in a row."""
    shown = visible(command, _LONGEST)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    return f"{fence}{shown}{fence}" if len(fence) == 1 else f"{fence} {shown} {fence}"


def _table(table: Table) -> list[str]:
    rows = table.rows[-table.newest :] if table.newest else table.rows
    lines = [f"| {' | '.join(escaped(cell) for cell in table.head)} |"]
    lines.append(f"|{' --- |' * len(table.head)}")
    lines += [f"| {' | '.join(escaped(cell) for cell in row)} |" for row in rows]
    left_out = len(table.rows) - len(rows)
    if left_out:
        lines += ["", f"{left_out} earlier weeks stand in the HTML and JSON forms."]
    return [escaped(table.caption) + ":", "", *lines] if table.caption else lines


def _methods(whole: Outline) -> str:
    return "\n".join(["## Methods", "", *_lines(whole.methods), ""])
