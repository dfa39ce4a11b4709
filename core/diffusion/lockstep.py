"""Several canvases in one batch: each row's sampler runs as it is, and their passes through the model run together.

Called by `sample.sample_batch`. Each row has a thread, of which one runs at a time: it goes on until it asks the model
something, and once all rows ask, what can be read in one pass is. So every policy of every family is batched without
knowing it, and each row draws the random numbers that it would draw alone. Rows differ in length, in what is kept and
in when they end; padding that nobody sees evens them out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from sharpen.core.diffusion.cache import Cache
from sharpen.core.diffusion.local_model import Transformer


@dataclass(slots=True, eq=False)
class Ask:
    """What a row waits for: hidden states of `ids` (1, T), or logits of `hidden` (N, D)."""

    ids: Tensor | None = None
    positions: Tensor | None = None
    mask: Tensor | None = None
    cache: Cache | None = None
    at: int = 0
    hidden: Tensor | None = None
    answer: Tensor | None = None


class Closed(BaseException):
    """The consumer went away; unwinds a row's thread. Not an Exception, so that no policy takes it for an error."""


class RowModel(Transformer):
    """The model as one row sees it: asking it something is waiting for the others."""

    def __init__(self, model: Transformer, wait: Callable[[Ask], Tensor]) -> None:
        super().__init__(model.shape, model.embed, model.layers, model.gain, model.head)
        self._model, self._wait = model, wait

    def room(self, capacity: int, rows: int = 1) -> Cache:
        """As the model gives it: a row that reads alone reads as one that was never in a batch."""
        return self._model.room(capacity, rows)

    def hidden(
        self,
        ids: Tensor,
        positions: Tensor | None = None,
        mask: Tensor | None = None,
        cache: Cache | None = None,
        at: int = 0,
    ) -> Tensor:
        """As `Transformer.hidden`, together with what other rows ask for."""
        return self._wait(Ask(ids, positions, mask, cache, at))

    def logits(self, hidden: Tensor) -> Tensor:
        """As `Transformer.logits`, together with what other rows ask for."""
        flat = hidden.reshape(-1, hidden.shape[-1])
        return self._wait(Ask(hidden=flat)).reshape(*hidden.shape[:-1], -1)


@dataclass(slots=True, eq=False)
class _Row:
    """A sampler in its thread, and the random numbers that are its own."""

    number: int
    state: tuple[Tensor, ...] | None = None
    """Of the generators; None before its first turn."""
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    asks: Ask | None = None
    step: Any = None
    done: bool = False
    error: BaseException | None = None


class Lockstep:
    """Runs the rows until all have ended. `make(model)` gives a row's steps.

    together: False reads each row by itself, where sums in another order would not do (exact mode).
    """

    def __init__(
        self,
        model: Transformer,
        makes: Sequence[Callable[[Transformer], Iterator[Any]]],
        seed: int,
        *,
        together: bool = True,
    ) -> None:
        self._model, self._makes, self._together, self._seed = model, makes, together, seed
        self._back = threading.Semaphore(0)
        self._closed = False
        self._rows = [_Row(n) for n in range(len(makes))]
        self.passes = 0
        """Passes through the model, each over all rows that could share it."""

    def steps(self) -> Iterator[tuple[int, Any]]:
        """(row, step) as they come. Raises what a row raises. Close the generator to stop."""
        before = _lots()
        threads = [threading.Thread(target=self._work, args=(row,), daemon=True) for row in self._rows]
        for thread in threads:
            thread.start()
        try:
            while alive := [row for row in self._rows if not row.done]:
                for row in alive:
                    while not row.done and (row.asks is None or row.asks.answer is not None):
                        self._turn(row)
                        if row.error is not None:
                            raise row.error
                        if row.step is not None:
                            yield row.number, row.step
                            row.step = None
                self._serve([row.asks for row in self._rows if not row.done and row.asks is not None])
        finally:
            self._closed = True
            for row, thread in zip(self._rows, threads, strict=True):
                row.go.release()
                thread.join()
            _draw_from(before)

    def _turn(self, row: _Row) -> None:
        """Let the row run until it asks, has a step, or ends."""
        if row.state is None:
            torch.manual_seed(self._seed + row.number)
        else:
            _draw_from(row.state)
        row.go.release()
        self._back.acquire()
        row.state = _lots()

    def _work(self, row: _Row) -> None:
        """A row's thread."""
        row.go.acquire()
        try:
            if self._closed:
                return
            for step in self._makes[row.number](RowModel(self._model, lambda ask: self._wait(row, ask))):
                row.asks, row.step = None, step
                self._hand_back(row)
        except Closed:
            return
        except BaseException as error:  # noqa: BLE001 - it is raised again in the consumer's thread
            row.error = error
        row.done, row.asks = True, None
        self._back.release()

    def _hand_back(self, row: _Row) -> None:
        self._back.release()
        row.go.acquire()
        if self._closed:
            raise Closed

    def _wait(self, row: _Row, ask: Ask) -> Tensor:
        row.asks = ask
        self._hand_back(row)
        assert ask.answer is not None
        return ask.answer

    def _serve(self, asks: list[Ask]) -> None:
        """Answer all that is asked, in as few passes as can be."""
        if not self._together:
            for ask in asks:
                self.passes += ask.ids is not None
                _answer(self._model, ask)
            return
        heads = [ask for ask in asks if ask.hidden is not None]
        if heads:
            found = self._model.logits(torch.cat([ask.hidden for ask in heads if ask.hidden is not None]))
            sizes = [len(ask.hidden) for ask in heads if ask.hidden is not None]
            for ask, part in zip(heads, torch.split(found, sizes), strict=True):
                ask.answer = part
        groups: dict[tuple[Any, ...], list[Ask]] = {}
        for ask in asks:
            if ask.ids is not None:
                groups.setdefault(_kind(ask), []).append(ask)
        for group in groups.values():
            self.passes += 1
            _read(self._model, group)


