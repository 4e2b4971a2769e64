"""Posts to a Slack incoming webhook; other people's words can't mention, link or format.

Limits: 3,000 characters in a section's text, 50 blocks in a message
(https://docs.slack.dev/reference/block-kit/blocks). `verbatim` keeps Slack from looking for links
and names itself, and &, < and > are escaped as its formatting page asks for
(https://docs.slack.dev/messaging/formatting-message-text).
"""

import re
from typing import Any

import msgspec

from decay_reports.notify.message import Message, Sending
from decay_reports.notify.post import check_address, post
from decay_reports.numbers import visible
from decayd.delivery_settings import TargetSettings

SEVERITY = "info"
REPORTS = True
RESENDS = False
_SECTION = 3000  # characters
_BLOCKS = 50
_LINE = 500  # characters; escaping makes at most five of one
_FALLBACK = 300  # characters of the text in a notification
_MARKS = {"opened": "●", "changed": "◐", "closed": "○", "report": "▤"}
_JOINER = "\u2060"  # unseen; breaks what a client would take for a mention, a link or formatting
_LIKE = str.maketrans({"*": "\u2217", "`": "'", "~": "\u223c"})  # what formats, by its like
_ACTIVE = re.compile(
    r"(?<!\w)[@#](?=\w)|:(?=//)|(?<=\w)\.(?=[^\W\d_]{2})|\b(?:mailto|tel)(?=:)|:(?=\w+:)"
)


def check(target: TargetSettings) -> None:
    """Ask for the webhook's address, which is also its password."""
    check_address(target)


def send(message: Message, sending: Sending) -> None:
    """Post the message; Slack knows no delivery id, so a repeat after a lost answer shows twice."""
    post(check_address(sending.target), msgspec.json.encode(payload(message)), {}, sending)


def payload(message: Message) -> dict[str, Any]:
    """Return what Slack is sent."""
    head = (
        f"*{_MARKS[message.change]} {message.change}* {message.severity} · {escaped(message.title)}"
    )
    if message.change == "report":
        head = f"*{_MARKS['report']} {escaped(message.title)}*"
    said = message.lines or _said(message)
    sections = _sections([head, *(f"• {escaped(line)}" for line in said)])
    if message.link:
        sections = [*sections[: _BLOCKS - 1], f"<{message.link}|{escaped(message.subject)}>"]
    return {
        "text": escaped(visible(message.title, _FALLBACK)),
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
            for text in sections[:_BLOCKS]
        ],
        "parse": "none", "link_names": False, "unfurl_links": False, "unfurl_media": False,
    }  # fmt: skip


def escaped(text: str) -> str:
    """Make text stand in a Slack message as it is, on one line.

    >>> escaped("<!channel> @ann `x` https://a.bc &").replace(_JOINER, "^")
    "&lt;!channel&gt; @^ann 'x' https:^//a.^bc &amp;"
    """
    shown = _ACTIVE.sub(lambda found: found.group(0) + _JOINER, visible(text, _LINE))
    return shown.translate(_LIKE).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _said(message: Message) -> list[str]:
    facts = {
        "cause": message.cause, "size": message.size,
        "known since": message.since.date().isoformat() if message.since else "",
        "incident": message.incident_id, "do": message.next_step, "rows": message.command,
    }  # fmt: skip
    lines = [f"{name}: {value}" for name, value in facts.items() if value]
    return lines + [f"example: “{text}”" for text in message.examples]


def _sections(lines: list[str]) -> list[str]:
    """Join lines into as few texts as Slack's limit allows; no line is longer than it."""
    joined: list[str] = []
    for line in lines:
        if joined and len(joined[-1]) + 1 + len(line) <= _SECTION:
            joined[-1] += f"\n{line}"
        else:
            joined.append(line)
    return joined
