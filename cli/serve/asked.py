"""What a client asks for: a body of chat, edit or fill-in completions as one edit of one region.

Four forms are understood: sharpen's own (`x_sharpen.edit`, a region by its place), Mercury's tags of a next edit, a hole
between a prompt and a suffix, and plain chat (`talk`). Anything else is `Bad`, a sentence for the client.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sharpen.cli.serve import talk
from sharpen.cli.serve.warm import Able
from sharpen.core.diagnose import diagnose
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.errors import SharpenError
from sharpen.core.region import Region
from sharpen.core.request import Settings
from sharpen.core.skills import classify

VERSION = 1
MOST_CANDIDATES = 16
_MOST = 1e9
_REPAIR = "fix what is broken"
_GO_ON = "continue what the last edits began"
Kind = Literal["chat", "edit", "fim"]


class Bad(Exception):
    """The request cannot be carried out as it was put; its message is for the client."""

    def __init__(self, message: str, param: str = "messages") -> None:
        super().__init__(message)
        self.param = param


@dataclass(frozen=True, slots=True)
class Asked:
    """One edit."""

    kind: Kind
    instruction: str
    document: Document
    region: Region
    diagnostics: tuple[Diagnostic, ...]
    context: tuple[Document, ...]
    settings: Settings
    fenced: bool
    """The answer goes into a fenced block, as a chat has it."""
    tag: str
    stream: bool
    diffusing: bool
    cells: bool
    usage: bool
    outline: str = ""
    begun: str = ""
    stops: tuple[str, ...] = ()
    """Where a hole's text ends, if it comes to one of these."""


def read(body: Mapping[str, Any], kind: Kind, able: Able) -> Asked:
    """Take a body apart. Raises Bad."""
    own = body.get("x_sharpen") or {}
    if not isinstance(own, Mapping):
        raise Bad("x_sharpen is not an object", "x_sharpen")
    if int(_number(own, "version", VERSION)) > VERSION:
        raise Bad(f"this server speaks version {VERSION} of x_sharpen", "x_sharpen.version")
    given = own.get("edit")
    fenced, tag, outline, begun = given is None and kind != "fim", "", "", ""
    context: tuple[Document, ...] = ()
    found: tuple[Diagnostic, ...] | None = None
    if kind == "fim":
        instruction, document, region = _hole(body)
        found = ()
    elif given is not None:
        instruction, document, region = _structured(given)
        found, (context, outline) = _findings(given, document), _along(given)
        begun = _text(given, "begun")
    elif kind == "edit":
        instruction, document, region = _tagged(_words(body.get("messages")), able)
    else:
        said = talk.read(_turns(body.get("messages")), free=able.free)
        if said is None:
            raise Bad("send one fenced block of code, and what to do with it")
        document, tag = _document(said.code, said.path), said.tag
        fenced = said.fenced
        context = tuple(_document(text, path) for path, text in said.others)
        instruction, region = said.instruction or _REPAIR, document.whole()
    if found is None:
        found = _wrong(document, region, instruction, able)
    return Asked(
        kind, instruction, document, region, found, context, _settings(body, own), fenced, tag,
        stream=body.get("stream") is True or _diffuses(body, kind), diffusing=_diffuses(body, kind),
        cells=own.get("cells") is True, usage=_usage(body), outline=outline, begun=begun, stops=_stops(body) if kind == "fim" else (),
    )  # fmt: skip


def _diffuses(body: Mapping[str, Any], kind: Kind) -> bool:
    return body.get("diffusing") is True and kind != "fim"


def _usage(body: Mapping[str, Any]) -> bool:
    options = body.get("stream_options")
    return isinstance(options, Mapping) and options.get("include_usage") is True


def _settings(body: Mapping[str, Any], own: Mapping[str, Any]) -> Settings:
    seed, steps, strength = (own.get(name) for name in ("seed", "steps", "strength"))
    return Settings(
        steps=max(1, int(_number(own, "steps", 0))) if steps else None,
        candidates=min(MOST_CANDIDATES, max(1, int(_number(own, "candidates", 1)))),
        strength=min(1.0, max(0.0, _number(own, "strength", 0))) if strength else None,
        seed=int(_number(own, "seed", 0)) if seed else 0,
        frames=body.get("diffusing") is True,
    )


