"""One run of the road for `edit`, `fix` and `demo`: events to the screen or to JSON lines, the end to an exit code.

Owns the interrupt: the first Ctrl-C asks the engine to stop at its next step, a second one stops at once, and while
files are being written neither is heard. Knows nothing of models, diffs or git beyond calling core.
"""

from __future__ import annotations

import shlex
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from sharpen.cli import checked
from sharpen.cli.fatal import out, say, shown
from sharpen.cli.lenient import spares
from sharpen.cli.options import Options
from sharpen.cli.settings import load
from sharpen.cli.tally import Tally
from sharpen.cli.terminal import Terminal, state_folder
from sharpen.core.engines.base import Engine
from sharpen.core.events import Event, Finished, Framed, Where
from sharpen.core.patch import Patch
from sharpen.core.record import Recorded, check, write
from sharpen.core.request import CancelToken
from sharpen.core.request import Settings as EngineSettings
from sharpen.core.session import Job, Write, run
from sharpen.core.worktree.apply import NO_STAGING, apply
from sharpen.core.worktree.find import find_root
from sharpen.core.worktree.index import put
from sharpen.core.worktree.journal import Journal, Limits
from sharpen.core.worktree.staged import Staged

if TYPE_CHECKING:
    from sharpen.cli.show import View
    from sharpen.core.worktree.stage import Planned

Show = Callable[[Event], None]


def journal_for(path: str | None) -> Journal:
    """The journal of the repository that holds `path`; outside git, of where we are, which is where undo looks."""
    own = find_root(Path(path)) if path and path != "-" else None
    config = load(Path.cwd())
    limits = Limits(config.undo_days, config.undo_megabytes)
    return Journal(state_folder(), own or find_root(Path()) or Path.cwd(), limits)


def engine_settings(options: Options, terminal: Terminal, *, many: bool = False) -> EngineSettings:
    """What the engine is told. many: a command is to choose among what it finds."""
    return EngineSettings(
        steps=options.steps,
        candidates=checked.CANDIDATES if many else options.candidates,
        strength=options.strength,
        seed=options.seed,
        frames=options.json or terminal.can_animate or options.verbose or bool(options.record),
    )


def play(
    job: Job,
    engine: Engine,
    options: Options,
    terminal: Terminal,
    *,
    fixing: bool,
    staged: tuple[Staged, ...] = (),
    earlier: int = 0,
) -> int:
    """Run the job, show it, print the result where nothing is written; returns the exit code.

    `staged`: the targets are git's index, and repairs go there. `earlier`: the code of what failed before, which
    counts more than all but an interrupt.
    """
    from sharpen.cli.show import viewer

    cancel = CancelToken()
    paths = [target.document.path for target in job.targets]
    journal = journal_for(paths[0])
    writes = job.action == "apply" and "-" not in paths
    writer = _writer(job, engine, journal, staged, options) if writes else None
    if options.record:
        check(Path(options.record))
    spared, ones = fixing and spares(options), fixing and not options.exit_zero
    frames: list[Recorded] = []
    with (
        viewer(job, options, terminal, _undo(journal)) as plain,
        interruptible(cancel),
        bounded(options.timeout, cancel) as late,
    ):
        tally = Tally(ones, options.exit_zero, spared, spares(options), earlier, cancel, late)
        view = _sparing(plain) if spared and not options.json else plain
        decide = partial(_decided, view, cancel)
        for seen in run(job, engine, journal=None, decide=decide, cancel=cancel, write=writer):
            event = _printed(seen, job, options) if isinstance(seen, Finished) else seen
            tally.take(event)
            if isinstance(event, Framed) and options.record:
                frames.append(Recorded(event.path, event.frame))
            view.see(event, tally.code)
        if options.record:
            write(Path(options.record), frames)
        if late.is_set() and not tally.changed:
            said = f"sharpen: it took longer than {options.timeout:g} s (--timeout); nothing was written"
            say(said + ("; the commit goes on" if spares(options) else ""))
        elif cancel.cancelled and not tally.changed:
            say("sharpen: interrupted; nothing was written")
        elif not options.json:
            _print_result(job, tally.ended[0], options)
    return tally.code


