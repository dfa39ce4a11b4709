"""The words under `sharpen models`, as typer reads them. The commands are in `cli.commands.models`."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Open checkpoints for the local engine.")

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
Family = Annotated[
    str | None,
    typer.Option("--family", metavar="NAME", help="What it is, where that is not found by itself."),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="A pulled model, or a checkpoint's folder.")]
Number = typer.Option(metavar="N", show_default=False)


@app.command("list")
def list_(json: Json = False) -> None:
    """The models that are here."""
    from sharpen.cli.commands import models

    raise typer.Exit(models.list_(as_json=json))


@app.command()
def info(name: Name, family: Family = None, json: Json = False) -> None:
    """What a model is, what it can do, and what memory it needs."""
    from sharpen.cli.commands import models

    raise typer.Exit(models.info(name, family, as_json=json))


@app.command()
def pull(repo: Annotated[str, typer.Argument(metavar="OWNER/NAME")]) -> None:
    """Fetch a model from the Hugging Face hub: safetensors, config and tokenizer files only."""
    from sharpen.cli.commands import models

    raise typer.Exit(models.pull(repo))


@app.command()
def use(name: Name) -> None:
    """Make a model the engine where none is named: sets `engine` in your own configuration."""
    from sharpen.cli.commands import models

    raise typer.Exit(models.use(name))


@app.command()
def rm(name: Name) -> None:
    """Remove a model that was pulled."""
    from sharpen.cli.commands import models

    raise typer.Exit(models.rm(name))


@app.command("try")
def try_(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="A pulled model, or a checkpoint's folder. NAME#int8 in int8."),
    ],
    prompt: Annotated[str | None, typer.Argument(metavar="[PROMPT]", show_default=False)] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Token for token what the official sampler gives.")
    ] = False,
    family: Family = None,
    algorithm: Annotated[str | None, typer.Option(metavar="NAME", help="low_confidence, entropy, …")] = None,
    steps: Annotated[int | None, Number] = None,
    block: Annotated[int | None, Number] = None,
    length: Annotated[int | None, Number] = None,
    temperature: Annotated[float | None, Number] = None,
    top_k: Annotated[int | None, Number] = None,
    top_p: Annotated[float | None, Number] = None,
    alg_temp: Annotated[float | None, Number] = None,
    threshold: Annotated[float | None, Number] = None,
    editing_threshold: Annotated[float | None, Number] = None,
    eos_early_stop: Annotated[
        bool, typer.Option("--eos-early-stop", help="Stop at the end of the text.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Seeds torch once, before the first step.")
    ] = None,
    ids: Annotated[
        str | None, typer.Option(metavar="FILE", help="The prompt as a JSON list of token ids.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="A line a step, with the canvas's token ids.")] = False,
) -> None:
    """Run the bare sampler on a prompt, live."""
    from sharpen.cli.commands import models

    options = {
        "exact": exact, "algorithm": algorithm, "steps": steps, "block": block, "length": length,
        "temperature": temperature, "top_k": top_k, "top_p": top_p, "alg_temp": alg_temp,
        "threshold": threshold, "editing_threshold": editing_threshold,
        "eos_early_stop": eos_early_stop or None, "seed": seed,
    }  # fmt: skip
    raise typer.Exit(models.try_(models.Trial(name, prompt, ids, family, json), options))
