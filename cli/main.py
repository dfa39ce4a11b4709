"""The `sharpen` command: one small function a command, nothing heavy imported at the top.

Help, `--version` and completion run from this module alone; a command's own module is imported when it is called.
`main` owns the last line of defence: every failure becomes one sentence on stderr and a documented exit code.
"""

from __future__ import annotations

from sharpen.cli import early  # noqa: F401 - catches an interrupt of the imports that follow

# isort: split
import signal
import sys
from typing import Annotated

import typer

from sharpen.cli import fatal, usage
from sharpen.cli.models_app import app as models_app
from sharpen.cli.options import settled

app = typer.Typer(
    name="sharpen",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)

app.add_typer(models_app, name="models")

Engine = Annotated[
    str | None,
    typer.Option(
        "-e",
        "--engine",
        metavar="SPEC",
        help="embedded (the default), local:NAME, mercury, openai:URL#MODEL.",
    ),
]
Prompt = Annotated[str, typer.Argument(metavar="PROMPT", help="What should change, in your words.")]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Apply without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Apply nothing, print the unified diff.")]
Json = Annotated[
    bool, typer.Option("--json", help="Events as JSON lines on stdout; --json=cells: with each cell.")
]
Cells = Annotated[bool, typer.Option("--json-cells", hidden=True)]
Count = Annotated[
    int | None, typer.Option("-n", "--candidates", metavar="N", min=1, help="How many edits to choose from.")
]
Check = Annotated[
    str | None,
    typer.Option(
        "--check", metavar="CMD", help="An edit holds only if CMD exits 0 with it, tried in a copy."
    ),
]
CheckTimeout = Annotated[
    float | None,
    typer.Option("--check-timeout", metavar="SECONDS", min=0.1, help="How long one run of CMD may take."),
]
Steps = Annotated[int | None, typer.Option("--steps", metavar="N", min=1, help="Refinement steps at most.")]
Strength = Annotated[
    float | None,
    typer.Option(
        "--strength", metavar="0..1", min=0, max=1, help="How much of the old code is noised first."
    ),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", min=-(2**63), max=2**63 - 1, help="For engines that draw lots."),
]
Context = Annotated[
    list[str] | None,
    typer.Option("-c", "--context", metavar="PATH", help="A file to read, never to change. May be repeated."),
]
Still = Annotated[bool, typer.Option("--no-animation", help="Plain lines in place of the live view.")]
Record = Annotated[str | None, typer.Option("--record", metavar="FILE", help="Write the refinement to FILE.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say less.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say more.")]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"sharpen {version('sharpen')}")
        raise typer.Exit


