"""The engine of open checkpoints on this machine: `local:NAME`, torch in a process of its own.

It asks for the region's whole new text as `rewriter` does, with the same templates and the same checks, or lets a model
that fills holes fill the region. A finding that is all the edit is about narrows the region to its definition, because
these models write every token of a region anew. It knows nothing of files, git or screens; nothing leaves the machine.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from sharpen.core.candidate import Candidate
from sharpen.core.canvas import Canvas, Cell, Frame
from sharpen.core.diffusion.order import Done, Edit, Ended, Open, Opened, Shown, Wrong
from sharpen.core.engines.base import Ability
from sharpen.core.engines.local_name import LocalName
from sharpen.core.engines.local_process import Process
from sharpen.core.engines.local_region import Focus, focused
from sharpen.core.engines.wire.answer import Unusable, extracted
from sharpen.core.engines.wire.checks import check
from sharpen.core.engines.wire.harmless import harmless
from sharpen.core.engines.wire.prompt import Asked, asked, fill_prompt
from sharpen.core.engines.wire.secrets import Masked
from sharpen.core.errors import BadInput, EngineUnavailable, NothingHeld, SharpenError
from sharpen.core.request import CancelToken, Request

GB = 1e9
_SHOWN_ROW = 0
_MOST_ROWS = 16
_LEAST_WINDOW = 4096
"""Tokens: for a smaller window the estimate in characters is too coarse, and the process counts."""


class Unmasked(Masked):
    """Nothing leaves the machine, so nothing is hidden from the model."""

    def cut(self, text: str, start: int, end: int) -> str:
        """The text as it is."""
        return text[start:end]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One canvas's end, as a text of the region."""

    text: str
    ended: Ended
    unusable: str
    """Why it cannot be used; empty where it can."""


