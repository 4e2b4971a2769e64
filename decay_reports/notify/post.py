"""One bounded HTTP POST: https beyond this machine, no redirects, no secret in an error."""

import email.utils
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from decay_reports.notify.message import NotDelivered, Sending
from decay_reports.numbers import visible
from decayd import __version__
from decayd.delivery_settings import TargetSettings
from decayd.errors import ConfigError

if TYPE_CHECKING:
    import httpx

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_ANSWER_BYTES = 4096  # all that is read of an answer
_SHOWN = 200  # characters of it in an error
_LONGEST_WAIT_S = 86_400.0  # a receiver can't ask for more than a day
_LATER = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
_BUSY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}  # for every message


def check_address(target: TargetSettings) -> str:
    """Return the target's URL.

    Raises
    ------
    ConfigError
        When it is none, or plain http beyond this machine without `allow_insecure`.
    """
    url = target.address()
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError("its url can't be read", hint="https://host/path") from error
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError("it needs url or url_file", hint="https://host/path")
    if parts.scheme == "http" and host not in _LOOPBACK and not target.allow_insecure:
        raise ConfigError(
            "its url is http, so that everybody on the way reads along",
            hint="use https, or allow_insecure = true inside a network that you trust",
        )
    return url


def post(url: str, body: bytes, headers: Mapping[str, str], sending: Sending) -> None:
    """Send `body`; returns when the receiver has taken it (2xx).

    `timeout_s` bounds each step (connect, write, each read) and the whole answer.

    Raises
    ------
    NotDelivered
        With the state ``unreachable`` without an answer and for 429 and 503, ``retry`` for 408,
        425 and 5xx, ``failed`` for everything else, redirects included.
    """
    import httpx

    sent = {"content-type": "application/json", "user-agent": f"decayd/{__version__}"}
    here = urlsplit(url).hostname in _LOOPBACK  # no proxy knows the way back to this machine
    try:
        with (
            httpx.Client(
                timeout=sending.timeout_s, follow_redirects=False, trust_env=not here
            ) as client,
            client.stream("POST", url, content=body, headers=sent | dict(headers)) as answer,
        ):
            said = "" if answer.is_success else _beginning(answer, sending)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise NotDelivered(_hidden(_named(error), url), "unreachable") from error
    if not answer.is_success:
        raise _refusal(answer, _hidden(said, url), sending.clock.now())


def _beginning(answer: "httpx.Response", sending: Sending) -> str:
    """Read a little of the answer, for as long as one step may take."""
    end = sending.clock.monotonic() + sending.timeout_s
    read = b""
    for piece in answer.iter_raw(_ANSWER_BYTES):
        read += piece
        if len(read) >= _ANSWER_BYTES or sending.clock.monotonic() > end:
            break
    return visible(read[:_ANSWER_BYTES].decode("utf-8", "replace"), _SHOWN)


def _refusal(answer: "httpx.Response", said: str, now: datetime) -> NotDelivered:
    code = answer.status_code
    text = f"HTTP {code}{f': {said}' if said else ''}"
    if code in _BUSY:
        return NotDelivered(text, "unreachable", _wait(answer.headers.get("retry-after"), now))
    if code in _LATER or code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return NotDelivered(text, "retry", _wait(answer.headers.get("retry-after"), now))
    if answer.is_redirect:
        text = f"HTTP {code}: redirects are not followed"
    return NotDelivered(text, "failed")


def _wait(asked: str | None, now: datetime) -> float:
    """Return the seconds of a Retry-After header: a number, or a date (RFC 9110 §10.2.3)."""
    if not asked:
        return 0.0
    if asked.strip().isascii() and asked.strip().isdigit():
        seconds = float(asked.strip()[:9])
    else:
        try:
            until = email.utils.parsedate_to_datetime(asked)
        except ValueError:
            return 0.0
        seconds = (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_WAIT_S)


def _named(error: Exception) -> str:
    cause: BaseException = error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
    plain = isinstance(cause, OSError) and not isinstance(cause, socket.gaierror)
    said = cause.strerror if isinstance(cause, OSError) and plain else str(cause)
    return visible(f"{type(error).__name__}: {said or error}".removesuffix(": "), _SHOWN)


def _hidden(said: str, url: str) -> str:
    """Take the address out of what is kept: a chat's URL is a password."""
    parts = urlsplit(url)
    for secret in (url, parts.path, parts.query):
        if len(secret) > 1:
            said = said.replace(secret, "***")
    return said
