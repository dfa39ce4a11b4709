"""What leaves the machine with an engine that is served elsewhere: collected, refused where it must not, and shown.

`edit` and `fix` call it between the choice of the engine and the road. Invariant: with `--dry-run` no code is sent (a
server may be asked which model it has), and what `-v` shows is what would be, letter for letter.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sharpen.cli.fatal import say
from sharpen.cli.options import Options
from sharpen.cli.road import bounded
from sharpen.core.background import check, guide, outline
from sharpen.core.begun import continues, history
from sharpen.core.engines.base import Engine
from sharpen.core.engines.wire.harmless import harmless
from sharpen.core.errors import EngineUnavailable, Interrupted
from sharpen.core.request import CancelToken, Request
from sharpen.core.session import Job
from sharpen.core.worktree.find import find_root

if TYPE_CHECKING:
    from sharpen.core.engines.rewriter import Preview, RemoteEngine


def prepared(job: Job, *, leaves: bool = True) -> Job:
    """The job with what goes along: the repository's rules and an outline.

    leaves: whether it leaves the machine; then what may not raises Refused.
    """
    paths = [target.document.path for target in job.targets]
    if leaves:
        check((*paths, *(document.path for document in job.context)))
    first = Path() if paths[0] == "-" else Path(paths[0])
    root = find_root(first)
    own = {
        os.path.relpath(os.path.realpath(p), root).replace(os.sep, "/") for p in paths if root and p != "-"
    }
    rules = tuple(d for d in guide(root) if d.path not in own)
    begun = history(root, max(own, default="")) if continues(job.instruction) else ""
    seen = outline(root, job.instruction, own)
    return replace(job, context=(*rules, *job.context), outline=seen, begun=begun, whole=True)


@dataclass(frozen=True, slots=True)
class Parcel:
    """What would be sent for a job."""

    previews: tuple[Preview, ...]
    files: int
    left_out: tuple[str, ...] = ()
    """Files that should go along and for which there is no room beside one of the regions."""

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(len(preview.body) for preview in self.previews)


def parcel(job: Job, engine: Engine, cancel: CancelToken | None = None) -> Parcel | None:
    """What a served engine would be sent; None for one that sends nothing.

    cancel: the server is asked first which model it has, until then. Raises EngineUnavailable, Interrupted then.
    """
    from sharpen.core.engines.rewriter import RemoteEngine  # httpx comes with it

    if not isinstance(engine, RemoteEngine):
        return None
    if cancel is not None:
        engine.settle(cancel)
    previews = tuple(engine.preview(_request(job, index)) for index in range(len(job.targets)))
    never = set.intersection(*(set(preview.left_out) for preview in previews))
    files = {t.document.path for t in job.targets} | ({d.path for d in job.context} - never)
    left_out = dict.fromkeys(path for preview in previews for path in preview.left_out)
    return Parcel(previews, len(files), tuple(left_out))


def sentence(size: int, files: int, host: str) -> str:
    """How much goes where."""
    return f"sending {size:,} bytes, from {files} {'file' if files == 1 else 'files'}, to {host}"


def goes_on(job: Job, engine: Engine, options: Options) -> bool:
    """Say what is sent and where to; False where nothing is to be sent at all."""
    from sharpen.core.engines.rewriter import RemoteEngine

    if isinstance(engine, RemoteEngine):
        if not options.dry_run:
            engine.check()  # before anything is said of sending
        _settle(engine, options)
    sent = parcel(job, engine)
    if sent is None:
        return True
    previews, size, first = sent.previews, sent.size, sent.previews[0]
    if options.verbose:
        for preview in previews:
            say(f"POST {preview.address}")
            say(harmless(preview.body.decode("utf-8", "replace")))
    for path in sent.left_out if not options.quiet and not options.json else ():
        say(f"sharpen: {path} is not sent: there is no room for it beside the region")
    if options.dry_run:
        if not options.quiet:
            say(f"no code was sent; it would be {size:,} bytes to {first.host} (-v shows them)")
        if options.json:
            from sharpen.cli.jsonl import nothing

            nothing(tuple(dict.fromkeys(target.document.path for target in job.targets)), 0)
        return False
    if not first.loopback and not options.quiet and not options.json:
        say(sentence(size, sent.files, first.host))
    return True


def _settle(engine: RemoteEngine, options: Options) -> None:
    """Let a server say which model it has, and how much that takes: what fits and what is sent depends on it.

    No code goes there. Raises EngineUnavailable; a dry run goes on without.
    """
    cancel = CancelToken()
    with bounded(options.timeout, cancel) as late:
        try:
            engine.settle(cancel)
        except Interrupted:
            if not late.is_set():
                raise
            raise EngineUnavailable(
                f"it took longer than {options.timeout:g} s (--timeout); nothing was written"
            ) from None
        except EngineUnavailable as error:
            if not options.dry_run:
                raise
            say(f"sharpen: {error.message}; what is sent depends on the model that it has")


def _request(job: Job, index: int) -> Request:
    target = job.targets[index]
    return Request(
        job.instruction,
        target.document,
        target.region,
        target.diagnostics,
        job.context,
        job.settings,
        outline=job.outline,
        begun=job.begun,
    )
