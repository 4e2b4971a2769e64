"""One record to events: picks the topic's format, then checks what every format must keep to.

Whatever the bytes are, the only thing that is raised is DecodeError.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from collector import formats
from collector.source import Defaults, Record
from decayd import plugins
from decayd.config import CollectorSettings, TopicSettings
from decayd.errors import DecodeError
from decayd.events import Event, epoch_us

_SECONDS = 1_000_000_000  # as milliseconds 12 January 1970, as seconds 2001
_SECONDS_US = 100_000_000_000_000  # as microseconds 1973: numbers below may be seconds
_TARGETED = frozenset({"signal", "outcome"})


Timed = tuple[Event, int]  # an event and its time in microseconds since 1970


class Decoder:
    """Decodes the records of one source.

    Parameters
    ----------
    topics
        What each topic carries; topics that are not listed carry native records without defaults.
    settings
        Size limit and how far ahead of the clock an event may be.
    """

    def __init__(self, topics: Mapping[str, TopicSettings], settings: CollectorSettings) -> None:
        self._max_bytes = settings.max_record_kib * 1024
        self._future = timedelta(minutes=settings.future_minutes)
        self._topics = {name: _topic(topic) for name, topic in topics.items()}
        self._other = _topic(TopicSettings())

    def latest_us(self, now: datetime) -> int:
        """Return the largest time in microseconds that an event may have at `now`."""
        return epoch_us(now + self._future)

    def decode(self, record: Record, latest_us: int) -> list[Timed]:
        """Return the events of a record, none for a tombstone.

        Raises
        ------
        DecodeError
            When any of it is bad: nothing of the record is stored then.
        """
        value = record.value
        if value is None:
            return []
        size = record.size_bytes or len(value)
        if size > self._max_bytes:
            raise DecodeError("oversize", "$", _oversize(size, self._max_bytes))
        decode, defaults = self._topics.get(record.topic, self._other)
        return [(event, _time(event, latest_us)) for event in decode(value, defaults)]

    def kind_of(self, topic: str) -> str | None:
        """Return the kind that a topic's records have when they don't say."""
        return self._topics.get(topic, self._other)[1].kind


def _topic(settings: TopicSettings) -> tuple[Any, Defaults]:
    decode = plugins.load(formats, settings.format).decode
    return decode, Defaults(kind=settings.kind, feature=settings.feature)


def _oversize(size: int, limit: int) -> str:
    return (
        f"the record has {size:,} bytes, the limit is {limit:,}; "
        "shorten it, or raise collector.max_record_kib"
    )


def _time(event: Event, latest_us: int) -> int:
    """Return an event's time in microseconds, once it is a time and the event says of what."""
    try:
        ts_us = epoch_us(event.ts)
    except (ValueError, OverflowError) as error:
        raise DecodeError("invalid", "$.ts", f"{error}; send RFC 3339 or milliseconds") from error
    if not 0 <= ts_us <= latest_us:
        raise _out_of_range(ts_us, latest_us)
    if ts_us < _SECONDS_US and not isinstance(event.ts, datetime) and event.ts >= _SECONDS:
        raise DecodeError("invalid", "$.ts", "this looks like epoch seconds; send milliseconds")
    if event.kind in _TARGETED:
        _check_target(event)
    return ts_us


def _out_of_range(ts_us: int, latest_us: int) -> DecodeError:
    if ts_us < 0:
        return DecodeError("invalid", "$.ts", "before 1970; set the sender's clock")
    ahead = timedelta(microseconds=ts_us - latest_us)
    hint = "set the sender's clock, or raise collector.future_minutes"
    return DecodeError("future", "$.ts", f"{_length(ahead)} too far ahead of the clock; {hint}")


def _check_target(event: Any) -> None:
    if event.kind == "signal" and event.signal == "preference":
        if event.chosen is None and event.rejected is None:
            raise DecodeError(
                "invalid", "$.chosen", "a preference needs `chosen` or `rejected`, a request_id"
            )
    elif event.request_id is None and event.session_id is None:
        raise DecodeError(
            "invalid", "$.request_id", f"a {event.kind} needs `request_id` or `session_id`"
        )


def _length(ahead: timedelta) -> str:
    days, rest = divmod(int(ahead.total_seconds()), 86_400)
    return f"{days:,} days" if days else f"{rest // 3600} h {rest % 3600 // 60} min"
