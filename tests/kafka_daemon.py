"""`decayd run` as a process of its own, to be watched over HTTP and killed."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import httpx

from decayd.config import StoreSettings
from store.database import Store
from tests.event_rows import select

_WAIT_S = 90.0


class DaemonProcess:
    """A daemon over one store and one config file; `start` again after it ended."""

    def __init__(
        self, folder: Path, kafka: Mapping[str, Any], **sections: Mapping[str, Any]
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        store = {"path": str(folder / "decayd.duckdb"), "threads": 1, **sections.pop("store", {})}
        self.store_settings = StoreSettings.model_validate(store)
        self._config = folder / "config.toml"
        self._log = folder / "daemon.log"
        self._process: subprocess.Popen[bytes] | None = None
        tables: dict[str, Mapping[str, Any]] = {
            "store": store,
            "server": {"port": 0},
            "report": {"folder": str(folder / "reports")},
            "publish": {"folder": str(folder / "published")},
            "kafka": kafka,
            **sections,
        }
        self._config.write_text("\n".join(_toml(name, table) for name, table in tables.items()))

    def start(self) -> Self:
        """Start it; returns at once."""
        self._where.unlink(missing_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "decayd", "--config", self._config, "run"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                cwd=Path(__file__).resolve().parent.parent,
            )  # fmt: skip
        return self

    def status(self) -> dict[str, Any]:
        """Return what it says of Kafka, empty while it does not answer."""
        with suppress(httpx.HTTPError, OSError, ValueError, KeyError):
            url = json.loads(self._where.read_text())["url"]
            return dict(httpx.get(f"{url}/readyz", timeout=5).json()["kafka"])
        return {}

    def wait(self, condition: Callable[[dict[str, Any]], Any], seconds: float = _WAIT_S) -> None:
        """Wait until the status meets a condition."""
        status: dict[str, Any] = {}
        for _ in range(int(seconds * 10)):
            status = self.status()
            if status and condition(status):
                return
            if self.wait_for_end(0.1) is not None:
                break
        raise AssertionError(f"{status}\n{self.log()[-3000:]}")

    def wait_for_end(self, seconds: float) -> int | None:
        """Wait for its end; return the exit code, or None while it runs."""
        assert self._process is not None
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def kill(self) -> None:
        """End it as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self, seconds: float = 25) -> int:
        """Ask it to stop (SIGTERM) and return the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(seconds)

    def end(self) -> None:
        """Make sure that nothing is left running."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def select(self, text: str) -> list[tuple[Any, ...]]:
        """Read the store; the daemon must have ended."""
        with Store.open(self.store_settings) as store:
            return select(store, text)

    def log(self) -> str:
        """Return what it wrote."""
        return self._log.read_text(errors="replace")

    @property
    def _where(self) -> Path:
        path = self.store_settings.path
        return path.with_name(path.name + ".daemon.json")


def _toml(name: str, table: Mapping[str, Any]) -> str:
    lines = [f"[{name}]"]
    for key, value in table.items():
        if isinstance(value, Mapping):
            inner = ", ".join(f"{json.dumps(k)} = {_inline(v)}" for k, v in value.items())
            lines.append(f"{key} = {{ {inner} }}")
        else:
            lines.append(f"{key} = {json.dumps(value)}")
    return "\n".join(lines) + "\n"


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{k} = {json.dumps(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)
