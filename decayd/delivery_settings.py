"""The `[delivery]` table: who is told of findings and reports, and how often it is tried."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, SecretStr, StringConstraints

from decayd.errors import ConfigError
from decayd.section import Section

Severity = Literal["info", "warning", "critical"]
TargetName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]{0,62}$")]


class TargetSettings(Section):
    """One receiver; `kind` is a file of decay_reports/delivery."""

    kind: str
    url: SecretStr = SecretStr("")
    url_file: Path | None = None
    secret: SecretStr = SecretStr("")
    secret_file: Path | None = None
    folder: Path | None = None
    severity: Severity | None = None
    features: tuple[str, ...] = ()
    reports: bool | None = None
    examples: NonNegativeInt = 3
    allow_insecure: bool = False

    def address(self) -> str:
        """Return the URL, from its file when one is named."""
        return _secret(self.url, self.url_file)

    def key(self) -> str:
        """Return the secret that signs, from its file when one is named."""
        return _secret(self.secret, self.secret_file)


class DeliverySettings(Section):
    """Who is told, and how often it is tried."""

    base_url: Annotated[str, StringConstraints(pattern=r"^(https?://[^\s<>|]+)?$")] = ""
    max_age_days: PositiveFloat = 14
    history: bool = False
    timeout_s: Annotated[float, Field(gt=0, le=15)] = 10
    retry_first_s: Annotated[float, Field(ge=1, le=3600)] = 5
    retry_longest_s: Annotated[float, Field(ge=1, le=3600)] = 900
    resend_s: Annotated[float, Field(ge=1, le=3600)] = 60
    alert_lasts_s: Annotated[float, Field(ge=7200)] = 14_400
    targets: dict[TargetName, TargetSettings] = Field(default_factory=dict)


def _secret(value: SecretStr, file: Path | None) -> str:
    """Return a secret without the line end of its file; read anew each time: it may be replaced.

    Raises
    ------
    ConfigError
        When the file can't be read.
    """
    if file is None:
        return value.get_secret_value()
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"can't read the secret in {file}: {type(error).__name__}") from error
