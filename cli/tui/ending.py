"""How an app of ours ends where it fails: the terminal is as it was, and whoever ran it is handed what went wrong.

`app` and `replay_app` are made of it, `commands` run them with `run_to_end`. Textual would print a traceback over the
terminal; a defect of sharpen is one line and a report, and `cli.fatal` is the one that writes these.
"""

from __future__ import annotations

from textual.app import App


class Ending(App[None]):
    """An app that keeps its first exception instead of printing it."""

    defect: Exception | None = None

    def _handle_exception(self, error: Exception) -> None:
        """Textual's hook for whatever a handler, a timer or the drawing has raised."""
        if self.defect is None:
            self.defect = error
        super()._handle_exception(error)

    def _print_error_renderables(self) -> None:
        """Textual's traceback, which nobody but its own developers wants to see."""
        self._exit_renderables.clear()


def run_to_end(app: Ending) -> int:
    """Run it; returns the exit code. Raises what the app has failed with."""
    app.run()
    if app.defect is not None:
        raise app.defect
    return app.return_code or 0
