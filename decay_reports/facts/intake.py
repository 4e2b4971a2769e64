"""What came in during the newest week, and whether it can be believed: before any feature."""

from decay_reports.facts.material import EVERYTHING, Material
from decay_reports.facts.system import Count, IntakeFacts
from decayd.weeks import week_bounds
from store.database import Store


def intake(store: Store, material: Material) -> IntakeFacts:
    """Count the events, gaps and dead letters of the newest closed week."""
    start = week_bounds(material.week, material.settings.report.timezone)[0]
    counted = store.rows("report_intake", as_of=material.as_of, start=start)[0]
    letters = store.rows("report_dead_letters", as_of=material.as_of, start=start)
    return IntakeFacts(
        **counted,
        join=material.newest(EVERYTHING, material.week, "join_share"),
        dead_letters=tuple(Count(name=row["reason"], n=row["n"]) for row in letters),
    )
