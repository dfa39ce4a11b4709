"""The model with its passes over a block in shapes that stay, so that torch can compile them and a GPU replay them.

Wrapped around a `Transformer` by `load`. A short pass that has a cache is bound by its launches, not by its sums: the
same few shapes come back in every step, so each is prepared once, compiled where that was asked for, and on CUDA
recorded as a graph. To keep the shape, slots are written where a tensor says and all the room of the cache is attended
to under a mask. A prepared pass is first compared with the plain one; where it cannot be had or differs, the plain
one goes on and `way` says so. Policies, lockstep and caches know nothing of it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sharpen.core.diffusion.cache import Cache
from sharpen.core.diffusion.local_model import Transformer
from sharpen.core.diffusion.spec import Shape

MOST_TOKENS = 128
"""Tokens of one row beyond which a pass is left as it is: its sums take longer than its launches."""
MOST_PREPARED = 16
"""Shapes that are kept prepared; a graph holds memory of its own."""
MOST_ROOMS = 3
"""Memories for keys and values that are kept between runs."""
GRAIN = 256
"""Room is given in steps of so many slots, so that canvases of nearly the same length share a shape."""
NEAR = 0.05
"""How far a prepared pass may be from the plain one, as a share of its largest number: half precision sums differ."""


Pass = Callable[..., Tensor]
"""`Transformer.hidden`, or what a compiler made of it."""


class Placed(Cache):
    """A cache that is written where `places` says, and read whole: what is not to be seen is the mask's business."""

    def __init__(self, shape: Shape, capacity: int, rows: int, like: Tensor) -> None:
        super().__init__(shape, capacity, rows, like)
        self.keys.zero_()  # a masked slot counts for nothing only as long as it is a number
        self.values.zero_()
        self.places = torch.zeros(1, dtype=torch.long, device=like.device)

    def swap(self, layer: int, keys: Tensor, values: Tensor, at: int) -> tuple[Tensor, Tensor]:
        """Write (B, H, T, D) to the slots of `places` (T,), and return all that there are."""
        held_keys, held_values = self.keys[layer], self.values[layer]
        held_keys.index_copy_(2, self.places, keys)
        held_values.index_copy_(2, self.places, values)
        return held_keys, held_values


class Lent(Cache):
    """A cache in a `Placed` one's memory, for one run at a time."""

    def __init__(self, whole: Placed) -> None:
        self.whole = whole
        self.keys, self.values = whole.keys, whole.values
        self.used = 0


class Prepared:
    """One shape of pass, over one memory. Call it with what changes."""

    def __init__(self, run: Pass, whole: Placed, tokens: int) -> None:
        rows, capacity = whole.keys.shape[1], whole.keys.shape[3]
        device = whole.keys.device
        self._run, self._whole = run, whole
        self._ids = torch.zeros(rows, tokens, dtype=torch.long, device=device)
        self._places = torch.zeros(tokens, dtype=torch.long, device=device)
        self._seen = torch.zeros(rows, 1, tokens, capacity, dtype=torch.bool, device=device)
        self.tried = False
        """Whether it has been run, and could be."""
        self._graph: Any = None
        self._out: Tensor | None = None

    def set(self, ids: Tensor, at: int, seen: Tensor | None, upto: int) -> None:
        """Ids (B, T) for the slots from `at`; a mask over the first slots, or all of those below `upto` are seen."""
        self._ids.copy_(ids)
        torch.arange(at, at + ids.shape[1], out=self._places)
        self._seen.zero_()
        if seen is None:
            self._seen[..., :upto] = True
        else:
            self._seen[..., : seen.shape[-1]] = seen

    def once(self) -> Tensor:
        """Hidden states (B, T, D) of what was set."""
        self._whole.places = self._places
        return self._run(self._ids, self._places[None], self._seen, self._whole)

    def record(self) -> None:
        """Make a CUDA graph of it. What was set is computed meanwhile, which changes nothing: it is the same again."""
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(2):  # libraries choose their kernels and take their memory at the first calls
                self.once()
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._out = self.once()
        self._graph = graph

    def __call__(self) -> Tensor:
        """Hidden states (B, T, D), which stay as they are after the next call."""
        if self._graph is None or self._out is None:
            return self.once()
        self._graph.replay()
        return self._out.clone()


