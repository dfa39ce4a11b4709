"""The lists and questions that open over the desk: engines, checkpoints, earlier runs, history, candidates.

Each function asks for what it shows, shows it, and does with the answer what the desk already can. `app` binds them to
keys and offers them in the palette.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sharpen.cli.tui import choosing, keeping, outcome
from sharpen.cli.tui.dialogs import Choice, Compare, EditHunk, Pick, Question
from sharpen.cli.tui.outcome import Notice
from sharpen.cli.tui.review import Review
from sharpen.cli.tui.review_sheet import ReviewSheet
from sharpen.cli.tui.wire import Look, Seen, Undo
from sharpen.core.candidate import Verdict
from sharpen.core.errors import SharpenError

if TYPE_CHECKING:
    from sharpen.cli.tui.desk import Desk


def history(desk: Desk) -> None:
    """Look through the prompts of this repository."""
    choices = [Choice(text, " ".join(text.split())) for text in reversed(desk.prompt.past)]

    def take(text: str | None) -> None:
        if text is not None:
            desk.prompt.take(text)
        desk.prompt.focus()

    desk.app.push_screen(Pick("history", choices, "no prompt was sent here yet"), take)


def checkpoints(desk: Desk) -> None:
    """Ask for them; the answer opens the list."""
    desk.ask_process(Look("checkpoints", desk.stage.path))


def answered(desk: Desk, seen: Seen) -> None:
    """Open the list that was asked for."""
    if seen.what == "engines":
        choosing.pick_engine(desk, seen)
    elif seen.what == "checkpoints":
        _pick_checkpoint(desk, seen)


def _pick_checkpoint(desk: Desk, seen: Seen) -> None:
    choices = []
    for one in reversed(seen.checkpoints):
        label, note = outcome.checkpoint_label(one)
        choices.append(Choice(f"{'redo' if one.undone else 'undo'} {one.id}", label, note))

    def take(value: str | None) -> None:
        if value is not None:
            verb, _, number = value.partition(" ")
            desk.ask_process(Undo(number, redo=verb == "redo", path=desk.stage.path or None))

    title = "checkpoints: Enter takes one back, or applies it again"
    desk.app.push_screen(Pick(title, choices, "nothing was applied here yet"), take)


def runs(desk: Desk) -> None:
    """Earlier runs of this repository, to look at again or to decide on."""
    choices = []
    for one in reversed(desk.store.outcomes()):
        when = time.strftime("%m-%d %H:%M", time.localtime(one.time))
        files = ", ".join(one.targets)
        facts = f"{files}  {one.engine}" + (f"  {one.steps} steps  {one.seconds:.1f} s" if one.steps else "")
        facts = one.said if one.ended == "failed" and one.said else facts
        choices.append(Choice(one.id, f"{when}  {one.ended:<8}  {' '.join(one.prompt.split())}", facts))

    def take(run_id: str | None) -> None:
        if run_id is not None:
            keeping.reopen(desk, run_id)

    desk.app.push_screen(
        Pick(
            "earlier runs: Enter shows one again, or lets you decide on an open one",
            choices,
            "no run is kept here yet",
        ),
        take,
    )


def edit_hunk(desk: Desk) -> None:
    """Type over the current hunk's new lines."""
    view = desk.stage.review
    hunk = view.review.hunk
    text = "\n".join(hunk.new_lines)

    def take(typed: str | None) -> None:
        if typed is None or typed == text:
            return
        try:
            review = view.review.edited(typed.split("\n") if typed else [])
        except SharpenError as error:
            desk.notice(outcome.of_error(error))
            return
        if review.decisions:
            view.put(review)
        else:
            desk.notice(Notice("that is what the file says already", "reject the hunk with n"))

    desk.app.push_screen(EditHunk(f"{outcome.near(hunk.path)}, line {hunk.start_line}", text), take)


def compare(desk: Desk) -> None:
    """The candidates for the current file, each with its verdict."""
    run, view = desk.sitting.current, desk.stage.review
    if run is None:
        return
    found = [one for one in run.candidates if one.path == view.path]
    if run.kept is not None:
        desk.notice(Notice("the other candidates were not kept", "e types over the hunk, n rejects it"))
        return
    if len(found) < 2:
        desk.notice(Notice("there is one candidate", "Ctrl+P, Candidates, asks for more"))
        return
    sheets = []
    for one in found:
        verdict = run.verdicts.get((one.path, one.index))
        sheets.append(
            (_said(verdict, one.candidate.score), ReviewSheet(Review.of(one.patch), one.path, None))
        )

    def take(index: int | None) -> None:
        if index is not None:
            view.put(view.review.with_candidate(found[index].patch))

    desk.app.push_screen(Compare(sheets, desk.stage.ink), take)


def _said(verdict: Verdict | None, score: float) -> str:
    if verdict is None:
        return f"not checked\nscore {score + 0.0:.2f}"
    word = "✓ holds" if verdict.holds else f"✗ {verdict.reason or 'does not hold'}"
    check = f"  check ended with {verdict.check.exit}" if verdict.check else ""
    # Three lines for every column, so that the code below them begins at one height, and short ones: columns are narrow.
    return f"{word}\ngone {len(verdict.gone)}  new {len(verdict.new)}\nscore {score + 0.0:.2f}{check}"


def quit_after_asking(desk: Desk) -> None:
    """Quit; where an edit runs, waits or stands unapplied, only after a yes."""
    run = desk.sitting.current
    waiting = len(desk.sitting.waiting)
    if run is not None and run.state == "review":
        text = "The proposal is not applied; F3 opens it again later. Quit now?"
    elif run is not None and run.state == "running":
        text = "An edit is under way. Quit without it?"
    elif waiting:
        text = f"{waiting} prompt{' waits' if waiting == 1 else 's wait'}. Quit all the same?"
    else:
        desk.app.exit()
        return

    def take(yes: bool | None) -> None:
        if yes:
            desk.app.exit()

    desk.app.push_screen(Question(text), take)
