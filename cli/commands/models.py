"""`sharpen models`: checkpoints for the local engine, and the bare sampler on one of them.

Torch is imported by core when a checkpoint is read, never for `list`, `pull` or `rm`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sharpen.cli.exits import Exit
from sharpen.cli.fatal import out, say
from sharpen.cli.terminal import Terminal, models_folder
from sharpen.core.errors import BadInput, EngineUnavailable, Refused, SharpenError

if TYPE_CHECKING:
    from sharpen.core.diffusion.load import Described, Loaded
    from sharpen.core.diffusion.options import Options, Step
    from sharpen.core.engines.local_name import LocalName

GLYPH = "░"


@dataclass(frozen=True, slots=True)
class Trial:
    """What `try` was asked, the sampler's options aside."""

    name: str
    prompt: str | None
    ids: str | None
    family: str | None
    json: bool


def list_(*, as_json: bool) -> int:
    """The checkpoints here, a line each."""
    from sharpen.core.diffusion import hub

    rows = [(folder.name, _size(folder)) for folder in hub.pulled(models_folder())]
    if as_json:
        out(json.dumps([{"name": name, "bytes": size} for name, size in rows]) + "\n")
    for name, size in [] if as_json else rows:
        out(f"{name:<48}{size / 1e9:6.1f} GB\n")
    if not rows and not as_json:
        say("no model is here yet: sharpen models pull OWNER/NAME")
    return Exit.DONE


def info(name: str, family: str | None, *, as_json: bool) -> int:
    """What a checkpoint is, what it can do, and whether it fits into this machine."""
    from sharpen.core.diffusion import hub

    folder = hub.find(models_folder(), name)
    found = _described(folder, family)
    facts = _facts(folder, found)
    if as_json:
        out(json.dumps(facts) + "\n")
    else:
        for key, value in facts.items():
            said = ", ".join(value) if isinstance(value, list) else str(value)
            out(f"{key.replace('_', ' '):<24}{said}\n")
    return Exit.DONE


def pull(repo: str) -> int:
    """Fetch a checkpoint from the hub."""
    from sharpen.core.diffusion import hub

    offer = hub.ask(repo)
    say(f"{offer.repo}: {len(offer.files)} files, {offer.bytes / 1e9:.2f} GB, licence {offer.licence}")
    folder = hub.pull(offer, models_folder())
    out(f"{folder}\n")
    return Exit.DONE


def use(name: str) -> int:
    """Configure a checkpoint as the engine. Words after # go along: NAME#int8. `embedded` goes back."""
    from sharpen.cli.commands.config import set_value
    from sharpen.core.diffusion import hub
    from sharpen.core.engines.local_name import local_name

    if name in {"embedded", "mercury"} or name.startswith(("openai:", "mercury#")):
        return set_value("engine", name)
    bare, mark, words = name.removeprefix("local:").partition("#")
    if bare:
        hub.find(models_folder(), bare)  # a name that is none is wrong input here, not an engine that is away
    found = local_name(f"local:{bare}{mark}{words}", models_folder())
    own = found.folder.resolve().parent == models_folder().resolve()
    kept = found.folder.name if own else str(found.folder.resolve())
    return set_value("engine", f"local:{kept}{mark}{words}")


def rm(name: str) -> int:
    """Remove a checkpoint that was pulled; a folder of the user's own is left alone."""
    from sharpen.core.diffusion import hub

    models = models_folder()
    folder = hub.find(models, name, whole=True)  # a few letters are not enough to remove something
    if folder.is_symlink() or folder.resolve().parent != models.resolve():
        raise Refused(f"{folder} was not pulled by sharpen", "remove it yourself")
    size = _size(folder)
    hub.remove(folder)
    out(f"removed {folder.name}, {size / 1e9:.1f} GB\n")
    return Exit.DONE


def try_(trial: Trial, options: dict[str, Any]) -> int:
    """Run the sampler on a prompt: its steps live or as JSON lines, its text on stdout."""
    from sharpen.core.diffusion import asked
    from sharpen.core.diffusion.options import Options

    wanted = Options(**options)
    asked.check(wanted)
    model = _model(trial.name)
    if trial.prompt is None and trial.ids is None:
        raise BadInput("there is no prompt", 'sharpen models try NAME "write hello world", or --ids FILE')
    given = _ids(trial.ids) if trial.ids is not None else None
    loaded, sample = _sampler(model, trial.family)
    if given is None:
        if loaded.tokenizer is None:
            raise BadInput(f"{model.folder} has no tokenizer", "give the prompt as token ids: --ids FILE")
        given = loaded.tokenizer.chat(trial.prompt or "")
    _remark(trial, wanted, loaded, len(given))
    steps = _guarded(sample(loaded, given, wanted))
    return _as_json(steps) if trial.json else _live(steps, loaded)


def _model(name: str) -> LocalName:
    """The checkpoint of `try`, and how it is to run: NAME, or NAME#int8 as an engine is named. Raises BadInput."""
    from sharpen.core.diffusion import hub
    from sharpen.core.engines.local_name import LocalName, local_name

    if "#" not in name or Path(name).is_dir():
        return LocalName(name, hub.find(models_folder(), name))
    hub.find(models_folder(), name.partition("#")[0])
    return local_name(name, models_folder())


