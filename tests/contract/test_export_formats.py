"""Every file of training_sets/formats passes this suite without being named here."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from decayd import plugins
from decayd.errors import DatasetError, DatasetNotFound
from tests.training_rows import CONVERSATION, HOSTILE, pref_row, sft_row
from training_sets import formats
from training_sets.card import DATA, card
from training_sets.columns import Column
from training_sets.export import Format, export, load
from training_sets.lint import problems
from training_sets.rows import Row

NAMES = plugins.names(formats)
PYTHON_TYPES: dict[Column, tuple[type, ...]] = {
    "text": (str, type(None)),
    "number": (float, int, type(None)),
    "integer": (int,),
    "flag": (bool, type(None)),
    "texts": (list,),
    "turns": (list,),
    "weighted_turns": (list,),
}


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def form(name: str) -> Format:
    return load(name)


def rows_for(form: Format, *texts: str) -> list[Row]:
    made: dict[str, Callable[[str], Row]] = {"sft": sft_row, "pref": pref_row}
    return [made[kind](text) for kind in form.KINDS for text in texts]


def lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.split(b"\n")[:-1]]


def read_back(
    folder: Path, form: Format, content: bytes, *, with_card: bool, offline: pytest.MonkeyPatch
) -> Any:
    offline.setenv("HF_HUB_OFFLINE", "1")
    offline.setenv("HF_HOME", str(folder / "hf"))
    from datasets import load_dataset

    path = folder / "set" / DATA
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    cache = str(folder / "cache")
    if not with_card:
        return load_dataset("json", data_files=str(path), split="train", cache_dir=cache)
    text = card(MANIFEST, "0" * 64, "x", form.COLUMNS, content.count(b"\n"))
    (folder / "set" / "README.md").write_text(text)
    return load_dataset(str(folder / "set"), split="train", cache_dir=cache)


MANIFEST: dict[str, Any] = {
    "name": "fixes", "version": "0.1.0", "state": "candidate", "rows": {"n": 2},
    "counts": {"by_label": {}, "by_failure_type": {}, "by_target_basis": {}},
    "period": {"from": "a", "until": "b"}, "consent": {"as_of": "b", "default": "deny"},
    "eval_registry": {"n_items": 0},
}  # fmt: skip


def test_an_empty_set_is_an_empty_file(form: Format) -> None:
    assert export([], form) == b""


def test_the_same_rows_give_the_same_bytes(form: Format) -> None:
    rows = rows_for(form, "Open it.", "Close it.")
    assert export(rows, form) == export([*rows], form)


def test_every_line_has_the_declared_columns_in_order(form: Format) -> None:
    for line in lines(export(rows_for(form, "Open it."), form)):
        assert list(line) == list(form.COLUMNS)
        for column, value in line.items():
            assert isinstance(value, PYTHON_TYPES[form.COLUMNS[column]]), column


def test_no_line_is_faulty(form: Format) -> None:
    for line in lines(export(rows_for(form, "Open it."), form)):
        assert problems(line) == ()


def test_rows_of_other_kinds_are_left_out(form: Format) -> None:
    rows = [sft_row("Open it."), pref_row("Open it.")]
    assert len(lines(export(rows, form))) == len(form.KINDS)


@pytest.mark.parametrize("text", [*HOSTILE, "é" * 500_000, "x" * 1_000_000])
def test_any_text_survives_as_one_line(form: Format, text: str) -> None:
    rows = rows_for(form, text)
    content = export(rows, form)
    assert content.count(b"\n") == len(rows)
    assert len(content.decode().splitlines()) == len(rows)
    assert all(text in _texts(line) for line in lines(content))


def test_the_conversation_is_whole_and_in_order(form: Format) -> None:
    for line in lines(export(rows_for(form, "Open it."), form)):
        turns = next(line[key] for key in ("prompt", "messages", "context") if key in line)
        said = [(turn["role"], turn["content"]) for turn in turns[: len(CONVERSATION)]]
        assert said == [(turn["role"], turn["content"]) for turn in CONVERSATION]


@pytest.mark.parametrize("with_card", [True, False])
def test_datasets_reads_the_same_rows(
    form: Format, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, with_card: bool
) -> None:
    texts = ["Open it.", "Öffne « es » 🙂", "a\u2028b"]
    content = export(rows_for(form, *texts), form)
    found = read_back(tmp_path, form, content, with_card=with_card, offline=monkeypatch)
    assert set(found.column_names) == set(form.COLUMNS)
    wanted = [_texts(line) for line in lines(content)]
    assert [_texts(found[i]) for i in range(len(found))] == wanted


def test_a_faulty_row_is_refused(form: Format) -> None:
    for kind in form.KINDS:
        row = sft_row(" ") if kind == "sft" else pref_row("Same.", rejected="Same.")
        with pytest.raises(DatasetError, match="can't be exported"):
            export([row], form)


def test_an_unknown_format_lists_the_known_ones() -> None:
    with pytest.raises(DatasetNotFound) as error:
        load("alpacca")
    assert all(name.replace("_", "-") in error.value.hint for name in NAMES)


TRAINERS = {
    "trl_sft": {"prompt", "completion"},
    "trl_dpo": {"prompt", "chosen", "rejected"},
    "openai_sft": {"messages"},
}


@pytest.mark.parametrize("name", TRAINERS)
def test_columns_are_those_that_the_trainer_reads(name: str) -> None:
    assert set(load(name).COLUMNS) == TRAINERS[name]


def test_openai_trains_on_the_last_answer_only() -> None:
    (line,) = lines(export([sft_row("Open it.")], load("openai-sft")))
    answers = [turn for turn in line["messages"] if turn["role"] == "assistant"]
    assert [turn["weight"] for turn in answers] == [0, 1]
    assert all("weight" not in turn for turn in line["messages"] if turn["role"] != "assistant")


def _texts(value: Any) -> list[str]:
    """Every text below a value, in order of its column's name."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key in sorted(value) for text in _texts(value[key])]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return []
