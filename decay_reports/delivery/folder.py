"""Writes each message as a JSON file into a folder, and the weekly report in every format."""

import msgspec

from decay_reports.notify.message import Message, NotDelivered, Sending
from decayd.delivery_settings import TargetSettings
from decayd.errors import ConfigError
from decayd.files import write_atomic

SEVERITY = "info"
REPORTS = True
RESENDS = False


def check(target: TargetSettings) -> None:
    """Ask for a folder; it is made when the first message comes."""
    if target.folder is None:
        raise ConfigError("it needs a folder")


def send(message: Message, sending: Sending) -> None:
    """Write the files; writing them again changes nothing."""
    if sending.target.folder is None:
        raise NotDelivered("no folder is set", "failed")
    day = message.as_of.date().isoformat()
    name = f"{day}-{message.subject}-{message.change}-{sending.delivery_id[:8]}"
    plain = {"delivery_id": sending.delivery_id} | msgspec.to_builtins(message)
    try:
        for suffix, text in _documents(message):
            write_atomic(sending.target.folder / f"{name}.{suffix}", text)
        write_atomic(
            sending.target.folder / f"{name}.message.json",
            msgspec.json.encode(plain, order="sorted") + b"\n",
        )
    except OSError as error:
        raise NotDelivered(f"the folder can't be written: {error.strerror}") from error


def _documents(message: Message) -> list[tuple[str, str]]:
    """Return the report's documents with their file endings; the message file is written last."""
    if not message.facts:
        return []
    from decay_reports import formats
    from decay_reports.facts.report import from_json
    from decayd import plugins

    facts = from_json(message.facts)
    forms = [plugins.load(formats, name) for name in plugins.names(formats)]
    return [(form.SUFFIX, form.render(facts)) for form in forms]
