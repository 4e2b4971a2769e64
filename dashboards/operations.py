"""Every command as a function of an open store: the command line and the API call the same ones.

An operation takes JSON-like keyword arguments and returns a JSON-like value, so that it gives the
same answer in the caller's process and over HTTP.
"""

import base64
import inspect
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec

from dashboards.context import Context, Operation
from dashboards.topic_operations import TOPIC_OPERATIONS, instant
from decay_reports.notify.deliver import summary
from decayd.config import Kind
from decayd.errors import UsageError
from decayd.jobs import CLOSE, JOBS
from store.pseudonyms import Pseudonyms

__all__ = ["OPERATIONS", "Context", "Operation", "perform"]

LetterState = Literal["new", "retried", "dropped", "all"]
Limit = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


def status(context: Context) -> dict[str, Any]:
    """Tell what came in, how far the jobs are, what waits in the dead letters and to be told."""
    store = context.store
    span = store.rows("job_span", close="close")[0]
    ran = {row["job"]: row for row in store.rows("job_last_runs")}
    return {
        "store": {"path": str(store.path), "id": store.id},
        "kafka": context.collector() if context.collector else {"state": "no daemon is running"},
        "events": store.rows("status_counts"),
        "watermark": span["watermark"],
        "first_live_at": span["first_live_at"],
        "dead_letters": store.rows("dead_letter_counts"),
        "jobs": [
            {"job": job.name, "every": job.every, "answers": job.answers}
            | {key: ran.get(job.name, {}).get(key) for key in ("as_of", "state", "details")}
            for job in JOBS
        ],
        "deliveries": summary(store, context.settings),
    }


def report(
    context: Context, *, as_of: str | None = None, week: str | None = None, feature: str = ""
) -> dict[str, Any]:
    """Return the weekly report in every format; computed now when none is stored for `as_of`."""
    from decay_reports import formats, weekly
    from decay_reports.layout.rendering import render
    from decayd import plugins

    moment = instant(as_of)
    facts = weekly.load(
        context.store,
        context.settings,
        as_of=moment,
        week=_week(week),
    )
    if feature:
        facts = weekly.only(facts, feature)
    documents = {name: render(facts, name) for name in plugins.names(formats)}
    return {"week": facts.week, "as_of": facts.as_of, "documents": documents}


def reports(context: Context) -> list[dict[str, Any]]:
    """List the weekly reports, newest first."""
    return context.store.rows("reports_list")


def findings(context: Context, *, feature: str = "") -> list[dict[str, Any]]:
    """List findings, newest first."""
    return context.store.rows("findings_list", feature=feature)


def finding(context: Context, *, finding_id: str) -> dict[str, Any]:
    """Return one finding with its member request ids and what people decided about it."""
    rows = context.store.rows("finding_show", finding_id=finding_id)
    if not rows:
        raise UsageError(f"there is no finding {finding_id}", hint="decayd findings list")
    said = context.store.rows("acknowledgements_of", finding_id=finding_id)
    body = json.loads(rows[0]["body"] or "{}")
    return rows[0] | {"body": body, "acknowledgements": said}


def calibrate(context: Context, *, like: str) -> Any:
    """Map the cosine cuts of the model `like` to the configured one, as of the newest close."""
    from drift.calibrate import calibrate as map_cuts_of

    span = context.store.rows("job_span", close=CLOSE)[0]
    moment = span["last_close"] or span["watermark"] or _newest(context)
    return _plain(map_cuts_of(context.store, moment, context.settings.topics, like=like))


def datasets_build(context: Context, *, name: str, as_of: str | None = None) -> Any:
    """Build a training set as known at `as_of` (default: everything that is stored)."""
    from training_sets.build import build

    moment = instant(as_of) or _newest(context)
    return _plain(build(context.store, name, moment, context.settings))


def datasets_list(context: Context) -> Any:
    """List training sets and versions."""
    from training_sets.catalog import list_sets

    return _plain(list_sets(context.store))


def datasets_show(context: Context, *, name: str) -> Any:
    """Return a version's manifest."""
    from training_sets.catalog import show

    return _plain(show(context.store, name))


