"""A proposal that nobody has decided on, kept on disk with the decisions so far, so that no kill loses it.

`desk` writes it when a review begins and after each decision, and removes it once it is applied or rejected; `worker`
opens it again and carries it over to what its files hold by then. The file holds code, so it is its owner's alone; it
is JSON, never a pickle, and replaced whole. It writes nothing but that file.
"""

from __future__ import annotations

import contextlib
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sharpen.core.document import Document
from sharpen.core.errors import FileChanged, NotAFile, SharpenError
from sharpen.core.patch import Patch, SpanEdit

FORMAT = "sharpen-proposal-1"
Marks = dict[str, dict[int, list[tuple[int, int]]]]
Merge = Callable[[bytes, bytes, bytes], bytes | None]
"""(base, ours, theirs) -> both sides' changes, or None."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A patch under review."""

    prompt: str
    engine: str
    patch: Patch
    decisions: tuple[bool | None, ...] = ()
    marks: Marks = field(default_factory=dict)
    """Doubted tokens by path, as `review.Marks`."""


def save(path: Path, proposal: Proposal) -> None:
    """Keep it. A disk that refuses costs the memory, not the review."""
    patch = proposal.patch
    row = {
        "format": FORMAT,
        "folder": str(Path.cwd()),
        "prompt": proposal.prompt,
        "engine": proposal.engine,
        "documents": [_document(one) for one in patch.documents],
        "edits": [[e.path, e.start_byte, e.end_byte, _text(e.new), list(e.confidence)] for e in patch.edits],
        "decisions": list(proposal.decisions),
        "marks": {path: sorted(rows.items()) for path, rows in proposal.marks.items()},
    }
    draft = path.with_suffix(f".{os.getpid()}.part")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(row, out)
        draft.replace(path)


def remove(path: Path) -> None:
    """It was decided on."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def load(path: Path) -> Proposal:
    """The kept proposal. Raises NotAFile where there is none that can be read."""
    try:
        return _proposal(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise NotAFile("the proposal can no longer be read", "send the prompt again") from error


def _proposal(row: dict[str, Any]) -> Proposal:
    if row["format"] != FORMAT:
        raise ValueError(row["format"])
    here = _namer(row["folder"])
    documents = tuple(_read(one, here(one["path"])) for one in row["documents"])
    by_path = {one.path: one for one in documents}
    edits = tuple(_edit(by_path[here(one[0])], *one[1:]) for one in row["edits"])
    marks = {
        here(name): {int(line): [(int(a), int(b)) for a, b in spans] for line, spans in rows}
        for name, rows in row["marks"].items()
    }
    decisions = tuple(one if one is None else bool(one) for one in row["decisions"])
    return Proposal(row["prompt"], row["engine"], Patch(edits, documents), decisions, marks)


def carried(proposal: Proposal, merge: Merge) -> tuple[Proposal, tuple[str, ...]]:
    """The proposal for what its files hold now, and those that had changed; after a change, decisions are open again.

    Raises FileChanged where a file is gone, or was edited in the same place.
    """
    patches, merged = [], []
    for path in proposal.patch.paths:
        own = proposal.patch.keep(h.index for h in proposal.patch.hunks() if h.path == path)
        old = proposal.patch.document(path)
        now = _now(path, old)
        if now == old.data:
            patches.append(Patch(own.edits, (old,)))
            continue
        joined = merge(old.data, now, own.result(path))
        if joined is None:
            raise FileChanged(
                f"{path} has been edited in the same place since; the proposal no longer fits",
                "send the prompt again",
            )
        merged.append(path)
        if joined != now:
            document = Document.from_bytes(now, path, old.mode)
            patches.append(Patch.of(document, document.whole(), Document.from_bytes(joined, path).text))
    if not patches:
        raise FileChanged("the files hold this proposal already", "there is nothing left to decide")
    if not merged:
        return proposal, ()
    marks = {path: rows for path, rows in proposal.marks.items() if path not in merged}
    return replace(proposal, patch=Patch.join(patches), decisions=(), marks=marks), tuple(merged)


def _now(path: str, old: Document) -> bytes:
    try:
        return Document.read(path).data
    except SharpenError as error:
        if old.absent and not Path(path).exists():
            return b""
        raise FileChanged(f"{error.message}; the proposal no longer fits", "send the prompt again") from error


def _document(one: Document) -> dict[str, Any]:
    return {"path": one.path, "data": _text(one.data), "mode": one.mode, "absent": one.absent}


def _read(row: dict[str, Any], path: str) -> Document:
    if row["absent"]:
        return Document.new(path, row["mode"])
    return Document.from_bytes(b64decode(row["data"]), path, row["mode"])


def _namer(folder: str) -> Callable[[str], str]:
    """Paths that were relative to that folder, from the current one: the app may be opened elsewhere this time."""
    if folder == str(Path.cwd()):
        return str
    return lambda path: path if Path(path).is_absolute() else os.path.relpath(Path(folder) / path)


def _edit(document: Document, start: int, end: int, new: str, confidence: list[float]) -> SpanEdit:
    old = document.data[start:end]
    return SpanEdit(document.path, document.digest, start, end, old, b64decode(new), tuple(confidence))


def _text(data: bytes) -> str:
    return b64encode(data).decode("ascii")
