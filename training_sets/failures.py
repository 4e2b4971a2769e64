"""A failure: a user request with evidence against its answer, and everything said about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from training_sets.taxonomy import NO_FAILURE, failure_type
from training_sets.text_rules import edit_share

EDIT_MIN = 0.02  # a smaller edit is a typo mended, the answer was good


@dataclass(frozen=True, slots=True)
class Said:
    """One signal about the request."""

    event_id: str
    ts: datetime
    signal: str
    value: float | None
    text: str | None
    actor_id: str | None
    weight: float


@dataclass(frozen=True, slots=True)
class Judged:
    """One annotator's current label."""

    event_id: str
    ts: datetime
    annotator: str
    label: str
    corrected_text: str | None


@dataclass(frozen=True, slots=True)
class FinalText:
    """The text with which the matter ended, from an outcome."""

    event_id: str
    ts: datetime
    outcome: str
    text: str
    actor_id: str | None


@dataclass(frozen=True, slots=True)
class Replacement:
    """A later answer to the same prompt that the user kept."""

    request_id: str
    query: str
    response: str | None
    finish_reason: str | None
    user_id: str | None


@dataclass(frozen=True, slots=True)
class Habit:
    """How a feature usually answers on a topic, as shares of its requests."""

    refused_share: float = 0.0
    retrieved_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Failure:
    """A request with everything that was said about its answer, as known at the build's as_of."""

    request: Mapping[str, Any]
    said: tuple[Said, ...] = ()
    judged: tuple[Judged, ...] = ()
    finals: tuple[FinalText, ...] = ()
    replacement: Replacement | None = None
    replaced: bool = False
    habit: Habit = Habit()

    @property
    def request_id(self) -> str:
        """The request's own id."""
        return str(self.request["request_id"])

    @property
    def response(self) -> str:
        """The answer that failed, empty when none was logged."""
        return self.request["response"] or ""


def evidence(failure: Failure) -> tuple[str, ...]:
    """Return why a request counts as a failure; empty when nothing speaks against its answer."""
    request = failure.request
    score = request["score"]
    why = [f"outcome:{request['outcome']}"] if request["y"] == 0 else []
    why += [f"score:{score:+.2f}"] if score is not None and score < 0 else []
    why += sorted({f"signal:{each.signal}" for each in failure.said if _against(each, failure)})
    why += sorted({f"label:{name}" for each in failure.judged if (name := _fault(each.label))})
    why += ["final_text"] if any(_differs(each.text, failure) for each in failure.finals) else []
    return (*why, "regenerated") if failure.replaced else tuple(why)


def edit_ratio(said: Said, failure: Failure) -> float | None:
    """Return an edit's own ratio, else the one measured on its text, else None."""
    if said.value is not None:
        return said.value
    return edit_share(failure.response, said.text) if said.text is not None else None


def _against(said: Said, failure: Failure) -> bool:
    if said.signal != "edit":
        return said.weight < 0
    ratio = edit_ratio(said, failure)
    return ratio is not None and ratio >= EDIT_MIN


def _fault(label: str) -> str:
    name = failure_type(label)
    return "" if name in NO_FAILURE else name


def _differs(text: str, failure: Failure) -> bool:
    return edit_share(failure.response, text) >= EDIT_MIN
