"""`sharpen fix`: find what is broken and repair it. Clean files cost a parse and one ruff process, no engine."""

from __future__ import annotations

import os
from pathlib import Path

from sharpen.cli.exits import Exit, code_of
from sharpen.cli.fatal import out, report_error, say
from sharpen.cli.options import Options
from sharpen.cli.road import engine_settings, play
from sharpen.cli.sources import read
from sharpen.cli.terminal import Terminal
from sharpen.core.diagnose import diagnose, diagnose_many, is_known
from sharpen.core.document import Document
from sharpen.core.engines.choose import choose
from sharpen.core.errors import EngineUnavailable, Refused, SharpenError
from sharpen.core.session import Job, Target
from sharpen.core.worktree.find import changed_files, find_root, refusals

INSTRUCTION = "fix what is broken"


def run(paths: tuple[str, ...], options: Options) -> int:
    """Repair the named files, or those that differ from HEAD; returns the exit code."""
    terminal = Terminal.here(options.animation)
    named = bool(paths)
    if not named:
        paths = changed_paths()
    documents, worst = _documents(paths)
    broken = _broken(documents)
    broken, refused = _writable(broken, named)
    worst = worst or refused
    if not broken:
        if not options.json and not options.quiet and not worst:
            say(f"nothing to repair in {files(len(documents))}")
        if options.json:
            from sharpen.cli.jsonl import nothing

            nothing(tuple(d.path for d in documents), worst)
        elif [d.path for d in documents] == ["-"]:
            out(documents[0].data)
        return worst
    try:
        engine = choose(options.engine, INSTRUCTION)
        context = tuple(read(path) for path in options.context)
    except EngineUnavailable as error:
        code = report_error(error)
        return Exit.DONE if os.environ.get("PRE_COMMIT") and not options.strict else code
    action = "propose" if options.dry_run or options.check_only else "apply"
    job = Job(INSTRUCTION, broken, context, engine_settings(options, terminal), options.check, action)  # type: ignore[arg-type]
    return (
        play(job, engine, options, terminal, fixing=True)
        if not worst
        else _both(worst, play(job, engine, options, terminal, fixing=True))
    )


def _both(worst: int, code: int) -> int:
    """Bad input among good: its code, unless the run was interrupted."""
    return code if code == Exit.INTERRUPTED else worst


def changed_paths() -> tuple[str, ...]:
    """Python files that differ from HEAD, from here. Raises Refused outside git."""
    root = find_root(Path())
    if root is None:
        raise Refused("this is not a git repository", "name the files: sharpen fix PATH...")
    here = Path.cwd()
    return tuple(
        os.path.relpath(path, here) for path in changed_files(root) if path.suffix in {".py", ".pyi", ".pyw"}
    )


def _documents(paths: tuple[str, ...]) -> tuple[tuple[Document, ...], int]:
    """What could be read, each file once, and the exit code of the first that could not."""
    found: dict[str, Document] = {}
    worst = 0
    for path in paths:
        try:
            found.setdefault(path, read(path))
            if not is_known(path, found[path].text):
                say(f"sharpen: {path} is of no language that sharpen can judge")
        except SharpenError as error:
            worst = worst or code_of(error)
            report_error(error)
    return tuple(found.values()), worst


def _broken(documents: tuple[Document, ...]) -> tuple[Target, ...]:
    on_disk = [d for d in documents if d.path != "-"]
    found = diagnose_many(on_disk) if on_disk else {}
    targets = []
    for document in documents:
        findings = diagnose(document.text) if document.path == "-" else found.get(document.path, ())
        if findings:
            targets.append(Target(document, document.whole(), findings))
    return tuple(targets)


def _writable(targets: tuple[Target, ...], named: bool) -> tuple[tuple[Target, ...], int]:
    """Without the places that sharpen does not write; those are said, and are bad input where named."""
    places = [Path(t.document.path) for t in targets if t.document.path != "-"]
    if not places:
        return targets, 0
    refused = refusals(places, find_root(places[0]), named)
    worst = 0
    for error in refused.values():
        worst = worst or report_error(error)
    return tuple(t for t in targets if Path(t.document.path) not in refused), worst


def files(count: int) -> str:
    """`1 file`, `3 files`."""
    return "1 file" if count == 1 else f"{count} files"
