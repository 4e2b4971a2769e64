"""One full record of each kind, as an emitter would send it."""

import json
from typing import Any

RECORDS: list[dict[str, Any]] = [
    {
        "kind": "request", "request_id": "r-1", "ts": "2026-10-01T09:00:00.123Z",
        "feature": "search", "query": "where is my order?", "status": "ok",
        "response": "On its way",
        "messages": [{"role": "user", "content": "where is my order?"}], "session_id": "s-1",
        "user_id": "anna", "segments": {"locale": "de-AT", "seats": 3, "trial": False},
        "model": "large", "model_resolved": "large-2026-09", "adapter": "a1",
        "versions": {"prompt": "v12", "index": 7}, "route": {"policy": "cascade", "score": 0.4},
        "region": "eu", "origin_region": "us", "input_tokens": 120, "cached_tokens": 20,
        "output_tokens": 90, "cost_usd": 0.003, "latency_ms": 812.5, "ttft_ms": 190,
        "finish_reason": "stop", "format_valid": True, "tool_calls": [{"name": "find", "ok": True}],
        "retrieved": [{"doc_id": "d1", "score": 0.7, "doc_updated_at": 1767225600000}],
        "source_kind": "production", "probe": False, "tenure_days": 31.5,
        "expected_outcome": {"kind": "resolved", "window_days": 7, "silence": "unknown"},
        "routing_propensity": 0.5, "regenerates": "r-0", "v": 1, "event_id": "r-1",
    },
    {
        "kind": "signal", "ts": 1767225600000, "signal": "edit", "request_id": "r-1",
        "session_id": "s-1", "value": 0.25, "text": "On its way to you", "source": "behavioural",
        "source_id": "editor", "actor_id": "bert",
    },
    {
        "kind": "signal", "ts": 1767225600000.5, "signal": "preference", "chosen": "r-1",
        "rejected": "r-0",
    },
    {
        "kind": "outcome", "ts": "2026-10-02T09:00:00+02:00", "outcome": "resolved",
        "session_id": "s-1", "success": True, "value": 3, "final_text": "done", "actor_id": "c",
    },
    {
        "kind": "change", "ts": "2026-10-02T00:00:00", "artifact": "prompt", "name": "answer",
        "feature": "search", "from": "v11", "to": "v12", "actor": "ci", "ref": "abc",
        "details": {"text": "Answer briefly", "datasets": ["d"]},
    },
    {
        "kind": "eval", "ts": 1767225600000, "suite": "faq", "suite_version": "2",
        "feature": "search", "score": 0.8, "n": 200, "slices": {"de": 0.7},
        "subject": {"model": "large"}, "judge": "j",
        "items": [{"item_id": "i1", "input": "opening hours?", "expected": "9 to 5"}],
    },
    {
        "kind": "label", "ts": 1767225600000, "request_id": "r-1", "annotator": "dora",
        "label": "wrong_answer", "guideline": 3, "corrected_text": "Tomorrow", "confidence": 0.9,
        "gold": False, "supersedes": "l-0", "sampling_propensity": 0.2,
    },
    {
        "kind": "consent", "ts": 1767225600000, "user_id": "anna", "purpose": "training",
        "state": "granted", "policy": "p1", "scope": "all", "erase": False,
    },
]  # fmt: skip
SAMPLES = [json.dumps(record).encode() for record in RECORDS]
