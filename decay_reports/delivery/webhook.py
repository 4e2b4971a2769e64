"""POSTs each message as JSON, signed with a shared secret (HMAC-SHA-256, RFC 2104)."""

import hashlib
import hmac

import msgspec

from decay_reports.notify.message import Message, Sending
from decay_reports.notify.post import check_address, post
from decayd.delivery_settings import TargetSettings
from decayd.errors import ConfigError

SEVERITY = "info"
REPORTS = True
RESENDS = False


def check(target: TargetSettings) -> None:
    """Ask for an address and a secret: without one a receiver can't know who speaks."""
    check_address(target)
    if not target.key():
        raise ConfigError("it needs secret or secret_file", hint="any long random text")


def send(message: Message, sending: Sending) -> None:
    """Send the message; the receiver knows a second copy by X-Decayd-Delivery."""
    plain = msgspec.to_builtins(message)
    facts = msgspec.Raw(message.facts.encode()) if message.facts else None
    plain |= {"delivery_id": sending.delivery_id, "store_id": sending.store_id, "facts": facts}
    body = msgspec.json.encode(plain, order="sorted")
    timestamp = str(int(sending.clock.now().timestamp()))
    headers = {
        "x-decayd-delivery": sending.delivery_id,
        "x-decayd-timestamp": timestamp,
        "x-decayd-signature": f"sha256={sign(sending.target.key(), timestamp, body)}",
    }
    post(check_address(sending.target), body, headers, sending)


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the hex HMAC of ``<timestamp>.<body>``: an old message can't be sent anew.

    >>> sign("secret", "1760000000", b"{}")[:16]
    '53dc054739ad94d3'
    """
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
