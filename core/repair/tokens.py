"""Tokens of the embedded model: text to ids with character offsets, and back.

The engine and the training both use this, so that they cannot drift. A newline and the indentation after it are one
token; brackets, quotes, commas and colons are tokens of their own; words and operators may carry one leading space.
So the usual repair is a whole token. Offsets are characters of the text that was given. torch-free.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PAD, MASK, DEL, SEP, BOS = 0, 1, 2, 3, 4
KIND_BASE, KINDS = 16, 64
"""Ids 16..79 stand for kinds of diagnostics (their messages with names and numbers blanked, hashed)."""
FIRST_TEXT = KIND_BASE + KINDS
SPLIT = (
    r"\n[ \t]*|\"\"\"|'''|[()\[\]{}'\"`,:;\\]| ?[^\W\d]\w*| ?\d+"
    r"| ?(?:\*\*=|//=|>>=|<<=|\.\.\.|==|!=|<=|>=|->|:=|\+=|-=|\*=|/=|%=|&=|\|=|\^=|@=|\*\*|//|<<|>>|&&|\|\||\+\+|--)"
    r"| ?[^\s\w()\[\]{}'\"`,:;\\]|[ \t]+|\s"
)


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids of a text with the half-open character range of each."""

    ids: list[int]
    spans: list[tuple[int, int]]


def kind_id(message: str) -> int:
    """The id of a diagnostic's kind: its message with quoted parts and numbers blanked, hashed into 64."""
    blank = re.sub(r"\d+", "0", re.sub(r"'[^']*'", "''", message))
    return KIND_BASE + zlib.crc32(blank.encode()) % KINDS


def _byte_table() -> dict[str, int]:
    """The reverse of the printable stand-ins that byte-level BPE uses for bytes (GPT-2's table)."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in keep]
    return {chr(b): b for b in keep} | {chr(256 + i): b for i, b in enumerate(rest)}


class Codec:
    """Wraps a `tokenizer.json`; cheap to call, holds no state between calls."""

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer as Loaded

        self._tokenizer: Tokenizer = Loaded.from_file(str(path))
        self._tokenizer.encode_special_tokens = True  # a file may well contain the characters "<mask>"
        self.size: int = self._tokenizer.get_vocab_size()
        table = _byte_table()
        self._bytes: list[bytes] = [b""] * self.size
        for word, i in self._tokenizer.get_vocab().items():
            if i < FIRST_TEXT:
                continue
            stands_in = all(c in table for c in word)
            self._bytes[i] = bytes(table[c] for c in word) if stands_in else word.encode()

    def encode(self, text: str) -> Encoded:
        """Ids and character spans; the spans of a character's bytes may repeat that character."""
        e = self._tokenizer.encode(text, add_special_tokens=False)
        return Encoded(e.ids, e.offsets)

    def bytes_of(self, token: int) -> bytes:
        """The bytes that a token stands for; empty for special tokens."""
        return self._bytes[token]

    def text_of(self, tokens: list[int]) -> str | None:
        """The tokens' text, or None where the bytes are not UTF-8."""
        try:
            return b"".join(self._bytes[t] for t in tokens).decode("utf-8")
        except UnicodeDecodeError:
            return None

    def id_of(self, text: str) -> int | None:
        """The one token that stands for `text`, if there is one."""
        ids = self.encode(text).ids
        return ids[0] if len(ids) == 1 else None
