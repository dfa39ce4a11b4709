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
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from sharpen.cli import checked
from sharpen.cli.exits import Exit, code_of
from sharpen.cli.fatal import out, say
from sharpen.cli.lenient import spares
from sharpen.cli.options import Options
from sharpen.cli.settings import load
from sharpen.cli.terminal import Terminal, state_folder
from sharpen.core.engines.base import Engine
from sharpen.core.errors import EngineUnavailable, Interrupted, NothingHeld
from sharpen.core.events import Event, Failed, Finished, Framed, Where
from sharpen.core.patch import Patch
from sharpen.core.record import Recorded, write
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


@dataclass(slots=True)
class _SoFar:
    """What a run has come to, as an exit code."""

    ones: bool
    """A changed or broken file is 1, as a fixer has it."""
    mild: bool
    """A file that is still broken counts as done."""
    spared: bool
    """An engine that is not to be had counts as done: see `cli.lenient`."""
    earlier: int
    """What failed before the run."""
    ended: list[Finished] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def take(self, event: Event) -> None:
        if isinstance(event, Finished):
            self.ended.append(event)
        if isinstance(event, Failed):
            self.errors.append(event.error)

    @property
    def changed(self) -> bool:
        return any(end.changed for end in self.ended)

    @property
    def code(self) -> int:
        if any(isinstance(e, Interrupted) for e in self.errors):
            return Exit.INTERRUPTED
        return self.earlier or self._own

    @property
    def _own(self) -> int:
        missing = [e for e in self.errors if isinstance(e, EngineUnavailable)]
        nothing = self.ended and self.ended[0].proposed is None and not self.changed
        if self.spared and nothing and missing and len(missing) == len(self.errors):
            return Exit.DONE  # nothing came of it but for want of an engine
        expected = (NothingHeld,) if self.ones or self.mild else ()
        worse = [
            e
            for e in self.errors
            if not isinstance(e, (*expected, EngineUnavailable) if self.spared else expected)
        ]
        if worse:
            return code_of(worse[0])
        # A fixer is only given what is broken: now it is changed, or it is broken still.
        return Exit.CHANGED if self.ones and self.ended else Exit.DONE


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
    writer = (
        _writer(job, engine, journal, staged, options) if job.action == "apply" and "-" not in paths else None
    )
    spared = fixing and spares(options)
    so_far = _SoFar(fixing and not options.exit_zero, options.exit_zero, spared, earlier)
    frames: list[Recorded] = []
    with (
        viewer(job, options, terminal, _undo(journal)) as shown,
        interruptible(cancel),
        bounded(options.timeout, cancel) as late,
    ):
        view = _sparing(shown) if spared and not options.json else shown

        def decide(patch: Patch) -> Patch | None:
            try:
                with _plain_interrupt():
                    return view.decide(patch)
            except KeyboardInterrupt:
                say("")  # the terminal has written ^C behind the question
                cancel.cancel()
                return None

        for event in run(job, engine, journal=None, decide=decide, cancel=cancel, write=writer):
            so_far.take(event)
            if isinstance(event, Framed) and options.record:
                frames.append(Recorded(event.path, event.frame))
            view.see(event, so_far.code)
        if options.record:
            write(Path(options.record), frames)
        if late.is_set() and not so_far.changed:
            return earlier or _too_late(options)
        if cancel.cancelled and not so_far.changed:
            say("sharpen: interrupted; nothing was written")
            return Exit.INTERRUPTED
        if not options.json:
            _print_result(job, so_far.ended[0], options)
    return so_far.code


def _sparing(view: View) -> View:
    from sharpen.cli.sparing import Sparing

    return Sparing(view)


def _too_late(options: Options) -> int:
    """An engine that did not end in time was not to be had; in a hook the commit goes on."""
    said = f"sharpen: it took longer than {options.timeout:g} s (--timeout); nothing was written"
    goes_on = spares(options)
    say(said + ("; the commit goes on" if goes_on else ""))
    return Exit.DONE if goes_on else Exit.NO_ENGINE


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
        for warning in checkpoint.warnings:
            say(f"sharpen: {warning}")
        return dict.fromkeys(patch.paths, (checkpoint.id, "both" if plan else "file"))

    return write


def _plan(patch: Patch, journal: Journal, options: Options) -> Planned | None:
    """What goes into the index, and into a commit, where that was asked for."""
    if not options.stage and not options.commit:
        return None
    from sharpen.core.worktree.stage import planned

    return planned(journal.root, patch, commit=options.commit)


def _print_result(job: Job, end: Finished, options: Options) -> None:
    """The diff, or for stdin the text, where the road did not write."""
    patch = end.proposed
    stdin = next((t.document for t in job.targets if t.document.path == "-"), None)
    if stdin is not None and not options.dry_run:
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
