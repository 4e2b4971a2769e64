"""Version numbers of training sets: how the next one follows and which one a spec means."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self

from decayd.errors import DatasetError, DatasetNotFound

_NUMBER = re.compile(r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})")
_RANGE = re.compile(r"\^(0|[1-9]\d{0,8})(?:\.(0|[1-9]\d{0,8}))?(?:\.(0|[1-9]\d{0,8}))?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
LATEST = "latest"


class Version(NamedTuple):
    """MAJOR.MINOR.PATCH: schema or split changed, rows came or changed, rows only went."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a version.

        Raises
        ------
        DatasetNotFound
            When it is none.
        """
        found = _NUMBER.fullmatch(text)
        if not found:
            raise DatasetNotFound(f"{text!r} is no version", hint="one such as 1.2.0, ^1 or latest")
        return cls(*(int(part) for part in found.groups()))

    @property
    def text(self) -> str:
        """The version as it is written."""
        return f"{self.major}.{self.minor}.{self.patch}"


FIRST = Version(0, 1, 0)


def following(
    last: Version | None, before: Mapping[str, str], now: Mapping[str, str]
) -> Version | None:
    """Return the number of a build, or None when its rows are those of the last version.

    Parameters
    ----------
    last
        The version before, None for the first build.
    before, now
        `example_id` to `row_sha256` of the last version and of this build.

    >>> following(FIRST, {"a": "1", "b": "2"}, {"a": "1"})
    Version(major=0, minor=1, patch=1)
    >>> following(FIRST, {"a": "1"}, {"a": "1", "b": "2"})
    Version(major=0, minor=2, patch=0)
    """
    if last is None:
        return FIRST
    if before == now:
        return None
    if now.items() <= before.items():
        return Version(last.major, last.minor, last.patch + 1)
    return Version(last.major, last.minor + 1, 0)


def passing_over(taken: Version) -> Version:
    """Return the next number of the same kind as one that is taken."""
    if taken.patch:
        return Version(taken.major, taken.minor, taken.patch + 1)
    return Version(taken.major, taken.minor + 1, 0)


def check_name(name: str) -> None:
    """Refuse a name that can't be a folder.

    Raises
    ------
    DatasetError
        When it has other characters than letters, digits, dot, dash and underscore.
    """
    if not _NAME.fullmatch(name):
        raise DatasetError(
            f"{name!r} can't name a training set",
            hint="letters, digits, dot, dash and underscore; it is also a folder's name",
        )


def split_spec(spec: str) -> tuple[str, str]:
    """Split ``NAME`` or ``NAME@VERSION``; without a version it is the latest.

    >>> split_spec("fixes@^1"), split_spec("fixes")
    (('fixes', '^1'), ('fixes', 'latest'))
    """
    name, _, wanted = spec.partition("@")
    return name, wanted or LATEST


def choose(wanted: str, available: Iterable[str]) -> str | None:
    """Return the newest available version that a spec allows, None when there is none.

    A caret keeps the first number that is given and not zero: ``^1.2`` is 1.2.0 up to below 2.0.0,
    ``^0.2`` up to below 0.3.0.

    >>> choose("^1", ["0.9.0", "1.2.0", "1.10.0", "2.0.0"]), choose("latest", ["0.1.0"])
    ('1.10.0', '0.1.0')
    """
    versions = sorted(Version.parse(text) for text in available)
    low, high = _bounds(wanted)
    allowed = [each for each in versions if low <= each and (high is None or each < high)]
    return allowed[-1].text if allowed else None


def _bounds(wanted: str) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    if wanted == LATEST:
        return (), None
    found = _RANGE.fullmatch(wanted)
    if not found:
        exact = Version.parse(wanted)
        return exact, (*exact, 0)
    given = [int(part) for part in found.groups() if part is not None]
    kept = next((i for i, part in enumerate(given) if part), len(given) - 1)
    return tuple(given), (*given[:kept], given[kept] + 1)
