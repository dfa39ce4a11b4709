"""Two files swap names in one step, where the system can.

`apply` puts a new version in place this way, because it then holds what was really there and can see whether it was
what it expected. Python has no such call, so the C library's is used. It reads nothing and keeps nothing.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # Linux's renameat2 and macOS's renamex_np call it by the same number


def exchange(one: Path, two: Path) -> bool:
    """Swap what the two names stand for; False where system or file system cannot, or one of them is missing."""
    import ctypes

    try:
        library = ctypes.CDLL(None)
        first, second = os.fsencode(one), os.fsencode(two)
        if sys.platform == "darwin":
            return int(library.renamex_np(first, second, _RENAME_EXCHANGE)) == 0
        return int(library.renameat2(_AT_FDCWD, first, _AT_FDCWD, second, _RENAME_EXCHANGE)) == 0
    except (AttributeError, OSError, TypeError):  # no such call, or no C library to ask
        return False
