"""The engine of models behind HTTP: Mercury, and any server that speaks the same protocol or OpenAI's.

It asks for the region's whole new text, shows each state of it that the server sends, cleans the answer, and asks once
more where the answer cannot be used. `remote` is its connection, `wire` its languages. Nothing is sent before `refine`
is iterated; an answer that did not end as finished is never a candidate. It knows nothing of files, git or screens.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sharpen.core.candidate import Candidate
from sharpen.core.canvas import Canvas, Cell, Frame
from sharpen.core.engines.base import Ability
from sharpen.core.engines.remote import Limits, Line, Reply, encoded
from sharpen.core.engines.wire import faults, retry
from sharpen.core.engines.wire.answer import Unusable, extracted
from sharpen.core.engines.wire.bill import Bill
from sharpen.core.engines.wire.bodies import PATHS, Bodies, Body, Way, first_way
from sharpen.core.engines.wire.checks import check, unharmed
from sharpen.core.engines.wire.chunks import Answer
from sharpen.core.engines.wire.filled import filled
from sharpen.core.engines.wire.harmless import harmless, sentence
from sharpen.core.engines.wire.hosted import PRICES, Hosted, Prices, priced
from sharpen.core.engines.wire.prompt import Asked, again, asked
from sharpen.core.engines.wire.snapshots import Snapshots
from sharpen.core.engines.wire.sse import Event, Parser, TooMuch
from sharpen.core.errors import EngineUnavailable, NothingHeld
from sharpen.core.request import CancelToken, Request

_LEAST_TEXT_CHARS = 65_536
_EVENTS = 200_000
_CATALOGUE_SECONDS = 2.0
OWN_MODELS = "sharpen-"
"""What the models of `sharpen serve` are called."""
_MOST_NAME = 200
_MOST_WINDOW = 10**9
Frames = Generator[Frame, None, Answer]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent for a request, letter for letter; the key is left out."""

    address: str
    host: str
    body: bytes
    loopback: bool
    left_out: tuple[str, ...] = ()
    """Paths of files that should go along and for which there is no room."""


@dataclass(slots=True)
class _Pace:
    """How far one `refine` is."""

    began: float
    step: int = 0
    bill: Bill = field(default_factory=Bill)
    remarks: list[str] = field(default_factory=list)
    """What the server, or its way of ending, gave occasion to say."""

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


@dataclass(slots=True)
class _Edited:
    """A text for the region, and the answer that it was."""

    text: str
    answer: Answer


