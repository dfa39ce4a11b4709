"""What is wrong with a keymap of the user's: ids that no binding has, and keys that no keyboard sends. Pure.

`app` says it when it opens. Textual passes over both, and the key that was meant stays dead.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import Keys

_MODIFIERS = frozenset(("ctrl", "alt", "shift", "super", "hyper", "meta"))
_SHORT = frozenset(("slash", "backslash", "at", "minus", "plus", "underscore"))
"""Textual's own names, beside those of Unicode."""


def ids(parts: Iterable[type[DOMNode]]) -> set[str]:
    """The ids of all bindings of these parts of the app."""
    found = (one for part in parts for one in vars(part).get("BINDINGS", ()))
    return {one.id for one in found if isinstance(one, Binding) and one.id}


def fault(keys: Mapping[str, str], known: Iterable[str]) -> str:
    """The first thing that is wrong, as a clause; empty where nothing is."""
    known = set(known)
    for one, wanted in keys.items():
        if one not in known:
            return f"[keys] names {one}, which is no binding"
        for key in wanted.split(","):
            if not _is_key(key.strip()):
                return f"[keys] gives {one} the key {key.strip() or 'of no name'}, which there is not"
    return ""


def _is_key(name: str) -> bool:
    *modifiers, key = name.split("+") if len(name) > 1 else [name]
    if not set(modifiers) <= _MODIFIERS:
        return False
    if len(key) == 1 or key in _SHORT or key in {one.value for one in Keys}:
        return True
    try:
        unicodedata.lookup(key.replace("_", " ").upper())
    except KeyError:
        return False
    return True
