"""Takes personal data out of a record that could not be stored, whatever is wrong with it.

A scanner that forgives everything walks over the tokens: values of user id fields become
pseudonyms at any depth, however their names are escaped, also in JSON that is written inside a
string; other text is masked by its form. What is left alone keeps its bytes, so that people see
what is wrong.
"""

import json
import re
from functools import lru_cache

import msgspec

from decayd.events import PERSON_FIELDS
from decayd.masking import is_card, mask
from store.batch import DeadLetter
from store.loose_json import Token, is_closed, plain_name, unescaped, walk
from store.pseudonyms import Pseudonyms

KEPT_BYTES = 64 * 1024  # of a record; `dead-letters retry` reads the original again
_SCANNED_BYTES = 4 * 2**20  # above any record that is usual; bounds the work for hostile ones
_LONG_TEXT = 128 * 1024  # characters of one text that are looked at; more than what is kept
_SLACK = 2048  # characters at the end of a text that was cut: something may be cut in two there
_MAX_LEVELS = 4  # JSON in a string in a string …; text that is packed deeper is taken out
_SHORT_TEXT = 40  # characters of a text that is remembered
_MAX_LOOKS = 500  # texts behind what is kept of a record that are searched for ids
_MAX_PEOPLE = 200  # ids of one record that are also looked for in its other text
_LONG_ID = 6  # characters; shorter ids are replaced only where they are a word
_SHORTEST_ID, _SHORTEST_NUMBER = 3, 5  # below they are in any text
_MAX_ID = 1024  # what the store takes as an id

_NESTED = re.compile(r"(?:user|actor|annotator)[^:=>]{0,16}[:=>]|\\u", re.IGNORECASE)
_LOOSE = re.compile(
    r"(?P<before>(?:(?:user|actor)[_.-]?id|annotator)[\"'\\\s]{0,8}(?:[=>]|(?P<colon>:))"
    r"[\"'\\\s]{0,8})(?!null\b|u-[0-9a-f]{32})(?P<id>(?(colon)[^\"'\\,;&{}\[\]<>\r\n]{1,1024}"
    r"|[^\"'\\,;&{}\[\]<>\s]{1,1024}))",
    re.IGNORECASE,
)
_LITERAL = re.compile(r"null|true|false")
_NUMBER = re.compile(r"-?\d[\d.eE+-]*")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NULS, _FEW = 64, 8  # characters that tell UTF-16 by its zero bytes; fewer hold no name and id
_IDS = frozenset({"userid", "enduserid", "actorid", "annotator"})
_PEOPLE = _IDS | {"user", "enduser"}  # not in a text, where "User:" begins what somebody says
_SECRETS = frozenset({
    "password", "passwd", "secret", "apikey", "authorization", "token", "accesstoken", "cookie",
})  # fmt: skip


class Redacted(msgspec.Struct, frozen=True):
    """What of a bad record may be kept.

    `altered` tells that `value` says other or less than the record did, pseudonyms aside that the
    store would have made itself.
    """

    value: bytes
    message: str
    altered: bool


def redact(letter: DeadLetter, pseudonyms: Pseudonyms) -> Redacted:
    """Return a dead letter's value and message without user ids and personal text; never raises."""
    text = _decoded(letter.value[:_SCANNED_BYTES])
    is_json = _parses(letter.value)
    scan = _Scan(pseudonyms, frozenset())
    out = scan.record(text, is_json=is_json)
    if _may_be_elsewhere(scan.people, text, letter.message):
        scan = _Scan(pseudonyms, frozenset(scan.people))
        out = scan.record(text, is_json=is_json)
    value = _encoded(out)
    whole = len(value) <= KEPT_BYTES and letter.size_bytes <= len(letter.value)
    as_sent = whole and not scan.altered and _encoded(text) == letter.value
    return Redacted(value[:KEPT_BYTES], scan.message(letter.message), altered=not as_sent)


