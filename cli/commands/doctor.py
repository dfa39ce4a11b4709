"""`sharpen doctor`: what is installed, which engine would run, what is missing, and the command that mends it."""

from __future__ import annotations

import platform
import shutil
import sys
from importlib import metadata

from sharpen.cli.access import engine as chosen
from sharpen.cli.exits import Exit
from sharpen.cli.fatal import out
from sharpen.cli.options import settled
from sharpen.cli.terminal import models_folder, state_folder
from sharpen.core.diagnose import ruff_path
from sharpen.core.diffusion.hub import pulled
from sharpen.core.engines.wire.hosted import is_hosted
from sharpen.core.errors import SharpenError
from sharpen.core.grammars import LANGUAGES

NEEDED = (
    "onnxruntime",
    "numpy",
    "tokenizers",
    "tree-sitter",
    "gitpython",
    "rich",
    "textual",
    "typer",
    "httpx",
)
EXTRAS = {
    "torch": "local checkpoints",
    "uvicorn": "sharpen serve",
    "pillow": "sharpen replay --export run.gif",
}
"""Distribution -> what needs it, and nothing else does."""
_EXTRA_OF = {"torch": "local", "uvicorn": "serve", "pillow": "pictures"}


def _grammars() -> list[str]:
    return sorted(
        {"tree-sitter-python"}
        | {f"tree-sitter-{language.module.removeprefix('tree_sitter_')}" for language in LANGUAGES}
    )


def run() -> int:
    """Print the table; exit 3 where no engine would run."""
    rows = [("sharpen", metadata.version("sharpen"), "")]
    rows.append(("python", f"{platform.python_version()} ({sys.executable})", ""))
    for name in (*NEEDED, *_grammars()):
        try:
            rows.append((name, metadata.version(name), ""))
        except metadata.PackageNotFoundError:
            rows.append((name, "missing", f"pip install {name}"))
    for name, use in EXTRAS.items():
        try:
            rows.append((name, metadata.version(name), ""))
        except metadata.PackageNotFoundError:
            rows.append(
                (name, f"not installed; only {use} needs it", f"pip install 'sharpen[{_EXTRA_OF[name]}]'")
            )
    git = shutil.which("git")
    rows.append(("git", git or "missing", "" if git else "install git; files outside git work without it"))
    try:
        rows.append(("ruff", ruff_path(), ""))
    except SharpenError as error:
        rows.append(("ruff", "missing", error.hint))
    rows.append(("state folder", str(state_folder()), ""))
    count = len(pulled(models_folder()))
    rows.append(("models", f"{count} in {models_folder()}", ""))
    code = Exit.DONE
    try:
        engine = chosen(settled({}).engine, "fix what is broken")
        if is_hosted(engine.name):
            from sharpen.core.engines.rewriter import RemoteEngine

            assert isinstance(engine, RemoteEngine)
            engine.check()  # a key that is missing; nothing is opened
        model = f"model {engine.model}" if engine.model else "the first model that it lists"
        rows.append(("engine", f"{engine.name}, {model}", ""))
    except SharpenError as error:
        rows.append(("engine", error.message, error.hint))
        code = Exit.NO_ENGINE
    for name, found, mend in rows:
        out(f"{name:<24}{found}{f'   -> {mend}' if mend else ''}\n")
    return code
