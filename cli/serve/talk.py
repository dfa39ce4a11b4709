"""A plain chat as an edit: which of its fenced blocks is the code, what is to be done with it, and what goes along.

`asked` calls it. An engine that only repairs takes one block in the last message. One that follows any prompt takes what
chats look like: several blocks, code that was sent in an earlier turn, and none at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_FENCE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})(?P<tag>[^\n`]*)\n(?P<code>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL
)
_ENDINGS = {"": "py", "python": "py", "py": "py", "javascript": "js", "typescript": "ts", "rust": "rs", "golang": "go",
            "jsx": "js", "c": "c", "java": "java", "go": "go", "tsx": "tsx", "js": "js", "ts": "ts", "rs": "rs",
            "json": "json", "python3": "py"}  # fmt: skip
_MOST_OTHERS = 8


@dataclass(frozen=True, slots=True)
class Said:
    """What a chat comes to."""

    instruction: str
    code: str
    path: str
    tag: str = ""
    fenced: bool = True
    """False where there was no code: then the answer is plain text."""
    others: tuple[tuple[str, str], ...] = ()
    """Path and text of blocks that only go along."""


def read(turns: Sequence[tuple[str, str]], *, free: bool) -> Said | None:
    """The edit of a conversation whose last turn is the user's; None where none can be told."""
    words = turns[-1][1]
    blocks = list(_FENCE.finditer(words))
    instruction = " ".join(_FENCE.sub(" ", words).split())
    if not free:
        return _edit(instruction, blocks[0], ()) if len(blocks) == 1 else None
    if not blocks:
        earlier = [found for _role, text in reversed(turns[:-1]) if (found := list(_FENCE.finditer(text)))]
        if not earlier:
            return Said(instruction, "", "answer.txt", fenced=False)
        blocks = earlier[0]
    known = [block for block in blocks if _tag(block) in _ENDINGS and _tag(block)]
    main = known[0] if len(known) == 1 else blocks[-1]
    return _edit(instruction, main, [block for block in blocks if block is not main])


def _edit(instruction: str, block: re.Match[str], others: Sequence[re.Match[str]]) -> Said:
    along = tuple((f"block-{n}.{_ending(o)}", o["code"]) for n, o in enumerate(others[:_MOST_OTHERS], 1))
    return Said(instruction, block["code"], f"code.{_ending(block)}", block["tag"].strip(), True, along)


def _tag(block: re.Match[str]) -> str:
    return (block["tag"].split() or [""])[0].strip().lower()


def _ending(block: re.Match[str]) -> str:
    tag = _tag(block)
    ending = _ENDINGS.get(tag, tag)
    return ending if ending.isalnum() else "py"
