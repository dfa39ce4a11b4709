"""A run as a file to show to others: one moment as SVG, all of it as an asciicast or a GIF.

`sharpen replay --export` and the app's palette call `save`. Every picture is made of frames as the engine made them,
painted as the app paints them, at the times that they really took (a pause of over a second is cut to one).
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from sharpen.cli.tui.frames import FrameLog, Shot, here_style
from sharpen.cli.tui.ink import DARK
from sharpen.cli.tui.sheets import FileSheet, LiveSheet
from sharpen.core.errors import BadInput, WriteFailed

COLUMNS, ROWS = 96, 18
"""Cells of a picture; the last two rows are the instruments."""
KINDS = ("svg", "cast", "gif")
LONGEST_PAUSE = 1.0
"""Seconds between two frames, at most."""
LAST_FOR = 3.0
"""Seconds that the last frame of a loop stands."""

Row = list[Segment]


def free_name(folder: Path, kind: str) -> Path:
    """`sharpen-1.svg`, or the first number that is free."""
    number = 1
    while (path := folder / f"sharpen-{number}.{kind}").exists():
        number += 1
    return path


def save(path: Path, log: FrameLog, at: int | None = None) -> None:
    """Write what the ending asks for. `at`: the moment of an SVG, by default the last.

    Raises BadInput for another ending, EngineUnavailable where a GIF's library is missing, WriteFailed.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in KINDS:
        raise BadInput(
            f"{path} is of no kind that a run can be written as",
            f"known are: {', '.join('.' + k for k in KINDS)}",
        )
    if kind == "svg":
        data = svg(log, at).encode()
    elif kind == "cast":
        data = cast(log).encode()
    else:
        from sharpen.cli.gif import animated

        data = animated([(rows, seconds) for rows, seconds in timed(log)])
    try:
        path.write_bytes(data)
    except OSError as error:
        raise WriteFailed(f"{path} cannot be written: {error.strerror}") from error


def svg(log: FrameLog, at: int | None) -> str:
    """One frame as SVG."""
    index = len(log) - 1 if at is None else at
    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    for number, rows in enumerate(pictures(log)):
        if number == index:
            for row in rows:
                console.print(
                    Text.assemble(*((text, style or "") for text, style, _c in row)), end="\n", crop=True
                )
    return console.export_svg(title=f"sharpen  {log.shots[index].path}")


def cast(log: FrameLog) -> str:
    """All frames as an asciicast, version 2."""
    head = {"version": 2, "width": COLUMNS, "height": ROWS, "env": {"TERM": "xterm-256color"}}
    lines, now = [json.dumps(head)], 0.0
    for rows, seconds in timed(log):
        drawn = "".join(_ansi(row) + "\x1b[0m\x1b[K\r\n" for row in rows[:-1]) + _ansi(rows[-1]) + "\x1b[0m"
        begin = "\x1b[?25l\x1b[2J\x1b[H" if not now else "\x1b[H"
        lines.append(json.dumps([round(now, 3), "o", begin + drawn]))
        now += seconds
    lines.append(json.dumps([round(now, 3), "o", "\x1b[?25h\r\n"]))
    return "\n".join(lines) + "\n"


def timed(log: FrameLog) -> Iterator[tuple[list[Row], float]]:
    """Each frame's rows, and how many seconds it stands."""
    shots = log.shots
    for index, rows in enumerate(pictures(log)):
        if index + 1 == len(shots):
            yield rows, LAST_FOR
            return
        took = shots[index + 1].frame.seconds - shots[index].frame.seconds
        yield rows, max(0.04, min(LONGEST_PAUSE, took))


def pictures(log: FrameLog) -> Iterator[list[Row]]:
    """Every frame as `ROWS` rows; the window on the file moves only where the canvas would leave it."""
    height, top, path, floor = ROWS - 3, 0, "", 0
    for index, shot in enumerate(log.shots):
        sheet = LiveSheet(FileSheet(shot.document), shot.frame, shot.fresh, floor if shot.path == path else 0)
        alive = sheet.alive_rows()
        if shot.path != path or alive.start < top or alive.stop > top + height:
            spare = max(0, height - len(alive))
            top = max(0, min(alive.start - min(spare // 2, height // 3), sheet.height - height))
        path, floor = shot.path, max(floor if shot.path == path else 0, sheet.canvas_height)
        rows = [_heading(shot)]
        rows += [_row(sheet, row) if row < sheet.height else _fitted([]) for row in range(top, top + height)]
        yield [*rows, *_instruments(log, index)]


def _heading(shot: Shot) -> Row:
    return _fitted([Segment(f" {shot.path}", DARK.style("heading"))])


def _row(sheet: LiveSheet, row: int) -> Row:
    line, tint = sheet.line(row), sheet.tint(row)
    number = "" if line.number is None else str(line.number)
    gutter = "gutter" if line.mark == "▌" else "number"
    head = [
        Segment(f" {number:>4} ", DARK.style("number", tint)),
        Segment(f"{line.mark} ", DARK.style(gutter, tint)),
    ]
    return _fitted([*head, *(Segment(text, DARK.style(name, tint)) for text, name in line.runs)], tint)


def _instruments(log: FrameLog, index: int) -> list[Row]:
    bars = log.bars(COLUMNS - 2)
    here = index if len(log) <= len(bars) else index * len(bars) // len(log)
    parts = (
        (bars[:here], "gutter"),
        (bars[here : here + 1], here_style(bars[here : here + 1])),
        (bars[here + 1 :], "quiet"),
    )
    return [
        _fitted([Segment(f" {log.shots[index].facts}", DARK.style("quiet"))]),
        _fitted([Segment(" ", DARK.style("context")), *(Segment(t, DARK.style(n)) for t, n in parts)]),
    ]


def _fitted(row: Sequence[Segment], tint: str = "") -> Row:
    return Segment.adjust_line_length(list(row), COLUMNS, DARK.style("context", tint))


def _ansi(row: Row) -> str:
    return "".join(
        (style or Style.null()).render(text, color_system=ColorSystem.TRUECOLOR) for text, style, _c in row
    )
