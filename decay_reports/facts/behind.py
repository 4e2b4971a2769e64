"""What stands behind a feature's change as facts: notes, segments, the way it goes, the forces."""

import msgspec

from decay_reports.causes.attribution import Attribution
from decay_reports.causes.forecast import forecast as extrapolated
from decay_reports.causes.traits import TENURE, TOPIC
from decay_reports.causes.why_facts import ForecastFacts, SegmentFacts, WhyFacts
from decay_reports.facts.asked import label_of
from decay_reports.facts.forces import forces
from decay_reports.facts.material import TREND_WEEKS, Material, estimate
from decay_reports.facts.report import FeatureFacts
from decay_reports.numbers import visible
from decayd.weeks import WEEK

_FINAL_LAG = 4
_LABEL = 80


def why_facts(material: Material, facts: FeatureFacts, found: Attribution | None) -> WhyFacts:
    """Put together what the parts of a feature's change do not say."""
    forecast = _forecast(material, facts.name)
    if found is None:
        return WhyFacts(forecast=forecast)
    why = WhyFacts(
        notes=found.notes,
        n_tested=found.n_tested,
        segments=tuple(_segment(material, facts.name, one) for one in found.segments),
        forecast=forecast,
    )
    known = msgspec.structs.replace(facts, why=why)
    return msgspec.structs.replace(why, forces=forces(known, found))


def _segment(material: Material, name: str, one: SegmentFacts) -> SegmentFacts:
    """Make a segment fit to be read: other people's words visible, its topic by its label."""
    labels = material.topics.get(name, {})
    words = []
    for key, value in one.traits.items():
        shown = visible(value, _LABEL)
        if key == TOPIC:
            shown = f"{label_of(labels.get(value, {}), value)} ({shown})"
        words.append(
            f"{visible(key, _LABEL)} {shown.replace('_', ' ') if key == TENURE else shown}"
        )
    return msgspec.structs.replace(
        one, words=" · ".join(words), examples=tuple(visible(text, _LABEL) for text in one.examples)
    )


def _forecast(material: Material, name: str) -> ForecastFacts | None:
    """Extrapolate the weeks that are final: at lag 4 or filled in, measured by themselves."""
    final = []
    for back in range(TREND_WEEKS - 1, -1, -1):
        week = material.week - WEEK * back
        by_lag = material.lags(name, week, "success")
        if not by_lag:
            continue
        row = by_lag[max(by_lag)]
        if (row["lag"] >= _FINAL_LAG or row["back_filled"]) and row["pooled_weeks"] == 1:
            final.append((week, estimate(row)))
    floor = material.settings.feature(name).success_floor
    return extrapolated(final, material.week, floor, name)
