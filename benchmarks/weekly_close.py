"""CPU of one weekly close by job, at growing traffic; and how it grows with the requests.

    python benchmarks/weekly_close.py [REQUESTS ...]     (default 250000 1000000)

16 features over 26 weeks. The first 25 weeks are filled in, the 26th is live: what is measured is
its close, beyond ingest and drift. The drawing of the pages is printed beside it.
"""

import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import duckdb

from decay_reports import aspects_run, change_run, run, weekly
from decay_reports.layout import rendering
from decayd.config import Settings, StoreSettings
from store.database import Store

FEATURES, WEEKS, TOPICS = 16, 26, 20
START = datetime(2026, 1, 5)  # noqa: DTZ001 - a Monday; the store keeps naive UTC
LIVE = START + timedelta(weeks=WEEKS - 1)
END = START + timedelta(weeks=WEEKS)
SIZES = (250_000, 1_000_000)

_ASKED = f"""
CREATE TEMP TABLE asked AS
SELECT i, 'r' || i AS id, 'feature-' || (i % {FEATURES}) AS feature,
       TIMESTAMP '{START}' + to_microseconds((i * {WEEKS * 7 * 86_400} / $n * 1e6)::BIGINT) AS ts,
       hash(i, 1) % 1000000 / 1e6 AS luck, hash(i, 2) % 1000000 / 1e6 AS reply,
       hash(i, 3) % 1000000 / 1e6 AS delay, hash(i, 4) % {TOPICS} AS topic,
       'u' || (hash(i, 5) % greatest(1, $n // 60)) AS user_id,
       i % {FEATURES} = 0 AND i > $n // 2 AS worse
FROM range($n) AS requests(i)
"""  # noqa: S608
_SUCCEEDS = "luck < CASE WHEN worse THEN .6 ELSE .75 END"
_REQUESTS = """
INSERT INTO requests (
  event_id, event_key, day, ts, available_at, v, duplicate, request_id, request_key, feature,
  text_key, query, status, response, session_id, user_id, model_resolved, versions, latency_ms,
  ttft_ms, source_kind, probe, input_tokens, output_tokens
)
SELECT id, md5_number_lower(id), ts::DATE, ts, ts, 1, false, id, md5_number_lower(id), feature,
       topic, 'question ' || topic, 'ok', 'an answer of some words', user_id || ts::DATE, user_id,
       'm-1', '{"prompt":"p1"}', 400 + 3000 * delay, 200 + 500 * delay, 'production', false,
       300, 120
FROM asked ORDER BY ts
"""
_SIGNALS = f"""
INSERT INTO signals (
  event_id, event_key, day, ts, available_at, v, duplicate, signal, request_id, request_key, source
)
SELECT 's' || id, md5_number_lower('s' || id), ts::DATE, ts + INTERVAL 2 MINUTE,
       ts + INTERVAL 2 MINUTE, 1, false,
       CASE WHEN {_SUCCEEDS} THEN if(reply < .05, 'thumbs_up', 'copy') ELSE 'retry' END, id,
       md5_number_lower(id), 'behavioural'
FROM asked WHERE reply < .3 ORDER BY ts
"""  # noqa: S608
_OUTCOMES = f"""
INSERT INTO outcomes (
  event_id, event_key, day, ts, available_at, v, duplicate, outcome, request_id, request_key,
  success
)
SELECT 'o' || id, md5_number_lower('o' || id), came::DATE, came, came, 1, false,
       if({_SUCCEEDS}, 'resolved', 'reopened'), id, md5_number_lower(id), {_SUCCEEDS}
FROM (
  SELECT *, ts + to_microseconds(
    (-ln(1 - delay) * if({_SUCCEEDS}, 5, 1.6) * 86400 * 1e6)::BIGINT) AS came
  FROM asked WHERE hash(i, 6) % 100 < 23
)
WHERE came < TIMESTAMP '{END}' ORDER BY came
"""  # noqa: S608
_PLACED = f"""
INSERT INTO request_topics
SELECT md5_number_lower(id), feature, ts::DATE, 't' || topic, 1, 'model', .9,
       least(date_trunc('week', ts) + INTERVAL 7 DAY, TIMESTAMP '{END}')
FROM asked
"""  # noqa: S608


def main() -> None:
    """Print a table of CPU-seconds by part and size, and the slope."""
    sizes = [int(text) for text in sys.argv[1:]] or list(SIZES)
    print(f"{FEATURES} features, {WEEKS} weeks; CPU-seconds of one close, of its newest week\n")
    totals = []
    for n in sizes:
        with tempfile.TemporaryDirectory() as folder:
            spent = measure(Path(folder), n)
        totals.append(sum(spent[name] for name in ("figures", "aspects", "changes", "report")))
        parts = "  ".join(f"{name} {seconds:.2f}" for name, seconds in spent.items())
        print(f"{n:>12,} requests  {parts}  close {totals[-1]:.2f}")
    if len(sizes) > 1:
        slope = (totals[-1] - totals[0]) / (sizes[-1] - sizes[0]) * 1e6
        print(f"\nslope {slope:.2f} CPU-s a million requests")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MB")
    print(f"duckdb {version('duckdb')}, Python {platform.python_version()}")


def measure(folder: Path, n: int) -> dict[str, float]:
    """Fill a store with `n` requests and return the CPU-seconds of each part of its last close."""
    where = StoreSettings(path=folder / "s.duckdb", threads=1, memory_limit="4GB")
    settings = Settings.model_validate({
        "report": {"folder": folder / "reports"}, "publish": {"folder": folder / "published"},
    })  # fmt: skip
    with Store.open(where) as store:
        store.set_info(first_live_at=LIVE.isoformat(), watermark=END.isoformat())
    fill(where.path, n)
    with Store.open(where) as store:
        run.run(store, LIVE, settings)
        spent = {
            "figures": cpu(lambda: run.run(store, END, settings)),
            "aspects": cpu(lambda: aspects_run.run(store, END, settings)),
            "changes": cpu(lambda: change_run.run(store, END, settings)),
            "report": cpu(lambda: weekly.run(store, END, settings)),
        }
        facts = weekly.load(store, settings, as_of=END)
        return spent | {"pages": cpu(lambda: rendering.write(facts, folder))}


def fill(path: Path, n: int) -> None:
    """Write the simulated rows with SQL: ingest is measured elsewhere."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(_ASKED, {"n": n})
        for statement in (_REQUESTS, _SIGNALS, _OUTCOMES, _PLACED):
            connection.execute(statement)


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU-seconds of a call."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
