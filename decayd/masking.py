"""Masks personal data and secrets in free text by their form; the rest stays as it was.

Names and street addresses have no form and are not found. Every pattern is bounded, so that the
cost stays linear in the length of a hostile text.
"""

import re
from collections.abc import Callable
from ipaddress import ip_address

_HINT = re.compile(r"[@\uff20:=\d]|%40|bearer|basic", re.IGNORECASE)
_SECRET = re.compile(
    r"\b(?P<scheme>bearer\s{1,4})[\w.~+/=-]{8,}"
    r"|\b(?P<basic>basic\s{1,4})[A-Za-z0-9+/]{16,}={0,2}"
    r"|\b(?P<name>(?:api[_-]?key|secret|passw(?:or)?d|pwd|passphrase|(?:access|refresh|auth)?[_-]?"
    r"token|authorization)[\"']?\s{0,4}[:=]\s{0,4}[\"']?)(?!bearer|basic)[^\s\"',;&]{4,}"
    r"|(?<![A-Za-z0-9])(?:(?:sk|pk|rk)[_-](?=[\w-]{0,80}\d)[\w-]{16,}|gh[pousr]_\w{20,}|github_pat_\w{20,}"
    r"|glpat-[\w-]{16,}|hf_\w{20,}|xox[a-z]-[\w-]{10,}|A[KS]IA[0-9A-Z]{16}|AIza[\w-]{30,}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?)",
    re.IGNORECASE,
)
_EMAIL = re.compile(
    r"[\w.!#$&'*+/=?^`{|}~%-]{1,128}(?:@|\uff20|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
)
_IBAN = re.compile(
    r"(?<![A-Z0-9])[A-Z]{2}\d\d(?:[ -]?[A-Z0-9]){11,30}(?![A-Z0-9])", re.IGNORECASE | re.ASCII
)
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)")
_IPV6 = re.compile(r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.IGNORECASE)
_DIGITS = re.compile(r"(?<![\w.+-])\d(?:[ -]?\d){12,}(?!\w)")
_PHONE = re.compile(
    r"(?<![\w.])\+\d(?:[ ()./-]{0,3}\d){6,14}(?!\w)"  # +49 171 1234567
    r"|(?<![\w.+-])\(?0\d{1,4}\)?(?:[ ./-]{0,2}\d){5,11}(?!\w)"  # 0171 1234567
    r"|(?<![\w.+-])\(?\d{3}\)?[ .-]{1,2}\d{3}[ .-]\d{4}(?!\w)"  # (555) 123-4567
    r"|(?<![\w.+-])[2-9]\d{9}(?![\w-])"  # 5551234567; seconds since 1970 begin with 1
)
_DOTS, _COLONS = 3, 2  # the fewest of an address
_SEVEN_DIGITS = re.compile(r"(?:\d\D{0,5}){7}")  # the fewest of a phone; an IBAN holds letters
_NO_PHONE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d+\.\d+")  # a day, a decimal number
_WIDE_AT = "\uff20"
_CARD_FIRST = "23456"
_CARD_LENGTHS = range(19, 12, -1)
_IBAN_LENGTHS = range(34, 14, -1)


def mask(text: str) -> str:
    """Return `text` with marks for e-mail and IP addresses, phones, cards, IBANs and secrets.

    Card numbers and IBANs must have the right check digits. Idempotent.

    >>> mask("ann@example.org, +49 171 1234567, card 4111 1111 1111 1111, order 17")
    '[EMAIL], [PHONE], card [CARD], order 17'
    >>> mask("Authorization: Bearer abcdef123456 from 10.0.0.7 at 2026-10-01T09:00:00Z")
    'Authorization: Bearer [REDACTED] from [IP] at 2026-10-01T09:00:00Z'
    """
    if not _HINT.search(text):
        return text
    text = _SECRET.sub(_secret, text)
    if "@" in text or _WIDE_AT in text or "%40" in text:
        text = _EMAIL.sub("[EMAIL]", text)
    if text.count(".") >= _DOTS:
        text = _IPV4.sub(_address, text)
    if text.count(":") >= _COLONS:
        text = _IPV6.sub(_address, text)
    if not _SEVEN_DIGITS.search(text):  # a look at most texts, which hold no number of that length
        return text
    text = _IBAN.sub(_iban, text)
    text = _DIGITS.sub(_cards, text)
    return _PHONE.sub(_phone, text)


def is_card(digits: str) -> bool:
    """Tell whether 13 to 19 digits are a card number: its first digit and its check digit fit.

    >>> is_card("4111111111111111"), is_card("4111111111111112"), is_card("1764547200000")
    (True, False, False)
    """
    if len(digits) not in _CARD_LENGTHS or digits[0] not in _CARD_FIRST:
        return False
    doubled = [int(digit) * (1 + i % 2) for i, digit in enumerate(reversed(digits))]
    return sum(n // 10 + n % 10 for n in doubled) % 10 == 0


def _secret(match: re.Match[str]) -> str:
    return f"{match['scheme'] or match['basic'] or match['name'] or ''}[REDACTED]"


def _address(match: re.Match[str]) -> str:
    try:
        ip_address(match[0])
    except ValueError:
        return match[0]
    is_name = not any(c.isdigit() for c in match[0])  # a::b stands in program text
    return match[0] if is_name else "[IP]"


def _iban(match: re.Match[str]) -> str:
    end = _end(match[0], _IBAN_LENGTHS, _is_iban)
    return f"[IBAN]{match[0][end:]}" if end else match[0]


def _is_iban(text: str) -> bool:
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


def _cards(match: re.Match[str]) -> str:
    """Mask the cards among groups of digits; each begins where a group begins."""
    text, done, out = match[0], 0, ""
    starts = [i for i, c in enumerate(text) if c in _CARD_FIRST and not text[i - 1 : i].isdigit()]
    for start in starts:
        end = _end(text[start : start + 2 * _CARD_LENGTHS[0]], _CARD_LENGTHS, is_card)
        if end and start >= done:
            out += f"{text[done:start]}[CARD]"
        done = max(done, start + end if end else 0)  # two that overlap are masked as one
    return out + text[done:]


def _end(text: str, lengths: range, fits: Callable[[str], bool]) -> int:
    """Return where the longest beginning ends that fits without its separators, 0 if none does."""
    at = [i for i, c in enumerate(text) if c.isalnum()]
    bare = "".join(text[i] for i in at)
    for length in lengths:
        if length <= len(at) and fits(bare[:length]):
            end = at[length - 1] + 1
            if not text[end : end + 1].isalnum():
                return end
    return 0


def _phone(match: re.Match[str]) -> str:
    return match[0] if _NO_PHONE.fullmatch(match[0]) else "[PHONE]"
