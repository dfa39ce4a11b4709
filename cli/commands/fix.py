"""`sharpen fix`: find what is broken and repair it. Clean files cost a parse and one ruff process, no engine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sharpen.cli.exits import Exit
from sharpen.cli.fatal import out, report_error, say, say_error
from sharpen.cli.options import Options
from sharpen.cli.selection import Selection, in_index, on_disk
from sharpen.core.errors import BadInput, EngineUnavailable

if TYPE_CHECKING:
    from sharpen.cli.terminal import Terminal
    from sharpen.core.session import Job

INSTRUCTION = "fix what is broken"


def run(paths: tuple[str, ...], options: Options) -> int:
    """Repair the named files, or those that differ from HEAD, or what is staged; returns the exit code."""
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
    seconds = options.check_timeout
    if options.hunt and not chosen.targets and not chosen.code and not options.staged:
        from sharpen.cli.hunting import hunted

        chosen, seconds = hunted(chosen, options)
    if not chosen.targets:
        return _nothing(chosen, options, asked=bool(paths))
    return _repaired(chosen, options, seconds)


def _chosen(paths: tuple[str, ...], options: Options) -> Selection:
    """What is to be looked at, and what is wrong in it. Raises EngineUnavailable where nothing can judge."""
    asked = not _in_hook()
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
        else:
            say_error(error)


def _in_hook() -> bool:
    return bool(os.environ.get("PRE_COMMIT"))


def _unavailable(error: EngineUnavailable, options: Options) -> int:
    """Said in a line; in a hook no reason to stop the commit, unless that was asked for."""
    if not _in_hook() or options.strict:
        return report_error(error)
    say(f"sharpen: {error.message}; the commit goes on")
    return Exit.DONE


def _repaired(chosen: Selection, options: Options, seconds: float | None) -> int:
    """Something is broken: only now is everything imported that a clean commit is not to wait for."""
    from sharpen.cli.access import engine as engine_of
    from sharpen.cli.road import play
    from sharpen.cli.terminal import Terminal
    from sharpen.core.engines.wire.hosted import is_hosted

    try:
        engine = engine_of(options.engine, INSTRUCTION)
    except EngineUnavailable as error:
        return _unavailable(error, options)
    terminal = Terminal.here(options.animation)
    job = _job(chosen, options, terminal, seconds)
    if is_hosted(options.engine):
        from dataclasses import replace

        from sharpen.cli.sending import goes_on, prepared

        job = replace(prepared(job), whole=False)
        if not goes_on(job, engine, options):
            return Exit.DONE
    # Bad input among good keeps its code.
    return play(job, engine, options, terminal, fixing=True, staged=chosen.staged, worse=chosen.code)


def _job(chosen: Selection, options: Options, terminal: Terminal, seconds: float | None) -> Job:
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
        check_seconds=seconds,
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
