"""What every file of decay_reports/delivery promises; a new receiver is tested by being there."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from decay_reports import delivery
from decay_reports.facts.report import to_json
from decay_reports.notify.deliver import check_targets
from decay_reports.notify.message import SEVERITIES, Change, Message, NotDelivered, Sending
from decayd import plugins
from decayd.clock import ManualClock
from decayd.config import Settings
from decayd.delivery_settings import TargetSettings
from decayd.errors import ConfigError, UsageError
from tests.delivery_rows import telling
from tests.golden.report_sample import quiet
from tests.receiver import Answer, Receiver, receiving

HOSTILE = "<!channel> <@U1> @here *x* `y` https://evil.example &amp; \u202e\x00\n" + "&" * 5000
AS_OF = datetime(2026, 10, 5)  # noqa: DTZ001 - the store's times are naive UTC
CHANGES: tuple[Change, ...] = ("opened", "changed", "closed", "report")


@pytest.fixture(params=plugins.names(delivery))
def plugin(request: pytest.FixtureRequest) -> ModuleType:
    return plugins.load(delivery, request.param)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def message(change: Change = "opened", text: str = "it fell") -> Message:
    report = change == "report"
    return Message(
        key=f"F-1/{change}/x", subject="report" if report else "F-1", change=change, as_of=AS_OF,
        title=text, kind="success_fell", feature=text, severity="critical", since=AS_OF,
        cause=text, size=text, examples=(text,) * 3, request_ids=("r1",), n_requests=1,
        next_step=text, command="decayd findings show F-1 --json",
        link="https://decayd.example.org/findings/F-1", lines=(text,) * 90 if report else (),
        facts=to_json(quiet()).decode() if report else "",
    )  # fmt: skip


def sending(receiver: Receiver, clock: ManualClock, folder: Path) -> Sending:
    target = TargetSettings.model_validate(
        {"kind": "any", "url": receiver.url, "secret": "s", "folder": folder}
    )
    return Sending(target, "0" * 32, clock, 5.0, store_id="S")


def written(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*")}


def test_it_says_what_it_sends_unasked(plugin: ModuleType) -> None:
    assert plugin.SEVERITY in SEVERITIES
    assert isinstance(plugin.REPORTS, bool)
    assert isinstance(plugin.RESENDS, bool)


def test_a_target_without_anything_is_refused_by_name(
    plugin: ModuleType, settings: Settings
) -> None:
    kind = plugin.__name__.rpartition(".")[2]
    with pytest.raises(ConfigError, match=r"delivery\.targets\.ops: it needs"):
        check_targets(telling(settings, {"kind": kind}))


def test_an_unknown_kind_is_refused_with_those_there_are(settings: Settings) -> None:
    with pytest.raises(UsageError, match="pigeon") as raised:
        check_targets(telling(settings, {"kind": "pigeon"}))
    assert "alertmanager" in raised.value.hint


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("text", ["it fell", HOSTILE], ids=["plain", "hostile"])
def test_sending_twice_says_the_same(
    plugin: ModuleType, receiver: Receiver, clock: ManualClock, tmp_path: Path, change: Change,
    text: str,
) -> None:  # fmt: skip
    where = sending(receiver, clock, tmp_path)

    plugin.send(message(change, text), where)
    first = written(tmp_path)
    plugin.send(message(change, text), where)

    assert written(tmp_path) == first
    assert len({got.body for got in receiver.got}) == (0 if first else 1)
    for body in [got.body for got in receiver.got]:
        assert msgspec.json.decode(body)


@pytest.mark.parametrize(
    ("status", "state"),
    [(500, "retry"), (503, "unreachable"), (429, "unreachable"), (408, "retry"), (400, "failed")],
)
def test_what_a_receiver_does_not_take_is_an_error(
    plugin: ModuleType, receiver: Receiver, clock: ManualClock, tmp_path: Path, status: int,
    state: str,
) -> None:  # fmt: skip
    receiver.answers = [Answer(status, body=b"no \x00\xff" * 10_000)]
    where = sending(receiver, clock, tmp_path)
    if plugin.__name__.endswith("folder"):
        (tmp_path / "file").touch()
        where = where._replace(
            target=where.target.model_copy(update={"folder": tmp_path / "file" / "in"})
        )
        state = "retry"

    with pytest.raises(NotDelivered) as raised:
        plugin.send(message(), where)

    assert raised.value.state == state
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize("url", ["http://example.org/hook", "ftp://127.0.0.1/x", "https://", "x"])
def test_an_address_that_others_can_read_along_is_refused(
    plugin: ModuleType, tmp_path: Path, url: str
) -> None:
    if plugin.__name__.endswith("folder"):
        pytest.skip("it has no address")
    target = {"kind": "any", "url": url, "secret": "s", "folder": tmp_path}

    with pytest.raises(ConfigError):
        plugin.check(TargetSettings.model_validate(target))
    if url.startswith("http:"):
        plugin.check(TargetSettings.model_validate(target | {"allow_insecure": True}))