def _sparing(view: View) -> View:
    from sharpen.cli.sparing import Sparing

    return Sparing(view)


def _decided(view: View, cancel: CancelToken, patch: Patch) -> Patch | None:
    try:
        with _plain_interrupt():
            return view.decide(patch)
    except KeyboardInterrupt:
        say("")  # the terminal has written ^C behind the question
        cancel.cancel()
        return None


def _undo(journal: Journal) -> str:
    """What takes an edit back, typed here."""
    if journal.root == journal_for(None).root:
        return "sharpen undo"
    return f"cd {shlex.quote(str(journal.root))} && sharpen undo"


def _writer(
    job: Job, engine: Engine, journal: Journal, staged: tuple[Staged, ...], options: Options
) -> Write:
    """Into the index and the files that say the same, or into the files. A Ctrl-C meanwhile comes too late."""

    def write(patch: Patch) -> dict[str, tuple[str, Where]]:
        with _deaf():
            if staged:
                done = put(
                    journal.root, staged, patch,
                    journal=journal, instruction=job.instruction, engine=engine.name,
                )  # fmt: skip
                only: dict[str, Where] = dict.fromkeys(done.index_only, "index")
                return {path: (done.checkpoint.id, only.get(path, "both")) for path in patch.paths}
            plan = _plan(patch, journal, options)
            staging = plan.staging if plan else NO_STAGING
            checkpoint = apply(patch, journal, job.instruction, engine.name, staging=staging)
            if plan is not None and plan.committed:
                from sharpen.core.worktree.stage import commit

                say(f"committed as {commit(journal.root, plan, job.instruction)}")
            elif options.commit:
                say("nothing is to be committed: HEAD has this text already")
        for warning in checkpoint.warnings:
            say(f"sharpen: {shown(warning)}")
        return dict.fromkeys(patch.paths, (checkpoint.id, "both" if plan else "file"))

    return write


def _plan(patch: Patch, journal: Journal, options: Options) -> Planned | None:
    """What goes into the index, and into a commit, where that was asked for."""
    if not options.stage and not options.commit:
        return None
    from sharpen.core.worktree.stage import planned

    return planned(journal.root, patch, commit=options.commit)


def _only_diff(options: Options) -> bool:
    return options.dry_run or options.check_only


def _printed(end: Finished, job: Job, options: Options) -> Finished:
    """The end of an edit of standard input: its text is changed where it is printed, though no file was written."""
    if [t.document.path for t in job.targets] != ["-"] or end.proposed is None or _only_diff(options):
        return end
    return replace(end, changed=("-",), unchanged=())


def _print_result(job: Job, end: Finished, options: Options) -> None:
    """The diff, or for stdin the text, where the road did not write."""
    patch = end.proposed
    stdin = next((t.document for t in job.targets if t.document.path == "-"), None)
    if stdin is not None and not _only_diff(options):
        if patch is not None:
            out(patch.result("-"))
    elif patch is not None and not end.changed and job.action == "propose":
        out(patch.unified_bytes())


@contextmanager
def bounded(seconds: float | None, cancel: CancelToken) -> Iterator[threading.Event]:
    """Sets the token, and the event that it yields, once the time is over."""
    late = threading.Event()
    if seconds is None:
        yield late
        return

    def stop() -> None:
        late.set()
        cancel.cancel()

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


@contextmanager
def interruptible(cancel: CancelToken) -> Iterator[None]:
    """Ctrl-C sets the token; a second one raises. Only the main thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        if cancel.cancelled:
            raise KeyboardInterrupt
        cancel.cancel()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _deaf() -> Iterator[None]:
    """No interrupt reaches us or the git that we start: a write of a moment ends whole."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _plain_interrupt() -> Iterator[None]:
    """While a question stands, Ctrl-C is the answer."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
