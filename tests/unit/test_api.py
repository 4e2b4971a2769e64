"""The server on loopback: health, metrics, the API's form, and what it refuses."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from prometheus_client.parser import text_string_to_metric_families

from dashboards.app import check_host, make_app
from dashboards.operations import OPERATIONS, Context, perform
from dashboards.pages import index_page
from decayd.clock import ManualClock
from decayd.config import Settings, StoreSettings
from decayd.errors import ConfigError, UsageError
from decayd.jobs import JOBS
from decayd.metrics import Metrics
from store.batch import DeadLetter
from store.database import Store
from tests.event_rows import request, write

HOSTILE = "<script>alert('x')</script>\" onload=x \u202e"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store and one server for all tests here: none of them depends on what another left."""
    path = tmp_path_factory.mktemp("api") / "decayd.duckdb"
    with Store.open(StoreSettings(path=path, threads=1)) as opened:
        yield opened


@pytest.fixture(scope="module")
def context(store: Store) -> Context:
    clock = ManualClock(datetime(2026, 10, 5, 12, tzinfo=UTC))
    return Context(store, Settings(), clock, lambda: {"state": HOSTILE})


@pytest.fixture(scope="module")
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture(scope="module")
def client(context: Context, metrics: Metrics) -> Iterator[httpx.Client]:
    """A client of the real server on a free port."""
    config = uvicorn.Config(make_app(context, metrics), port=0, log_level="error", lifespan="off")
    server, started = uvicorn.Server(config), threading.Event()
    startup = server.startup

    async def tell(*args: Any, **kwargs: Any) -> None:
        await startup(*args, **kwargs)
        started.set()

    server.startup = tell  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run)
    thread.start()
    assert started.wait(30)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as opened:
        yield opened
    server.should_exit = True
    thread.join(30)


def test_it_is_alive_and_ready(client: httpx.Client) -> None:
    assert client.get("/livez").text == "ok\n"
    ready = client.get("/readyz")
    assert ready.json() == {"ready": True, "kafka": {"state": HOSTILE}}


def test_metrics_are_in_the_exposition_format(client: httpx.Client, metrics: Metrics) -> None:
    metrics.events.labels("request").inc(3)
    metrics.dead_letters.labels('odd"\n').inc()
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert families["decayd_events"].samples[0].value == 3
    assert families["decayd_dead_letters"].samples[0].labels == {"reason": 'odd"\n'}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_another_host_name_is_refused(client: httpx.Client, host: str) -> None:
    assert client.get("/livez", headers={"host": host}).status_code in {400, 403}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8077", "localhost:1", "[::1]:8077"])
def test_every_name_of_this_machine_is_served(client: httpx.Client, host: str) -> None:
    assert client.get("/livez", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_a_page_of_another_site_can_not_call_the_api(client: httpx.Client, origin: str) -> None:
    answer = client.post("/api/status", content="{}", headers={"origin": origin})
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", ""])  # noqa: S104
def test_an_address_beyond_this_machine_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match="loopback"):
        check_host(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_is_accepted(host: str) -> None:
    check_host(host)


def test_an_operation_answers_json(client: httpx.Client, store: Store) -> None:
    write(store, request())
    answer = client.post("/api/status", json={})
    assert answer.status_code == 200
    assert {row["kind"]: row["n"] for row in answer.json()["events"]}["request"] == 1


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("no_such", {}),
        ("status", {"extra": 1}),
        ("finding", {}),
        ("finding", {"finding_id": 3}),
        ("finding", {"finding_id": "F-9"}),
        ("dead_letters", {"state": "odd"}),
        ("dead_letters", {"limit": -1}),
        ("dead_letters", {"limit": "x"}),
        ("dead_letter", {"dead_letter_id": 2000}),
        ("dead_letters_drop", {"ids": "all"}),
        ("dead_letters_drop", {"ids": [7000]}),
        ("report", {"as_of": "yesterday"}),
        ("report", {"week": "41"}),
        ("report", {"as_of": "0001-01-01T00:00:00+14:00"}),
        ("datasets_build", {"name": "none"}),
        ("context", {"context": 1}),
    ],
)
def test_a_call_that_does_not_fit_is_an_error_with_its_exit_code(
    client: httpx.Client, operation: str, arguments: dict[str, Any]
) -> None:
    answer = client.post(f"/api/{operation}", json=arguments)
    assert answer.status_code == 422
    assert answer.json()["error"]
    assert answer.json()["exit_code"] == 2
    assert set(answer.json()) == {"error", "hint", "exit_code"}