class LocalEngine:
    """`refine` asks a checkpoint of this machine to rewrite the request's region."""

    follows_prompts = True

    def __init__(self, name: LocalName) -> None:
        self._name = name
        self._process: Process | None = None
        self._opened: Opened | None = None
        self._runs = itertools.count(1)
        self._way = ""

    @property
    def name(self) -> str:
        """The engine as it is typed."""
        return self._name.spec

    @property
    def model(self) -> str:
        """The checkpoint's folder's name."""
        return self._name.folder.name

    def can(self, instruction: str) -> Ability:
        """Any instruction; how well depends on the checkpoint."""
        return Ability(bool(instruction.strip()), "say what to do")

    def refine(self, request: Request) -> Iterator[Frame | Candidate]:
        """Frames of the first canvas, then up to `settings.candidates` candidates, the surest that holds first.

        Raises EngineUnavailable (no torch, out of memory, too slow), BadInput where the region does not fit, NothingHeld
        where no canvas came to a usable text, Interrupted.
        """
        began = time.monotonic()
        budget = request.settings.budget_seconds
        until = began + budget if budget else None
        if self._opened is None or self._process is None or not self._process.alive:
            if request.settings.frames:
                yield Frame(0, None, _unchanged(request), 0.0, f"loading {self.model}")
            self.open(request.cancel, until)
        focus = focused(request)
        ends: list[Outcome] = []
        steps = 0
        for item in self._run(request, focus, until, began):
            if isinstance(item, Frame):
                steps = item.step
                yield item
            else:
                ends.append(item)
        yield from _chosen(
            request, focus, ends, steps=steps, seconds=time.monotonic() - began, note=self._told(ends)
        )

    def open(self, cancel: CancelToken, until: float | None = None) -> Opened:
        """Load the checkpoint, where it is not loaded yet. Raises EngineUnavailable, BadInput, Interrupted."""
        if self._process is not None and self._process.alive and self._opened is not None:
            return self._opened
        self.close()
        self._process = Process(self.name)
        try:
            self._opened = self._loaded(self._process, cancel, until)
        except BaseException:  # an interrupt too: half a load is no model
            self.close()
            raise
        return self._opened

    def _loaded(self, process: Process, cancel: CancelToken, until: float | None) -> Opened:
        name = self._name
        process.tell(Open(str(name.folder), name.family, name.device, name.precision, name.compiled))
        for answer in process.answers(0, cancel, until):
            if isinstance(answer, Opened):
                return answer
            if isinstance(answer, Wrong):
                raise _error(answer, self.name)
        raise EngineUnavailable(f"{self.name} said nothing")

    def asks(
        self, order: Edit, cancel: CancelToken, until: float | None = None
    ) -> Iterator[Shown | Ended | Done]:
        """What the process says of an order, for those that ask in their own words. Raises as `refine` does."""
        self.open(cancel, until)
        assert self._process is not None
        finished = False
        try:
            self._process.tell(order)
            for answer in self._process.answers(order.run, cancel, until):
                if isinstance(answer, Opened) or answer.run != order.run:
                    continue  # the rest of a run that was stopped
                if isinstance(answer, Wrong):
                    finished = True
                    raise _error(answer, self.name)
                if isinstance(answer, Shown | Ended | Done):
                    finished = isinstance(answer, Done)
                    yield answer
                    if finished:
                        return
        finally:
            if not finished:
                self._process.stop(order.run)

    def next_run(self) -> int:
        """A number for an order."""
        return next(self._runs)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.close()
        self._process = self._opened = None

    def __del__(self) -> None:
        """A process is not left behind by an engine that nobody holds."""
        self.close()

    def _run(
        self, request: Request, focus: Focus, until: float | None, began: float
    ) -> Generator[Frame | Outcome, None, None]:
        inner = focus.request
        order, told = self.order(inner)
        rows = order.rows
        for answer in self.asks(order, request.cancel, until):
            if isinstance(answer, Shown) and answer.row == _SHOWN_ROW:
                note = answer_note(answer, rows)
                yield Frame(
                    answer.step, answer.steps, focus.canvas(_cells(answer)), time.monotonic() - began, note
                )
            elif isinstance(answer, Ended):
                yield self._outcome(inner, told, answer)
            elif isinstance(answer, Done):
                self._way = answer.way

    def order(self, request: Request) -> tuple[Edit, Asked]:
        """What the process is asked for a request, and what is needed to read its answer. Raises BadInput."""
        opened = self.open(request.cancel)
        tokens = min(256 + len(request.text) // 2, opened.context // 2)
        told = asked(request, max(opened.context, _LEAST_WINDOW), tokens, Unmasked())
        settings, place = request.settings, told.place
        rows = min(max(1, settings.candidates), _MOST_ROWS)
        if rows == 1 and (opened.fills or not request.text.strip()) and "variable_length" not in opened.can:
            rows = 4  # how long the new text is nobody knows: several lengths in one batch
        edit = Edit(
            self.next_run(),
            told.messages[-1]["content"],
            told.messages[0]["content"],
            f"{told.fence}{told.tag}\n",
            f"{'' if place.old.endswith(chr(10)) else chr(10)}{told.fence}",
            fill_prompt(request, told),
            told.after,
            request.document.text[: request.region.start_char],
            request.document.text[request.region.end_char :],
            place.old,
            request.document.path,
            rows,
            settings.steps,
            settings.strength,
            settings.seed,
            settings.frames,
        )
        return edit, told

    def _outcome(self, request: Request, told: Asked, ended: Ended) -> Outcome:
        """The canvas's text put right as far as that is certain."""
        text, why, opened = ended.text, "", self._opened
        assert opened is not None
        hole = opened.fills or ("infill" in opened.can and not request.text.strip())
        try:
            if hole:
                text = _ended_like(text, request.text, told.after)
            else:
                text = extracted(f"{told.fence}\n{text.removesuffix(chr(10))}\n{told.fence}", told.place)
            check(text, told.place, request.instruction)
        except Unusable as error:
            why = str(error)
        if not why and not ended.whole and not hole:
            why = "" if request.judge(text).holds else "it does not come to its end"
        return Outcome(text, ended, why)

    def _told(self, ends: list[Outcome]) -> str:
        if not ends or self._opened is None:
            return ""
        seconds = max(one.ended.seconds for one in ends)
        tokens = sum(one.ended.tokens for one in ends)
        rate = f", {tokens / seconds:,.0f} tokens/s" if seconds > 0 else ""
        way = f", {self._way}" if self._way else ""
        steps = max(one.ended.steps for one in ends)
        return f"{self.model}, {tokens} tokens in {steps} step{'' if steps == 1 else 's'}{rate}{way}"


def _chosen(
    request: Request, focus: Focus, ends: list[Outcome], *, steps: int, seconds: float, note: str
) -> Iterator[Candidate]:
    """Up to the wanted number of candidates, those that hold first, then by how sure the model was."""
    usable = [one for one in ends if not one.unusable]
    if ends and not usable:
        raise NothingHeld(
            f"what {len(ends)} {'canvas' if len(ends) == 1 else 'canvases'} came to cannot be used: "
            f"{ends[0].unusable}; nothing was written",
            "more --candidates, a smaller region, or another model",
        )
    known: dict[str, Outcome] = {}
    for one in sorted(usable, key=lambda one: -one.ended.score):
        known.setdefault(one.text, one)
    wanted = max(1, request.settings.candidates)
    ranked = list(known.values())
    if len(ranked) > wanted:
        held = {one.text: request.judge(focus.whole(one.text)).holds for one in ranked}
        ranked.sort(key=lambda one: not held[one.text])
    for one in ranked[:wanted]:
        spans = one.ended.spans if one.text == one.ended.text else ()
        yield Candidate(
            focus.whole(one.text),
            one.ended.score,
            one.ended.steps or steps,
            seconds,
            tuple((a + focus.shift, b + focus.shift, c) for a, b, c in spans),
            f"{note}, {one.ended.planned}"
            + (f", {one.ended.remasked} masked again" if one.ended.remasked else ""),
        )


def answer_note(shown: Shown, rows: int) -> str:
    """What a frame is of."""
    return "denoise" if rows == 1 else f"denoise, canvas {shown.row + 1} of {rows}"


def _cells(shown: Shown) -> tuple[Cell, ...]:
    return tuple(
        Cell(harmless(text), state, sure, width)  # type: ignore[arg-type]
        for text, state, sure, width in shown.cells
    )


def _ended_like(text: str, old: str, after: str) -> str:
    """A hole's text with the end of line that its place needs."""
    wants = old.endswith("\n") or (not old and bool(after))
    return text + "\n" if wants and text and not text.endswith("\n") else text


def _unchanged(request: Request) -> Canvas:
    return Canvas((Cell(request.text, "context"),) if request.text else (), request.region)


def _error(wrong: Wrong, name: str) -> SharpenError:
    if wrong.kind == "BadInput":
        return BadInput(wrong.message, wrong.hint)
    if wrong.kind == "defect":
        return EngineUnavailable(
            f"{name} failed: {wrong.message}", "sharpen models try NAME PROMPT shows more"
        )
    return EngineUnavailable(wrong.message, wrong.hint.replace("local:NAME", name.partition("#")[0]))
