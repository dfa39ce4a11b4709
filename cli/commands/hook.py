"""`sharpen hook install|uninstall|status`: git's own pre-commit hook, for those who do not use pre-commit."""

from __future__ import annotations

import sys
from pathlib import Path

from sharpen.cli.exits import Exit
from sharpen.cli.fatal import out
from sharpen.cli.selection import repository
from sharpen.core.errors import BadInput
from sharpen.core.worktree import hooks
from sharpen.core.worktree.hooks import Hook

ACTIONS = ("install", "uninstall", "status")


def run(action: str) -> int:
    """Do it, say what stands there now; exit 1 where `status` finds none of ours."""
    if action not in ACTIONS:
        raise BadInput(f"there is no sharpen hook {action}", f"sharpen hook {' | '.join(ACTIONS)}")
    root = repository("run this in one")
    if action == "install":
        found = hooks.install(root, _python())
    elif action == "uninstall":
        found = hooks.uninstall(root)
    else:
        found = hooks.look(root)
    out(_said(found) + "\n")
    return Exit.CHANGED if action == "status" and not found.ours else Exit.DONE


def _python() -> str:
    return str(Path(sys.executable).absolute())


def _said(hook: Hook) -> str:
    if hook.other:
        return f"{hook.path} is not sharpen's; sharpen hook install keeps it and runs after it"
    if not hook.ours:
        return f"no hook: {hook.path} is not there"
    before = f", after {hooks.EARLIER}" if hook.chained else ""
    silent = "" if hook.runs else "; but it is not executable, and git leaves it out"
    lines = ", and lines that sharpen did not write" if hook.altered else ""
    return f"{hook.path} runs sharpen fix --staged{before}{lines}{silent}"
