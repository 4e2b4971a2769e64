"""One short text for what a store was told, to compare two stores or a store and its backup."""

import hashlib

import msgspec

from store.database import Store


def event_digest(store: Store) -> str:
    """Return the SHA-256 over the seven event tables.

    It is the same for the same events whatever their order of arrival, how they were cut into
    batches and how often each was delivered, as long as both stores have the same pseudonym key.
    Of two events with the same id and different contents the first is kept, so there order counts.
    """
    return hashlib.sha256(msgspec.json.encode(store.rows("event_digest"))).hexdigest()
