"""Colours of the app: style names of `cli.paint` and `highlight` as rich styles, a pool for each theme.

`sheet_view` and `timeline` draw with them. Styles are made once and shared, so that runs compare by identity and a
terminal sees few colours. Every theme keeps the second channel (bold, dim, underline, strike, glyphs), and `plain`
has nothing else. What the widgets around the file look like is said in `themes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from rich.style import Style

from sharpen.cli import palette
from sharpen.cli.paint import LEVELS

Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Ink:
    """One theme's colours."""

    name: str
    ground: str
    """Background and text, as rich says it; empty for a terminal's own."""
    words: Mapping[str, str]
    tints: Mapping[str, str]
    """Backgrounds: `alive`, `current`, `selected`, `cursor`."""
    least: Rgb = (0, 0, 0)
    most: Rgb = (0, 0, 0)
    """Colours of the least and the most confident cell; equal ones where the terminal has too few colours."""

    @cached_property
    def _pool(self) -> dict[tuple[str, str], Style]:
        return {}

    def style(self, name: str, tint: str = "") -> Style:
        """The style of a run on a tinted row; the same object every time."""
        known = self._pool.get((name, tint))
        if known is None:
            ground = Style.parse(self.ground or "none")
            known = ground + Style.parse(self.tints.get(tint, "none")) + self._word(name)
            self._pool[name, tint] = known
        return known

    def _word(self, name: str) -> Style:
        if name.startswith(("sure", "revised")) and name[-1].isdigit():
            return self._confident(int(name[-1])) + Style(underline=name.startswith("revised") or None)
        return Style.parse(self.words.get(name, "") or "none")

    def _confident(self, level: int) -> Style:
        share = level / (LEVELS - 1)
        if self.least == self.most:
            return Style(dim=share < 0.4 or None, bold=share > 0.8 or None, color=self.words.get("sure"))
        red, green, blue = (round(a + (b - a) * share) for a, b in zip(self.least, self.most, strict=True))
        return Style(color=f"rgb({red},{green},{blue})", bold=share > 0.8 or None)


DARK = Ink(
    "dark",
    "#c8d0d9 on #11151a",
    {
        "keyword": "#8aa4c8",
        "string": "#94ad8b",
        "comment": "italic #6d7a88",
        "numeral": "#c2a887",
        "name": "bold #dbe2ea",
        "decorator": "#a893bd",
        "masked": "#e8a33d",
        "doomed": "#f0787c strike",
        "flash": "bold #11151a on #70fff6",
        "removed": "#e08589",
        "removed-strong": "bold #ffb3b5 on #5c2326",
        "added": "#86c99a",
        "added-strong": "bold #b6f2c6 on #1d4a2c",
        "unsure": "#e3b873",
        "unsure-strong": "bold underline #ffdca0 on #57401a",
        "rejected": "#6d7a88 strike",
        "number": "#4f5b67",
        "number-current": "bold #e8a33d",
        "gutter": "#5ad1c8",
        "quiet": "#7d8995",
        "heading": "bold #dbe2ea",
        "good": "#86c99a",
        "bad": "bold #f0787c",
        "here": "bold #11151a on #5ad1c8",
    },
    {"alive": "on #16212a", "current": "on #1e2935", "selected": "on #24384c", "cursor": "on #1a2129"},
    *palette.DARK,
)
LIGHT = Ink(
    "light",
    "#24292f on #fbfbf9",
    {
        "keyword": "#2f5f9e",
        "string": "#3f6b34",
        "comment": "italic #767d85",
        "numeral": "#8a5a16",
        "name": "bold #15181c",
        "decorator": "#7a4d99",
        "masked": "#9a5b00",
        "doomed": "#b3262b strike",
        "flash": "bold #ffffff on #00676f",
        "removed": "#a8322f",
        "removed-strong": "bold #7d0f14 on #ffd4d2",
        "added": "#1c6b36",
        "added-strong": "bold #0a4a20 on #c9f0d2",
        "unsure": "#8a5a00",
        "unsure-strong": "bold underline #5e3d00 on #ffe7b3",
        "rejected": "#767d85 strike",
        "number": "#a2a8ae",
        "number-current": "bold #9a5b00",
        "gutter": "#00767f",
        "quiet": "#6a7178",
        "heading": "bold #15181c",
        "good": "#1c6b36",
        "bad": "bold #b3262b",
        "here": "bold #ffffff on #00767f",
    },
    {"alive": "on #eaf4f4", "current": "on #f1ede2", "selected": "on #d9e6f5", "cursor": "on #f1f2ef"},
    *palette.LIGHT,
)
SAFE = Ink(
    "safe",
    DARK.ground,
    {
        **DARK.words,
        "masked": "#f0e442",
        "doomed": "#ff9e57 strike",
        "flash": "bold #11151a on #cfe6ff",
        "removed": "#ff9e57",
        "removed-strong": "bold #ffd0ab on #5e3310",
        "added": "#6cb6ff",
        "added-strong": "bold #c2e0ff on #12406b",
        "unsure": "#f0e442",
        "unsure-strong": "bold underline #fff9b0 on #4f4a10",
        "good": "#6cb6ff",
        "bad": "bold #ff9e57",
        "gutter": "#6cb6ff",
        "here": "bold #11151a on #6cb6ff",
    },
    DARK.tints,
    (70, 92, 128),
    (190, 224, 255),
)
SIXTEEN = Ink(
    "sixteen",
    "",
    {
        "sure": "cyan",
        "keyword": "blue",
        "string": "green",
        "comment": "bright_black",
        "name": "bold",
        "masked": "yellow",
        "doomed": "red strike",
        "flash": "bold reverse cyan",
        "removed": "red",
        "removed-strong": "bold red underline",
        "added": "green",
        "added-strong": "bold green underline",
        "unsure": "yellow",
        "unsure-strong": "bold yellow underline",
        "rejected": "bright_black strike",
        "number": "bright_black",
        "number-current": "bold yellow",
        "gutter": "cyan",
        "quiet": "bright_black",
        "heading": "bold",
        "good": "green",
        "bad": "bold red",
        "here": "reverse cyan",
    },
    {"selected": "reverse", "cursor": ""},
)
PLAIN = Ink(
    "plain",
    "",
    {
        "name": "bold",
        "doomed": "strike",
        "flash": "bold reverse",
        "removed": "dim",
        "removed-strong": "underline",
        "added": "bold",
        "added-strong": "bold underline",
        "unsure": "bold",
        "unsure-strong": "bold underline",
        "rejected": "dim strike",
        "comment": "dim",
        "number": "dim",
        "number-current": "bold",
        "gutter": "bold",
        "quiet": "dim",
        "heading": "bold",
        "bad": "bold",
        "here": "reverse",
    },
    {"selected": "reverse"},
)
