"""What `core.diagnose` finds, and where it says that it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sharpen.core import diagnose as diagnosing
from sharpen.core.diagnose import FEW, diagnose, diagnose_many, is_python
from sharpen.core.document import Document
from sharpen.core.errors import EngineUnavailable

HOSTILE = [
    "def f(:\n", "x = (\n", "'open\n", "if x:\n", "\tif x:\n        y\n", "a = 1\0\n", "((((" * 100, "é = = 1\n",
    "return 1\n", "x = '''\n", "f'{a b}'\n", "-" * 100_000 + "1", "\ud800", "1" * 5000 + "\n", "class A\n  x=1",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_a_broken_text_has_one_syntax_error_inside_it(text: str) -> None:
    (found,) = diagnose(text)
    assert found.code == "syntax"
    assert found.source == "python"
    assert 0 <= found.start_char <= found.end_char <= len(text)
    assert 1 <= found.line <= text.count("\n") + 1


def test_the_place_counts_characters_not_bytes() -> None:
    (found,) = diagnose('"é", "é" ) = 1\n')
    assert (found.line, found.column, found.start_char) == (1, 10, 9)


def test_undefined_names_are_found_where_they_stand() -> None:
    text = "é = 1\nprint('é', nme, é)\n"
    (found,) = diagnose(text)
    assert found.code == "F821"
    assert text[found.start_char : found.end_char] == "nme"
    assert found.line == 2


def test_only_the_asked_kinds_are_found() -> None:
    assert diagnose("nme\n", kinds=("syntax",)) == ()
    assert diagnose("def f(:\n", kinds=("undefined",)) == ()


def test_a_stub_may_use_a_name_before_its_definition() -> None:
    text = "def f() -> A: ...\nclass A: ...\n"
    assert diagnose(text, "code.pyi") == ()
    assert [d.code for d in diagnose(text, "code.py")] == ["F821"]


def test_a_warning_is_no_finding_and_is_not_said(recwarn: pytest.WarningsRecorder) -> None:
    assert diagnose("x = '\\d'\nassert (1, 'x')\n") == ()
    assert not recwarn.list


@pytest.mark.parametrize(
    ("path", "text", "python"),
    [("a.py", "", True), ("a.pyi", "", True), ("-", "", True), ("Makefile", "all:\n", False),
     ("run", "#!/usr/bin/env python3\n", True), ("a.js", "#!python", False)],
)  # fmt: skip
def test_what_counts_as_python(path: str, text: str, python: bool) -> None:
    assert is_python(path, text) is python


def _write(folder: Path, name: str, data: bytes) -> Document:
    (folder / name).write_bytes(data)
    return Document.read(folder / name)


@pytest.mark.parametrize("clean", [1, FEW + 5])
def test_many_files_are_found_as_each_alone_would_be(tmp_path: Path, clean: int) -> None:
    documents = [_write(tmp_path, f"c{i}.py", b"x = 1\n") for i in range(clean)]
    documents += [
        _write(tmp_path, "broken.py", b"def f(:\n"),
        _write(tmp_path, "name.py", b"x = 1\r\nprint(nme)\r\n"),
        _write(tmp_path, "latin.py", b"# coding: latin-1\nx = '\xe9'; nme\n"),
        _write(tmp_path, "out.py", b"return 1\n"),
        _write(tmp_path, "notes.txt", b"def f(:\n"),
        _write(tmp_path, "-x.py", b"nme\n"),
    ]
    found = diagnose_many(documents)
    assert set(found) == {d.path for d in documents if not d.path.endswith(".txt")}
    for document in documents[:-2] + documents[-1:]:
        assert found[document.path] == diagnose(document.text, document.path)
    assert sum(map(len, found.values())) == 5


def test_a_ruff_that_does_not_work_is_not_taken_for_a_clean_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "ruff"
    broken.write_text("#!/bin/sh\necho no such rule >&2\nexit 2\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert diagnosing.ruff_path() == str(broken)
    with pytest.raises(EngineUnavailable, match="no such rule"):
        diagnose("x = 1\n")


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python knows the grammar itself")
def test_grammar_of_a_later_python_is_not_broken_and_its_names_are_judged() -> None:
    assert diagnose("type X = int\n") == ()
    (found,) = diagnose("type X = int\nprint(nme)\n")
    assert (found.code, found.line) == ("F821", 2)
    (found,) = diagnose("type X = int\nx = (1\n")
    assert found.code == "syntax"


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python knows the grammar itself")
def test_two_exceptions_are_later_grammar_and_an_exception_with_its_name_is_python_2() -> None:
    frame = "try:\n    x = 1\nexcept ValueError, {}:\n    pass\n"
    assert diagnose(frame.format("TypeError")) == ()
    assert [one.code for one in diagnose(frame.format("error"))] == ["syntax"]


def test_later_grammar_is_not_broken_among_many_files(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("type X = int\n")
    assert diagnose_many([Document.read(path)]) == {str(path): ()}


MARKED = "x = _('a')\ny = nope\n"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ('builtins = ["_"]', ["nope"]),
        ('builtins = ["_", "nope"]', []),
        ('[lint.per-file-ignores]\n"a.py" = ["F821"]', []),
        ('extend = "other.toml"', ["nope"]),
        (
            'fix = true\nunsafe-fixes = true\nfix-only = true\nforce-exclude = true\nexclude = ["a.py"]',
            ["_", "nope"],
        ),
        ('required-version = ">=99"\nbuiltins = ["_"]', ["_", "nope"]),
        ("no such thing", ["_", "nope"]),
    ],
)
def test_what_the_project_calls_a_name_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, expected: list[str]
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (project / "ruff.toml").write_text(settings)
    (project / "other.toml").write_text('builtins = ["_"]')
    path = project / "a.py"
    path.write_text(MARKED)
    (on_disk,) = diagnose_many([Document.read(path)]).values()
    as_text = diagnose(MARKED, str(path))
    for found in (on_disk, as_text):
        assert [MARKED[d.start_char : d.end_char] for d in found] == expected
    assert path.read_text() == MARKED
