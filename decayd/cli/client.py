"""The way to a running daemon: its API on loopback, found by the file beside the store."""

import json
from pathlib import Path
from typing import Any

from decayd.errors import DaemonUnreachable, DecaydError

_TIMEOUT_S = 600.0  # a build or an ingest may take minutes; reading commands answer in one


def running(store_path: Path) -> str | None:
    """Return the URL of the daemon that owns the store, or None."""
    where = store_path.with_name(store_path.name + ".daemon.json")
    if not where.exists():
        return None
    import httpx

    try:
        url = str(json.loads(where.read_text(encoding="utf-8"))["url"])
        httpx.get(f"{url}/livez", timeout=2.0).raise_for_status()
    except (OSError, ValueError, KeyError, httpx.HTTPError):
        return None
    return url


def ask(url: str, name: str, arguments: dict[str, Any]) -> Any:
    """Perform an operation in the daemon; its errors are raised here as they were there.

    Raises
    ------
    DecaydError
        What the operation raised.
    DaemonUnreachable
        When the daemon went away.
    """
    import httpx

    try:
        answer = httpx.post(f"{url}/api/{name}", json=arguments, timeout=_TIMEOUT_S)
    except httpx.HTTPError as error:
        raise DaemonUnreachable(f"the daemon at {url} does not answer: {error}") from error
    if answer.is_success:
        return answer.json()
    raise _remote(answer.text)


def _remote(text: str) -> DecaydError:
    try:
        body = json.loads(text)
        error = DecaydError(str(body["error"]), hint=str(body.get("hint", "")))
        error.exit_code = int(body["exit_code"])  # type: ignore[misc]
    except (ValueError, KeyError, TypeError):
        return DaemonUnreachable(f"the daemon could not do it: {text[:200]}", hint="see its log")
    return error
