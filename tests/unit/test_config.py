"""Settings: layers, origins, messages, and the file that lists every key."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from decayd.config import (
    DatasetSettings,
    FeatureSettings,
    Settings,
    TopicSettings,
    flatten,
    load,
)
from decayd.delivery_settings import TargetSettings
from decayd.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def keys_of(model: type[BaseModel], prefix: str) -> list[tuple[str, str]]:
    """Return (table, key) of every leaf of a settings model."""
    found = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found += keys_of(inner, f"{prefix}.{name}".strip("."))
        elif not str(inner).startswith("dict["):
            found.append((prefix, name))
    return found


EVERY_KEY = [
    *keys_of(Settings, ""),
    *keys_of(FeatureSettings, "features.refund_help"),
    *keys_of(DatasetSettings, "datasets.refund-fixes"),
    *keys_of(TargetSettings, "delivery.targets.team_chat"),
    *keys_of(TopicSettings, 'kafka.topics."decayd.requests"'),
]


def sections_of(text: str) -> dict[str, str]:
    """Split a TOML file, commented examples included, into the text under each table."""
    plain = re.sub(r"^# ?(?=[\[\w])", "", text, flags=re.MULTILINE)
    parts = re.split(r"^\[(.+?)\] *(?:#.*)?$", plain, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize(("table", "key"), EVERY_KEY)
def test_every_setting_stands_in_the_config_file(repository: Path, table: str, key: str) -> None:
    text = (repository / "config.toml").read_text(encoding="utf-8")
    assert re.search(rf"^{key} = ", sections_of(text)[table], re.MULTILINE)


def test_the_config_file_says_what_is_the_default_anyway(repository: Path) -> None:
    assert load(repository / "config.toml").settings == Settings()


def test_the_commented_examples_of_the_config_file_are_settings(
    repository: Path, tmp_path: Path
) -> None:
    text = (repository / "config.toml").read_text(encoding="utf-8")
    live = re.sub(
        r"^# (?=\[(?:features|outcomes|datasets|delivery)|\w+ = )", "", text, flags=re.MULTILINE
    )
    settings = load(write(tmp_path, live)).settings
    assert settings.feature("refund_help").expected_outcome.window_days == 28
    assert settings.outcomes == {"resolved": 1.0, "reopened": 0.0}
    assert settings.datasets["refund-fixes"] == DatasetSettings()


def test_every_line_of_the_config_file_gives_a_reason(repository: Path) -> None:
    text = (repository / "config.toml").read_text(encoding="utf-8")
    bare = [
        line
        for line in text.splitlines()
        if re.match(r"(?:# )?\w+ = ", line) and line.count("#") == line.startswith("#")
    ]
    told_together = ("format", "kind", "feature", "sasl_username", "resolved", "reopened")
    assert [line for line in bare if line.strip("# ").split(" = ")[0] not in told_together] == []


def test_without_a_file_every_value_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = load()
    assert loaded.settings == Settings()
    assert loaded.origins == {}


def test_a_file_in_the_current_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "[server]\nport = 1\n")
    monkeypatch.chdir(tmp_path)
    assert load().settings.server.port == 1


def test_file_environment_and_flag_win_in_this_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(
        tmp_path, '[server]\nport = 1\n[store]\nthreads = 1\n[report]\ntimezone = "Asia/Tokyo"\n'
    )
    monkeypatch.setenv("DECAYD_SERVER__PORT", "2")
    monkeypatch.setenv("DECAYD_STORE__THREADS", "2")
    loaded = load(file, {"store": {"threads": 3}})
    assert loaded.settings.report.timezone == "Asia/Tokyo"
    assert loaded.settings.server.port == 2
    assert loaded.settings.store.threads == 3
    assert loaded.settings.kafka.group_id == "decayd"
    assert loaded.origins == {
        "server.port": "environment",
        "store.threads": "flag",
        "report.timezone": str(file),
    }


def test_the_environment_reaches_maps_and_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DECAYD_FEATURES__SEARCH__OWNER", "discovery")
    monkeypatch.setenv("DECAYD_OUTCOMES", '{"resolved": 1, "reopened": 0}')
    monkeypatch.setenv("DECAYD_DATASETS__FIXES__FEATURES", '["search"]')
    settings = load().settings
    assert settings.feature("search").owner == "discovery"
    assert settings.outcomes == {"resolved": 1.0, "reopened": 0.0}
    assert settings.datasets["fixes"].features == ("search",)


def test_a_file_that_changes_one_key_of_a_table_keeps_the_others(tmp_path: Path) -> None:
    kafka = load(write(tmp_path, '[kafka]\ngroup_id = "b"\n')).settings.kafka
    assert (kafka.group_id, len(kafka.topics)) == ("b", 7)


def test_topics_of_the_file_replace_the_default_ones(tmp_path: Path) -> None:
    topics = load(write(tmp_path, '[kafka.topics."mixed"]\n')).settings.kafka.topics
    assert topics == {"mixed": TopicSettings()}


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        ('[kafka]\nbootstrap_server = "x"\n', "kafka.bootstrap_server", "bootstrap_servers"),
        ("[kafak]\nenabled = true\n", "kafak", "kafka"),
        ('[features.X]\nower = "x"\n', "features.X.ower", "owner"),
        ("[features.owner]\nower = 'x'\n", "features.owner.ower", "owner"),
        ("[features.X.expected_outcome]\nsilnce = 'x'\n", "silnce", "silence"),
        ('[kafka.topics."t"]\nknd = "request"\n', "kafka.topics.t.knd", "kind"),
        ('[kafka.topics."a.b"]\nfromat = "native"\n', "kafka.topics.a.b.fromat", "format"),
        ("[datasets.d]\nkind = ['sft']\n", "datasets.d.kind", "kinds"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_valid_one(
    tmp_path: Path, text: str, key: str, nearest: str
) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert key in str(caught.value)
    assert repr(nearest) in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("DECAYD_KAFKA__BOOTSTRAP_SERVER", "bootstrap_servers"),
        ("DECAYD_KAFAK__ENABLED", "kafka"),
        ("DECAYD_STOREPATH", "store"),
    ],
)
def test_an_unknown_variable_is_named_with_the_nearest_valid_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, nearest: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, "x")
    with pytest.raises(ConfigError) as caught:
        load()
    assert repr(nearest) in caught.value.hint


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[store]\nthreads = "many"\n', "store.threads"),
        ("[store]\nthreads = 0\n", "store.threads"),
        ("[server]\nport = 65536\n", "server.port"),
        ("[collector]\nbad_share_alert = 1.5\n", "collector.bad_share_alert"),
        ("[collector]\ngrace_minutes = nan\n", "collector.grace_minutes"),
        ("[collector]\nstop_deadline_s = inf\n", "collector.stop_deadline_s"),
        ('[report]\ntimezone = "Mars/Olympus"\n', "report.timezone"),
        ('[report]\ntimezone = "../../etc/passwd"\n', "report.timezone"),
        ('[kafka]\non_foreign_offsets = "maybe"\n', "kafka.on_foreign_offsets"),
        ("kafka = 3\n", "kafka"),
        ("[outcomes]\nresolved = 2\n", "outcomes.resolved"),
        ('[kafka.topics."t"]\nkind = "requests"\n', "kafka.topics.t.kind"),
        ("[features]\nX = 3\n", "features.X"),
    ],
)
def test_a_wrong_value_is_refused_by_its_key(tmp_path: Path, text: str, key: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ConfigError, match=rf"^{re.escape(key)} \({re.escape(str(file))}\)"):
        load(file)


@pytest.mark.parametrize("value", ["{broken", "3"])
def test_a_section_in_the_environment_that_is_no_json_object_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DECAYD_KAFKA", value)
    with pytest.raises(ConfigError, match="kafka"):
        load()


@pytest.mark.parametrize("content", [b"[kafka\n", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match="is not valid TOML"):
        load(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load(tmp_path / "none.toml")


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=re.escape(str(tmp_path))):
        load(tmp_path)


def test_secrets_never_print() -> None:
    secret = "correct horse"  # noqa: S105
    settings = Settings.model_validate(
        {
            "kafka": {"sasl_password": secret},
            "privacy": {"key": secret},
        }
    )
    shown = flatten(settings)
    assert {shown["kafka.sasl_password"], shown["privacy.key"]} == {"***"}
    assert secret not in str(shown) + repr(settings) + str(settings.model_dump(mode="json"))


def test_a_wrong_secret_does_not_print_in_the_message(tmp_path: Path) -> None:
    file = write(tmp_path, '[privacy]\nkey = ["correct horse"]\n')
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert "correct" not in str(caught.value) + caught.value.hint


def test_flatten_names_every_setting_once_by_its_dotted_key() -> None:
    shown = flatten(Settings())
    assert shown["store.threads"] == 1
    assert shown["kafka.topics.decayd.requests.kind"] == "request"
    assert {key.split(".")[0] for key in shown} == set(Settings.model_fields)


def test_a_feature_that_is_not_configured_has_defaults() -> None:
    assert Settings().feature("anything") == FeatureSettings()
