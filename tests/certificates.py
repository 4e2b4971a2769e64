"""Certificates for TLS of a broker, from an authority of our own: good, expired, misnamed."""

import shutil
import subprocess
from pathlib import Path

import pytest

OURS = "DNS:localhost,IP:127.0.0.1"
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl() -> str | None:
    """Return the path of the openssl command, if there is one."""
    return shutil.which("openssl")


class Authority:
    """A certificate authority in a folder; `ca.pem` is what a client trusts."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.file = folder / "ca.pem"
        if not self.file.exists():
            self._run("req", "-x509", *_KEY, "-days", "30", "-subj", "/CN=authority of the tests",
                      "-keyout", "ca.key", "-out", "ca.pem")  # fmt: skip

    def issue(self, name: str, *, names: str = OURS, days: int = 30) -> Path:
        """Return a PEM file with a key and its certificate, made unless it is there.

        Parameters
        ----------
        name
            Of the file.
        names
            Whom the certificate is for.
        days
            How long it is valid; 0 has expired.
        """
        pem = self.folder / f"{name}.pem"
        if not pem.exists():
            (self.folder / "names").write_text(f"subjectAltName={names}")
            self._run("req", *_KEY, "-subj", f"/CN={name}", "-keyout", "new.key", "-out", "new.csr")
            self._run("x509", "-req", "-in", "new.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                      "-CAcreateserial", "-days", str(days), "-extfile", "names", "-out", "new.crt",
                      )  # fmt: skip
            parts = ("new.key", "new.crt", "ca.pem")
            pem.write_text("".join((self.folder / part).read_text() for part in parts))
        return pem

    def _run(self, *arguments: str) -> None:
        command = openssl()
        if command is None:
            pytest.skip("certificates are made with openssl, which is not there")
        done = subprocess.run(
            [command, *arguments], cwd=self.folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"openssl failed:\n{done.stderr[-1000:]}")
