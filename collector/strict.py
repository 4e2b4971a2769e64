"""Twins of the event structs that refuse unknown keys: what they decode hides nothing."""

from typing import Any, Literal

import msgspec

from decayd.events import KINDS, EvalItem, Event, ExpectedOutcome, Retrieved, Route, ToolCall


def _twin(struct: type[msgspec.Struct], *fields: tuple[str, Any, Any]) -> Any:
    """Return a subclass that refuses unknown keys; `fields` come on top or take a field's place."""
    return msgspec.defstruct(
        f"Strict{struct.__name__}",
        fields,
        bases=(struct,),
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )


_NESTED: dict[str, Any] = {
    "route": _twin(Route) | None,
    "tool_calls": list[_twin(ToolCall)] | None,  # type: ignore[misc]
    "retrieved": list[_twin(Retrieved)] | None,  # type: ignore[misc]
    "expected_outcome": _twin(ExpectedOutcome) | None,
    "items": list[_twin(EvalItem)] | None,  # type: ignore[misc]
}


def _decoder(kind: str, struct: type[Event]) -> msgspec.json.Decoder[Any]:
    nested = [(name, _NESTED[name], None) for name in struct.__struct_fields__ if name in _NESTED]
    sent_kind = ("sent_kind", Literal[kind] | None, msgspec.field(default=None, name="kind"))
    return msgspec.json.Decoder(_twin(struct, sent_kind, *nested))


DECODERS = {kind: _decoder(kind, struct) for kind, struct in KINDS.items()}


def without_kind(event: Any) -> Event:
    """Return a decoded event as it is without the kind that was sent: both must be equal."""
    if event.sent_kind is not None:
        msgspec.structs.force_setattr(event, "sent_kind", None)
    return event  # type: ignore[no-any-return]
