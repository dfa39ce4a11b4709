"""Edits change the bytes that they name and no others, split into hunks, and print as diffs that git takes."""

from __future__ import annotations

import codecs
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharpen.core.document import Document
from sharpen.core.errors import NotText
from sharpen.core.patch import Patch, SpanEdit
from sharpen.core.region import Region

LETTERS = {"utf-8": "ab (\t\f\x85é漢🙂\u0301", "latin-1": "ab \té\xa0\x85", "cp1252": "ab €“é"}
HEADS = {"utf-8": "", "latin-1": "# coding: latin-1\n", "cp1252": "# coding: cp1252\n"}
STYLES = {"lf": ["\n"], "crlf": ["\r\n"], "mixed": ["\n", "\r\n"], "cr": ["\r"], "any": ["\n", "\r\n", "\r"]}


@st.composite
def edits(draw: st.DrawFn, styles: tuple[str, ...] = tuple(STYLES)) -> tuple[Document, Region, str]:
    """A document, a region of it and a new text for the region, near to the old one or far from it."""
    encoding = draw(st.sampled_from(sorted(HEADS)))
    letters = LETTERS[encoding]
    endings = st.sampled_from(STYLES[draw(st.sampled_from(styles))])
    line = st.text(letters, max_size=4)
    body = "".join(draw(line) + draw(endings) for _ in range(draw(st.integers(0, 7)))) + draw(line)
    head = HEADS[encoding]
    bom = codecs.BOM_UTF8 if encoding == "utf-8" and draw(st.booleans()) else b""
    document = Document.from_bytes(bom + (head + body).encode(encoding), "x.py")
    start = draw(st.integers(len(head), len(document.text)))
    end = draw(st.integers(start, len(document.text)))
    old = document.text[start:end]
    pieces = draw(
        st.lists(st.tuples(st.integers(0, len(old)), st.text(letters + "\n", max_size=3)), max_size=3)
    )
    new = old
    for at, text in pieces:
        new = new[:at] + text + new[at + draw(st.integers(0, 3)) :]
    return (
        document,
        Region(start, end),
        draw(st.sampled_from([new, new, draw(st.text(letters + "\n", max_size=9))])),
    )


@given(edits())
@settings(max_examples=400)
def test_the_result_reads_as_the_text_that_was_asked_for(case: tuple[Document, Region, str]) -> None:
    document, region, new = case
    patch = Patch.of(document, region, new)
    after = Document.from_bytes(patch.result("x.py"), "x.py")
    assert after.text == document.text[: region.start_char] + new + document.text[region.end_char :]
    assert patch.empty == (after.data == document.data)


@given(edits(("lf", "crlf", "mixed", "cr")))
@settings(max_examples=400)
def test_bytes_outside_the_region_never_change(case: tuple[Document, Region, str]) -> None:
    document, region, new = case
    result = Patch.of(document, region, new).result("x.py")
    before = document.data[: document.byte_of(region.start_char)]
    after = document.data[document.byte_of(region.end_char) :]
    assert result.startswith(before)
    assert result.endswith(after)
    assert len(result) >= len(before) + len(after)


@given(edits(("crlf",)))
def test_new_lines_of_a_crlf_file_end_in_crlf(case: tuple[Document, Region, str]) -> None:
    document, region, new = case
    if document.data.count(b"\n") != document.data.count(b"\r\n") or not document.data.count(b"\n"):
        document = Document.from_bytes(document.data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), "x.py")
    if b"\r\n" in document.data:
        result = Patch.of(document, region, new).result("x.py")
        assert result.count(b"\n") == result.count(b"\r\n")


def test_a_new_line_takes_the_ending_of_the_line_that_it_replaces() -> None:
    document = Document.from_bytes(b"a\nb\r\nc\nd\r\n", "x.py")
    patch = Patch.of(document, document.whole(), "A\nB\nC\nD\n")
    assert patch.result("x.py") == b"A\nB\r\nC\nD\r\n"
    patch = Patch.of(document, document.whole(), "a\nb\nnew\nc\nd\ne\n")
    assert patch.result("x.py") == b"a\nb\r\nnew\r\nc\nd\r\ne\r\n"


def test_line_endings_that_an_edit_brings_together_do_not_become_one() -> None:
    document = Document.from_bytes(b"a\rb\n\nc\n", "x.py")
    patch = Patch.of(document, Region(2, 3), "")
    assert Document.from_bytes(patch.result("x.py")).text == "a\n\n\nc\n"


