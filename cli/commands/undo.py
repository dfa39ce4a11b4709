"""`sharpen undo`: put back what a checkpoint changed; `--list` shows them, `--redo` applies again, `--print` shows what was."""

from __future__ import annotations

import os
import time
from pathlib import Path

from sharpen.cli.exits import Exit, code_of
from sharpen.cli.fatal import out, say, shown
from sharpen.cli.road import journal_for
from sharpen.cli.terminal import state_folder
from sharpen.core.errors import BadInput, SharpenError
from sharpen.core.worktree.journal import Checkpoint, Journal, Restored, known_as


def run(
    words: tuple[str, ...] = (),
    *,
    show: bool = False,
    redo: bool = False,
    before: bool = False,
    json: bool = False,
) -> int:
    """Undo, redo, list or print; returns the exit code. `words` are an id, paths, or an id and paths."""
    began = time.monotonic()
    try:
        return _run(words, show=show, redo=redo, before=before, json=json)
    except SharpenError as error:
        if not json:
            raise
        from sharpen.cli import jsonl
        from sharpen.core.events import Failed, Finished

        code, seconds = code_of(error), time.monotonic() - began
        jsonl.write(Failed(seconds, "", error), code)
        jsonl.write(Finished(seconds, (), (), (), 0, 0.0), code)
        return code


def _run(words: tuple[str, ...], *, show: bool, redo: bool, before: bool, json: bool) -> int:
    number, paths = _sorted(words)
    if [show, redo, before].count(True) > 1:
        raise BadInput("--list, --redo and --print are one at a time", "sharpen undo --list")
    if show and number is not None:
        raise BadInput(f"--list shows all checkpoints, not {number} alone", "sharpen undo --list [PATH]...")
    journal = journal_for(paths[0] if paths else None)
    if show:
        _list(journal, paths, json=json)
        return Exit.DONE
    if (
        not journal.list()
        and not journal.damaged()
        and (other := journal.latest_root(state_folder())) is not None
    ):
        raise BadInput(
            "nothing was edited here", f"the last edit was made in {other}: run sharpen undo there"
        )
    if before:
        out(_before(journal, number, paths))
        return Exit.DONE
    done = (journal.redo if redo else journal.undo)(number, paths=paths)
    if json:
        _write(done, redo=redo)
    else:
        _tell(done, redo=redo)
    return Exit.DONE


def _sorted(words: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """The id and the paths. A file whose name is a number is `./7`."""
    numbers = [word for word in words if word.isdigit()]
    if len(numbers) > 1:
        raise BadInput("one checkpoint at a time", "sharpen undo ID [PATH]...")
    return next(iter(numbers), None), tuple(word for word in words if not word.isdigit())


def _before(journal: Journal, number: str | None, paths: tuple[str, ...]) -> bytes:
    if len(paths) > 1:
        raise BadInput("--print shows one file", "sharpen undo ID PATH --print")
    known = [journal.get(number)] if number else list(journal.list())
    if paths:
        real = known_as(paths[0], known)
        known = [one for one in known if real in one.paths]
    if not known:
        raise BadInput(
            f"no checkpoint touched {paths[0] if paths else 'anything here'}", "sharpen undo --list"
        )
    chosen = known[-1]
    if not paths and len(chosen.paths) > 1:
        names = ", ".join(_near(path) for path in chosen.paths)
        raise BadInput(f"checkpoint {chosen.id} touched {names}", f"sharpen undo {chosen.id} PATH --print")
    return journal.before(chosen.id, paths[0] if paths else chosen.paths[0])


def _tell(done: Restored, *, redo: bool) -> None:
    word = "applied again" if redo else "put back"
    for path in done.paths:
        kept = ", keeping what was typed since" if path in done.merged else ""
        both = ", in the index too" if path in done.staged else ""
        say(f"{_shown(path)}: {word}{both}{kept}")
    for path in done.already:
        say(f"{_shown(path)}: was so already")
    for path in (p for p in done.staged if p not in done.paths):
        say(f"{_shown(path)}: {word} in the index")
    for path in done.kept:
        say(f"{_shown(path)}: what is staged or committed of it stays as it is")
    again = "" if redo else " --redo"
    say(f"checkpoint {done.checkpoint.id}: sharpen undo{again} {done.checkpoint.id} reverses this")


def _write(done: Restored, *, redo: bool) -> None:
    from sharpen.cli import jsonl
    from sharpen.core.events import Finished

    fields: jsonl.Fields = {"event": "redone" if redo else "undone", "seconds": 0.0}
    fields["checkpoint"] = done.checkpoint.id
    for name in ("paths", "merged", "already", "staged", "kept"):
        fields[name] = [_near(path) for path in getattr(done, name)]
    jsonl.line(fields)
    changed = tuple(_near(path) for path in done.paths)
    jsonl.write(Finished(0.0, changed, tuple(_near(p) for p in done.already), (), 0, 0.0), Exit.DONE)


def _list(journal: Journal, paths: tuple[str, ...], *, json: bool) -> None:
    known = journal.list()
    wanted = {known_as(path, known) for path in paths}
    for one in known:
        if wanted and not wanted & {*one.paths}:
            continue
        if json:
            from sharpen.cli import jsonl

            jsonl.line(_fields(one))
        else:
            out(_line(one) + "\n")
    for number in journal.damaged():
        say(f"sharpen: checkpoint {number} is damaged and cannot be used: {journal.folder}")


def _fields(one: Checkpoint) -> dict[str, object]:
    lines = {file.path: (file.added, file.removed) for file in one.files}
    staged = {str(Path(one.root) / entry.name) for entry in one.index}
    files = [
        {
            "path": _near(path),
            "added": lines.get(path, (0, 0))[0],
            "removed": lines.get(path, (0, 0))[1],
            "staged": path in staged,
            "undone": path in one.undone_paths,
        }
        for path in one.paths
    ]
    own: dict[str, object] = {"id": one.id, "time": one.time, "engine": one.engine}
    return {"event": "checkpoint", "seconds": 0.0} | own | {"instruction": one.instruction, "files": files}


def _shown(path: str) -> str:
    return shown(_near(path))


def _near(path: str) -> str:
    return os.path.relpath(path) if Path(path).is_absolute() else path


def _line(one: Checkpoint) -> str:
    from sharpen.cli.paint import harmless

    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.time))
    lines = {file.path: f" +{file.added} -{file.removed}" for file in one.files}
    files = []
    for path in one.paths:
        undone = " (undone)" if path in one.undone_paths and one.standing else ""
        files.append(f"{_near(path)}{lines.get(path, ' (index alone)')}{undone}")
    state = " (undone)" if one.undone else ""
    line = f"{one.id}  {when}  {one.engine}  {one.instruction}  {', '.join(files)}{state}"
    return harmless(line.replace("\n", "\u240a"))  # a name may hold a line's end: one line a checkpoint
