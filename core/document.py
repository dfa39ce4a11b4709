"""One source file: its bytes, the text that they read as, and the map between the two.

Everything that looks at code reads a `Document.text`: decoded, without BOM, every line ending as `\\n`. Everything
that writes goes through `core.patch`, which splices bytes into `Document.data`; this module owns the map
(`byte_of`, `char_of`) and the line ending of every line. Invariant: the two are the same file, so whatever no
edit covers keeps its bytes. Offsets are characters of `text` or bytes of `data`, and every name says which.
It does not write, knows no git, and never guesses: bytes that do not decode as what the file declares (BOM,
PEP 263 cookie, else UTF-8) are `NotText`, never replacement characters.
"""

from __future__ import annotations

import bisect
import codecs
import errno
import os
import re
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sharpen.core.errors import BadRegion, NotAFile, NotText, TooLarge
from sharpen.core.region import Region

LIMIT_BYTES = 1_048_576
NEWLINE = re.compile(rb"\r\n|\n|\r")

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK = re.compile(rb"^[ \t\f]*(?:#.*)?$")
_WIDE_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ASCII = bytes(range(128))
# Shift states or escapes: a prefix of a line does not encode to a prefix of its bytes.
_STATEFUL = (
    "iso2022",
    "hz",
    "utf-7",
    "utf-16",
    "utf-32",
    "unicode-escape",
    "raw-unicode-escape",
    "idna",
    "punycode",
)


