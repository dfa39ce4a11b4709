"""The engines of one sitting: one that has its model in memory, or a connection open, is used again.

`edits` asks it for the engine of a prompt, `worker` has the embedded one loaded at the start. It knows nothing of
runs, files or the screen.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sharpen.core.engines.base import Engine
from sharpen.core.errors import SharpenError

if TYPE_CHECKING:
    from sharpen.core.engines.wire.hosted import Hosted


class Engines:
    """By the name that was asked for."""

    def __init__(self) -> None:
        self._known: dict[str | None, Engine] = {}
        self._served: dict[str, tuple[Hosted, Engine]] = {}
        self._warm = threading.Event()
        """Set once the embedded engine is loaded, or is known not to load."""

    def warm_up(self) -> None:
        """Load the embedded engine. A first prompt to another one does not wait for it."""
        try:
            if (engine := _loaded()) is not None:
                self._known.update(dict.fromkeys((None, "", "embedded"), engine))
        finally:
            self._warm.set()

    def engine(self, spec: str | None, prompt: str) -> Engine:
        """The engine of the request; one that has its model in memory already is used again."""
        from sharpen.cli.access import access, engine
        from sharpen.core.engines.choose import is_local
        from sharpen.core.engines.wire.hosted import hosted, is_hosted

        chosen = engine(spec, prompt)
        if spec in {None, "", "embedded"}:
            self._warm.wait()
        if spec is not None and is_hosted(spec):  # its connection is kept as long as key and address stay
            where = hosted(spec, access())
            _ = where.server  # without a key it is not to be had: say so before anything is asked
            if self._served.get(spec, (None,))[0] != where:
                self._served[spec] = where, chosen
            return self._served[spec][1]
        if spec is not None and spec.startswith("script:"):  # it may have been rewritten
            return chosen
        if is_local(spec) and spec not in self._known:  # two checkpoints may be too much for the memory
            for other in [name for name in self._known if is_local(name)]:
                del self._known[other]
        return self._known.setdefault(spec, chosen)


def _loaded() -> Engine | None:
    """The embedded engine with its model in memory; it works offline, so trying it costs nobody anything."""
    from sharpen.core.diagnose import diagnose
    from sharpen.core.document import Document
    from sharpen.core.engines.choose import choose
    from sharpen.core.request import Request

    document = Document.from_bytes(b"print((1)\n", "warm.py")
    try:
        engine = choose(None, "fix it")
        found = diagnose(document.text, document.path)
        next(iter(engine.refine(Request("fix it", document, document.whole(), found))), None)
    except SharpenError:
        return None  # said again where the engine is asked for
    return engine
