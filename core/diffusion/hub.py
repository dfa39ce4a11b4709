"""Checkpoints on this machine: pulled from a hub, found by name, removed. `cli.commands.models` calls it.

Invariants: only safetensors, config and tokenizer files are fetched, so nothing that could be run; a model is in its
place whole or not at all, and a pull that was cut goes on where it was. huggingface-hub is imported here alone, and
only to pull.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from sharpen.core.errors import BadInput, EngineUnavailable, WriteFailed

WANTED = (
    "*.safetensors", "*.safetensors.index.json", "config.json", "generation_config.json", "tokenizer.json",
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
)  # fmt: skip
SPARE = 1 << 30
"""Bytes of the disk that a pull leaves free."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a repository of the hub has for us."""

    repo: str
    revision: str
    files: tuple[tuple[str, int], ...]
    """(name, bytes)."""
    licence: str

    @property
    def bytes(self) -> int:
        """All files together."""
        return sum(size for _name, size in self.files)


def name_of(repo: str) -> str:
    """The folder's name for a repository `owner/name`."""
    return repo.replace("/", "--")


def find(models: Path, name: str, *, whole: bool = False) -> Path:
    """A checkpoint's folder by its path or by its name, of which a part does unless `whole`. Raises BadInput where
    there is none."""
    if not name.strip():
        raise BadInput("a model's name is empty", "sharpen models list")
    given = Path(name)
    for folder in (given, models / name_of(name)):
        if (folder / "config.json").is_file():
            return folder
    if given.is_dir():
        raise BadInput(f"{name} holds no checkpoint: it has no config.json", "sharpen models list")
    near = [one.name for one in pulled(models) if name.lower() in one.name.lower()]
    if len(near) == 1 and not whole:
        return models / near[0]
    if near and whole:
        raise BadInput(f"there is no model {name} here", f"its whole name is meant: {' or '.join(near)}")
    raise BadInput(f"there is no model {name} here", f"sharpen models pull {name}, or name its folder")


def pulled(models: Path) -> tuple[Path, ...]:
    """The checkpoints that are here whole."""
    if not models.is_dir():
        return ()
    found = (p for p in models.iterdir() if not p.name.startswith(".") and (p / "config.json").is_file())
    return tuple(sorted(found))


def ask(repo: str) -> Offer:
    """What the hub has under that name. Raises EngineUnavailable without the extra or a network, and BadInput."""
    hub = _hub()
    try:
        info = hub.HfApi().model_info(repo, files_metadata=True, timeout=30)
    except Exception as error:
        raise _translated(error, repo) from error
    files = [(f.rfilename, int(f.size or 0)) for f in info.siblings or ()]
    top = [(name, size) for name, size in files if "/" not in name]  # other formats lie in folders
    wanted = tuple((name, size) for name, size in top if any(fnmatch(name, w) for w in WANTED))
    if not any(name.endswith(".safetensors") for name, _size in wanted):
        raise BadInput(f"{repo} has no .safetensors files", "other formats can run code, and are not read")
    licence = next(
        (t.removeprefix("license:") for t in info.tags or () if t.startswith("license:")), "unknown"
    )
    return Offer(repo, str(info.sha or "main"), wanted, licence)


def pull(offer: Offer, models: Path) -> Path:
    """Fetch it, going on where an earlier pull was cut. Raises WriteFailed where the disk is too small."""
    target, draft = models / name_of(offer.repo), models / f".part-{name_of(offer.repo)}"
    try:
        draft.mkdir(parents=True, exist_ok=True)
        here = sum(p.stat().st_size for p in draft.rglob("*") if p.is_file())
        free = shutil.disk_usage(draft).free
    except OSError as error:
        raise WriteFailed(f"{models} cannot be written: {error.strerror}") from error
    if offer.bytes - here > free - SPARE:
        raise WriteFailed(
            f"{offer.repo} is {offer.bytes / 1e9:.1f} GB and {models} has {free / 1e9:.1f} GB free",
            "free some space, or set SHARPEN_MODELS_DIR to another disk",
        )
    hub = _hub()
    try:
        names = [name for name, _size in offer.files]
        hub.snapshot_download(offer.repo, revision=offer.revision, local_dir=draft, allow_patterns=names)
    except Exception as error:
        raise _translated(error, offer.repo) from error
    shutil.rmtree(draft / ".cache", ignore_errors=True)
    if target.exists():
        remove(target)
    os.replace(draft, target)  # noqa: PTH105 - says what it is: atomic
    return target


def remove(folder: Path) -> None:
    """Remove a pulled checkpoint. First it stops being one, so that a kill leaves no half model. Raises WriteFailed."""
    try:
        (folder / "config.json").unlink(missing_ok=True)
        shutil.rmtree(folder)
    except OSError as error:
        raise WriteFailed(f"{folder} cannot be removed: {error.strerror or error}") from error


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError as missing:
        raise EngineUnavailable(
            "pulling a model needs huggingface-hub, which is not installed", "pip install 'sharpen[local]'"
        ) from missing
    return huggingface_hub


def _translated(error: Exception, repo: str) -> Exception:
    """The hub's own classes have moved between versions; their names and the statuses have not."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    kind = type(error).__name__
    if kind == "HFValidationError":
        return BadInput(f"{repo} is not a repository's name", "for example: sharpen models pull owner/name")
    if status in {401, 403} or kind == "GatedRepoError":
        return EngineUnavailable(
            f"the hub does not give {repo} to everybody",
            "check the name, accept its terms there, and set HF_TOKEN",
        )
    if status == 404 or kind in {"RepositoryNotFoundError", "RevisionNotFoundError"}:
        return BadInput(f"the hub has no model {repo}", "the name is owner/name, as in its address")
    if isinstance(error, OSError) and error.errno:
        return WriteFailed(f"{repo} could not be written: {error.strerror}")
    return EngineUnavailable(
        f"{repo} could not be fetched: the hub did not answer", "check the network, try again"
    )
