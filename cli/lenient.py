"""What a hook makes of an engine that is not to be had: one line on stderr, and the commit goes on.

`fix` asks before the road begins, `cli.sparing` on it. `--strict` turns it off. It imports little: clean commits come here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sharpen.cli.fatal import say, shown
from sharpen.core.errors import EngineUnavailable

if TYPE_CHECKING:
    from sharpen.cli.options import Options


def in_hook() -> bool:
    """Whether pre-commit, or git's own hook, runs this."""
    return bool(os.environ.get("PRE_COMMIT"))


def spares(options: Options) -> bool:
    """Whether an engine that is not to be had must not stop the commit."""
    return in_hook() and not options.strict


def say_it(error: EngineUnavailable, broken: tuple[str, ...] = ()) -> None:
    """The one line. `broken`: the files that nothing was done about."""
    names = dict.fromkeys(broken)
    stays = f"{next(iter(names))} stays broken" if len(names) == 1 else f"{len(names)} files stay broken"
    say(shown(f"sharpen: {error.message}{f'; {stays}' if names else ''}; the commit goes on"))
