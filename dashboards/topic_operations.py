"""Operations about topics, baselines and findings that people edit or decide on."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from dashboards.context import Context, Operation
from decayd.errors import UsageError
from decayd.jobs import due

if TYPE_CHECKING:
    from drift.editing.base import Author

BaselineKind = Literal["success", "topics", "satisfaction", "friction"]
AckAction = Literal["fix", "relabel", "accept", "defer"]
Requests = Annotated[int, msgspec.Meta(ge=0, le=100_000)]


def topics(context: Context, *, feature: str = "", as_of: str | None = None) -> Any:
    """List topics with share, success, alarms and eval coverage of the newest closed week."""
    from drift.overview import LATEST, overview

    moment = instant(as_of) or LATEST
    return overview(context.store, context.settings, feature=feature, as_of=moment)


def topic(
    context: Context,
    *,
    topic_id: str,
    feature: str = "",
    as_of: str | None = None,
    requests: Requests = 0,
) -> Any:
    """Return everything about one topic id, for each feature that has it."""
    from drift.overview import LATEST
    from drift.topic_card import cards

    moment, settings = instant(as_of) or LATEST, context.settings
    return cards(
        context.store, settings, topic_id, feature=feature, as_of=moment, requests=requests
    )


def topic_rename(
    context: Context, *, topic_id: str, label: str, author: str, reason: str, feature: str = ""
) -> Any:
    """Give a topic another label."""
    from drift.editing.base import signed
    from drift.editing.names import rename

    return rename(context.store, topic_id, label, signed(author, reason), feature=feature)


def topic_merge(
    context: Context, *, from_id: str, into_id: str, author: str, reason: str, feature: str = ""
) -> Any:
    """Let a topic count for another one from now on."""
    from drift.editing.base import signed
    from drift.editing.names import merge

    return merge(context.store, from_id, into_id, signed(author, reason), feature=feature)


def topics_refit(
    context: Context,
    *,
    feature: str,
    author: str,
    reason: str,
    weeks: str = "",
    preview: bool = False,
) -> Any:
    """Make the frozen topics of a feature anew from other weeks."""
    from drift.editing.base import signed
    from drift.editing.refit import refit

    by = signed(author, reason)
    _settled(context)
    return refit(context.store, feature, by, context.settings, weeks=weeks, preview=preview)


def baseline_accept(
    context: Context, *, feature: str, kind: BaselineKind, weeks: str, author: str, reason: str
) -> Any:
    """Hold a feature against other weeks from now on."""
    from drift.editing.base import signed

    return _accept(context, kind, feature, weeks, signed(author, reason))


def baseline_preview(context: Context, *, feature: str, kind: BaselineKind, weeks: str) -> Any:
    """Return what accepting these weeks would change."""
    return _accept(context, kind, feature, weeks, None)


def finding_ack(
    context: Context,
    *,
    finding_id: str,
    action: AckAction,
    author: str,
    reason: str,
    until: str = "",
) -> Any:
    """Record what somebody decided about a finding."""
    from drift.editing.acknowledge import acknowledge
    from drift.editing.base import signed

    return acknowledge(context.store, finding_id, action, signed(author, reason), until=until)


TOPIC_OPERATIONS: dict[str, Operation] = {
    "topics": Operation(topics),
    "topic": Operation(topic),
    "topic_rename": Operation(topic_rename, writes=True),
    "topic_merge": Operation(topic_merge, writes=True),
    "topics_refit": Operation(topics_refit, writes=True),
    "baseline_accept": Operation(baseline_accept, writes=True),
    "baseline_preview": Operation(baseline_preview, writes=True),  # texts may have to be embedded
    "finding_ack": Operation(finding_ack, writes=True),
}


def instant(text: str | None) -> datetime | None:
    """Return a time of ``--as-of`` as naive UTC.

    Raises
    ------
    UsageError
        When it is none.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--as-of {text!r} is no ISO 8601 time, such as 2026-10-19") from error


def _accept(
    context: Context, kind: str, feature: str, weeks: str, by: "Author | None"
) -> dict[str, Any]:
    """Accept weeks as a baseline, or only look when nobody signs."""
    from decay_reports.alarms.signal_accepting import accept as accept_signals
    from decay_reports.figures.accepting import accept as accept_success
    from drift.editing.base import Author
    from drift.editing.reference import accept as accept_topics

    _settled(context)
    author, preview = by or Author("", ""), by is None
    if kind in ("satisfaction", "friction"):
        return accept_signals(context.store, feature, kind, author, weeks=weeks, preview=preview)
    accept = {"success": accept_success, "topics": accept_topics}[kind]
    return accept(context.store, feature, author, context.settings, weeks=weeks, preview=preview)


def _settled(context: Context) -> None:
    """Refuse while a close has passed whose jobs have not run: they would miss the edit."""
    waiting = due(context.store, context.settings.report.timezone)
    if waiting:
        raise UsageError(
            f"the jobs of the close {waiting[0]} have not run yet",
            hint="`decayd once` runs them; with a daemon, try again in a moment",
        )
