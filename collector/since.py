"""How far a daily job has come, so that it looks only at what became available since."""

from datetime import datetime

from store.database import Store, Transaction

_BEGINNING = datetime(1970, 1, 1)  # noqa: DTZ001 - store times are naive UTC


def since(store: Store, mark: str, as_of: datetime) -> datetime:
    """Return the last run's `as_of`; the beginning of time when this run is not a later one."""
    value = store.info(mark)
    last = datetime.fromisoformat(value) if value else _BEGINNING
    return last if last < as_of else _BEGINNING


def mark_run(transaction: Transaction, store: Store, mark: str, as_of: datetime) -> None:
    """Note that everything available at `as_of` has been looked at."""
    value = store.info(mark)
    if value is None or datetime.fromisoformat(value) < as_of:
        transaction.set_info(**{mark: as_of.isoformat()})
