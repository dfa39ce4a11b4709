"""A request as what a model is told: the background, the file around the region, the region, the instruction.

`core.engines.rewriter` sends it. Stable parts stand first, because a server's cache works on what prompts begin with
alike. Invariant: it fits the budget, and no secret that `secrets` finds is in it. The templates are in `prompts/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from sharpen.core.engines.wire.answer import Place, fence_for
from sharpen.core.engines.wire.secrets import Masked
from sharpen.core.errors import BadInput
from sharpen.core.grammars import language_of
from sharpen.core.request import Request
from sharpen.prompts import fill

Message = dict[str, str]
CHARS_A_TOKEN = 4
"""The usual estimate; code has fewer, so the budget keeps a fifth back."""
_MOST_CONTEXT_CHARS = 96_000
_TAGS = {"Python": "python", "JavaScript": "javascript", "TypeScript": "typescript", "TSX": "tsx", "Go": "go",
         "Rust": "rust", "C": "c", "Java": "java", "JSON": "json"}  # fmt: skip
_COMMENTS = {"Python": "#"}
_PROSE = {"", ".txt", ".text", ".log", ".adoc", ".asciidoc", ".org", ".tex", ".html", ".htm", ".po", ".csv", ".feature",
          ".yml", ".yaml"}  # fmt: skip
"""Files that may hold plain sentences, by what their names end in."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is sent for one request, and what is needed to read the answer."""

    messages: tuple[Message, ...]
    place: Place
    """As the model sees it: with words in the place of secrets."""
    masked: Masked
    fence: str
    tag: str
    """What stands behind the opening fence: the language."""
    before: str
    """The text before the region, cut to the budget, for a server that fills in the middle."""
    after: str
    background: str
    left_out: tuple[str, ...] = ()
    """Files that should have gone along and for which there was no room."""


def asked(request: Request, window_tokens: int, answer_tokens: int, masked: Masked | None = None) -> Asked:
    """The messages for a rewrite of the region. Raises BadInput where it does not fit the window with its answer.

    masked: who hides secrets; where none is given, one that knows those of all that is sent.
    """
    masked = Masked(_texts(request)) if masked is None else masked
    document, region = request.document, request.region
    budget = int((window_tokens - answer_tokens) * CHARS_A_TOKEN * 0.8)
    old = masked.cut(document.text, region.start_char, region.end_char)
    if budget < len(old) + 4000:
        raise BadInput(
            f"{document.path}: {region.label or 'the whole file'} does not fit the model's window of "
            f"{window_tokens:,} tokens with its answer",
            f"name a part of it: {document.path}::SYMBOL",
        )
    room = min(_MOST_CONTEXT_CHARS, budget - len(old) - 3000)
    background, left_out = _background(request, masked, room // 2)
    around = room - len(background)
    before = masked.cut(
        document.text, _start(document.text[: region.start_char], around * 2 // 3), region.start_char
    )
    tail = _head_of(document.text[region.end_char :], around // 3)
    after = masked.cut(document.text, region.end_char, region.end_char + len(tail))
    language = _language(document.path)
    fence = fence_for(f"{before}\n{old}\n{after}")
    prose = PurePath(document.path).suffix.lower() in _PROSE
    place = Place(old, before, after, language == "Markdown", prose)
    findings = "".join(f"- line {d.line}: {d.message}\n" for d in request.diagnostics[:20])
    text = fill(
        "rewrite",
        background=background,
        path=document.path,
        language=language,
        first=str(document.line_of(region.start_char)),
        last=str(document.line_of(max(region.start_char, region.end_char - 1))),
        lines=str(document.text.count("\n") + (not document.text.endswith("\n"))),
        before=_fenced(before, fence),
        after=_fenced(after, fence),
        findings=f"\nWhat checkers say of the file:\n{masked.mask(findings)}" if findings else "",
        instruction=masked.mask(request.instruction),
        fence=fence,
        tag=_TAGS.get(language, ""),
        region=old.removesuffix("\n"),
    )
    system = fill("rewrite_system").strip()
    messages = ({"role": "system", "content": system}, {"role": "user", "content": text})
    tag = _TAGS.get(language, "")
    return Asked(messages, place, masked, fence, tag, before, after, background, left_out)


def _texts(request: Request) -> tuple[str, ...]:
    """All that may go out, each text whole."""
    others = (request.instruction, request.outline, request.begun, *(d.message for d in request.diagnostics))
    return (request.document.text, *(document.text for document in request.context), *others)


def again(request: Asked, answer: str, why: str) -> tuple[Message, ...]:
    """The messages for the one retry, with the answer that cannot be used and what is wrong with it."""
    said = fill("retry", why=request.masked.mask(why), fence=request.fence).strip()
    wrong = request.masked.mask(answer) or "(nothing)"
    return (*request.messages, {"role": "assistant", "content": wrong}, {"role": "user", "content": said})


def fill_prompt(request: Request, told: Asked) -> str:
    """What stands before a pure insertion, for a model that knows no instructions: it comes as a comment.

    Without an instruction, as an editor asks, nothing is added to what stands there.
    """
    if not request.instruction.strip():
        return told.before
    mark = _COMMENTS.get(_language(request.document.path), "//")
    line = told.before[told.before.rfind("\n") + 1 :]
    indent = line if not line.strip() else ""
    wish = " ".join(told.masked.mask(request.instruction).split())
    before = f"{told.before}{'' if indent or not line else chr(10)}{mark} {wish}\n"
    return fill("fim", background=told.background, path=request.document.path, before=before).removesuffix(
        "\n"
    )


def _language(path: str) -> str:
    known = language_of(path)
    if known is not None:
        return known.name
    suffix = PurePath(path).suffix.lower()
    if path == "-" or suffix in {".py", ".pyi", ".pyw"}:
        return "Python"
    return "Markdown" if suffix in {".md", ".markdown", ".rst"} else suffix.removeprefix(".") or "plain text"


def _background(request: Request, masked: Masked, room: int) -> tuple[str, tuple[str, ...]]:
    """The documents that go along and the outline, as much of them as there is room for, and what there is not."""
    parts: list[str] = []
    left_out: list[str] = []
    for document in request.context:
        text = masked.mask(document.text)
        piece = f"File for reference: {document.path}\n{_fenced(text, fence_for(text))}\n\n"
        if len(piece) <= room:
            parts.append(piece)
            room -= len(piece)
        else:
            left_out.append(document.path)
    if request.begun:
        text = masked.mask(request.begun)
        piece = f"What the user has changed so far, to be gone on with:\n{_fenced(text, fence_for(text))}\n\n"
        if len(piece) <= room:
            parts.append(piece)
            room -= len(piece)
    outline = _head_of(masked.mask(request.outline), room - 80)
    if outline:
        parts.append(f"Symbols of the repository that may matter:\n{outline}\n\n")
    return "".join(parts), tuple(left_out)


def _fenced(text: str, fence: str) -> str:
    body = text.removesuffix("\n")
    return f"{fence}\n{body}\n{fence}" if body else "(nothing)"


def _start(text: str, room: int) -> int:
    """Where the last whole lines within `room` characters begin."""
    if len(text) <= room:
        return 0
    return text.find("\n", len(text) - room) + 1 or len(text) if room > 0 else len(text)


def _head_of(text: str, room: int) -> str:
    """The first whole lines within `room` characters."""
    if len(text) <= room:
        return text
    return text[: text.rfind("\n", 0, room) + 1] if room > 0 else ""
