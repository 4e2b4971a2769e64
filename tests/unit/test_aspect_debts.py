"""Debts: a copied prompt edited on one side, an index of another embedder, what evals don't see."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from decay_reports.aspects import debts
from decay_reports.causes.copies import Version, edited_copies
from decay_reports.facts.aspect import Look, Question
from decayd.config import Settings
from decayd.events import Change, Eval
from decayd.text import text_key
from store.database import Store
from tests.edited_topics import CLOSED, closed, closed_file
from tests.event_rows import at, request, write
from tests.topic_streams import FEATURE, Clouds
from tests.topic_streams import close as week_close
from tests.topics_job import query

__all__ = ["closed", "closed_file"]  # fixtures of another file

AS_OF = datetime(2026, 10, 5)  # noqa: DTZ001 - the store's times are naive UTC
DAY = 86_400.0
PROMPT = "You answer questions about refunds. Be brief, be kind and never promise a date."
OTHER = "Summarise the ticket in three sentences for a colleague who takes over the case."


def asked(store: Store, feature: str = "search", as_of: datetime = AS_OF) -> Look:
    week = (as_of - timedelta(days=7)).date()
    return debts.look(Question(store, feature, as_of, week, Settings()))


def prompt(feature: str, text: str | None, second: float, name: str = "p", to: str = "1") -> Change:
    details = {} if text is None else {"text": text}
    return Change(ts=at(second), artifact="prompt", name=name, feature=feature, to=to,
                  details=details)  # fmt: skip


def of_kind(look: Look, kind: str) -> list[str]:
    return [finding.title for finding in look.findings if finding.kind == kind]


def test_a_copied_prompt_with_one_side_edited_is_listed(store: Store) -> None:
    edited = f"{PROMPT} Ask for the order number first."
    write(store, prompt("chat", PROMPT, 0), prompt("search", PROMPT, 10),
          prompt("chat", edited, DAY, to="2"), prompt("search", OTHER, 20, name="sum"))  # fmt: skip

    stale, other = asked(store), asked(store, "chat")

    for look in (stale, other):
        assert [row[:3] for row in look.tables[0].rows] == [
            ("p 1 of search", "p 2 of chat", "2 Oct 2026")
        ]
    assert of_kind(stale, "prompt_copies_differ") == [
        "prompt p 1 of search is a copy of p 2 of chat, which was edited on 2 Oct 2026"
    ]
    assert of_kind(other, "prompt_copies_differ") == []


@pytest.mark.parametrize(
    ("later", "words"),
    [
        ([], "both as they were"),
        ([("a", "new {}"), ("b", "new {}")], "the same edit on both sides"),
        ([("a", "new {}"), ("a", "{}")], "an edit that was taken back"),
        ([("a", OTHER), ("b", "quite another task with other words in it")], "parted on purpose"),
        ([("a", "{}!!"), ("a", "{} ")], "only signs"),
    ],
)
def test_copies_that_are_alike_or_were_parted_on_purpose_are_no_debt(
    later: Sequence[tuple[str, str]], words: str
) -> None:
    texts = [("a", PROMPT), ("b", PROMPT), *((side, t.format(PROMPT)) for side, t in later)]
    versions = [
        Version((side, "p"), AS_OF + timedelta(days=day), text)
        for day, (side, text) in enumerate(texts)
    ]
    assert edited_copies(versions) == [], words


@pytest.mark.parametrize("words", [("refunds", "returns"), ("kind", "polite")])
def test_a_copy_in_which_one_word_was_replaced_is_still_a_copy(words: tuple[str, str]) -> None:
    long = f"{PROMPT} {OTHER}"
    copied = long.replace(*words)
    versions = [
        Version(("a", "p"), AS_OF, long),
        Version(("b", "p"), AS_OF + timedelta(days=1), copied),
        Version(("b", "p"), AS_OF + timedelta(days=2), f"{copied} Ask for the order number."),
    ]
    (found,) = edited_copies(versions)
    assert (found.stale.owner, found.edited.text) == (("a", "p"), versions[-1].text)
    assert edited_copies(versions, "c") == []


def test_a_small_edit_that_leaves_the_copies_near_equal_is_listed_too() -> None:
    long = f"{PROMPT} {OTHER}"
    versions = [
        Version(("a", "p"), AS_OF, long),
        Version(("b", "p"), AS_OF + timedelta(days=1), long),
        Version(("b", "p"), AS_OF + timedelta(days=2), long.replace("brief", "thorough")),
    ]
    assert [copy.stale.owner for copy in edited_copies(versions)] == [("a", "p")]


def test_a_copy_of_a_version_that_was_edited_before_lacks_that_edit() -> None:
    versions = [
        Version(("a", "p"), AS_OF, PROMPT),
        Version(("a", "p"), AS_OF + timedelta(days=1), f"{PROMPT} {OTHER}"),
        Version(("b", "p"), AS_OF + timedelta(days=2), PROMPT),
    ]
    assert [copy.stale.owner for copy in edited_copies(versions)] == [("b", "p")]


def test_different_prompts_are_no_copies() -> None:
    versions = [Version(("a", "p"), AS_OF, PROMPT), Version(("b", "p"), AS_OF, OTHER)]
    assert edited_copies([*versions, Version(("b", "p"), AS_OF + timedelta(1), "new")]) == []


def test_without_texts_it_is_said_what_to_send(store: Store) -> None:
    write(store, prompt("search", None, 0))
    assert "send `details.text` with each `change` of a prompt" in asked(store).missing


def index(embedder: str | None, second: float = 0, to: str = "7", name: str = "faq") -> Change:
    details = {} if embedder is None else {"embedder": embedder}
    return Change(ts=at(second), artifact="index", name=name, feature="search", to=to,
                  details=details)  # fmt: skip


def queries(n: int, **versions: str) -> list[Any]:
    made = f"{sorted(versions.items())}"
    return [request(f"{made}{k}", k + 10, versions=versions) for k in range(n)]


def test_an_index_of_another_embedder_than_the_queries_is_listed(store: Store) -> None:
    write(store, index("e5-small"), *queries(30, embedder="e5-large"), *queries(10, prompt="3"))

    found = asked(store)

    (told,) = of_kind(found, "embedder_mismatch")
    assert told == (
        "index faq 7 was built by e5-small, while 75% (60–86, n 40) of last week's queries"
        " use e5-large"
    )
    assert f"{told}." in found.lines
    assert {f.severity for f in found.findings} == {"warning"}


@pytest.mark.parametrize(
    ("indexes", "versions"),
    [
        ([index("e5")], {"embedder": "E5 "}),
        ([index("old"), index("e5", 5, to="8")], {"embedder": "e5"}),
        ([index("old"), index("e5", 5, to="8")], {"embedder": "old", "index": "7"}),
        ([index("old", name="wiki"), index("e5")], {"embedder": "e5"}),
    ],
    ids=["the same", "built anew", "the older version is asked", "one of two indexes"],
)
def test_queries_through_the_embedder_of_their_index_are_fine(
    store: Store, indexes: list[Change], versions: dict[str, str]
) -> None:
    write(store, *indexes, *queries(20, **versions))
    found = asked(store)
    assert of_kind(found, "embedder_mismatch") == []
    assert "Indexes and queries go through the same embedder (20 requests of a week)." in (
        found.lines
    )


def test_a_version_of_the_index_that_is_named_is_the_one_that_is_compared(store: Store) -> None:
    write(store, index("e5"), index("e6", 5, to="8"), *queries(20, embedder="e5", index="8"))
    (told,) = of_kind(asked(store), "embedder_mismatch")
    assert told.startswith("index faq 8 was built by e6, while 100%")


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([index(None), *queries(5, embedder="e5")], "`details.embedder`"),
        ([index("e5"), *queries(5, prompt="1")], "`versions.embedder`"),
    ],
)
def test_an_embedder_that_nobody_names_is_asked_for(
    store: Store, events: list[Any], words: str
) -> None:
    write(store, *events)
    assert words in asked(store).missing


@pytest.fixture
def covered(closed: Store) -> Store:
    """Every text of the groups that the baseline knows is an eval item; the twelfth one is not."""
    clouds = Clouds(3)
    closed.append("eval_items", [
        {"suite": "gold", "suite_version": "1", "feature": FEATURE, "item_id": f"{group}-{n}",
         "available_at": week_close(1), "input": text, "expected": "", "input_key": text_key(text)}
        for group in range(12) for n, text in enumerate(clouds.texts[group])
    ])  # fmt: skip
    return closed


def test_the_uncovered_share_is_the_traffic_share_of_the_topic_that_no_suite_has(
    covered: Store,
) -> None:
    missing = set(Clouds(3).texts[12])
    rows = query(
        covered,
        "SELECT query FROM requests WHERE ts >= TIMESTAMP '2026-02-23'"
        " AND ts < TIMESTAMP '2026-03-02'",
    )
    share = 100 * sum(row["query"] in missing for row in rows) / len(rows)

    found = asked(covered, FEATURE, week_close(CLOSED))

    (line,) = (line for line in found.lines if "near no registered eval item" in line)
    assert abs(float(line.partition("%")[0]) - share) <= 2
    assert found.tables[0].rows[0][0].startswith("topic n1")
    (told,) = of_kind(found, "eval_debt")
    assert told.startswith("no eval suite asks for topic n1")


def test_without_items_it_is_said_what_to_send(store: Store) -> None:
    assert "send `eval` events with `items`" in asked(store).missing


def run(second: float, score: float, n: int | None = 400, **more: Any) -> Eval:
    return Eval(ts=at(second), suite="gold", suite_version="3", feature="search", score=score,
                n=n, **more)  # fmt: skip


def test_the_age_and_the_score_of_the_last_run_are_printed(store: Store) -> None:
    write(store, run(0, 0.80), run(DAY, 0.82), run(9 * DAY, 0.1))
    (table,) = asked(store).tables
    assert table.rows == (("gold 3", "2 Oct 2026", "2", "82% (78–85, n 400)", "–"),)


@pytest.mark.parametrize(
    ("before", "after", "n", "is_blind"),
    [(0.80, 0.82, 400, True), (0.80, 0.79, 400, True), (0.80, 0.60, 400, False),
     (0.80, 0.79, None, False), (0.80, 0.80, None, True)],
)  # fmt: skip
def test_a_suite_that_stays_green_while_success_falls_is_told(
    store: Store, before: float, after: float, n: int | None, is_blind: bool
) -> None:
    write(store, run(-5 * DAY, before, n), run(DAY, after, n))
    assert of_kind(asked(store), "eval_debt") == []  # nothing fell

    store.append("incidents", [{
        "incident_id": "I-1", "feature": "search", "stream": "success", "as_of": AS_OF,
        "state": "opened", "onset": date(2026, 9, 28), "details": "{}",
    }])  # fmt: skip
    told = of_kind(asked(store), "eval_debt")

    assert bool(told) == is_blind
    assert all("eval suite gold 3 shows no fall while success fell" in words for words in told)


def test_hostile_names_are_made_visible(store: Store) -> None:
    write(store, prompt("chat", PROMPT, 0, name="a\u202eb\n# c"), prompt("search", PROMPT, 10),
          prompt("chat", OTHER, DAY, name="a\u202eb\n# c"),
          index("x\u202e\n## y"), *queries(20, embedder="z\x00z"))  # fmt: skip
    found = asked(store)
    said = [*found.lines, *(cell for table in found.tables for row in table.rows for cell in row)]
    assert all(text.isprintable() for text in [*said, *(f.title for f in found.findings)])
