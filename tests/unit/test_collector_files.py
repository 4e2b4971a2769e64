"""Files: what is read, in which order, what is refused, and that doing it twice changes nothing."""

import gzip
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.file_source import FileSource, kind_of_name, topic_of
from collector.files import Totals, ingest, replay_batches
from collector.lines import LineReader
from decayd.clock import ManualClock
from decayd.config import Settings
from decayd.errors import UsageError
from store.database import Store
from store.pseudonyms import Pseudonyms
from tests.event_rows import select

START = datetime(2026, 10, 1)  # noqa: DTZ001 - made into text with a Z below


def request(name: str, minute: float = 0, **fields: Any) -> dict[str, Any]:
    ts = f"{(START + timedelta(minutes=minute)).isoformat()}Z"
    return {
        "request_id": name, "ts": ts, "feature": "search", "query": "q", "status": "ok", **fields,
    }  # fmt: skip


def jsonl(records: Iterable[dict[str, Any] | str]) -> bytes:
    lines = (r if isinstance(r, str) else json.dumps(r) for r in records)
    return "".join(f"{line}\n" for line in lines).encode()


class Intake:
    """A store, a clock and short ways to put files into it."""

    def __init__(
        self, store: Store, settings: Settings, clock: ManualClock, pseudonyms: Pseudonyms
    ) -> None:
        self.store = store
        self.settings = settings
        self.parts = (settings, clock, pseudonyms)

    def ingest(self, *files: Path, **options: Any) -> Totals:
        return ingest(self.store, files, *self.parts, **options)

    def replay(self, *files: Path, **options: Any) -> list[Totals]:
        return list(replay_batches(self.store, files, *self.parts, **options))

    def ids(self) -> list[str]:
        return [r for (r,) in select(self.store, "SELECT request_id FROM requests ORDER BY rowid")]


@pytest.fixture
def intake(store: Store, settings: Settings, clock: ManualClock, pseudonyms: Pseudonyms) -> Intake:
    return Intake(store, settings, clock, pseudonyms)


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    path = tmp_path / "requests.jsonl"
    path.write_bytes(jsonl(request(f"r{i}", i) for i in range(5)))
    return path


def test_a_file_is_stored_line_by_line(intake: Intake, requests: Path) -> None:
    totals = intake.ingest(requests)
    assert (totals.n_records, totals.n_new) == (5, {"request": 5})
    assert intake.ids() == ["r0", "r1", "r2", "r3", "r4"]
    assert intake.store.rows("offset_positions")[0]["next_offset"] == 5


def test_the_same_file_twice_changes_nothing(intake: Intake, requests: Path) -> None:
    intake.ingest(requests)
    totals = intake.ingest(requests)
    assert (totals.n_new, totals.n_duplicates) == ({"request": 0}, 5)


def test_bad_lines_again_are_not_new_dead_letters(intake: Intake, tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_bytes(jsonl([request("a"), "nonsense", {"ts": 1}]))
    for _ in range(2):
        assert intake.ingest(path).n_dead_letters == 2
    assert select(intake.store, "SELECT count(*) FROM dead_letters") == [(2,)]


def test_gzip_is_found_by_its_content(intake: Intake, tmp_path: Path) -> None:
    for name in ("requests.jsonl.gz", "requests-packed.jsonl"):
        (tmp_path / name).write_bytes(gzip.compress(jsonl([request(name)])))
    totals = intake.ingest(tmp_path / "requests.jsonl.gz", tmp_path / "requests-packed.jsonl")
    assert totals.n_new == {"request": 2}


def test_an_empty_file_is_fine(intake: Intake, tmp_path: Path) -> None:
    for name in ("requests.jsonl", "signals.jsonl.gz"):
        (tmp_path / name).write_bytes(b"")
    assert intake.ingest(tmp_path / "requests.jsonl", tmp_path / "signals.jsonl.gz") == Totals()


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + jsonl([request("a"), request("b")]),
        jsonl([request("a"), request("b")]).replace(b"\n", b"\r\n"),
        b"\n\n" + jsonl([request("a")]) + b"   \n" + jsonl([request("b")]) + b"\n\n",
        jsonl([request("a"), request("b")]).rstrip(b"\n"),
    ],
    ids=["byte order mark", "windows line ends", "blank lines", "no last line end"],
)
def test_harmless_differences_are_ignored(intake: Intake, tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_bytes(text)
    totals = intake.ingest(path)
    assert (totals.n_new, totals.n_dead_letters) == ({"request": 2}, 0)


def test_a_dead_letter_names_the_line_counted_from_zero(intake: Intake, tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_bytes(jsonl(["", request("a"), "nonsense"]))
    intake.ingest(path)
    rows = select(intake.store, 'SELECT topic, "partition", "offset" FROM dead_letters')
    assert rows == [(str(path), 0, 2)]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("requests.jsonl", "request"),
        ("decayd.signals.jsonl.gz", "signal"),
        ("outcome-2026-10.json", "outcome"),
        ("Labels_v2.jsonl", "label"),
        ("events.jsonl", None),
        ("requests-and-signals.jsonl", None),
    ],
)
def test_a_file_name_says_its_kind_when_it_names_exactly_one(name: str, kind: str | None) -> None:
    assert kind_of_name(Path("signals") / name) == kind