def inductor(run: Pass) -> Pass:
    """The pass compiled by torch: a minute at the first call of each shape, less where torch kept it from before."""
    return torch.compile(run, fullgraph=True, dynamic=False)


class Steady(Transformer):
    """`Transformer` whose short passes are prepared: compiled where a compiler is given, recorded where CUDA is."""

    def __init__(self, model: Transformer, compiler: Callable[[Pass], Pass] | None = None) -> None:
        super().__init__(model.shape, model.embed, model.layers, model.gain, model.head)
        self._plain = model
        self._graphs = model.device.type == "cuda"
        self._run: Pass = model.hidden if compiler is None else compiler(model.hidden)
        ways = ["compiled"] * (compiler is not None) + ["CUDA graphs"] * self._graphs
        self._wanted = ", ".join(ways) or "fixed shapes"
        self._rooms: dict[tuple[int, int], tuple[Placed, weakref.ref[Lent]]] = {}
        self._prepared: dict[tuple[int, int, int], Prepared] = {}
        self._why_not = ""

    @property
    def way(self) -> str:
        """How short passes are run, once there was one, or why not."""
        if self._why_not:
            return f"not {self._wanted} ({self._why_not})"
        return self._wanted if self._prepared else ""

    def room(self, capacity: int, rows: int = 1) -> Cache:
        """Kept memory where nobody else uses it, else memory of its own."""
        key = (-(-capacity // GRAIN) * GRAIN, rows)
        kept = self._rooms.get(key)
        if kept is not None and kept[1]() is not None:
            return super().room(capacity, rows)
        self._rooms.pop(key, None)
        if kept is None:
            self._make_room()
        whole = Placed(self.shape, *key, self.gain) if kept is None else kept[0]
        lent = Lent(whole)
        self._rooms[key] = (whole, weakref.ref(lent))  # the youngest is the last
        return lent

    def _make_room(self) -> None:
        """Let go of the memory that was unused the longest, and of what was prepared for it."""
        idle = [key for key, (_, lent) in self._rooms.items() if lent() is None]
        for capacity, rows in idle[: max(0, len(self._rooms) + 1 - MOST_ROOMS)]:
            del self._rooms[capacity, rows]
            for shape in [s for s in self._prepared if (s[2], s[0]) == (capacity, rows)]:
                del self._prepared[shape]

    @torch.no_grad()
    def hidden(
        self,
        ids: Tensor,
        positions: Tensor | None = None,
        mask: Tensor | None = None,
        cache: Cache | None = None,
        at: int = 0,
    ) -> Tensor:
        """As `Transformer.hidden`."""
        short = ids.shape[1] <= MOST_TOKENS and positions is None
        if not short or self._why_not or not isinstance(cache, Lent) or not cache.used:
            return self._plain.hidden(ids, positions, mask, cache, at)
        key = (*ids.shape, cache.whole.keys.shape[3])
        ready = self._prepared.pop(key, None) or Prepared(self._run, cache.whole, ids.shape[1])
        if ready.tried:
            self._prepared[key] = ready  # the youngest is the last
            ready.set(ids, at, mask, max(cache.used, at + ids.shape[1]))
            return ready()
        plain = self._plain.hidden(ids, None, mask, cache, at)
        ready.set(ids, at, mask, max(cache.used, at + ids.shape[1]))
        self._why_not = self._try(ready, plain)
        if self._why_not:
            self._prepared.clear()
        else:
            while len(self._prepared) >= MOST_PREPARED:
                del self._prepared[next(iter(self._prepared))]
            self._prepared[key] = ready
        return plain

    def _try(self, ready: Prepared, plain: Tensor) -> str:
        """Prepare a pass, and hold what it gives against the plain one's; returns what is wrong, or nothing."""
        try:
            if self._graphs:
                ready.record()
            found = ready()
        except torch.OutOfMemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - a compiler and a driver fail in ways of their own
            return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
        ready.tried = True
        far = float((found - plain).abs().max() / plain.abs().max().clamp_min(1e-6))
        return "" if far <= NEAR else f"its numbers are {far:.2g} off"
