"""Which requests should get an outcome, by when, and what it means when none comes."""

from dataclasses import dataclass

import numpy as np

from decay_reports.figures.frame import Bools, Frame
from decayd.config import FeatureSettings


@dataclass(frozen=True)
class Expectation:
    """What a feature's requests should lead to.

    `eligible` requests expect an outcome. `countable` ones may enter the labelled set: with
    ``silence = unknown`` an outcome counts wherever it arrives, with ``failure`` only on eligible
    requests, whose silence counts as well.
    """

    eligible: Bools
    countable: Bools
    silence_is_failure: bool
    window_days: float

    def matured_after_days(self) -> float:
        """Return the age from which outcomes are complete enough to train on."""
        return min(14.0, self.window_days)


def expectation(frame: Frame, configured: FeatureSettings) -> Expectation:
    """Read the requests' own `expected_outcome`, and the config where they state none.

    Once some requests of a feature state what they expect, those that don't are eligible only if
    the config names an outcome `kind` for the feature. Where requests disagree about silence, the
    majority rules the feature and the others enter the estimate by their signals alone.
    """
    default = configured.expected_outcome
    everyone = not frame.stated.any() or bool(default.kind)
    eligible = frame.stated | everyone
    fails = np.where(
        np.isnan(frame.silence_fails), default.silence == "failure", frame.silence_fails == 1.0
    )
    silence_is_failure = 2 * int(fails[eligible].sum()) > int(eligible.sum())
    alike = fails == silence_is_failure
    eligible = eligible & alike
    countable = eligible if silence_is_failure else ~frame.stated | alike
    return Expectation(
        eligible, countable, silence_is_failure, _window_days(frame, default.window_days)
    )


def _window_days(frame: Frame, default: float) -> float:
    stated = frame.window_days[~np.isnan(frame.window_days)]
    if not len(stated):
        return default
    values, counts = np.unique(stated, return_counts=True)
    return float(values[len(values) - 1 - np.argmax(counts[::-1])])
