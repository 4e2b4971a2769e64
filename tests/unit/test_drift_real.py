"""Sixteen weeks of real queries with an intent that nobody asked about before week 8."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pytest

from decayd.config import Settings, StoreSettings
from decayd.results import Finding
from store.database import Store
from store.findings import findings_at
from tests.topic_streams import START, close, real_queries, run_weeks, week_rows

A_WEEK, NEW_A_WEEK, NEW_FROM, WEEKS = 500, 50, 8, 16
NEW = "recommendation_movies"
LATER = datetime(2030, 1, 1)  # noqa: DTZ001 - the store keeps naive UTC


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Draw 40 intents and an unseen one, 40 wordings of each, one user a query; run every close."""
    intents = {name: texts[:40] for name, texts in real_queries("nluhome").items()}
    rng = np.random.default_rng(11)
    known = rng.permutation([name for name in sorted(intents) if name != NEW])[:40].tolist()
    path = tmp_path_factory.mktemp("real") / "s.duckdb"
    with Store.open(StoreSettings(path=path, threads=1)) as store:
        store.set_info(first_live_at=START.isoformat())
        for week in range(1, WEEKS + 1):
            n_new = NEW_A_WEEK if week >= NEW_FROM else 0
            names = [*rng.choice(known, A_WEEK - n_new).tolist(), *[NEW] * n_new]
            queries = [str(rng.choice(intents[name])) for name in rng.permutation(names).tolist()]
            store.append("requests", week_rows(week, queries))
        run_weeks(store, Settings(), range(1, WEEKS + 1))
        yield store


def main_finding(store: Store) -> Finding:
    return max(findings_at(store, LATER), key=lambda each: len(each.member_request_ids))


def test_nothing_is_found_before_the_intent_appears(story: Store) -> None:
    assert findings_at(story, close(NEW_FROM - 1)) == []


def test_the_intent_is_found_in_its_first_or_second_week(story: Store) -> None:
    early = findings_at(story, close(NEW_FROM + 1))
    assert main_finding(story).finding_id in [each.finding_id for each in early]


def test_its_id_stays_and_it_is_seen_every_week(story: Store) -> None:
    found = main_finding(story)
    weeks = [findings_at(story, close(week)) for week in range(NEW_FROM + 1, WEEKS + 1)]
    now = [next(each for each in week if each.finding_id == found.finding_id) for week in weeks]
    assert {each.topic_id for each in now} == {found.topic_id}
    assert [each.as_of for each in now] == [close(week) for week in range(NEW_FROM + 1, WEEKS + 1)]


def test_its_members_are_the_new_queries(story: Store) -> None:
    """The floors are .80 for the precision and .70 for the recall at a share of 10 %."""
    wordings = set(real_queries("nluhome")[NEW])
    with story.transaction() as transaction:
        asked = dict(transaction.query("SELECT request_id, query FROM requests"))
    truth = {name for name, query in asked.items() if query in wordings}
    members = set(main_finding(story).member_request_ids)
    assert len(members & truth) >= 0.8 * len(members)
    assert len(members & truth) >= 0.7 * len(truth)


def test_its_label_names_it(story: Store) -> None:
    assert {"movie", "movies"} & set(main_finding(story).details["words"])
    assert len(main_finding(story).details["examples"]) == 3
