"""The nightly look for event ids that came on more than one day.

At ingest only the days that a batch touches are compared. Here every copy but the one with the
earliest time is marked, and what is marked counts nowhere.
"""

from datetime import datetime
from typing import Any

from collector.since import mark_run, since
from decayd.config import Settings
from decayd.events import KINDS
from store.database import Store
from store.duplicates import mark_duplicates

_MARK = "duplicates_until"


def run(store: Store, as_of: datetime, settings: Settings) -> dict[str, Any]:  # noqa: ARG001
    """Mark copies among what was known at `as_of`; running it again changes nothing.

    Returns
    -------
    dict
        The number of rows that were marked, by table, for tables with any.
    """
    with store.transaction() as transaction:
        span = (since(store, _MARK, as_of), as_of)
        marked = mark_duplicates(transaction, [f"{kind}s" for kind in KINDS], *span)
        mark_run(transaction, store, _MARK, as_of)
    return marked