@app.callback()
def top(
    _version_: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Edit and repair code in place with a diffusion language model.

    `sharpen` alone, or `sharpen PATH`, opens the app; `-e SPEC` chooses its engine.
    """


@app.command()
def fix(
    paths: Annotated[list[str] | None, typer.Argument(metavar="[PATH]...", show_default=False)] = None,
    engine: Engine = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: Json = False,
    json_cells: Cells = False,
    candidates: Count = None,
    check: Check = None,
    check_timeout: CheckTimeout = None,
    steps: Steps = None,
    strength: Strength = None,
    seed: Seed = None,
    context: Context = None,
    no_animation: Still = False,
    record: Record = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    staged: Annotated[bool, typer.Option("--staged", help="Judge and repair what is in the index.")] = False,
    check_only: Annotated[bool, typer.Option("--check-only", help="Write nothing, print the diff.")] = False,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Exit 0 although a file was changed or is still broken.")
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout", metavar="SECONDS", min=0.1, help="Give up after so long; nothing is written then."
        ),
    ] = None,
    max_files: Annotated[
        int | None,
        typer.Option("--max-files", metavar="N", min=1, help="Repair so many broken files at most."),
    ] = None,
    all: Annotated[  # noqa: A002 - the flag's name
        bool, typer.Option("--all", help="Repair what HEAD has broken too, not only what is new.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="In a hook too, a missing engine is a failure.")
    ] = False,
) -> None:
    """Find what is broken (syntax errors, undefined names) and repair it.

    PATH is a file, a folder, or - for stdin to stdout. No PATH: the files changed against HEAD, untracked ones
    included.
    """
    flags = locals()
    from sharpen.cli.commands import fix as command

    raise typer.Exit(command.run(tuple(paths or ()), settled(flags)))


@app.command()
def edit(
    prompt: Prompt,
    targets: Annotated[list[str] | None, typer.Argument(metavar="[TARGET]...", show_default=False)] = None,
    engine: Engine = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: Json = False,
    json_cells: Cells = False,
    candidates: Count = None,
    check: Check = None,
    check_timeout: CheckTimeout = None,
    steps: Steps = None,
    strength: Strength = None,
    seed: Seed = None,
    context: Context = None,
    no_animation: Still = False,
    record: Record = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    stage: Annotated[
        bool, typer.Option("--stage", help="Stage the edit's own hunks, and only those.")
    ] = False,
    commit: Annotated[
        bool,
        typer.Option("--commit", help="Commit the edit's own hunks, with the prompt as message; hooks run."),
    ] = False,
) -> None:
    """One edit. TARGET: PATH, PATH:LINE, PATH:START-END, PATH::SYMBOL, or - for stdin to stdout."""
    flags = locals()
    from sharpen.cli.commands import edit as command

    raise typer.Exit(command.run(prompt, tuple(targets or ()), settled(flags)))


@app.command()
def undo(
    words: Annotated[list[str] | None, typer.Argument(metavar="[ID] [PATH]...", show_default=False)] = None,
    show: Annotated[bool, typer.Option("--list", help="Show the checkpoints.")] = False,
    redo: Annotated[bool, typer.Option("--redo", help="Apply again what was undone.")] = False,
    before: Annotated[
        bool, typer.Option("--print", help="Print what a file held before the edit, change nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Put back what a checkpoint changed: the last one, the one of ID, or the last one that touched PATH."""
    from sharpen.cli.commands import undo as command

    raise typer.Exit(command.run(tuple(words or ()), show=show, redo=redo, before=before, json=json))


@app.command()
def demo(
    picture: Annotated[str | None, typer.Option("--picture", help="Draw the run into FILE.svg.")] = None,
    no_animation: Still = False,
) -> None:
    """Repair real broken files in a temporary repository, with everything shown."""
    from sharpen.cli.commands import demo as command

    raise typer.Exit(command.run(picture, settled({"no_animation": no_animation})))


@app.command()
def replay(
    file: str,
    export: Annotated[str | None, typer.Option("--export", help="Write FILE.svg, .cast or .gif.")] = None,
    at: Annotated[
        int | None, typer.Option("--at", min=1, help="Which frame to begin at, or an SVG shows.")
    ] = None,
    no_animation: Still = False,
) -> None:
    """Play a recorded refinement (--record) on the canvas of the app, or write it as a picture."""
    from sharpen.cli.commands import replay as command

    raise typer.Exit(command.run(file, export, at, still=no_animation))


@app.command()
def race(
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What to write.")],
    target: Annotated[str | None, typer.Argument(metavar="[TARGET]", show_default=False)] = None,
    engine: Engine = None,
    length: Annotated[
        int | None, typer.Option("--length", metavar="N", min=1, help="Tokens of the canvas.")
    ] = None,
    steps: Steps = None,
    seed: Seed = None,
    json: Json = False,
    no_animation: Still = False,
) -> None:
    """The same model decoding left to right and by diffusion, side by side. Needs -e local:NAME; applies nothing."""
    flags = locals()
    from sharpen.cli.commands import race as command

    raise typer.Exit(command.run(prompt, target, length, settled(flags)))


@app.command()
def bench(
    engine: Engine = None,
    runs: Annotated[int, typer.Option("--runs", metavar="N", min=1, help="Of each edit.")] = 3,
    candidates: Count = None,
    steps: Steps = None,
    strength: Strength = None,
    seed: Seed = None,
    json: Json = False,
) -> None:
    """Speed of the engine at hand on this machine, on edits that ship with sharpen."""
    flags = locals()
    from sharpen.cli.commands import bench as command

    raise typer.Exit(command.run(runs, settled(flags)))


@app.command()
def hook(action: Annotated[str, typer.Argument(metavar="install|uninstall|status")] = "status") -> None:
    """git's own pre-commit hook: repair what a commit would break."""
    from sharpen.cli.commands import hook as command

    raise typer.Exit(command.run(action))


@app.command()
def serve(
    engine: Engine = None,
    host: Annotated[
        str, typer.Option("--host", help="Beyond loopback only with $SHARPEN_SERVE_TOKEN.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8765,
    unix: Annotated[
        str | None, typer.Option("--unix", metavar="PATH", help="A unix socket in place of a port.")
    ] = None,
) -> None:
    """Serve an engine over HTTP, in the protocol of Mercury and OpenAI."""
    from sharpen.cli.commands import serve as command

    raise typer.Exit(command.run(settled({"engine": engine}).engine, host, port, unix))


@app.command()
def keys(
    action: Annotated[str, typer.Argument(metavar="set|list|rm")] = "list",
    engine: Annotated[str | None, typer.Argument(metavar="[ENGINE]", show_default=False)] = None,
) -> None:
    """Keys of remote engines, in the keyring or a file that only you can read. Asked for without echo, or read from stdin."""
    from sharpen.cli.commands import keys as command

    raise typer.Exit(command.run(action, engine))


@app.command()
def config(
    action: Annotated[str, typer.Argument(metavar="show|path|set")] = "show",
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", show_default=False)] = None,
    value: Annotated[str | None, typer.Argument(metavar="[VALUE]", show_default=False)] = None,
) -> None:
    """The settings that hold here, each with where it comes from."""
    from sharpen.cli.commands import config as command

    raise typer.Exit(command.run(action, key, value))


@app.command()
def doctor() -> None:
    """What is installed, which engine would run, what is missing and what mends it."""
    from sharpen.cli.commands import doctor as command

    raise typer.Exit(command.run())


def main() -> None:
    """Run the command, turn whatever ends it into an exit code."""
    sys.argv = [a if a != "--json=cells" else "--json-cells" for a in sys.argv]
    code = fatal.guarded(lambda: usage.run(app))
    # All is done: an interrupt of the interpreter's own end would only print a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)
