"""`sharpen demo`: a git repository of broken files in a temporary folder, repaired before your eyes."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from sharpen.cli.commands.fix import fix
from sharpen.cli.exits import Exit
from sharpen.cli.options import Options
from sharpen.core.worktree import git

FILES = Path(__file__).parent.parent / "demo"


def _repository() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="sharpen-demo-"))
    for source in sorted(FILES.glob("*.txt")):
        (folder / source.name.removesuffix(".txt")).write_bytes(source.read_bytes())
    git.run(folder, "init", "-q")
    git.run(folder, "add", "-A")
    git.run(
        folder, "-c", "user.name=sharpen", "-c", "user.email=demo@localhost", "commit", "-q", "-m", "broken"
    )
    return folder


def demo(*, animation: bool = True) -> int:
    """Make the repository, repair it, show what changed; returns the exit code."""
    folder = _repository()
    sys.stderr.write(f"five broken files in {folder}\n")
    code = fix([folder], Options(yes=True, no_animation=not animation))
    sys.stdout.write(git.run(folder, "diff").out.decode("utf-8", "replace"))
    sys.stdout.write(git.run(folder, "diff", "--stat").out.decode("utf-8", "replace"))
    sys.stdout.write(f"to undo: cd {folder} && sharpen undo\n")
    return int(Exit.DONE) if code in (Exit.DONE, Exit.CHANGED) else code
