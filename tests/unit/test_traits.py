"""What tells requests apart is read from what was sent, whatever was sent."""

from typing import Any

import numpy as np
import pyarrow as pa

from decay_reports.causes.traits import layers, tenure, traits, version_labels

SEPARATOR = "\x1f"


def version(model: str = "", adapter: str = "", versions: str = "") -> str:
    return SEPARATOR.join((model, adapter, versions))


def rows(segments: list[str], versions: list[str] | None = None) -> Any:
    n = len(segments)
    return pa.table({
        "version": versions or [version()] * n, "segments": segments,
        "tenure_days": pa.array([None] * n, pa.float64()),
    })  # fmt: skip


def test_versions_are_named_by_the_layers_in_which_they_differ() -> None:
    sent = [version("m1", "", '{"prompt": "p1", "tools": 2}'),
            version("m1", "", '{"tools": 2, "prompt": "p2"}')]  # fmt: skip
    assert version_labels(sent, [50, 50]) == ["prompt=p1", "prompt=p2"]
    assert layers(sent[0]) == {"model": "m1", "prompt": "p1", "tools": "2"}


def test_the_same_map_in_another_order_is_the_same_version() -> None:
    sent = [version("m", "", '{"a": 1, "b": 2}'), version("m", "", '{"b": 2, "a": 1}')]
    assert len(set(version_labels(sent, [50, 50]))) == 1


def test_rare_versions_share_a_name() -> None:
    sent = [version("m1"), version("m2"), version("m3")]
    assert version_labels(sent, [995, 3, 2]) == ["model=m1", "other versions", "other versions"]


def test_segments_are_the_keys_with_a_few_values_and_locale_is_first() -> None:
    sent = [
        f'{{"zeta": "{k % 2}", "locale": "{"de" if k % 3 else "en"}", "id": "{k}", "one": "x"}}'
        for k in range(60)
    ]
    names = [trait.name for trait in traits(rows(sent))]
    assert names == ["tenure", "version", "locale", "zeta"]


def test_a_request_without_the_key_states_nothing() -> None:
    found = traits(rows(['{"locale": "de"}', '{"locale": "en"}', "", "{}"]))[2]
    assert [found.labels[code] for code in found.code] == ["de", "en", "", ""]


def test_what_is_no_map_of_names_tells_nothing_apart() -> None:
    sent = ["[1, 2]", "3", "not json", '"text"']
    assert [trait.name for trait in traits(rows(sent))] == ["tenure", "version"]


def test_hostile_values_are_made_visible_and_nested_ones_become_text() -> None:
    sent = ['{"locale": "a\\u202eb"}', '{"locale": {"x": 1}}', '{"locale": null}']
    labels = traits(rows(sent))[2].labels
    assert set(labels) == {"ab", "{'x': 1}", "None"}


def test_a_segment_named_like_an_own_trait_is_not_taken_for_it() -> None:
    sent = ['{"tenure": "new"}', '{"tenure": "old"}']
    assert [trait.name for trait in traits(rows(sent))] == ["tenure", "version"]


def test_tenure_is_cut_at_a_week_and_a_month() -> None:
    found = tenure(np.array([0.0, 6.9, 7.0, 29.9, 30.0, np.nan]))
    assert [found.labels[code] for code in found.code] == [
        "under_7_days", "under_7_days", "7_to_30_days", "7_to_30_days", "over_30_days", "unknown",
    ]  # fmt: skip
