"""`sharpen keys set|list|rm`: the keys of remote engines. A key comes from a question or stdin, never from an argument."""

from __future__ import annotations

import sys

from sharpen.cli import keyfile
from sharpen.cli.access import VARIABLES, from_environment, in_clear, origin_of
from sharpen.cli.exits import Exit
from sharpen.cli.fatal import out, say
from sharpen.core.engines.wire.address import HERE, address, encrypted
from sharpen.core.errors import BadInput

ACTIONS = ("set", "list", "rm")


def run(action: str, engine: str | None) -> int:
    """Do it; exit 2 for another word or engine."""
    if action not in ACTIONS:
        said = f"there is no sharpen keys {_harmless(action)}"
        raise BadInput(
            said, "sharpen keys set ENGINE | list | rm ENGINE; a key is asked for, or read from stdin"
        )
    if action == "list":
        return _list()
    engine = (engine or "").partition("#")[0]
    name, _, place = engine.partition(":")
    if name not in keyfile.ENGINES or (
        place and (name == "mercury" or not place.startswith(("http://", "https://", "unix:")))
    ):
        named = (
            f"there are no keys for {_harmless(engine)}"
            if engine
            else f"sharpen keys {action} needs an engine"
        )
        raise BadInput(named, "one of: mercury, openai:https://HOST, openai (servers on this machine)")
    origin = origin_of(engine)
    if action == "set":
        kept = keyfile.put(name, origin, _asked(engine))
        say(f"kept in {kept.where}, for {_told(origin)} alone")
        if origin != HERE and not (where := address(origin)).private and not in_clear(where):
            say("as things are it is not sent there: the connection is not encrypted")
            say(f"  {encrypted(where)}")
        if engine == "openai":
            say("for a server elsewhere: sharpen keys set openai:https://HOST")
        return Exit.DONE
    if not keyfile.remove(name, origin):
        others = [kept for kept in keyfile.kept() if kept.engine == name]
        hint = ", ".join(f"sharpen keys rm {_typed(one)}" for one in others)
        raise BadInput(f"no key is kept for {engine} at {_told(origin)}", hint)
    say(f"removed the key for {engine}")
    return Exit.DONE


def _harmless(word: str) -> str:
    """The word, unless it may be a key that was typed in the wrong place: those are not shown."""
    return word if len(word) <= 12 and word.isalpha() else "what was named"


def _told(origin: str) -> str:
    return "servers on this machine" if origin == HERE else origin


def _typed(kept: keyfile.Kept) -> str:
    return kept.engine if kept.engine == "mercury" or kept.origin == HERE else f"openai:{kept.origin}"


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
    kept = keyfile.kept()
    for engine in keyfile.ENGINES:
        name = from_environment(engine)
        mine = [one for one in kept if one.engine == engine]
        if name is not None:
            out(f"{engine:<12}from ${name}\n")
        for one in mine:
            end = keyfile.shown(one.key) if one.key else "…"
            unused = f"; ${name} comes first" if name is not None else ""
            out(f"{engine:<12}{end}  in {one.where}, for {_told(one.origin)}{unused}\n")
        if name is None and not mine:
            out(f"{engine:<12}not set; sharpen keys set {engine}, or export {VARIABLES[engine][0]}\n")
    return Exit.DONE
