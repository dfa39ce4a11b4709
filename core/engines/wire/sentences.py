"""Whether a line is a sentence for a reader and no code.

`answer` asks it of answers without a fence, in files of code: a model that chats instead of answering must not have
its letter written into the file, however it begins.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[(\"'‘“`]?[A-Za-z]+(?:['’\-][A-Za-z]+)*[)\"'’”`]?[,.;:!?)]*")
_ENDS = (".", "!", "?", ":", "…")
_LEAST_WORDS = 3
_SHARE = 0.75


def is_sentence(line: str) -> bool:
    """It begins like one, ends like one, and nearly all in it are words."""
    words = line.split()
    if len(words) < _LEAST_WORDS or not words[0][0].isupper() or not line.rstrip().endswith(_ENDS):
        return False
    return sum(1 for word in words if _WORD.fullmatch(word)) >= _SHARE * len(words)
