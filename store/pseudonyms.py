"""User ids become pseudonyms before they are stored: HMAC-SHA-256, its key never in the store."""

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path
from typing import Self

from decayd.config import PrivacySettings
from decayd.errors import ConfigError
from store.database import Store

_FORM = re.compile(r"u-[0-9a-f]{32}")
_MAX_CACHED = 200_000  # about 40 MB; more distinct users than this in a row are hashed again


class Pseudonyms:
    """A keyed, repeatable map from user ids to ``u-<32 hex>``; a pseudonym maps to itself.

    >>> p = Pseudonyms(b"key")
    >>> p.of("alice") == p.of(p.of("alice")) == Pseudonyms(b"key").of("alice")
    True
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: dict[str, str] = {}

    @classmethod
    def for_store(cls, store: Store, settings: PrivacySettings) -> Self:
        """Load the key from settings, or make a 0600 key file beside the store.

        Raises
        ------
        ConfigError
            When the key is not the one whose fingerprint the store keeps.
        """
        path = settings.key_file or store.path.with_name(store.path.name + ".key")
        fingerprint = store.info("key_fingerprint")
        key = settings.key.get_secret_value().encode() or _read(path, may_make=not fingerprint)
        found = cls(key)
        if fingerprint not in (None, found.fingerprint):
            raise ConfigError(
                f"the pseudonym key is not the one that {store.path} was written with",
                hint=f"set DECAYD_PRIVACY__KEY or privacy.key_file to the old key (default {path})",
            )
        if fingerprint is None:
            store.set_info(key_fingerprint=found.fingerprint)
        return found

    @property
    def fingerprint(self) -> str:
        """Return 16 hex digits that tell keys apart and say nothing about them."""
        return hmac.new(self._key, b"decayd key fingerprint", hashlib.sha256).hexdigest()[:16]

    def of(self, person: str) -> str:
        """Return the pseudonym of a user, actor or annotator id."""
        known = self._known.get(person)
        if known is None:
            if len(self._known) >= _MAX_CACHED:
                self._known.clear()
            known = self._known[person] = self._hash(person)
        return known

    def digest(self, value: bytes) -> str:
        """Return ``<bytes>:<32 hex>`` by which the holder of the key knows a value again."""
        found = hmac.new(self._key, b"decayd record " + value, hashlib.sha256).hexdigest()
        return f"{len(value)}:{found[:32]}"

    def knows(self, value: bytes, digest: str) -> bool:
        """Tell whether a digest is that of a value, or of the beginning of one."""
        length = digest.partition(":")[0]
        return length.isdigit() and self.digest(value[: int(length)]) == digest

    def _hash(self, person: str) -> str:
        if _FORM.fullmatch(person):
            return person
        digest = hmac.new(self._key, person.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"u-{digest.hexdigest()[:32]}"


def _read(path: Path, *, may_make: bool) -> bytes:
    try:
        key = path.read_bytes().strip() if path.exists() or not may_make else _make(path)
    except FileNotFoundError as error:
        raise ConfigError(
            f"the pseudonym key file {path} is missing",
            hint="restore it beside the store, or set DECAYD_PRIVACY__KEY",
        ) from error
    except OSError as error:
        raise ConfigError(f"can't use the pseudonym key file {path}: {error.strerror}") from error
    if not key:
        raise ConfigError(f"the pseudonym key file {path} is empty")
    return key


def _make(path: Path) -> bytes:
    key = secrets.token_hex(32).encode()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key
