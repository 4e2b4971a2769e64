"""What each receiver is shown: escaped, bounded, without secrets, and with the whole report."""

import re
import threading
from datetime import timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from decay_reports.delivery import slack
from decay_reports.facts.report import to_json
from decay_reports.notify.deliver import Courier
from decay_reports.notify.message import Change, Message, transitions
from decay_reports.notify.outbox import wait_s
from decayd.clock import ManualClock, SystemClock
from decayd.config import Settings, flatten, load
from decayd.delivery_settings import DeliverySettings
from decayd.errors import ConfigError
from store.database import Store
from tests.delivery_rows import MONDAY, WEEK, finding, set_time, tell, telling
from tests.golden.report_sample import sample
from tests.receiver import receiving

HOSTILE = "<!channel> <@U1> @here *x* `y` https://evil.example &amp; \u202e\x00\n" + "&" * 5000


def hostile(change: Change) -> Message:
    return Message(
        key="k", subject="F-1", change=change, as_of=MONDAY, title=HOSTILE, cause=HOSTILE,
        size=HOSTILE, examples=(HOSTILE,) * 3, next_step=HOSTILE, command=HOSTILE,
        link="https://decayd.example.org/findings/F-1",
        lines=(HOSTILE,) * 200 if change == "report" else (),
    )  # fmt: skip


def write_report(store: Store) -> None:
    """Keep the sample report as if its week had closed on `MONDAY`."""
    row = {"week": sample().week, "as_of": MONDAY, "facts": to_json(sample()).decode()}
    store.append("reports", [row])


@pytest.mark.parametrize("change", ["opened", "report"])
def test_hostile_words_stay_words_in_slack(change: Change) -> None:
    posted = slack.payload(hostile(change))

    texts = [block["text"]["text"] for block in posted["blocks"]]
    everything = "\n".join([posted["text"], *texts])
    own = everything.replace("<https://decayd.example.org/findings/F-1|F-1>", "", 1)
    assert "<" not in own
    assert ">" not in own
    assert "@here" not in own
    assert "://evil" not in own
    assert "\u202e" not in own
    assert all(block["text"]["verbatim"] for block in posted["blocks"])
    assert max(map(len, texts)) <= 3000
    assert len(texts) <= 50
    assert texts[-1].endswith("|F-1>")
    assert (posted["parse"], posted["link_names"]) == ("none", False)


def test_the_weekly_report_goes_out_once_in_every_form(
    store: Store, settings: Settings, clock: ManualClock, tmp_path: Path
) -> None:
    write_report(store)
    tell(store, finding(severity="info"))
    plain = settings.model_dump()
    with receiving() as chat, receiving() as hook:
        plain["delivery"] = {
            "targets": {
                "chat": {"kind": "slack", "url": chat.url, "severity": "critical"},
                "hook": {"kind": "webhook", "url": hook.url, "secret": "s", "severity": "critical"},
                "disk": {"kind": "folder", "folder": tmp_path / "told", "severity": "critical"},
                "page": {"kind": "alertmanager", "url": hook.url},
            }
        }
        courier = Courier(store, Settings.model_validate(plain), clock)

        assert courier.deliver() == {"new": 3, "sent": 3}
        assert courier.deliver() == {}

    assert sample().headline in hook.got[0].json["title"]
    assert hook.got[0].json["facts"]["week"] == sample().week.isoformat()
    blocks = "\n".join(block["text"]["text"] for block in chat.got[0].json["blocks"])
    assert all(feature.name in blocks for feature in sample().features)
    endings = sorted(file.name.split(".", 1)[1] for file in (tmp_path / "told").iterdir())
    assert endings == ["html", "json", "md", "message.json"]


def test_the_cause_of_a_fall_is_what_the_report_of_its_close_says(
    store: Store, settings: Settings, clock: ManualClock
) -> None:
    write_report(store)
    falling = next(f for f in sample().features if f.verdict == "falling")
    tell(store, finding(feature=falling.name))
    with receiving() as hook:
        target = {"kind": "webhook", "url": hook.url, "secret": "s", "reports": False}
        Courier(store, telling(settings, target), clock).deliver()

    assert "within topics −8.1 (−11.0…−5.0)" in hook.got[0].json["cause"]


