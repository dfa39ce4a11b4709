"""What the tests of undefined names share: a repair as the embedded engine would answer it."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

from sharpen.core.diagnose import diagnose
from sharpen.core.document import Document
from sharpen.core.repair.names import propose
from sharpen.core.repair.splice import rewrite
from sharpen.core.verify import judge_for


def _repaired(source: str) -> str:
    """The first plan that the verifier lets through; the text as it was where none holds."""
    text = dedent(source).lstrip("\n")
    found = diagnose(text)
    assert found, "the source has no undefined name"
    assert {d.code for d in found} == {"F821"}
    document = Document.from_bytes(text.encode(), path="code.py")
    judge = judge_for(document, document.whole(), found)
    for plan in propose(text, found):
        new = rewrite(text, list(plan.edits))
        if judge(new).holds:
            assert diagnose(new) == ()
            return new
    return text


@pytest.fixture(scope="session")
def repaired() -> Callable[[str], str]:
    """Source -> repaired source."""
    return _repaired


@pytest.fixture(scope="session")
def check() -> Callable[[str, str], None]:
    """Assert that the first source becomes the second."""

    def same(before: str, after: str) -> None:
        assert _repaired(before) == dedent(after).lstrip("\n")

    return same
