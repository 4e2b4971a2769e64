"""A file system of a few megabytes that a test can fill and empty."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

_SIZE_MB = 24


class SmallDisk:
    """A folder on a file system of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def free(self) -> int:
        """Return how many bytes are free."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def fill(self, leave: int = 0) -> None:
        """Write until only `leave` bytes are free."""
        with self._filler.open("ab") as file:
            file.write(bytes(max(0, self.free() - leave)))

    def empty(self) -> None:
        """Give the space back."""
        self._filler.unlink()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Mount a disk of 24 MB; without the right to mount, its tests are skipped and say so."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if not mount or not umount:
        pytest.skip("a disk that is really full needs the commands mount and umount")
    options = ["-t", "tmpfs", "-o", f"size={_SIZE_MB}m", "tmpfs"]
    done = subprocess.run([mount, *options, folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("a disk that is really full needs the right to mount one (root)")
    yield SmallDisk(folder)
    subprocess.run([umount, "-l", folder], check=True)
