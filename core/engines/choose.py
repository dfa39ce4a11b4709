"""From what the user typed after `--engine` to an engine. Engines are imported only once they are chosen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sharpen.core.engines.base import Engine
from sharpen.core.engines.wire.hosted import Access, hosted, is_hosted
from sharpen.core.errors import BadInput, EngineUnavailable
from sharpen.core.skills import WHAT, classify

LATER = "known are embedded, local:NAME, mercury and openai:URL#MODEL"


@dataclass(frozen=True, slots=True)
class Known:
    """An engine as a person chooses it."""

    spec: str
    """What goes after `--engine`."""
    what: str
    """What it can do, in one sentence."""
    why_not: str = ""
    """Why it is not to be had here; empty where it is."""


def known() -> tuple[Known, ...]:
    """The engines of this version, with whether they could run here. Loads none of them."""
    weights = Path(__file__).parent.parent / "weights" / "model.onnx"
    missing = "" if weights.exists() else "its weights are missing; reinstall sharpen"
    return (
        Known("embedded", WHAT, missing),
        Known(
            "local:NAME",
            "follows any prompt, as well as the checkpoint can; runs on this machine",
            _no_torch(),
        ),
        Known("mercury", "follows any prompt; sends the code to Inception's API and needs a key there"),
        Known("openai:URL#MODEL", "follows any prompt; sends the code to the server that you name"),
    )


def _no_torch() -> str:
    """Why local models cannot run here; looks for torch without importing it."""
    return "" if find_spec("torch") else "torch is not installed: pip install 'sharpen[local]'"


def is_local(spec: str | None) -> bool:
    """Whether an engine of that name is a checkpoint of this machine."""
    return spec is not None and spec.startswith("local:")


def follows_prompts(spec: str | None) -> bool:
    """Whether an engine of that name takes any instruction, so that the prompt chooses the region."""
    return is_hosted(spec) or is_local(spec)


def check(spec: str) -> None:
    """Raise BadInput where no engine can have that name. Loads none; whether it is to be had is not asked."""
    if is_hosted(spec):
        hosted(spec, Access())
    elif spec != "embedded" and not re.match(r"(local|script):.", spec):
        raise BadInput(f"there is no engine {spec}", LATER)


def choose(spec: str | None, instruction: str, access: Access | None = None) -> Engine:
    """The engine of `spec` (None: the embedded one). Raises EngineUnavailable, with what to do instead.

    `access`: keys and addresses of this machine, for engines that are served elsewhere; BadInput for a bad address.
    """
    if spec in (None, "", "embedded"):
        if classify(instruction) is None:
            raise EngineUnavailable(WHAT, 'ask for "fix the syntax error" or "fix the undefined name"')
        from sharpen.core.engines.embedded import EmbeddedEngine

        return EmbeddedEngine()
    if is_local(spec):
        from sharpen.core.engines.local import LocalEngine
        from sharpen.core.engines.local_name import local_name

        models = access.models if access else None
        return LocalEngine(local_name(spec, models or Path("models")))
    if is_hosted(spec):
        from sharpen.core.engines.rewriter import RemoteEngine

        return RemoteEngine(hosted(spec, access or Access()))
    if spec.startswith("script:"):
        from sharpen.core.engines.scripted import ScriptedEngine

        return ScriptedEngine.read(Path(spec.removeprefix("script:")))
    raise EngineUnavailable(f"there is no engine {spec}: {LATER}", "sharpen fix --engine embedded")
