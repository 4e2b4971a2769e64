"""Helpers of the build tests: a store with traffic, and what a build made of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.training_events import AS_OF, Traffic, settings_for
from training_sets.build import BuildResult, build


@pytest.fixture
def traffic(tmp_path: Path) -> Iterator[Traffic]:
    made = Traffic(tmp_path)
    yield made
    made.store.close()


def built(traffic: Traffic, **more: Any) -> BuildResult:
    return build(traffic.store, "fixes", AS_OF, settings_for(traffic.folder, **more))


def rows(traffic: Traffic, result: BuildResult) -> list[dict[str, Any]]:
    found = traffic.store.rows("dataset_rows_of", name=result.name, version=result.version)
    return [json.loads(row["row"]) for row in found]


def rejects(traffic: Traffic, **more: Any) -> dict[str, int]:
    return dict(built(traffic, **more).funnel.rejects)
