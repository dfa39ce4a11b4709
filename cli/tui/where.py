"""The line above the file: which file, what of it, and which engine the next prompt goes to. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from sharpen.cli.paint import harmless
from sharpen.cli.tui.sitting import Run

if TYPE_CHECKING:  # imported with the first proposal: the first picture waits for none of it
    from sharpen.cli.tui.review import Review


def line(
    path: str,
    selected: tuple[int, int] | None,
    review: Review | None,
    engine: str,
    others: tuple[str, ...] = (),
    *,
    loading: bool,
) -> Text:
    """`selected`: 0-based first and last row. `review`: where one is in view. `loading`: the engine still does.

    `others`: the files beside it that a prompt is about where no lines of this one are selected.
    """
    where = Text(no_wrap=True, overflow="ellipsis")
    where.append(harmless(path or "no file"), "bold")
    if review is not None:
        where.append(f"  hunk {review.at + 1} of {len(review.decisions)}, {review.open} open")
    elif selected is not None:
        where.append(f"  lines {selected[0] + 1}-{selected[1] + 1}")
    elif others:
        where.append(harmless(f"  with {', '.join(others)}"))
    where.append(f"  {engine}{'  loading' if loading else ''}", "dim")
    return where


def engine_of(run: Run | None, wanted: str | None) -> str:
    """The engine that works, with the model that it turned out to be; else the one of the next prompt."""
    if run is None or run.over or not run.engine:
        return wanted or "embedded"
    served = run.model and run.engine.startswith(("mercury", "openai:"))
    return f"{run.engine}#{run.model}" if served else run.engine
