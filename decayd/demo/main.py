"""`decayd demo`: simulate, replay, report, pull, and say what was planted and what was found."""

import base64
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import msgspec

from dashboards.operations import Context, perform
from decay_reports.facts import report as report_facts
from decayd import batch, log
from decayd.clock import Clock
from decayd.config import LogSettings, Settings, load
from decayd.demo.simulate import EVENTS, TRUTH, latest_end, simulate
from decayd.demo.truth import Truth
from decayd.demo.verdict import Check, compare
from decayd.errors import UsageError
from decayd.files import write_atomic
from store.database import Store

_DATASET = "refund-fixes"
_FORMAT = "trl-sft"
_SIMULATED = 0.15  # share of the progress bar: the simulator's part of the work


class Plan(msgspec.Struct, frozen=True):
    """What to simulate and where to put everything."""

    folder: Path
    seed: int = 7
    weeks: int = 26
    scale: float = 1.0


def run_demo(plan: Plan, clock: Clock, progress: Callable[[float], None]) -> str:
    """Run the whole path on simulated events and return what to show at the end.

    Raises
    ------
    UsageError
        When the folder holds a store that this command did not make a moment ago.
    """
    log.configure(LogSettings(level="warning"))
    store_path = plan.folder / "decayd.duckdb"
    if store_path.exists():
        raise UsageError(f"{plan.folder} holds a store already", hint=f"rm -r {plan.folder}")
    truth = simulate(
        plan.folder, end=latest_end(clock.now()), weeks=plan.weeks, seed=plan.seed,
        scale=plan.scale, progress=lambda share: progress(share * _SIMULATED),
    )  # fmt: skip
    settings = _settings(plan.folder, plan.seed)
    batch.replay(
        [plan.folder / EVENTS], settings, clock,
        progress=lambda share: progress(_SIMULATED + share * (1 - _SIMULATED)),
    )  # fmt: skip
    with Store.open(settings.store) as store:
        context = Context(store, settings, clock)
        documents = perform(context, "report", {})["documents"]
        pulled = _pull(context, plan.folder / "pulled")
        members = _members(context)
    checks = compare(truth, report_facts.from_json(documents["facts_json"]), members)
    newest = max((plan.folder / "reports").glob("*/report.html"))
    return _closing_words(truth, checks, _places(plan.folder, newest, pulled))


def _settings(folder: Path, seed: int) -> Settings:
    """Write the config, with a key of its own: who is drawn into a sample depends on the key."""
    config = resources.files("decayd.demo").joinpath("demo.toml").read_text(encoding="utf-8")
    path = folder / "config.toml"
    places = (
        f'\n[store]\npath = "{folder / "decayd.duckdb"}"\n'
        f'\n[privacy]\nkey = "simulated users, seed {seed}"\n'
        f'\n[publish]\nfolder = "{folder / "published"}"\n'
    )
    folders = f'[report]\nfolder = "{folder / "reports"}"'
    write_atomic(path, config.replace("[report]", folders, 1) + places)
    return load(path).settings


def _members(context: Context) -> set[str]:
    return {
        request_id
        for name in context.settings.datasets
        for row in perform(context, "datasets_show", {"name": name})["lineage"]
        for request_id in row["request_ids"]
    }


def _pull(context: Context, out: Path) -> str:
    pulled = perform(context, "datasets_pull", {"name": _DATASET, "fmt": _FORMAT})
    for name, content in pulled["files"].items():
        write_atomic(out / name, base64.b64decode(content))
    return f"{out}  ({pulled['name']}@{pulled['version']}, {pulled['n_rows']} rows, {_FORMAT})"


def _places(folder: Path, report: Path, pulled: str) -> list[tuple[str, str]]:
    return [
        ("report", str(report)),
        ("pulled set", pulled),
        ("events", f"{folder / EVENTS}, what was planted in {folder / TRUTH}"),
        ("page", f"decayd --config {folder / 'config.toml'} run → http://127.0.0.1:8077"),
    ]


def _closing_words(truth: Truth, checks: list[Check], places: list[tuple[str, str]]) -> str:
    n_events = sum(truth.n_events.values())
    found = sum(check.found for check in checks)
    lines = [f"Simulated {truth.weeks} weeks, {n_events:,} events. Planted → what the report says:"]
    lines += [f"  {'✓' if check.found else '✗'} {check.line}" for check in checks]
    lines += [f"{found} of {len(checks)} as planted.", ""]
    lines += [f"{name:<11} {place}" for name, place in places]
    return "\n".join(lines)
