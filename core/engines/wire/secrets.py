"""Strings that look like secrets: found, replaced before anything is sent, and put back into the answer.

`core.engines.rewriter` masks all that it sends with one `Masked`, which sees every text whole before it masks a part of
one. Invariant: what `mask` and `cut` return holds none of the strings that the table below finds in any of the texts, nor
a part of one that an edge divides, and `restore` puts back each exactly as it was, or says that it cannot.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from itertools import chain, count

_PATTERNS = (
    r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b",
    r"\bgh[pousr]_[0-9A-Za-z]{36,255}\b",
    r"\bgithub_pat_\w{82}\b",
    r"\bglpat-[\w-]{20,255}",
    r"\bxox[abeoprs]-[0-9A-Za-z-]{10,255}",
    r"\bAIza[\w-]{35}\b",
    r"\bsk-(?:proj-|svcacct-|admin-)?[\w-]{20,100}T3BlbkFJ[\w-]{20,100}",
    r"\bsk-ant-[\w-]{80,255}",
    r"\bsk_[0-9A-Za-z]{32}\b",
    r"\b[rs]k_(?:live|test)_[0-9A-Za-z]{10,255}",
    r"\bnpm_[0-9A-Za-z]{36}\b",
    r"\bpypi-AgEI[\w-]{50,255}",
    r"\bhf_[A-Za-z]{34}\b",
    r"\beyJ[\w-]{10,2000}\.eyJ[\w-]{10,2000}\.[\w-]{10,2000}",
)
_PLAIN = re.compile("|".join(_PATTERNS))
_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?P<secret>.{1,20000}?)-----END [A-Z ]{0,40}PRIVATE KEY",
    re.DOTALL,
)
_IN_URL = re.compile(r"://[^/\s:@'\"]{1,64}:(?P<secret>[^/\s@'\"{}$<>]{3,128})@")
_NAMED = re.compile(
    r"(?i)[\w-]{0,40}(?:api_?key|secret|token|passw(?:or)?d|auth)[\w-]{0,20}['\"]?\s{0,8}(?::\s{0,4}\w{1,20}\s{0,4})?"
    r"[:=]{1,2}>?\s{0,8}(?P<quote>['\"`])(?P<secret>[^'\"`\s]{16,512})(?P=quote)"
)
_ALLOWED = re.compile(r"gitleaks:allow|pragma: allowlist secret")
_EXAMPLE = re.compile(r"(?i)^(.)\1*$|xxx|example|changeme|placeholder|your[_-]|^[<$%{].*|\$\{")
_LEAST_ENTROPY = 3.5
_WORD = "MASKED_SECRET"
_PLACEHOLDER = re.compile(rf"{_WORD}\d*_")
_LEAST_ANYWHERE = 8
"""A shorter one, or one of letters alone, may be a word of the code: it is hidden in its own place only."""
_BASE64 = re.compile(r"[A-Za-z0-9+/=]{24,}")


def found(text: str) -> list[tuple[int, int]]:
    """Places of what looks like a secret, in order, without overlaps."""
    places = [match.span() for match in _PLAIN.finditer(text)]
    for pattern in (_KEY_BLOCK, _IN_URL, _NAMED):
        for match in pattern.finditer(text):
            secret = match["secret"]
            if pattern is _NAMED and (_entropy(secret) < _LEAST_ENTROPY or _EXAMPLE.search(secret)):
                continue
            places.append(match.span("secret"))
    kept: list[tuple[int, int]] = []
    for start, end in sorted(places):
        line = text[
            text.rfind("\n", 0, start) + 1 : text.find("\n", end) if "\n" in text[end:] else len(text)
        ]
        if _ALLOWED.search(line) or _PLACEHOLDER.match(text, start):
            continue
        if kept and start < kept[-1][1]:
            kept[-1] = (kept[-1][0], max(end, kept[-1][1]))
        else:
            kept.append((start, end))
    return kept


def _entropy(text: str) -> float:
    """Bits a character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


class Masked:
    """One request's secrets, each with the word that stands for it.

    texts: all that goes out, whole. What one of them gives away as a secret is one in every other too, and no word
    is taken that one of them has already.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        texts = tuple(texts)
        self._prefix = next(
            prefix
            for prefix in chain((f"{_WORD}_",), (f"{_WORD}{n}_" for n in count(2)))
            if not any(prefix in text for text in texts)
        )
        self._words: dict[str, str] = {}
        self._anywhere: re.Pattern[str] | None = None
        """Secrets that are hidden wherever they stand."""
        self._found: dict[str, list[tuple[int, int]]] = {}
        for text in texts:
            self._places(text)

    def __len__(self) -> int:
        return len(self._words)

    def mask(self, text: str) -> str:
        """The text with a word for each secret in it; the same secret gets the same word everywhere."""
        return self.cut(text, 0, len(text))

    def cut(self, text: str, start: int, end: int) -> str:
        """The part of a text between two places, masked: also what is left in it of a secret that an edge divides."""
        parts, last = [], start
        for place in self._places(text):
            first, after = max(place[0], start), min(place[1], end)
            if first < after and text[first:after].strip():
                parts += [self._hidden(text[last:first]), self._word(text[first:after])]
                last = after
        return "".join((*parts, self._hidden(text[last:end])))

    def restore(self, text: str) -> str:
        """The text with the secrets themselves. Raises ValueError where a word came back changed."""
        if not self._words:
            return text
        known = {word: secret for secret, word in self._words.items()}
        restored = re.sub(rf"{self._prefix}\d+_", lambda match: known.get(match[0], match[0]), text)
        if self._prefix in restored:
            raise ValueError("a string that stands for a secret came back changed")
        return restored

    def _places(self, text: str) -> list[tuple[int, int]]:
        """Where secrets are in a text; from now on they are known."""
        places = self._found.get(text)
        if places is None:
            places = self._found[text] = found(text)
            for start, end in places:
                self._learn(text[start:end])
        return places

    def _learn(self, secret: str) -> None:
        """Give it its word. Of a block, each line alone is a secret as well: a diff may hold no more of it."""
        lines = _BASE64.findall(secret) if "\n" in secret else []
        for one in (secret, *lines):
            self._word(one)
        told = [s for s in self._words if len(s) >= _LEAST_ANYWHERE and not s.isalpha()]
        if told:
            # The longest first: one may be a part of another.
            self._anywhere = re.compile("|".join(map(re.escape, sorted(told, key=len, reverse=True))))

    def _word(self, secret: str) -> str:
        return self._words.setdefault(secret, f"{self._prefix}{len(self._words) + 1}_")

    def _hidden(self, text: str) -> str:
        if self._anywhere is None:
            return text
        return self._anywhere.sub(lambda match: self._words[match[0]], text)
