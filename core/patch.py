"""The form of every edit once it has left an engine: bytes of known files that become other bytes.

`core.session` makes patches, front ends show their hunks, `core.worktree.apply` writes them. Invariants: edits
are sorted, do not overlap, were made for exactly the documents that the patch carries, and are never searched
for; whatever no edit covers stays the same bytes. Accepting or rejecting hunks is a pure function (`keep`).
Offsets are bytes. Nothing here touches the disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePath

from sharpen.core import splice, unified
from sharpen.core.document import NEWLINE, Document
from sharpen.core.region import Region


@dataclass(frozen=True, slots=True)
class SpanEdit:
    """`old` at [start_byte, end_byte) of the file with `digest` becomes `new`."""

    path: str
    digest: str
    """Of the whole file; empty for a file that is created."""
    start_byte: int
    end_byte: int
    old: bytes
    new: bytes
    confidence: tuple[float, ...] = ()
    """0..1, one a new token; empty where the engine does not know."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """Edits on neighbouring lines, accepted or rejected together."""

    path: str
    index: int
    """0-based within the patch; what `Patch.keep` takes."""
    start_line: int
    """1-based line of the old file; for a pure insertion, the line before which it goes."""
    old_lines: tuple[str, ...]
    """Decoded, without line endings."""
    new_lines: tuple[str, ...]
    edits: tuple[SpanEdit, ...]
    shift: int = 0
    """Lines that the hunks before it in the same file add (or, negative, remove)."""

    @property
    def confidence(self) -> tuple[float, ...]:
        """The confidences of all its edits' tokens, in order."""
        return tuple(value for edit in self.edits for value in edit.confidence)


