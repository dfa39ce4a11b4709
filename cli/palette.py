"""Colours for the style names of `cli.paint`, and painted lines as terminal text. The only place that knows colours.

`show`, `live` and `picture` call it. Without colour every fact keeps a sign: bold and dim, underline, strike, the
glyphs, the gutter. Brightness runs towards the text's own colour, so on a light background it runs to dark.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.color import ColorSystem
from rich.style import Style
from rich.text import Text

from sharpen.cli.paint import LEVELS, Line

DARK, LIGHT = ((48, 104, 110), (112, 255, 246)), ((150, 196, 198), (0, 84, 92))
"""The colours of the least and the most confident cell."""
_COLOURED = {
    "context": "",
    "masked": "color(214)",
    "doomed": "color(203) strike",
    "flash": "bold reverse cyan",
    "removed": "red",
    "removed-strong": "bold red underline",
    "added": "green",
    "added-strong": "bold green underline",
    "unsure": "yellow",
    "unsure-strong": "bold yellow underline",
    "heading": "bold",
    "quiet": "dim",
    "number": "dim",
    "alive": "cyan",
    "good": "green",
    "bad": "bold red",
}
_PLAIN = {
    "doomed": "strike",
    "flash": "bold reverse",
    "removed": "dim",
    "removed-strong": "underline",
    "added": "bold",
    "added-strong": "bold underline",
    "unsure": "bold",
    "unsure-strong": "bold underline",
    "heading": "bold",
    "quiet": "dim",
    "number": "dim",
    "alive": "bold",
    "bad": "bold",
}
_GUTTER = {"▌": "alive", "-": "removed", "+": "added", "?": "unsure"}


@lru_cache(maxsize=128)
def style(name: str, *, colour: bool = True, light: bool = False) -> Style:
    """rich's style for a name of `cli.paint`; one object a name, so that runs compare and render fast."""
    if name.startswith(("sure", "revised")):
        level = int(name[-1])
        underline = " underline" if name.startswith("revised") else ""
        if not colour:
            weight = "dim" if level < LEVELS // 2 else "bold" if level >= LEVELS - 2 else "none"
            return Style.parse(weight + underline)
        first, last = LIGHT if light else DARK
        share = level / (LEVELS - 1)
        red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, last, strict=True))
        return Style.parse(f"#{red:02x}{green:02x}{blue:02x}" + underline)
    return Style.parse((_COLOURED if colour else _PLAIN).get(name, "") or "none")


def text_of(lines: Iterable[Line], *, light: bool = False) -> Text:
    """The lines with gutter and numbers as one rich text, for a picture."""
    whole = Text(no_wrap=True, overflow="crop")
    for line in lines:
        for part, name in _with_gutter(line):
            whole.append(part, style(name, light=light))
        whole.append("\n")
    return whole


def ansi(lines: Iterable[Line], width: int, *, colours: str | None, light: bool = False) -> list[str]:
    """The lines with gutter and numbers as terminal text, each cropped to `width` cells.

    `colours`: `truecolor`, `256`, `standard`, or None for a terminal that shows bold and underline alone.
    """
    system = _SYSTEMS.get(colours or "", ColorSystem.STANDARD)
    found = []
    for line in lines:
        parts, left = [], width
        for text, name in _with_gutter(line):
            if left <= 0:
                break
            kept = text if cell_len(text) <= left else set_cell_size(text, left)
            left -= cell_len(kept)
            chosen = style(name, colour=colours is not None, light=light)
            parts.append(chosen.render(kept, color_system=system))
        found.append("".join(parts))
    return found


def plain(lines: Iterable[Line]) -> list[str]:
    """The lines with gutter and numbers, no escape sequence at all."""
    return ["".join(text for text, _name in _with_gutter(line)).rstrip() for line in lines]


_SYSTEMS = {
    "truecolor": ColorSystem.TRUECOLOR,
    "256": ColorSystem.EIGHT_BIT,
    "standard": ColorSystem.STANDARD,
}


def _with_gutter(line: Line) -> Sequence[tuple[str, str]]:
    if line.number is None:
        return line.runs
    gutter = _GUTTER.get(line.mark, "number")
    return ((f"{line.number:>5} ", "number"), (f"{line.mark} ", gutter), *line.runs)
