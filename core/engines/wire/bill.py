"""What a run took: the usage of all its requests, summed, with their speed and their price, as a note of a few words.

`core.engines.rewriter` enters each answer, used or not: a provider bills both. What a server does not say is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sharpen.core.engines.wire.chunks import Usage
from sharpen.core.engines.wire.harmless import sentence
from sharpen.core.engines.wire.hosted import Prices, cost


@dataclass(slots=True)
class Bill:
    """One run's answers, oldest first."""

    entries: list[tuple[str, Usage]] = field(default_factory=list)
    """Which model answered, and what it took."""

    def enter(self, model: str, usage: Usage) -> None:
        """One more answer."""
        self.entries.append((model, usage))

    def note(self, seconds: float, prices: Mapping[str, Prices]) -> str:
        """The note. A sum of which a part is not known is at least what it says."""
        if not self.entries:
            return ""
        parts = [" and ".join(dict.fromkeys(sentence(model, 80) for model, _ in self.entries))]
        if len(self.entries) > 1:
            parts.append(f"{len(self.entries)} requests")
        prompt, _ = self._sum([usage.prompt for _, usage in self.entries])
        answer, count = self._sum([usage.answer for _, usage in self.entries])
        if prompt:
            parts.append(f"{prompt} tokens in")
        if answer:
            parts.append(f"{answer} out")
            if seconds > 0 and count:
                parts.append(f"{count / seconds:,.0f} tokens/s")
        if (dollars := self._dollars(prices)) is not None:
            parts.append(f"${dollars:.4f}" if dollars >= 0.0001 else "under $0.0001")
        return ", ".join(parts)

    @staticmethod
    def _sum(counts: list[int | None]) -> tuple[str, int]:
        known = [count for count in counts if count is not None]
        some = "at least " if len(known) < len(counts) else ""
        return (f"{some}{sum(known):,}" if known else ""), sum(known)

    def _dollars(self, prices: Mapping[str, Prices]) -> float | None:
        each = [cost(model, usage, prices) for model, usage in self.entries]
        known = [dollars for dollars in each if dollars is not None]
        return sum(known) if len(known) == len(each) else None
