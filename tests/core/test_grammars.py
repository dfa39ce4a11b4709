"""Other languages than Python: what tree-sitter finds wrong, in which files, and that no new fault is let through."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharpen.core.definitions import definitions
from sharpen.core.diagnose import diagnose, diagnose_many
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.errors import BadRegion, EngineUnavailable
from sharpen.core.grammars import LANGUAGES, MOST_FAULTS, Language, faults, language_of
from sharpen.core.targets import parse, resolve
from sharpen.core.verify import judge_for

SOURCES = sorted((Path(__file__).parent.parent / "fixtures" / "languages").iterdir())

# (file, what to cut out of it, the line and the message of the finding)
BREAKS = [
    ("cart.js", "(sum, { cents, count })", 14, "unexpected `=>`"),
    ("cart.js", "{ name, cents, count });", 9, "`(` is never closed"),
    ("queue.ts", "readonly waiting: Job<T>", 9, "identifier is missing"),
    ("queue.ts", "(jobs: Job<unknown>[]", 28, "`{` is never closed"),
    ("list.tsx", "</ul>", 5, "`(` is never closed"),
    ("stack.go", "{items: items", 18, "unexpected `}`"),
    ("stack.go", "zero, ErrEmpty\n\t}", 20, "`{` is never closed"),
    ("point.rs", "        Point { x: self.y, y: self.x }\n    }", 26, "`}` is missing"),
    ("words.c", "(; *text; text++)", 26, "unexpected `for`"),
    ("words.c", "{0, 0}", 24, "identifier is missing"),
    ("Account.java", "(long until)", 18, "`;` is missing"),
    ("package.json", '"cart",', 2, 'unexpected `"name":`'),
]


def named(name: str) -> str:
    return next(path for path in SOURCES if path.name == name).read_text(encoding="utf-8")


def found_in(name: str, text: str) -> tuple[Diagnostic, ...]:
    language = language_of(name)
    assert language is not None
    return faults(text, language)


def test_every_language_has_a_source_here() -> None:
    assert {language_of(path.name) for path in SOURCES} == set(LANGUAGES)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.name)
def test_a_real_file_has_no_finding(path: Path) -> None:
    assert diagnose(path.read_text(encoding="utf-8"), str(path)) == ()


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.name)
def test_a_file_cut_off_anywhere_has_findings_inside_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    clean = 0
    for end in range(0, len(text.rstrip()), 7):
        found = diagnose(text[:end], str(path))
        clean += not found
        for one in found:
            assert one.code == "syntax"
            assert one.source == "tree-sitter"
            assert 0 <= one.start_char <= one.end_char <= end
            row = text[:end].split("\n")[one.line - 1]
            assert 1 <= one.column <= len(row) + 1
    assert clean < len(text) / 7 / 2  # what ends between two definitions is whole


@pytest.mark.parametrize(("name", "cut", "line", "message"), BREAKS)
def test_what_was_cut_out_is_found_where_it_is_missed(name: str, cut: str, line: int, message: str) -> None:
    text = named(name)
    assert text.count(cut) == 1
    first = found_in(name, text.replace(cut, ""))[0]
    assert (first.line, first.message) == (line, message)


def test_the_place_counts_characters_not_bytes() -> None:
    text = '\nconst größe = "é" + ;\n'
    (found,) = found_in("a.js", text)
    assert (found.line, found.column, text[found.start_char : found.end_char]) == (2, 19, "+")


def test_a_binary_under_a_wrong_ending_has_a_bounded_number_of_findings() -> None:
    assert len(found_in("a.c", "@ ) \0 ] x ; " * 2000)) <= MOST_FAULTS


def test_a_grammar_that_is_not_installed_is_said_with_the_command_that_mends_it() -> None:
    with pytest.raises(EngineUnavailable) as caught:
        faults("x", Language("Klingon", (".tlh",), "tree_sitter_klingon"))
    assert "pip install --upgrade tree-sitter tree-sitter-klingon" in caught.value.hint


def test_files_of_several_languages_are_found_in_one_go(tmp_path: Path) -> None:
    texts = {"a.js": "f(;\n", "b.py": "f(\n", "c.go": "package c\n", "d.txt": "f(\n", "e.JSON": "{\n"}
    documents = []
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        documents.append(Document.read(tmp_path / name))
    found = {Path(path).name: [d.line for d in said] for path, said in diagnose_many(documents).items()}
    assert found == {"a.js": [1], "b.py": [1], "c.go": [], "e.JSON": [1]}


# ------------------------------------------------------------------ verifying
@pytest.mark.parametrize(("name", "cut", "_line", "_message"), BREAKS)
def test_a_repair_holds_and_leaving_it_broken_does_not(
    name: str, cut: str, _line: int, _message: str
) -> None:
    whole = named(name)
    broken = whole.replace(cut, "")
    document = Document.from_bytes(broken.encode(), name)
    judge = judge_for(document, document.whole(), diagnose(broken, name))
    assert judge(whole).holds
    verdict = judge(broken + "\n")
    assert not verdict.holds
    assert verdict.left


def test_an_edit_may_leave_an_old_fault_and_add_none() -> None:
    """C that leans on macros has findings for ever; they must not stand in the way of an edit elsewhere."""
    text = "BEGIN_DECLS int a;\nint f(void) { return 1; }\n"
    document = Document.from_bytes(text.encode(), "a.c")
    assert diagnose(text, "a.c")
    judge = judge_for(document, document.whole(), ())
    assert judge(text.replace("1", "2")).holds
    verdict = judge(text.replace("1;", "(1;"))
    assert not verdict.holds
    assert [d.line for d in verdict.new] == [2]


def test_a_text_of_no_known_language_is_not_judged() -> None:
    document = Document.from_bytes(b"((\n", "notes.txt")
    assert judge_for(document, document.whole(), ())(")))\n").holds


# ------------------------------------------------------------------ symbols
@pytest.mark.parametrize(
    ("target", "first", "last"),
    [
        ("cart.js::Cart", 5, 17),
        ("cart.js::Cart.add", 8, 11),
        ("cart.js::total", 13, 16),
        ("cart.js::load", 19, 22),
        ("cart.js::main", 24, 26),
        ("queue.ts::Job", 1, 4),
        ("queue.ts::Outcome", 6, 6),
        ("queue.ts::Queue.drain", 15, 25),
        ("queue.ts::Names.of", 29, 31),
        ("list.tsx::List", 3, 14),
        ("list.tsx::List.pick", 4, 4),
        ("list.tsx::Empty", 16, 16),
        ("stack.go::Stack", 7, 9),
        ("stack.go::Depth", 12, 12),
        ("stack.go::New", 16, 18),
        ("stack.go::Stack.Pop", 20, 29),
        ("stack.go::Names.Pop", 31, 33),
        ("point.rs::Point", 3, 8),
        ("point.rs::Point.flip", 11, 14),
        ("point.rs::fmt", 18, 20),
        ("point.rs::tests.flips", 24, 26),
        ("words.c::counts", 4, 7),
        ("words.c::node", 9, 12),
        ("words.c::find", 14, 20),
        ("words.c::count", 22, 37),
        ("Account.java::Account", 6, 31),
        ("Account.java::Entry.isDebit", 23, 25),
        ("Account.java::Listener.changed", 29, 29),
    ],
)
def test_a_symbol_means_its_lines(target: str, first: int, last: int) -> None:
    spec = parse(target)
    document = Document.from_bytes(named(spec.path).encode(), spec.path)
    region = resolve(spec, document)
    assert (region.start_char, region.end_char) == document.line_span(first, last)
    assert region.chosen == "symbol"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("cart.js::Cart.remove", "no function, class or type Cart.remove"),
        ("cart.js::TAX", "no function, class or type TAX"),
        ("stack.go::Pop", "any of Names.Pop, Stack.Pop"),
        ("Account.java::Account.balance", "at lines 13, 18"),
        ("package.json::scripts", "no symbols are known in JSON files"),
        ("notes.txt::scripts", "no symbols are known in this kind of files"),
    ],
)
def test_a_symbol_that_is_not_one_place_is_refused(target: str, said: str) -> None:
    spec = parse(target)
    text = "" if spec.path == "notes.txt" else named(spec.path)
    with pytest.raises(BadRegion, match=said):
        resolve(spec, Document.from_bytes(text.encode(), spec.path))


def test_a_broken_file_still_has_the_symbols_around_the_break() -> None:
    broken = named("queue.ts").replace("push(job);", "push(job;")
    known = [d.name for d in definitions(Document.from_bytes(broken.encode(), "queue.ts"))]
    assert "Job" in known
    assert "Queue.drain" in known
