"""Unfamiliar queries: more of them than a twentieth are unlike everything in the baseline.

Detects a new kind of traffic that is scattered, such as questions out of the feature's scope.
Does not detect what is near to the baseline, and does not say what the queries are about.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drift.base import Detection, Votes, too_small
from drift.familiarity import UNFAMILIAR, familiarity, unfamiliar_cut

ALARM_BELOW = 1e-3  # per week, over both scales

# Half as many again as the baseline's own share: what the choice of its votes and harmless weekly
# variation reach.
_RHO = 1.5
_SCALES = 2  # one and four weeks


@dataclass(frozen=True)
class Unfamiliar:
    """A window's unfamiliar queries: `positions` in the window, the most unlike ones first."""

    p_value: float
    positions: npt.NDArray[np.int64]

    @property
    def drift_detected(self) -> bool:
        """Tell whether there are more than half as many again as in the baseline."""
        return self.p_value < ALARM_BELOW


def detect(window: Votes, reference: Votes) -> Detection:
    """Compare a window with the launch baseline's votes; see `count` for the test."""
    why_not = too_small(window, reference)
    if why_not:
        return Detection(1.0, drift_detected=False, why_not=why_not)
    found = count(familiarity(window.vectors, reference.vectors), unfamiliar_cut(reference.vectors))
    return Detection(found.p_value, drift_detected=found.drift_detected)


def count(familiar: npt.NDArray[np.float32], cut: float) -> Unfamiliar:
    """Test whether too many queries are below the cut.

    With x of n queries below the 5 % quantile of the baseline's own familiarity, the p-value is
    2 P(Bin(n, .075) >= x): 1.5 times the baseline's share is nothing yet, and two scales are
    looked at.

    Parameters
    ----------
    familiar
        Each query's mean cosine to its 5 nearest of the baseline ``(n,)``.
    cut
        From `unfamiliar_cut`.

    Examples
    --------
    >>> few, many = np.r_[np.zeros(30), np.ones(470)], np.r_[np.zeros(80), np.ones(420)]
    >>> count(few, 0.5).p_value, count(many, 0.5).drift_detected
    (1.0, True)
    """
    from scipy.special import bdtrc

    positions = np.flatnonzero(familiar < cut)
    order = np.argsort(familiar[positions], kind="stable")
    n, x = len(familiar), len(positions)
    tail = float(bdtrc(x - 1, n, _RHO * UNFAMILIAR)) if x else 1.0
    return Unfamiliar(min(1.0, _SCALES * tail), positions[order])
