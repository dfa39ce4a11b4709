"""`sharpen doctor`: what is installed, which engine would run, what is missing and how to mend it."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from sharpen.cli.exits import Exit
from sharpen.cli.terminal import state_folder
from sharpen.core.diagnose import ruff_path
from sharpen.core.engines.choose import choose
from sharpen.core.errors import SharpenError


def doctor() -> int:
    """Print a line a fact; exit 0 where the embedded engine can run."""
    say = sys.stdout.write
    say(f"sharpen {version('sharpen')} on Python {sys.version.split()[0]}\n")
    for name in ("onnxruntime", "tokenizers", "textual", "tree-sitter", "torch"):
        try:
            say(f"  {name} {version(name)}\n")
        except PackageNotFoundError:
            say(f"  {name}: not installed{' (only local models need it)' if name == 'torch' else ''}\n")
    try:
        say(f"  ruff at {ruff_path()}\n")
        engine = choose(None, "fix this")
        say(f"engine: {engine.name}, model {engine.model}\n")
    except SharpenError as e:
        say(f"engine: {e.message}\n")
        say(f"  to mend it: {e.hint}\n")
        return int(Exit.NO_ENGINE)
    if find_spec("onnxruntime") is None:
        say("  to mend it: pip install onnxruntime\n")
        return int(Exit.NO_ENGINE)
    say(f"checkpoints and reports: {state_folder()}\n")
    return int(Exit.DONE)
