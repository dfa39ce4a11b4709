"""The review of a run as it begins: nothing decided and the doubted tokens marked, or as it was kept."""

from __future__ import annotations

from sharpen.cli import paint
from sharpen.cli.tui.review import Marks, Review, unsure_marks
from sharpen.cli.tui.sitting import Run
from sharpen.core.patch import Patch


def review_of(run: Run, patch: Patch) -> tuple[Review, dict[str, Marks]]:
    """What is to be decided on, and the doubts of each file."""
    review, kept = Review.of(patch), run.kept
    if kept is None:
        return review, _marks(run)
    if len(kept.decisions) == len(review.decisions):
        review = review.resumed(kept.decisions)
    return review, kept.marks


def _marks(run: Run) -> dict[str, Marks]:
    regions = {target.document.path: target for target in run.targets}
    return {
        path: unsure_marks(regions[path].document, regions[path].region, one.candidate, paint.UNSURE)
        for path, one in run.candidate_of.items()
        if path in regions
    }
