"""Frozen topics, the identity of emerged ones, and which topic a query has."""

from dataclasses import replace

import numpy as np
import pytest

from drift.cuts import MINILM, NOTHING_ALIKE
from drift.embedding import Vectors, unit
from drift.familiarity import familiarity, unfamiliar_cut
from drift.topics import (
    Centroids,
    TopicMap,
    fit_frozen,
    frozen_count,
    identify,
)
from tests.topic_streams import Clouds


def at(*degrees: float) -> Vectors:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


SAME = MINILM.same_topic
NOBODY = Centroids((), np.empty((0, 0), np.float32))


@pytest.mark.parametrize(("n", "k"), [(2, 1), (600, 17), (1799, 29), (1800, 30), (8000, 30)])
def test_the_number_of_frozen_topics_follows_the_baseline(n: int, k: int) -> None:
    assert frozen_count(n) == k


def test_frozen_topics_are_the_same_for_the_same_votes() -> None:
    votes = Clouds(1).draw(800).vectors
    first, second = fit_frozen(votes, seed=7), fit_frozen(votes, seed=7)
    assert (first[0] == second[0]).all()
    assert (first[1] == second[1]).all()


def test_frozen_topics_come_largest_first() -> None:
    _, best = fit_frozen(Clouds(2).draw(800).vectors, seed=7)
    sizes = np.bincount(best)
    assert (np.diff(sizes) <= 0).all()


def test_fewer_different_texts_than_topics_give_a_topic_each() -> None:
    centroids, best = fit_frozen(np.repeat(at(0, 90, 180), 300, axis=0), seed=7)
    assert len(centroids) == 3
    assert sorted(np.bincount(best)) == [300, 300, 300]


def test_a_cluster_takes_the_old_id_only_above_the_cut() -> None:
    known = Centroids(("n1",), at(0))
    assert identify(list(at(36)), known, 2, SAME) == ["n1"]  # cosine .809
    assert identify(list(at(38)), known, 2, SAME) == ["n2"]  # cosine .788


def test_the_best_pair_gets_the_id_and_the_other_a_new_one() -> None:
    known = Centroids(("n4",), at(0))
    assert identify(list(at(20, 5)), known, 5, SAME) == ["n5", "n4"]


def test_two_old_topics_are_given_out_one_to_one() -> None:
    known = Centroids(("n1", "n2"), at(0, 30))
    assert identify(list(at(12, 14)), known, 3, SAME) == ["n1", "n2"]


def test_without_old_topics_all_are_new() -> None:
    assert identify(list(at(0, 90)), NOBODY, 1, SAME) == ["n1", "n2"]


@pytest.fixture
def topics() -> TopicMap:
    """Frozen topics at 0 and 90 degrees with a dense baseline, an emerged one at 60."""
    anchor = np.repeat(at(0, 5, 85, 90, 95), 10, axis=0)
    return TopicMap(
        Centroids(("t1", "t2"), at(0, 90)), Centroids(("n1",), at(50)), anchor, 0.95, MINILM.near
    )


@pytest.mark.parametrize(
    ("degrees", "topic_id"),
    [(0, "t1"), (88, "t2"), (50, "n1"), (69, "n1"), (72, "t2"), (-40, "other"), (180, "other")],
)
def test_a_query_has_the_nearest_topic_if_it_is_near_enough(
    topics: TopicMap, degrees: float, topic_id: str
) -> None:
    assert topics.assign(at(degrees))[0].tolist() == [topic_id]


def test_an_emerged_topic_needs_cosine_one_half(topics: TopicMap) -> None:
    frozen = Centroids(("t1",), at(200))
    far = TopicMap(frozen, topics.emerged, at(200), cut=0.99, near=MINILM.near)
    assert far.assign(at(-9))[0].tolist() == ["n1"]  # cosine .515
    assert far.assign(at(-11))[0].tolist() == ["other"]  # cosine .485


def test_an_emerged_topic_takes_nothing_while_the_model_has_no_cuts(topics: TopicMap) -> None:
    uncalibrated = replace(topics, near=NOTHING_ALIKE.near)
    assert uncalibrated.assign(at(50))[0].tolist() == ["other"]


def test_the_similarity_is_the_one_to_the_topic_it_has(topics: TopicMap) -> None:
    _, similarity = topics.assign(at(60, 10))
    assert similarity == pytest.approx(np.cos(np.radians([10, 10])), abs=1e-4)


def test_about_a_twentieth_of_the_baseline_is_below_its_own_cut() -> None:
    votes = Clouds(3).draw(1000).vectors
    new = Clouds(3).draw(1000).vectors
    share = float((familiarity(new, votes) < unfamiliar_cut(votes)).mean())
    assert share < 0.1


def test_unlike_queries_are_below_the_cut() -> None:
    clouds = Clouds(4)
    votes = clouds.draw(1000).vectors
    assert (familiarity(clouds.vectors[-1], votes) < unfamiliar_cut(votes)).all()


@pytest.mark.parametrize("n", [1, 2, 4])
def test_a_tiny_baseline_has_a_cut(n: int) -> None:
    assert np.isfinite(unfamiliar_cut(unit(np.ones((n, 3), np.float32))))