def _lots() -> tuple[Tensor, ...]:
    """The generators' states: the CPU's, and the GPU's where there is one."""
    return (torch.get_rng_state(), *((torch.cuda.get_rng_state(),) if torch.cuda.is_available() else ()))


def _draw_from(states: tuple[Tensor, ...]) -> None:
    torch.set_rng_state(states[0])
    if len(states) > 1:
        torch.cuda.set_rng_state(states[1])


def _kind(ask: Ask) -> tuple[Any, ...]:
    """What two asks must have in common to be read together."""
    alone = (
        () if ask.positions is None else (id(ask),)
    )  # positions of its own (padding inside): read by itself
    return (ask.cache is None, ask.at, *alone)


def _answer(model: Transformer, ask: Ask) -> None:
    if ask.ids is not None:
        ask.answer = model.hidden(ask.ids, ask.positions, ask.mask, ask.cache, ask.at)
    elif ask.hidden is not None:
        ask.answer = model.logits(ask.hidden)


def _read(model: Transformer, group: list[Ask]) -> None:
    """One pass over several rows."""
    first = group[0]
    assert first.ids is not None
    if len(group) == 1:
        _answer(model, first)
        return
    rows = [ask.ids for ask in group if ask.ids is not None]
    if _same(group):  # all begin with the same prompt: it is read once
        first.answer = model.hidden(first.ids, None, first.mask, first.cache, first.at)
        for ask in group[1:]:
            ask.answer = first.answer
            if ask.cache is not None and first.cache is not None:
                _copy(first.cache, ask.cache, first.at, first.at + first.ids.shape[1])
        return
    longest = max(ids.shape[1] for ids in rows)
    ids = torch.cat([torch.nn.functional.pad(one, (0, longest - one.shape[1])) for one in rows])
    cache = None if first.cache is None else _together(model, group, first.at + longest)
    seen = _seen(group, longest, first.at)
    states = model.hidden(ids, None, seen, cache, first.at)
    for place, ask in enumerate(group):
        length = rows[place].shape[1]
        ask.answer = states[place : place + 1, :length]
        if cache is not None and ask.cache is not None:
            span = slice(ask.at, ask.at + length)
            ask.cache.keys[:, :, :, span] = cache.keys[:, place : place + 1, :, span]
            ask.cache.values[:, :, :, span] = cache.values[:, place : place + 1, :, span]


def _same(group: list[Ask]) -> bool:
    first = group[0]
    assert first.ids is not None
    if first.cache is not None and first.cache.used:
        return False
    for ask in group[1:]:
        assert ask.ids is not None
        masks = (first.mask, ask.mask)
        alike = masks[0] is None if masks[1] is None else masks[0] is not None and torch.equal(*masks)  # type: ignore[arg-type]
        if not alike or not torch.equal(first.ids, ask.ids):
            return False
    return True


def _copy(source: Cache, target: Cache, low: int, high: int) -> None:
    target.keys[:, :, :, low:high] = source.keys[:, :, :, low:high]
    target.values[:, :, :, low:high] = source.values[:, :, :, low:high]


def _together(model: Transformer, group: list[Ask], end: int) -> Cache:
    """The rows' kept keys and values side by side."""
    used = max(ask.cache.used for ask in group if ask.cache is not None)
    cache = model.room(max(used, end), len(group))
    for place, ask in enumerate(group):
        assert ask.cache is not None
        cache.keys[:, place : place + 1, :, :used] = 0
        cache.values[:, place : place + 1, :, :used] = 0
        span = slice(0, ask.cache.used)
        cache.keys[:, place : place + 1, :, span] = ask.cache.keys[:, :, :, span]
        cache.values[:, place : place + 1, :, span] = ask.cache.values[:, :, :, span]
    cache.keep(used)
    return cache


def _seen(group: list[Ask], longest: int, at: int) -> Tensor | None:
    """Who sees what (B, 1, T, K): each row's own mask, and nothing of what evens the rows out. None: all sees all."""
    lengths = {ask.ids.shape[1] for ask in group if ask.ids is not None}
    used = {ask.cache.used for ask in group if ask.cache is not None}
    if len(lengths) == 1 and len(used) <= 1 and all(ask.mask is None for ask in group):
        return None
    kept = [0 if ask.cache is None else ask.cache.used for ask in group]
    width = at + longest if group[0].cache is not None else longest
    width = max([width, *kept])
    assert group[0].ids is not None
    seen = torch.zeros(len(group), 1, longest, width, dtype=torch.bool, device=group[0].ids.device)
    for place, ask in enumerate(group):
        assert ask.ids is not None
        length = ask.ids.shape[1]
        reach = max(kept[place], at + length) if ask.cache is not None else length
        if ask.mask is None:
            seen[place, :, :length, :reach] = True
        else:
            seen[place, :, :length, :reach] = ask.mask[0, :, :, :reach]
        seen[place, :, length:, :reach] = True  # padding must see something, or its softmax is no number
    return seen
