"""The file tree: what git tracks or would track, with each file's status; ignored files are not there.

`desk` fills it once the list has come from the engine's process. A folder's children are made when it is opened, so
that a large repository costs what is looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from sharpen.cli.paint import harmless

if TYPE_CHECKING:
    from sharpen.core.worktree.listing import Listed

_STYLES = {"M": "bold yellow", "A": "bold green", "?": "green", "D": "dim strike", "U": "bold red"}


class FileTree(Tree[str]):
    """Folders and files of the place where sharpen was started. A node's data is its path, folders end in `/`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Open", id="tree.open"),
        Binding("p,escape", "leave", "Prompt", id="tree.prompt"),
        Binding("j", "cursor_down", "Down", show=False, id="tree.down"),
        Binding("k", "cursor_up", "Up", show=False, id="tree.up"),
    ]

    class Chosen(Message):
        """The user wants to see that file."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    class Left(Message):
        """Escape."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__("files", data="", id=id)
        self.show_root = False
        self.guide_depth = 2
        self._files: dict[str, str] = {}
        self._children: dict[str, list[str]] = {}
        self._in_view = ""
        self._reveal = False

    def fill(self, files: Iterable[Listed]) -> None:
        """Show these files, keeping the folders open that are open."""
        self._files = {one.name: one.status for one in files}
        self._children = _by_folder(self._files)
        self._draw()

    def show_file(self, path: str) -> None:
        """That file is in view now: its name stands out, and the folders on the way to it are open."""
        path = Path(os.path.relpath(path)).as_posix() if path else ""
        if path != self._in_view:
            self._in_view, self._reveal = path, True
            self._draw()

    def _draw(self) -> None:
        if not self._files:
            return  # the list is still to come
        opened = {node.data for node in self._nodes_below(self.root) if node.is_expanded}
        if self._reveal:
            opened |= {f"{parent.as_posix()}/" for parent in PurePosixPath(self._in_view).parents}
            self._reveal = False
        self.clear()
        self._add(self.root, opened)

    def _nodes_below(self, node: TreeNode[str]) -> Iterable[TreeNode[str]]:
        for child in node.children:
            yield child
            yield from self._nodes_below(child)

    def _add(self, node: TreeNode[str], opened: set[str | None]) -> None:
        for path in self._children.get(node.data or "", ()):
            name = path.rstrip("/").rpartition("/")[2]
            if path.endswith("/"):
                child = node.add(Text(harmless(name)), data=path, expand=False)
                if path in opened:
                    self._add(child, opened)
                    child.expand()
            else:
                node.add_leaf(self._label(name, path), data=path)

    def _label(self, name: str, path: str) -> Text:
        status = self._files[path]
        label = Text(no_wrap=True)
        label.append(harmless(name), "bold" if path == self._in_view else "")
        if status != " ":
            label.append(f" {status}", _STYLES.get(status, "bold"))
        return label

    def action_leave(self) -> None:
        """To the prompt."""
        self.post_message(self.Left())

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[str]) -> None:
        """Make the folder's children now."""
        if not event.node.children:
            self._add(event.node, set())

    def on_tree_node_selected(self, event: Tree.NodeSelected[str]) -> None:
        """Tell which file was chosen."""
        path = event.node.data or ""
        if path and not path.endswith("/"):
            self.post_message(self.Chosen(path))


def _by_folder(files: Iterable[str]) -> dict[str, list[str]]:
    """Folder -> its folders, then its files, each sorted. Folders end in `/`; the top is empty."""
    found: dict[str, set[str]] = {"": set()}
    for path in files:
        child = path
        while True:
            folder = child.rstrip("/").rpartition("/")[0]
            parent = folder + "/" if folder else ""
            known = child in found.get(parent, ())
            found.setdefault(parent, set()).add(child)
            if known or not parent:
                break
            child = parent
    return {
        folder: sorted(children, key=lambda c: (not c.endswith("/"), c)) for folder, children in found.items()
    }
