"""Which engine the next prompt goes to, and which of its models: two lists, one after the other.

`menus` opens the first with F2. The second is on the screen at once and filled when the engine's process answers, so
that a server that does not answer holds nothing up; where it fails, the list says why and what may be typed instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharpen.cli.paint import harmless
from sharpen.cli.tui.dialogs import Choice, Pick
from sharpen.cli.tui.outcome import Notice
from sharpen.cli.tui.wire import Look, Seen
from sharpen.core.errors import SharpenError

if TYPE_CHECKING:
    from sharpen.cli.tui.desk import Desk

OTHERS = "local:NAME", "openai:URL#MODEL"
"""Rows of the list of engines that are no engine yet: something has to be named."""
SCHEMES = ("http://", "https://", "unix:")


class Models(Pick):
    """The models of one engine."""

    def __init__(self, engine: str, using: str) -> None:
        free = {
            "local:": "type to narrow, or a folder's path, #int8 or #cpu behind it",
            "mercury": "type to narrow, or a model's name, @high behind it for the most effort",
        }
        hint = free.get(engine, "type to narrow, or a model's name")
        title = "model of this machine" if engine == "local:" else f"model of {engine}"
        super().__init__(title, (), f"asking {_asked(engine)} for its models …", free=hint)
        self.engine, self._using = engine, using

    def take_in(self, seen: Seen) -> None:
        """What the engine has, or why that is not known."""
        if seen.error is not None:
            said = seen.error.message if isinstance(seen.error, SharpenError) else str(seen.error)
            said = said.removesuffix("; nothing was applied")  # nothing was about to be
            hint = seen.error.hint if isinstance(seen.error, SharpenError) else ""
            self.fill((), harmless(f"{said}; {hint}" if hint else said))
            return
        self.fill(
            [
                Choice(
                    one.spec,
                    ("● " if one.spec and one.spec == self._using else "  ") + harmless(one.name),
                    harmless(one.why_not or one.what),
                    able=not one.why_not,
                )
                for one in seen.models
            ]
        )


def _asked(engine: str) -> str:
    return "this machine" if engine == "local:" else engine.removeprefix("openai:")


def engines(desk: Desk) -> None:
    """Ask which there are; the answer opens the list."""
    desk.ask_process(Look("engines"))


def models(desk: Desk) -> None:
    """The models of the engine at hand."""
    spec = desk.wants.engine or "embedded"
    if spec.startswith("local:"):
        _pick_model(desk, "local:")
    elif spec == "mercury" or spec.startswith(("mercury#", "mercury@", "openai:")):
        _pick_model(
            desk, spec.partition("#")[0].partition("@")[0] if spec[0] == "m" else spec.partition("#")[0]
        )
    else:
        desk.notice(Notice(f"{spec} has one model, its own", "F2 chooses another engine"))


def pick_engine(desk: Desk, seen: Seen) -> None:
    """The list of engines, with what each can do."""
    using = desk.wants.engine or "embedded"

    def chosen(spec: str) -> bool:
        return using == spec or (spec != "embedded" and using.startswith(spec.partition(":")[0]))

    choices = [
        Choice(
            one.spec,
            ("● " if chosen(one.spec) else "  ") + one.spec,
            one.why_not or one.what,
            able=not one.why_not,
        )
        for one in seen.engines
    ]

    def take(spec: str | None) -> None:
        if spec == "local:NAME":
            _pick_model(desk, "local:")
        elif spec == "mercury":
            _pick_model(desk, spec)
        elif spec == "openai:URL#MODEL":
            _pick_server(desk)
        elif spec is not None and spec.startswith(SCHEMES):
            _pick_model(desk, f"openai:{spec}")
        elif spec is not None:
            use(desk, spec)

    free = "type to narrow, or any engine: local:PATH, openai:URL#MODEL"
    title = "engine for the next prompt"
    at = next((one.spec for one in seen.engines if chosen(one.spec)), "")
    desk.app.push_screen(
        Pick(title, choices, "no such engine is known: Enter takes it as typed", free=free, at=at), take
    )


def _pick_server(desk: Desk) -> None:
    """Which server: those of earlier prompts, or one that is typed."""
    used = dict.fromkeys(one.engine for one in reversed(desk.store.outcomes()))
    if desk.wants.engine:
        used = {desk.wants.engine.partition("#")[0]: None, **used}
    choices = [Choice(spec, spec.removeprefix("openai:")) for spec in used if spec.startswith("openai:")]

    def take(typed: str | None) -> None:
        if typed:
            spec = typed if typed.startswith("openai:") else f"openai:{typed}"
            use(desk, spec) if "#" in spec else _pick_model(desk, spec)

    title = "a server that speaks OpenAI's protocol"
    empty = "none was asked from here yet; Enter takes what is typed"
    free = "its address: http://127.0.0.1:8000/v1, or unix:PATH"
    desk.app.push_screen(Pick(title, choices, empty, free=free), take)


def _pick_model(desk: Desk, engine: str) -> None:
    """Open the list of an engine's models, empty until they are known."""

    def take(value: str | None) -> None:
        if value is None:
            return
        whole = value == engine or value.startswith((f"{engine}#", f"{engine}@", "local:", "openai:"))
        use(desk, value if whole else f"{engine}{value}" if engine == "local:" else f"{engine}#{value}")

    desk.app.push_screen(Models(engine, desk.wants.engine or ""), take)
    desk.ask_process(Look("models", engine))


def answered(desk: Desk, seen: Seen) -> None:
    """Fill the list, if it is still there and about that engine."""
    screen = desk.app.screen
    if isinstance(screen, Models) and screen.engine == seen.path:
        screen.take_in(seen)


def use(desk: Desk, spec: str) -> None:
    """The next prompt goes there."""
    desk.use_engine(spec)
    desk.notice(Notice(f"the next prompt goes to {spec}"))