@dataclass(frozen=True)
class Document:
    """A file as it was read. Equal documents are the same bytes at the same path."""

    path: str
    """As the user named it; `-` for stdin."""
    data: bytes
    text: str
    """Decoded, BOM stripped, all line endings as `\\n`."""
    encoding: str = "utf-8"
    bom: bytes = b""
    mode: int = 0o644
    """Permission bits."""
    absent: bool = False
    """The file is not there yet: an edit creates it."""

    @staticmethod
    def from_bytes(data: bytes, path: str = "-", mode: int = 0o644) -> Document:
        """Read `data` as text. Raises NotText for binary, UTF-16 and bytes that do not decode as declared."""
        bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        if any(data.startswith(wide) for wide in _WIDE_BOMS):
            raise NotText(f"{path} is UTF-16 or UTF-32, which sharpen does not edit", "save it as UTF-8")
        if b"\0" in data:
            raise NotText(f"{path} is a binary file")
        body = data[len(bom) :]
        encoding = _declared(body, path, bool(bom))
        try:
            raw = body.decode(encoding)
        except UnicodeDecodeError as error:
            line = body.count(b"\n", 0, error.start) + 1
            hint = "declare its encoding in the first line, as in: # -*- coding: latin-1 -*-"
            raise NotText(f"{path} does not read as {encoding}, see line {line}", hint) from error
        if encoding != "utf-8" and raw.encode(encoding, "replace") != body:
            raise NotText(f"{path} does not keep its bytes when it is read as {encoding} and written again")
        return Document(path, data, raw.replace("\r\n", "\n").replace("\r", "\n"), encoding, bom, mode)

    @staticmethod
    def from_text(text: str, path: str = "-") -> Document:
        """A document that reads as `text`, its bytes in the encoding that it declares.

        Raises NotText as `from_bytes` does, and where that encoding lacks a letter.
        """
        encoding = _declared(text[:4096].encode("utf-8", "replace"), path, has_bom=False)
        try:
            return Document.from_bytes(text.encode(encoding), path)
        except UnicodeEncodeError as error:
            line = text.count("\n", 0, error.start) + 1
            raise NotText(f"{path} declares {encoding}, which has not every letter of line {line}") from error

    @staticmethod
    def read(path: str | Path, limit: int = LIMIT_BYTES) -> Document:
        """Read the file at `path`, at most `limit` bytes long. Raises NotAFile, TooLarge, NotText."""
        name = str(path)
        data, mode = _read_bytes(name, limit)
        return Document.from_bytes(data, name, mode)

    @staticmethod
    def new(path: str | Path, mode: int = 0o644) -> Document:
        """An empty document for a file that does not exist yet."""
        return Document(str(path), b"", "", mode=mode, absent=True)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the whole file in hexadecimal; empty for a file that is not there yet."""
        import hashlib  # its library takes longer to load than a clean file to judge

        return "" if self.absent else hashlib.sha256(self.data).hexdigest()

    @cached_property
    def _char_starts(self) -> list[int]:
        """Where each line begins in `text`; the last entry may be an empty line after a final newline."""
        starts, at = [0], self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return starts

    @cached_property
    def _endings(self) -> list[tuple[int, int]]:
        """(start_byte, end_byte) of each line ending in `data`."""
        return [match.span() for match in NEWLINE.finditer(self.data)]

    def _byte_start(self, line: int) -> int:
        return self._endings[line - 1][1] if line else len(self.bom)

    @property
    def line_count(self) -> int:
        """Lines as an editor numbers them: a final newline begins no further line; an empty file has one."""
        starts = self._char_starts
        return len(starts) - (len(starts) > 1 and starts[-1] == len(self.text))

    @property
    def newline(self) -> str:
        """The most frequent line ending (`\\n` where there is none)."""
        found = [self.data[start:end] for start, end in self._endings]
        return max((b"\n", b"\r\n", b"\r"), key=found.count).decode()

    def ending(self, line: int) -> str:
        """The line ending of 1-based `line`; empty where the line has none."""
        if not 1 <= line <= len(self._endings):
            return ""
        start, end = self._endings[line - 1]
        return self.data[start:end].decode()

    def byte_of(self, char_index: int) -> int:
        """The byte where the character begins. Raises ValueError outside 0..len(text)."""
        if not 0 <= char_index <= len(self.text):
            raise ValueError(f"character {char_index} is outside 0..{len(self.text)}")
        line = bisect.bisect_right(self._char_starts, char_index) - 1
        before = self.text[self._char_starts[line] : char_index]
        return self._byte_start(line) + len(before.encode(self.encoding))

    def char_of(self, byte_index: int) -> int:
        """The character that the byte belongs to. Raises ValueError outside 0..len(data)."""
        if not 0 <= byte_index <= len(self.data):
            raise ValueError(f"byte {byte_index} is outside 0..{len(self.data)}")
        line = bisect.bisect_right(self._endings, byte_index, key=lambda span: span[1])
        start = self._byte_start(line)
        if line < len(self._endings):  # both bytes of a CRLF belong to the one character `\n`
            byte_index = min(byte_index, self._endings[line][0])
        before = self.data[start : max(start, byte_index)]
        return self._char_starts[line] + len(before.decode(self.encoding, "ignore"))

    def line_of(self, char_index: int) -> int:
        """The 1-based line that the character stands in. Raises ValueError outside 0..len(text)."""
        if not 0 <= char_index <= len(self.text):
            raise ValueError(f"character {char_index} is outside 0..{len(self.text)}")
        return bisect.bisect_right(self._char_starts, char_index)

    def line_span(self, first: int, last: int) -> tuple[int, int]:
        """(start_char, end_char) of 1-based lines `first` to `last`, final newline included. Raises BadRegion."""
        if first < 1 or last < first:
            raise BadRegion(
                f"{first}-{last} is not a range of lines", "lines count from 1, the first before the last"
            )
        if last > self.line_count:
            lines = "1 line" if self.line_count == 1 else f"{self.line_count} lines"
            raise BadRegion(f"{self.path} has {lines}, there is no line {max(first, self.line_count + 1)}")
        starts = self._char_starts
        return starts[first - 1], starts[last] if last < len(starts) else len(self.text)

    def whole(self) -> Region:
        """The region that is the whole file."""
        return Region(0, len(self.text), "file")


def _declared(body: bytes, path: str, has_bom: bool) -> str:
    """The encoding that the first two lines declare, normalised; UTF-8 where they declare none."""
    name = None
    for line in NEWLINE.split(body[:4096], maxsplit=2)[:2]:
        if match := _COOKIE.match(line):
            name = match[1].decode("ascii", "replace")
            break
        if not _BLANK.match(line):
            break
    if name is None:
        return "utf-8"
    # Editors write `utf-8-unix`; Python reads it as UTF-8, and so do we.
    family = re.match(r"(utf-8|latin-1|iso-8859-1)-", name.lower().replace("_", "-"))
    try:
        known = codecs.lookup(family[1] if family else name).name
        stateful = known.replace("_", "-").startswith(_STATEFUL)
        plain = not stateful and _ASCII.decode(known) == _ASCII.decode("ascii")
    except (LookupError, UnicodeError, ValueError):
        plain, known = False, ""
    if known == "utf-8-sig":
        known = "utf-8"
    if not plain:
        raise NotText(f"{path} declares the encoding {name}, which sharpen does not read", "save it as UTF-8")
    if has_bom and known != "utf-8":
        raise NotText(f"{path} begins with a UTF-8 mark but declares {name}", "remove one of the two")
    return known


def _read_bytes(name: str, limit: int) -> tuple[bytes, int]:
    """The bytes and permission bits of a regular file, without ever waiting on a pipe or a device."""
    try:
        handle = os.open(name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        raise NotAFile(_why_not(name, error)) from error
    try:
        info = os.fstat(handle)
        if stat.S_ISDIR(info.st_mode):
            raise NotAFile(f"{name} is a directory")
        if not stat.S_ISREG(info.st_mode):
            raise NotAFile(f"{name} is not a regular file")
        with open(handle, "rb", closefd=False) as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise NotAFile(f"{name} cannot be read: {error.strerror}") from error
    finally:
        os.close(handle)
    if len(data) > limit:
        size = max(info.st_size, len(data)) / 1_048_576
        raise TooLarge(f"{name} has {size:.1f} MB, the limit is {limit / 1_048_576:g} MB")
    return data, stat.S_IMODE(info.st_mode)


def _why_not(name: str, error: Exception) -> str:
    code = getattr(error, "errno", None)
    if code == errno.ENOENT:
        return f"{name} is a link to nothing" if Path(name).is_symlink() else f"no such file: {name}"
    reasons = {
        errno.ELOOP: "is a link that leads back to itself",
        errno.EACCES: "cannot be read: permission denied",
        errno.EISDIR: "is a directory",
        errno.ENOTDIR: "lies under something that is not a directory",
        errno.ENXIO: "is not a regular file",
    }
    return f"{name} " + reasons.get(code or 0, f"cannot be read: {getattr(error, 'strerror', None) or error}")
