"""Marks rows whose event id is there on an earlier day too.

Table names come from the schema, never from a record, so composing SQL of them is safe.
"""

from datetime import datetime

import pyarrow as pa

from store.database import Transaction


def mark_duplicates(transaction: Transaction, table: str, since: datetime, as_of: datetime) -> int:
    """Mark every copy but the earliest; return how many rows were marked.

    Parameters
    ----------
    transaction
        The open write transaction.
    table
        An event table.
    since, as_of
        Ids of rows that became available in (since, as_of] are looked at, with all of their copies.
    """
    transaction.stage("span", pa.table({"since": [since], "as_of": [as_of]}))
    copies = transaction.query(_COPIES.format(table=table))
    if not copies:
        return 0
    columns = dict(zip(("event_id", "first_ts"), map(list, zip(*copies, strict=True)), strict=True))
    transaction.stage("copies", pa.table(columns))
    return int(transaction.query(_MARK.format(table=table))[0][0])


_COPIES = """
SELECT event_id, min(ts) AS first_ts
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
