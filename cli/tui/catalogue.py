"""The models within an engine, with what each can do: pulled checkpoints, Mercury's, what a server says it has.

`worker` asks, in a thread of its own, because a server may be slow; `menus` shows the answer. No code of the user's is
sent for it, and no checkpoint is loaded: a folder's config says of which family it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sharpen.core.errors import BadInput, EngineUnavailable

if TYPE_CHECKING:
    from sharpen.core.diffusion.families import Family
    from sharpen.core.engines.wire.hosted import Access

SECONDS = 8.0
"""How long a server may take to say which models it has."""
SHOWN = 200
_ABLE = {
    "infill": "fills holes",
    "edit_in_place": "edits in place",
    "variable_length": "finds its own length",
}
_EFFORTS = {
    "instant": "no thinking",
    "medium": "more thinking, which counts as answer",
    "high": "the most thinking, which counts as answer",
}
"""What Mercury may be asked for beside its usual effort."""


@dataclass(frozen=True, slots=True)
class Model:
    """A row of the list."""

    spec: str
    """What goes after `--engine`."""
    name: str
    what: str
    why_not: str = ""
    """Why it cannot be asked; empty where it can."""


def models(spec: str) -> tuple[Model, ...]:
    """The models of an engine: `local:`, `mercury`, or `openai:URL`. Raises BadInput, EngineUnavailable."""
    from sharpen.cli.access import access

    engine = spec.partition("#")[0]
    if engine.startswith("local:"):
        return _pulled(access().models or Path("models"))
    if engine == "mercury" or engine.startswith("openai:"):
        return _served(engine, access())
    raise BadInput(f"{engine} has one model, its own")


def _pulled(folder: Path) -> tuple[Model, ...]:
    """The checkpoints of this machine."""
    from sharpen.core.diffusion.hub import pulled

    found = tuple(_checkpoint(one) for one in pulled(folder))
    if not found:
        raise EngineUnavailable(
            "no checkpoint is here yet", "sharpen models pull OWNER/NAME, or type a folder"
        )
    return found


def _checkpoint(folder: Path) -> Model:
    spec = f"local:{folder.name}"
    size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    said = f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Model(spec, folder.name, said, "its config.json cannot be read; pull it again")
    fitting = families(config if isinstance(config, dict) else {})
    if not fitting:
        return Model(spec, folder.name, said, "of no family that sharpen knows")
    able = set.intersection(*(set(f.can) for f in fitting))
    parts = [" or ".join(f.name for f in fitting), *(_ABLE[word] for word in _ABLE if word in able)]
    return Model(spec, folder.name, ", ".join([*parts, f"{fitting[0].context:,} tokens", said]))


def families(config: Mapping[str, Any]) -> list[Family]:
    """The families that a checkpoint's config fits, without its weights: those may tell more."""
    from sharpen.core.diffusion.families import FAMILIES

    names, kind = config.get("architectures") or [], config.get("model_type", "")
    return [
        f
        for f in FAMILIES
        if (kind in f.model_types or any(name in f.architectures for name in names))
        and all(key in config for key in f.needs)
        and not any(key in config for key in f.lacks)
    ]


def _served(engine: str, access: Access) -> tuple[Model, ...]:
    """What the server says it has; for Mercury without a key, what is known of it."""
    from sharpen.core.engines.remote import Limits
    from sharpen.core.engines.rewriter import RemoteEngine
    from sharpen.core.engines.wire.hosted import KEY_VARIABLES, MERCURY_MODEL, PRICES, WINDOWS, hosted

    where = hosted(engine, access)
    if where.kind == "mercury" and not where.key:
        rows: list[Mapping[str, Any]] = [{"id": name} for name in WINDOWS]
    else:
        limits = Limits(read=SECONDS, idle=SECONDS, total=SECONDS, retries=0)
        rows = list(RemoteEngine(where, limits).catalogue())[:SHOWN]
    if not rows:
        raise EngineUnavailable(f"{where.where.host} says that it has no model", "type one behind #")
    found = []
    if where.kind == "mercury" and not where.key:
        hint = f"sharpen keys set mercury, or export {KEY_VARIABLES[where.kind]}=…"
        found.append(Model("", "no key is set", "", hint))
    if where.kind == "mercury":
        rows.sort(key=lambda row: row["id"] != MERCURY_MODEL)
    for row in rows:
        name = str(row["id"])
        if where.kind == "mercury" and "edit" in name:
            continue  # asked by itself, for insertions
        facts = _facts(row, WINDOWS.get(name) if where.kind == "mercury" else None, PRICES.get(name))
        own = isinstance(row.get("x_sharpen"), Mapping)  # a sharpen is asked as such only under its bare name
        usual = "the usual one" if where.kind == "mercury" and name == MERCURY_MODEL else ""
        found.append(
            Model(engine if own else f"{engine}#{name}", name, ", ".join(p for p in (usual, *facts) if p))
        )
        if where.kind == "mercury" and not own:
            found += [Model(f"{engine}#{name}@{e}", f"{name}@{e}", said) for e, said in _EFFORTS.items()]
    return tuple(found)


def _facts(row: Mapping[str, Any], window: int | None, price: tuple[float, float, float] | None) -> list[str]:
    """Window and price, where somebody says them."""
    from sharpen.core.engines.wire.hosted import priced

    told = row.get("context_length") or row.get("max_model_len") or window
    price = priced(row) or price
    parts = [f"{told:,} tokens" if isinstance(told, int) else ""]
    if price is not None:
        parts.append(f"${price[0]:.2f} in, ${price[2]:.2f} out a million tokens")
    owner = row.get("owned_by")
    if not any(parts) and isinstance(owner, str):
        parts.append(f"of {owner}" if owner else "")
    return [part for part in parts if part]
