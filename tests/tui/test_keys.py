"""The keys of docs/tui.md are those of the app."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.dom import DOMNode

from sharpen.cli.tui import keymap
from sharpen.cli.tui.app import SharpenApp
from sharpen.cli.tui.desk import Desk
from sharpen.cli.tui.file_tree import FileTree
from sharpen.cli.tui.file_view import FileView
from sharpen.cli.tui.prompt import Prompt
from sharpen.cli.tui.review_view import ReviewView
from sharpen.cli.tui.sheet_view import SheetView

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "tui.md").read_text(encoding="utf-8")
WIDGETS: tuple[type[DOMNode], ...] = (SharpenApp, Desk, FileTree, FileView, Prompt, ReviewView, SheetView)
SIGNS = {"dollar_sign": "$", "full_stop": ".", "comma": ",", "less_than_sign": "<", "greater_than_sign": ">"}


def bindings() -> dict[str, set[str]]:
    """Binding id -> its keys."""
    found: dict[str, set[str]] = {}
    for widget in WIDGETS:
        for one in vars(widget)["BINDINGS"]:
            if isinstance(one, Binding) and one.id:
                found[one.id] = {SIGNS.get(key, key) for key in one.key.split(",")}
    return found


def documented() -> dict[str, set[str]]:
    """Binding id -> all keys of its row."""
    found: dict[str, set[str]] = {}
    for keys, _where, _what, ids in re.findall(
        r"^\| (`.+?) \| (.+?) \| (.+?) \| (`.+`) \|$", PAGE, re.MULTILINE
    ):
        for one in re.findall(r"`([^`]+)`", ids):
            found[one] = set(re.findall(r"`([^`]+)`", keys))
    return found


def test_every_binding_has_an_id_so_that_it_can_be_given_another_key() -> None:
    own = [
        one
        for widget in WIDGETS
        for one in vars(widget)["BINDINGS"]
        if widget is not Prompt and not (isinstance(one, Binding) and one.id)
    ]
    assert own == []


def test_the_page_has_every_binding_and_no_other() -> None:
    assert documented().keys() == bindings().keys()


@pytest.mark.parametrize("one", sorted(bindings()))
def test_the_page_names_a_key_that_works(one: str) -> None:
    assert documented()[one] & bindings()[one]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"review.accept": "y,plus"}, ""),
        ({"review.accept": "ctrl+shift+left, f5,G,full_stop,+"}, ""),
        ({"review.acept": "y"}, "[keys] names review.acept, which is no binding"),
        ({"review.accept": "retrun"}, "[keys] gives review.accept the key retrun, which there is not"),
        ({"review.accept": "crtl+y"}, "[keys] gives review.accept the key crtl+y, which there is not"),
        ({"review.accept": "y,"}, "[keys] gives review.accept the key of no name, which there is not"),
    ],
)
def test_a_keymap_that_cannot_work_is_told(keys: dict[str, str], said: str) -> None:
    assert keymap.fault(keys, bindings()) == said


def test_every_key_of_the_app_is_one_that_a_keymap_may_give() -> None:
    own = {one: ",".join(sorted(keys)) for one, keys in bindings().items()}
    assert (
        keymap.fault({one: keys for one, keys in own.items() if ",," not in keys and keys != ","}, own) == ""
    )
