"""Which adapters answer, whether each was announced and runs on the base it was trained on."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from decay_reports import numbers
from decay_reports.causes import adapters
from decay_reports.causes.adapters import Announced
from decay_reports.facts.aspect import Look, Question, TableFacts
from decayd.results import Finding
from decayd.weeks import week_of

TITLE = "Adapters"
ORDER = 20
SCOPE = "feature"
MISMATCH = "adapter_base_mismatch"
UNANNOUNCED = "adapter_unannounced"
ORPHAN = "adapter_dataset_unknown"
KINDS = (MISMATCH, UNANNOUNCED, ORPHAN)
_WEEKS = 8
_SHOWN = 12


@dataclass(frozen=True)
class _Use:
    """An adapter on a model: how often, since when, and what was announced of it, if anything."""

    adapter: str
    model: str
    n: int
    n_newest: int
    first: datetime
    last: datetime
    request_ids: tuple[str, ...]
    known: Announced | None

    @property
    def mismatch(self) -> bool:
        """Tell whether the base is said, the model too, and they differ."""
        bases = self.known.trained_on if self.known else ()
        if not bases or not self.model:
            return False
        return not any(adapters.is_same_base(base, self.model) for base in bases)


def look(question: Question) -> Look:
    """List the adapters of the last weeks and say what is wrong with those of the newest."""
    uses = _uses(question)
    if not uses:
        return Look(missing="" if _announced(question) else "`adapter` absent in 100% of requests")
    sets = _datasets(question)
    current = [use for use in uses if use.n_newest]
    found = [
        *(_mismatch(question, use) for use in current if use.mismatch),
        *_of_adapter(question, current, sets),
    ]
    return Look(
        lines=tuple(f"{numbers.visible(finding.title, 400)}." for finding in found)
        or ("every adapter of this week was announced; none runs on another base than its own.",),
        tables=(_table(uses, sets),),
        missing=_missing(current),
        findings=tuple(found),
    )


def _uses(question: Question) -> list[_Use]:
    known = _announced(question)
    rows = question.store.rows(
        "adapter_traffic", feature=question.feature, as_of=question.as_of,
        since=question.since(_WEEKS), newest=question.since(1),
    )  # fmt: skip
    return [
        _Use(
            row["adapter"], row["base"], row["n"], row["n_newest"], row["first_ts"],
            row["last_ts"], tuple(row["request_ids"]),
            adapters.named(row["adapter"], known, row["last_ts"]),
        )
        for row in rows
    ]  # fmt: skip


def _announced(question: Question) -> list[Announced]:
    rows = question.store.rows("adapter_changes", feature=question.feature, as_of=question.as_of)
    return adapters.announced(rows)


def _datasets(question: Question) -> dict[str, set[str]]:
    known: dict[str, set[str]] = {}
    for row in question.store.rows("dataset_versions"):
        if row["as_of"] <= question.as_of:
            known.setdefault(row["name"], set()).add(row["version"])
    return known


def _mismatch(question: Question, use: _Use) -> Finding:
    bases = " or ".join(use.known.trained_on) if use.known else ""
    return _finding(
        question, use, MISMATCH, "critical",
        f"adapter {use.adapter}, trained on {bases}, answers on {use.model} since {_minute(use)} "
        f"({numbers.count(use.n, 'request')})",
        "put the base back or turn the adapter off; train it again on the new base",
    )  # fmt: skip


def _of_adapter(
    question: Question, current: Iterable[_Use], sets: Mapping[str, Collection[str]]
) -> Iterable[Finding]:
    """Yield what is wrong with an adapter on whatever base, once each."""
    told: set[str] = set()
    for use in sorted(current, key=lambda use: use.first):
        if use.adapter in told:
            continue
        told.add(use.adapter)
        if use.known is None:
            yield _finding(
                question, use, UNANNOUNCED, "warning",
                f"adapter {use.adapter} answers since {_minute(use)} and was never announced",
                "send a `change` event of artifact adapter with `trained_on` and `datasets`",
            )  # fmt: skip
        elif unknown := adapters.unknown_datasets(use.known.datasets, sets):
            yield _finding(
                question, use, ORPHAN, "warning" if sets else "info",
                f"adapter {use.adapter} was trained on {', '.join(unknown)}, "
                "which this store has not made",
                "name the set as `decayd datasets list` does, or keep its manifest beside it",
            )  # fmt: skip


def _finding(
    question: Question, use: _Use, kind: str, severity: str, title: str, next_step: str
) -> Finding:
    about = f"{use.adapter} on {use.model}" if kind == MISMATCH else use.adapter
    return Finding(
        finding_id="", kind=kind, feature=question.feature, as_of=question.as_of,
        week=week_of(use.first, question.settings.report.timezone),
        title=numbers.visible(title, 300), severity=severity, next_step=next_step,
        member_request_ids=use.request_ids,
        details={"about": about, "first_seen": use.first.isoformat(), "n_requests": use.n},
    )  # fmt: skip


def _table(uses: Iterable[_Use], sets: Mapping[str, Collection[str]]) -> TableFacts:
    rows = tuple(
        (
            numbers.visible(use.adapter, 60), numbers.visible(use.model, 60) or "not stated",
            numbers.count(use.n), _minute(use), _base_words(use), _dataset_words(use, sets),
        )
        for use in sorted(uses, key=lambda use: (not use.mismatch, -use.n, use.adapter))[:_SHOWN]
    )  # fmt: skip
    return TableFacts(
        caption=f"Adapters that answered in the last {_WEEKS} weeks",
        head=("Adapter", "On model", "Requests", "Since", "Trained on", "Datasets"), rows=rows,
    )  # fmt: skip


def _base_words(use: _Use) -> str:
    if use.known is None:
        return "never announced"
    bases = numbers.visible(", ".join(use.known.trained_on), 60)
    return f"{bases or 'not stated'}{': another base' if use.mismatch else ''}"


def _dataset_words(use: _Use, sets: Mapping[str, Collection[str]]) -> str:
    if use.known is None or not use.known.datasets:
        return "not stated"
    unknown = set(adapters.unknown_datasets(use.known.datasets, sets))
    said = (f"{each} (not known here)" if each in unknown else each for each in use.known.datasets)
    return numbers.visible(", ".join(said), 120)


def _missing(current: Iterable[_Use]) -> str:
    known = [use for use in current if use.known]
    lacks = []
    if any(not use.model for use in current):
        lacks.append("send `model_resolved` with each request")
    if any(not use.known.trained_on for use in known if use.known):
        lacks.append("send `details.trained_on` with each adapter's change event")
    return "; ".join(lacks)


def _minute(use: _Use) -> str:
    return f"{numbers.day(use.first.date())} {use.first:%H:%M} UTC"
