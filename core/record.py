"""A refinement written to a file as JSON lines, and read back: one line that says what it is, then a line a frame.

Front ends write a record while the road runs and play it later. Invariant: what is read equals what was written,
cell by cell. It keeps the frames' text only, no part of the file outside the region.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from sharpen.core.canvas import Canvas, Cell, Frame, State
from sharpen.core.errors import BadInput, NotAFile, WriteFailed
from sharpen.core.region import Chosen, Region

FORMAT = "sharpen-record-1"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One frame, and the file that it shows."""

    path: str
    frame: Frame


def check(path: Path) -> None:
    """See that a record can be written there, before anything else is. Raises WriteFailed."""
    try:
        path.open("ab").close()
    except OSError as error:
        raise WriteFailed(f"the record {path} cannot be written: {error.strerror}") from error


def write(path: Path, frames: Iterable[Recorded]) -> None:
    """Write the frames to `path`, replacing what is there. Raises WriteFailed."""
    try:
        with path.open("w", encoding="utf-8", newline="\n") as out:
            out.write(json.dumps({"format": FORMAT}) + "\n")
            for one in frames:
                out.write(json.dumps(_row(one)) + "\n")
    except OSError as error:
        raise WriteFailed(f"the record {path} cannot be written: {error.strerror}") from error


def read(path: Path) -> Iterator[Recorded]:
    """The frames, in order. Raises NotAFile where the file cannot be read, BadInput where it is no record."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise NotAFile(f"the record {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not a record of sharpen") from error
    for number, line in enumerate(lines, 1):
        if not line and number == len(lines) > 1:
            return
        try:
            row = json.loads(line)
            if number > 1:
                yield _recorded(row)
            else:
                _check_format(row)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise BadInput(f"{path} is not a record of sharpen, see line {number}") from error


def _check_format(row: dict[str, Any]) -> None:
    if row["format"] != FORMAT:
        raise ValueError(row)


def _row(one: Recorded) -> dict[str, Any]:
    frame, region = one.frame, one.frame.canvas.region
    return {
        "path": one.path,
        "step": frame.step,
        "steps": frame.steps,
        "seconds": frame.seconds,
        "note": frame.note,
        "region": [region.start_char, region.end_char, region.chosen, region.label],
        "cells": [[c.text, c.state, c.confidence, c.width, c.alternatives] for c in frame.canvas.cells],
    }


def _recorded(row: dict[str, Any]) -> Recorded:
    start, end, chosen, label = row["region"]
    if chosen not in get_args(Chosen):
        raise ValueError(chosen)
    canvas = Canvas(tuple(_cell(*cell) for cell in row["cells"]), Region(int(start), int(end), chosen, label))
    return Recorded(row["path"], Frame(row["step"], row["steps"], canvas, row["seconds"], row["note"]))


def _cell(
    text: str, state: State, confidence: float | None, width: int, others: list[tuple[str, float]]
) -> Cell:
    if state not in get_args(State):
        raise ValueError(state)
    return Cell(text, state, confidence, width, tuple((t, p) for t, p in others))
