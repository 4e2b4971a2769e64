"""Signals that nobody sends: retries and abandoned sessions, found at each day's close.

A retry speaks of the earlier answer, whose text was asked again within 10 minutes in the same
session and feature; its `request_id` is that earlier request. An abandon speaks of the last answer
of a session that has been idle for 30 minutes, when nothing positive was said of it. The session
begins anew with the next request after such a pause.

Both are written once, with the time at which they became true and available from the close that
found them; what arrives later changes none of them. What an emitter has sent itself is not derived
again. `undo` needs no row: its 30 seconds are counted where signals are weighed.
"""

from datetime import datetime, timedelta
from typing import Any

from collector.since import mark_run, since
from decayd.config import Settings
from store.database import Store

_BEFORE_ASKED = timedelta(days=1)  # a signal may be stamped a little before its request
_MARK = "derived_until"


def run(store: Store, as_of: datetime, settings: Settings) -> dict[str, Any]:  # noqa: ARG001
    """Write the signals that can be derived from what was known at `as_of`.

    Only sessions with requests that became available since the last run are looked at, with all of
    their requests. Running it again changes nothing.

    Returns
    -------
    dict
        The number of new signals by name.
    """
    with store.transaction() as transaction:
        found = transaction.table(
            "derive_candidates", as_of=as_of, since=since(store, _MARK, as_of)
        )
        names: list[str] = []
        if found.num_rows:
            transaction.stage("candidates", found)
            earliest = min(found.column("asked_at").to_pylist()) - _BEFORE_ASKED
            new = transaction.table("derive_new", as_of=as_of, **{"from": earliest})
            transaction.stage("staged_signals", new)
            transaction.run("derive_insert_staged", as_of=as_of)
            names = new.column("signal").to_pylist()
        mark_run(transaction, store, _MARK, as_of)
    return {signal: names.count(signal) for signal in ("retry", "abandon")}