class RemoteEngine:
    """`refine` asks a server to rewrite the request's region."""

    follows_prompts = True

    def __init__(self, model: Hosted, limits: Limits | None = None) -> None:
        self._hosted, self._limits = model, limits or Limits()
        self._line: Line | None = None
        self._offered: Mapping[str, Any] = {}
        """What a server that is a sharpen says of itself: it takes regions as they are and sends its cells."""
        self._asked_which = False
        self._dropped: set[str] = set()
        """Fields that this server does not take."""
        self._prices = dict(PRICES)
        self._asked_prices = False
        self._window = model.window
        self._remarked: set[str] = set()

    @property
    def name(self) -> str:
        """The engine as it is typed."""
        return self._hosted.name

    @property
    def model(self) -> str:
        """The model's own name, empty until a server that was not told one has said which it has."""
        return self._hosted.model

    def can(self, instruction: str) -> Ability:
        """Any instruction; whether the server is there is seen when it is asked."""
        return Ability(bool(instruction.strip()), "say what to do")

    def refine(self, request: Request) -> Iterator[Frame | Candidate]:
        """Frames as the server sends states, then up to `settings.candidates` candidates.

        Raises EngineUnavailable for every fault of the server or the way to it, NothingHeld where the answer cannot
        be used twice, BadInput where the region does not fit, Interrupted.
        """
        pace = _Pace(time.monotonic())
        line = self._opened(request)
        self.settle(request.cancel)
        found: dict[str, Candidate] = {}
        for index in range(max(1, request.settings.candidates)):
            edited = yield from self._edited(request, line, pace, index)
            if edited.text not in found:
                found[edited.text] = Candidate(edited.text, -float(index), pace.step, pace.seconds)
        # Only now is it known what the run took, whichever of them is chosen.
        seconds, prices = pace.seconds, self._known_prices(request, pace.bill)
        note = "; ".join([pace.bill.note(seconds, prices), *pace.remarks])
        yield from (replace(candidate, note=note) for candidate in found.values())

    def preview(self, request: Request) -> Preview:
        """What `refine` would send first. Sends nothing and needs no key."""
        way, where = first_way(self._hosted, request), self._hosted.where
        told_ = self._asked(request, way)
        bodies = self._bodies
        body, left_out = (
            bodies.of(request, told_, way, told_.messages, 0),
            bodies.left_out(request, told_, way),
        )
        return Preview(where.at(PATHS[way]), where.host, encoded(body), where.loopback, left_out)

    def catalogue(self, cancel: CancelToken | None = None) -> tuple[Mapping[str, Any], ...]:
        """The models that the server says it has. Raises EngineUnavailable, Interrupted."""
        line = self._line or Line(self._hosted.where, self._hosted.server, self._limits)
        cancel = cancel or CancelToken()
        reply = line.ask("GET", "/models", None, cancel)
        try:
            found = retry.parsed(b"".join(reply.chunks(cancel)))
        finally:
            reply.close()
        rows = found.get("data") if isinstance(found, Mapping) else found
        if not isinstance(rows, list):
            raise line.server.fault("has no list of models", "name one: #MODEL")
        return tuple(row for row in rows if isinstance(row, Mapping) and _is_name(row.get("id")))

    def _opened(self, request: Request) -> Line:
        server = self._hosted.server
        sent = (request.text, request.instruction, request.document.text)
        server = replace(server, sent=(*sent, *(d.text for d in request.context)))
        if self._line is None:
            self._line = Line(self._hosted.where, server, self._limits)
        self._line.server = server
        budget = request.settings.budget_seconds
        self._line.limits = (
            replace(self._limits, total=min(budget, self._limits.total)) if budget else self._limits
        )
        return self._line

    def check(self) -> None:
        """Raise EngineUnavailable where there is no key that may be sent. Opens nothing."""
        _ = self._hosted.server

    def settle(self, cancel: CancelToken | None = None) -> None:
        """Ask a server that was not told a model, or that may be a sharpen, what it has: once. Sends no code.

        Raises EngineUnavailable, Interrupted.
        """
        named = self._hosted.model
        if self._asked_which or (named and not named.startswith(OWN_MODELS)):
            return
        rows = self.catalogue(cancel)
        if not rows:
            raise self._hosted.server.fault("has no model", "name one: #MODEL")
        first = next((row for row in rows if row["id"] == named), None) if named else rows[0]
        self._asked_which = True
        if first is None:
            return  # it says itself that it does not know the model
        self._hosted = replace(self._hosted, model=str(first["id"]))
        window = first.get("max_model_len") or first.get("context_length")
        if isinstance(window, int) and 0 < window <= _MOST_WINDOW:
            self._window = window
        own = first.get("x_sharpen")
        self._offered = own if isinstance(own, Mapping) else {}

    def close(self) -> None:
        """Let go of the connection; a further `refine` opens another."""
        if self._line is not None:
            self._line.close()

    def _known_prices(self, request: Request, bill: Bill) -> Mapping[str, Prices]:
        """Prices, from the catalogue where they are not known; what it does not say soon stays unknown."""
        known = all(model in self._prices or usage.prompt is None for model, usage in bill.entries)
        if self._hosted.kind == "mercury" and not known and not self._asked_prices:
            self._asked_prices, line = True, self._line
            try:
                if line is not None:
                    line.limits = replace(self._limits, total=_CATALOGUE_SECONDS, retries=0)
                for row in self.catalogue(request.cancel):
                    if (price := priced(row)) is not None:
                        self._prices.setdefault(str(row["id"]), price)
            except EngineUnavailable:
                return {}
            finally:
                if line is not None:
                    line.limits = self._limits
        return self._prices

    @property
    def _bodies(self) -> Bodies:
        return Bodies(self._hosted, self._window, self._offered, self._dropped)

    def _asked(self, request: Request, way: Way) -> Asked:
        bodies = self._bodies
        window = 10**9 if self._offered else bodies.room(way)
        return asked(request, window, bodies.tokens(request, way))

    def _edited(
        self, request: Request, line: Line, pace: _Pace, index: int
    ) -> Generator[Frame, None, _Edited]:
        """One usable text. Raises NothingHeld after the second that is not."""
        why, messages = "", None
        for way in (first_way(self._hosted, request), "chat"):
            told_ = self._asked(request, way)
            body = self._bodies.of(request, told_, way, messages or told_.messages, index)
            answer = yield from self._answer(request, line, pace, (PATHS[way], body))
            pace.bill.enter(self._bodies.model(way), answer.usage)
            self._remark(answer, pace)
            edited = _Edited("", answer)
            try:
                edited.text = self._cleaned(request, told_, way, answer, str(body.get("prompt", "")))
                verdict = request.judge(edited.text)
                if verdict.holds or messages or self._offered:
                    return edited
                why = f"with it the file no longer holds: {verdict.reason}"
            except Unusable as error:
                why = str(error)
            messages = again(told_, answer.text, why)
        raise NothingHeld(
            f"{self.model} answered twice, and neither can be used: {why}; nothing was written",
            "name a smaller region, or try another engine",
        )

    def _remark(self, answer: Answer, pace: _Pace) -> None:
        """What is to be said of an answer besides its text, once."""
        server, said = answer.server, []
        if warning := sentence(server.clean(answer.warning), 200):
            said.append(f"{server.host} warns: {warning}")
        if not answer.done:
            said.append(f"{server.host} ended its answer without [DONE]")
        pace.remarks += [one for one in said if one not in self._remarked]
        self._remarked.update(said)

    def _cleaned(self, request: Request, told_: Asked, way: Way, answer: Answer, prompt: str) -> str:
        """The answer as the region's text, with its secrets. Raises Unusable."""
        text = answer.end()
        if way == "edit" and text.strip() == "None":
            return request.text  # so it says that nothing is to be changed
        if not self._offered:
            text = filled(text, told_.place, prompt) if way == "fim" else extracted(text, told_.place)
        if not self._offered:
            check(text, told_.place, request.instruction)
        else:
            unharmed(text, told_.place.old)  # it has checked the rest, and may be no sharpen at all
        try:
            return told_.masked.restore(text)
        except ValueError as error:
            raise Unusable(str(error)) from error

    def _answer(self, request: Request, line: Line, pace: _Pace, sending: tuple[str, Body]) -> Frames:
        """One answer to its end, with its states as frames. Raises EngineUnavailable, Interrupted."""
        reply = self._asked_without(line, *sending, request.cancel)
        chars = max(_LEAST_TEXT_CHARS, 4 * len(request.text))
        # Some servers end well without the mark; Mercury never does.
        answer = Answer(line.server, chars, needs_mark=self._hosted.kind == "mercury")
        try:
            if reply.kind == "application/json":
                _whole(answer, b"".join(reply.chunks(request.cancel)))
            elif reply.kind in {"text/event-stream", ""}:
                yield from self._streamed(request, reply, answer, pace)
            else:
                raise line.server.fault(
                    f"answers with {sentence(line.server.redacted(reply.kind), 60)}: it is not an API",
                    "check the address",
                )
        finally:
            reply.close()
        answer.end()
        return answer

    def _asked_without(self, line: Line, path: str, body: Body, cancel: CancelToken) -> Reply:
        """Send, once more without each optional field that the server complains of."""
        while True:
            try:
                return line.ask("POST", path, body, cancel)
            except faults.Refusal as refusal:
                name = retry.unwanted(refusal.said, body) if refusal.status in {400, 422} else None
                if name is None or name in self._dropped:
                    raise
                self._dropped.add(name)
                value = body.pop(name)
                if name in {"max_tokens", "max_completion_tokens"}:
                    body["max_completion_tokens" if name == "max_tokens" else "max_tokens"] = value

    def _streamed(self, request: Request, reply: Reply, answer: Answer, pace: _Pace) -> Iterator[Frame]:
        parser = Parser(max(262_144, 16 * len(request.text)))
        shots = Snapshots(request.region)
        shown, thought = 0, False
        for number, event in enumerate(_events(request, reply, parser, answer)):
            if number > _EVENTS:
                raise answer.server.fault("sends parts without end", "try again")
            if answer.take(event):
                reply.heard()
            if answer.done:
                return
            if answer.thinking and not thought and not answer.frames and request.settings.frames:
                thought = True
                yield Frame(pace.step, None, _unchanged(request), pace.seconds, "thinking")
            if answer.frames > shown:
                shown, pace.step = answer.frames, pace.step + 1
                if request.settings.frames:
                    canvas = shots.canvas(answer.text, appended=not answer.canvas, cells=answer.cells)
                    yield Frame(pace.step, None, canvas, pace.seconds)


def _events(request: Request, reply: Reply, parser: Parser, answer: Answer) -> Iterator[Event]:
    """The stream's events to its end. Raises EngineUnavailable, Interrupted."""
    try:
        for chunk in reply.chunks(request.cancel):
            yield from parser.feed(chunk)
        yield from parser.close()
    except TooMuch as error:
        raise answer.server.fault(f"sends {error}", "name a smaller region: PATH::SYMBOL") from error


def _is_name(found: object) -> bool:
    """Whether a model can be called so: it is shown, kept and sent back as it is."""
    return (
        isinstance(found, str)
        and 0 < len(found) <= _MOST_NAME
        and harmless(found) == found
        and found == " ".join(found.split())
    )


def _unchanged(request: Request) -> Canvas:
    """The region as it is, while nothing of the answer is there."""
    return Canvas((Cell(request.text, "context"),) if request.text else (), request.region)


def _whole(answer: Answer, body: bytes) -> None:
    """An answer that came at once, although a stream was asked for. Raises EngineUnavailable."""
    found = retry.parsed(body)
    if not isinstance(found, Mapping):
        raise answer.server.fault("answers with what is not JSON", "check the address")
    answer.read(found)
    answer.done = True
