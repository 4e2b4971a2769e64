"""decayd's own format: one JSON object a record, see docs/events.md."""

import re
from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from collector import strict
from collector.source import Defaults
from decayd.errors import DecodeError
from decayd.events import KINDS, EvalItem, Event, ExpectedOutcome, Retrieved, Route, ToolCall


class _Sent(msgspec.Struct, frozen=True, gc=False):
    kind: Any = None


_MAX_DEPTH = 64  # levels of nesting; far below what any JSON library here can take
_STRUCTS: dict[str, frozenset[str] | None] = {
    **dict.fromkeys(("messages", "details", "slices", "subject")),  # hold any JSON
    **{
        field: frozenset(struct.__struct_encode_fields__)
        for field, struct in (
            ("route", Route), ("tool_calls", ToolCall), ("retrieved", Retrieved),
            ("expected_outcome", ExpectedOutcome), ("items", EvalItem),
        )
    },
}  # fmt: skip
_OBJECTS = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_KIND = msgspec.json.Decoder(_Sent)
_RAWS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_DECODERS = {kind: msgspec.json.Decoder(struct) for kind, struct in KINDS.items()}
_FIELDS = {
    kind: frozenset(struct.__struct_encode_fields__) - {"extra"} for kind, struct in KINDS.items()
}
_CONTAINERS = {
    kind: [item for item in _STRUCTS.items() if item[0] in fields]
    for kind, fields in _FIELDS.items()
}
_ANY_JSON = {
    kind: ["extra", *(field for field, known in containers if known is None)]
    for kind, containers in _CONTAINERS.items()
}
_KNOWN = {kind: fields | {"kind"} for kind, fields in _FIELDS.items()}
_WHERE = re.compile(r"(?P<what>.*?)(?: - at `(?:key in )?(?P<at>[^`]*)`)?", re.DOTALL)
_MISSING = re.compile(r"missing required field `(?P<field>\w+)`")
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)


def decode(value: bytes, defaults: Defaults) -> Sequence[Event]:
    """Return the one event of a record.

    Parameters
    ----------
    value
        UTF-8 JSON, one object. `kind` may stand in it; keys that no field has go to `extra`.
    defaults
        The topic's kind and feature, for records without them.

    Raises
    ------
    DecodeError
        ``malformed`` when it is no JSON object, ``kind`` when its kind is not known, ``invalid``
        when a field is missing or wrong; `field` is its JSON path.
    """
    try:
        return (_event(value, defaults),)
    except msgspec.ValidationError as error:
        raise DecodeError("malformed", "$", _reworded(str(error))) from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise DecodeError("malformed", "$", _malformed(value, error)) from error
    except RecursionError as error:
        raise _too_deep() from error


def _event(value: bytes, defaults: Defaults) -> Event:
    kind = defaults.kind or _KIND.decode(value).kind
    if isinstance(kind, str) and kind in KINDS:
        try:
            event = strict.DECODERS[kind].decode(value)
        except ValueError:
            return _unusual(value, defaults)  # another kind, an unknown key, a null, or an error
        if _is_shallow(event, value):
            return strict.without_kind(event)
    return _unusual(value, defaults)


def _is_shallow(event: Event, value: bytes) -> bool:
    """Tell whether nothing is nested too deep; only fields that hold any JSON can be."""
    if all(getattr(event, field) is None for field in _ANY_JSON[event.kind]):
        return True
    return value.count(b"[") + value.count(b"{") <= _MAX_DEPTH


def _unusual(value: bytes, defaults: Defaults) -> Event:
    raws = _RAWS.decode(value)
    kind = _kind(raws.get("kind"), defaults)
    try:
        event = _DECODERS[kind].decode(value)
    except ValueError:  # the slower way says what is wrong, or finds that it was only a null
        event = _typed(kind, raws, defaults)
    extra = _extra(kind, raws)
    return msgspec.structs.replace(event, extra=extra) if extra else event


def _kind(raw: msgspec.Raw | None, defaults: Defaults) -> str:
    kind = defaults.kind if raw is None else _plain(raw, "$.kind")
    if isinstance(kind, str) and kind in KINDS:
        return kind
    known = ", ".join(KINDS)
    if raw is None:
        hint = "set `kind` in the record, for its topic, or for the file with --kind"
        raise DecodeError("kind", "$.kind", f"nothing says which kind this is; {hint}: {known}")
    raise DecodeError("kind", "$.kind", f"there is no such kind; one of: {known}")


