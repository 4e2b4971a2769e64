"""Days as the unit of test: false alarms, power and dates over simulated streams, ledger rules."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from decay_reports.causes import unannounced
from decay_reports.causes.behaviour_looks import look_back
from decay_reports.causes.unannounced import Unannounced
from decay_reports.figures import fingerprint
from decay_reports.figures.behaviour_days import BehaviourDays
from decay_reports.figures.fingerprint import Daily, Shift, compare, first_day, moved

N_TOPICS = 4
FIRST = date(2026, 6, 1)
REFERENCE, CURRENT = range(28), range(35, 42)


def stream(  # noqa: PLR0913 - what a stream may be
    seed: int, days: int = 42, *, step: int = 999, size: float = 1.0, follow: float = 0.0,
    per_day: int = 340, ramp: bool = False,
) -> list[Daily]:  # fmt: skip
    """Return days of seven traits whose days wobble, whose mix of topics drifts the whole time.

    From `step` on refusals go from 3 to 6 % and answers grow by a fifth, times `size`; `follow` is
    the correlation of neighbouring days.
    """
    rng = np.random.default_rng(seed)
    at = np.linspace(0, 1, days)[:, None]
    mix = (1 - at) * rng.dirichlet([5] * N_TOPICS) + at * rng.dirichlet([5] * N_TOPICS)
    n = np.array([rng.multinomial(rng.poisson(per_day), p) for p in mix]).astype(float)
    after = np.arange(days)[:, None] >= step
    since = np.clip((np.arange(days)[:, None] - 7) / (days - 7), 0, 1) if ramp else after

    def wobble(sd: float) -> Any:
        noise = rng.normal(0, sd, days)
        for day in range(1, days):
            noise[day] = follow * noise[day - 1] + np.sqrt(1 - follow**2) * noise[day]
        return noise[:, None]

    made = []
    for name, level, sd, extra, floor in (
        ("refusal", 0.03, 0.005, 0.03, 0.01), ("format", 0.95, 0.005, 0, 0.05),
        ("tool a", 0.4, 0.02, 0, 0.05), ("tool b", 0.2, 0.02, 0, 0.05),
    ):  # fmt: skip
        topic = rng.normal(0, 0.2 * level * (1 - level), N_TOPICS)
        p = np.clip(level + topic + wobble(sd) + since * extra * size, 0, 1)
        hits = rng.binomial(n.astype(int), p).astype(float)
        made.append(Daily(name, n, hits, hits, floor=floor))
    for name, sd, extra in (("length", 0.05, 0.2), ("latency", 0.1, 0.0), ("tokens", 0.05, 0.2)):
        mean = 5 + rng.normal(0, 0.4, N_TOPICS) + wobble(sd) + since * extra * size
        total = n * mean + np.sqrt(n) * 0.6 * rng.normal(size=n.shape)
        squares = np.maximum(n - 1, 0) * 0.36 + total**2 / np.maximum(n, 1)
        made.append(Daily(name, n, total, squares, is_log=True))
    return made


def looked(traits: list[Daily]) -> list[Shift]:
    return moved([s for trait in traits if (s := compare(trait, REFERENCE, CURRENT)) is not None])


@pytest.mark.parametrize(
    ("what", "n", "most"), [({}, 600, 3), ({"follow": 0.4}, 400, 4), ({"per_day": 30}, 400, 2)]
)
def test_quiet_weeks_are_called_a_change_in_at_most_a_half_per_cent_of_looks(
    what: dict[str, Any], n: int, most: int
) -> None:
    """STATISTICS: 0.005; days that follow one another by 0.4 may reach twice that by chance."""
    false = sum(bool(looked(stream(seed, **what))) for seed in range(n))
    assert false <= most


def test_a_silent_step_is_found_by_the_second_close_and_dated_within_a_day() -> None:
    errors, late = [], []
    for seed in range(60):
        step = 35 + seed % 7
        traits = stream(seed, 49, step=step)
        known = BehaviourDays(
            days=tuple(FIRST + timedelta(days=k) for k in range(49)), traits=tuple(traits),
            versions=(), of_version=(), by_topic=True,
        )  # fmt: skip
        for end in (42, 49):
            part = BehaviourDays(
                days=known.days[:end], versions=(), of_version=(), by_topic=True,
                traits=tuple(
                    Daily(t.metric, t.n[:end], t.total[:end], t.squares[:end], t.is_log, t.floor)
                    for t in traits
                ),
            )  # fmt: skip
            found = look_back(part, [], [], looks=1, least=5).steps
            if found:
                errors.append(abs((found[0].day - FIRST).days - step))
                late.append(end - step)
                break
    assert len(errors) == 60
    assert np.mean([error <= 1 for error in errors]) >= 0.95
    assert max(errors) <= 7
    assert max(late) <= 13


def test_an_effect_below_the_floor_does_not_count() -> None:
    n = np.full((42, 1), 100_000.0)
    refused = n * np.where(np.arange(42) >= 35, 0.035, 0.03)[:, None]
    shift = compare(Daily("refusal", n, refused, refused, floor=0.01), REFERENCE, CURRENT)
    assert shift
    assert (shift.p < 1e-6, shift.counts) == (True, False)
    assert moved([shift]) == []


def test_the_mix_of_topics_is_taken_out() -> None:
    n = np.full((42, 2), 100.0)
    n[35:, 0], n[35:, 1] = 20.0, 400.0
    refused = n * np.array([0.02, 0.3])
    shift = compare(Daily("refusal", n, refused, refused), REFERENCE, CURRENT)
    assert shift
    assert shift.change == pytest.approx(0.0, abs=1e-12)
    assert shift.before == pytest.approx(shift.now)


def test_a_topic_that_the_reference_does_not_know_is_left_out() -> None:
    n = np.full((42, 2), 100.0)
    n[:35, 1] = 0.0
    refused = n * np.array([0.02, 0.9])
    shift = compare(Daily("refusal", n, refused, refused), REFERENCE, CURRENT)
    assert shift
    assert shift.change == pytest.approx(0.0, abs=1e-12)
    assert shift.n_now == 700


def test_one_bad_day_is_no_change() -> None:
    for seed in range(40):
        traits = stream(seed)
        latency = traits[5]
        total, squares = latency.total.copy(), latency.squares.copy()
        total[38] += 1.2 * latency.n[38]
        squares[38] += 2.4 * latency.total[38] + 1.44 * latency.n[38]
        assert not looked([*traits[:5], Daily("latency", latency.n, total, squares, is_log=True)])


@pytest.mark.parametrize("quiet", [range(37, 42), range(4, 28)])
def test_too_few_days_are_not_compared(quiet: range) -> None:
    n = np.full((42, 1), 50.0)
    n[quiet] = 2.0
    assert compare(Daily("refusal", n, n * 0.1, n * 0.1), REFERENCE, CURRENT) is None


def test_a_slide_has_no_day() -> None:
    slides = [stream(seed, ramp=True, size=4.0) for seed in range(20)]
    dated = [first_day([traits[4], traits[6]], REFERENCE, CURRENT) for traits in slides]
    assert sum(day is None for day in dated) >= 19


def test_answers_that_never_differ_and_then_do_are_a_change() -> None:
    n = np.full((42, 1), 10.0)
    length = np.where(np.arange(42) >= 35, 5.2, 5.0)[:, None]
    shift = compare(Daily("length", n, n * length, n * length**2, is_log=True), REFERENCE, CURRENT)
    assert shift
    assert moved([shift]) == [shift]


def test_days_before_an_announced_change_are_no_reference() -> None:
    assert fingerprint.windows(0, 42) == (range(28), range(35, 42))
    assert fingerprint.windows(28, 42) == (range(28, 35), range(35, 42))
    assert fingerprint.windows(29, 42) is None


def test_a_value_that_comes_back_is_a_flip_and_a_try_is_not() -> None:
    days = [FIRST + timedelta(days=k) for k in range(21)]
    n = np.zeros((21, 3))
    n[:, 0] = 100
    n[7:14, 0], n[7:14, 1] = 0, 100
    n[17, 2] = 3
    versions = [f"{name}\x1f\x1f" for name in ("a", "b", "c")]
    found = unannounced.flips(days, versions, n)
    assert [((one.day - FIRST).days, one.before, one.after) for one in found] == [
        (7, "a", "b"), (14, "b", "a")
    ]  # fmt: skip


def test_two_values_that_share_traffic_evenly_do_not_flip_each_day() -> None:
    days = [FIRST + timedelta(days=k) for k in range(40)]
    n = np.random.default_rng(1).poisson(50, (40, 2)).astype(float)
    assert unannounced.flips(days, ["a\x1f\x1f", "b\x1f\x1f"], n) == []


@pytest.mark.parametrize(
    ("artifact", "after", "days", "known"),
    [
        ("model", "x", 0, True), ("router", "x", -6, True), ("prompt", "x", 0, False),
        ("model", "x", -12, False), ("prompt", "m-2", -30, True), ("model", "x", 9, False),
    ],
)  # fmt: skip
def test_a_change_event_speaks_of_its_layer_for_days_and_of_its_value_from_then_on(
    artifact: str, after: str, days: int, known: bool
) -> None:
    one = Unannounced(FIRST, "model", "m-1", "m-2", 50)
    at = datetime.combine(FIRST, datetime.min.time()) + timedelta(days=days)
    assert unannounced.announced(one, [{"ts": at, "artifact": artifact, "after": after}]) is known


def indexed(built: list[int], every: float = 0.0) -> list[dict[str, Any]]:
    """Return a day each for documents that were indexed on days `built`, over `every` days."""
    zero = datetime.combine(FIRST, datetime.min.time(), UTC).timestamp()
    return [
        {"day": FIRST + timedelta(days=k), "n_indexed": 100, "low_s": zero + 86_400 * at,
         "middle_s": zero + 86_400 * (at + every / 2), "high_s": zero + 86_400 * (at + every)}
        for k, at in enumerate(built)
    ]  # fmt: skip


def test_an_index_is_rebuilt_when_all_documents_are_newer_than_before() -> None:
    (one,) = unannounced.rebuilds(indexed([-30] * 10 + [10] * 10, every=0.2))
    assert (one.day - FIRST).days == 10


def test_an_index_that_is_built_every_day_or_grows_is_not_listed() -> None:
    assert unannounced.rebuilds(indexed([k - 1 for k in range(20)])) == []
    assert unannounced.rebuilds(indexed([-30 + k for k in range(20)], every=40.0)) == []
