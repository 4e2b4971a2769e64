"""Real queries through the real broker: an intent that nobody trained for is found, and stays."""

import gzip
import json
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.consumer import Collector
from decayd.clock import ManualClock
from decayd.config import Settings
from decayd.jobs import run_due
from decayd.metrics import Metrics
from drift.overview import LATEST
from store.database import Store
from store.pseudonyms import Pseudonyms
from tests.kafka_broker import Broker

START = datetime(2026, 1, 5, tzinfo=UTC)
WEEKS = 16
ONSET = 8  # the unseen intent is there from this week on, counted from 1
PER_WEEK = 500


def queries() -> dict[str, list[str]]:
    shared = Path(os.environ.get("SHARED_FOLDER", "../shared"))  # noqa: TID251
    path = shared / "data" / "nluhome.jsonl.gz"
    if not path.exists():
        pytest.skip("no real queries: set SHARED_FOLDER to the folder that holds data/")
    intents: dict[str, list[str]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            intents.setdefault(row["intent"], []).append(row["text"])
    return intents


def stream(seed: int) -> list[dict[str, Any]]:
    """Make 16 weeks of 500 queries from 40 intents; one more intent has 10 % from week 8."""
    chance = random.Random(seed)  # noqa: S311
    intents = queries()
    large = sorted(name for name, texts in intents.items() if len(texts) >= 60)
    chosen = chance.sample(large, 41)
    known, unseen = chosen[:40], chosen[40]
    events = []
    for week in range(1, WEEKS + 1):
        for k in range(PER_WEEK):
            new = week >= ONSET and chance.random() < 0.1
            intent = unseen if new else chance.choice(known)
            ts = START + timedelta(weeks=week - 1, minutes=20 * k)
            events.append({
                "kind": "request", "request_id": f"w{week}-{k}", "ts": ts.isoformat(),
                "feature": "assistant", "query": chance.choice(intents[intent]), "status": "ok",
                "user_id": f"user-{week}-{k}", "truth": "new" if new else "known",
            })  # fmt: skip
    after = START + timedelta(weeks=WEEKS, hours=3)
    events.append(events[-1] | {"request_id": "last", "ts": after.isoformat(), "truth": "known"})
    return events


@pytest.mark.kafka
def test_an_unseen_intent_is_found_within_two_weeks_and_keeps_its_id(
    kafka: Broker, settings: Settings, pseudonyms: Pseudonyms
) -> None:
    events = stream(seed=11)
    topic = kafka.topic(3)
    kafka.produce(topic, (json.dumps(event).encode() for event in events), 3)
    live = settings.model_copy(
        update={
            "kafka": settings.kafka.model_copy(
                update={
                    "enabled": True, "bootstrap_servers": kafka.bootstrap, "group_id": topic,
                    "topics": {topic: settings.kafka.topics["decayd.requests"]},
                }
            )
        }
    )  # fmt: skip
    clock = ManualClock(START + timedelta(weeks=WEEKS, days=1))
    with Store.open(live.store) as store:
        Collector(store, live, clock, pseudonyms, Metrics()).drain()
        failed = [run for run in run_due(store, live, clock) if run.state == "failed"]
        found = [f for f in store.rows("findings_list", feature="") if f["kind"] == "topic_emerged"]
        members = [store.rows("finding_show", finding_id=f["finding_id"])[0] for f in found]
        topics = store.rows("topics_list", feature="assistant", as_of=LATEST)

    assert failed == []
    onset = START.replace(tzinfo=None) + timedelta(weeks=ONSET - 1)
    firsts = sorted(f["first_seen"] for f in found)
    assert firsts, "the unseen intent was not found"
    assert firsts[0] > onset, "an alarm before anything was new"
    assert firsts[0] <= onset + timedelta(weeks=2), "found later than in its second week"
    main = max(members, key=lambda f: len(f["member_request_ids"]))
    truth = {event["request_id"]: event["truth"] for event in events}
    hits = [truth[request_id] == "new" for request_id in main["member_request_ids"]]
    assert sum(hits) / len(hits) > 0.8
    assert [t["topic_id"] for t in topics if t["topic_id"].startswith("n")].count("n1") == 1
    assert main["topic_id"] == "n1"
