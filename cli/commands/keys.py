"""`sharpen keys set|list|rm`: the keys of remote engines. A key comes from a question or stdin, never from an argument."""

from __future__ import annotations

import sys

from sharpen.cli import keyfile
from sharpen.cli.access import VARIABLES, from_environment
from sharpen.cli.exits import Exit
from sharpen.cli.fatal import out, say
from sharpen.core.errors import BadInput

ACTIONS = ("set", "list", "rm")


def run(action: str, engine: str | None) -> int:
    """Do it; exit 2 for another word or engine."""
    if action not in ACTIONS:
        raise BadInput(f"there is no sharpen keys {action}", "sharpen keys set ENGINE | list | rm ENGINE")
    if action == "list":
        return _list()
    if engine not in keyfile.ENGINES:
        named = f"there are no keys for {engine}" if engine else f"sharpen keys {action} needs an engine"
        raise BadInput(named, f"one of: {', '.join(keyfile.ENGINES)}")
    if action == "set":
        say(f"written to {keyfile.put(engine, _asked(engine))}, which only you can read")
        return Exit.DONE
    if engine not in keyfile.read():
        raise BadInput(f"no key is kept for {engine}")
    keyfile.put(engine, None)
    say(f"removed the key for {engine}")
    return Exit.DONE


def _asked(engine: str) -> str:
    if sys.stdin is None:
        raise BadInput("there is nowhere to read the key from", f"sharpen keys set {engine} < FILE")
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    import getpass

    try:
        return getpass.getpass(f"key for {engine} (is not shown): ")
    except EOFError:
        return ""


def _list() -> int:
    kept = keyfile.read()
    for engine in keyfile.ENGINES:
        name = from_environment(engine)
        if name is not None:
            where = f"from ${name}"
        elif engine in kept:
            where = f"{keyfile.shown(kept[engine])}  from {keyfile.path()}"
        else:
            where = f"not set; sharpen keys set {engine}, or export {VARIABLES[engine][0]}"
        out(f"{engine:<12}{where}\n")
    return Exit.DONE
