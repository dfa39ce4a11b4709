"""`sharpen fix`: find what is broken and repair it. Clean files cost a parse and one ruff process, no engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sharpen.cli.exits import Exit
from sharpen.cli.fatal import out, say, say_error, told
from sharpen.cli.options import Options
from sharpen.cli.selection import Selection, in_index, on_disk
from sharpen.core.errors import BadInput, EngineUnavailable

if TYPE_CHECKING:
    from sharpen.cli.terminal import Terminal
    from sharpen.core.engines.base import Engine
    from sharpen.core.session import Job

INSTRUCTION = "fix what is broken"


@dataclass(frozen=True, slots=True)
class _Ready:
    """Something is broken, and there is an engine for it."""

    job: Job
    engine: Engine
    terminal: Terminal


def run(paths: tuple[str, ...], options: Options) -> int:
    """Repair the named files, or those that differ from HEAD, or what is staged; returns the exit code."""
    chosen = told(options.json, lambda: _found(paths, options))
    if isinstance(chosen, int):
        return chosen
    if not chosen.targets:
        return _nothing(chosen, options, asked=bool(paths))
    ready = told(options.json, lambda: _ready(chosen, options))
    if isinstance(ready, int):
        return ready
    from sharpen.cli.road import play

    # Bad input among good keeps its code, unless the run was interrupted.
    return play(
        ready.job,
        ready.engine,
        options,
        ready.terminal,
        fixing=True,
        staged=chosen.staged,
        earlier=chosen.code,
    )


def _found(paths: tuple[str, ...], options: Options) -> Selection | int:
    """What is broken, or the exit code where nothing can say so."""
    if options.staged and "-" in paths:
        raise BadInput("- (standard input) is never staged", "leave out --staged")
    if "" in paths:
        raise BadInput("a PATH is empty", "sharpen fix . looks at all files of this folder")
    try:
        chosen = _chosen(paths, options)
    except EngineUnavailable as error:  # no ruff: a commit is not to wait for it
        return _unavailable(error, options)
    if len(chosen.documents) > 1 and any(d.path == "-" for d in chosen.documents):
        raise BadInput("- (standard input) cannot be mixed with files")
    _tell(chosen, options)
    if options.hunt and not chosen.targets and not chosen.code and not options.staged:
        from sharpen.cli.hunting import hunted

        return hunted(chosen, options)
    return chosen


def _chosen(paths: tuple[str, ...], options: Options) -> Selection:
    """What is to be looked at, and what is wrong in it. Raises EngineUnavailable where nothing can judge."""
    from sharpen.cli.lenient import in_hook

    asked = not in_hook()
    if options.staged:
        return in_index(paths, only_new=not options.all, asked=asked)
    # Files that a person names are repaired whole; the rest answers for what has changed.
    return on_disk(paths, only_new=not options.all and (not asked or not paths), asked=asked)


def _tell(chosen: Selection, options: Options) -> None:
    """Each file that was asked for and cannot be worked on."""
    for error in chosen.errors:
        if options.json:
            from sharpen.cli.jsonl import write
            from sharpen.core.events import Failed

            write(Failed(0.0, "", error), chosen.code)
        say_error(error)


def _unavailable(error: EngineUnavailable, options: Options, broken: tuple[str, ...] = ()) -> int:
    """Said in a line; in a hook no reason to stop the commit, unless that was asked for."""
    from sharpen.cli.lenient import say_it, spares

    if not spares(options):
        raise error
    if options.json:
        from sharpen.cli.jsonl import failed

        failed(error, Exit.DONE)
    say_it(error, broken)
    return Exit.DONE


def _ready(chosen: Selection, options: Options) -> _Ready | int:
    """Something is broken: only now is everything imported that a clean commit is not to wait for."""
    from sharpen.cli.access import engine as engine_of
    from sharpen.cli.terminal import Terminal
    from sharpen.core.engines.wire.hosted import is_hosted

    terminal = Terminal.here(options.animation)
    paths = tuple(t.document.path for t in chosen.targets)
    try:
        engine = engine_of(options.engine, INSTRUCTION)
        job = _job(chosen, options, terminal)
        if is_hosted(options.engine):
            from dataclasses import replace

            from sharpen.cli.sending import goes_on, prepared

            job = replace(prepared(job), whole=False)
            if not goes_on(job, engine, options):
                return Exit.DONE
    except EngineUnavailable as error:
        return _unavailable(error, options, paths)
    return _Ready(job, engine, terminal)


def _job(chosen: Selection, options: Options, terminal: Terminal) -> Job:
    from sharpen.cli.checked import enough
    from sharpen.cli.road import engine_settings
    from sharpen.cli.sources import read
    from sharpen.core.session import Job

    targets = chosen.targets[: options.max_files]
    if len(targets) < len(chosen.targets):
        say(
            f"sharpen: {files(len(chosen.targets))} are broken; {len(targets)} of them are looked at (--max-files)"
        )
    # A hunt has a number of its own.
    hunts = any(d.code == "check" for t in targets for d in t.diagnostics)
    many = not hunts and enough(options.check, options.engine, counted=options.counted)
    return Job(
        INSTRUCTION,
        targets,
        tuple(read(path) for path in options.context),
        engine_settings(options, terminal, many=many),
        options.check,
        "propose" if options.dry_run or options.check_only else "apply",
        chosen.kinds,
        check_seconds=chosen.seconds or options.check_timeout,
        enough=many,
    )


def _nothing(chosen: Selection, options: Options, *, asked: bool) -> int:
    """Said where nothing is broken; stdin passes through unchanged. asked: for files that somebody named."""
    if options.json:
        from sharpen.cli.jsonl import nothing

        nothing(tuple(d.path for d in chosen.documents), chosen.code)
    elif [d.path for d in chosen.documents] == ["-"]:
        if not options.dry_run and not options.check_only:
            out(chosen.documents[0].data)
    elif not options.quiet and not chosen.code:
        if not chosen.documents and not asked and not options.staged:
            say("no file differs from HEAD; sharpen fix . looks at all files of this folder")
            return chosen.code
        say(f"nothing to repair in {files(len(chosen.documents))}")
    return chosen.code


def files(count: int) -> str:
    """`1 file`, `3 files`."""
    return "1 file" if count == 1 else f"{count} files"
