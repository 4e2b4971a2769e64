"""The pseudonym key: from settings or a file of its own, never in the store, never exchanged."""

import re
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from decayd.config import PrivacySettings
from decayd.errors import ConfigError
from store.database import Store
from store.pseudonyms import Pseudonyms


def test_a_pseudonym_is_repeatable_and_says_nothing(pseudonyms: Pseudonyms) -> None:
    assert re.fullmatch(r"u-[0-9a-f]{32}", pseudonyms.of("alice"))
    assert pseudonyms.of("alice") == Pseudonyms(b"key of the tests").of("alice")
    assert pseudonyms.of("alice") != Pseudonyms(b"another key").of("alice")
    assert pseudonyms.of("alice") != pseudonyms.of("Alice")


def test_a_pseudonym_is_its_own_pseudonym(pseudonyms: Pseudonyms) -> None:
    assert pseudonyms.of(pseudonyms.of("alice")) == pseudonyms.of("alice")


def test_an_id_that_is_no_unicode_has_a_pseudonym(pseudonyms: Pseudonyms) -> None:
    assert pseudonyms.of("\ud800") != pseudonyms.of("\ud801")


def test_more_users_than_are_remembered_keep_their_pseudonyms(pseudonyms: Pseudonyms) -> None:
    first = pseudonyms.of("0")
    for number in range(200_001):
        pseudonyms.of(str(number))
    assert pseudonyms.of("0") == first


def test_without_a_key_a_private_file_is_made_once(store: Store) -> None:
    made = Pseudonyms.for_store(store, PrivacySettings())
    file = store.path.with_name("decayd.duckdb.key")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Pseudonyms.for_store(store, PrivacySettings()).of("a") == made.of("a")


def test_the_key_is_not_in_the_store(store: Store) -> None:
    Pseudonyms.for_store(store, PrivacySettings())
    store.checkpoint()
    key = store.path.with_name("decayd.duckdb.key").read_bytes()
    assert key not in store.path.read_bytes()
    assert len(str(store.info("key_fingerprint"))) == 16


@pytest.mark.parametrize("content", [b"secret", b"secret\n", b"  secret \r\n"])
def test_a_key_file_and_the_setting_give_the_same_key(
    store: Store, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    by_file = Pseudonyms.for_store(store, PrivacySettings(key_file=file))
    by_value = Pseudonyms.for_store(store, PrivacySettings(key=SecretStr("secret")))
    assert by_file.of("alice") == by_value.of("alice")


def test_another_key_is_refused(store: Store) -> None:
    Pseudonyms.for_store(store, PrivacySettings(key=SecretStr("first")))
    with pytest.raises(ConfigError, match="not the one") as caught:
        Pseudonyms.for_store(store, PrivacySettings(key=SecretStr("second")))
    assert "first" not in str(caught.value) + caught.value.hint


def test_a_key_file_that_got_lost_is_not_made_anew(store: Store) -> None:
    Pseudonyms.for_store(store, PrivacySettings())
    store.path.with_name("decayd.duckdb.key").unlink()
    with pytest.raises(ConfigError, match="missing"):
        Pseudonyms.for_store(store, PrivacySettings())


def test_an_empty_key_file_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\n")
    with pytest.raises(ConfigError, match="empty"):
        Pseudonyms.for_store(store, PrivacySettings(key_file=tmp_path / "key"))


@pytest.mark.parametrize("name", ["", "none/key"])
def test_a_key_file_that_can_not_be_used_is_refused(
    store: Store, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ConfigError, match="key file"):
        Pseudonyms.for_store(store, PrivacySettings(key_file=tmp_path / name))
