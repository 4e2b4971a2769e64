"""Pulling a version: what it finds, when it refuses, what lies in the folder afterwards."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from decayd.config import FeatureSettings
from decayd.errors import DatasetCorrupt, DatasetError, DatasetNotFound, DatasetWithdrawn
from tests.training_events import AS_OF, Traffic, settings_for
from training_sets import catalog
from training_sets.build import build
from training_sets.pull import PulledFiles, pull
from training_sets.verify import verify

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)


@pytest.fixture
def traffic(tmp_path: Path) -> Iterator[Traffic]:
    made = Traffic(tmp_path)
    made.corrected("r1")
    made.corrected("r2")
    build(made.store, "fixes", AS_OF, settings_for(tmp_path))
    yield made
    made.store.close()


def pulled(traffic: Traffic, spec: str = "fixes", fmt: str = "trl-sft") -> PulledFiles:
    return pull(traffic.store, spec, fmt, settings_for(traffic.folder), "job-7", NOW)


def written(traffic: Traffic, files: PulledFiles) -> Path:
    folder = traffic.folder / "out"
    for path, content in files.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def test_a_pull_has_data_card_manifest_and_lock(traffic: Traffic) -> None:
    files = pulled(traffic)
    assert set(files.files) == {"data/train.jsonl", "README.md", "manifest.json", "lock.json"}
    assert files.files["data/train.jsonl"].count(b"\n") == files.n_rows == 2
    lock = json.loads(files.files["lock.json"])
    assert (lock["name"], lock["version"], lock["state"]) == ("fixes", "0.1.0", "candidate")
    assert lock["manifest_sha256"] == files.manifest_sha256
    assert json.loads(files.files["manifest.json"])["state"] == "candidate"


def test_two_pulls_give_the_same_bytes(traffic: Traffic) -> None:
    assert pulled(traffic).files == pulled(traffic).files


def test_a_pull_is_recorded_with_its_job(traffic: Traffic) -> None:
    pulled(traffic)
    (record,) = traffic.store.rows("dataset_pulls", name="fixes")
    assert (record["version"], record["format"], record["job_id"]) == ("0.1.0", "trl-sft", "job-7")
    assert record["ts"] == NOW.replace(tzinfo=None)


@pytest.mark.parametrize(
    "spec", ["fixes@0.1.0", "fixes@^0", "fixes@^0.1", "fixes@latest", "fixes@"]
)
def test_a_spec_finds_the_version(traffic: Traffic, spec: str) -> None:
    assert pulled(traffic, spec).version == "0.1.0"


@pytest.mark.parametrize(
    ("spec", "known"),
    [
        ("fixse", "fixes"),
        ("fixes@^1", "0.1.0"),
        ("fixes@0.2.0", "0.1.0"),
        ("fixes@v1", "^1"),
        ("@1.0.0", "fixes"),
        ("../fixes", "fixes"),
    ],
)
def test_an_unknown_spec_is_not_found_and_names_what_exists(
    traffic: Traffic, spec: str, known: str
) -> None:
    with pytest.raises(DatasetNotFound) as error:
        pulled(traffic, spec)
    assert error.value.exit_code == 12
    assert known in error.value.hint


def test_an_unknown_format_is_not_found(traffic: Traffic) -> None:
    with pytest.raises(DatasetNotFound) as error:
        pulled(traffic, fmt="parquet")
    assert "trl-sft" in error.value.hint


def test_a_revocation_after_the_build_withdraws_the_version_until_it_is_rebuilt(
    traffic: Traffic,
) -> None:
    later = AS_OF + timedelta(days=1)
    traffic.consent("user-r2", state="revoked", ts=later)
    with pytest.raises(DatasetWithdrawn, match="2 of its 4 rows") as error:
        pulled(traffic)
    assert error.value.exit_code == 10
    assert "`decayd datasets build fixes --as-of 2026-03-31T00:00:00`" in error.value.hint
    build(traffic.store, "fixes", later, settings_for(traffic.folder))
    assert pulled(traffic).version == "0.1.1"
    with pytest.raises(DatasetWithdrawn):
        pulled(traffic, "fixes@0.1.0")


def test_a_lawful_basis_that_is_gone_withdraws_the_version(traffic: Traffic) -> None:
    traffic.request("r3", user_id=None)
    traffic.edit("r3", "Use the app to return it.")
    lawful = settings_for(
        traffic.folder, features={"chat": FeatureSettings(lawful_basis="contract")}
    )
    build(traffic.store, "fixes", AS_OF + timedelta(days=1), lawful)
    assert pull(traffic.store, "fixes", "trl-sft", lawful, None, NOW).n_rows == 3
    with pytest.raises(DatasetWithdrawn):
        pulled(traffic)


def test_a_changed_file_is_corrupt(traffic: Traffic) -> None:
    path = traffic.folder / "published/datasets/fixes/0.1.0/rows.jsonl"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"app", b"ape", 1))
    with pytest.raises(DatasetCorrupt, match=r"rows\.jsonl") as error:
        pulled(traffic)
    assert error.value.exit_code == 11


def test_rows_come_from_the_store_when_the_folder_is_gone(traffic: Traffic) -> None:
    before = pulled(traffic).files
    path = traffic.folder / "published/datasets/fixes/0.1.0/rows.jsonl"
    path.unlink()
    assert pulled(traffic).files == before


def test_a_format_without_rows_is_an_error_that_says_what_there_is(tmp_path: Path) -> None:
    traffic = Traffic(tmp_path)
    traffic.corrected("r1", response=None)
    settings = settings_for(tmp_path)
    build(traffic.store, "fixes", AS_OF, settings)
    with pytest.raises(DatasetError, match=r"no pref rows.*1 sft"):
        pull(traffic.store, "fixes", "trl-dpo", settings, None, NOW)
    traffic.store.close()


def test_a_pulled_folder_verifies_offline(traffic: Traffic) -> None:
    assert verify(written(traffic, pulled(traffic))) == 3


@pytest.mark.parametrize("path", ["data/train.jsonl", "README.md", "manifest.json"])
@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_folder_is_corrupt_and_the_file_is_named(
    traffic: Traffic, path: str, damage: str
) -> None:
    folder = written(traffic, pulled(traffic))
    if damage == "missing":
        (folder / path).unlink()
    else:
        (folder / path).write_bytes((folder / path).read_bytes() + b" ")
    with pytest.raises(DatasetCorrupt, match=Path(path).name):
        verify(folder)


@pytest.mark.parametrize("lock", [b"", b"[]", b"{}", b'{"files":[]}', b"\xff"])
def test_a_lock_that_is_none_is_corrupt(tmp_path: Path, lock: bytes) -> None:
    (tmp_path / "lock.json").write_bytes(lock)
    with pytest.raises(DatasetCorrupt):
        verify(tmp_path)


def test_a_lock_cannot_point_outside_of_its_folder(traffic: Traffic) -> None:
    folder = written(traffic, pulled(traffic))
    lock = json.loads((folder / "lock.json").read_bytes())
    lock["files"]["../decayd.duckdb"] = "0" * 64
    (folder / "lock.json").write_text(json.dumps(lock))
    with pytest.raises(DatasetCorrupt, match="outside"):
        verify(folder)


def test_a_folder_without_a_lock_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFound):
        verify(tmp_path)


def test_the_manifest_of_every_version_stays_readable(traffic: Traffic) -> None:
    traffic.corrected("r3")
    build(traffic.store, "fixes", AS_OF + timedelta(days=1), settings_for(traffic.folder))
    assert [each.version for each in catalog.list_sets(traffic.store)] == ["0.1.0", "0.2.0"]
    old, new = (catalog.show(traffic.store, f"fixes@{v}") for v in ("0.1.0", "0.2.0"))
    assert (old["rows"]["n"], new["rows"]["n"], new["parent"]) == (4, 6, "0.1.0")


def test_lineage_of_an_example_names_who_pulled_it(traffic: Traffic) -> None:
    pulled(traffic)
    example_id = catalog.show(traffic.store, "fixes")["lineage"][0]["example_id"]
    (member,) = catalog.lineage(traffic.store, example_id)
    assert [each["job_id"] for each in member.pulls] == ["job-7"]
    with pytest.raises(DatasetNotFound):
        catalog.lineage(traffic.store, "ex_none")
