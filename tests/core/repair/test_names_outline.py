from __future__ import annotations

import ast

from sharpen.core.repair.names_outline import Outline

SOURCE = """import numpy as np
from os import path

LIMIT = 3

class Box(dict):
    size = 1

    def grow(self, by, *rest, key=None):
        for step in range(by):
            self.size += step
        with open("x") as handle:
            text = handle.read()
        try:
            other = [item for item in text if item]
        except ValueError as error:
            print(error, LIMIT, np.zeros.real)
        return lambda inner: inner + other
"""


def outline() -> Outline:
    return Outline(ast.parse(SOURCE), SOURCE.count("\n") + 1)


def kinds(scope: object) -> dict[str, str]:
    return {name: b[0].kind for name, b in scope.bindings.items()}  # type: ignore[attr-defined]


def test_every_scope_knows_what_it_binds_and_how() -> None:
    seen = outline()
    grow = next(scope for f, scope in seen.functions() if f.name == "grow")
    assert kinds(seen.module) == {"np": "module", "path": "import", "LIMIT": "assign", "Box": "class"}
    assert kinds(grow) == {
        "self": "parameter",
        "by": "parameter",
        "rest": "parameter",
        "key": "parameter",
        "step": "loop",
        "handle": "with",
        "text": "assign",
        "other": "assign",
        "error": "except",
    }


def test_a_method_does_not_see_the_names_of_its_class() -> None:
    seen = outline()
    grow = next(scope for f, scope in seen.functions() if f.name == "grow")
    visible = {name for scope in grow.visible() for name in scope.bindings}
    assert "LIMIT" in visible
    assert "size" not in visible
    assert "size" in {name for scope in grow.chain() for name in scope.bindings}


def test_a_use_has_its_scope_its_role_and_what_is_read_from_it() -> None:
    seen = outline()
    (numpy,) = seen.uses["np"]
    assert (numpy.role, numpy.chain, numpy.line) == ("attribute", ("zeros", "real"), 17)
    assert [u.role for u in seen.uses["open"]] == ["call"]
    assert [u.role for u in seen.uses["text"]] == ["iterate"]
    assert seen.uses["inner"][0].scope is not seen.uses["LIMIT"][0].scope


def test_reads_are_counted_where_the_name_is_bound() -> None:
    seen = outline()
    grow = next(scope for f, scope in seen.functions() if f.name == "grow")
    assert grow.reads["other"] == 1
    assert grow.reads["step"] == 1
    assert grow.reads["key"] == 0
    assert seen.module.reads["LIMIT"] == 1


def test_the_scope_of_a_line_is_the_innermost_body_around_it() -> None:
    seen = outline()
    assert seen.at("unknown", 11).function is not None
    assert seen.at("unknown", 4) is seen.module
