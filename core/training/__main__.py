"""`sharpen-train` (or `python -m sharpen.core.training`): from an empty folder to the shipped weights.

    sharpen-train all --folder .train                 every stage, each skipped where it is done
    sharpen-train corpus | pretrain | edit | export   one stage

Every stage can be killed and started again; it goes on where it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path

DEFAULT_PRETRAIN_MINUTES = 14.0
DEFAULT_EDIT_MINUTES = 120.0


def _corpus(folder: Path) -> None:
    from sharpen.core.training import corpus, pretrain, vocabulary

    units, tokenizer = folder / "units.jsonl", folder / "tokenizer.json"
    if not units.exists():
        corpus.download(folder / "wheels")
        print(
            "held out: {} units, {} characters".format(
                *corpus.build(folder / "wheels", folder / "heldout.jsonl", held_out=True)
            )
        )
        draft = folder / "units.part"
        print("corpus: {} units, {} characters".format(*corpus.build(folder / "wheels", draft)))
        draft.replace(units)
    if not tokenizer.exists():
        print("vocabulary:", vocabulary.train(units, tokenizer))
    if not (folder / "tokens.bin").exists():
        print("tokens:", pretrain.pack(units, tokenizer, folder / "tokens.bin"))


def _export(folder: Path, out: Path) -> None:
    from sharpen.core.diffusion.transformer import Editor, Shape
    from sharpen.core.training import checkpoint, curve
    from sharpen.core.training.export import export

    state = checkpoint.load(folder / "edit.pt")
    if state is None:
        raise SystemExit("nothing to export: run `sharpen-train edit` first")
    model = Editor(Shape())
    model.load_state_dict(state["model"])
    about = {
        "steps": state["step"],
        "minutes": round(state["seconds"] / 60, 1),
        "losses": state["curve"][-1][2],
    }
    export(model, folder / "tokenizer.json", out, about)
    curve.draw(folder, out / "curve.svg")


def main() -> None:
    """Parse the command line and run the stages it names."""
    parser = argparse.ArgumentParser(
        prog="sharpen-train", description="Train the embedded model from nothing."
    )
    parser.add_argument("stage", choices=["all", "corpus", "pretrain", "edit", "export"])
    parser.add_argument("--folder", type=Path, default=Path(".train"), help="where everything is kept")
    parser.add_argument(
        "--out", type=Path, default=None, help="where export writes (default: FOLDER/weights)"
    )
    parser.add_argument("--pretrain-minutes", type=float, default=DEFAULT_PRETRAIN_MINUTES)
    parser.add_argument(
        "--minutes", type=float, default=DEFAULT_EDIT_MINUTES, help="of the edit stage, over all runs"
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--batch", type=int, default=32, help="windows a step")
    parser.add_argument("--workers", type=int, default=1, help="processes that make samples")
    a = parser.parse_args()
    a.folder.mkdir(parents=True, exist_ok=True)
    if a.stage in ("all", "corpus"):
        _corpus(a.folder)
    if a.stage in ("all", "pretrain"):
        from sharpen.core.training.pretrain import pretrain

        pretrain(a.folder, a.pretrain_minutes, device=a.device)
    if a.stage in ("all", "edit"):
        from sharpen.core.training.edit import train

        train(a.folder, a.minutes, a.batch, a.device, a.workers)
    if a.stage in ("all", "export"):
        _export(a.folder, a.out or a.folder / "weights")


if __name__ == "__main__":
    main()
