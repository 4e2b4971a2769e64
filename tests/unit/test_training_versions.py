"""Builds on real stores: which version a build gets, its files, and what it says."""

from datetime import timedelta
from pathlib import Path

import pytest

from decayd.config import DatasetSettings, PublishSettings, Settings
from decayd.errors import DatasetError
from tests.training_builds import built, rejects, rows, traffic
from tests.training_events import AS_OF, START, Traffic, settings_for
from training_sets import catalog
from training_sets.build import BuildResult, build
from training_sets.run import run

__all__ = ["traffic"]  # a fixture of another file


def test_equal_rows_are_one(traffic: Traffic) -> None:
    for request_id in ("r1", "r2"):
        traffic.request(request_id, query="Where is it?", response="Dunno.")
        traffic.edit(request_id, "In the app.")
        traffic.consent(f"user-{request_id}")
    result = built(traffic)
    assert result.n_rows == 2
    assert result.funnel.rejects == {"duplicate": 1}
    assert {tuple(row["request_ids"]) for row in rows(traffic, result)} == {("r1",)}


def test_used_and_refused_failures_add_up(traffic: Traffic) -> None:
    for i in range(6):
        traffic.corrected(f"r{i}")
    traffic.consent("user-r0", state="revoked")
    traffic.request("r7")
    traffic.signal("report", "r7")
    funnel = built(traffic).funnel
    assert funnel.n_failures == funnel.n_used + sum(funnel.rejects.values()) == 7


def test_only_the_sets_features_and_weeks_are_read(traffic: Traffic) -> None:
    traffic.corrected("r1")
    traffic.corrected("r2", feature="other")
    traffic.corrected("r3", ts=AS_OF - timedelta(weeks=8, seconds=1))
    traffic.corrected("r4", ts=AS_OF)
    assert {row["request_ids"][0] for row in rows(traffic, built(traffic))} == {"r1"}


def test_the_same_store_gives_the_same_bytes(tmp_path: Path) -> None:
    digests: set[str] = set()
    for order in (range(5), reversed(range(5))):
        folder = tmp_path / f"{len(digests)}-{order}".replace(" ", "")
        folder.mkdir()
        traffic = Traffic(folder)
        for i in order:
            at = START + timedelta(hours=i)
            traffic.request(f"r{i}", ts=at)
            traffic.edit(f"r{i}", f"Use the app for {i}.", ts=at, event_id=f"edit-{i}")
            traffic.consent(f"user-r{i}", ts=at, event_id=f"consent-{i}")
        digests.add(built(traffic).manifest_sha256)
        traffic.store.close()
    assert len(digests) == 1


def test_versions_follow_from_what_changed(traffic: Traffic) -> None:
    settings = settings_for(traffic.folder)
    traffic.corrected("r1")
    traffic.corrected("r2")

    def next_build(days: int) -> BuildResult:
        return build(traffic.store, "fixes", AS_OF + timedelta(days=days), settings)

    assert next_build(0).version == "0.1.0"
    same = next_build(1)
    assert (same.version, same.created) == ("0.1.0", False)
    assert "no new version" in same.text
    traffic.consent("user-r2", state="revoked", ts=AS_OF + timedelta(days=1))
    assert next_build(2).version == "0.1.1"
    traffic.corrected("r3", ts=AS_OF + timedelta(days=2))
    assert next_build(4).version == "0.2.0"
    traffic.consent("user-r1", "user-r3", state="revoked", ts=AS_OF + timedelta(days=4))
    nothing_left = next_build(5)
    assert (nothing_left.version, nothing_left.n_rows) == ("0.2.1", 0)


def test_a_build_as_of_an_earlier_moment_than_the_last_is_refused(traffic: Traffic) -> None:
    traffic.corrected("r1")
    built(traffic)
    with pytest.raises(DatasetError, match="would go back"):
        build(traffic.store, "fixes", AS_OF - timedelta(days=1), settings_for(traffic.folder))


