"""Make the git-ignored folder `sharpen/` of links to `cli`, `core` and `prompts`, for mypy.

Run it once after cloning: `python tools/link.py`. mypy finds modules by folder, and the import names
(`sharpen.core`) differ from the folders (`core`). It touches nothing but that folder.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("cli", "core", "prompts")


def link(root: Path = ROOT) -> list[Path]:
    """Create the links that are missing and return all of them."""
    folder = root / "sharpen"
    folder.mkdir(exist_ok=True)
    links = [folder / name for name in PACKAGES]
    for place in links:
        if not place.is_symlink():
            place.symlink_to(Path("..") / place.name, target_is_directory=True)
    return links


if __name__ == "__main__":
    for made in link():
        print(made.relative_to(ROOT), "->", made.readlink())
