"""The only place that runs git: read-only questions about a repository, and the three-way merge of files.

`find`, `rebase` and `core.verify` call it. git runs through GitPython's command wrapper (a `Repo` would read
configuration and objects that nobody asks for), imported at the first question because it costs 0.1 s. Paths go
in and come out as raw bytes (`-z`, literal pathspecs), git's language is C, and it takes no optional locks. A
hook's variables (`GIT_DIR`, `GIT_INDEX_FILE`, …) are passed on only where they mean the repository asked about.
Nothing here changes refs, the stash or the work tree; the index is written by `index.py` alone, when asked to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from sharpen.core.errors import Refused

if TYPE_CHECKING:
    from git.cmd import Git

# What git sets for its hooks, or a user for one repository; none of it may leak into another one.
_LOCAL = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_CONFIG", "GIT_DIFF_OPTS", "GIT_DIR",
    "GIT_EXTERNAL_DIFF", "GIT_GLOB_PATHSPECS", "GIT_GRAFT_FILE", "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_LITERAL_PATHSPECS", "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
)  # fmt: skip
_SETTINGS = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
_BATCH = 200  # paths a call: well under every system's limit for one command line
_CONFLICTS = range(1, 128)  # how `merge-file` exits: the number of conflicts, at most 127


@dataclass(frozen=True, slots=True)
class Answer:
    """How a git command ended."""

    status: int
    out: bytes
    error: str
    """Its first line on stderr, without `fatal:`."""


def apart() -> tuple[Path, Path] | None:
    """Work tree and git folder that `GIT_DIR` names, as `git --git-dir=D --work-tree=W` sets it for its hooks.

    None where it names what lies in the work tree as `.git`, which is found without it.
    """
    given = os.environ.get("GIT_DIR", "")
    if not given:
        return None
    home = Path(os.path.realpath(given))
    tree = os.environ.get("GIT_WORK_TREE", "")
    if not tree and (".git" in home.parts or (Path() / ".git").exists()):
        return None  # a hook's variable of a common repository, perhaps of another one
    top = Path(os.path.realpath(tree or "."))
    return (top, home) if top != home and (home / "HEAD").exists() else None


def git_folder(root: Path) -> Path | None:
    """The git folder of a work tree (`.git`, where a `.git` file points, or see `apart`), read without running git."""
    named = apart()
    if named is not None and named[0] == Path(os.path.realpath(root)):
        return named[1]
    dot = root / ".git"
    try:
        if dot.is_dir():
            return dot if (dot / "HEAD").exists() or (dot / "HEAD").is_symlink() else None
        pointer = dot.read_bytes()[:4096] if dot.is_file() else b""
    except OSError:
        return None
    if not pointer.startswith(b"gitdir:"):
        return None
    return root / os.fsdecode(pointer.removeprefix(b"gitdir:").strip())


def run(
    folder: Path,
    *arguments: str,
    stdin: bytes = b"",
    hook_index: bool = False,
    index_file: str = "",
    quick: bool = False,
) -> Answer:
    """Run `git ARGUMENTS` in the folder. Raises Refused where git is missing or distrusts the repository.

    `index_file`: work on this index, an absolute path, and on no other.
    `hook_index`: inside a hook of this very repository, read the index that is being committed. Only for
    questions: `git worktree add` would fill that index with HEAD and lose what the user has staged.
    `quick`: without GitPython, whose import would be most of what a clean commit waits for.
    """
    index = index_file or (_own_index(folder) if hook_index else "")
    drop = [name for name in _LOCAL if name in os.environ or (index and name == "GIT_INDEX_FILE")]
    command = ["env", *(word for name in drop for word in ("-u", name))] if drop else []
    # An index of our own choosing cannot be set before `env -u` drops it, so it is set by `env` too.
    command += [f"GIT_INDEX_FILE={index}"] if index else []
    named = apart()
    if named is not None and named[0] == Path(os.path.realpath(folder)):
        command += [f"GIT_DIR={named[1]}", f"GIT_WORK_TREE={named[0]}"]
    command += ["git", *arguments]
    status, out, error = (_asked if quick else _wrapped)(folder, command, stdin)
    said = next(iter(error.splitlines()), "").removeprefix("fatal: ").removeprefix("error: ")
    if "dubious ownership" in error:
        raise Refused(
            f"git does not trust the repository at {folder}, which belongs to another user",
            f"git config --global --add safe.directory {folder}",
        )
    return Answer(status, out, said)


def _asked(folder: Path, command: list[str], stdin: bytes) -> tuple[int, bytes, str]:
    """Status, output and complaint of a command, as `_wrapped` gives them."""
    import subprocess

    environment = {**os.environ, **_SETTINGS, "LANGUAGE": "C", "LC_ALL": "C"}
    try:
        ran = subprocess.run(
            command, cwd=folder, env=environment, input=stdin, capture_output=True, check=False
        )
    except FileNotFoundError as missing:
        raise Refused("git is needed here and is not installed") from missing
    except OSError as error:
        raise Refused(f"git cannot be run in {folder}: {error.strerror}") from error
    return ran.returncode, ran.stdout, ran.stderr.decode("utf-8", "replace")


def _wrapped(folder: Path, command: list[str], stdin: bytes) -> tuple[int, bytes, str]:
    wrapper = _wrapper(folder)
    from git.exc import GitCommandNotFound

    try:
        with _as_file(stdin) as source:
            status, out, error = wrapper.execute(
                command,
                istream=source,
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                env=_SETTINGS,
            )
    except GitCommandNotFound as missing:
        raise Refused("git is needed here and is not installed") from missing
    return int(status), out, str(error)


def _wrapper(folder: Path) -> Git:
    try:
        from git.cmd import Git
    except ImportError as missing:  # GitPython looks for the program when it is imported
        raise Refused("git is needed here and is not installed") from missing
    return Git(str(folder))


def _as_file(data: bytes) -> BinaryIO:
    """Standard input as an unnamed file: a pipe would have to be fed while git already answers."""
    import tempfile

    file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(data)
    file.seek(0)
    return file


def _own_index(folder: Path) -> str:
    """GIT_INDEX_FILE where it belongs to the repository at `folder` (we are in its hook), else empty."""
    given = os.environ.get("GIT_INDEX_FILE", "")
    home = git_folder(folder)
    if not given or home is None:
        return ""
    index = folder / given
    return str(index) if os.path.realpath(index.parent) == os.path.realpath(home) else ""


def index_path(root: Path) -> Path | None:
    """The index that a commit in progress takes, else the repository's own; None outside git."""
    home = git_folder(root)
    if home is None:
        return None
    return Path(_own_index(root) or home / "index").absolute()


