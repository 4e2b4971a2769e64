"""Compares text with a file of this folder, byte for byte; `make golden` writes the file anew."""

import os
from pathlib import Path

_FOLDER = Path(__file__).parent
_REWRITE = os.environ.get("UPDATE_GOLDEN") == "1"  # noqa: TID251


def check(name: str, text: str) -> None:
    """Fail unless the file `name` of tests/golden holds exactly `text`."""
    path = _FOLDER / name
    if _REWRITE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    assert path.exists(), f"{name} is missing: make golden"
    assert path.read_bytes().decode() == text, f"{name} differs: make golden, then read the diff"
