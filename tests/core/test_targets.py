"""Targets mean exactly the lines or the definition that was typed, in whole and in broken files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharpen.core.definitions import definitions
from sharpen.core.document import Document
from sharpen.core.errors import BadRegion
from sharpen.core.targets import Spec, parse, resolve

CODE = """\
import os


@decorated
class Parser:
    limit = 1

    @property
    def feed(self):
        def inner():
            return 'é'

        return inner


async def feed(data):
    return data


def last(): pass"""


def read(spec: str, code: str = CODE) -> str:
    document = Document.from_bytes(code.encode(), "x.py")
    region = resolve(parse(spec), document)
    return document.text[region.start_char : region.end_char]


@pytest.mark.parametrize(
    ("typed", "spec"),
    [
        ("-", Spec("-")),
        ("x.py", Spec("x.py")),
        ("x.py:3", Spec("x.py", (3, 3))),
        ("x.py:3-9", Spec("x.py", (3, 9))),
        ("a/b.py::C.m", Spec("a/b.py", symbol="C.m")),
        ("C:/code/x.py", Spec("C:/code/x.py")),
        ("odd:name.py", Spec("odd:name.py")),
        ("x.py:", Spec("x.py:")),
        ("naïve.py::größe", Spec("naïve.py", symbol="größe")),
    ],
)
def test_each_form_is_taken_apart(typed: str, spec: Spec) -> None:
    assert parse(typed) == spec


@pytest.mark.parametrize("typed", ["x.py:0", "x.py:5-3", "x.py:0-3", "x.py::", "x.py::a b", "x.py::A..b"])
def test_what_cannot_be_a_place_is_refused(typed: str) -> None:
    with pytest.raises(BadRegion):
        parse(typed)


def test_a_file_that_has_such_a_name_wins(tmp_path: Path) -> None:
    path = tmp_path / "notes:12"
    path.write_text("x")
    assert parse(str(path)) == Spec(str(path))
    assert parse(f"{path}:3") == Spec(str(path), (3, 3))


@given(st.text(max_size=30))
def test_anything_typed_is_understood_or_refused(typed: str) -> None:
    try:
        spec = parse(typed)
    except BadRegion:
        return
    assert typed.startswith(spec.path)


def test_a_path_alone_is_the_whole_file() -> None:
    assert read("x.py") == CODE
    assert resolve(parse("x.py"), Document.from_bytes(b"")).chosen == "file"


def test_lines_are_whole_and_inclusive() -> None:
    assert read("x.py:1") == "import os\n"
    assert read("x.py:4-6") == "@decorated\nclass Parser:\n    limit = 1\n"
    assert read("x.py:20") == "def last(): pass"


def test_a_line_beyond_the_end_is_refused() -> None:
    with pytest.raises(BadRegion, match=r"x\.py has 20 lines, there is no line 21"):
        read("x.py:21")


@pytest.mark.parametrize(
    ("symbol", "begins", "ends"),
    [
        ("Parser", "@decorated\nclass", "return inner\n"),
        ("Parser.feed", "    @property\n    def feed(self)", "return inner\n"),
        ("feed", "async def feed(data)", "return data\n"),
        ("inner", "        def inner()", "return 'é'\n"),
        ("feed.inner", "        def inner()", "return 'é'\n"),
        ("last", "def last()", "def last(): pass"),
    ],
)
def test_a_symbol_is_its_whole_definition(symbol: str, begins: str, ends: str) -> None:
    found = read(f"x.py::{symbol}")
    assert found.startswith(begins)
    assert found.endswith(ends)
    assert resolve(parse(f"x.py::{symbol}"), Document.from_bytes(CODE.encode(), "x.py")).chosen == "symbol"


def test_an_unknown_symbol_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(BadRegion, match=r"no function, class or type Parser\.fed") as caught:
        read("x.py::Parser.fed")
    assert "Parser.feed" in caught.value.hint


def test_a_short_name_that_fits_two_definitions_is_refused() -> None:
    code = "class A:\n    def m(self): pass\nclass B:\n    def m(self): pass\n"
    with pytest.raises(BadRegion, match=r"m could be any of A\.m, B\.m"):
        read("x.py::m", code)
    assert read("x.py::B.m", code) == "    def m(self): pass\n"


def test_of_several_definitions_with_one_name_the_last_is_meant() -> None:
    assert read("x.py::f", "def f(): return 1\ndef f(): return 2\n") == "def f(): return 2\n"


def test_symbols_are_refused_where_no_grammar_is_at_hand() -> None:
    with pytest.raises(BadRegion, match="no symbols are known in this kind of files"):
        resolve(parse("x.pas::main"), Document.from_bytes(b"procedure main;", "x.pas"))


BROKEN = """\
class A(B:
    def m(self):
        return (1

    @cached
    def n(self): pass
def f(a, b):
    if x
        return 1
def h(
    pass
class Z:
    def n(self):
        return 1
"""


@pytest.mark.parametrize(
    ("symbol", "first", "last"), [("A.n", 5, 6), ("f", 7, 9), ("h", 10, 11), ("Z.n", 13, 14), ("Z", 12, 14)]
)
def test_symbols_are_found_in_a_broken_file(symbol: str, first: int, last: int) -> None:
    assert read(f"x.py::{symbol}", BROKEN) == "".join(BROKEN.splitlines(keepends=True)[first - 1 : last])


def test_a_symbol_in_a_crlf_file_is_the_same_text() -> None:
    document = Document.from_bytes(CODE.replace("\n", "\r\n").encode(), "x.py")
    region = resolve(parse("x.py::Parser.feed"), document)
    assert document.text[region.start_char : region.end_char] == read("x.py::Parser.feed")


def test_deeply_nested_code_does_not_exhaust_the_stack() -> None:
    document = Document.from_bytes(("def f():\n x = " + "(" * 5000 + "\n").encode(), "x.py")
    assert [definition.name for definition in definitions(document)] == ["f"]
