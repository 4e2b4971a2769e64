"""Peeling emerged topics off a window: members, several topics, repeated voters."""

from dataclasses import replace

import numpy as np

from drift.base import Votes
from drift.peel import peel, peel_known
from tests.topic_streams import Clouds, votes


def with_groups(clouds: Clouds, sizes: dict[int, int], known: int = 440) -> tuple[Votes, list[int]]:
    """Return a window of known queries and some of other groups, and each one's group."""
    groups = clouds.rng.integers(0, 12, known).tolist()
    groups += [group for group, n in sizes.items() for _ in range(n)]
    picked = clouds.vectors[groups, clouds.rng.integers(0, 80, len(groups))]
    return votes(picked), groups


def test_the_members_are_the_new_group() -> None:
    clouds = Clouds(1)
    window, groups = with_groups(clouds, {12: 40})
    topics = peel(window, clouds.draw(2000))
    assert len(topics) == 1
    named = [groups[n] for n in topics[0].members]
    assert named.count(12) >= 36
    assert named.count(12) >= 0.95 * len(named)


def test_members_come_nearest_first() -> None:
    clouds = Clouds(2)
    window, _ = with_groups(clouds, {12: 40})
    topic = peel(window, clouds.draw(2000))[0]
    assert (np.diff(window.vectors[topic.members] @ topic.centroid) <= 1e-6).all()


def test_two_new_groups_are_two_topics() -> None:
    clouds = Clouds(3, groups=14)
    window, groups = with_groups(clouds, {12: 40, 13: 30})
    topics = peel(window, clouds.draw(2000))
    assert sorted({groups[t.members[0]] for t in topics}) == [12, 13]
    assert len(topics) == 2


def test_at_most_five_topics_are_peeled() -> None:
    clouds = Clouds(4, groups=20)
    window, _ = with_groups(clouds, dict.fromkeys(range(12, 20), 20), known=340)
    assert len(peel(window, clouds.draw(2000))) == 5


def test_still_traffic_has_nothing_to_peel() -> None:
    clouds = Clouds(5)
    assert peel(clouds.draw(500), clouds.draw(2000)) == []


def test_a_group_of_one_person_is_no_topic() -> None:
    clouds = Clouds(6)
    window, groups = with_groups(clouds, {12: 40})
    voters = np.where(np.array(groups) == 12, np.uint64(10**6), window.voters)
    assert peel(replace(window, voters=voters), clouds.draw(2000)) == []


def test_a_group_of_many_persons_who_ask_twice_is_a_topic() -> None:
    clouds = Clouds(7)
    window, groups = with_groups(clouds, {12: 60})
    new = np.flatnonzero(np.array(groups) == 12)
    voters = window.voters.copy()
    voters[new[30:]] = voters[new[:30]]
    topics = peel(replace(window, voters=voters), clouds.draw(2000))
    assert len(topics) == 1
    assert len(topics[0].members) <= 30


def test_a_known_topic_is_peeled_by_what_belongs_to_it() -> None:
    clouds = Clouds(8, groups=14)
    window, groups = with_groups(clouds, {12: 40, 13: 30})
    mine = np.flatnonzero(np.array(groups) == 12)
    centre = clouds.vectors[12].mean(axis=0, keepdims=True)
    seen, new = peel_known(window, clouds.draw(2000), [mine], centre)
    assert list(seen) == [0]
    assert set(seen[0].members) == set(mine)
    assert [groups[topic.members[0]] for topic in new] == [13]


def test_a_known_topic_without_density_is_not_seen() -> None:
    clouds = Clouds(9)
    window, groups = with_groups(clouds, {})
    mine = np.flatnonzero(np.array(groups) == 3)
    centre = clouds.vectors[3].mean(axis=0, keepdims=True)
    assert peel_known(window, clouds.draw(2000), [mine], centre) == ({}, [])
