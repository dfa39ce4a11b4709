"""An edit carried over to a file that has changed since, three ways, or not at all.

`apply` asks when a file is no longer the one that was edited; undo and redo ask when the user has typed since.
Invariant: the answer holds both sides' changes or is None; conflict marks never reach a file. It reads and
writes no file of the user's.
"""

from __future__ import annotations

from sharpen.core.worktree import git


def rebase(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """What `base` becomes with the changes of both; None where they touch the same or adjoining lines.

    Raises Refused where git is needed and missing.
    """
    if ours in (base, theirs):
        return theirs
    if theirs == base:
        return ours
    if b"\0" in ours:
        return None  # became a binary file: nothing of ours belongs into it
    return git.merge(base, ours, theirs)
