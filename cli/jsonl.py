"""Events as JSON lines on stdout. The fields are a contract (`docs/cli.md`); nothing else is printed there."""

from __future__ import annotations

import json
import sys
from typing import Any

from sharpen.cli.exits import code_of
from sharpen.core.candidate import Verdict
from sharpen.core.errors import SharpenError
from sharpen.core.events import Applied, Event, Failed, Finished, Framed, Proposed, Started, Verified


def _verdict(v: Verdict) -> dict[str, Any]:
    def told(found: tuple[Any, ...]) -> list[dict[str, Any]]:
        return [{"line": d.line, "code": d.code, "message": d.message} for d in found]

    return {"holds": v.holds, "gone": told(v.gone), "left": told(v.left), "new": told(v.new)}


def fields(event: Event, code: int = 0) -> dict[str, Any]:
    """The event as a plain dictionary; `code` is what `finished` tells the shell."""
    body: dict[str, Any]
    match event:
        case Started():
            body = {
                "event": "started",
                "engine": event.engine,
                "model": event.model,
                "targets": event.targets,
            }
        case Framed():
            f = event.frame
            body = {
                "event": "frame",
                "path": event.path,
                "step": f.step,
                "steps": f.steps,
                "text": f.canvas.text,
            }
            body |= {"masked": f.canvas.count("masked"), "settled": f.canvas.count("settled", "context")}
        case Proposed():
            body = {"event": "proposed", "path": event.path, "candidate": event.index}
            body |= {"score": event.candidate.score, "diff": event.patch.unified()}
        case Verified():
            body = {
                "event": "verified",
                "path": event.path,
                "candidate": event.index,
                **_verdict(event.verdict),
            }
        case Applied():
            body = {"event": "applied", "path": event.path, "checkpoint": event.checkpoint}
        case Failed():
            known = isinstance(event.error, SharpenError)
            body = {"event": "failed", "path": event.path, "code": int(code_of(event.error))}
            body |= {"message": str(event.error), "hint": event.error.hint if known else ""}  # type: ignore[attr-defined]
        case Finished():
            body = {"event": "finished", "exit": code, "changed": event.changed, "unchanged": event.unchanged}
            body |= {
                "failed": event.failed,
                "steps": event.steps,
                "engine_seconds": round(event.engine_seconds, 4),
            }
    return body | {"seconds": round(event.seconds, 4)}


def write(event: Event, code: int = 0) -> None:
    """One line, at once."""
    sys.stdout.write(json.dumps(fields(event, code), ensure_ascii=False) + "\n")
    sys.stdout.flush()
