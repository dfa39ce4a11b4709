"""An engine made ready before the first client comes, and what of the protocol it can serve.

`cli.commands.serve` calls it once. What an engine needs long for (weights, a checkpoint, onnxruntime) is loaded here, so
that it fails before the first request is read, and no client waits longer than the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

from sharpen.cli.fatal import say
from sharpen.core.diagnose import diagnose
from sharpen.core.document import Document
from sharpen.core.engines.base import Engine
from sharpen.core.engines.choose import follows_prompts, is_local
from sharpen.core.engines.wire.hosted import is_hosted
from sharpen.core.request import CancelToken, Request, Settings

_BROKEN = "def f(:\n    pass\n"
_QUICK = Settings(frames=False, budget_seconds=1.0)
UNKNOWN_WINDOW = 262_144
_EMBEDDED_WINDOW = 1024
"""Tokens around a fault; the file around them may be of any length."""


@dataclass(frozen=True, slots=True)
class Able:
    """What an engine can be asked for."""

    free: bool = False
    """Whether it follows any instruction; else it repairs."""
    fills: bool = False
    """Whether it fills holes."""
    window: int = UNKNOWN_WINDOW
    """Tokens of prompt and answer, as it says itself."""


def ready(engine: Engine) -> Able:
    """Load the engine. Raises EngineUnavailable, BadInput, Interrupted."""
    if is_local(engine.name):
        from sharpen.core.engines.local import LocalEngine

        assert isinstance(engine, LocalEngine)
        say(f"sharpen loads {engine.name}")
        opened = engine.open(CancelToken())
        return Able(True, opened.fills or "infill" in opened.can, opened.context)
    if is_hosted(engine.name):
        from sharpen.core.engines.rewriter import RemoteEngine

        assert isinstance(engine, RemoteEngine)
        engine.check()
        return Able(True, engine.name.startswith("mercury"))
    if engine.name == "embedded":
        document = Document.from_bytes(_BROKEN.encode(), "a.py")
        request = Request("fix it", document, document.whole(), diagnose(document.text), settings=_QUICK)
        for _ in engine.refine(request):
            pass
        return Able(window=_EMBEDDED_WINDOW)
    return Able(free=follows_prompts(engine.name))


def close(engine: Engine) -> None:
    """End what the engine has started: a checkpoint's process, a connection."""
    ending = getattr(engine, "close", None)
    if callable(ending):
        ending()