def datasets_pull(context: Context, *, name: str, fmt: str, job_id: str = "") -> dict[str, Any]:
    """Return the files of a pulled version, base64; the pull is recorded."""
    from training_sets.pull import pull

    now = context.clock.now().astimezone(UTC).replace(tzinfo=None)
    pulled = pull(context.store, name, fmt, context.settings, job_id=job_id, now=now)
    files = {name: base64.b64encode(data).decode() for name, data in pulled.files.items()}
    return {key: getattr(pulled, key) for key in ("name", "version", "state", "n_rows")} | {
        "files": files
    }


def dead_letters(
    context: Context, *, state: LetterState = "new", limit: Limit = 50
) -> list[dict[str, Any]]:
    """List dead letters, newest first."""
    return context.store.rows("dead_letters_list", state=state, limit=limit)


def dead_letter(context: Context, *, dead_letter_id: int) -> dict[str, Any]:
    """Return one dead letter with the bytes that were kept, as text."""
    rows = context.store.rows("dead_letter_show", dead_letter_id=dead_letter_id)
    if not rows:
        raise UsageError(
            f"there is no dead letter {dead_letter_id}", hint="decayd dead-letters list"
        )
    return rows[0] | {"value": bytes(rows[0]["value"] or b"").decode("utf-8", "backslashreplace")}


def dead_letters_drop(context: Context, *, ids: list[int]) -> dict[str, Any]:
    """Mark dead letters as dealt with."""
    for dead_letter_id in ids:
        dead_letter(context, dead_letter_id=dead_letter_id)
    with context.store.transaction() as transaction:
        for dead_letter_id in ids:
            transaction.run("dead_letter_set_state", state="dropped", dead_letter_id=dead_letter_id)
    return {"dropped": len(ids)}


def dead_letters_retry(context: Context, *, ids: list[int]) -> Any:
    """Decode dead letters again and store those that are good now."""
    from collector.retry import retry

    pseudonyms = Pseudonyms.for_store(context.store, context.settings.privacy)
    return _plain(retry(context.store, ids, context.settings, context.clock, pseudonyms))


def ingest(
    context: Context, *, files: list[str], fmt: str = "native", kind: Kind | None = None
) -> Any:
    """Back-fill JSONL files of this machine through the same path as Kafka records."""
    from collector.files import ingest as ingest_files

    store, settings = context.store, context.settings
    pseudonyms = Pseudonyms.for_store(store, settings.privacy)
    paths = [Path(file) for file in files]
    return ingest_files(store, paths, settings, context.clock, pseudonyms, fmt=fmt, kind=kind)


OPERATIONS: dict[str, Operation] = {
    "status": Operation(status),
    "report": Operation(report),
    "reports": Operation(reports),
    "findings": Operation(findings),
    "finding": Operation(finding),
    "calibrate": Operation(calibrate, writes=True),
    "datasets_build": Operation(datasets_build, writes=True),
    "datasets_list": Operation(datasets_list),
    "datasets_show": Operation(datasets_show),
    "datasets_pull": Operation(datasets_pull, writes=True),
    "dead_letters": Operation(dead_letters),
    "dead_letter": Operation(dead_letter),
    "dead_letters_drop": Operation(dead_letters_drop, writes=True),
    "dead_letters_retry": Operation(dead_letters_retry, writes=True),
    "ingest": Operation(ingest, writes=True),
} | TOPIC_OPERATIONS


def perform(context: Context, name: str, arguments: dict[str, Any]) -> Any:
    """Run one operation and return its value as plain JSON types.

    Raises
    ------
    UsageError
        When there is no such operation or an argument does not fit.
    """
    operation = OPERATIONS.get(name)
    if operation is None:
        raise UsageError(f"there is no operation {name!r}", hint=f"one of: {', '.join(OPERATIONS)}")
    return _plain(operation.work(context, **_fitting(operation.work, name, arguments)))


def _fitting(work: Callable[..., Any], name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(work, include_extras=True)
    try:
        inspect.signature(work).bind(None, **arguments)
        return {key: msgspec.convert(value, hints[key]) for key, value in arguments.items()}
    except (TypeError, msgspec.ValidationError) as error:
        raise UsageError(f"{name} can't be done with these arguments: {error}") from error


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value, str_keys=True)


def _week(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError(f"--week {text!r} is no ISO 8601 day, such as 2026-10-12") from error


def _newest(context: Context) -> datetime:
    found: datetime | None = context.store.scalar("newest_available")
    if found is None:
        raise UsageError(
            "the store holds no events yet", hint="decayd ingest FILE, or decayd run beside Kafka"
        )
    return found
