"""The job `aspects`: looks at what only some stores send, keeps it, says what is wrong."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import msgspec

from decay_reports import aspects
from decay_reports.facts.aspect import AspectFacts, Look, Question
from decayd import plugins
from decayd.config import Settings
from decayd.results import Finding
from decayd.weeks import WEEK, week_of
from store.database import Store, Transaction
from store.findings import append_findings, findings_at

_SILENT_AFTER = 8 * WEEK  # a feature without traffic for so long is left out
_INSTANT = timedelta(microseconds=1)
EVERYTHING = ""  # the feature of what belongs to no single one


def run(store: Store, as_of: datetime, settings: Settings) -> dict[str, Any]:
    """Keep every aspect's section as of a week's close, once, and open and close its findings."""
    if store.rows("aspects_at", as_of=as_of):
        return {"sections": 0, "findings": 0}
    week = week_of(as_of - _INSTANT, settings.report.timezone)
    rows = store.rows("aspect_features", since=as_of - _SILENT_AFTER, as_of=as_of)
    names = {"feature": [row["feature"] for row in rows], "store": [EVERYTHING]}
    n_sections = n_findings = 0
    for module in _modules():
        for feature in names[module.SCOPE]:
            look = module.look(Question(store, feature, as_of, week, settings))
            n_findings += len(look.findings)
            n_sections += 1
            with store.transaction() as tx:
                tx.append("aspects", [_row(module, feature, as_of, look)])
                append_findings(tx, list(_told(tx, module.KINDS, feature, as_of, look.findings)))
    return {"sections": n_sections, "findings": n_findings}


def kept(store: Store, as_of: datetime) -> dict[str, tuple[AspectFacts, ...]]:
    """Return the sections kept at `as_of` by feature, in the order that they are read."""
    order = {_name(module): module.ORDER for module in _modules()}
    found: dict[str, list[AspectFacts]] = {}
    for row in store.rows("aspects_at", as_of=as_of):
        facts = msgspec.json.decode(row["facts"], type=AspectFacts)
        found.setdefault(row["feature"], []).append(facts)
    last = len(order)
    return {
        feature: tuple(sorted(facts, key=lambda f: (order.get(f.name, last), f.name)))
        for feature, facts in found.items()
    }


def _modules() -> list[ModuleType]:
    return [plugins.load(aspects, name) for name in plugins.names(aspects)]


def _name(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def _row(module: ModuleType, feature: str, as_of: datetime, look: Look) -> dict[str, Any]:
    facts = AspectFacts(
        name=_name(module), title=module.TITLE,
        lines=look.lines, tables=look.tables, missing=look.missing,
    )  # fmt: skip
    encoded = msgspec.json.encode(facts, order="sorted").decode()
    return {"feature": feature, "aspect": facts.name, "as_of": as_of, "facts": encoded}


def _told(
    tx: Transaction, kinds: Iterable[str], feature: str, as_of: datetime, hold: Iterable[Finding]
) -> Iterable[Finding]:
    """Yield what holds, under its old id where it held before, and what held and is over."""
    was = {
        (old.kind, old.details.get("about")): old
        for kind in kinds
        for old in findings_at(tx, as_of, feature=feature, kind=kind)
        if old.state == "open"
    }
    for finding in hold:
        old = was.pop((finding.kind, finding.details.get("about")), None)
        yield msgspec.structs.replace(finding, finding_id=old.finding_id if old else "")
    for old in was.values():
        yield msgspec.structs.replace(old, as_of=as_of, state="closed")
