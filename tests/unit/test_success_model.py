"""The signal model f: a logistic regression that knows when it knows nothing."""

import json

import numpy as np
import pytest

from decay_reports.figures import logistic
from decay_reports.figures.signal_model import SignalModel, train
from tests.worlds import world


def design(seed: int, n: int = 3_000, d: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.column_stack(((rng.random((n, d)) < 0.1).astype(float), rng.normal(5, 1, n)))
    z = x[:, :3].sum(1) - x[:, 5] + 0.4 * (x[:, -1] - 5)
    return x, (rng.random(n) < 1 / (1 + np.exp(-z))).astype(float)


@pytest.mark.parametrize("seed", range(3))
def test_it_is_scikit_learns_optimum(seed: int) -> None:
    from sklearn.linear_model import LogisticRegression

    x, y = design(seed)
    ours = logistic.fit(x, y)
    theirs = LogisticRegression(C=1, tol=1e-12, max_iter=10_000).fit(x, y)
    assert np.abs(ours.weights - theirs.coef_[0]).max() < 1e-5
    assert np.abs(ours.predict(x) - theirs.predict_proba(x)[:, 1]).max() < 1e-6


def test_a_label_between_0_and_1_counts_as_that_share_of_a_success() -> None:
    x, y = design(1)
    half = np.full(len(y), 0.5)
    twice = logistic.fit(np.vstack((x, x)), np.concatenate((y, 1 - y)))
    assert np.abs(logistic.fit(x, half, c=2.0).weights - twice.weights).max() < 1e-6


def test_a_column_that_tells_the_classes_apart_stays_finite() -> None:
    y = np.repeat([0.0, 1.0], 200)
    fitted = logistic.fit(y[:, None], y)
    assert np.isfinite(fitted.weights).all()
    assert fitted.weights[0] > 2


@pytest.mark.parametrize("labels", [np.ones(400), np.zeros(400), np.tile([0.0, 1.0], 99)])
def test_one_class_or_few_labels_make_no_model(labels: np.ndarray) -> None:
    frame = world(weeks=1).frame(1).take(np.arange(len(labels)))
    assert train(frame, labels) is None


def test_columns_that_never_vary_make_no_model() -> None:
    frame = world(weeks=1).frame(1)
    same = frame.take(np.zeros(400, np.int64))
    assert train(same, np.tile([0.0, 1.0], 200)) is None


def test_a_topic_not_seen_in_training_and_a_missing_dwell_still_get_a_value() -> None:
    one = world(weeks=2)
    frame = one.frame(2)
    chosen = frame.take(frame.topic < 10)
    model = train(chosen, one.success[chosen.request_key.astype(int)].astype(float))
    assert model is not None
    assert "topic=t11" not in model.columns
    predicted = model.predict(frame)
    assert ((predicted > 0) & (predicted < 1)).all()


def test_a_stored_model_predicts_the_same_bits() -> None:
    one = world(weeks=2)
    frame = one.frame(2)
    model = train(frame, one.success[frame.request_key.astype(int)].astype(float))
    assert model is not None
    again = SignalModel.from_json(json.loads(json.dumps(model.to_json())))
    assert (again.predict(frame) == model.predict(frame)).all()
