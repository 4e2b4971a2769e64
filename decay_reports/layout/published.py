"""Parquet files for notebooks and jobs, written after each weekly run: no query text, no users."""

import io
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from decayd import log
from decayd.files import write_atomic
from store.database import Store

_log = log.get("decay_reports")
# file and the query whose rows it holds
_FILES = {
    "weekly_figures.parquet": "published_weekly_figures",
    "topics.parquet": "topics_list",
    "findings.parquet": "published_findings",
}


def publish(store: Store, as_of: datetime, folder: Path) -> int:
    """Write what was known at `as_of` to `folder`; return how many files were written.

    Each file appears whole, and the same rows give the same bytes. A folder that can't be written
    is logged and costs nothing else: the next run writes everything again.
    """
    written = 0
    try:
        for name, query in _FILES.items():
            write_atomic(folder / name, _parquet(_rows(store, query, as_of)))
            written += 1
    except OSError as error:
        _log.warning("figures not published", folder=str(folder), error=str(error))
    return written


def _rows(store: Store, query: str, as_of: datetime) -> pa.Table:
    if query == "topics_list":
        return store.table(query, feature="", as_of=as_of).drop_columns(["examples"])
    return store.table(query, as_of=as_of)


def _parquet(table: pa.Table) -> bytes:
    import pyarrow.parquet as pq

    content = io.BytesIO()
    pq.write_table(table, content, compression="zstd")
    return content.getvalue()
