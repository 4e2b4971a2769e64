"""Fixtures that several test folders share: settings without a trace of the machine, a store."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

from decayd.clock import ManualClock
from decayd.config import Settings, StoreSettings
from store.database import Store
from store.pseudonyms import Pseudonyms
from tests.kafka_broker import kafka, mortal_kafka

__all__ = ["kafka", "mortal_kafka"]  # fixtures of their own file

hypothesis.settings.register_profile("untimed", deadline=None)  # the machine may be busy
hypothesis.settings.load_profile("untimed")

REPOSITORY = Path(__file__).resolve().parent.parent
_SETTING = re.compile(r"DECAYD_[A-Z]+__", re.IGNORECASE)


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own DECAYD_<SECTION>__<KEY> must not decide a test."""
    for name in [name for name in os.environ if _SETTING.match(name)]:  # noqa: TID251
        monkeypatch.delenv(name)


@pytest.fixture
def repository() -> Path:
    return REPOSITORY


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Defaults, everything under the test's own folder, no Kafka."""
    return Settings.model_validate(
        {
            "store": {"path": tmp_path / "decayd.duckdb", "threads": 1, "memory_limit": "512MB"},
            "kafka": {"enabled": False},
            "report": {"folder": tmp_path / "reports"},
            "publish": {"folder": tmp_path / "published"},
            "server": {"port": 0},
        }
    )


@pytest.fixture
def store_settings(settings: Settings) -> StoreSettings:
    return settings.store


@pytest.fixture
def store(store_settings: StoreSettings) -> Iterator[Store]:
    with Store.open(store_settings) as opened:
        yield opened


@pytest.fixture
def pseudonyms() -> Pseudonyms:
    return Pseudonyms(b"key of the tests")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 10, 5, 12, tzinfo=UTC))
