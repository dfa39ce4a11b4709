"""The embedded engine: the edit-diffusion model that ships with sharpen, on onnxruntime. Works offline, needs no torch.

It repairs syntax errors (`repair.search`) and undefined names (`repair.names`). Frames show windows as they really
were: the noise head's reading, masks put in, each of the first plans as it was judged. The engine reads no user file
and writes none; its weights lie in `core/weights`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from sharpen.core.candidate import Candidate, Verdict
from sharpen.core.canvas import Canvas, Frame, State
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.engines.base import Ability
from sharpen.core.errors import EngineUnavailable, Interrupted, Refused
from sharpen.core.grammars import language_of
from sharpen.core.region import Region
from sharpen.core.repair.frames import canvas_of, settled
from sharpen.core.repair.plans import Array
from sharpen.core.repair.reader import Ints
from sharpen.core.repair.search import Found, Step, Tools, search
from sharpen.core.repair.swallow import conflict, lost
from sharpen.core.repair.tokens import Codec
from sharpen.core.repair.traits import Traits
from sharpen.core.request import Request

WEIGHTS = Path(__file__).parent.parent / "weights"
BUDGET_SECONDS = 12.0


class EmbeddedEngine:
    """`refine` repairs what the request's diagnostics name."""

    name = "embedded"

    def __init__(self, weights: Path | None = None) -> None:
        self._folder = weights or WEIGHTS
        if not (self._folder / "model.onnx").exists():
            raise EngineUnavailable(
                f"the embedded model's weights are missing from {self._folder}",
                "reinstall sharpen, or run sharpen doctor",
            )

    @cached_property
    def model(self) -> str:
        """The checkpoint's name, from its config."""
        return str(json.loads((self._folder / "config.json").read_text())["name"])

    @cached_property
    def _codec(self) -> Codec:
        return Codec(self._folder / "tokenizer.json")

    @cached_property
    def _traits(self) -> Traits:
        return Traits.of(self._codec)

    def can(self, instruction: str) -> Ability:
        """Whether the instruction is to repair syntax errors or undefined names."""
        from sharpen.core.skills import classify

        if classify(instruction) is not None:
            return Ability(True)
        return Ability(
            False, "the embedded model repairs syntax errors and undefined names; it knows no other edits yet"
        )

    @cached_property
    def _session(self):  # type: ignore[no-untyped-def]
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = min(4, os.cpu_count() or 1)
        options.log_severity_level = 3
        # Threads that spin while they wait gain nothing here, and lose a third where other work wants the cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            return onnxruntime.InferenceSession(
                str(self._folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
        except Exception as e:  # onnxruntime raises classes of its own that it does not export
            raise EngineUnavailable(
                f"the embedded model could not be loaded: {e}", "reinstall sharpen"
            ) from e

    def _run(self, ids: Ints, flags: Ints, rows: Ints) -> tuple[Array, Array]:
        heads, logits = self._session.run(None, {"ids": ids, "flags": flags, "rows": rows})
        return np.asarray(heads), np.asarray(logits)

    def refine(self, request: Request) -> Iterator[Frame | Candidate]:
        """Frames, then up to `settings.candidates` candidates. Raises Interrupted and EngineUnavailable."""
        began = time.monotonic()
        _refuse_other_languages(request)
        syntax = next((d for d in request.diagnostics if d.code == "syntax"), None)
        names = [d for d in request.diagnostics if d.code == "F821"]
        checks = [d for d in request.diagnostics if d.code == "check"]
        if syntax is not None:
            _refuse_conflicts(request.document, syntax)
            yield from self._syntax(request, syntax, began)
        elif names:
            yield from self._names(request, names, began)
        elif checks:
            yield from self._bugs(request, checks, began)

    def _bugs(self, request: Request, hints: Sequence[Diagnostic], began: float) -> Iterator[Candidate]:
        """Single-token repairs for a check command to choose from, `TRIES` where the request asks for one edit."""
        from sharpen.core.repair import bugs
        from sharpen.core.repair.bugs_rank import Model, ranked

        text, region = request.document.text, request.region
        found = [s for s in bugs.swaps(text) if region.start_char <= s.start and s.end <= region.end_char]
        budget = request.settings.budget_seconds or BUDGET_SECONDS
        model = Model(self._run, self._codec, began + budget, lambda: request.cancel.cancelled)
        wanted = request.settings.candidates
        for swap, score in ranked(text, found, hints, model)[: wanted if wanted > 1 else bugs.TRIES]:
            if request.cancel.cancelled:
                raise Interrupted("stopped; nothing was written")
            at = swap.start - region.start_char
            new = request.text[:at] + swap.new + request.text[swap.end - region.start_char :]
            yield Candidate(new, score, 1, time.monotonic() - began, (), swap.note())

    def _tools(self, request: Request, began: float) -> Tools:
        region, text = request.region, request.document.text
        head, tail = text[: region.start_char], text[region.end_char :]

        def judge(new: str) -> Verdict:
            return request.judge(new[len(head) : len(new) - len(tail)])

        def allowed(start: int, end: int) -> bool:
            # the text after the region keeps its length, so the region's end moves with the edits made so far
            return region.start_char <= start and end <= max(region.end_char, len(text) - len(tail))

        budget = request.settings.budget_seconds or BUDGET_SECONDS
        return Tools(
            self._run,
            self._codec,
            self._traits,
            judge,
            lambda: request.cancel.cancelled,
            allowed,
            began + budget,
        )

    def _syntax(self, request: Request, found: Diagnostic, began: float) -> Iterator[Frame | Candidate]:
        text = request.document.text
        tail = len(text) - request.region.end_char
        step, seen, shown = 0, None, False
        for item in search(text, found, self._tools(request, began), max(1, request.settings.candidates)):
            if request.cancel.cancelled:
                raise Interrupted("stopped; nothing was written")
            if isinstance(item, Step):
                step += 1
                if request.settings.frames:
                    canvas = canvas_of(item, self._codec, text)
                    seen = canvas.region
                    yield Frame(step, None, canvas, time.monotonic() - began, item.note)
                continue
            if request.settings.frames and not shown:
                step, shown = step + 1, True
                canvas = settled(text, item.text, item.plan.score, self._codec, seen)
                yield Frame(step, None, canvas, time.monotonic() - began, "holds")
            new = item.text[request.region.start_char : len(item.text) - tail]
            yield Candidate(
                new,
                item.score,
                step,
                time.monotonic() - began,
                _spans(item, request.region),
                lost(text, item.text),
            )
        if request.cancel.cancelled:
            raise Interrupted("stopped; nothing was written")

    def _names(
        self, request: Request, found: Sequence[Diagnostic], began: float
    ) -> Iterator[Frame | Candidate]:
        from sharpen.core.repair import names_frames
        from sharpen.core.repair.names import propose
        from sharpen.core.repair.splice import rewrite

        text, region = request.document.text, request.region
        tail = len(text) - region.end_char
        plans = propose(text, found, (region.start_char, region.end_char))[:24]
        spans = sorted({(d.start_char, d.end_char) for d in found})
        shares = names_frames.shares(plans)
        given, step = 0, 1

        def frame(canvas: Canvas, note: str) -> Frame:
            return Frame(step, None, canvas, time.monotonic() - began, note)

        if request.settings.frames and plans:
            yield frame(names_frames.doubted(text, spans, plans, region), "undefined names")
        for number, (plan, share) in enumerate(zip(plans, shares, strict=True), 1):
            if request.cancel.cancelled:
                raise Interrupted("stopped; nothing was written")
            step += 1
            if request.settings.frames:
                state: State = "draft" if number == 1 else "revised"
                canvas = names_frames.tried(text, spans, (plan, share), state, region)
                yield frame(canvas, f"try plan {number} of {len(plans)}: {plan.note}")
            new = rewrite(text, sorted(plan.edits))[region.start_char :]
            new = new[: len(new) - tail] if tail else new
            if not request.judge(new).holds:
                continue
            step += 1
            if request.settings.frames:
                yield frame(names_frames.tried(text, spans, (plan, share), "settled", region), "holds")
            yield Candidate(new, plan.prior, step, time.monotonic() - began, (), plan.note)
            given += 1
            if given >= max(1, request.settings.candidates):
                return


def _refuse_conflicts(document: Document, found: Diagnostic) -> None:
    """Which side of a merge is right the parser cannot say. Raises Refused."""
    lines = conflict(document.text)
    if lines is not None and lines[0] <= found.line <= lines[1] + 1:
        raise Refused(
            f"{document.path} has an unresolved merge conflict (line {lines[0]})", "resolve it in an editor"
        )


def _refuse_other_languages(request: Request) -> None:
    """What the model never learnt it must not touch. Raises EngineUnavailable."""
    document = request.document
    language = language_of(document.path)
    if language is not None:
        first = next(iter(request.diagnostics), None)
        at = f" (line {first.line}: {first.message})" if first else ""
        raise EngineUnavailable(
            f"the embedded model repairs Python only, and {document.path} is {language.name}{at}; nothing was written"
        )


def _spans(found: Found, region: Region) -> tuple[tuple[int, int, float], ...]:
    """Places of the last round's new tokens in the region's new text, with the plan's own probability."""
    sure = float(1 / (1 + np.exp(-found.plan.score / max(1, len(found.changes)))))
    spans, moved = [], 0
    for start, end, new in found.changes:
        at = start + moved - region.start_char
        spans.append((at, at + len(new), sure))
        moved += len(new) - (end - start)
    return tuple(spans)
