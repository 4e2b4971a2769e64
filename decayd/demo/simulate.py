"""The demo's simulator: writes a support assistant's events in arrival order, and the truth beside.

One seed and no wall clock: the same arguments give the same bytes. A request reaches Kafka when its
answer is complete, everything else at its own `ts`.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import msgspec

from decayd.demo.answers import Turn
from decayd.demo.expectations import expectations
from decayd.demo.reactions import Sent
from decayd.demo.scenarios import FEATURES, FeaturePlan
from decayd.demo.scene import Scene
from decayd.demo.timeline import Timeline
from decayd.demo.truth import RequestTruth, Tally, Truth
from decayd.errors import UsageError
from decayd.files import write_atomic
from decayd.weeks import monday

EVENTS = "events.jsonl"
TRUTH = "truth.json"
TRUTH_REQUESTS = "truth_requests.jsonl"
TAIL = timedelta(hours=3)  # events go on after the last week, so that its end becomes known

Progress = Callable[[float], None]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What to simulate: `weeks` full ISO weeks (UTC) before the Monday `end`."""

    end: date
    weeks: int = 26
    seed: int = 7
    scale: float = 1.0
    features: tuple[FeaturePlan, ...] = FEATURES
    keep_requests: bool = False


def latest_end(now: datetime) -> date:
    """Return the latest `end` of a run whose events all lie before `now` (aware).

    >>> latest_end(datetime(2026, 7, 6, 2, tzinfo=UTC))
    datetime.date(2026, 6, 29)
    >>> latest_end(datetime(2026, 7, 6, 3, tzinfo=UTC))
    datetime.date(2026, 7, 6)
    """
    return monday((now.astimezone(UTC) - TAIL).date())


def simulate(  # noqa: PLR0913 - each is one knob of the demo; `Run` groups them for other callers
    folder: Path,
    *,
    end: date,
    weeks: int = 26,
    seed: int = 7,
    scale: float = 1.0,
    keep_requests: bool = False,
    progress: Progress | None = None,
) -> Truth:
    """Write ``events.jsonl`` and ``truth.json`` of the standard features into `folder`.

    Parameters
    ----------
    end
        A Monday: the weeks before it are complete. Events go on until 03:00 UTC of that day.
    weeks
        Length of the run; the planted things keep their place in proportion to 26 weeks.
    seed
        Of everything that is drawn.
    scale
        Multiplies users and traffic; 1 is about 1,200 requests per feature and week.
    keep_requests
        Write ``truth_requests.jsonl`` too: what only the simulator knows of each request.
    progress
        Called with the share that is done, 0–1.

    Raises
    ------
    UsageError
        When `end` is no Monday, or `weeks` or `scale` is not positive.
    """
    run = Run(end=end, weeks=weeks, seed=seed, scale=scale, keep_requests=keep_requests)
    return write_run(folder, run, progress)


def write_run(folder: Path, run: Run, progress: Progress | None = None) -> Truth:
    """Write a run of any features; see `simulate`. Each file appears whole or not at all."""
    _check(run)
    folder.mkdir(parents=True, exist_ok=True)
    timeline = Timeline(run.end, run.weeks)
    scene = Scene(run.features, timeline, run.seed, run.scale)
    part = folder / f".{EVENTS}.part"
    try:
        with part.open("wb") as file:
            recorder = _Recorder(file, timeline)
            _play(run, scene, recorder, progress)
        part.replace(folder / EVENTS)
    finally:
        part.unlink(missing_ok=True)
    if run.keep_requests:
        write_atomic(folder / TRUTH_REQUESTS, b"".join(recorder.hidden))
    truth = _truth(run, timeline, recorder, scene)
    write_atomic(folder / TRUTH, msgspec.json.format(msgspec.json.encode(truth)) + b"\n")
    return truth


class _Recorder:
    """Keeps what has not arrived yet, writes what has, and counts."""

    def __init__(self, file: BinaryIO, timeline: Timeline) -> None:
        self.tally = Tally(timeline)
        self.n_events: Counter[str] = Counter()
        self.hidden: list[bytes] = []
        self._file = file
        self._timeline = timeline
        self._horizon_ms = timeline.ms(timeline.weeks + 1) + int(TAIL.total_seconds() * 1000)
        self._waiting: list[tuple[int, int, str, bytes]] = []
        self._n_sent = 0
        self._encoder = msgspec.json.Encoder()

    def send(self, sent: Sent) -> None:
        """Keep an event until it arrives; what would arrive after the run's end never does."""
        if sent.arrival_ms < self._horizon_ms:
            kind = sent.event.kind
            line = b'{"kind":"%b",%b\n' % (kind.encode(), self._encoder.encode(sent.event)[1:])
            self._n_sent += 1  # ties arrive in the order of sending
            self._waiting.append((sent.arrival_ms, self._n_sent, kind, line))

    def answered(self, turn: Turn, *, watch: str, keep: bool) -> None:
        """Send a request and count it."""
        if turn.done_ms >= self._horizon_ms:
            return
        self.send(Sent(turn.done_ms, turn.request))
        self.tally.add(turn, watch=watch)
        if keep:
            hidden = RequestTruth(
                turn.request.request_id,
                turn.request.feature,
                turn.intent,
                turn.success,
                self._timeline.monday(self._timeline.week(turn.at_ms)),
            )
            self.hidden.append(self._encoder.encode(hidden) + b"\n")

    def write_before(self, until_ms: int) -> None:
        """Write what arrives before an instant; nothing sent later may arrive before it."""
        self._waiting.sort()
        n = bisect_left(self._waiting, (until_ms,))
        self._file.writelines(line for *_, line in self._waiting[:n])
        self.n_events.update(kind for _, _, kind, _ in self._waiting[:n])
        del self._waiting[:n]


def _check(run: Run) -> None:
    if run.end.weekday() != 0:
        raise UsageError(f"the run's end {run.end} is no Monday", hint=f"{monday(run.end)} is one")
    if run.weeks < 1 or not 0 < run.scale < float("inf"):
        raise UsageError(
            f"can't simulate {run.weeks} weeks at scale {run.scale}", hint="both must be positive"
        )


def _play(run: Run, scene: Scene, recorder: _Recorder, progress: Progress | None) -> None:
    watch = {p.name: p.new_topic.intent for p in run.features if p.new_topic}
    for sent in scene.opening():
        recorder.send(sent)
    timeline, n_days = Timeline(run.end, run.weeks), 7 * run.weeks + 1
    for day in range(n_days):
        for session, others in scene.day(day):
            for turn in session:
                topic = watch.get(turn.request.feature, "")
                recorder.answered(turn, watch=topic, keep=run.keep_requests)
            for sent in others:
                recorder.send(sent)
        recorder.write_before(timeline.ms(1, day=day + 1))
        if progress:
            progress((day + 1) / n_days)


def _truth(run: Run, timeline: Timeline, recorder: _Recorder, scene: Scene) -> Truth:
    return Truth(
        seed=run.seed,
        start=timeline.monday(1),
        end=run.end,
        weeks=run.weeks,
        scale=run.scale,
        n_events=dict(sorted(recorder.n_events.items())),
        n_texts=recorder.tally.n_texts,
        figures=recorder.tally.figures(tuple(plan.name for plan in run.features)),
        planted=expectations(run.features, timeline, recorder.tally, scene.ledger),
    )
