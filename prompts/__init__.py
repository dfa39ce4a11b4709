"""Templates as text files, and their small loader."""

from __future__ import annotations

from importlib.resources import files
from string import Template


def fill(name: str, **values: str) -> str:
    """The template `name` with its `$words` replaced. Raises KeyError for a word that is not given."""
    text = files("sharpen.prompts").joinpath(f"{name}.txt").read_text(encoding="utf-8")
    return Template(text).substitute(values)
