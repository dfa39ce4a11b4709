"""Which served model an engine's name means: `mercury`, `mercury#mercury-2@high`, `openai:URL#MODEL`.

`core.engines.choose` parses, `rewriter` asks. What lies on this machine (keys, a moved address) comes in as `Access`,
because core reads no environment. Invariant: a key belongs to the address that it was set for by the user, never to
one that a project's file names. It also knows prices and windows, as far as they were published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sharpen.core.engines.wire.address import Address, address, usable_key
from sharpen.core.engines.wire.chunks import Usage
from sharpen.core.engines.wire.faults import Server
from sharpen.core.errors import BadInput, EngineUnavailable

MERCURY = "https://api.inceptionlabs.ai/v1"
MERCURY_ORIGIN = "https://api.inceptionlabs.ai"
MERCURY_MODEL = "mercury-2.5"
FILL_MODEL = "mercury-edit-2"
EFFORTS = ("instant", "low", "medium", "high")
UNKNOWN_WINDOW = 32_768
WINDOWS = {"mercury-2": 128_000, "mercury-2.5": 260_000, "mercury-3": 1_000_000, FILL_MODEL: 32_000}
"""Tokens of a prompt and its answer."""
PRICES = {"mercury-2": (0.25, 0.025, 0.75), "mercury-3": (0.10, 0.01, 0.35), FILL_MODEL: (0.25, 0.025, 0.75)}
"""US dollars a million tokens: prompt, prompt from the cache, answer."""
Kind = Literal["mercury", "openai"]
Prices = tuple[float, float, float]
"""In that order."""
_THINKING_TOKENS = {"instant": 0, "low": 2048, "medium": 4096, "high": 12_288}


def _no_key(_name: str, _origin: str) -> str | None:
    return None


def _nowhere(_name: str, _origin: str) -> str:
    return ""


def _never(_where: Address) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Access:
    """What the user has set up on this machine."""

    key: Callable[[str, str], str | None] = _no_key
    """The key of an engine, `mercury` or `openai`, for an origin; None for none."""
    elsewhere: Callable[[str, str], str] = _nowhere
    """Another origin that a key of the engine is kept for; empty for none."""
    mercury_url: str = ""
    """An address in the place of Mercury's own."""
    in_clear: Callable[[Address], bool] = _never
    """Whether a key may go to this address unencrypted, because the user has named its host."""
    models: Path | None = None
    """Where pulled checkpoints lie."""


@dataclass(frozen=True, slots=True)
class Hosted:
    """A served model."""

    name: str
    """As the user typed it, without the model."""
    kind: Kind
    where: Address
    model: str
    """Empty where the server is to say which it has."""
    key: str = field(default="", repr=False)
    effort: str = ""
    elsewhere: str = ""
    """An origin that a key is kept for, where none is for this one."""
    in_clear: bool = False
    """The key may go there unencrypted."""

    @property
    def server(self) -> Server:
        """Who is spoken of in errors. Raises EngineUnavailable where the key may not be sent there."""
        hint = f"export {KEY_VARIABLES[self.kind]}=…, or sharpen keys set {self._typed}"
        if self.kind == "mercury" and not self.key.strip():
            if self.elsewhere:
                said = f"the key that is kept for mercury is for {self.elsewhere} alone, and mercury is {self.where.origin} here"
                raise EngineUnavailable(said, f"unset INCEPTION_BASE_URL, or {hint}")
            raise EngineUnavailable("mercury needs a key, and none is set", hint)
        return Server(self.name, self.where.host, self._sendable, hint)

    @property
    def _sendable(self) -> str:
        return usable_key(self.key, self.where, in_clear=self.in_clear)

    @property
    def _typed(self) -> str:
        """The engine as `sharpen keys set` takes it."""
        away = self.kind == "openai" and not self.where.loopback
        return f"openai:{self.where.origin}" if away else self.kind

    @property
    def window(self) -> int:
        """Tokens of a prompt and its answer together."""
        return WINDOWS.get(self.model, UNKNOWN_WINDOW)

    def answer_tokens(self, region_chars: int) -> int:
        """How long the answer may get; thinking eats of the same."""
        return 1024 + region_chars + _THINKING_TOKENS.get(self.effort, 0)


KEY_VARIABLES = {"mercury": "INCEPTION_API_KEY", "openai": "SHARPEN_API_KEY"}


def is_hosted(spec: str | None) -> bool:
    """Whether an engine of that name sends code to a server."""
    return spec is not None and (spec == "mercury" or spec.startswith(("mercury#", "mercury@", "openai:")))


def mercury_address(moved: str) -> Address:
    """Where Mercury is; `moved`: what takes its place. Raises BadInput, naming the variable that it comes from."""
    try:
        return address(moved or MERCURY)
    except BadInput as error:
        raise BadInput(
            f"INCEPTION_BASE_URL: {error.message}",
            f"unset it, or set it to an address such as {MERCURY_ORIGIN}",
        ) from error


def hosted(spec: str, access: Access) -> Hosted:
    """The served model of an engine's name. Raises BadInput where it names none. Sends nothing."""
    rest, effort = spec, ""
    head, mark, tail = spec.rpartition("@")
    if mark and "/" not in tail:
        rest, effort = head, tail
        if effort not in EFFORTS:
            raise BadInput(f"{effort} is no effort", f"one of {', '.join(EFFORTS)}: mercury@low")
    name, _, model = rest.partition("#")
    if name == "mercury":
        where, model, effort = mercury_address(access.mercury_url), model or MERCURY_MODEL, effort or "low"
    else:
        where = address(name.removeprefix("openai:"))
    kind: Kind = "mercury" if name == "mercury" else "openai"
    key = access.key(kind, where.origin) or ""
    other = "" if key else access.elsewhere(kind, where.origin)
    in_clear = bool(key) and not where.private and access.in_clear(where)
    return Hosted(name, kind, where, model, key, effort, other, in_clear)


def cost(model: str, usage: Usage, prices: Mapping[str, Prices]) -> float | None:
    """US dollars, None where a price or a count is not known."""
    price = prices.get(model)
    if price is None or usage.prompt is None or usage.answer is None:
        return None
    cached = min(usage.cached or 0, usage.prompt)
    tokens = (usage.prompt - cached, cached, usage.answer)
    return sum(count * dollars for count, dollars in zip(tokens, price, strict=True)) / 1e6


def priced(entry: Mapping[str, object]) -> Prices | None:
    """The prices of a catalogue's entry, which has them as texts for one token."""
    pricing = entry.get("pricing")
    if not isinstance(pricing, Mapping):
        return None
    try:
        prompt, answer = float(str(pricing["prompt"])), float(str(pricing["completion"]))
        cached = float(str(pricing.get("input_cache_reads", prompt)))
    except (KeyError, ValueError):
        return None
    if not all(0 <= price < 1 for price in (prompt, cached, answer)):
        return None
    return prompt * 1e6, cached * 1e6, answer * 1e6
