"""What each token of a canvas contributes to its text: cells that a person can look at.

Called by `edits` after every step and by `mend` after every block. A token's letters depend on its neighbours (half a
character in UTF-8, a leading space that only counts in the middle), so known stretches are decoded as a whole and
divided among their tokens; the parts always join to what the tokenizer says of the stretch.
"""

from __future__ import annotations

from collections.abc import Sequence

from sharpen.core.diffusion.tokens import Tokenizer

BROKEN = "\ufffd"
_BEFORE = 3
"""Tokens before one that can change how it reads."""


class Spelling:
    """A tokenizer's texts, remembered token by token."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._alone: dict[int, str] = {}

    def parts(self, ids: Sequence[int], known: Sequence[bool]) -> list[str]:
        """One text for each position; empty where unknown, and for special tokens."""
        texts = [""] * len(ids)
        start = 0
        while start < len(ids):
            if not known[start]:
                start += 1
                continue
            end = start
            while end < len(ids) and known[end]:
                end += 1
            texts[start:end] = self._stretch(list(ids[start:end]))
            start = end
        return texts

    def text(self, ids: Sequence[int]) -> str:
        """The tokens' text as a whole."""
        return self._tokenizer.decode(ids)

    def _stretch(self, ids: list[int]) -> list[str]:
        """Known tokens side by side. The usual case is cheap: each reads alone as it does with the others."""
        whole = self.text(ids)
        texts = [self._one(token) for token in ids]
        if "".join(texts) == whole:
            return texts
        return self._divided(ids, whole)

    def _one(self, token: int) -> str:
        found = self._alone.get(token)
        if found is None:
            found = self._alone[token] = self.text([token])
        return found

    def _divided(self, ids: list[int], whole: str) -> list[str]:
        """What every token adds to those before it; half a character goes to the token that completes it."""
        texts: list[str] = []
        done = 0
        for end in range(1, len(ids) + 1):
            first = max(0, end - _BEFORE)
            near, before = self.text(ids[first:end]), self.text(ids[first : end - 1])
            if near.endswith(BROKEN) and end < len(ids):
                texts.append("")
                continue
            new = near[len(before.rstrip(BROKEN)) :] if near.startswith(before.rstrip(BROKEN)) else ""
            if not whole.startswith(new, done):
                new = self.text(ids[:end])[done:]
            texts.append(new)
            done += len(new)
        if (
            "".join(texts) != whole
        ):  # the tokenizer's decoder looks further: only the stretch as one is certain
            return [whole, *[""] * (len(ids) - 1)]
        return texts
