"""Which staged events are new, which are there already, and which contradict one that is there.

Table and column names come from the schema, never from a record, so composing SQL of them is safe.
"""

from collections.abc import Collection, Sequence

import pyarrow as pa

from store.database import Transaction

_NOT_CONTENT = frozenset({"seq", "available_at", "text_key"})


def judge(
    transaction: Transaction, table: str, columns: Sequence[str]
) -> tuple[set[int], set[int]]:
    """Compare `staged` with the days of `table` that it touches, and with its own earlier rows.

    Returns
    -------
    tuple of sets
        The `seq` numbers that are known already, and those whose event id is taken by other
        content (`available_at` is not content). All others are new.
    """
    suspects = {seq for (seq,) in transaction.query(_SUSPECTS.format(table=table))}
    if not suspects:
        return set(), set()
    content = [column for column in columns if column not in _NOT_CONTENT]
    same = " AND ".join(f'k."{c}" IS NOT DISTINCT FROM s."{c}"' for c in content)
    transaction.stage("suspects", pa.table({"seq": pa.array(sorted(suspects), pa.int64())}))
    kept = ", ".join(f'"{c}"' for c in content)
    rows = transaction.query(_JUDGED.format(table=table, same=same, kept=kept))
    known = {seq for seq, state in rows if state == "known"}
    conflict = {seq for seq, state in rows if state == "conflict"}
    return known, conflict


def insert_staged(
    transaction: Transaction, table: str, staged: Sequence[str], left_out: Collection[int]
) -> None:
    """Insert the rows of `staged` but those numbered in `left_out`, filling the derived columns."""
    columns = {c: f's."{c}"' for c in staged if c != "seq"}
    columns |= {
        "event_key": "md5_number_lower(s.event_id)",
        "day": "s.ts::DATE",
        "duplicate": "false",
    }
    if "request_id" in staged:
        columns["request_key"] = "md5_number_lower(s.request_id)"
    names, values = ", ".join(f'"{c}"' for c in columns), ", ".join(columns.values())
    transaction.stage("left_out", pa.table({"seq": pa.array(sorted(left_out), pa.int64())}))
    only = "ANTI JOIN left_out USING (seq)" if left_out else ""
    transaction.query(f'INSERT INTO "{table}" ({names}) SELECT {values} FROM staged s {only}')  # noqa: S608


# A wider net than identity, so that only keys of the touched days are read; `_JUDGED` is exact.
_SUSPECTS = """
SELECT seq FROM staged
WHERE event_id IN (SELECT event_id FROM staged GROUP BY event_id HAVING count(*) > 1)
  OR md5_number_lower(event_id) IN (
    SELECT event_key FROM "{table}"
    WHERE day BETWEEN (SELECT min(ts)::DATE FROM staged) AND (SELECT max(ts)::DATE FROM staged)
  )
"""

_JUDGED = """
WITH s AS (SELECT * FROM staged SEMI JOIN suspects USING (seq)),
there AS (
  SELECT day, {kept} FROM "{table}"
  WHERE event_key IN (SELECT md5_number_lower(event_id) FROM s)
    AND day IN (SELECT ts::DATE FROM s)
),
first AS (
  SELECT seq AS first_seq, ts::DATE AS day, {kept} FROM staged
  WHERE event_id IN (SELECT event_id FROM s)
  QUALIFY row_number() OVER (PARTITION BY event_id, ts::DATE ORDER BY seq) = 1
)
SELECT s.seq,
  CASE
    WHEN bool_or(k.event_id IS NOT NULL) THEN
      CASE WHEN bool_or({same}) THEN 'known' ELSE 'conflict' END
    ELSE any_value(f.state)
  END AS state
FROM s
LEFT JOIN there k ON k.event_id = s.event_id AND k.day = s.ts::DATE
LEFT JOIN (
  SELECT s.seq, CASE
    WHEN s.seq = k.first_seq THEN 'new' WHEN {same} THEN 'known' ELSE 'conflict'
  END AS state
  FROM s JOIN first k ON k.event_id = s.event_id AND k.day = s.ts::DATE
) f USING (seq)
GROUP BY s.seq
"""
