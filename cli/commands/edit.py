"""`sharpen edit PROMPT TARGET…`: one edit of what the targets name."""

from __future__ import annotations

import sys
from pathlib import Path

from sharpen.cli import jsonl
from sharpen.cli.exits import Exit
from sharpen.cli.options import Options
from sharpen.cli.runner import carry_out, journal_for
from sharpen.cli.terminal import Terminal
from sharpen.core.diagnose import diagnose
from sharpen.core.document import Document
from sharpen.core.engines.choose import choose
from sharpen.core.errors import BadInput
from sharpen.core.request import Settings
from sharpen.core.session import Job, Target
from sharpen.core.targets import parse, resolve


def _target(word: str) -> Target:
    spec = parse(word)
    document = Document.from_bytes(sys.stdin.buffer.read()) if spec.path == "-" else Document.read(spec.path)
    return Target(document, resolve(spec, document), diagnose(document.text, document.path))


def edit(prompt: str, words: list[str], options: Options) -> int:
    """Make the edit; returns the exit code."""
    if not words:
        raise BadInput("no target was named", f'sharpen edit "{prompt}" PATH')
    engine = choose(options.engine, prompt)
    targets = tuple(_target(w) for w in words)
    piped = any(t.document.path == "-" for t in targets)
    if options.engine in (None, "embedded") and not any(t.diagnostics for t in targets):
        if piped and not options.json:
            sys.stdout.buffer.write(targets[0].document.data)
        sys.stderr.write("nothing is broken there\n")
        return int(Exit.DONE)
    can_ask = Terminal.here().can_ask
    write = not options.dry_run and not piped and (options.yes or can_ask)
    settings = Settings(candidates=options.candidates, seed=options.seed, frames=options.json)
    chosen = tuple(t for t in targets if t.diagnostics) if options.engine in (None, "embedded") else targets
    journal = None if piped else journal_for(Path(targets[0].document.path))
    last, worst = carry_out(
        Job(prompt, chosen, settings=settings), engine, options, write=write, journal=journal
    )
    if options.json:
        jsonl.write(last, int(worst))
    elif piped:
        patch = last.proposed
        changed = patch is not None and not patch.empty
        sys.stdout.buffer.write(patch.result("-") if patch and changed else targets[0].document.data)
    elif not write and last.proposed:
        sys.stdout.write(last.proposed.unified())
    return int(worst)
