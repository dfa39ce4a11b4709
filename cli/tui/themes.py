"""Themes of the widgets around the file, and which `ink` goes with each.

`app` registers them. Textual's own themes stay on offer; a light one gets the light ink, any other the dark one,
and one of the terminal's own colours gets the sixteen.
"""

from __future__ import annotations

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from sharpen.cli.tui import ink
from sharpen.cli.tui.ink import Ink

DARK = Theme(
    "sharpen-dark",
    primary="#5ad1c8",
    secondary="#8aa4c8",
    accent="#e8a33d",
    warning="#e3b873",
    error="#f0787c",
    success="#86c99a",
    foreground="#c8d0d9",
    background="#11151a",
    surface="#161b21",
    panel="#1c2229",
    dark=True,
)
LIGHT = Theme(
    "sharpen-light",
    primary="#00767f",
    secondary="#2f5f9e",
    accent="#9a5b00",
    warning="#8a5a00",
    error="#b3262b",
    success="#1c6b36",
    foreground="#24292f",
    background="#fbfbf9",
    surface="#f3f3f0",
    panel="#e9e9e5",
    dark=False,
)
SAFE = Theme(
    "sharpen-colour-blind",
    primary="#6cb6ff",
    secondary="#8aa4c8",
    accent="#f0e442",
    warning="#f0e442",
    error="#ff9e57",
    success="#6cb6ff",
    foreground="#c8d0d9",
    background="#11151a",
    surface="#161b21",
    panel="#1c2229",
    dark=True,
)
ALL = (DARK, LIGHT, SAFE)


def is_ansi(theme: Theme) -> bool:
    """Whether it has the terminal's own sixteen colours, which Textual alone knows by these names."""
    return (theme.accent or theme.primary).startswith("ansi_")


def accent_of(theme: Theme) -> Style:
    """Its accent, for a line that rich draws."""
    return Style(color=Color.parse(theme.accent).rich_color) if theme.accent else Style.null()


def ink_for(theme: Theme, *, no_color: bool, colours: str | None) -> Ink:
    """The ink for a theme on a terminal. `colours`: rich's name of its colour system, None for none."""
    if no_color:
        return ink.PLAIN
    if is_ansi(theme) or colours in {None, "standard", "windows"}:
        return ink.SIXTEEN
    if theme.name == SAFE.name:
        return ink.SAFE
    return ink.DARK if theme.dark else ink.LIGHT
