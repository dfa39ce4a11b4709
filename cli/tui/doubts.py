"""Does what the user keeps of a proposal hold? The road has verified the whole; a part of it is another text.

`edits` asks before it applies, in the engine's process. It judges with `core.verify`, as the road does, and decides
nothing: the sentence goes to the user.
"""

from __future__ import annotations

from sharpen.core import diagnose
from sharpen.core.document import Document
from sharpen.core.patch import Patch
from sharpen.core.request import CancelToken


def doubt(
    kept: Patch, proposed: Patch, cancel: CancelToken, check: str | None = None, seconds: float | None = None
) -> str:
    """Why the result of `kept` does not hold, in one clause; empty where it does, or is what was verified.

    A file that did not parse before may go on not parsing where some of its hunks are left out: that is what was asked
    for. Raises Refused where the check command cannot be tried, and Interrupted.
    """
    verified = set(proposed.edits)
    if set(kept.edits) == verified:
        return ""
    for path in kept.paths:
        own = {edit for edit in kept.edits if edit.path == path}
        if own == {edit for edit in verified if edit.path == path}:
            continue
        document = kept.document(path)
        reason = _fault(document, kept.result(path), part=own <= verified)
        if reason:
            return f"{path}, {reason}"
    return _of_check(kept, cancel, check, seconds) if check is not None else ""


def _fault(document: Document, result: bytes, *, part: bool) -> str:
    from sharpen.core.verify import judge_for

    text, path = document.text, document.path
    new = Document.from_bytes(result, path).text
    if part and diagnose.is_python(path, text) and diagnose.syntax(text, path) is not None:
        return ""
    verdict = judge_for(document, document.whole(), ())(new)
    return "" if verdict.holds else verdict.reason or "a new fault"


def _of_check(kept: Patch, cancel: CancelToken, check: str, seconds: float | None) -> str:
    from sharpen.core.worktree.copies import root_of
    from sharpen.core.worktree.sandbox import Checks

    checks = Checks(root_of(kept.paths), check, seconds)
    try:
        ended = checks.run(kept, cancel)
    finally:
        checks.close()
    return "" if ended.exit == 0 else f"{ended.command} ended with {ended.exit}"