class _Scan:
    """One walk over a record: collects the ids of people and, given them, finds them elsewhere."""

    def __init__(self, pseudonyms: Pseudonyms, known: frozenset[str]) -> None:
        self.people: set[str] = set()
        self.altered = False
        self._n_looks = _MAX_LOOKS
        self._pseudonyms = pseudonyms
        self._flooded = len(known) > _MAX_PEOPLE
        self._known = None if self._flooded else _any_of(known)

    def record(self, text: str, *, is_json: bool) -> str:
        """Return a record without personal data; what is no JSON is also masked as a whole."""
        out = self._document(text, 0, KEPT_BYTES)
        return out if is_json else self._masked(out)

    def message(self, text: str) -> str:
        """Return what was said about a record, without the ids in it."""
        return mask(self._known.sub(self._known_person, text) if self._known else text)

    def _document(self, text: str, level: int, limit: int) -> str:
        out: list[str] = []
        size = 0
        for token in walk(text, _PEOPLE if level == 0 else _IDS):
            if size < limit or self._is_worth_a_look(token):
                out.append(token if isinstance(token, str) else self._token(token, level))
                size += len(out[-1])
            else:
                self.altered = True
        return "".join(out)

    def _is_worth_a_look(self, token: str | Token) -> bool:
        """Tell whether what is not kept may hold an id that stands in what is kept."""
        if isinstance(token, str) or token.hidden:
            return not isinstance(token, str)
        if self._n_looks and _NESTED.search(token.text):
            self._n_looks -= 1
            return True
        return False

    def _token(self, token: Token, level: int) -> str:
        if token.hidden:
            return self._hide(token, level)
        return self._string(token, level) if token.text[0] == '"' else self._word(token.text)

    def _hide(self, token: Token, level: int) -> str:
        bare = token.text.strip()
        is_string = bare[0] == '"'
        person = token.content
        if not person or (not is_string and _LITERAL.fullmatch(bare)):
            return token.text
        if not token.is_key:
            self.people.add(person)
        stored_so = level == 0 and token.at_top and token.key in PERSON_FIELDS and is_string
        valid = len(person) <= _MAX_ID and _parses(_encoded(bare))
        self.altered |= not (stored_so and valid)
        closing = "" if is_string and not is_closed(bare) else '"'
        return f'"{self._pseudonyms.of(person)}{closing}'

    def _string(self, token: Token, level: int) -> str:
        content = token.content
        if not token.is_key and plain_name(token.key) in _SECRETS and content:
            new = "[REDACTED]"
        elif len(content) > _LONG_TEXT:
            new = self._text(content[:_LONG_TEXT], level)[:-_SLACK]
        else:
            new = self._text(content, level)
        if new == content:
            return token.text
        self.altered = True
        quoted = json.dumps(new, ensure_ascii=bool(_SURROGATE.search(new)))
        return quoted if is_closed(token.text) else quoted[:-1]

    def _word(self, text: str) -> str:
        bare = text.strip()
        if _LITERAL.fullmatch(bare):
            return text
        if not _NUMBER.fullmatch(bare):
            plain = unescaped(text[:_LONG_TEXT])[: _LONG_TEXT - _SLACK]
            self.altered |= plain != text
            return self._masked(plain)
        is_person = self._known is not None and self._known.fullmatch(bare)
        if not is_person and not is_card(bare):
            return text
        self.altered = True
        return f'"{self._pseudonyms.of(bare)}"' if is_person else '"[CARD]"'

    def _text(self, text: str, level: int) -> str:
        if self._flooded:
            return "[TEXT]"
        if self._known is None and len(text) <= _SHORT_TEXT and _names_nobody(text):
            return text
        if _NESTED.search(text):
            if level >= _MAX_LEVELS:
                return "[REDACTED]"
            text = self._document(text, level + 1, _SCANNED_BYTES)
        return self._masked(text)

    def _masked(self, text: str) -> str:
        nameless = _LOOSE.sub(self._loose_person, text) if _NESTED.search(text) else text
        if self._known:  # before masking, which may take a part of an id away
            nameless = self._known.sub(self._known_person, nameless)
        masked = mask(nameless)
        self.altered |= masked != text
        return masked

    def _known_person(self, match: re.Match[str]) -> str:
        return self._pseudonyms.of(match[0])

    def _loose_person(self, match: re.Match[str]) -> str:
        person = match["id"].strip()
        if not person or _LITERAL.fullmatch(person):
            return match[0]
        self.people.add(person)
        return match["before"] + self._pseudonyms.of(person)


def _may_be_elsewhere(people: set[str], text: str, message: str) -> bool:
    """Tell whether ids may stand in a record, or in what was said about it, beside their fields."""
    if not people or len(people) > _MAX_PEOPLE or "\\" in text:
        return bool(people)
    return any(text.count(person) > 1 or person in message for person in people)


def _any_of(people: frozenset[str]) -> re.Pattern[str] | None:
    """Return a pattern of these ids; short ones must be words, those in any text are left out."""
    long: list[str] = []
    short: list[str] = []
    for person in sorted(people, key=lambda person: (-len(person), person)):
        if len(person) >= (_SHORTEST_NUMBER if person.isdigit() else _SHORTEST_ID):
            (long if len(person) >= _LONG_ID else short).append(re.escape(person))
    parts = ["|".join(long)] if long else []
    parts += [rf"(?<![^\W_])(?:{'|'.join(short)})(?![^\W_])"] if short else []
    return re.compile("|".join(parts)) if parts else None


@lru_cache(maxsize=4096)
def _names_nobody(text: str) -> bool:
    """Tell whether a short text stays as it is: most are names and values that come again."""
    return not _NESTED.search(text) and mask(text) == text


def _parses(value: bytes) -> bool:
    try:
        msgspec.json.decode(value)
    except (ValueError, RecursionError):
        return False
    return True


def _decoded(value: bytes) -> str:
    """Return the text of a record; one in UTF-16, which is refused, must not hide anything."""
    for encoding, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
        half = (value[1::2] if encoding == "utf-16-le" else value[::2])[:_NULS]
        if value.startswith(mark) or (len(half) >= _FEW and half.count(0) * 2 > len(half)):
            return value.decode(encoding, "replace")
    return value.decode("utf-8", "surrogateescape")


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a pair that was written as an escape
        return text.encode("utf-8", "replace")
