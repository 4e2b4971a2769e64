"""What every edit shares: who made it and why, from when on it counts, what it is about."""

import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from decayd.config import Settings
from decayd.errors import UsageError
from decayd.text import normalise
from drift.embedding import Encoder
from drift.state import Past, load_past
from drift.vectors import Embedder
from drift.windows import Reading
from store.database import Store, Transaction

MAX_LABEL = 80  # characters; reports and the terminal cut there
_MAX_TEXT = 500  # characters of an author or a reason: a line or two in a report
_JOINERS = "\u200c\u200d"  # emoji and several scripts need them


@dataclass(frozen=True)
class Author:
    """Who made an edit, and why."""

    name: str
    reason: str


def signed(author: str, reason: str) -> Author:
    """Return the author of an edit.

    Raises
    ------
    UsageError
        When one is missing, too long, or holds characters that can't be shown.
    """
    return Author(clean(author, "--author", _MAX_TEXT), clean(reason, "--reason", _MAX_TEXT))


def clean(text: str, what: str, limit: int = MAX_LABEL) -> str:
    r"""Return a text on one line.

    Raises
    ------
    UsageError
        When nothing is left, it is too long, or it holds control characters or marks that turn
        the direction of writing.

    Examples
    --------
    >>> clean(" late \n parcels", "the label")
    'late parcels'
    """
    line = normalise(text)
    hidden = [c for c in line if unicodedata.category(c)[0] == "C" and c not in _JOINERS]
    if hidden:
        raise UsageError(
            f"{what} holds a character that can't be shown, U+{ord(hidden[0]):04X}",
            hint="write it in letters, digits and punctuation",
        )
    if not line.strip(_JOINERS):
        raise UsageError(f"{what} is empty", hint="say it in a few words")
    if len(line) > limit:
        raise UsageError(f"{what} has {len(line)} characters", hint=f"at most {limit}")
    return line


def moment(store: Store) -> datetime:
    """Return when an edit that is made now counts from; hold `store.intake` until it is stored.

    That is just after the watermark and after everything that was computed or edited so far. So
    no job that may have started can see it, and every later one does.
    """
    found: datetime | None = store.scalar("edit_moment")
    if found is None:
        raise UsageError(
            "the store holds no events yet", hint="decayd ingest FILE, or decayd run beside Kafka"
        )
    return found


def feature_of(store: Store, topic_id: str, feature: str) -> str:
    """Return the feature that a topic id belongs to.

    Raises
    ------
    UsageError
        When no feature has it, or several have and none is named.
    """
    rows = store.rows("topic_edit_features", topic_id=topic_id)
    features = [row["feature"] for row in rows]
    if feature and feature in features:
        return feature
    if feature or not features:
        of_feature = f" of feature {feature!r}" if feature else ""
        raise UsageError(f"there is no topic {topic_id!r}{of_feature}", hint="decayd topics list")
    if len(features) > 1:
        raise UsageError(
            f"several features have a topic {topic_id}: {', '.join(features)}",
            hint="say which one with --feature",
        )
    return str(features[0])


def accepted(store: Store, feature: str, as_of: datetime) -> Past:
    """Return the state of a feature that has a topics baseline.

    Raises
    ------
    UsageError
        When it has none.
    """
    past = load_past(store, feature, as_of)
    if past.baseline is None:
        raise UsageError(
            f"feature {feature!r} has no topics yet",
            hint="four full weeks make the first ones; `decayd topics list` names the features",
        )
    return past


def reading_of(store: Store, feature: str, as_of: datetime, settings: Settings) -> Reading:
    """Return the way to a feature's queries as known at `as_of`."""
    topics = settings.topics
    embedder = Embedder(store, Encoder(topics.model, topics.device, topics.threads), as_of)
    zone = settings.report.timezone
    return Reading(store, feature, as_of, embedder.model_id, zone, topics.seed, embedder)


@dataclass(frozen=True)
class Edit:
    """Rows of `topic_edits` being written in one transaction, under one id."""

    transaction: Transaction
    feature: str
    as_of: datetime
    author: Author

    def append(
        self,
        action: str,
        values: Mapping[str | None, str],
        details: Mapping[str, Any],
        more: Iterable[dict[str, Any]] = (),
    ) -> dict[str, Any]:
        """Append a row per topic of `values`, then those of `more`; return the first.

        `None` as a topic stands for all topics of the feature.
        """
        number = int(self.transaction.rows("topic_edit_last_number")[0]["number"]) + 1
        row = {
            "edit_id": f"E-{number}",
            "feature": self.feature,
            "action": action,
            "as_of": self.as_of,
            "author": self.author.name,
            "reason": self.author.reason,
            "details": json.dumps(details, sort_keys=True),
        }
        rows = [row | {"topic_id": topic_id, "value": value} for topic_id, value in values.items()]
        self.transaction.append("topic_edits", [*rows, *(row | each for each in more)])
        return rows[0] | {"details": dict(details)}
