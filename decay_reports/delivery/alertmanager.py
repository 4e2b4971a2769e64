"""Tells Prometheus Alertmanager (API v2) what is open; it routes to mail and pagers.

An alert is told again while it lasts, as Alertmanager forgets what it does not hear of; its labels
are what tells two alerts apart, so they stay the same for as long as a finding is open
(https://prometheus.io/docs/alerting/latest/clients/).
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from decay_reports.notify.message import Message, Sending
from decay_reports.notify.post import check_address, post
from decayd.delivery_settings import TargetSettings

SEVERITY = "critical"
REPORTS = False
RESENDS = True
_PATH = "/api/v2/alerts"


def check(target: TargetSettings) -> None:
    """Ask for the address of Alertmanager."""
    check_address(target)


def send(message: Message, sending: Sending) -> None:
    """Tell one alert: active until it was not heard of for `alert_lasts_s`, or resolved now."""
    url = check_address(sending.target).rstrip("/").removesuffix(_PATH) + _PATH
    post(url, msgspec.json.encode([alert(message, sending)]), {}, sending)


def alert(message: Message, sending: Sending) -> dict[str, Any]:
    """Return the alert of a message; an empty label is the same as none, so it is left out."""
    now = sending.clock.now()
    lasts = timedelta(seconds=0 if message.change == "closed" else sending.alert_lasts_s)
    labels = {
        "alertname": f"decayd_{message.kind}", "feature": message.feature,
        "stream": message.stream, "severity": message.severity, "finding": message.subject,
        "incident": message.incident_id, "store": sending.store_id,
    }  # fmt: skip
    annotations = {
        "summary": message.title, "cause": message.cause, "size": message.size,
        "examples": "\n".join(message.examples),
        "requests": " ".join(message.request_ids), "next_step": message.next_step,
        "command": message.command, "link": message.link,
    }  # fmt: skip
    return {
        "labels": _filled(labels),
        "annotations": _filled(annotations),
        "startsAt": _rfc3339(min((message.since or message.as_of).replace(tzinfo=UTC), now)),
        "endsAt": _rfc3339(now + lasts),
    } | ({"generatorURL": message.link} if message.link else {})


def _filled(values: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