def _number(own: Mapping[str, Any], name: str, default: float) -> float:
    value = own.get(name, default)
    if value is None:
        return default
    whole = isinstance(value, int | float) and not isinstance(value, bool)
    if not whole or not math.isfinite(value) or abs(value) > _MOST:
        raise Bad(f"{name} is not a number that it can be", f"x_sharpen.{name}")
    return float(value)


def _wrong(document: Document, region: Region, instruction: str, able: Able) -> tuple[Diagnostic, ...]:
    """What the edit is about where the client does not say: a free prompt is not about what else is broken."""
    if able.free and classify(instruction) is None:
        return ()
    every = diagnose(document.text, document.path)
    return tuple(d for d in every if region.start_char <= d.start_char <= region.end_char)


def _turns(messages: object) -> list[tuple[str, str]]:
    """Role and text of each message; the last is the user's. Raises Bad."""
    if not isinstance(messages, list):
        raise Bad("messages is not a list")
    turns = []
    for message in messages:
        if isinstance(message, Mapping):
            content = message.get("content")
            if isinstance(content, list):
                content = "".join(str(p.get("text") or "") for p in content if isinstance(p, Mapping))
            if isinstance(content, str) and content.strip():
                turns.append((str(message.get("role")), content))
    while turns and turns[-1][0] != "user":
        turns.pop()
    if not turns:
        raise Bad("there is no user message")
    return turns


def _words(messages: object) -> str:
    """The last user message as text."""
    return _turns(messages)[-1][1]


def _document(text: str, path: str) -> Document:
    try:
        return Document.from_text(text, path)
    except SharpenError as error:
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


def _along(given: Mapping[str, Any]) -> tuple[tuple[Document, ...], str]:
    """Files that go along, and an outline."""
    rows, outline = given.get("context") or [], _text(given, "outline")
    if not isinstance(rows, list):
        raise Bad("x_sharpen.edit.context is not a list of files", "x_sharpen.edit.context")
    texts = [(row.get("text"), row.get("path")) for row in rows if isinstance(row, Mapping)]
    found = [_document(text, str(path or "file.txt")) for text, path in texts if isinstance(text, str)]
    return tuple(found), outline


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name) or ""
    if not isinstance(value, str):
        raise Bad(f"x_sharpen.edit.{name} is not a text", f"x_sharpen.edit.{name}")
    return value


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
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise Bad(
                "a diagnostic needs start, end, code and message", "x_sharpen.edit.diagnostics"
            ) from error
        if not 0 <= start <= end <= len(document.text):
            raise Bad("a diagnostic lies outside the text", "x_sharpen.edit.diagnostics")
        column = start - (document.text.rfind("\n", 0, start) + 1) + 1
        source = str(row.get("source") or "client")
        found.append(Diagnostic(start, end, document.line_of(start), column, code, message, source))
    return tuple(found)


def _hole(body: Mapping[str, Any]) -> tuple[str, Document, Region]:
    """Between prompt and suffix. What surrounds a cursor is rarely whole, so that no grammar judges it."""
    prompt, suffix = body.get("prompt"), body.get("suffix") or ""
    if not isinstance(prompt, str) or not isinstance(suffix, str):
        raise Bad("prompt and suffix are not texts", "prompt" if not isinstance(prompt, str) else "suffix")
    document = _document(prompt + suffix, "hole.txt")
    if document.text != prompt + suffix:
        raise Bad("prompt and suffix have other line ends than \\n", "prompt")
    return "", document, Region(len(prompt), len(prompt), "lines")


def _stops(body: Mapping[str, Any]) -> tuple[str, ...]:
    stops = body.get("stop")
    found = [stops] if isinstance(stops, str) else stops if isinstance(stops, list) else []
    return tuple(stop for stop in found if isinstance(stop, str) and stop)


def _tagged(words: str, able: Able) -> tuple[str, Document, Region]:
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
    asked = words.partition("<|")[0].strip()
    if not asked and able.free:
        begun = words.partition("<|edit_diff_history|>\n")[2].partition("<|/edit_diff_history|>")[0].strip()
        asked = f"{_GO_ON}:\n{begun}" if begun else ""
    return asked or _REPAIR, document, Region(len(before), len(before) + len(region), "lines")


def _between(words: str, tag: str) -> str:
    _, mark, rest = words.partition(f"<|{tag}|>\n")
    inside, end, _ = rest.partition(f"<|/{tag}|>")
    if not mark or not end:
        raise Bad(f"<|{tag}|> … <|/{tag}|> is missing")
    return inside
