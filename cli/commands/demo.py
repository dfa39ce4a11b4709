"""`sharpen demo`: broken files that ship with the package, repaired in a temporary git repository, all of it shown.

It calls the same commands that a user would; the folder stays, so that the reader can look and undo.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from sharpen.cli.commands.fix import INSTRUCTION
from sharpen.cli.fatal import out, say
from sharpen.cli.options import Options
from sharpen.cli.road import engine_settings, play
from sharpen.cli.sources import read
from sharpen.cli.terminal import Terminal
from sharpen.core.diagnose import diagnose_many
from sharpen.core.engines.choose import choose
from sharpen.core.errors import BadInput, Refused
from sharpen.core.patch import Patch
from sharpen.core.session import Job, Target
from sharpen.core.worktree import git

FILES = Path(__file__).resolve().parent.parent / "demo"
PACE = 0.07
"""Seconds that a frame stays at least: the model is faster than anybody can look."""
_WHO = ("-c", "user.name=sharpen", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false")


def run(picture: str | None, given: Options) -> int:
    """Make the repository, repair it, show what changed; returns the exit code (0: every file repaired)."""
    if picture is not None and Path(picture).suffix.lower() != ".svg":
        raise BadInput(
            f"the picture is an SVG, and {picture!r} does not end so", "sharpen demo --picture FILE.svg"
        )
    options = replace(given, yes=True, exit_zero=True, check=None, pace=PACE)
    terminal = Terminal.here(options.animation)
    engine = choose(options.engine, INSTRUCTION)
    folder = _repository()
    record = folder / ".git" / "demo.jsonl"  # where no git command sees it
    if picture:
        options = replace(options, record=str(record))
    here = Path.cwd()
    out(f"A repository with broken files: {folder}\n")
    if terminal.can_animate:
        say("(slowed down, so that it can be followed)")
    os.chdir(folder)
    try:
        documents = [read(path.name) for path in sorted(folder.glob("*.py"))]
        found = diagnose_many(documents)
        targets = tuple(Target(d, d.whole(), found[d.path]) for d in documents if found.get(d.path))
        job = Job(INSTRUCTION, targets, settings=engine_settings(options, terminal))
        code = play(job, engine, options, terminal, fixing=True)
        diff = git.run(folder, "--no-pager", "diff").out
        # Where somebody looks, the same diff stands above, in colour.
        text = b"" if terminal.can_ask and not options.quiet else diff + b"\n"
        out(b"\n" + text + git.run(folder, "--no-pager", "diff", "--stat").out)
        after = [read(d.path) for d in documents]
        still = diagnose_many(after)
        left = [d.path for d in documents if still.get(d.path)]
    finally:
        os.chdir(here)
    if picture:
        from sharpen.cli.picture import draw
        from sharpen.core.record import read as recorded

        repairs = Patch.join(
            Patch.of(old, old.whole(), new.text) for old, new in zip(documents, after, strict=True)
        )
        shown = {d.path: d for d in documents}
        draw(Path(picture), repairs, len(documents) - len(left), shown, recorded(record))
        say(f"drawn into {picture}")
    out(f"\n{len(documents) - len(left)} of {len(documents)} files repaired.\n")
    out(f"Take it back:  cd {folder} && sharpen undo\n")
    return code or (1 if left else 0)


def _repository() -> Path:
    """A new git repository with one commit of the shipped files. Raises Refused where git is missing."""
    folder = Path(tempfile.mkdtemp(prefix="sharpen-demo-")).resolve()
    for path in FILES.glob("*.py"):
        shutil.copyfile(path, folder / path.name)
    for words in (("init", "-q"), ("add", "."), (*_WHO, "commit", "-q", "--no-verify", "-m", "As it was")):
        answer = git.run(folder, *words)
        if answer.status:
            raise Refused(f"git could not make the demo's repository: {answer.error or answer.status}")
    return folder
