"""Keeps out of training what people did not allow and what evaluations must not have seen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from decayd.config import Settings
from store.database import Store
from training_sets.canonical import digest
from training_sets.reasons import Refused
from training_sets.text_rules import overlap_keys


@dataclass(frozen=True)
class Consents:
    """The newest word of every user on training; nobody who is not in it has allowed anything."""

    newest: Mapping[str, Mapping[str, Any]]
    lawful: Mapping[str, str]

    def check(self, subjects: Iterable[str | None], feature: str, ts: datetime) -> bool:
        """Tell whether a feature's lawful basis has to stand in for a missing consent.

        It never outweighs what somebody did say.

        Parameters
        ----------
        subjects
            Everybody whose words or judgement are in the row; None is somebody unknown.
        feature, ts
            Where and when (naive UTC) the request was made.

        Raises
        ------
        Refused
            When somebody withholds, or nobody asked and the feature has no lawful basis.
        """
        missing = ""
        for subject in subjects:
            word = self.newest.get(subject) if subject is not None else None
            if word is None:
                missing = missing or ("no_consent" if subject is not None else "no_user_id")
            elif word["state"] != "granted":
                raise Refused("consent_withheld")
            elif word["scope"] == "future" and ts < word["ts"]:
                raise Refused("consent_came_later")
        if missing and not self.lawful.get(feature):
            raise Refused(missing)
        return bool(missing)


@dataclass(frozen=True)
class EvalRegistry:
    """The keys of every registered eval item, and what the manifest says of them."""

    keys: frozenset[int]
    state: Mapping[str, Any]

    def overlaps(self, texts: Iterable[str]) -> bool:
        """Tell whether any text is an eval item, whatever its case, spacing and punctuation."""
        return any(not self.keys.isdisjoint(overlap_keys(text)) for text in texts)


def consents(store: Store, as_of: datetime, settings: Settings) -> Consents:
    """Read the newest consent of every user as known at `as_of`."""
    rows = store.rows("consent_newest", as_of=as_of)
    return Consents(
        newest={row["user_id"]: row for row in rows},
        lawful={name: each.lawful_basis for name, each in settings.features.items()},
    )


def eval_registry(store: Store, as_of: datetime) -> EvalRegistry:
    """Read the eval items registered at `as_of`; one known by its hash only has no text."""
    items = store.rows("eval_items_known", as_of=as_of)
    keys: set[int] = set()
    for item in items:
        texts = [text for text in (item["input"], item["expected"]) if text]
        keys.update(key for text in texts for key in overlap_keys(text))
        keys.update({item["input_key"]} - {None})
    return EvalRegistry(frozenset(keys), _registry_state(items, keys))


def _registry_state(items: Sequence[Mapping[str, Any]], keys: set[int]) -> Mapping[str, Any]:
    suites: dict[tuple[str, str], int] = {}
    for item in items:
        suite = (item["suite"], item["suite_version"])
        suites[suite] = suites.get(suite, 0) + 1
    listed = [{"suite": s, "version": v, "n_items": n} for (s, v), n in sorted(suites.items())]
    return {"n_items": len(items), "suites": listed, "keys_sha256": digest(sorted(keys))}