def has_work_tree(root: Path) -> bool:
    """False for the folder of a bare repository, where git tracks no files."""
    return run(root, "rev-parse", "--is-inside-work-tree").out.strip() == b"true"


def changed(root: Path) -> list[str]:
    """Paths under `root` that differ from HEAD or are untracked; deleted ones are among them."""
    answer = run(
        root,
        "status",
        "--porcelain",
        "-z",
        "--no-renames",
        "--untracked-files=all",
        "--ignore-submodules=all",
    )
    _expect(answer, root)
    return [os.fsdecode(entry[3:]) for entry in answer.out.split(b"\0") if entry]


def renamed(root: Path) -> dict[str, str]:
    """New name -> name in HEAD of what is staged as moved; empty where there is no commit yet."""
    answer = run(
        root, "diff", "--cached", "--name-status", "-z", "--find-renames", "--diff-filter=R",
        "--no-ext-diff", "--ignore-submodules", "HEAD", hook_index=True,
    )  # fmt: skip
    fields = [os.fsdecode(field) for field in answer.out.split(b"\0")] if answer.status == 0 else []
    return dict(zip(fields[2::3], fields[1::3], strict=False))


def files(root: Path) -> list[str]:
    """Paths under `root` that git tracks, or would if they were added: ignored ones are not among them."""
    answer = run(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
    _expect(answer, root)
    return [os.fsdecode(entry) for entry in answer.out.split(b"\0") if entry]


def ignored_files(root: Path) -> list[str]:
    """Paths of files under `root` that git ignores, without those in folders that it ignores."""
    arguments = ("--others", "--ignored", "--exclude-standard", "--directory")
    answer = run(root, "ls-files", "-z", *arguments)
    _expect(answer, root)
    return [os.fsdecode(entry) for entry in answer.out.split(b"\0") if entry and not entry.endswith(b"/")]


def states(root: Path) -> dict[str, str]:
    """path -> `M`, `A`, `D`, `?` or `U` for those that differ from HEAD."""
    arguments = ("--no-renames", "--untracked-files=all", "--ignore-submodules=all")
    answer = run(root, "status", "--porcelain", "-z", *arguments)
    _expect(answer, root)
    found = {}
    for entry in answer.out.split(b"\0"):
        index, tree = entry[:1].decode(), entry[1:2].decode()
        if entry:
            state = "U" if "U" in index + tree or index + tree in {"AA", "DD"} else (tree.strip() or index)
            found[os.fsdecode(entry[3:])] = "A" if index == "A" and state == "M" else state
    return found


def listed(root: Path, under: str) -> list[str]:
    """Paths under `root` that lie below the folder `under` and are tracked or new, without what git ignores."""
    answer = run(
        root, "--literal-pathspecs", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", under
    )  # fmt: skip
    _expect(answer, root)
    return [os.fsdecode(entry) for entry in dict.fromkeys(answer.out.split(b"\0")) if entry]


def unmerged(root: Path, names: Sequence[str]) -> set[str] | None:
    """Those of the names (relative to `root`) with an unresolved conflict; None where git has no work tree."""
    found: set[str] = set()
    for some in _batches(names):
        answer = run(
            root, "--literal-pathspecs", "ls-files", "--unmerged", "-z", "--", *some, hook_index=True
        )
        if "must be run in a work tree" in answer.error:
            return None
        _expect(answer, root)
        found.update(os.fsdecode(entry.split(b"\t", 1)[1]) for entry in answer.out.split(b"\0") if entry)
    return found


def ignored(root: Path, names: Sequence[str]) -> set[str]:
    """Those of the names that git ignores; a tracked file is never ignored."""
    # It has no literal pathspecs; the dot keeps a name that begins with a colon from being read as magic.
    answer = run(
        root, "check-ignore", "-z", "--stdin", stdin=_lines([f"./{name}" for name in names]), hook_index=True
    )
    _expect(answer, root, (0, 1))
    return {os.fsdecode(entry).removeprefix("./") for entry in answer.out.split(b"\0") if entry}


def attributes(root: Path, names: Sequence[str], wanted: Sequence[str]) -> dict[str, dict[str, str]]:
    """name -> attribute -> value (`set`, `unset`, `unspecified` or a word)."""
    answer = run(root, "check-attr", "-z", "--stdin", *wanted, stdin=_lines(names), hook_index=True)
    _expect(answer, root)
    fields = [os.fsdecode(field) for field in answer.out.split(b"\0")]
    found: dict[str, dict[str, str]] = {}
    for name, attribute, value in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
        found.setdefault(name, {})[attribute] = value
    return found


def merge(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Both sides' changes since `base` in one file, or None where they conflict or cannot be merged."""
    import tempfile

    with (
        tempfile.NamedTemporaryFile() as one,
        tempfile.NamedTemporaryFile() as two,
        tempfile.NamedTemporaryFile() as three,
    ):
        for file, data in ((one, ours), (two, base), (three, theirs)):
            file.write(data)
            file.flush()
        folder = Path(one.name).parent
        answer = run(folder, "merge-file", "--stdout", "--quiet", one.name, two.name, three.name)
    if answer.status == 0:
        return answer.out
    if answer.status in _CONFLICTS:
        return None
    raise Refused(f"git could not merge: {answer.error}")


def _expect(answer: Answer, root: Path, good: tuple[int, ...] = (0,)) -> None:
    if answer.status not in good:
        raise Refused(f"git cannot read the repository at {root}: {answer.error or answer.status}")


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(names), _BATCH):
        yield names[at : at + _BATCH]


def _lines(names: Sequence[str]) -> bytes:
    return b"".join(os.fsencode(name) + b"\0" for name in names)
