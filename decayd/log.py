"""Log events on stderr: a constant message, facts beside it, no prompt text, no user ids."""

import logging
import sys
from typing import Any

import structlog
import structlog.tracebacks

from decayd.config import LogSettings


def get(name: str) -> Any:
    """Return a logger bound to a component's name."""
    return structlog.get_logger(component=name)


def configure(settings: LogSettings) -> None:
    """Send structlog and the libraries' warnings to stderr as lines of JSON or for a person."""
    as_json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exceptions(as_json=as_json),
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # stderr as it is by then
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )


def _exceptions(*, as_json: bool) -> Any:
    """Render tracebacks without the values of variables: those hold prompts and user ids."""
    if not as_json:
        return structlog.processors.format_exc_info
    transform = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return structlog.processors.ExceptionRenderer(transform)
