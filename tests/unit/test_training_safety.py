"""What must hold of every built set, on random traffic with planted leaks and missing consents."""

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from decayd.events import Consent, Label, Request, Signal
from decayd.text import normalise
from store.batch import Batch, Rows
from store.pseudonyms import Pseudonyms
from store.writer import write_batch
from tests.training_events import AS_OF, START, Traffic, key, settings_for
from training_sets.build import build

STATES = ["granted", "granted", "granted", "denied", "revoked", "expired", None]
PEOPLE = [f"p{i}" for i in range(12)]
QUERIES = [
    f"How do I {verb} order {n}?" for verb in ("return", "track", "cancel") for n in range(9)
]


def columns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = sorted({name for row in rows for name in row})
    return [{name: row.get(name) for name in names} for row in rows]


def base(event_id: str, ts: datetime, **fields: Any) -> dict[str, Any]:
    return {
        "event_id": event_id, "event_key": key(event_id), "day": ts.date(), "ts": ts,
        "available_at": ts, "v": 1, "duplicate": False, **fields,
    }  # fmt: skip


def fill(traffic: Traffic, seed: int) -> tuple[dict[str, str | None], set[str]]:
    """Insert random traffic; return the newest consent of everybody and the protected texts."""
    draw = random.Random(seed)  # noqa: S311 - test data
    protected = set(draw.sample(QUERIES, 5)) | {"Tap Return 3."}
    for item in sorted(protected):
        traffic.eval_item(item)
    requests, signals, outcomes, labels = [], [], [], []
    for i in range(300):
        at = START + timedelta(minutes=70 * i)
        about = {"request_id": f"r{i}", "request_key": key(f"r{i}")}
        asked = draw.choice(QUERIES)
        asked = asked.upper() if draw.random() < 0.3 else asked
        earlier = [{"role": "user", "content": draw.choice(QUERIES)}, _assistant("Hm.")]
        turns = [*earlier, {"role": "user", "content": asked}] if draw.random() < 0.3 else None
        requests.append(base(
            f"r{i}", at, **about, feature="chat", query=asked, status="ok", probe=False,
            source_kind=draw.choice(["production"] * 6 + ["eval"]),
            response=draw.choice(["No idea.", None, "Call us.", " "]),
            messages=json.dumps(turns) if turns else None,
            user_id=draw.choice([*PEOPLE, None]), session_id=f"s{i // 3}",
        ))  # fmt: skip
        later, person = at + timedelta(minutes=5), draw.choice([*PEOPLE, None, None])
        text: str | None = draw.choice(
            [f"Tap Return {draw.randrange(9)}.", "", "Sorry, I can't help.", None]
        )
        match draw.randrange(4):
            case 0:
                ratio = draw.choice([0.3, 0.9, None])
                signals.append(base(f"e{i}", later, **about, signal="edit", value=ratio,
                                    text=text, actor_id=person))  # fmt: skip
            case 1:
                outcomes.append(base(f"e{i}", later, **about, outcome="reopened",
                                     final_text=text, actor_id=person))  # fmt: skip
            case 2:
                label = draw.choice(["wrong_answer", "no_failure", "tool_error", "odd"])
                labels.append(base(f"e{i}", later, **about, annotator=person or "ann", label=label,
                                   guideline="1", corrected_text=text))  # fmt: skip
            case _:
                signals.append(base(f"e{i}", later, **about, signal="thumbs_down"))
    for table, found in (("requests", requests), ("signals", signals), ("outcomes", outcomes),
                         ("labels", labels)):  # fmt: skip
        traffic.store.append(table, columns(found))
    return _consent(traffic, draw), protected


def _consent(traffic: Traffic, draw: random.Random) -> dict[str, str | None]:
    newest: dict[str, str | None] = {person: draw.choice(STATES) for person in [*PEOPLE, "ann"]}
    consents = [
        base(f"c{person}{n}", START + timedelta(days=n), user_id=person, purpose="training",
             state=state)
        for person, last in newest.items() if last
        for n, state in enumerate([draw.choice(STATES) or "granted", last])
    ]  # fmt: skip
    traffic.store.append("consents", consents)
    return newest


def _assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def plain(text: str) -> str:
    return normalise(text).casefold()


@pytest.mark.parametrize("seed", range(6))
def test_no_row_breaks_a_promise(tmp_path: Path, seed: int) -> None:
    traffic = Traffic(tmp_path)
    newest, protected = fill(traffic, seed)
    result = build(traffic.store, "fixes", AS_OF, settings_for(tmp_path))
    found = traffic.store.rows("dataset_rows_of", name="fixes", version=result.version)
    evals = {plain(text) for text in protected}
    assert found
    for row in (json.loads(each["row"]) for each in found):
        assert row["subjects"]
        assert all(newest[subject] == "granted" for subject in row["subjects"])
        said = [turn["content"] for turn in row["context"] if turn["role"] == "user"]
        answers = [row[name] for name in ("completion", "chosen", "rejected") if row[name]]
        assert not evals & {plain(text) for text in (*said, *answers)}
        assert (row["completion"] or row["chosen"]).startswith("Tap Return")
        assert row["kind"] == "sft" or row["chosen"] != row["rejected"]
    funnel = result.funnel
    excluded = funnel.rejects.get("eval_traffic", 0)
    assert excluded > 0
    assert funnel.n_failures == funnel.n_used + sum(funnel.rejects.values()) - excluded
    traffic.store.close()


def test_pseudonyms_of_all_kinds_meet_when_events_come_through_the_writer(tmp_path: Path) -> None:
    traffic = Traffic(tmp_path)
    batch = Batch(rows={})
    events = [
        Request(ts=START, request_id="r1", feature="chat", query="Where?", status="ok",
                response="Dunno.", user_id="anna@example.com"),
        Signal(ts=START, event_id="s1", signal="edit", request_id="r1", value=0.4,
               text="In the app.", actor_id="editor"),
        Label(ts=START, event_id="l1", request_id="r1", annotator="ann", label="wrong_answer",
              guideline="1"),
        *(Consent(ts=START, event_id=user, user_id=user, purpose="training", state="granted")
          for user in ("anna@example.com", "editor", "ann")),
    ]  # fmt: skip
    for event in events:
        batch.rows.setdefault(event.kind, Rows()).add(event, US, US)
    write_batch(traffic.store, batch, Pseudonyms(b"key"), AS_OF)
    result = build(traffic.store, "fixes", AS_OF, settings_for(tmp_path))
    assert result.n_rows == 2
    (row, _) = traffic.store.rows("dataset_rows_of", name="fixes", version="0.1.0")
    assert "anna" not in row["row"]
    assert len(json.loads(row["row"])["subjects"]) == 3
    traffic.store.close()


US = int((START - datetime(1970, 1, 1)).total_seconds()) * 1_000_000  # noqa: DTZ001 - naive UTC
