"""Events as JSON lines on stdout, one object a line, nothing else there. The fields are a contract (`docs/cli.md`)."""

from __future__ import annotations

import json

from sharpen.cli.exits import code_of
from sharpen.cli.fatal import out
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.errors import SharpenError
from sharpen.core.events import Applied, Event, Failed, Finished, Framed, Proposed, Started, Verified
from sharpen.core.patch import Patch

Fields = dict[str, object]


class JsonLines:
    """A viewer for programs. Nobody is asked: what holds is applied as `--yes` and `fix` say."""

    def __init__(self, *, cells: bool) -> None:
        self._cells = cells

    def see(self, event: Event, code: int) -> None:
        """Write one line."""
        line(fields(event, code, cells=self._cells))

    def decide(self, patch: Patch) -> Patch | None:
        """All of it."""
        return patch


def nothing(paths: tuple[str, ...], code: int) -> None:
    """The line of a run that had nothing to do."""
    write(Finished(0.0, (), paths, (), 0, 0.0), code)


def failed(error: SharpenError, code: int | None = None) -> None:
    """The lines of a run that failed before it began. `code`: how it ends, where that is not the error's own."""
    write(Failed(0.0, "", error), code_of(error))
    write(Finished(0.0, (), (), (), 0, 0.0), code_of(error) if code is None else code)


def write(event: Event, code: int) -> None:
    """The line of one event, from a command that runs no road."""
    line(fields(event, code))


def fields(event: Event, code: int, *, cells: bool = False) -> Fields:
    """The object of an event."""
    seconds = round(event.seconds, 4)
    match event:
        case Started():
            own: Fields = {"engine": event.engine, "model": event.model, "targets": list(event.targets)}
            return {"event": "started", "seconds": seconds} | own
        case Framed():
            return {"event": "frame", "seconds": seconds} | _frame(event, cells=cells)
        case Proposed():
            own = {"path": event.path, "candidate": event.index, "score": event.candidate.score}
            diff = event.patch.unified_bytes().decode("utf-8", "replace")
            return {"event": "proposed", "seconds": seconds} | own | {"diff": diff}
        case Verified():
            verdict = event.verdict
            own = {"path": event.path, "candidate": event.index, "holds": verdict.holds}
            lists: Fields = {k: [_finding(d) for d in getattr(verdict, k)] for k in ("gone", "left", "new")}
            if (check := verdict.check) is not None:
                lists["check"] = {"exit": check.exit, "seconds": round(check.seconds, 4)}
            return {"event": "verified", "seconds": seconds} | own | lists
        case Applied():
            return {
                "event": "applied",
                "seconds": seconds,
                "path": event.path,
                "checkpoint": event.checkpoint,
            }
        case Failed():
            hint = getattr(event.error, "hint", "")
            own = {"code": int(code_of(event.error)), "message": str(event.error), "hint": hint}
            return {"event": "failed", "seconds": seconds} | own
        case Finished():
            ends: Fields = {k: list(getattr(event, k)) for k in ("changed", "unchanged", "failed")}
            own = {"steps": event.steps, "engine_seconds": round(event.engine_seconds, 4)}
            return {"event": "finished", "seconds": seconds, "exit": int(code)} | ends | own


def _frame(event: Framed, *, cells: bool) -> Fields:
    frame, canvas = event.frame, event.frame.canvas
    found: Fields = {
        "step": frame.step,
        "steps": frame.steps,
        "masked": canvas.count("masked"),
        "settled": canvas.count("settled"),
        "text": canvas.text,
    }
    if cells:
        found["cells"] = [
            [c.text, c.state, None if c.confidence is None else round(c.confidence, 4)] for c in canvas.cells
        ]
    return found


def _finding(found: Diagnostic) -> Fields:
    return {"line": found.line, "column": found.column, "code": found.code, "message": found.message}


def line(found: Fields) -> None:
    """One object."""
    out(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
