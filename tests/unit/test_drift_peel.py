"""Peeling emerged topics off a window: members, several topics, repeated voters, known topics."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from drift.base import Votes
from drift.cuts import MINILM
from drift.embedding import Vectors, unit
from drift.peel import Peeled, peel, peel_known
from tests.topic_streams import DIMENSION, Clouds, votes

NEAR = MINILM.near


def with_groups(clouds: Clouds, sizes: dict[int, int], known: int = 440) -> tuple[Votes, list[int]]:
    """Return a window of known queries and some of other groups, and each one's group."""
    groups = clouds.rng.integers(0, 12, known).tolist()
    groups += [group for group, n in sizes.items() for _ in range(n)]
    picked = clouds.vectors[groups, clouds.rng.integers(0, 80, len(groups))]
    return votes(picked), groups


def of_group(groups: list[int], group: int) -> npt.NDArray[np.int64]:
    return np.flatnonzero(np.array(groups) == group)


def test_the_members_are_the_new_group() -> None:
    clouds = Clouds(1)
    window, groups = with_groups(clouds, {12: 40})
    topics = peel(window, clouds.draw(2000), NEAR)
    assert len(topics) == 1
    named = [groups[n] for n in topics[0].members]
    assert named.count(12) >= 36
    assert named.count(12) >= 0.95 * len(named)


def test_members_come_nearest_first() -> None:
    clouds = Clouds(2)
    window, _ = with_groups(clouds, {12: 40})
    topic = peel(window, clouds.draw(2000), NEAR)[0]
    assert (np.diff(window.vectors[topic.members] @ topic.centroid) <= 1e-6).all()


def test_two_new_groups_are_two_topics() -> None:
    clouds = Clouds(3, groups=14)
    window, groups = with_groups(clouds, {12: 40, 13: 30})
    topics = peel(window, clouds.draw(2000), NEAR)
    assert sorted({groups[t.members[0]] for t in topics}) == [12, 13]
    assert len(topics) == 2


def stretched(clouds: Clouds, n: int) -> Vectors:
    """Return n queries around all points between two centres that have cosine .75."""
    centre, aside = clouds.rng.normal(size=(2, DIMENSION))
    aside -= centre * (aside @ centre) / (centre @ centre)
    aside *= np.linalg.norm(centre) / np.linalg.norm(aside)
    middles = unit((centre + clouds.rng.uniform(-0.38, 0.38, (n, 1)) * aside).astype(np.float32))
    noise = unit(clouds.rng.normal(size=(n, DIMENSION)).astype(np.float32))
    return unit(np.float32(0.6**0.5) * middles + np.float32(0.4**0.5) * noise)


@pytest.mark.parametrize("seed", range(5))
def test_a_broad_group_is_one_topic(seed: int) -> None:
    clouds = Clouds(seed)
    window = votes(np.concatenate([clouds.draw(450).vectors, stretched(clouds, 50)]))
    topics = peel(window, clouds.draw(2000), NEAR)
    assert len(topics) == 1
    assert len(topics[0].members) >= 35


def test_at_most_five_topics_are_peeled() -> None:
    clouds = Clouds(4, groups=20)
    window, _ = with_groups(clouds, dict.fromkeys(range(12, 20), 20), known=340)
    assert len(peel(window, clouds.draw(2000), NEAR)) == 5


def test_still_traffic_has_nothing_to_peel() -> None:
    clouds = Clouds(5)
    assert peel(clouds.draw(500), clouds.draw(2000), NEAR) == []


def test_a_model_without_cuts_finds_nothing_alike() -> None:
    clouds = Clouds(1)
    window, _ = with_groups(clouds, {12: 40})
    assert peel(window, clouds.draw(2000), 2.0) == []


def test_a_group_of_one_person_is_no_topic() -> None:
    clouds = Clouds(6)
    window, groups = with_groups(clouds, {12: 40})
    voters = np.where(np.array(groups) == 12, np.uint64(10**6), window.voters)
    assert peel(replace(window, voters=voters), clouds.draw(2000), NEAR) == []


def test_a_group_of_many_persons_who_ask_twice_is_a_topic() -> None:
    clouds = Clouds(7)
    window, groups = with_groups(clouds, {12: 60})
    new = of_group(groups, 12)
    voters = window.voters.copy()
    voters[new[30:]] = voters[new[:30]]
    topics = peel(replace(window, voters=voters), clouds.draw(2000), NEAR)
    assert len(topics) == 1
    assert len(topics[0].members) <= 30


def test_a_known_topic_is_seen_with_what_belongs_to_it() -> None:
    clouds = Clouds(8, groups=14)
    window, groups = with_groups(clouds, {12: 40, 13: 30})
    mine = of_group(groups, 12)
    seen, new = peel_known(window, clouds.draw(2000), [mine], NEAR)
    assert list(seen) == [0]
    assert set(mine) <= set(seen[0].members)
    assert [groups[topic.members[0]] for topic in new] == [13]


def test_the_rest_of_a_group_of_which_a_third_is_known_is_known_too() -> None:
    clouds = Clouds(10)
    window, groups = with_groups(clouds, {12: 45})
    members = of_group(groups, 12)
    reference = clouds.draw(2000)
    seen, new = peel_known(window, reference, [members[:20]], NEAR)
    assert len(seen[0].members) >= 40
    assert new == []


def test_a_group_of_which_a_few_are_known_is_new() -> None:
    clouds = Clouds(10)
    window, groups = with_groups(clouds, {12: 45})
    members = of_group(groups, 12)
    seen, new = peel_known(window, clouds.draw(2000), [members[:3]], NEAR)
    assert seen == {}
    assert len(new) == 1
    assert not set(members[:3]) & set(new[0].members)


def test_a_known_topic_without_density_is_not_seen() -> None:
    clouds = Clouds(9)
    window, groups = with_groups(clouds, {})
    assert peel_known(window, clouds.draw(2000), [of_group(groups, 3)], NEAR) == ({}, [])


def test_the_same_votes_give_the_same_topics() -> None:
    def once() -> list[Peeled]:
        clouds = Clouds(11)
        return peel(with_groups(clouds, {12: 30})[0], clouds.draw(2000), NEAR)

    first, second = once(), once()
    assert [list(each.members) for each in first] == [list(each.members) for each in second]
    assert [each.p_value for each in first] == [each.p_value for each in second]
