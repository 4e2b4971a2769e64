"""What the Kafka client says: kept for the status, and let through without flooding the log.

A wrong password or a missing certificate shows nowhere else; a broker that is down makes the client
repeat itself several times a second.
"""

import logging
from typing import Self

from typing_extensions import override

from decayd.clock import Clock

_SEQUELS = ("Bootstrap", "No node available", "Metadata refresh")  # they hide the cause
_SYMPTOM = "socket disconnected"  # a broker's answer to a wrong password, after it has said so
_REPEAT_S = 60.0  # the same kind of message is let through once in this time


class ClientLog(logging.Handler):
    """Stands between the client's loggers and the root logger; one at a time is attached."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(logging.WARNING)
        self.last = ""
        self._clock = clock
        self._heard_at = -_REPEAT_S
        self._passed: dict[tuple[str, str], float] = {}

    @classmethod
    def attach(cls, clock: Clock) -> Self:
        """Take the place of what was attached before."""
        handler = cls(clock)
        logger = logging.getLogger("kafka")
        logger.handlers = [h for h in logger.handlers if not isinstance(h, ClientLog)]
        logger.addHandler(handler)
        logger.propagate = False
        return handler

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Remember a warning, and hand it on unless its kind was handed on a moment ago."""
        text, now = record.getMessage(), self._clock.monotonic()
        if not text.startswith(_SEQUELS) and self._is_news(text, now):
            self.last, self._heard_at = text, now
        kind = (record.name, str(record.msg))
        if now - self._passed.get(kind, -_REPEAT_S) >= _REPEAT_S:
            self._passed[kind] = now
            logging.getLogger().callHandlers(record)

    def _is_news(self, text: str, now: float) -> bool:
        """Tell whether a message says more than what was heard a moment ago."""
        return _SYMPTOM not in text or now - self._heard_at >= _REPEAT_S
