"""A document is its bytes: text, encoding and the map between the two, over every kind of file."""

from __future__ import annotations

import codecs
import itertools
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharpen.core.document import LIMIT_BYTES, Document
from sharpen.core.errors import BadRegion, NotAFile, NotText, TooLarge

COOKIES = {
    "utf-8": "",
    "latin-1": "# -*- coding: latin-1 -*-\n",
    "cp1252": "# vim: set fileencoding=cp1252 :\n",
}
LETTERS = {
    "utf-8": "ab_ ():\t\f\v\x85\u2028é漢🙂e\u0301",
    "latin-1": "ab \t\fé\xa0ÿ\x85",
    "cp1252": "ab €“é\t",
}


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Bytes of a text file: any encoding, any mixture of line endings, with or without a last one."""
    encoding = draw(st.sampled_from(sorted(COOKIES)))
    line = st.text(st.sampled_from(LETTERS[encoding]), max_size=6)
    parts = draw(st.lists(st.tuples(line, st.sampled_from(["\n", "\r\n", "\r"])), max_size=8))
    body = "".join(text + ending for text, ending in parts) + draw(line)
    bom = codecs.BOM_UTF8 if encoding == "utf-8" and draw(st.booleans()) else b""
    return bom + (COOKIES[encoding] + body).encode(encoding)


@given(files())
def test_text_and_map_give_back_every_byte(data: bytes) -> None:
    document = Document.from_bytes(data)
    places = [document.byte_of(char) for char in range(len(document.text) + 1)]
    assert places[0] == len(document.bom)
    assert places[-1] == len(data)
    pieces = [data[a:b].decode(document.encoding) for a, b in itertools.pairwise(places)]
    assert "".join("\n" if p in {"\r\n", "\r"} else p for p in pieces) == document.text
    assert document.bom + "".join(pieces).encode(document.encoding) == data


@given(files())
def test_each_byte_belongs_to_the_character_that_it_encodes(data: bytes) -> None:
    document = Document.from_bytes(data)
    for char in range(len(document.text)):
        for byte in range(document.byte_of(char), document.byte_of(char + 1)):
            assert document.char_of(byte) == char
    assert document.char_of(len(data)) == len(document.text)


@given(files())
def test_lines_cover_the_text_once_and_in_order(data: bytes) -> None:
    document = Document.from_bytes(data)
    spans = [document.line_span(line, line) for line in range(1, document.line_count + 1)]
    assert "".join(document.text[a:b] for a, b in spans) == document.text
    for line, (start, end) in enumerate(spans, 1):
        assert {document.line_of(char) for char in range(start, end)} <= {line}
        written = data[document.byte_of(start) : document.byte_of(end)].decode(document.encoding)
        assert written.endswith(document.ending(line))
        assert bool(document.ending(line)) == document.text[start:end].endswith("\n")


@given(files())
def test_a_file_reads_from_disk_as_from_memory(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("files") / "code.py"
    path.write_bytes(data)
    path.chmod(0o751)
    read = Document.read(path)
    assert read == Document.from_bytes(data, str(path), 0o751)
    assert read.mode == 0o751


def test_only_real_line_endings_end_a_line() -> None:
    document = Document.from_bytes("a\fb\vc\x1cd\x85e\u2028f\n".encode())
    assert document.line_count == 1
    assert document.line_span(1, 1) == (0, len(document.text))


@pytest.mark.parametrize(("data", "lines"), [(b"", 1), (b"\n", 1), (b"a", 1), (b"a\nb", 2), (b"a\n\n", 2)])
def test_lines_count_as_an_editor_numbers_them(data: bytes, lines: int) -> None:
    document = Document.from_bytes(data)
    assert document.line_count == lines
    assert document.line_span(1, lines) == (0, len(document.text))


@pytest.mark.parametrize(("first", "last"), [(0, 1), (2, 1), (3, 3), (1, 3), (-1, -1)])
def test_lines_that_are_not_there_are_refused(first: int, last: int) -> None:
    with pytest.raises(BadRegion):
        Document.from_bytes(b"a\nb\n", "x.py").line_span(first, last)


def test_a_line_beyond_the_end_is_named() -> None:
    with pytest.raises(BadRegion, match=r"x\.py has 2 lines, there is no line 9"):
        Document.from_bytes(b"a\nb\n", "x.py").line_span(9, 9)


@pytest.mark.parametrize("place", [-1, 3])
def test_places_outside_the_file_are_errors_of_the_caller(place: int) -> None:
    document = Document.from_bytes(b"ab")
    for call in (document.byte_of, document.char_of, document.line_of):
        with pytest.raises(ValueError, match="outside"):
            call(place)


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("# coding: latin-1\n", "iso8859-1"),
        ("#!/usr/bin/env python\n# -*- coding: cp1252 -*-\n", "cp1252"),
        ("\n# coding=koi8-r\n", "koi8-r"),
        ("# coding: utf-8-unix\n", "utf-8"),
        ("x = 1\n# coding: cp1252\n", "utf-8"),
        ("x = 1  # coding: cp1252\n", "utf-8"),
        ("\n\n# coding: cp1252\n", "utf-8"),
    ],
)
def test_the_encoding_is_the_one_that_python_would_read(head: str, encoding: str) -> None:
    assert Document.from_bytes(head.encode()).encoding == encoding


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("a = 1\n".encode("utf-16"), "UTF-16"),
        ("a = 1\n".encode("utf-32"), "UTF-16 or UTF-32"),
        ("a = 1\n".encode("utf-16-le"), "binary"),
        (b"\x7fELF\x02\x00\x01", "binary"),
        (b"ok\nna\xefve\n", "does not read as utf-8, see line 2"),
        (b"# coding: klingon\n", "declares the encoding klingon"),
        (b"# coding: utf-16\n", "declares the encoding utf-16"),
        (b"# coding: iso-2022-jp\n", "declares the encoding iso-2022-jp"),
        (b"# coding: rot13\n", "declares the encoding rot13"),
        (b"# coding: hex\n", "declares the encoding hex"),
        (b"# coding: unicode_escape\n", "declares the encoding unicode_escape"),
        (b"# coding: cp037\n", "declares the encoding cp037"),
        (b"# coding: ascii\n\xe9\n", "does not read as ascii, see line 2"),
        (codecs.BOM_UTF8 + b"# coding: latin-1\n", "UTF-8 mark but declares latin-1"),
    ],
)
def test_what_is_not_text_is_refused_in_one_sentence(data: bytes, said: str) -> None:
    with pytest.raises(NotText, match=said) as caught:
        Document.from_bytes(data, "x.py")
    assert "x.py" in caught.value.message
    assert "\n" not in caught.value.message


def test_a_missing_file_a_folder_and_their_like_are_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "file").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    cases = {
        "none.py": "no such file",
        ".": "is a directory",
        "loop": "leads back to itself",
        "gone": "link to nothing",
        "pipe": "not a regular file",
        "file/x.py": "under something that is not a directory",
        "a\0b": "cannot be read",
    }
    for name, said in cases.items():
        with pytest.raises(NotAFile, match=said):
            Document.read(f"{tmp_path}/{name}")


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket may have 100 characters only
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        with pytest.raises(NotAFile, match="not a regular file"):
            Document.read("s")


def test_the_size_limit_is_exact(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_bytes(b"x" * LIMIT_BYTES)
    assert len(Document.read(path).data) == LIMIT_BYTES
    path.write_bytes(b"x" * (LIMIT_BYTES + 1))
    with pytest.raises(TooLarge, match=r"has 1\.0 MB, the limit is 1 MB"):
        Document.read(path)
    path.write_bytes(b"x" * 5_000_000)
    with pytest.raises(TooLarge, match=r"has 4\.8 MB"):
        Document.read(path)
    with pytest.raises(TooLarge):
        Document.read(path, limit=10)


@pytest.mark.parametrize(("data", "newline"), [(b"a", "\n"), (b"a\r\nb\r\nc\n", "\r\n"), (b"a\rb\r", "\r")])
def test_the_usual_line_ending_is_the_most_frequent(data: bytes, newline: str) -> None:
    assert Document.from_bytes(data).newline == newline


def test_equal_bytes_have_equal_digests_and_a_missing_file_has_none() -> None:
    assert Document.from_bytes(b"a").digest == Document.from_bytes(b"a", "other").digest
    assert Document.from_bytes(b"a").digest != Document.from_bytes(b"b").digest
    assert Document.new("x.py").digest == ""
    assert Document.from_bytes(b"").digest != ""
