"""Does a candidate hold? The engine's oracle and the session's last word, one function for both.

A candidate holds when what was asked about is gone, its file parses at least as well as before, and no new error is
there. What lies outside the region is untouched by construction: only the region's text is replaced, and a syntax
error that stood there before may stay unless the edit is about it. Where the text did not parse before, undefined
names after the repair are not held against it: nobody could see them before.
In other languages than Python tree-sitter alone is asked: no fault may be new, and those that the edit is about must
be gone. A text of no known language is not judged.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from sharpen.core import diagnose
from sharpen.core.candidate import Candidate, Verdict
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.elsewhere import Elsewhere
from sharpen.core.grammars import faults, language_of
from sharpen.core.patch import Patch
from sharpen.core.region import Region
from sharpen.core.request import CancelToken, Judge
from sharpen.core.worktree.sandbox import TIMED_OUT, Checks, several


def judge_for(document: Document, region: Region, before: Sequence[Diagnostic]) -> Judge:
    """A judge of new texts for `region`; `before` are the findings that the edit is about."""
    text, path = document.text, document.path
    head, tail = text[: region.start_char], text[region.end_char :]
    region_text = text[region.start_char : region.end_char]
    python = diagnose.is_python(path, text)
    asked = any(d.code == "syntax" for d in before)
    old = diagnose.syntax(text, path) if python else None
    broken = asked or old is not None
    around = Elsewhere(head, region_text, tail, path, old) if old is not None and not asked else None
    language = None if python else language_of(path)
    known: Counter[tuple[str, str]] | None = None

    def judge(new: str) -> Verdict:
        nonlocal known
        whole = head + new + tail
        if language is not None:
            if known is None:
                known = _counted(faults(text, language))
            return _compared(known, before, faults(whole, language))
        if not python:
            return Verdict(True)
        first = diagnose.syntax(whole, path)
        if first is not None and around is not None and around.excuses(new, first):
            return Verdict(True, gone=tuple(before))
        if first is not None:
            why = f"line {first.line}: {first.message}"
            found = (first,)
            return Verdict(False, left=found, reason=why) if broken else Verdict(False, new=found, reason=why)
        if broken:
            return Verdict(True, gone=tuple(before))
        if known is None:
            known = _counted(diagnose.names(text, path, diagnose.ERRORS))
        return _compared(known, before, diagnose.names(whole, path, diagnose.ERRORS))

    return judge


def verify(
    document: Document,
    region: Region,
    candidate: Candidate,
    judge: Judge,
    *,
    checks: Checks | None = None,
    cancel: CancelToken | None = None,
) -> Verdict:
    """The judge's verdict, and where that holds the end of the check command with the candidate applied.

    Raises Refused where the command cannot be tried, Interrupted, and what `judge` raises.
    """
    verdict = judge(candidate.text)
    if checks is None or not verdict.holds:
        return verdict
    patch = Patch.of(document, region, candidate.text, candidate.spans)
    result = checks.run(patch, cancel or CancelToken())
    ended = (
        f"took longer than {result.seconds:.0f} s"
        if result.exit == TIMED_OUT
        else f"ended with {result.exit}"
    )
    reason = "" if result.exit == 0 else f"{result.command} {ended}"
    return replace(verdict, holds=result.exit == 0, check=result, reason=reason)


def verdicts(
    document: Document,
    region: Region,
    candidates: Sequence[Candidate],
    judge: Judge,
    *,
    checks: Checks | None,
    cancel: CancelToken,
    first: bool,
) -> Iterator[tuple[int, Verdict]]:
    """A verdict on each candidate as it comes, with its place; check commands run several at once.

    `first`: no further ones are tried once one holds, and those before it have been judged. Raises as `verify`.
    """
    alone = threading.Lock()  # parsers are not made for two threads

    def judged(text: str) -> Verdict:
        with alone:
            return judge(text)

    def job(candidate: Candidate) -> Callable[[CancelToken], Verdict]:
        return lambda stop: verify(document, region, candidate, judged, checks=checks, cancel=stop)

    if checks is None:
        yield from ((at, judge(candidate.text)) for at, candidate in enumerate(candidates))
        return
    jobs = [job(candidate) for candidate in candidates]
    yield from several(jobs, checks.at_once, cancel, good=lambda verdict: first and verdict.holds)


def _counted(found: Iterable[Diagnostic]) -> Counter[tuple[str, str]]:
    return Counter(d.key for d in found)


def _compared(
    known: Counter[tuple[str, str]], asked: Sequence[Diagnostic], after: Sequence[Diagnostic]
) -> Verdict:
    """By how often each finding is there: one name may be undefined in other places too, and stay so."""
    wanted, now = _counted(asked), _counted(after)
    gone = tuple(d for d in asked if now[d.key] <= known[d.key] - wanted[d.key])
    left = tuple(d for d in after if d.key in wanted and now[d.key] > known[d.key] - wanted[d.key])
    fresh = tuple(d for d in after if d.key not in wanted and now[d.key] > known[d.key])
    wrong = (*left, *fresh)
    reason = f"line {wrong[0].line}: {wrong[0].message}" if wrong else ""
    return Verdict(not wrong, gone, left, fresh, None, reason)
