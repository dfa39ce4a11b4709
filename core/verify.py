"""Does a candidate hold? The engine's oracle and the session's last word, one function for both.

A candidate holds when what was asked about is gone, its file parses at least as well as before, and no new error is
there. What lies outside the region is untouched by construction: only the region's text is replaced. Where the text
did not parse before, undefined names after the repair are not held against it: nobody could see them before.
"""

from __future__ import annotations

from collections.abc import Sequence

from sharpen.core import diagnose
from sharpen.core.candidate import Verdict
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.region import Region
from sharpen.core.request import Judge


def judge_for(document: Document, region: Region, before: Sequence[Diagnostic]) -> Judge:
    """A judge of new texts for `region`; `before` are the findings that the edit is about."""
    text, path = document.text, document.path
    head, tail = text[: region.start_char], text[region.end_char :]
    asked = {d.key for d in before}
    broken = any(d.code == "syntax" for d in before) or (
        diagnose.is_python(path) and diagnose.syntax(text, path) is not None
    )
    known: set[tuple[str, str]] | None = None

    def judge(new: str) -> Verdict:
        nonlocal known
        whole = head + new + tail
        if not diagnose.is_python(path):
            return Verdict(True)
        first = diagnose.syntax(whole, path)
        if first is not None:
            why = f"line {first.line}: {first.message}"
            return (
                Verdict(False, left=(first,), reason=why)
                if broken
                else Verdict(False, new=(first,), reason=why)
            )
        if broken:
            return Verdict(True, gone=tuple(before))
        if known is None:
            known = {d.key for d in diagnose.names(text, path, diagnose.ERRORS)}
        after = diagnose.names(whole, path, diagnose.ERRORS)
        keys = {d.key for d in after}
        left = tuple(d for d in after if d.key in asked)
        fresh = tuple(d for d in after if d.key not in known)
        gone = tuple(d for d in before if d.key not in keys)
        reason = f"{(left or fresh)[0].message}" if left or fresh else ""
        return Verdict(not left and not fresh, gone, left, fresh, None, reason)

    return judge
