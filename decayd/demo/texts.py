"""The demo's vocabulary: every text that users ask and the assistant answers, made once."""

import tomllib
from functools import cache
from importlib import resources
from typing import Self

import msgspec

N_FILLS = 14  # each template is asked in this many versions: 4,500 distinct texts over all


class Wrong(msgspec.Struct, frozen=True):
    """A bad answer and the failure type that a labeller would give it."""

    label: str
    text: str


class IntentText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One intent as the vocabulary file has it; texts hold slots in braces."""

    name: str
    share: float
    templates: tuple[str, ...]
    good: tuple[str, ...]
    bad: tuple[Wrong, ...]
    rot: float = 1.0


class HostileText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A query that tries to break whatever shows it, with the intent it belongs to."""

    intent: str
    text: str


class Protected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An eval item: never part of ordinary traffic."""

    id: str
    input: str
    expected: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    slots: dict[str, tuple[str, ...]]
    intent: tuple[IntentText, ...]
    hostile: tuple[HostileText, ...] = ()
    eval_item: tuple[Protected, ...] = ()


class Intent(msgspec.Struct, frozen=True):
    """One intent with its texts filled in: ``asks[template][fill]``, ``good[variant][fill]``."""

    name: str
    share: float
    rot: float
    asks: tuple[tuple[str, ...], ...]
    good: tuple[tuple[str, ...], ...]
    bad: tuple[tuple[Wrong, ...], ...]
    hostile: tuple[str, ...]

    @classmethod
    def make(cls, source: IntentText, file: _File) -> Self:
        """Fill every slot of `source` in every version."""
        fills = [{k: v[n % len(v)] for k, v in file.slots.items()} for n in range(N_FILLS)]

        def filled(text: str) -> tuple[str, ...]:
            return tuple(text.format(**fill) for fill in fills)

        return cls(
            name=source.name,
            share=source.share,
            rot=source.rot,
            asks=tuple(map(filled, source.templates)),
            good=tuple(map(filled, source.good)),
            bad=tuple(tuple(Wrong(w.label, t) for t in filled(w.text)) for w in source.bad),
            hostile=tuple(h.text for h in file.hostile if h.intent == source.name),
        )


class Vocabulary(msgspec.Struct, frozen=True):
    """What one feature's users ask and get, and the eval items of its suite."""

    intents: tuple[Intent, ...]
    eval_items: tuple[Protected, ...]


@cache
def vocabulary(feature: str) -> Vocabulary:
    """Read ``vocabulary/<feature>.toml``."""
    path = resources.files("decayd.demo").joinpath("vocabulary", f"{feature}.toml")
    file = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    return Vocabulary(tuple(Intent.make(i, file) for i in file.intent), file.eval_item)
