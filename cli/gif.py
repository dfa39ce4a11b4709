"""Rows of styled text as an animated GIF, with Pillow (the extra `pictures`) and a fixed-width font of the system.

`cli.export` calls it. Without such a font Pillow's own small one is used, at twice its size. Bars, shades and the gutter
are drawn as rectangles, so that they look the same in every font.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from sharpen.core.errors import EngineUnavailable

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

_FONTS = (
    "DejaVuSansMono.ttf",
    "LiberationMono-Regular.ttf",
    "Menlo.ttc",
    "consola.ttf",
    "NotoSansMono-Regular.ttf",
)
_SIZE = 14
_GROUND, _TEXT = (17, 21, 26), (200, 208, 217)
_BARS = {glyph: (8 - i) / 8 for i, glyph in enumerate("▁▂▃▄▅▆▇█", 1)}
"""Share of the cell above a bar."""


def animated(frames: Sequence[tuple[list[list[Segment]], float]]) -> bytes:
    """The GIF's bytes. Raises EngineUnavailable where Pillow is not installed."""
    try:
        from PIL import Image
    except ImportError as missing:
        raise EngineUnavailable(
            "a GIF needs Pillow, which is not installed", 'pip install "sharpen[pictures]"'
        ) from missing
    font, width, height = _font()
    pictures = [_drawn(rows, font, width, height) for rows, _seconds in frames]
    palette = pictures[-1].quantize(64)
    reduced = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures]
    out = io.BytesIO()
    reduced[0].save(
        out,
        "GIF",
        save_all=True,
        append_images=reduced[1:],
        duration=[max(20, round(seconds * 1000)) for _rows, seconds in frames],
        loop=0,
        optimize=False,
    )
    return out.getvalue()


def _font() -> tuple[Font, int, int]:
    """A font, and the width and height of its cell in pixels."""
    from PIL import ImageFont

    for name in _FONTS:
        try:
            font = ImageFont.truetype(name, _SIZE)
        except OSError:
            continue
        return font, round(font.getlength("M")), round(_SIZE * 1.3)
    return ImageFont.load_default_imagefont(), 6, 12


def _drawn(rows: list[list[Segment]], font: Font, width: int, height: int) -> Image:
    from PIL import Image, ImageDraw

    columns = max(sum(cell_len(text) for text, _s, _c in row) for row in rows)
    picture = Image.new("RGB", (columns * width + 16, len(rows) * height + 16), _GROUND)
    draw = ImageDraw.Draw(picture)
    for y, row in enumerate(rows):
        x = 0
        for text, style, _control in row:
            for char in text:
                _cell(draw, char, style or Style.null(), (8 + x * width, 8 + y * height, width, height), font)
                x += max(1, cell_len(char))
    return picture


def _cell(draw: ImageDraw, char: str, style: Style, box: tuple[int, int, int, int], font: Font) -> None:
    x, y, width, height = box
    ink, ground = _colour(style.color, _TEXT), _colour(style.bgcolor, _GROUND)
    if style.reverse:
        ink, ground = ground, ink
    right, bottom = x + width - 1, y + height - 1
    if ground != _GROUND:
        draw.rectangle((x, y, right, bottom), ground)
    if char in _BARS:
        draw.rectangle((x, y + round(height * _BARS[char]), right - 1, bottom), ink)
    elif char == "▌":
        draw.rectangle((x, y, x + width // 3, bottom), ink)
    elif char == "░":
        for row in range(y + 2, bottom, 4):
            draw.line((x + 1, row, right - 1, row), ink)
    elif char != " ":
        draw.text((x, y), char if ord(char) < 0x250 or _is_scalable(font) else "?", ink, font)
    if style.underline:
        draw.line((x, bottom - 1, right, bottom - 1), ink)
    if style.strike:
        draw.line((x, y + height // 2, right, y + height // 2), ink)


def _is_scalable(font: Font) -> bool:
    """Whether the font has more than Latin letters."""
    return hasattr(font, "getlength") and hasattr(font, "path")


def _colour(colour: object, default: tuple[int, int, int]) -> tuple[int, int, int]:
    from rich.color import Color

    if not isinstance(colour, Color) or colour.is_default:
        return default
    red, green, blue = colour.get_truecolor()
    return red, green, blue
