"""The weekly job: builds a candidate of every configured set at the week's close."""

from datetime import datetime, timedelta
from typing import Any

from decayd import log
from decayd.config import Settings
from decayd.errors import DatasetError
from store.database import Store
from training_sets import catalog
from training_sets.build import build
from training_sets.selection import History, read_history


def run(store: Store, as_of: datetime, settings: Settings) -> dict[str, Any]:
    """Build every configured set as of a week's close and count what came of it.

    Running it again changes nothing: a set with the same rows, or one that was built as of a later
    moment, keeps its latest version. A set that can't be built is logged and does not stop the
    others.
    """
    counts = {"sets": len(settings.datasets), "built": 0, "rows": 0, "unchanged": 0, "failed": 0}
    by_weeks = sorted(settings.datasets, key=lambda name: (settings.datasets[name].weeks, name))
    history = None
    for name in by_weeks:
        weeks = settings.datasets[name].weeks
        if history is None or history.period.start != as_of - timedelta(weeks=weeks):
            history = read_history(store, weeks, as_of, settings)
        outcome, n_rows = _build(store, name, as_of, settings, history)
        counts[outcome] += 1
        counts["rows"] += n_rows
    return counts


def _build(
    store: Store, name: str, as_of: datetime, settings: Settings, history: History
) -> tuple[str, int]:
    known = catalog.versions_of(store, name)
    if known and known[-1].as_of > as_of:
        return "unchanged", 0
    try:
        result = build(store, name, as_of, settings, history)
    except DatasetError as error:
        log.get("training_sets").error("training set not built", set=name, error=str(error))
        return "failed", 0
    return ("built", result.n_rows) if result.created else ("unchanged", 0)
