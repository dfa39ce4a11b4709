"""git's own pre-commit hook: put in, taken out, looked at. `cli.commands.hook` calls it.

Invariants: a hook that was there is kept beside ours under another name, runs before it, and comes back when ours is
taken out; a file that is not ours, or that somebody has added lines to, is never overwritten or removed. Nothing but the
hook's folder is touched.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from sharpen.core.errors import Refused, WriteFailed
from sharpen.core.worktree import git
from sharpen.core.worktree.owner import give

MARK = "# written by sharpen hook install"
EARLIER = "pre-commit.before-sharpen"
_HEAD = "#!/bin/sh\n{mark} ({digest}); sharpen hook uninstall takes it out\n"
"""The digest is of all that follows, so that lines of somebody else are seen, whatever version wrote the script."""
_REST = """earlier="$(dirname -- "$0")/{earlier}"
if [ -x "$earlier" ]; then
    "$earlier" "$@" || exit $?
fi
python={python}
if [ ! -x "$python" ]; then
    echo "sharpen: $python is gone; the commit goes on (sharpen hook install mends it)" >&2
    exit 0
fi
# What would be committed, never what is left unstaged. A missing engine, or a missing sharpen, holds no commit up.
PRE_COMMIT=1 exec "$python" -P -c '
import sys
sys.argv = ["sharpen", "fix", "--staged"]
try:
    from sharpen.cli.start import main
except ModuleNotFoundError as error:
    if (error.name or "").split(".")[0] != "sharpen":
        raise
    sys.exit(print("sharpen is not installed for", sys.executable + "; the commit goes on", file=sys.stderr))
main()
'
"""


@dataclass(frozen=True, slots=True)
class Hook:
    """What stands in a repository's hook folder."""

    path: Path
    """Of the pre-commit hook, whether it is there or not."""
    ours: bool
    other: bool
    """A hook of somebody else stands there."""
    chained: bool
    """A hook that was there before runs before ours."""
    runs: bool
    """git would run it: it is executable."""
    altered: bool = False
    """It is ours, with lines that somebody else has changed or added."""


def look(root: Path) -> Hook:
    """What is there. Raises Refused where git does not answer."""
    path = _folder(root) / "pre-commit"
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        text = b""
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from error
    there, ours = path.exists() or path.is_symlink(), MARK.encode() in text
    chained = os.access(path.with_name(EARLIER), os.X_OK)
    return Hook(path, ours, there and not ours, chained, os.access(path, os.X_OK), ours and not _intact(text))


def _intact(text: bytes) -> bool:
    _shebang, _mark, rest = text.split(b"\n", 2) if text.count(b"\n") > 1 else (b"", b"", b"")
    return text == _script(rest)


def _script(rest: bytes) -> bytes:
    """The whole script of what follows its first two lines."""
    return _HEAD.format(mark=MARK, digest=hashlib.sha256(rest).hexdigest()[:16]).encode("ascii") + rest


def _check_intact(found: Hook) -> None:
    if found.altered:
        raise Refused(
            f"{found.path} has lines that sharpen did not write; it was left alone",
            f"move them to {found.path.with_name(EARLIER)}, remove {found.path.name}, then: sharpen hook install",
        )


def install(root: Path, python: str) -> Hook:
    """Put our hook in, before which one that is there runs. `python`: the interpreter that has sharpen.

    Raises Refused where both names are taken, or ours has been changed by hand, and WriteFailed.
    """
    found = look(root)
    _check_intact(found)
    earlier = found.path.with_name(EARLIER)
    if found.other and (earlier.exists() or earlier.is_symlink()):
        raise Refused(f"{found.path} is not sharpen's, and {earlier.name} is there too", "remove one of them")
    script = _script(
        _REST.format(earlier=EARLIER, python=shlex.quote(python)).encode("utf-8", "surrogateescape")
    )
    draft = found.path.with_name(f"pre-commit.sharpen-{os.getpid()}")
    try:
        found.path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(script)
        draft.chmod(0o755)
        give(draft, found.path.parent)
        if found.other:
            found.path.rename(earlier)
        draft.replace(found.path)
    except OSError as error:
        if found.other and not found.path.exists() and earlier.exists():
            earlier.rename(found.path)
        draft.unlink(missing_ok=True)
        why = error.strerror or error
        raise WriteFailed(f"the hook {found.path} cannot be written: {why}") from error
    return look(root)


def uninstall(root: Path) -> Hook:
    """Take our hook out, put back what was there before. Raises Refused where the hook is not ours, or not only."""
    found = look(root)
    _check_intact(found)
    if found.other:
        raise Refused(f"{found.path} is not sharpen's; it was left alone")
    earlier = found.path.with_name(EARLIER)
    try:
        if found.ours and (earlier.exists() or earlier.is_symlink()):
            earlier.replace(found.path)
        elif found.ours:
            found.path.unlink()
    except OSError as error:
        raise WriteFailed(f"the hook {found.path} cannot be removed: {error.strerror or error}") from error
    return look(root)


def _folder(root: Path) -> Path:
    """Where git looks for hooks: `core.hooksPath`, else the common folder of all worktrees."""
    answer = git.run(root, "rev-parse", "--git-path", "hooks")
    if answer.status:
        raise Refused(f"git does not say where hooks are: {answer.error}")
    return root / os.fsdecode(answer.out.removesuffix(b"\n"))
