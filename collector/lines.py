"""Lines of a JSONL file, gzip or not, read one ahead and bounded in memory."""

import gzip
import io
import zlib
from pathlib import Path
from typing import IO

import msgspec

from decayd.errors import UsageError

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_REST = 1 << 20  # bytes at a time in which the rest of a line that is too long is passed over


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line without its end; `value` is only the beginning where `size_bytes` is larger."""

    number: int
    value: bytes
    size_bytes: int


class LineReader:
    """The lines of one file that aren't blank, numbered from 0, always one read ahead.

    The file is opened when it is needed and closed as soon as it has been read, so that a thousand
    of them can be merged.

    Raises
    ------
    UsageError
        When the file is missing, a folder, not readable, or called `.gz` without being gzip.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path = path
        self.error: UsageError | None = None
        self._max_bytes = max_bytes
        self._raw: IO[bytes] | None = None
        self._read_bytes = 0
        self._gzip = _check(path)
        self.total_bytes = path.stat().st_size
        self.restart()
        if self.error is not None:
            raise self.error

    def restart(self) -> None:
        """Go back to the first line."""
        self.close()
        self.error = None
        self.head: Line | None = self._next()
        self.close()  # only the first line is known now; `take` opens it again

    def take(self) -> Line:
        """Return the next line and read the one after it.

        When that can't be read, `head` is None and `error` says why.
        """
        line = self.head
        if line is None:
            raise ValueError(f"{self.path} has no line left")
        if self._raw is None:
            self._skip(line.number + 1)
        self.head = self._next()
        return line

    def close(self) -> None:
        """Close the file; `take` opens it again."""
        if self._raw is not None:
            self._read_bytes = self._raw.tell()
            self._lines.close()
            self._raw.close()
        self._raw = None

    @property
    def is_open(self) -> bool:
        """Tell whether the file is open now."""
        return self._raw is not None

    @property
    def read_bytes(self) -> int:
        """Return how much of the file, as it lies there, was read."""
        return self._raw.tell() if self._raw else self._read_bytes

    def _open(self) -> None:
        self._raw = self.path.open("rb")
        self._lines: io.BufferedIOBase | IO[bytes] = (
            gzip.GzipFile(fileobj=self._raw) if self._gzip else self._raw
        )
        self._number = 0

    def _skip(self, n_lines: int) -> None:
        self._open()
        while self._number < n_lines and self._next() is not None:
            pass

    def _next(self) -> Line | None:
        try:
            if self._raw is None:
                self._open()
            while value := self._lines.readline(self._max_bytes + 1):
                line = self._line(value)
                if line.value and not line.value.isspace():
                    return line
        except (EOFError, zlib.error, OSError) as error:
            where = f"{self.path}, line {self._number + 1}"
            self.error = UsageError(
                f"{where}: the file can't be read further: {error}",
                hint="what comes before is kept; repair the file and read it again, nothing is "
                "stored twice",
            )
        self.close()
        return None

    def _line(self, value: bytes) -> Line:
        if value[-1:] == b"\n":
            value = value.rstrip(b"\r\n")
            size = len(value)
        else:
            size = len(value) + self._pass_over()
        number, self._number = self._number, self._number + 1
        return Line(number, value if number else value.removeprefix(_BOM), size)

    def _pass_over(self) -> int:
        size = 0
        while rest := self._lines.readline(_REST):
            size += len(rest)
            if rest.endswith(b"\n"):
                break
        return size


def _check(path: Path) -> bool:
    """Tell whether a file is gzip, or raise what is wrong with it."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder", hint=f"name its files, such as {path}/*.jsonl")
    if not path.exists():
        raise UsageError(f"there is no file {path}", hint="check the path")
    if not path.is_file():
        raise UsageError(f"{path} is not a regular file", hint="write it to a file first")
    try:
        with path.open("rb") as file:
            start = file.read(2)
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error}", hint="check the file") from error
    if path.suffix == ".gz" and start and start != _GZIP:
        raise UsageError(f"{path} is not a gzip file", hint="rename it, or pack it again")
    return start == _GZIP
