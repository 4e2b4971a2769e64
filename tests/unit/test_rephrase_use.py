"""What a rephrase does further on: friction in the week's figures, a failure for training sets."""

from datetime import timedelta
from pathlib import Path

from decay_reports import run as figures
from decayd.config import Settings
from decayd.jobs import JOBS
from drift import rephrase
from store.database import Store
from tests.event_rows import START, request, select, write
from tests.training_events import AS_OF, Traffic, settings_for
from tests.training_events import START as FIRST
from training_sets.labelling import decide
from training_sets.selection import read_history
from training_sets.selection import select as select_failures

ASKED, AGAIN = "where is my refund", "hello, please tell me where my refund is"


def test_it_runs_after_the_topics_and_before_what_reads_signals() -> None:
    names = [job.name for job in JOBS]
    order = [names.index(name) for name in ("derive", "topics", "rephrase", "figures", "datasets")]
    assert order == sorted(order)


def test_a_rephrased_answer_is_friction_in_the_figures_of_its_own_week(
    store: Store, settings: Settings
) -> None:
    session: dict[str, str] = {"session_id": "s1", "user_id": "u1"}
    events = [request("r1", 0, query=ASKED, **session), request("r2", 60, query=AGAIN, **session)]
    others = [request(f"o{n}", n, query=f"question {n}") for n in range(6)]
    write(store, *events, *others)
    close = START.replace(tzinfo=None, day=5, hour=0)
    rephrase.run(store, close, settings)
    figures.run(store, close, settings)
    query = "SELECT n, value FROM weekly_figures WHERE metric = 'friction' AND lag = 0"
    assert select(store, query) == [(8, 1 / 8)]


def test_a_rephrased_answer_is_selected_as_a_failure_that_missed_what_was_meant(
    tmp_path: Path,
) -> None:
    traffic, settings = Traffic(tmp_path), settings_for(tmp_path)
    with traffic.store as store:
        traffic.request("r1", ASKED, ts=FIRST, session_id="s1")
        traffic.request("r2", AGAIN, ts=FIRST + timedelta(minutes=2), session_id="s1")
        rephrase.run(store, AS_OF, settings)
        history = read_history(store, 8, AS_OF, settings)
        found = select_failures(store, settings.datasets["fixes"], history).failures
        ((failure, why),) = found
    assert (failure.request_id, why) == ("r1", ("score:-0.60", "signal:rephrase"))
    assert decide(failure).label == "instruction_miss"