def _remark(trial: Trial, wanted: Options, loaded: Loaded, before: int) -> None:
    """Say what was asked for and will not happen; the run goes on."""
    from sharpen.core.diffusion.asked import idle

    mode = "exact" if wanted.exact else "fast"
    unread = idle(loaded.family, wanted)
    if unread:
        verb = "does" if len(unread) == 1 else "do"
        say(f"{', '.join(unread)} {verb} nothing here: {loaded.family.name} in {mode} mode does not read it")
    if trial.prompt is not None and trial.ids is not None:
        say("the prompt is not read: --ids has the prompt's tokens")
    context = loaded.model.shape.context
    if before + (wanted.length or 0) > context:
        say(f"{before} tokens and a canvas of {wanted.length} are beyond the {context} that the model reads")


def _sampler(model: LocalName, family: str | None) -> tuple[Loaded, Any]:
    os.environ.setdefault(
        "OMP_WAIT_POLICY", "PASSIVE"
    )  # as the engine's own process, see core.diffusion.host
    try:
        from sharpen.core.diffusion.load import load
        from sharpen.core.diffusion.machine import device_of
        from sharpen.core.diffusion.sample import sample
    except ImportError as missing:
        raise _no_torch() from missing
    device = "cpu" if model.device == "auto" else device_of(model.device)
    precision: Any = "float32" if model.precision == "auto" else model.precision
    try:
        loaded = load(model.folder, family or model.family, device, precision, compiled=model.compiled)
    except (MemoryError, RuntimeError) as error:
        raise _too_large(error) from error
    return loaded, sample


def _no_torch() -> SharpenError:
    return EngineUnavailable(
        "local models need torch, which is not installed", "pip install 'sharpen[local]'"
    )


def _too_large(error: BaseException) -> SharpenError:
    """Torch says that memory ended with a RuntimeError; anything else is a defect and goes on."""
    if isinstance(error, RuntimeError) and "memory" not in str(error).lower():
        raise error
    return EngineUnavailable(
        "this machine's memory is too small for the model and its canvas",
        "a shorter --length, NAME#int8, or a smaller checkpoint (sharpen models info NAME says what one needs)",
    )


def _guarded(steps: Iterator[Step]) -> Iterator[Step]:
    try:
        yield from steps
    except (MemoryError, RuntimeError) as error:
        raise _too_large(error) from error


def _ids(path: str) -> list[int]:
    """The prompt as token ids. Raises BadInput."""
    try:
        ids = json.loads(Path(path).read_text(encoding="utf-8") if path != "-" else sys.stdin.read())
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} is not JSON", "--ids takes a list of token ids: [1, 2, 3]") from error
    if not isinstance(ids, list) or not all(isinstance(i, int) and not isinstance(i, bool) for i in ids):
        raise BadInput(f"{path} is not a list of token ids", "for example: [1, 2, 3]")
    return ids


def _as_json(steps: Iterator[Step]) -> int:
    for step in steps:
        if step.index:  # the canvas before the first step is no step
            row = {
                "step": step.index,
                "steps": step.planned,
                "ids": list(step.ids),
                "masked": step.masked,
                "confidence": [round(c, 4) for c in step.confidence],
                "marks": list(step.marks),
            }
            out(json.dumps(row) + "\n")
    return Exit.DONE


def _live(steps: Iterator[Step], loaded: Loaded) -> int:
    """The canvas as text while it is denoised, on a terminal; the text in the end on stdout."""
    last: Step | None = None
    if Terminal.here().can_animate:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        with Live(console=Console(stderr=True), refresh_per_second=15, transient=True) as view:
            for last in steps:
                planned = f"/{last.planned}" if last.planned else ""
                head = f"step {last.index}{planned}, {last.masked} masks left\n"
                view.update(Text(head + _drawn(last, loaded)))
    else:
        for last in steps:  # noqa: B007
            pass
    if last is not None:
        out(_text(last.ids, loaded) + "\n")
    return Exit.DONE


def _drawn(step: Step, loaded: Loaded) -> str:
    """Known stretches as text, masks as glyphs."""
    parts, known = [], list[int]()
    for token, mark in zip(step.ids, step.marks, strict=True):
        if mark == "masked":
            parts += [_text(known, loaded), GLYPH]
            known = []
        else:
            known.append(token)
    return "".join([*parts, _text(known, loaded)])


def _text(ids: Any, loaded: Loaded) -> str:
    if loaded.tokenizer is None:
        return " ".join(map(str, ids)) + (" " if ids else "")
    return loaded.tokenizer.decode(list(ids))


def _described(folder: Path, family: str | None) -> Described:
    try:
        from sharpen.core.diffusion.load import describe
    except ImportError as missing:
        raise _no_torch() from missing
    return describe(folder, family)


def _facts(folder: Path, found: Described) -> dict[str, Any]:
    needed = found.needs("float32", found.family.context)
    return {
        "name": folder.name,
        "folder": str(folder.absolute()),
        "family": found.family.name,
        "capabilities": sorted(found.family.can),
        "algorithms": list(found.family.algorithms),
        "parameters": found.parameters,
        "bytes": found.bytes,
        "context": found.family.context,
        "licence": _licence(folder),
        "memory_needed": needed,
        "memory_needed_int8": found.needs("int8", found.family.context),
        "memory_here": _memory(),
    }


def _licence(folder: Path) -> str:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "unknown"
    return str(config.get("license") or "not said in its config; see where it came from")


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def _size(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
