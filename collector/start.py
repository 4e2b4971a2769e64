"""Where reading a partition starts: the store's own offset is the truth, Kafka's only evidence."""

from collector.source import Committed
from decayd.errors import ConfigError


def start_offset(
    mine: int | None, committed: Committed | None, store_id: str, policy: str, *, new_store: bool
) -> int | None:
    """Return the offset to start at, None for the oldest record.

    A commit carries the id of the store that made it. When it is ours the store is right, also
    after a backup was restored: what it lacks is read again. When it is another store's, that one
    holds the rows up to there, so the later of both offsets is right. A new store that meets
    another's commit can't know what is wanted.

    Parameters
    ----------
    mine
        The store's offset, None when it has none for this partition.
    committed
        What the group has committed, None when nothing.
    store_id
        The id of this store.
    policy
        ``on_foreign_offsets``: fail, continue (where the other store was), replay (from the start).
    new_store
        Whether the store has no offset of any topic that is read.

    Raises
    ------
    ConfigError
        When the store is new, the commit is another store's and the policy is to fail.

    Examples
    --------
    >>> start_offset(40, Committed(90, "this"), "this", "fail", new_store=False)
    40
    >>> start_offset(40, Committed(90, "other"), "this", "fail", new_store=False)
    90
    """
    if committed is None or committed.metadata == store_id:
        return mine
    if mine is not None:
        return max(mine, committed.offset)
    if policy == "replay":
        return None
    if policy == "continue" or not new_store:
        return committed.offset
    raise ConfigError(
        "this store is new, but its consumer group has read on with another store",
        hint="set kafka.on_foreign_offsets to continue (from where that store was) or replay "
        "(from the oldest record), or take another kafka.group_id",
    )
