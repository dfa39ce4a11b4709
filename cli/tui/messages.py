"""What the app and its desk tell each other about the engine's process."""

from __future__ import annotations

from textual.message import Message

from sharpen.cli.tui.wire import Answer, Look, Undo


class Heard(Message):
    """To the desk: the engine's process has said something."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class Order(Message):
    """To the app: something for the engine's process."""

    def __init__(self, order: Look | Undo) -> None:
        super().__init__()
        self.order = order
