"""What the screen asks of files, git and engines, answered: lists, symbols, and undo. No state, no threads.

`worker` calls `answer` in the engine's process. Whoever asked gets an answer, whatever goes wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sharpen.cli.tui.defects import reported
from sharpen.cli.tui.wire import Answer, Look, Seen, Undo, Undone
from sharpen.core.errors import SharpenError


def answer(order: Look | Undo) -> Answer:
    """The answer to a question."""
    return _undone(order) if isinstance(order, Undo) else _seen(order)


def _seen(look: Look) -> Answer:
    tables: dict[str, Callable[[Look], Seen]] = {
        "files": _files,
        "checkpoints": _checkpoints,
        "engines": _engines,
        "models": _models,
        "symbols": _symbols,
    }
    try:
        return tables[look.what](look)
    except SharpenError as error:
        return Seen(look.what, look.path, error=error)
    except Exception as defect:  # noqa: BLE001 - whoever asked must not wait for ever
        said = reported(defect)
        return Seen(look.what, look.path, error=said)


def _files(look: Look) -> Seen:
    from sharpen.core.worktree.listing import listed

    return Seen("files", look.path, files=listed(Path(look.path)))


def _checkpoints(look: Look) -> Seen:
    from sharpen.cli.road import journal_for

    return Seen("checkpoints", checkpoints=journal_for(look.path or None).list())


def _engines(_look: Look) -> Seen:
    from sharpen.core.engines.choose import known

    return Seen("engines", engines=known())


def _models(look: Look) -> Seen:
    from sharpen.cli.tui.catalogue import models

    return Seen("models", look.path, models=models(look.path))


def _symbols(look: Look) -> Seen:
    from sharpen.core.definitions import definitions
    from sharpen.core.document import Document

    names = tuple(d.name for d in definitions(Document.read(look.path)))
    return Seen("symbols", look.path, symbols=names)


def _undone(order: Undo) -> Answer:
    from sharpen.cli.road import journal_for

    try:
        journal = journal_for(order.path)
        restored = journal.redo(order.checkpoint) if order.redo else journal.undo(order.checkpoint)
        return Undone(restored, redo=order.redo)
    except SharpenError as error:
        return Undone(error=error, redo=order.redo)
