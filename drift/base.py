"""What detectors take and give: votes of a window or a reference, and a detection."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

MIN_WINDOW = 150  # votes; 2 % of fewer is under the 3 that any local test needs
MIN_REFERENCE = 600  # votes; a launch baseline of four weeks of 150


@dataclass(frozen=True)
class Votes:
    """Queries that count, one per person and topic, in the order of time.

    `vectors` is ``(n, d)`` float32 with rows of length 1, from the stored form; `keys` are their
    request keys, `voters` who asked (a key of its own where nobody knows), and `weeks` the index
    of each one's week in the weeks they were drawn from. `topics` are the numbers of their best
    frozen topics and `texts` the beginnings of the queries; both are empty where nobody asked
    for them.
    """

    vectors: npt.NDArray[np.float32]
    keys: npt.NDArray[np.uint64]
    voters: npt.NDArray[np.uint64]
    weeks: npt.NDArray[np.int64]
    topics: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    texts: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return n."""
        return len(self.vectors)

    def take(self, index: npt.NDArray[np.int64]) -> "Votes":
        """Return the votes at these positions."""
        return Votes(
            self.vectors[index],
            self.keys[index],
            self.voters[index],
            self.weeks[index],
            self.topics[index] if len(self.topics) else self.topics,
            tuple(self.texts[n] for n in index) if self.texts else (),
        )

    def repeated(self, index: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return those of these positions that hold a further vote of a person among them."""
        first = np.unique(self.voters[index], return_index=True)[1]
        return np.delete(index, first)


@dataclass(frozen=True)
class Detection:
    """A detector's answer: an exact or bounded p-value, or the reason why there is none."""

    p_value: float
    drift_detected: bool
    why_not: str = ""


def too_small(window: Votes, reference: Votes) -> str:
    """Say why no test is made, or return an empty string.

    >>> empty = Votes(np.empty((0, 3), np.float32), *[np.empty(0, int)] * 3)
    >>> too_small(empty, empty)
    'not enough data: 0 votes, a test needs 150'
    """
    if len(window) < MIN_WINDOW:
        return f"not enough data: {len(window)} votes, a test needs {MIN_WINDOW}"
    if len(reference) < MIN_REFERENCE:
        return f"not enough data: reference of {len(reference)} votes, a test needs {MIN_REFERENCE}"
    return ""
