"""Text from a server made safe to show, keep and log: no control character, escape sequence or direction mark in it.

Frames, error sentences and notes pass through here. The final text of an edit does not: a control character that the
region did not have makes `checks` reject it, because silently changed code is worse than none.
"""

from __future__ import annotations

import re

_GLYPHS: dict[int, int | str] = {code: 0x2400 + code for code in range(32) if code not in {9, 10}}
_GLYPHS |= {0x7F: 0x2421} | dict.fromkeys(range(0x80, 0xA0), "·")
_GLYPHS |= dict.fromkeys(
    (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF), "·"
)
_GLYPHS |= dict.fromkeys((0x2028, 0x2029), "↵")
_HARMFUL = re.compile("[" + "".join(re.escape(chr(code)) for code in _GLYPHS) + "\ud800-\udfff]")


def mended(text: str) -> str:
    """Halves of a pair joined, lone ones replaced by U+FFFD: a text that can be encoded."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def harmless(text: str) -> str:
    """The same text with a glyph for each character that could drive a terminal."""
    text = mended(text)
    return text.translate(_GLYPHS) if _HARMFUL.search(text) else text


def harmful(text: str) -> set[str]:
    """The characters of the text that `harmless` replaces."""
    return set(_HARMFUL.findall(text))


def sentence(text: str, limit: int = 300) -> str:
    """One line of at most `limit` characters."""
    line = " ".join(harmless(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