def test_files_are_read_only_and_never_rewritten(traffic: Traffic) -> None:
    taken = traffic.folder / "published" / "datasets" / "fixes" / "0.1.0"
    taken.mkdir(parents=True)
    (taken / "rows.jsonl").write_text("another store's rows\n")
    traffic.corrected("r1")
    result = built(traffic)
    assert result.version == "0.2.0"
    assert (taken / "rows.jsonl").read_text() == "another store's rows\n"
    files = sorted(Path(result.folder).iterdir())
    assert [file.name for file in files] == ["manifest.json", "rows.jsonl"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o444}


def test_an_interrupted_build_is_finished_by_the_next(traffic: Traffic) -> None:
    traffic.corrected("r1")
    first = built(traffic)
    other = traffic.folder / "other"
    other.mkdir()
    again = Traffic(other)
    again.corrected("r1")
    same_place = PublishSettings(folder=traffic.folder / "published")
    second = built(again, publish=same_place)
    again.store.close()
    assert (first.version, first.manifest_sha256) == (second.version, second.manifest_sha256)


def test_a_folder_that_cannot_be_written_is_said_with_its_setting(traffic: Traffic) -> None:
    blocked = traffic.folder / "file"
    blocked.write_text("in the way")
    traffic.corrected("r1")
    with pytest.raises(DatasetError) as error:
        built(traffic, publish=PublishSettings(folder=blocked))
    assert "publish.folder" in error.value.hint
    assert catalog.list_sets(traffic.store) == []


@pytest.mark.parametrize("name", ["nothing", "with.dot"])
def test_an_unknown_set_lists_the_known_ones_and_the_lines_to_add(
    traffic: Traffic, name: str
) -> None:
    with pytest.raises(DatasetError, match="configured: fixes") as error:
        build(traffic.store, name, AS_OF, settings_for(traffic.folder))
    assert "features = [" in error.value.hint
    assert name in error.value.hint


@pytest.mark.parametrize("name", ["../up", "", "a b", "a/b", ".hidden", "ü" * 5])
def test_a_name_that_is_no_folder_is_refused(traffic: Traffic, name: str) -> None:
    settings = settings_for(traffic.folder, datasets={name: DatasetSettings()})
    with pytest.raises(DatasetError, match="can't name"):
        build(traffic.store, name, AS_OF, settings)


def test_an_answer_is_needed_for_a_preference(traffic: Traffic) -> None:
    config = DatasetSettings(kinds=("pref",))
    traffic.corrected("r1", response=None)
    assert rejects(traffic, datasets={"fixes": config}) == {"no_answer_to_reject": 1}


def test_an_empty_build_of_an_unknown_feature_names_those_with_traffic(traffic: Traffic) -> None:
    traffic.corrected("r1")
    result = built(traffic, datasets={"fixes": DatasetSettings(features=("chta",))})
    assert result.version is None
    assert "no user requests of chta" in result.text
    assert "features with requests: chat" in result.text


def test_the_weekly_job_builds_every_set_once(traffic: Traffic) -> None:
    traffic.corrected("r1")
    sets = {"fixes": DatasetSettings(), "none": DatasetSettings(features=("x",)), "../bad": DatasetSettings()}  # fmt: skip  # noqa: E501
    settings: Settings = settings_for(traffic.folder, datasets=sets)
    first = run(traffic.store, AS_OF, settings)
    assert first == {"sets": 3, "built": 1, "rows": 2, "unchanged": 1, "failed": 1}
    assert run(traffic.store, AS_OF, settings)["built"] == 0
    assert run(traffic.store, AS_OF - timedelta(weeks=1), settings)["built"] == 0
    assert len(catalog.list_sets(traffic.store)) == 1


def test_lineage_names_versions_events_and_pulls(traffic: Traffic) -> None:
    traffic.corrected("r1")
    result = built(traffic)
    example_id = rows(traffic, result)[0]["example_id"]
    (member,) = catalog.lineage(traffic.store, example_id)
    assert (member.name, member.version) == ("fixes", "0.1.0")
    assert member.lineage["request_ids"] == ["r1"]
    assert member.lineage["why"] == ["score:-0.20", "signal:edit"]
