"""Builds one immutable version of a training set from what the store knew at a moment."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from decayd.config import DatasetSettings, Settings
from decayd.errors import DatasetError
from store.database import Store
from training_sets import catalog, guard, manifest
from training_sets.examples import Examined, Example, Guards, examine
from training_sets.publish import Draft, publish
from training_sets.reasons import Funnel, explain
from training_sets.rows import PREF, SFT
from training_sets.selection import History, Selection, read_history, select
from training_sets.versions import Version, check_name, following

_KINDS = (SFT, PREF)


@dataclass(frozen=True)
class BuildResult:
    """What a build made. `created` is false when no new version was needed or possible."""

    name: str
    version: str | None
    created: bool
    n_rows: int
    manifest_sha256: str
    folder: str
    funnel: Funnel
    text: str


def build(
    store: Store,
    name: str,
    as_of: datetime,
    settings: Settings,
    history: History | None = None,
) -> BuildResult:
    """Build the next version of a configured set.

    The same store, `as_of` and settings give the same manifest, byte for byte. Rows equal to the
    latest version's make no new version; neither does an empty first build.

    Parameters
    ----------
    as_of
        Naive UTC; the build sees what was available then, and nothing later.
    history
        What `read_history` gave for the set's weeks and `as_of`, when it was read already.

    Raises
    ------
    DatasetError
        When the set is not configured, asks for a kind that can't be built, a later version
        exists, or its files can't be written.
    """
    config = configured(name, settings)
    last = _last(store, name, as_of)
    history = history or read_history(store, config.weeks, as_of, settings)
    selection = select(store, config, history)
    guards = Guards(guard.consents(store, as_of, settings), guard.eval_registry(store, as_of))
    examined = [examine(each, why, config.kinds, guards) for each, why in selection.failures]
    examples, n_duplicates = _distinct(examined)
    funnel = _funnel(name, config, selection, examined, examples, n_duplicates)
    before = _hashes(store, name, last.text) if last else {}
    now = {each.row.example_id: each.row.row_sha256 for each in examples}
    number = following(last, before, now)
    if number is None or (last is None and not examples):
        return _unchanged(store, funnel, last)
    inputs = manifest.Inputs(
        as_of, selection.period, manifest.config_of(name, config, settings), guards.evals.state,
        model_ids=tuple(r["model_id"] for r in store.rows("dataset_topic_models", as_of=as_of)),
        by_type=dict(sorted(Counter(each.label for each in examined).items())),
    )  # fmt: skip
    draft = Draft(number, last, examples, funnel, inputs)
    return _published(store, name, draft, settings.publish.folder)


def _published(store: Store, name: str, draft: Draft, folder: Path) -> BuildResult:
    done = publish(store, draft, folder)
    headline = f"{name}@{done.version}: {len(draft.examples):,} rows in {done.folder}"
    return BuildResult(
        name=name,
        version=done.version,
        created=True,
        n_rows=len(draft.examples),
        manifest_sha256=done.manifest_sha256,
        folder=str(done.folder),
        funnel=draft.funnel,
        text="\n".join((headline, *explain(draft.funnel))),
    )


def configured(name: str, settings: Settings) -> DatasetSettings:
    """Return the settings of a set.

    Raises
    ------
    DatasetError
        When there is no such set (the hint has the lines to add), or it can't be built.
    """
    check_name(name)
    config = settings.datasets.get(name)
    if config is None:
        known = ", ".join(sorted(settings.datasets)) or "none"
        key = name if "." not in name else f'"{name}"'
        raise DatasetError(
            f"no training set {name!r} is configured (configured: {known})",
            hint=f'add to config.toml:\n[datasets.{key}]\nfeatures = ["FEATURE"]',
        )
    other = [kind for kind in config.kinds if kind not in _KINDS]
    if other:
        raise DatasetError(
            f"datasets.{name}.kinds: rows of kind {other[0]!r} can't be built",
            hint=f"one or both of: {', '.join(_KINDS)}",
        )
    return config


def _last(store: Store, name: str, as_of: datetime) -> Version | None:
    known = catalog.versions_of(store, name)
    if not known:
        return None
    newest = known[-1]
    if newest.as_of > as_of:
        raise DatasetError(
            f"{name}@{newest.version} was built as of {newest.as_of:%Y-%m-%d %H:%M} UTC, a build"
            f" as of {as_of:%Y-%m-%d %H:%M} would go back",
            hint="versions follow one another in time; build as of a later moment",
        )
    return Version.parse(newest.version)


def _hashes(store: Store, name: str, version: str) -> dict[str, str]:
    rows = store.rows("dataset_hashes_of", name=name, version=version)
    return {row["example_id"]: row["row_sha256"] for row in rows}


def _distinct(examined: Sequence[Examined]) -> tuple[list[Example], int]:
    """Keep the earliest of rows that teach the same; failures come oldest first."""
    kept: dict[str, Example] = {}
    n_duplicates = 0
    for each in examined:
        fresh = [e for e in each.examples if e.row.example_id not in kept]
        kept.update({e.row.example_id: e for e in fresh})
        n_duplicates += bool(each.examples) and not fresh
    return list(kept.values()), n_duplicates


def _funnel(
    name: str,
    config: DatasetSettings,
    selection: Selection,
    examined: Sequence[Examined],
    examples: Sequence[Example],
    n_duplicates: int,
) -> Funnel:
    rejects = Counter({r: n for r, n in selection.excluded.items() if n})
    rejects.update(each.refused for each in examined if each.refused)
    rejects.update({"duplicate": n_duplicates} if n_duplicates else {})
    wanted = config.features or tuple(selection.traffic)
    return Funnel(
        name=name,
        features=config.features,
        n_requests=sum(selection.traffic.get(feature, 0) for feature in wanted),
        n_failures=len(examined),
        n_used=sum(1 for each in examined if each.examples) - n_duplicates,
        n_rows=len(examples),
        rejects=dict(rejects),
        known_features=tuple(selection.traffic),
    )


def _unchanged(store: Store, funnel: Funnel, last: Version | None) -> BuildResult:
    name = funnel.name
    known = catalog.version_info(store, name, last.text) if last else None
    same = f"same rows as {name}@{known.version}" if known else "no rows"
    return BuildResult(
        name=name,
        version=known.version if known else None,
        created=False,
        n_rows=known.n_rows if known else 0,
        manifest_sha256=known.manifest_sha256 if known else "",
        folder="",
        funnel=funnel,
        text="\n".join((f"{name}: {same}, no new version", *explain(funnel))),
    )
