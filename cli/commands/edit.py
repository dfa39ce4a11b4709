"""`sharpen edit`: one prompt, some targets, one edit. Where nobody can be asked it applies only with `--yes`."""

from __future__ import annotations

import os
from pathlib import Path

from sharpen.cli.access import engine as chosen
from sharpen.cli.checked import enough
from sharpen.cli.commands.fix import files
from sharpen.cli.fatal import out, say, shown, told
from sharpen.cli.options import Options
from sharpen.cli.road import engine_settings, play
from sharpen.cli.selection import changed_paths, left_out
from sharpen.cli.sources import read
from sharpen.cli.terminal import Terminal
from sharpen.core.begun import continues, place, relative
from sharpen.core.diagnose import diagnose, is_known
from sharpen.core.diagnostic import Diagnostic
from sharpen.core.document import Document
from sharpen.core.engines.base import Engine
from sharpen.core.engines.choose import follows_prompts
from sharpen.core.engines.wire.hosted import is_hosted
from sharpen.core.errors import BadInput, SharpenError
from sharpen.core.region import Region
from sharpen.core.session import Job, Target
from sharpen.core.skills import classify
from sharpen.core.targets import named, parse, resolve
from sharpen.core.worktree.find import check_writable_target, find_root


def run(prompt: str, specs: tuple[str, ...], options: Options) -> int:
    """Edit the targets, or the files that differ from HEAD; returns the exit code."""
    ready = told(options.json, lambda: _ready(prompt, specs, options))
    return ready if isinstance(ready, int) else play(*ready[:2], options, ready[2], fixing=False)


def _ready(prompt: str, specs: tuple[str, ...], options: Options) -> tuple[Job, Engine, Terminal] | int:
    """What is to be done and who does it, or the exit code where there is nothing to do."""
    if not prompt.strip():
        raise BadInput("the prompt is empty", 'for example: sharpen edit "fix the syntax error" app.py')
    terminal = Terminal.here(options.animation)
    context = tuple(read(path) for path in options.context)
    free = follows_prompts(options.engine)
    places, targets = targets_of(prompt, specs, free=free)
    if not targets:
        return _nothing(places, options)
    if options.stage or options.commit:
        from sharpen.core.worktree.stage import check

        paths = [target.document.path for target in targets]
        check(find_root(Path(paths[0])), paths, commit=options.commit)
    engine = chosen(options.engine, prompt)
    writes = not options.dry_run and (options.yes or terminal.can_ask)
    many = enough(options.check, options.engine, counted=options.counted)
    job = Job(
        prompt,
        targets,
        context,
        engine_settings(options, terminal, many=many),
        options.check,
        "apply" if writes else "propose",
        again(prompt),
        check_seconds=options.check_timeout,
        enough=many,
    )
    if free:
        from sharpen.cli.sending import goes_on, prepared

        job = prepared(job, leaves=is_hosted(options.engine))
        if is_hosted(options.engine) and not goes_on(job, engine, options):
            return 0
    return job, engine, terminal


Places = tuple[tuple[Document, Region], ...]
_Found = dict[str, tuple[Document, list[Region]]]


def targets_of(
    prompt: str, specs: tuple[str, ...], *, free: bool = False
) -> tuple[Places, tuple[Target, ...]]:
    """The places that are named, and those of them in which there is something to do. Raises BadInput.

    `free`: the engine follows any prompt; of a file named without a region, the definitions that the prompt names
    are meant, and what else is wrong in it is not asked about.
    """
    places = _places(specs, several=free)
    skill = classify(prompt)
    if free and skill is None:
        places = tuple((d, part) for d, r in places for part in _meant(prompt, d, r))
        return places, tuple(Target(d, r) for d, r in places)
    targets = tuple(Target(d, r, _findings(d, r, skill)) for d, r in places)
    return places, targets if skill is None else tuple(t for t in targets if t.diagnostics)


def _meant(prompt: str, document: Document, region: Region) -> tuple[Region, ...]:
    """The region as it was given, or the definitions that the prompt names in a whole file, or where it was left off."""
    if region.chosen != "file":
        return (region,)
    if continues(prompt) and document.path != "-" and (root := find_root(Path(document.path))) is not None:
        last = [place(document, root, name) for name in relative(root, [document.path])]
        return tuple(part for part in last if part is not None) or (region,)
    return named(prompt, document) or (region,)


def _places(specs: tuple[str, ...], *, several: bool = False) -> Places:
    """Each file's document and region; regions of one file that touch become one. Raises BadInput for others.

    `several`: those that do not touch stay regions of their own.
    """
    found: _Found = {}
    for text in specs or changed_paths():
        try:
            _add(found, text, several=several, named=bool(specs))
        except SharpenError as error:
            if specs or not left_out(error):
                raise
    if "-" in found and len(found) > 1:
        raise BadInput("- (standard input) cannot be mixed with files")
    return tuple((document, region) for document, regions in found.values() for region in regions)


def _add(found: _Found, text: str, *, several: bool, named: bool) -> None:
    """One more target. `named`: somebody gave it."""
    spec = parse(text)
    key = spec.path if spec.path == "-" else os.path.realpath(spec.path)
    if key in found:
        document, regions = found[key]
        region = resolve(spec, document)
        if not several or any(_touch(region, other) for other in regions):
            regions[-1] = _merged(document, regions[-1], region)
        else:
            regions.append(region)
        return
    document = read(spec.path)
    if spec.path != "-":
        path = Path(spec.path)
        check_writable_target(path, find_root(path), named=named)
    found[key] = (document, [resolve(spec, document)])


def _touch(one: Region, two: Region) -> bool:
    return two.start_char <= one.end_char and one.start_char <= two.end_char


def _merged(document: Document, one: Region, two: Region) -> Region:
    if not _touch(one, two):
        raise BadInput(
            f"{document.path} is named twice, with lines between that are not",
            "one region of a file at a time",
        )
    start, end = min(one.start_char, two.start_char), max(one.end_char, two.end_char)
    first, last = document.line_of(start), document.line_of(max(start, end - 1))
    return Region(start, end, "lines", f"{first}-{last}")


def _findings(document: Document, region: Region, skill: str | None) -> tuple[Diagnostic, ...]:
    """What the prompt is about. A syntax error counts wherever the parser saw it: its cause may lie in the region."""
    found = diagnose(document.text, document.path, _kinds(skill))
    return tuple(
        d for d in found if d.code == "syntax" or region.start_char <= d.start_char <= region.end_char
    )


def again(prompt: str) -> tuple[str, ...]:
    """What to look for once more after a repair: what the prompt is about, as far as that is repairing."""
    skill = classify(prompt)
    return () if skill is None else _kinds(skill)


def _kinds(skill: str | None) -> tuple[str, ...]:
    return (skill,) if skill in {"syntax", "undefined"} else ("syntax", "undefined")


def _nothing(places: tuple[tuple[Document, Region], ...], options: Options) -> int:
    """Exit 0; stdin passes through unchanged."""
    if options.json:
        from sharpen.cli.jsonl import nothing

        nothing(tuple(d.path for d, _ in places), 0)
    elif len(places) == 1 and places[0][0].path == "-":
        out(places[0][0].data)
    elif not options.quiet:
        for document, _region in places:
            if not is_known(document.path, document.text):
                say(f"sharpen: {shown(document.path)} is of no language that sharpen can judge")
        say(f"nothing to repair in {files(len(places))}")
    return 0