def test_only_what_differs_is_in_the_edit() -> None:
    document = Document.from_bytes(
        "x = 'é'\nprint(foo_bar\ny = 2\n".encode("latin-1").join([b"# coding: latin-1\n", b""])
    )
    wanted = document.text.replace("foo_bar", "foo_baz)")
    (edit,) = Patch.of(document, document.whole(), wanted).edits
    assert (edit.old, edit.new) == (b"r", b"z)")


def test_the_endings_of_the_new_text_do_not_matter() -> None:
    document = Document.from_bytes(b"a\nb\n", "x.py")
    assert Patch.of(document, document.whole(), "a\r\nc\r\n").result("x.py") == b"a\nc\n"


def test_confidences_follow_the_tokens_that_were_written() -> None:
    document = Document.from_bytes(b"a = b\nc = d\n", "x.py")
    new = "a = x\r\nc = yz\r\n"
    spans = [(0, 1, 0.1), (4, 5, 0.5), (7, 8, 0.7), (11, 12, 0.8), (12, 13, 0.9)]
    patch = Patch.of(document, document.whole(), new, spans)
    assert [edit.confidence for edit in patch.edits] == [(0.5,), (0.8, 0.9)]
    assert patch.hunks()[0].confidence == (0.5, 0.8, 0.9)


def test_a_character_that_the_encoding_lacks_is_refused() -> None:
    document = Document.from_bytes(b"# coding: latin-1\nx = 1\n", "x.py")
    with pytest.raises(NotText, match=r"x\.py is iso8859-1, which has no '→'"):
        Patch.of(document, document.whole(), document.text + "→\n")


def test_an_edit_that_makes_the_file_unreadable_is_refused() -> None:
    document = Document.from_bytes("# coding: latin-1\nx = 'é'\n".encode("latin-1"), "x.py")
    with pytest.raises(NotText, match="does not read back"):
        Patch.of(document, Region(0, 17), "# coding: utf-8")


def made(path: str, data: bytes, start: int, end: int, new: bytes) -> SpanEdit:
    return SpanEdit(path, Document.from_bytes(data).digest, start, end, data[start:end], new)


@pytest.mark.parametrize(
    "edits",
    [
        (made("x", b"abc", 1, 2, b"B"), made("x", b"abc", 0, 1, b"A")),
        (made("x", b"abc", 0, 2, b"B"), made("x", b"abc", 1, 3, b"A")),
        (made("x", b"abc", 1, 1, b"B"), made("x", b"abc", 1, 1, b"A")),
        (made("x", b"abc", 1, 1, b"B"), made("x", b"abc", 1, 2, b"A")),
        (made("x", b"abd", 0, 1, b"B"),),
        (made("y", b"abc", 0, 1, b"B"),),
        (made("x", b"abc", 2, 4, b"B"),),
        (SpanEdit("x", Document.from_bytes(b"abc").digest, 0, 1, b"z", b"B"),),
    ],
)
def test_edits_that_do_not_fit_their_documents_are_refused(edits: tuple[SpanEdit, ...]) -> None:
    with pytest.raises(ValueError, match="edit"):
        Patch(edits, (Document.from_bytes(b"abc", "x"),))


def test_patches_join_in_order_and_refuse_two_versions_of_a_file() -> None:
    one, two = Document.from_bytes(b"a\nb\nc\n", "x"), Document.from_bytes(b"z\n", "y")
    first = Patch.of(one, Region(4, 5), "C")
    second = Patch.of(one, Region(0, 1), "A")
    joined = Patch.join([first, Patch.of(two, two.whole(), "Z\n"), second])
    assert joined.paths == ("x", "y")
    assert joined.result("x") == b"A\nb\nC\n"
    assert [hunk.index for hunk in joined.hunks()] == [0, 1, 2]
    with pytest.raises(ValueError, match="two versions"):
        Patch.join([first, Patch.of(Document.from_bytes(b"other", "x"), Region(0, 0), "n")])
    with pytest.raises(ValueError, match="overlap"):
        Patch.join([first, first])
    assert Patch.join([]).empty


@given(edits(("lf",)), st.data())
def test_hunks_replace_their_lines_and_nothing_else(
    case: tuple[Document, Region, str], data: st.DataObject
) -> None:
    document, region, new = case
    patch = Patch.of(document, region, new)
    hunks = patch.hunks()
    assert tuple(edit for hunk in hunks for edit in hunk.edits) == patch.edits
    kept = data.draw(st.sets(st.sampled_from(range(len(hunks))))) if hunks else set()
    lines = document.text.split("\n")
    if lines[-1] == "":
        lines.pop()
    for hunk in reversed(hunks):
        at = hunk.start_line - 1
        assert tuple(lines[at : at + len(hunk.old_lines)]) == hunk.old_lines
        if hunk.index in kept:
            lines[at : at + len(hunk.old_lines)] = hunk.new_lines
    result = patch.keep(kept).result("x.py").removeprefix(document.bom).decode(document.encoding)
    assert result.split("\n")[: len(lines)] == lines
    assert result.split("\n")[len(lines) :] in ([], [""])


