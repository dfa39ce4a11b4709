"""The loss curves of a run as one picture, from its checkpoints."""

from __future__ import annotations

from pathlib import Path

from sharpen.core.training import checkpoint


def draw(folder: Path, out: Path) -> None:
    """Write an SVG: next-token loss of stage one beside the four losses of stage two, over minutes."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    first, second = checkpoint.load(folder / "pretrain.pt"), checkpoint.load(folder / "edit.pt")
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6))
    if first:
        left.plot([s / 60 for _, s, _ in first["curve"]], [v for _, _, v in first["curve"]])
        left.set(title="stage one: next token", xlabel="minutes", ylabel="nats", ylim=(2.5, 8))
    if second:
        for name in ("fill", "edit", "noise", "gap"):
            right.plot(
                [s / 60 for _, s, _ in second["curve"]], [v[name] for _, _, v in second["curve"]], label=name
            )
        right.set(title="stage two: the edit objective", xlabel="minutes", yscale="log")
        right.legend()
    figure.tight_layout()
    figure.savefig(out)
