"""f: what the signals of a request say about its success, learned from older outcomes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from decay_reports.figures import logistic
from decay_reports.figures.frame import SIGNALS, TENURES, Floats, Frame
from decay_reports.figures.logistic import Logistic

_TOPIC = "topic="
MIN_TRAINING_LABELS = 200  # with fewer, or one class only, f says nothing


@dataclass(frozen=True)
class SignalModel:
    """A logistic regression on the columns named in `columns`.

    `means` stand in for a missing length or dwell. A topic that was not seen in training has no
    column, so its requests get the level of all.
    """

    columns: tuple[str, ...]
    regression: Logistic
    means: dict[str, float]

    def predict(self, frame: Frame) -> Floats:
        """Return f for each request, ``(n,)`` in (0, 1)."""
        columns = _columns(frame, self.means)
        zero = np.zeros(len(frame))
        return self.regression.predict(
            np.column_stack([columns.get(name, zero) for name in self.columns])
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain values from which `from_json` makes the same model, bit for bit."""
        return {
            "columns": list(self.columns),
            "weights": self.regression.weights.tolist(),
            "intercept": self.regression.intercept,
            "means": self.means,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "SignalModel":
        """Take back what `to_json` gave."""
        regression = Logistic(stored["intercept"], np.array(stored["weights"], float))
        return cls(tuple(stored["columns"]), regression, dict(stored["means"]))


def train(
    frame: Frame, y: Floats, *, with_topics: bool = True, without: Collection[str] = ()
) -> SignalModel | None:
    """Fit f on labelled requests.

    Parameters
    ----------
    frame, y
        The requests and their labels in [0, 1], ``(n,)``.
    with_topics
        Leave them out of a model that has to outlive a refit of the topics.
    without
        Further columns to leave out.

    Returns
    -------
    SignalModel | None
        None for fewer than 200 labels, for labels of one class, and when no column varies.
    """
    if len(y) < MIN_TRAINING_LABELS or not (y < 0.5).any() or not (y >= 0.5).any():  # noqa: PLR2004
        return None
    means = {
        name: _mean(values)
        for name, values in (("log_length", frame.log_length), ("log_dwell", frame.log_dwell))
    }
    columns = {
        name: values
        for name, values in _columns(frame, means).items()
        if values.min() < values.max()
        and (with_topics or not name.startswith(_TOPIC))
        and name not in without
    }
    if not columns:
        return None
    regression = logistic.fit(np.column_stack(list(columns.values())), y)
    return SignalModel(tuple(columns), regression, means)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0


def _columns(frame: Frame, means: Mapping[str, float]) -> dict[str, Floats]:
    columns = {name: frame.signals[:, i] for i, name in enumerate(SIGNALS)}
    columns["refused"] = frame.refused.astype(float)
    for name, values in (("log_length", frame.log_length), ("log_dwell", frame.log_dwell)):
        missing = np.isnan(values)
        columns[name] = np.where(missing, means[name], values)
        columns[f"no_{name}"] = missing.astype(float)
    for code, topic in enumerate(frame.topics):
        columns[f"{_TOPIC}{topic}"] = (frame.topic == code).astype(float)
    for code, bucket in enumerate(TENURES):
        columns[f"tenure={bucket}"] = (frame.tenure == code).astype(float)
    return columns