@dataclass(frozen=True)
class Patch:
    """Edits of one or more files, applied whole or not at all."""

    edits: tuple[SpanEdit, ...] = ()
    documents: tuple[Document, ...] = ()
    """What the edits were made for, one a path; edits come in this order, then by place."""

    def __post_init__(self) -> None:
        order = {document.path: rank for rank, document in enumerate(self.documents)}
        if len(order) != len(self.documents):
            raise ValueError("two documents of one patch have the same path")
        last: tuple[int, int] | None = None
        for edit in self.edits:
            if edit.path not in order:
                raise ValueError(f"an edit of {edit.path} without its document")
            document = self.documents[order[edit.path]]
            if edit.digest != document.digest:
                raise ValueError(f"an edit of {edit.path} was made for another version")
            if not 0 <= edit.start_byte <= edit.end_byte <= len(document.data):
                raise ValueError(f"an edit lies outside {edit.path}")
            if document.data[edit.start_byte : edit.end_byte] != edit.old:
                raise ValueError(f"an edit of {edit.path} does not fit its bytes")
            place = (order[edit.path], edit.start_byte)
            if last is not None and place < last:
                raise ValueError(f"edits of {edit.path} overlap or are not sorted")
            # Two edits at one point would leave open which comes first: an insertion takes its point up.
            last = (place[0], max(edit.end_byte, edit.start_byte + 1))

    @staticmethod
    def of(
        document: Document,
        region: Region,
        new_text: str,
        spans: Sequence[tuple[int, int, float]] = (),
    ) -> Patch:
        """The smallest edits that make the region read as `new_text` (any line endings; each is fitted).

        `spans` are (start_char, end_char, confidence) of `new_text`. Raises NotText where the file's encoding
        lacks a character, ValueError where the region lies outside the document.
        """
        if not 0 <= region.start_char <= region.end_char <= len(document.text):
            raise ValueError(f"the region lies outside {document.path}")
        if "\r" in new_text:
            spans = [(_plain(new_text, start), _plain(new_text, end), value) for start, end, value in spans]
            new_text = new_text.replace("\r\n", "\n").replace("\r", "\n")
        edits = []
        for start, end, new, first, last in splice.splices(document, region, new_text):
            touched = tuple(value for a, b, value in spans if a < last and b > first)
            old = document.data[start:end]
            edits.append(SpanEdit(document.path, document.digest, start, end, old, new, touched))
        return Patch(tuple(edits), (document,))

    @staticmethod
    def join(patches: Iterable[Patch]) -> Patch:
        """One patch of many. Raises ValueError where they overlap or know two versions of a file."""
        documents: dict[str, Document] = {}
        edits: list[SpanEdit] = []
        for patch in patches:
            for document in patch.documents:
                if documents.setdefault(document.path, document).digest != document.digest:
                    raise ValueError(f"two versions of {document.path} in one patch")
            edits.extend(patch.edits)
        order = {path: rank for rank, path in enumerate(documents)}
        edits.sort(key=lambda edit: (order[edit.path], edit.start_byte))
        return Patch(tuple(edits), tuple(documents.values()))

    @property
    def empty(self) -> bool:
        """Whether it changes nothing."""
        return not self.paths

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The files that it changes or creates, in order."""
        edited = {edit.path for edit in self.edits}
        return tuple(d.path for d in self.documents if d.path in edited or d.absent)

    def document(self, path: str) -> Document:
        """The document of that path. Raises KeyError."""
        for document in self.documents:
            if document.path == path:
                return document
        raise KeyError(path)

    def result(self, path: str) -> bytes:
        """The file's bytes with the patch applied. Raises KeyError for a path without document."""
        return unified.splice(self.document(path).data, self._splices(path))

    def _splices(self, path: str) -> list[unified.Splice]:
        return [(e.start_byte, e.end_byte, e.new) for e in self.edits if e.path == path]

    def hunks(self) -> tuple[Hunk, ...]:
        """Its edits by neighbouring lines, numbered through the whole patch."""
        return self._hunks

    @cached_property
    def _hunks(self) -> tuple[Hunk, ...]:
        found: list[Hunk] = []
        for document in self.documents:
            own = [edit for edit in self.edits if edit.path == document.path]
            shift = 0
            for change in unified.changes(document.data, self._splices(document.path), NEWLINE):
                old, new = (_decoded(document, lines) for lines in (change.old, change.new))
                edits = tuple(own[index] for index in change.splices)
                found.append(Hunk(document.path, len(found), change.start + 1, old, new, edits, shift))
                shift += len(new) - len(old)
        return tuple(found)

    def keep(self, indices: Iterable[int]) -> Patch:
        """The patch with only these hunks. Raises ValueError for a hunk that it does not have."""
        wanted = set(indices)
        if unknown := wanted - set(range(len(self.hunks()))):
            raise ValueError(f"the patch has no hunk {min(unknown)}")
        kept = tuple(edit for hunk in self.hunks() if hunk.index in wanted for edit in hunk.edits)
        return replace(self, edits=kept)

    def changed_lines(self) -> int:
        """Lines touched: in each hunk, the larger of the lines before and after."""
        return sum(max(len(hunk.old_lines), len(hunk.new_lines)) for hunk in self.hunks())

    def unified_bytes(self, context: int = 3, base: str = "") -> bytes:
        """A unified diff that `git apply` takes, run in the folder `base` (default: the paths as they are)."""
        return b"".join(
            unified.unified(
                _label(path, base),
                document.data,
                self._splices(path),
                context,
                document.mode if document.absent else None,
            )
            for path in self.paths
            for document in (self.document(path),)
        )

    def unified(self, context: int = 3, base: str = "") -> str:
        """`unified_bytes` as text; bytes that are not UTF-8 stand as lone surrogates.

        Write it with `.encode("utf-8", "surrogateescape")` and without newline translation.
        """
        return self.unified_bytes(context, base).decode("utf-8", "surrogateescape")


def _plain(text: str, index: int) -> int:
    """Where the character stands once every line ending is one `\\n`."""
    return index - text.count("\r\n", 0, index)


def _decoded(document: Document, lines: Iterable[bytes]) -> tuple[str, ...]:
    # A file that is nothing but its mark has no line to show.
    texts = (line.decode(document.encoding, "replace") for line in lines if line != document.bom)
    return tuple(text.removeprefix("\ufeff").rstrip("\r\n") for text in texts)


def _label(path: str, base: str) -> str:
    """The path as a diff names it: relative to `base` where it lies under it, with forward slashes."""
    if base and path != "-":
        path = os.path.relpath(path, base)
    return PurePath(os.path.normpath(path)).as_posix().lstrip("/")
