"""What tells a feature's requests apart: tenure, behaviour version, and the segments as sent."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from decay_reports.figures.frame import TENURES, Floats, Ints
from decay_reports.numbers import visible

TENURE, VERSION, TOPIC = "tenure", "version", "topic"
UNKNOWN = TENURES[-1]
_OWN_NAMES = frozenset({TOPIC, VERSION, TENURE})
_RARE_SHARE = 0.01  # versions below it are one: each would be a cell of its own in every topic
_OTHERS = "other versions"
_KEYS = 4  # keys of the segments map that are looked at
_FIRST = "locale"
_VALUES = 30  # more values than this are no segments but identities
_LABEL = 60
_SEPARATOR = "\x1f"  # as in the query


@dataclass(frozen=True)
class Trait:
    """One thing requests differ in: `labels` names the codes ``(n,)``; "" is not stated."""

    name: str
    labels: tuple[str, ...]
    code: Ints

    def of(self, rows: Any) -> "Trait":
        """Return the trait of these rows (a mask or index array); codes stay."""
        return Trait(self.name, self.labels, self.code[rows])


def traits(rows: Any) -> tuple[Trait, ...]:
    """Read the traits of the rows of `pseudo_of_weeks` (Arrow): tenure, version, then segments."""
    texts, code = _distinct(rows["version"])
    return (
        tenure(rows["tenure_days"].to_numpy(zero_copy_only=False).astype(float)),
        _renumbered(VERSION, version_labels(texts, np.bincount(code, minlength=len(texts))), code),
        *_segments(rows["segments"]),
    )


def tenure(days: Floats) -> Trait:
    """Put days since a user was first seen into the buckets of `frame.TENURES`."""
    bucket = np.digitize(np.nan_to_num(days), (7.0, 30.0))
    code = np.where(np.isnan(days), TENURES.index(UNKNOWN), bucket).astype(np.int64)
    return Trait(TENURE, TENURES, code)


def layers(text: str) -> dict[str, str]:
    """Return the layers of a version as the query wrote it: model, adapter, then the map's keys."""
    model, adapter, sent = [*text.split(_SEPARATOR, 2), "", ""][:3]
    found = {"model": model, "adapter": adapter}
    for key, value in _decoded(sent).items():
        found[str(key)] = str(value)
    return {key: value for key, value in found.items() if value}


def version_labels(texts: Sequence[str], n: Sequence[int] | Ints) -> list[str]:
    """Name versions by the layers in which they differ; the rare ones share a name.

    >>> version_labels([f"m1{_SEPARATOR}{_SEPARATOR}", f"m2{_SEPARATOR}{_SEPARATOR}"], [90, 10])
    ['model=m1', 'model=m2']
    """
    known = [layers(text) for text in texts]
    keys = sorted({key for found in known for key in found})
    telling = [key for key in keys if len({found.get(key) for found in known}) > 1]
    labels = [
        visible(" ".join(f"{key}={found.get(key, '-')}" for key in telling), _LABEL)
        for found in known
    ]
    counted: Counter[str] = Counter()
    for label, times in zip(labels, n, strict=True):
        counted[label] += int(times)
    few = _RARE_SHARE * sum(counted.values())
    return [label if counted[label] >= few else _OTHERS for label in labels]


def _segments(column: Any) -> list[Trait]:
    """Return a trait for each usable key of the segments map, the most often sent first."""
    texts, code = _distinct(column)
    decoded = [_decoded(text) for text in texts]
    n = np.bincount(code, minlength=len(texts))
    sent: Counter[str] = Counter()
    values: dict[str, set[str]] = {}
    for found, times in zip(decoded, n, strict=True):
        for key, value in found.items():
            sent[str(key)] += int(times)
            values.setdefault(str(key), set()).add(str(value))
    usable = [k for k in sent if 1 < len(values[k]) <= _VALUES and k not in _OWN_NAMES]
    chosen = sorted(usable, key=lambda key: (key != _FIRST, -sent[key], key))[:_KEYS]
    return [
        _renumbered(key, [visible(str(found.get(key, "")), _LABEL) for found in decoded], code)
        for key in chosen
    ]


def _renumbered(name: str, of_text: Sequence[str], code: Ints) -> Trait:
    labels = sorted(set(of_text))
    position = {label: k for k, label in enumerate(labels)}
    lookup = np.array([position[label] for label in of_text] or [0], np.int64)
    return Trait(visible(name, _LABEL), tuple(labels), lookup[code])


def _distinct(column: Any) -> tuple[list[str], Ints]:
    encoded = column.combine_chunks().dictionary_encode()
    return encoded.dictionary.to_pylist(), np.asarray(encoded.indices.to_numpy(), np.int64)


def _decoded(text: str) -> Mapping[Any, Any]:
    """Return a map that was sent; anything else tells nothing apart."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
