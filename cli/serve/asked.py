"""What a client asks for: a body of chat or edit completions as one edit of one region.

Three forms are understood: sharpen's own (`x_sharpen.edit`, a region by its place), Mercury's tags of a next edit, and
plain chat (one fenced block of code, and what to do with it). Anything else is `Bad`, a sentence for the client.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sharpen.core.diagnose import diagnose
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.errors import SharpenError
from sharpen.core.region import Region
from sharpen.core.request import Settings

VERSION = 1
_FENCE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})(?P<tag>[^\n`]*)\n(?P<code>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL
)
_ENDINGS = {"": "py", "python": "py", "py": "py", "javascript": "js", "typescript": "ts", "rust": "rs"}
_EDIT = "fix what is broken"


class Bad(Exception):
    """The request cannot be carried out as it was put; its message is for the client."""

    def __init__(self, message: str, param: str = "messages") -> None:
        super().__init__(message)
        self.param = param


@dataclass(frozen=True, slots=True)
class Asked:
    """One edit."""

    instruction: str
    document: Document
    region: Region
    diagnostics: tuple[Diagnostic, ...]
    settings: Settings
    fenced: bool
    """The answer goes into a fenced block, as a chat has it."""
    tag: str
    stream: bool
    diffusing: bool
    cells: bool
    usage: bool


def read(body: Mapping[str, Any], *, edit: bool) -> Asked:
    """Take a body apart. Raises Bad."""
    own = body.get("x_sharpen") or {}
    if not isinstance(own, Mapping):
        raise Bad("x_sharpen is not an object", "x_sharpen")
    if int(_number(own, "version", VERSION)) > VERSION:
        raise Bad(f"this server speaks version {VERSION} of x_sharpen", "x_sharpen.version")
    given = own.get("edit")
    if given is not None:
        instruction, document, region = _structured(given)
        found = _findings(given, document)
    else:
        words = _words(body.get("messages"))
        instruction, document, region = _tagged(words) if edit else _chat(words)
        found = None
    if found is None:
        every = diagnose(document.text, document.path)
        found = tuple(d for d in every if region.start_char <= d.start_char <= region.end_char)
    options = body.get("stream_options")
    diffusing = body.get("diffusing") is True
    seed, steps, strength = (own.get(name) for name in ("seed", "steps", "strength"))
    settings = Settings(
        steps=int(_number(own, "steps", 0)) if steps else None,
        candidates=max(1, int(_number(own, "candidates", 1))),
        strength=float(_number(own, "strength", 0)) if strength else None,
        seed=int(_number(own, "seed", 0)) if seed else 0,
        frames=diffusing,
    )
    match = None if given is not None or edit else _FENCE.search(_words(body.get("messages")))
    return Asked(
        instruction, document, region, found, settings,
        fenced=given is None, tag=match["tag"].strip() if match else "",
        stream=body.get("stream") is True or diffusing, diffusing=diffusing, cells=own.get("cells") is True,
        usage=isinstance(options, Mapping) and options.get("include_usage") is True,
    )  # fmt: skip


def _number(own: Mapping[str, Any], name: str, default: float) -> float:
    value = own.get(name, default)
    if value is None:
        return default
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Bad(f"{name} is not a number", f"x_sharpen.{name}")
    return value


def _words(messages: object) -> str:
    """The last user message as text."""
    if not isinstance(messages, list):
        raise Bad("messages is not a list")
    for message in reversed(messages):
        if isinstance(message, Mapping) and message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, list):
                content = "".join(str(p.get("text") or "") for p in content if isinstance(p, Mapping))
            if isinstance(content, str) and content.strip():
                return content
    raise Bad("there is no user message")


def _document(text: str, path: str) -> Document:
    try:
        return Document.from_bytes(text.encode("utf-8"), path)
    except (SharpenError, UnicodeEncodeError) as error:
        raise Bad(f"the code is no text: {error}") from error


def _structured(given: object) -> tuple[str, Document, Region]:
    where = "x_sharpen.edit"
    if not isinstance(given, Mapping) or not isinstance(given.get("text"), str):
        raise Bad("x_sharpen.edit needs a text", where)
    document = _document(given["text"], str(given.get("path") or "code.py"))
    if document.text != given["text"]:
        raise Bad("x_sharpen.edit.text has other line ends than \\n", where)
    region = given.get("region") or [0, len(document.text)]
    whole = isinstance(region, list) and len(region) == 2 and all(isinstance(n, int) for n in region)
    if not whole or not 0 <= region[0] <= region[1] <= len(document.text):
        raise Bad("x_sharpen.edit.region lies outside the text; it counts characters", where)
    instruction = given.get("instruction")
    if not isinstance(instruction, str) or not instruction.strip():
        raise Bad("x_sharpen.edit needs an instruction", where)
    return instruction, document, Region(region[0], region[1], "lines")


def _findings(given: Mapping[str, Any], document: Document) -> tuple[Diagnostic, ...] | None:
    """What the client found; None where it says nothing of it."""
    rows = given.get("diagnostics")
    if not isinstance(rows, list):
        return None
    found = []
    for row in rows:
        try:
            start, end = int(row["start"]), int(row["end"])
            code, message = str(row["code"]), str(row["message"])
        except (KeyError, TypeError, ValueError) as error:
            raise Bad(
                "a diagnostic needs start, end, code and message", "x_sharpen.edit.diagnostics"
            ) from error
        if not 0 <= start <= end <= len(document.text):
            raise Bad("a diagnostic lies outside the text", "x_sharpen.edit.diagnostics")
        column = start - (document.text.rfind("\n", 0, start) + 1) + 1
        source = str(row.get("source") or "client")
        found.append(Diagnostic(start, end, document.line_of(start), column, code, message, source))
    return tuple(found)


def _chat(words: str) -> tuple[str, Document, Region]:
    blocks = list(_FENCE.finditer(words))
    if len(blocks) != 1:
        raise Bad("send one fenced block of code, and what to do with it")
    block = blocks[0]
    instruction = " ".join((words[: block.start()] + " " + words[block.end() :]).split())
    ending = _ENDINGS.get(block["tag"].strip().lower(), block["tag"].strip().lower())
    document = _document(block["code"], f"code.{ending if ending.isalnum() else 'py'}")
    return instruction or _EDIT, document, document.whole()


def _tagged(words: str) -> tuple[str, Document, Region]:
    current = _between(words, "current_file_content")
    head, mark, rest = current.partition("<|code_to_edit|>\n")
    region, end, tail = rest.partition("<|/code_to_edit|>")
    if not mark or not end:
        raise Bad("<|code_to_edit|> … <|/code_to_edit|> is missing")
    first, _, before = head.partition("\n")
    path = "code.py"
    if first.startswith("current_file_path:"):
        path = first.removeprefix("current_file_path:").strip() or path
    else:
        before = head
    region = region.replace("<|cursor|>", "")
    document = _document(before + region + tail.removeprefix("\n"), path)
    asked = (words.partition("<|")[0]).strip()
    return asked or _EDIT, document, Region(len(before), len(before) + len(region), "lines")


def _between(words: str, tag: str) -> str:
    _, mark, rest = words.partition(f"<|{tag}|>\n")
    inside, end, _ = rest.partition(f"<|/{tag}|>")
    if not mark or not end:
        raise Bad(f"<|{tag}|> … <|/{tag}|> is missing")
    return inside
