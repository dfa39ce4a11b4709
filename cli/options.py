"""What `edit` and `fix` were asked to do, as one value: flags over environment and files. No command reads them any
other way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sharpen.core.errors import BadInput

if TYPE_CHECKING:
    from sharpen.cli.settings import Config


@dataclass(frozen=True, slots=True)
class Options:
    """The shared flags, then those of `fix`."""

    engine: str | None = None
    yes: bool = False
    dry_run: bool = False
    json: bool = False
    cells: bool = False
    candidates: int = 1
    counted: bool = False
    """Somebody said how many candidates."""
    check: str | None = None
    steps: int | None = None
    strength: float | None = None
    seed: int = 0
    context: tuple[str, ...] = ()
    animation: str = "full"
    """`full`, `reduced` (4 drawings a second, no flash) or `none`."""
    record: str | None = None
    quiet: bool = False
    verbose: bool = False
    staged: bool = False
    check_only: bool = False
    exit_zero: bool = False
    check_timeout: float | None = None
    """Seconds that one run of the check command may take."""
    stage: bool = False
    commit: bool = False
    hunt: bool = False
    """The check command was given here, not configured: where nothing is broken, it says whether something is wrong."""
    strict: bool = False
    timeout: float | None = None
    """Seconds for the whole command."""
    max_files: int | None = None
    all: bool = False
    """Old breakage too."""
    pace: float = 0.0
    """Seconds that a drawn frame stays at least; no flag sets it, the demo does."""


def settled(flags: Mapping[str, Any]) -> Options:
    """Options of a command line: what a flag says, else what was configured for the current folder.

    `flags` are the command's parameters; None and False mean that a flag was not given. Raises BadInput for a
    configuration that cannot be read or says what it may not.
    """
    from sharpen.cli.fatal import told
    from sharpen.cli.settings import load

    def read() -> Config:
        if flags.get("check") is not None and not flags["check"].strip():
            raise BadInput("--check has no command", 'for example: --check "pytest -q"')
        return load(Path.cwd())

    config = told(bool(flags.get("json") or flags.get("json_cells")), read)
    known = {field.name for field in fields(Options)}
    values: dict[str, Any] = {name: getattr(config, name) for name in known if hasattr(config, name)}
    values |= {
        name: given
        for name, given in flags.items()
        if name in known and given is not None and given is not False
    }
    values["context"] = tuple(flags.get("context") or ())
    values["counted"] = flags.get("candidates") is not None or config.candidates > 1
    values["hunt"] = bool(flags.get("check"))
    if flags.get("json_cells"):
        values["json"] = values["cells"] = True
    if flags.get("no_animation"):
        values["animation"] = "none"
    return Options(**values)
