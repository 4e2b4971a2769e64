"""Runs the `decayd` command as a user does: a process, a folder, no settings of this machine."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
COMMAND = (sys.executable, "-m", "decayd")


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without decayd's settings, plus `settings`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("DECAYD_")}  # noqa: TID251
    return kept | {"PYTHONPATH": str(REPOSITORY), "COLUMNS": "100"} | dict(settings or {})


def decayd(
    folder: Path, *arguments: str, settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; Kafka is off unless `settings` say otherwise."""
    given = {"DECAYD_KAFKA__ENABLED": "false"} | dict(settings or {})
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(given),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
