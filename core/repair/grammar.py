"""Does a candidate parse? First the statements around the edit alone, which is a cheap and necessary test.

Compiling a whole file for each of some hundred candidates would take longer than the model; what stands before and
after the edited top-level statements does not change. Only what passes here is shown to the judge.
"""

from __future__ import annotations

import re
import warnings

from sharpen.core.diagnostic import Diagnostic

_TOP = re.compile(r"^(?:def |class |@|import |from |async def |if __name__)", re.MULTILINE)


def complaint(text: str) -> SyntaxError | ValueError | None:
    """What the running interpreter says of `text`, None where it parses."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "x.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as e:
        return e if isinstance(e, SyntaxError | ValueError) else ValueError(str(e))
    return None


class Chunk:
    """The top-level statements of `text` that hold [start, end); everything before them parses on its own."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.head = self._head(text, start)
        self.tail = len(text) - self._stop(text, end)
        self.line = text.count("\n", 0, self.head)

    @staticmethod
    def _head(text: str, start: int) -> int:
        places = [m.start() for m in _TOP.finditer(text, 0, start + 1)]
        for at in places[:-5:-1]:
            if complaint(text[:at]) is None:
                return at
        return 0

    @staticmethod
    def _stop(text: str, end: int) -> int:
        for n, m in enumerate(_TOP.finditer(text, end)):
            if n > 2:
                break
            if text[m.start() - 1 : m.start()] == "\n" and complaint(text[m.start() :]) is None:
                return m.start()
        return len(text)

    def check(self, new: str) -> Diagnostic | None:
        """The complaint about the chunk in the whole text `new`, with its line in the whole; None where it parses."""
        e = complaint(new[self.head : len(new) - self.tail])
        if e is None:
            return None
        if not isinstance(e, SyntaxError):
            return Diagnostic(0, 0, self.line + 1, 0, "syntax", str(e), "python")
        return Diagnostic(0, 0, (e.lineno or 1) + self.line, e.offset or 0, "syntax", str(e.msg), "python")
