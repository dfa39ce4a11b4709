"""`sharpen race`: one model on one canvas, left to right and by diffusion, side by side, with steps and seconds.

Nothing is applied. The two run one after the other, so that neither slows the other; the screen shows them together.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sharpen.cli.access import engine as chosen
from sharpen.cli.exits import Exit
from sharpen.cli.fatal import out, say
from sharpen.cli.jsonl import line
from sharpen.cli.options import Options
from sharpen.cli.road import interruptible
from sharpen.cli.terminal import Terminal
from sharpen.core.errors import BadInput, EngineUnavailable
from sharpen.core.request import CancelToken, Request, Settings

if TYPE_CHECKING:
    from rich.table import Table

    from sharpen.core.diffusion.order import Ended, Shown
    from sharpen.core.engines.local_race import Lap

GLYPH = "░"
WAYS = ("left to right", "diffusion")


def run(prompt: str, target: str | None, length: int | None, options: Options) -> int:
    """Race; returns the exit code. Raises EngineUnavailable for an engine that has only one way."""
    from sharpen.core.engines.local import LocalEngine
    from sharpen.core.engines.local_race import laps

    if not prompt.strip():
        raise BadInput("the prompt is empty", 'for example: sharpen race "sort a list" -e local:NAME')
    engine = chosen(options.engine, prompt) if (options.engine or "").startswith("local:") else None
    if not isinstance(engine, LocalEngine):
        raise EngineUnavailable(
            f"only an open checkpoint can decode both ways, and the engine is {options.engine or 'embedded'}",
            "sharpen race PROMPT -e local:NAME (sharpen models list, sharpen models pull OWNER/NAME)",
        )
    began = time.monotonic()
    cancel = CancelToken()
    request = _request(prompt, target, options, cancel) if target else None
    terminal = Terminal.here(options.animation)
    with interruptible(cancel):
        try:
            running = laps(engine, prompt, request, cancel, length=length, steps=options.steps)
            ends = _as_json(running, began) if options.json else _shown(running, terminal)
        finally:
            engine.close()
    if options.json:
        rows = [_row(way, ends[way]) for way in WAYS]
        line({"event": "finished", "seconds": _since(began), "model": engine.model, "ways": rows})
    else:
        _table(ends, engine.model)
    return Exit.DONE


def _request(prompt: str, target: str, options: Options, cancel: CancelToken) -> Request:
    from sharpen.cli.commands.edit import targets_of

    _places, targets = targets_of(prompt, (target,), free=True)
    first = targets[0]
    settings = Settings(options.steps, seed=options.seed)
    return Request(prompt, first.document, first.region, first.diagnostics, settings=settings, cancel=cancel)


def _since(began: float) -> float:
    return round(time.monotonic() - began, 4)


def _as_json(running: Iterator[Lap], began: float) -> dict[str, Ended]:
    from sharpen.core.diffusion.order import Shown

    ends: dict[str, Ended] = {}
    for lap in running:
        if isinstance(lap.said, Shown):
            text, masked = _drawn(lap.said, "")
            row = {
                "event": "frame",
                "seconds": _since(began),
                "way": lap.way,
                "step": lap.said.step,
                "steps": lap.said.steps,
                "masked": masked,
            }
            line({**row, "text": text})
        else:
            ends[lap.way] = lap.said
    return ends


def _shown(running: Iterator[Lap], terminal: Terminal) -> dict[str, Ended]:
    """Two panels while they run, on a terminal; plain lines elsewhere."""
    from sharpen.core.diffusion.order import Shown

    ends: dict[str, Ended] = {}
    states: dict[str, Shown] = {}
    if not terminal.can_animate:
        for lap in running:
            if not isinstance(lap.said, Shown):
                ends[lap.way] = lap.said
                say(f"{lap.way}: {lap.said.steps} steps, {lap.said.seconds:.2f} s")
        return ends
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    with Live(console=console, refresh_per_second=20, transient=True) as view:
        for lap in running:
            if isinstance(lap.said, Shown):
                states[lap.way] = lap.said
            else:
                ends[lap.way] = lap.said
            view.update(_panels(states, ends, console.height))
    return ends


def _panels(states: dict[str, Shown], ends: dict[str, Ended], height: int) -> Table:
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(expand=True)
    cells = []
    for way in WAYS:
        table.add_column(ratio=1)
        state, end = states.get(way), ends.get(way)
        text, masked = _drawn(state, GLYPH) if state else ("", 0)
        facts = f"step {state.step}, {masked} masks left" if state else "waits"
        if end:
            facts = f"{end.steps} steps, {end.seconds:.2f} s"
        shown = Text(text, overflow="fold")
        cells.append(Panel(shown, title=way, subtitle=facts, height=max(6, height - 2), title_align="left"))
    table.add_row(*cells)
    return table


def _drawn(state: Shown, glyph: str) -> tuple[str, int]:
    """The canvas's text with a glyph for what is unknown, and how much of it there is."""
    from sharpen.core.engines.wire.harmless import harmless

    masked = sum(cell[1] == "masked" for cell in state.cells)
    return "".join(glyph if cell[1] == "masked" else harmless(cell[0]) for cell in state.cells), masked


def _row(way: str, end: Ended) -> dict[str, object]:
    return {
        "way": way,
        "steps": end.steps,
        "seconds": round(end.seconds, 4),
        "tokens": end.tokens,
        "tokens_per_second": round(end.tokens / max(end.seconds, 1e-9), 2),
        "text": end.text,
    }


def _table(ends: dict[str, Ended], model: str) -> None:
    out(f"{model:<16}{'steps':>7}{'seconds':>10}{'tokens':>8}{'tokens/s':>10}\n")
    for way in WAYS:
        end = ends[way]
        rate = end.tokens / max(end.seconds, 1e-9)
        out(f"{way:<16}{end.steps:>7}{end.seconds:>10.2f}{end.tokens:>8}{rate:>10.1f}\n")
    left, other = ends[WAYS[0]], ends[WAYS[1]]
    same = "the same text" if left.text == other.text else "another text"
    steps, seconds = left.steps / max(1, other.steps), left.seconds / max(other.seconds, 1e-9)
    out(f"diffusion: {steps:.1f} times fewer steps, {seconds:.1f} times as fast, {same}\n")
