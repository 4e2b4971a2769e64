"""Reads `rephrase_triples.jsonl`: pairs of questions of one session and whether they ask the same.

A pair is a rephrase when one good answer would serve both questions: other words, another style, a
typo mended, the same problem told with more context. It is none when the later question is about
another thing, place, number, time or action, narrows the earlier one by a new condition, or follows
up on it. `minimal` pairs differ in a word or two, the others are `ordinary`. All were written for
this file, and labelled before the rule was tried on them.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).with_suffix(".jsonl")


@dataclass(frozen=True)
class Triple:
    """A labelled pair; `kind` says how the later question came about."""

    group: str
    kind: str
    domain: str
    earlier: str
    later: str
    rephrase: bool

    @property
    def held_out(self) -> bool:
        """Half of the pairs, by their hash: never looked at while the rule was made."""
        digest = hashlib.sha256(f"{self.earlier}|{self.later}".encode()).digest()
        return digest[0] % 2 == 1


def triples() -> list[Triple]:
    """Return every labelled pair in the order of the file."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return [Triple(**json.loads(line)) for line in lines]