def _typed(kind: str, raws: dict[str, msgspec.Raw], defaults: Defaults) -> Event:
    """Decode the known fields, a null as a field that was not sent, with the topic's feature."""
    sent = {f: raw for f, raw in raws.items() if f in _FIELDS[kind] and bytes(raw) != b"null"}
    if defaults.feature and "feature" in _FIELDS[kind]:
        sent.setdefault("feature", msgspec.Raw(msgspec.json.encode(defaults.feature)))
    try:
        return _DECODERS[kind].decode(msgspec.json.encode(sent))
    except msgspec.ValidationError as error:
        what, at = _parts(str(error))
        missing = _MISSING.search(what)
        field = f"{at}.{missing['field']}" if missing else at
        message = "this field is required" if missing else _said(what, kind, field)
        raise DecodeError("invalid", field, message) from error


def _extra(kind: str, raws: dict[str, msgspec.Raw]) -> dict[str, Any]:
    """Return the keys that no field has; an object sent as `extra` is taken apart if it can be."""
    found = {}
    if not _KNOWN[kind].issuperset(raws):
        found = {key: _plain(raws[key], "$") for key in raws.keys() - _KNOWN[kind]}
    given = found.get("extra")
    if isinstance(given, dict) and given.keys().isdisjoint(found):
        del found["extra"]
        found |= given
    for field, known in _CONTAINERS[kind]:
        if field in raws and (rest := _hidden(field, known, raws[field])):
            found[field] = rest
    return found


def _hidden(field: str, known: frozenset[str] | None, raw: msgspec.Raw) -> Any:
    """Return what the struct of a nested field has no place for; check how deep the field goes."""
    value = bytes(raw)
    if value == b"null":
        return None
    if known is None:
        _check_depth(value, f"$.{field}")
        return None
    objects = _OBJECTS.decode(value if value[:1] == b"[" else b"[" + value + b"]")
    if all(map(known.issuperset, objects)):
        return None
    return _rest(_plain(raw, f"$.{field}"), known)


def _rest(value: Any, known: frozenset[str]) -> Any:
    """Return the unknown keys of a nested object, or of each object of a list."""
    if isinstance(value, list):
        rests = [_rest(item, known) for item in value]
        return rests if any(rests) else None
    if isinstance(value, dict):
        return {k: v for k, v in value.items() if k not in known}
    return None


def _plain(raw: msgspec.Raw, field: str) -> Any:
    _check_depth(bytes(raw), field)
    try:
        return msgspec.json.decode(raw)
    except ValueError as error:
        raise DecodeError("malformed", field, f"not valid JSON: {_reworded(str(error))}") from error


def _check_depth(raw: bytes, field: str) -> None:
    if raw[:1] not in (b"[", b"{") or raw.count(b"[") + raw.count(b"{") <= _MAX_DEPTH:
        return
    depth = 0
    for token in _BRACKETS.finditer(raw):
        first = raw[token.start()]
        depth += (first in b"[{") - (first in b"]}")
        if depth > _MAX_DEPTH:
            raise _too_deep(field)


def _too_deep(field: str = "$") -> DecodeError:
    return DecodeError("malformed", field, f"nested deeper than {_MAX_DEPTH} levels; flatten it")


def _parts(message: str) -> tuple[str, str]:
    match = _WHERE.fullmatch(message)
    return (match["what"], match["at"] or "$") if match else (message, "$")


def _said(what: str, kind: str, field: str) -> str:
    if what.startswith("Invalid enum value"):  # it quotes the value, which may be anything
        allowed = _allowed(kind, field.removeprefix("$."))
        return f"must be one of: {', '.join(allowed)}" if allowed else "not an allowed value"
    if "RFC3339" in what:
        return "not a time; send RFC 3339, such as 2026-10-05T09:30:00Z, or epoch milliseconds"
    return _reworded(what)


def _allowed(kind: str, field: str) -> list[str]:
    hint = get_type_hints(KINDS[kind]).get(field)
    parts = [hint, *get_args(hint)]
    return [value for part in parts if get_origin(part) is Literal for value in get_args(part)]


def _reworded(what: str) -> str:
    return what.replace("`", "").replace(" | null", "").replace("Expected", "expected")


def _malformed(value: bytes, error: Exception) -> str:
    if not value.strip():
        return "the record is empty; a tombstone has no value at all"
    if isinstance(error, UnicodeError):
        return "not UTF-8; send UTF-8 JSON"
    hint = "send one JSON object a record"
    if re.search(rb"\b(?:NaN|Infinity)\b", value):
        hint = "NaN and Infinity are not JSON, send null"
    return f"{_reworded(str(error)).removeprefix('JSON is malformed: ')}; {hint}"