def test_the_given_kind_wins_over_the_name(intake: Intake, tmp_path: Path) -> None:
    path = tmp_path / "signals.jsonl"
    path.write_bytes(jsonl([request("a")]))
    assert intake.ingest(path, kind="request").n_new == {"request": 1}


def test_without_any_kind_every_line_is_a_dead_letter_that_says_so(
    intake: Intake, tmp_path: Path
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(jsonl([request("a"), request("b", kind="request")]))
    totals = intake.ingest(path)
    assert (totals.n_new, totals.dead_letters) == ({"request": 1}, {"kind": 1})
    ((message,),) = select(intake.store, "SELECT message FROM dead_letters")
    assert "--kind" in message


@pytest.mark.parametrize("option", [{"kind": "requests"}, {"fmt": "yaml"}])
def test_an_unknown_kind_or_format_is_a_usage_error(
    intake: Intake, requests: Path, option: dict[str, str]
) -> None:
    with pytest.raises(UsageError) as caught:
        intake.ingest(requests, **option)
    assert "one of" in caught.value.hint


@pytest.mark.parametrize("call", ["ingest", "replay"])
@pytest.mark.parametrize("case", ["missing", "folder", "no gzip", "broken gzip", "none"])
def test_a_file_that_cannot_be_read_is_found_before_anything_is_stored(
    intake: Intake, requests: Path, tmp_path: Path, case: str, call: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "no gzip.gz").write_bytes(jsonl([request("a")]))
    (tmp_path / "broken gzip.gz").write_bytes(b"\x1f\x8b\x08\x00nonsense")
    name = case if case in ("missing", "folder") else f"{case}.gz"
    with pytest.raises(UsageError):
        getattr(intake, call)(*([] if case == "none" else [requests, tmp_path / name]))
    assert intake.ids() == []


@pytest.mark.parametrize("how", ["cut off", "damaged"])
def test_what_was_read_of_a_gzip_file_that_breaks_off_is_kept(
    intake: Intake, tmp_path: Path, requests: Path, how: str
) -> None:
    broken = tmp_path / "requests.jsonl.gz"
    lines = jsonl(request(f"x{i:05}", query=f"{i * 7919 % 10_007}") for i in range(2_000))
    packed = gzip.compress(lines)
    cut = packed[: len(packed) // 2]
    broken.write_bytes(cut if how == "cut off" else cut + b"\xff" * 1000)
    with pytest.raises(UsageError, match="can't be read further") as caught:
        intake.ingest(broken, requests)
    assert "twice" in caught.value.hint
    stored = intake.ids()
    assert stored[-5:] == ["r0", "r1", "r2", "r3", "r4"]
    assert 500 < len(stored) < 2_000
    assert stored[:-5] == [f"x{i:05}" for i in range(len(stored) - 5)]


def test_several_files_are_replayed_in_the_order_of_their_times(
    intake: Intake, tmp_path: Path
) -> None:
    paths = [tmp_path / f"requests-{part}.jsonl" for part in "abc"]
    for i, path in enumerate(paths):
        path.write_bytes(jsonl(request(f"{k:02}", k) for k in range(i, 30, 3)))
    intake.replay(*reversed(paths))
    assert intake.ids() == [f"{k:02}" for k in range(30)]


def test_within_a_file_the_order_of_arrival_stays(intake: Intake, tmp_path: Path) -> None:
    first, second = tmp_path / "requests-1.jsonl", tmp_path / "requests-2.jsonl"
    first.write_bytes(jsonl([request("a", 5), request("late", 1), request("b", 6)]))
    second.write_bytes(jsonl([request("c", 4), request("d", 7)]))
    intake.replay(first, second)
    assert intake.ids() == ["c", "a", "late", "b", "d"]


def test_a_line_without_a_time_does_not_hold_up_the_others(intake: Intake, tmp_path: Path) -> None:
    first, second = tmp_path / "requests-1.jsonl", tmp_path / "requests-2.jsonl"
    first.write_bytes(jsonl(["nonsense", request("a", 1), request("c", 3)]))
    second.write_bytes(jsonl([request("b", 2)]))
    intake.replay(first, second)
    assert intake.ids() == ["a", "b", "c"]


def test_more_files_than_may_be_open_at_once_are_merged(tmp_path: Path) -> None:
    paths = [tmp_path / f"requests-{i}.jsonl" for i in range(40)]
    for i, path in enumerate(paths):
        path.write_bytes(jsonl([request(f"{i:02}", i), request(f"{i:02}b", i + 0.5)]))
    source = FileSource(paths, 1000, merge=True)
    most_open = 0
    for partition in source.assigned():
        source.seek(partition, 0)
    while source.poll(0, 1):
        open_files = sum(r.is_open for r in source._readers.values())  # noqa: SLF001
        most_open = max(most_open, open_files)
    assert most_open <= 2


def test_ingest_is_no_live_traffic_and_replay_is(intake: Intake, requests: Path) -> None:
    intake.ingest(requests)
    assert intake.store.info("first_live_at") is None
    intake.replay(requests)
    assert intake.store.info("first_live_at") == "2026-10-01T00:00:00"


def test_a_file_that_was_not_begun_holds_the_watermark(intake: Intake, tmp_path: Path) -> None:
    early, late = tmp_path / "requests-1.jsonl", tmp_path / "requests-2.jsonl"
    late.write_bytes(jsonl([request("late", 3_000)]))
    early.write_bytes(jsonl([request("early", 0)]))
    intake.ingest(late, early)
    rows = select(intake.store, "SELECT request_id, available_at = ts FROM requests ORDER BY 1")
    assert rows == [("early", True), ("late", True)]
    assert intake.store.info("watermark") is not None


def test_shuffled_and_doubled_files_give_the_same_rows(
    intake: Intake, tmp_path: Path, settings: Settings
) -> None:
    records = [request(f"r{i}", i * 200) for i in range(60)]
    paths = [tmp_path / f"requests-{i}.jsonl" for i in range(3)]
    for i, path in enumerate(paths):
        path.write_bytes(jsonl(records[i::2] + records[::-3]))
    intake.ingest(*paths)
    whole = tmp_path / "requests.jsonl"
    whole.write_bytes(jsonl(records))
    with Store.open(settings.store.model_copy(update={"path": tmp_path / "b.duckdb"})) as other:
        ingest(other, [whole], *intake.parts)
        text = "SELECT * EXCLUDE (available_at) FROM requests ORDER BY event_id"
        assert select(intake.store, text) == select(other, text)


def test_a_line_over_the_limit_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    path.write_bytes(b"x" * 5_000_000 + b"\n" + b'"short"\n')
    reader = LineReader(path, 1000)
    long, short = reader.take(), reader.take()
    assert (len(long.value), long.size_bytes, long.number) == (1001, 5_000_001, 0)
    assert (short.value, short.number) == (b'"short"', 1)


def test_a_field_of_ten_megabytes_is_a_dead_letter_with_its_whole_size(
    intake: Intake, tmp_path: Path
) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_bytes(jsonl([request("big", query="x" * 10_000_000), request("small")]))
    totals = intake.ingest(path)
    assert (totals.n_new, totals.dead_letters) == ({"request": 1}, {"oversize": 1})
    ((size, kept),) = select(
        intake.store, "SELECT size_bytes, octet_length(value) FROM dead_letters"
    )
    assert size > 10_000_000
    assert kept <= 64 * 1024


def test_progress_goes_from_nothing_to_all(intake: Intake, requests: Path) -> None:
    shares: list[float] = []
    intake.ingest(requests, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_the_same_file_named_twice_is_read_once(intake: Intake, requests: Path) -> None:
    assert intake.ingest(requests, requests).n_records == 5


def test_replay_yields_after_every_batch(
    intake: Intake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_bytes(jsonl(request(f"r{i}", i) for i in range(25)))
    monkeypatch.setattr("collector.files.BATCH_RECORDS", 10)
    seen: Sequence[int] = []
    for totals in replay_batches(intake.store, [path], *intake.parts):
        seen = [*seen, totals.n_records]
        assert len(intake.ids()) == totals.n_records
    assert seen == [10, 20, 25]


def test_a_topic_is_the_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert topic_of(Path("a.jsonl")) == str(tmp_path / "a.jsonl")
