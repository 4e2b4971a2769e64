"""The sections of aspects, which know their own words, as blocks; and what they lack."""

from collections.abc import Iterable, Sequence

from decay_reports.facts.aspect import AspectFacts
from decay_reports.layout.outline import Section, Table, Text


def sections(aspects: Sequence[AspectFacts]) -> list[Section]:
    """Return a section for each aspect that has something to say."""
    return [
        Section(aspect.title, tuple(_blocks(aspect)), wide=bool(aspect.tables))
        for aspect in aspects
        if aspect.lines or aspect.tables
    ]


def system(aspects: Sequence[AspectFacts]) -> list[Section]:
    """Return the sections that concern all features, and what they lack."""
    absent = missing(aspects)
    last = [Section("Not measured", (Text("; ".join(absent) + "."),))] if absent else []
    return [*sections(aspects), *last]


def missing(aspects: Sequence[AspectFacts]) -> list[str]:
    """Say what to send for the aspects that can't be measured, one phrase each."""
    return [f"{aspect.title.lower()}: {aspect.missing}" for aspect in aspects if aspect.missing]


def _blocks(aspect: AspectFacts) -> Iterable[Text | Table]:
    yield from (Text(line) for line in aspect.lines)
    yield from (Table(table.head, table.rows, table.caption) for table in aspect.tables)
