"""Rows of a small support feature, inserted into a real store the way the writer leaves them."""

import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from decayd.config import DatasetSettings, PublishSettings, Settings, StoreSettings
from decayd.text import text_key
from store.database import Store

START = datetime(2026, 3, 2)  # noqa: DTZ001 - the store keeps naive UTC
AS_OF = START + timedelta(weeks=4)


def key(text: str) -> int:
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "little")


def settings_for(folder: Path, **more: Any) -> Settings:
    defaults: dict[str, Any] = {
        "datasets": {"fixes": DatasetSettings(features=("chat",))},
        "publish": PublishSettings(folder=folder / "published"),
        "outcomes": {"reopened": 0.0, "resolved": 1.0},
    }
    return Settings(**(defaults | more))


class Traffic:
    """Collects event rows; each method returns the id of its event."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store.open(StoreSettings(path=folder / "decayd.duckdb"))
        self._n = 0

    def _event(self, ts: datetime | None, fields: dict[str, Any]) -> dict[str, Any]:
        self._n += 1
        moment = ts or START + timedelta(hours=self._n)
        event_id = fields.pop("event_id", None) or f"e{self._n}"
        return {
            "event_id": event_id, "event_key": key(event_id), "day": moment.date(), "ts": moment,
            "available_at": fields.pop("available_at", moment), "v": 1, "duplicate": False,
            **fields,
        }  # fmt: skip

    def request(
        self, request_id: str, query: str = "", ts: datetime | None = None, **fields: Any
    ) -> str:
        asked = query or f"How do I return order {request_id}?"
        known: dict[str, Any] = {
            "event_id": request_id, "request_id": request_id, "request_key": key(request_id),
            "feature": "chat", "query": asked, "text_key": text_key(asked), "status": "ok",
            "response": f"Please call us about order {request_id}.",
            "user_id": f"user-{request_id}", "session_id": f"session-{request_id}",
            "source_kind": "production", "probe": False,
        }  # fmt: skip
        if "messages" in fields:
            fields["messages"] = json.dumps(fields["messages"])
        self.store.append("requests", [self._event(ts, known | fields)])
        return request_id

    def signal(
        self, signal: str, request_id: str | None, ts: datetime | None = None, **fields: Any
    ) -> str:
        row = self._event(ts, {"signal": signal, **_about(request_id), **fields})
        self.store.append("signals", [row])
        return str(row["event_id"])

    def edit(self, request_id: str, text: str, ratio: float | None = 0.3, **fields: Any) -> str:
        return self.signal("edit", request_id, value=ratio, text=text, **fields)

    def outcome(
        self, outcome: str, request_id: str | None, ts: datetime | None = None, **fields: Any
    ) -> str:
        row = self._event(ts, {"outcome": outcome, **_about(request_id), **fields})
        self.store.append("outcomes", [row])
        return str(row["event_id"])

    def label(self, label: str, request_id: str, annotator: str = "ann", **fields: Any) -> str:
        known = {"label": label, "annotator": annotator, "guideline": "1", **_about(request_id)}
        row = self._event(None, known | fields)
        self.store.append("labels", [row])
        return str(row["event_id"])

    def consent(
        self, *users: str, state: str = "granted", ts: datetime | None = None, **fields: Any
    ) -> None:
        for user in users:
            known = {"user_id": user, "purpose": "training", "state": state}
            self.store.append("consents", [self._event(ts, known | fields)])

    def eval_item(
        self, text: str | None, expected: str | None = None, input_key: int | None = None
    ) -> None:
        self._n += 1
        self.store.append("eval_items", [{
            "suite": "gold", "suite_version": "1", "feature": "chat", "item_id": f"i{self._n}",
            "available_at": START, "input": text, "expected": expected,
            "input_key": text_key(text) if text is not None else input_key,
        }])  # fmt: skip

    def corrected(self, request_id: str, **fields: Any) -> str:
        """Add a request whose answer its consenting user edited."""
        self.request(request_id, **fields)
        self.edit(request_id, f"Open order {request_id} in the app and tap Return.")
        self.consent(fields.get("user_id") or f"user-{request_id}")
        return request_id


def _about(request_id: str | None) -> dict[str, Any]:
    return {"request_id": request_id, "request_key": key(request_id) if request_id else None}