@pytest.mark.parametrize("body", [b"[]", b"3", b"{", b"\xff", b""])
def test_a_body_that_is_no_object_is_refused(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/api/status", content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500


def test_every_operation_is_called_the_same_way_in_process(context: Context) -> None:
    for name in OPERATIONS:
        with pytest.raises(UsageError, match=name):
            perform(context, name, {"no_such_argument": 1})


def test_what_was_sent_is_escaped_on_the_page(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "&lt;script&gt;alert(" in page.text
    assert all(job.name in page.text for job in JOBS)


def test_every_value_of_the_index_page_is_escaped() -> None:
    row = dict.fromkeys(
        ("kind", "n", "newest", "job", "every", "answers", "as_of", "state"), HOSTILE
    )
    status = {"kafka": {"state": HOSTILE}, "watermark": HOSTILE, "events": [row], "jobs": [row]}
    page = index_page(status, [{"week": HOSTILE, "as_of": HOSTILE}])
    assert HOSTILE not in page
    assert "<script" not in page
    assert '" onload' not in page


def test_a_report_that_is_not_there_is_an_error_not_a_crash(client: httpx.Client) -> None:
    assert client.get("/reports").json() == []
    assert client.get("/reports/2026-10-05/html").status_code in {404, 422}
    assert client.get("/reports/nonsense/html").status_code == 422
    assert client.get("/reports/2026-10-05/exe").status_code == 404


@pytest.mark.parametrize("path", ["/", "/livez", "/reports/x/html", "/nothing", "/api/status"])
def test_every_answer_carries_the_headers_that_keep_scripts_out(
    client: httpx.Client, path: str
) -> None:
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_dead_letters_are_listed_shown_and_dropped(client: httpx.Client, store: Store) -> None:
    letter = DeadLetter(
        topic="t", partition=0, offset=1, reason="malformed", field="$", message="m",
        value=b"\xff\x00<", kind="request", size_bytes=3,
    )  # fmt: skip
    write(store, dead_letters=[letter])
    listed = client.post("/api/dead_letters", json={}).json()
    known = listed[0]["dead_letter_id"]
    shown = client.post("/api/dead_letter", json={"dead_letter_id": known}).json()
    assert shown["value"] == "\\xff\0<"
    assert client.post("/api/dead_letters_drop", json={"ids": [known]}).json() == {"dropped": 1}
    assert client.post("/api/dead_letters", json={}).json() == listed[1:]


def test_the_daemon_reads_the_files_of_an_ingest(client: httpx.Client, tmp_path: Path) -> None:
    missing = client.post("/api/ingest", json={"files": [str(tmp_path / "none.jsonl")]})
    assert missing.status_code == 422
    assert "none.jsonl" in missing.json()["error"]


def test_a_finding_s_rows_have_an_address(client: httpx.Client, store: Store) -> None:
    told = {"finding_id": "F-1", "as_of": datetime(2026, 10, 5), "title": HOSTILE, "body": "{}"}  # noqa: DTZ001
    store.append("findings", [told | {"member_request_ids": ["r1", "r2"]}])

    found = client.get("/findings/F-1")

    assert found.headers["content-type"].startswith("application/json")
    assert found.json()["member_request_ids"] == ["r1", "r2"]
    assert client.get("/findings/F-9").status_code == 422
