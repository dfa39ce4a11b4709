"""An edit of several files that fails half-way while somebody saves one that it has written already."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sharpen.core.errors import FileChanged, WriteFailed
from sharpen.core.patch import Patch
from sharpen.core.worktree.apply import apply
from sharpen.core.worktree.journal import Journal

Edit = Callable[[str, str], Patch]


@pytest.mark.parametrize(
    ("theirs", "left", "stays"),
    [
        ("top\n1\n2\n3\nnew\n4\n5\n6\nmore\n", "top\n1\n2\n3\nold\n4\n5\n6\nmore\n", False),
        ("top\n1\n2\n3\nnewer\n4\n5\n6\n", "top\n1\n2\n3\nnewer\n4\n5\n6\n", True),
        ("all their own\n", "all their own\n", True),
    ],
)
def test_what_is_typed_on_top_of_an_edit_that_fails_stays_and_the_edit_goes_or_can_be_undone(
    tmp_path: Path, journal: Journal, edit: Edit, theirs: str, left: str, stays: bool
) -> None:
    """Else the file would keep an edit that nothing takes back: the line before it would be lost."""
    text = "top\n1\n2\n3\nold\n4\n5\n6\n"
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(text)

    def save() -> None:
        (tmp_path / "a.py").write_text(theirs)
        (tmp_path / "b.py").write_text("theirs\n")

    patch = Patch.join([edit(name, text.replace("old", "new")) for name in ("a.py", "b.py")])
    with pytest.raises(WriteFailed if stays else FileChanged):
        apply(patch, journal, "", "", on_step=lambda name: save() if name == "placed a.py" else None)
    assert (tmp_path / "a.py").read_text() == left
    assert (tmp_path / "b.py").read_text() == "theirs\n"
    assert bool(journal.list()) == stays
    if stays:
        assert b"old" in journal.before("1", str(tmp_path / "a.py"))
