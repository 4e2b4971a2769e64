"""Logs tell what happened without the values of variables, which hold prompts and user ids."""

from collections.abc import Iterator

import pytest
import structlog

from decayd import log
from decayd.config import LogSettings

SECRET = "-".join(str(n) for n in range(70, 75))


@pytest.fixture(autouse=True)
def defaults_afterwards() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_variables(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(LogSettings.model_validate({"format": form}))
    try:
        _fail(SECRET)
    except ValueError:
        log.get("test").exception("job failed")
    written = capsys.readouterr().err
    assert "job failed" in written
    assert "ValueError" in written
    assert SECRET not in written


def _fail(prompt: str) -> None:
    if prompt:
        raise ValueError("no")
