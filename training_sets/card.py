"""The README of a pulled set: a dataset card that `load_dataset(DIR)` reads."""

from collections.abc import Mapping
from typing import Any

from training_sets.columns import Column, declare

DATA = "data/train.jsonl"
README = "README.md"
LOCK = "lock.json"


def card(
    manifest: Mapping[str, Any], sha256: str, fmt: str, columns: Mapping[str, Column], n_rows: int
) -> str:
    """Return the card's text; it names no feature, user or text of the traffic."""
    declared = [line for name, column in columns.items() for line in declare(name, column)]
    head = ["configs:", "- config_name: default", "  data_files:", "  - split: train"]
    head += [f"    path: {DATA}", "dataset_info:", "  features:", *declared]
    title = f"{manifest['name']} {manifest['version']}"
    weak = manifest["counts"]["by_label"].get("weak", 0)
    body = f"""# {title}

{n_rows:,} rows of {manifest["rows"]["n"]:,} in this version, as `{fmt}`.
State: {manifest["state"]}.
Labels: {weak:,} weak, {manifest["rows"]["n"] - weak:,} by a person.

| Failure type | Rows |
|---|---|
{_table(manifest["counts"]["by_failure_type"])}

| Better answer from | Rows |
|---|---|
{_table(manifest["counts"]["by_target_basis"])}

- Period {manifest["period"]["from"]} to {manifest["period"]["until"]}; consent as of \
{manifest["consent"]["as_of"]}, default {manifest["consent"]["default"]}.
- Registered eval items at the build: {manifest["eval_registry"]["n_items"]:,}; rows equal to one \
were dropped.
- Manifest SHA-256 `{sha256}`; `manifest.json` has the lineage of every row.
- Load it with `datasets.load_dataset("DIR")`; check it with `decayd datasets verify DIR`.
- People may withdraw their consent: pull again before each training run.
"""
    return "\n".join(["---", *head, "---", "", body])


def _table(counts: Mapping[str, int]) -> str:
    return "\n".join(f"| {name} | {n:,} |" for name, n in sorted(counts.items()))
