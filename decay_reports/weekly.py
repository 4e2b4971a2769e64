"""The weekly report: collected once per close and kept as facts."""

from datetime import date, datetime
from typing import Any

import msgspec

from decay_reports import aspects_run
from decay_reports.alarms import verdicts
from decay_reports.appendix.run import with_appendix
from decay_reports.causes import attribution
from decay_reports.facts.feature_facts import feature_facts
from decay_reports.facts.intake import intake
from decay_reports.facts.material import gather, newest_close
from decay_reports.facts.report import ReportFacts, from_json, to_json
from decay_reports.facts.reviews import overdue
from decay_reports.facts.since_last import differences
from decay_reports.facts.wording import headline
from decay_reports.layout.published import publish
from decay_reports.layout.rendering import folder_name
from decay_reports.numbers import visible
from decayd import log
from decayd.config import Settings
from decayd.errors import UsageError
from decayd.files import sha256_hex
from decayd.weeks import WEEK
from store.database import Store

_log = log.get("decay_reports")


def run(store: Store, as_of: datetime, settings: Settings) -> dict[str, Any]:
    """Store the facts as of a week's close, once, with its appendix; write the published tables.

    Running it again stores nothing and writes the same bytes.
    """
    kept = bool(store.rows("report_stored", since=as_of, until=as_of, excluding=None))
    facts = _stored_at(store, as_of) or collect(store, as_of, settings)
    if not kept:
        folder = settings.report.folder / folder_name(facts)
        facts = with_appendix(store, facts, settings, folder)
        encoded = to_json(facts)
        row = {"week": facts.week, "as_of": as_of, "facts": encoded.decode()}
        store.append("reports", [row | {"sha256": sha256_hex(encoded)}])
    return {
        "features": len(facts.features),
        "falling": sum(feature.verdict == "falling" for feature in facts.features),
        "stored": int(not kept),
        "published": publish(store, as_of, settings.publish.folder),
    }


def collect(store: Store, as_of: datetime, settings: Settings) -> ReportFacts:
    """Put together what was known at `as_of`, the end of a week; writes nothing."""
    material = gather(store, as_of, settings)
    kept = aspects_run.kept(store, as_of)
    features = []
    for name in material.features:
        verdict = verdicts.verdict(store, name, as_of)
        explained = attribution.explain(store, name, as_of, settings)
        found = kept.get(name, ())
        features.append(feature_facts(material, name, verdict, explained, aspects=found))
    report = ReportFacts(
        organisation=visible(settings.report.organisation),
        timezone=settings.report.timezone,
        as_of=as_of,
        week=material.week,
        confirmed_week=material.confirmed_week,
        headline=headline(features),
        features=tuple(features),
        intake=intake(store, material),
        reviews=overdue(store, as_of, settings),
        aspects=kept.get(aspects_run.EVERYTHING, ()),
        false_pages_per_year=settings.alarms.false_pages_per_year,
    )
    before = _stored_between(store, as_of - WEEK, as_of, excluding=as_of)
    if before is None:
        return report
    changed = differences(report, before)
    return msgspec.structs.replace(report, last_report=before.as_of, changed=changed)


def load(
    store: Store, settings: Settings, *, as_of: datetime | None = None, week: date | None = None
) -> ReportFacts:
    """Return a report: of a week, as of a moment, or the newest.

    Parameters
    ----------
    as_of
        Naive UTC; the report of the last week that had closed by then, computed when none is kept.
    week
        The Monday of the report's newest week; only kept reports are found.

    Raises
    ------
    UsageError
        When no week has closed yet, or no report of that week is kept.
    """
    if week is not None:
        return _of_week(store, week)
    moment = as_of or _watermark(store)
    if moment is None:
        raise UsageError(
            "there is nothing to report yet", hint="`decayd ingest` or `decayd run` brings events"
        )
    close = newest_close(moment, settings.report.timezone)
    facts = _stored_at(store, close) or collect(store, close, settings)
    if not facts.features:
        raise UsageError(
            f"no week with requests had closed by {moment:%Y-%m-%d %H:%M} UTC",
            hint="`decayd once` runs the jobs that are due; `decayd status` shows the watermark",
        )
    return facts


def only(facts: ReportFacts, feature: str) -> ReportFacts:
    """Return the report of one feature.

    Raises
    ------
    UsageError
        When the report has no such feature; the hint lists those it has.
    """
    found = facts.feature(feature)
    if found is None:
        known = ", ".join(each.name for each in facts.features) or "none"
        raise UsageError(f"the report has no feature {feature!r}", hint=f"features: {known}")
    return msgspec.structs.replace(
        facts,
        features=(found,),
        headline=headline((found,)),
        reviews=tuple(each for each in facts.reviews if each.feature == feature),
        changed=tuple(each for each in facts.changed if each.feature == feature),
    )


def _of_week(store: Store, week: date) -> ReportFacts:
    rows = store.rows("report_of_week", week=week)
    facts = _readable(rows[0]) if rows else None
    if facts is None:
        kept = [f"{row['week']}" for row in store.rows("reports_list")]
        shown = ", ".join(kept[:5]) or "none yet"
        raise UsageError(f"no report of the week of {week} is kept", hint=f"newest: {shown}")
    return facts


def _stored_at(store: Store, as_of: datetime) -> ReportFacts | None:
    return _stored_between(store, as_of, as_of)


def _stored_between(
    store: Store, since: datetime, until: datetime, *, excluding: datetime | None = None
) -> ReportFacts | None:
    rows = store.rows("report_stored", since=since, until=until, excluding=excluding)
    return _readable(rows[0]) if rows else None


def _readable(row: dict[str, Any]) -> ReportFacts | None:
    """Read kept facts; those of another decayd's form count as not kept."""
    try:
        return from_json(row["facts"])
    except msgspec.ValidationError as error:
        _log.warning("kept report has another form", as_of=f"{row['as_of']}", error=str(error))
        return None


def _watermark(store: Store) -> datetime | None:
    named = {row["name"]: row["value"] for row in store.rows("store_info")}
    text = named.get("watermark")
    return datetime.fromisoformat(text).replace(tzinfo=None) if text else None
