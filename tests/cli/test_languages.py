"""Files of other languages than Python, as a user names them: judged, and left alone by the embedded engine."""

from __future__ import annotations

from typing import Any

BROKEN = "export function add(a, b {\n  return a + b;\n}\n"
WHOLE = BROKEN.replace("b {", "b) {")


def test_fix_says_in_one_sentence_that_the_embedded_engine_repairs_python_only(sandbox: Any) -> None:
    path = sandbox.write("add.js", BROKEN)
    done = sandbox.run("fix", "add.js")
    said = [line for line in done.stderr.splitlines() if line.startswith(b"sharpen: ")]
    assert done.returncode == 3
    sentence = (
        b"sharpen: the embedded model repairs Python only, and add.js is JavaScript "
        b"(line 1: `)` is missing); nothing was written"
    )
    assert said == [sentence]
    assert path.read_text() == BROKEN


def test_edit_does_not_pretend_either(sandbox: Any) -> None:
    sandbox.write("add.js", BROKEN)
    done = sandbox.run("edit", "fix the syntax error", "add.js", "--yes")
    assert done.returncode == 3
    assert b"repairs Python only" in done.stderr


def test_a_whole_file_of_another_language_needs_no_engine(sandbox: Any) -> None:
    sandbox.write("add.js", WHOLE)
    assert sandbox.run("fix", "add.js").returncode == 0


def test_python_beside_it_is_repaired_all_the_same(sandbox: Any) -> None:
    sandbox.write("add.js", BROKEN)
    path = sandbox.write("a.py", "def f(:\n    return 1\n")
    assert sandbox.run("fix", "add.js", "a.py").returncode == 3
    compile(path.read_text(), "a.py", "exec")


def test_an_engine_that_knows_the_language_repairs_it(sandbox: Any) -> None:
    path = sandbox.write("add.js", BROKEN)
    sandbox.script(BROKEN.replace("+ b", "- b"), WHOLE)  # the first leaves it broken
    assert sandbox.run("fix", "add.js").returncode == 1
    assert path.read_text() == WHOLE


def test_a_file_of_no_known_language_is_said_to_be_unjudged(sandbox: Any) -> None:
    sandbox.write("notes.txt", "((\n")
    done = sandbox.run("fix", "notes.txt")
    assert done.returncode == 0
    assert b"notes.txt is of no language that sharpen can judge" in done.stderr


def test_a_symbol_of_another_language_is_a_target(sandbox: Any) -> None:
    path = sandbox.write("add.js", WHOLE + "function sub(a, b) {\n  return a + b;\n}\n")
    sandbox.script("function sub(a, b) {\n  return a - b;\n}\n")
    assert sandbox.run("edit", "subtract", "add.js::sub", "--yes").returncode == 0
    assert path.read_text() == WHOLE + "function sub(a, b) {\n  return a - b;\n}\n"


def test_a_file_of_no_known_language_is_told_by_edit_as_by_fix(sandbox: Any) -> None:
    sandbox.write("a.zig", "const x = 1;\n")
    said = "a.zig is of no language that sharpen can judge"
    for line in (("fix", "a.zig"), ("edit", "fix the syntax error", "a.zig")):
        done = sandbox.run(*line)
        assert done.returncode == 0
        assert said in done.stderr.decode()