@given(edits())
def test_keeping_all_hunks_is_the_patch_and_keeping_none_is_empty(case: tuple[Document, Region, str]) -> None:
    document, region, new = case
    patch = Patch.of(document, region, new)
    before = (patch.edits, patch.documents)
    assert patch.keep(range(len(patch.hunks()))) == patch
    assert patch.keep(()).empty
    assert patch.keep(()).result("x.py") == document.data
    assert (patch.edits, patch.documents) == before
    with pytest.raises(ValueError, match="no hunk"):
        patch.keep([len(patch.hunks())])


def test_edits_on_neighbouring_lines_are_one_hunk_and_distant_ones_are_two() -> None:
    document = Document.from_bytes(b"a\nb\nc\nd\ne\n", "x.py")
    patch = Patch.of(document, document.whole(), "A\nB\nc\nd\nE\nF\n")
    assert [(h.start_line, h.old_lines, h.new_lines, h.shift) for h in patch.hunks()] == [
        (1, ("a", "b"), ("A", "B"), 0),
        (5, ("e",), ("E", "F"), 0),
    ]
    assert patch.changed_lines() == 4


def test_pure_insertions_and_deletions_show_only_their_own_lines() -> None:
    document = Document.from_bytes(b"a\nb\nc\n", "x.py")
    (hunk,) = Patch.of(document, document.whole(), "a\nnew\nb\nc\n").hunks()
    assert (hunk.start_line, hunk.old_lines, hunk.new_lines) == (2, (), ("new",))
    (hunk,) = Patch.of(document, document.whole(), "a\nc\n").hunks()
    assert (hunk.start_line, hunk.old_lines, hunk.new_lines) == (2, ("b",), ())


def git_apply(folder: Path, diff: bytes) -> None:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    command = ["git", "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"]
    env = {**clean, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    done = subprocess.run(command, cwd=folder, input=diff, env=env, capture_output=True, check=False)
    assert done.returncode == 0, (done.stderr, diff)


NAMES = st.sampled_from(
    ["x.py", "a b.py", "sub/dir/é.py", 'q"uote.py', "tab\there.py", "back\\slash.py", "new\nline"]
)


@given(
    st.lists(st.tuples(NAMES, edits()), min_size=1, max_size=5, unique_by=lambda c: c[0]), st.integers(1, 4)
)
@settings(max_examples=120, deadline=None)
def test_git_applies_the_diff_to_the_same_bytes(
    cases: list[tuple[str, tuple[Document, Region, str]]], context: int
) -> None:
    patches = []
    for name, (document, region, new) in cases:
        patches.append(Patch.of(Document.from_bytes(document.data, name), region, new))
    patch = Patch.join(patches)
    folder = Path(tempfile.mkdtemp())
    try:
        for document in patch.documents:
            (folder / document.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / document.path).write_bytes(document.data)
        if not patch.empty:
            git_apply(folder, patch.unified(context).encode("utf-8", "surrogateescape"))
        for document in patch.documents:
            assert (folder / document.path).read_bytes() == patch.result(document.path)
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("new", ["a = 1\nb = 2\n", "no newline", ""])
@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_git_creates_the_files_that_the_patch_creates(tmp_path: Path, new: str, mode: int) -> None:
    document = Document.new("sub/new.py", mode)
    patch = Patch.of(document, document.whole(), new)
    assert patch.paths == ("sub/new.py",)
    git_apply(tmp_path, patch.unified().encode())
    assert (tmp_path / "sub/new.py").read_bytes() == patch.result("sub/new.py") == new.encode()
    assert (tmp_path / "sub/new.py").stat().st_mode & 0o111 == mode & 0o111


def test_the_diff_of_a_large_file_shows_distant_changes_with_their_context() -> None:
    lines = [f"line {i}" for i in range(1, 41)]
    document = Document.from_bytes(("\n".join(lines) + "\n").encode(), "/abs/x.py")
    new = document.text.replace("line 2\n", "line two\n").replace("line 30\n", "").replace("line 40\n", "end")
    assert Patch.of(document, document.whole(), new).unified(1, base="/abs") == (
        "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n"
        "@@ -1,3 +1,3 @@\n line 1\n-line 2\n+line two\n line 3\n"
        "@@ -29,3 +29,2 @@\n line 29\n-line 30\n line 31\n"
        "@@ -39,2 +38,2 @@\n line 39\n-line 40\n+end\n\\ No newline at end of file\n"
    )
