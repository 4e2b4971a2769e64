"""Finds texts that were copied and of which one side was edited since; nothing is read here."""

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

_NEAR = 0.8  # Jaccard share of word pairs: in thirty words one may differ, such as a name
_LENGTH = 20_000  # characters compared; instructions beyond that are rarely what differs
_WORD = re.compile(r"\w+")

Owner = tuple[str, str]  # feature ('' for all) and name


class Version(NamedTuple):
    """A text as somebody deployed it."""

    owner: Owner
    ts: datetime
    text: str
    version: str = ""


class EditedCopy(NamedTuple):
    """Two texts that were near-equal when `since` began; only `edited` was changed afterwards."""

    stale: Version
    edited: Version
    since: datetime


class _Known(NamedTuple):
    version: Version
    digest: str
    pairs: frozenset[tuple[str, str]]


class _Link(NamedTuple):
    """Two sides as they were when they were alike, in the order of their owners."""

    sides: tuple[_Known, _Known]
    since: datetime


def edited_copies(versions: Iterable[Version], of: str | None = None) -> list[EditedCopy]:
    """Return the copies of which exactly one side was edited since they were alike.

    Two texts are copies when their words are the same, or when the Jaccard index of their pairs of
    neighbouring words is at least .8 on the day on which one of them was deployed; a text equal to
    an older version of another one is a copy of that version. What was edited on both sides was
    parted on purpose unless it is alike again. Words are compared, not their meaning.

    Parameters
    ----------
    versions
        Every deployed text, in any order.
    of
        Only pairs in which this feature, or what belongs to all features, takes part.

    Returns
    -------
    list of EditedCopy
        Sorted by the owners of its sides. Takes one comparison for every deployed text and owner.

    Examples
    --------
    >>> day = [datetime(2026, 10, d) for d in (1, 2, 3)]
    >>> chat, mail = ("chat", "p"), ("mail", "p")
    >>> found = edited_copies([Version(chat, day[0], "Be brief and kind."),
    ...     Version(mail, day[1], "be brief and kind"), Version(chat, day[2], "Be brief.")])
    >>> [(copy.stale.owner, copy.edited.text) for copy in found]
    [(('mail', 'p'), 'Be brief.')]
    """
    histories: dict[Owner, list[_Known]] = {}
    links: dict[tuple[Owner, Owner], _Link] = {}
    for version in sorted(versions, key=lambda v: (v.ts, v.owner, v.version, v.text)):
        now = _known(version)
        for other, history in histories.items():
            if other != version.owner and _concerns(of, version.owner, other):
                pair = (min(other, version.owner), max(other, version.owner))
                current = histories.get(version.owner, [])
                link = _linked(links.get(pair), now, history, edited_before=bool(current))
                if link is not None:
                    links[pair] = link
        histories.setdefault(version.owner, []).append(now)
    found = [_edited(link, histories) for _, link in sorted(links.items())]
    return [copy for copy in found if copy is not None]


def _concerns(feature: str | None, *owners: Owner) -> bool:
    return feature is None or any(owner[0] in (feature, "") for owner in owners)


def _linked(
    old: _Link | None, now: _Known, history: list[_Known], *, edited_before: bool
) -> _Link | None:
    """Return the link that a new text makes with another owner's texts, None to leave it."""
    current = history[-1]
    if now.digest == current.digest:
        return _link(now, current, now.version.ts)
    if old is not None:
        mine, theirs = _sides(old, now.version.owner)
        both = now.digest != mine.digest and current.digest != theirs.digest
        return _link(now, current, now.version.ts) if both and _alike(now, current) else None
    same = next((known for known in reversed(history) if known.digest == now.digest), None)
    if same is not None and not edited_before:  # copied from a version that is no longer current
        return _link(now, same, now.version.ts)
    return _link(now, current, now.version.ts) if _alike(now, current) else None


def _link(one: _Known, other: _Known, since: datetime) -> _Link:
    ordered = sorted((one, other), key=lambda known: known.version.owner)
    return _Link((ordered[0], ordered[1]), since)


def _sides(link: _Link, owner: Owner) -> tuple[_Known, _Known]:
    one, other = link.sides
    return (one, other) if one.version.owner == owner else (other, one)


def _edited(link: _Link, histories: dict[Owner, list[_Known]]) -> EditedCopy | None:
    now = [histories[side.version.owner][-1] for side in link.sides]
    changed = [a.digest != b.digest for a, b in zip(now, link.sides, strict=True)]
    if changed[0] == changed[1]:
        return None
    edited, stale = (now[0], now[1]) if changed[0] else (now[1], now[0])
    return EditedCopy(stale.version, edited.version, link.since)


def _known(version: Version) -> _Known:
    words = _WORD.findall(version.text[:_LENGTH].casefold())
    digest = hashlib.sha256(" ".join(words).encode("utf-8", "replace")).hexdigest()
    return _Known(version, digest, frozenset(pairwise(words)))


def _alike(one: _Known, other: _Known) -> bool:
    sizes = sorted((len(one.pairs), len(other.pairs)))
    if sizes[0] < _NEAR * sizes[1] or not sizes[1]:
        return False
    shared = len(one.pairs & other.pairs)
    return shared >= _NEAR * (sizes[0] + sizes[1] - shared)
