"""Strings that look like secrets: found, replaced before anything is sent, and put back into the answer.

`core.engines.rewriter` masks all that it sends with one `Masked`. Invariant: what `mask` returns holds none of the
strings that the table below finds, and `restore` puts back each exactly as it was, or says that it cannot.
"""

from __future__ import annotations

import math
import re
from collections import Counter

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
PLACEHOLDER = "MASKED_SECRET_"


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
        if _ALLOWED.search(line) or text[start:end].startswith(PLACEHOLDER):
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
    """One request's secrets, each with the word that stands for it."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._words)

    def mask(self, text: str) -> str:
        """The text with a word for each secret in it; the same secret gets the same word everywhere."""
        parts, last = [], 0
        for start, end in found(text):
            word = self._words.setdefault(text[start:end], f"{PLACEHOLDER}{len(self._words) + 1}_")
            parts += [text[last:start], word]
            last = end
        masked = "".join((*parts, text[last:]))
        # A secret that one file gives away by its context is one in every other place too.
        for secret, word in self._words.items():
            if secret in masked:
                masked = masked.replace(secret, word)
        return masked

    def restore(self, text: str) -> str:
        """The text with the secrets themselves. Raises ValueError where a word came back changed."""
        for secret, word in self._words.items():
            text = text.replace(word, secret)
        if self._words and PLACEHOLDER in text:
            raise ValueError("a string that stands for a secret came back changed")
        return text
