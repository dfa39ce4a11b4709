"""Whose a file is that sharpen made in somebody's folder: a hook that runs as root leaves people their repository.

`entries` and `hooks` ask after they have made one. Only root may give files away, so nobody else is troubled. It
changes no content.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def give(path: Path, like: Path) -> None:
    """Give `path` the owner and group of `like`; what cannot be stays as it is."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    with contextlib.suppress(OSError):
        wanted, found = like.stat(), path.lstat()
        if (wanted.st_uid, wanted.st_gid) != (found.st_uid, found.st_gid):
            os.chown(path, wanted.st_uid, wanted.st_gid, follow_symlinks=False)
