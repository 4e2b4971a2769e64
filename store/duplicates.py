"""Marks rows whose event id is there on an earlier day too.

Table names come from the schema, never from a record, so composing SQL of them is safe.
"""

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from store.database import Transaction


def mark_duplicates(
    transaction: Transaction, tables: Sequence[str], since: datetime, as_of: datetime
) -> dict[str, int]:
    """Mark every copy but the earliest; return how many rows were marked, for tables with any.

    Parameters
    ----------
    transaction
        The open write transaction.
    tables
        Event tables.
    since, as_of
        Ids of rows that became available in (since, as_of] are looked at, with all of their copies.
    """
    transaction.stage("span", pa.table({"since": [since], "as_of": [as_of]}))
    copies = transaction.query(" UNION ALL ".join(_COPIES.format(table=t) for t in tables))
    marked = {}
    for table in dict.fromkeys(name for name, _, _ in copies):
        own = [(event_id, first_ts) for name, event_id, first_ts in copies if name == table]
        ids, first_ts = (list(column) for column in zip(*own, strict=True))
        transaction.stage("copies", pa.table({"event_id": ids, "first_ts": first_ts}))
        marked[table] = int(transaction.query(_MARK.format(table=table))[0][0])
    return {table: n for table, n in marked.items() if n}


_COPIES = """
SELECT '{table}', event_id, min(ts) AS first_ts
FROM "{table}"
WHERE available_at <= (SELECT as_of FROM span)
  AND event_key IN (
    SELECT event_key FROM "{table}"
    WHERE available_at > (SELECT since FROM span) AND available_at <= (SELECT as_of FROM span)
  )
GROUP BY event_id
HAVING count(*) > 1
"""

_MARK = """
UPDATE "{table}" AS t
SET duplicate = true
FROM copies c
WHERE t.event_key = md5_number_lower(c.event_id) AND t.event_id = c.event_id
  AND t.ts > c.first_ts AND t.available_at <= (SELECT as_of FROM span) AND NOT t.duplicate
"""
