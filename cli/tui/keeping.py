"""Proposals over the end of a sitting: kept while they stand, opened again from the list of earlier runs.

`desk` calls `keep` whenever the review has changed, `answers` calls `settled` when a run is over, `menus` and `app` open
and announce what was left. What is written and how is `proposals`'; here is only when.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sharpen.cli.tui import outcome
from sharpen.cli.tui.frames import FrameLog
from sharpen.cli.tui.outcome import Notice
from sharpen.cli.tui.sitting import Run
from sharpen.cli.tui.wire import Ask
from sharpen.core.errors import SharpenError

if TYPE_CHECKING:
    from sharpen.cli.tui.desk import Desk


def keep(desk: Desk) -> None:
    """The review as it stands now, on disk."""
    run, review = desk.sitting.current, desk.stage.review.proposal
    if run is None or run.state != "review" or review is None or not run.ask.record:
        return
    if desk.kept is not None and (desk.kept.patch, desk.kept.decisions) == (review.patch, review.decisions):
        return  # another hunk is looked at, that is all
    from sharpen.cli.tui.proposals import Proposal, save

    first = desk.kept is None
    desk.kept = review
    run_id = outcome.id_of(run)
    engine = run.kept.engine if run.kept else run.engine
    save(
        desk.store.proposal_of(run_id),
        Proposal(run.typed, engine, review.patch, review.decisions, desk.stage.review.marks),
    )
    if first:
        desk.store.add_outcome(outcome.row(run, run_id))


def settled(desk: Desk, run: Run) -> None:
    """The run is over: what was decided is not kept any longer; what could not be applied is."""
    desk.kept = None
    if run.state == "failed":
        return
    from sharpen.cli.tui.proposals import remove

    remove(desk.store.proposal_of(outcome.id_of(run)))


def announce(desk: Desk) -> None:
    """Say at the start that something was left open."""
    left = desk.store.left_open()
    if left:
        when = time.strftime("%m-%d %H:%M", time.localtime(left[-1].time))
        said = " ".join(left[-1].prompt.split())
        more = f", and {len(left) - 1} more" if len(left) > 1 else ""
        desk.notice(Notice(f"not decided yet: “{said}” of {when}{more}", "F3 opens it again"))


def reopen(desk: Desk, run_id: str) -> None:
    """The proposal of an earlier run, to be decided on; where there is none any more, its frames."""
    from sharpen.cli.tui.proposals import load

    path = desk.store.proposal_of(run_id)
    if not path.exists():
        if desk.store.frames_of(run_id).exists():
            _look_again(desk, run_id)
        else:
            _why_it_failed(desk, run_id)
        return
    run = desk.sitting.current
    if run is not None and not run.over:
        desk.notice(Notice("an edit is under way", "decide on it or stop it, then open the earlier one"))
        return
    try:
        kept = load(path)
    except SharpenError as error:
        desk.notice(outcome.of_error(error))
        return
    frames = str(desk.store.frames_of(run_id))
    ask = Ask(desk.sitting.next_number(), kept.prompt, (), kept.engine, record=frames, reopened=str(path))
    desk.notice(None)
    run = desk.sitting.ask(ask, kept.prompt)
    run.log = frames_of(desk, run_id) or run.log
    desk.begin(run)


def _look_again(desk: Desk, run_id: str) -> None:
    from sharpen.cli.replay import load

    run = desk.sitting.current
    if run is not None and run.state == "review":
        desk.notice(Notice("a proposal stands", "decide on it, or reject it with R, to look at another run"))
        return
    if run is not None and not run.over:
        desk.notice(Notice("an edit is under way", "let it end or stop it with Esc to look at another run"))
        return
    try:
        log = load(desk.store.frames_of(run_id))
    except SharpenError as error:
        desk.notice(outcome.of_error(error))
        return
    desk.stage.load(log, "earlier run")
    desk.stage.view.focus()


def _why_it_failed(desk: Desk, run_id: str) -> None:
    """A run without a frame: its reason, and its prompt to be sent again."""
    for one in desk.store.outcomes():
        if one.id == run_id:
            desk.notice(Notice(one.said or "it failed before the first frame", bad=True))
            if not desk.prompt.text:
                desk.prompt.take(one.prompt)
            desk.prompt.focus()


def frames_of(desk: Desk, run_id: str) -> FrameLog | None:
    """The run's frames; None where they are gone, which costs the looking back and nothing else."""
    from sharpen.cli.replay import load

    try:
        return load(desk.store.frames_of(run_id))
    except SharpenError:
        return None