def test_the_receiver_of_the_docs_takes_what_is_signed_and_nothing_else(
    store: Store, settings: Settings, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (repository / "docs" / "delivery.md").read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    shown: dict[str, Any] = {"__name__": "receiver"}
    exec(code, shown)  # noqa: S102 - it is our own page
    clock = SystemClock()
    now = clock.now().replace(tzinfo=None)
    tell(store, finding(now - timedelta(hours=1)), live=now - WEEK)
    with ThreadingHTTPServer(("127.0.0.1", 0), shown["Receiver"]) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        target = {"kind": "webhook", "url": url, "secret": "the secret of the target"}
        done = Courier(store, telling(settings, target), clock).deliver()
        other = {"mallory": target | {"secret": "a guess"}}
        wrong = telling(settings, target, targets=other)
        refused = Courier(store, wrong, clock).deliver()
        server.shutdown()
        thread.join()

    assert (done, refused) == ({"new": 1, "sent": 1}, {"new": 1, "failed": 1})
    assert "success fell from 70.0%" in capsys.readouterr().out


def test_no_words_of_users_leave_when_no_examples_are_wanted(
    store: Store, settings: Settings, clock: ManualClock
) -> None:
    tell(store, finding(details={"examples": ["my secret question"]}))
    with receiving() as hook:
        target = {"kind": "webhook", "url": hook.url, "secret": "s", "examples": 0}
        Courier(store, telling(settings, target), clock).deliver()

    assert b"secret question" not in hook.got[0].body


def test_secrets_come_from_the_environment_or_a_file_and_print_as_stars(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    file = tmp_path / "config.toml"
    file.write_text(
        f'[delivery.targets.ops]\nkind = "webhook"\nsecret_file = "{tmp_path / "secret"}"\n'
    )
    monkeypatch.setenv("DECAYD_DELIVERY__TARGETS__OPS__URL", "https://example.org/pass")

    settings = load(file).settings

    target = settings.delivery.targets["ops"]
    assert (target.key(), target.address()) == ("from a file", "https://example.org/pass")
    assert flatten(settings)["delivery.targets.ops.url"] == "***"
    assert "example.org" not in repr(settings)


def test_a_secret_that_can_t_be_read_waits_for_its_file(
    store: Store, settings: Settings, clock: ManualClock, tmp_path: Path
) -> None:
    tell(store, finding())
    with receiving() as hook:
        target = {"kind": "webhook", "url": hook.url, "secret_file": tmp_path / "later"}
        courier = Courier(store, telling(settings, target), clock)
        assert courier.deliver() == {"new": 1, "retry": 1}
        (tmp_path / "later").write_text("now")
        clock.advance(5)
        assert courier.deliver() == {"sent": 1}


def test_a_target_s_name_is_checked() -> None:
    with pytest.raises(ValueError, match="targets"):
        DeliverySettings.model_validate({"targets": {"Team Chat": {"kind": "slack"}}})


def test_a_mistake_in_a_target_names_the_setting(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[delivery.targets.ops]\nkind = "slack"\nurll = "https://example.org"\n')

    with pytest.raises(ConfigError, match=r"delivery\.targets\.ops\.urll") as raised:
        load(file)
    assert raised.value.hint == "did you mean 'url'?"


def test_waits_double_to_the_longest_and_differ_by_message() -> None:
    settings = DeliverySettings()
    waits = [wait_s(settings, "a", tries, 0.0) for tries in range(1, 40)]

    assert waits == [wait_s(settings, "a", tries, 0.0) for tries in range(1, 40)]
    assert all(
        0.8 * full <= wait <= full
        for wait, full in zip(waits, [5, 10, 20, 40, 80, 160, 320, 640, 900], strict=False)
    )
    assert max(waits) <= 900
    assert waits[0] != wait_s(settings, "b", 1, 0.0)
    assert wait_s(settings, "a", 1, 7200.0) == 7200.0


def test_a_finding_that_opens_again_under_its_id_is_told_again() -> None:
    states = ["closed", "open", "open", "closed", "closed", "open"]
    rows = [
        {
            "finding_id": "F-1", "as_of": MONDAY + WEEK * n, "feature": "chat",
            "severity": "info", "state": state, "body": "{}",
        }
        for n, state in enumerate(states)
    ]  # fmt: skip

    told = [(t.change, t.as_of) for t in transitions(rows)]

    assert told == [
        ("opened", MONDAY + WEEK), ("closed", MONDAY + WEEK * 3), ("opened", MONDAY + WEEK * 5),
    ]  # fmt: skip


def test_the_end_of_what_was_told_is_told_even_after_a_long_pause(
    store: Store, settings: Settings, clock: ManualClock
) -> None:
    tell(store, finding())
    with receiving() as hook:
        told = telling(settings, {"kind": "alertmanager", "url": hook.url})
        Courier(store, told, clock).deliver()
        tell(store, finding(MONDAY + WEEK, state="closed"))
        set_time(clock, MONDAY + WEEK * 10 + timedelta(hours=1))
        assert Courier(store, told, clock).deliver() == {"new": 1, "sent": 1}
