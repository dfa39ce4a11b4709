"""What the desk does with each thing that the engine's process says.

`desk` calls `take` for every answer but frames, in the order in which they came. State is the sitting's, drawing the
stage's; here is only which of them is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharpen.cli.tui import keeping, outcome
from sharpen.cli.tui.file_tree import FileTree
from sharpen.cli.tui.outcome import Notice
from sharpen.cli.tui.sitting import Run
from sharpen.cli.tui.wire import Answer, Died, Doubted, Look, Prepared, Ready, Review, Seen, Sending, Undone
from sharpen.core.errors import SharpenError

if TYPE_CHECKING:
    from sharpen.cli.tui.desk import Desk


def take(desk: Desk, answer: Answer) -> None:
    """Take in one answer."""
    if isinstance(answer, Ready):
        desk.ready = True
        desk.show_where()
    elif isinstance(answer, Seen):
        _seen(desk, answer)
    elif isinstance(answer, Undone):
        _undone(desk, answer)
    else:
        run = desk.sitting.hear(answer)
        if isinstance(answer, Died):
            desk.ready = False
        if run is not None and run is desk.sitting.current:
            if isinstance(answer, Sending):
                _sending(desk, run)
            _follow(desk, run, answer)
            if isinstance(answer, Review) and answer.merged:
                files = ", ".join(outcome.near(path) for path in answer.merged)
                desk.notice(Notice(f"{files} had changed since; the proposal was carried over to it"))


def _sending(desk: Desk, run: Run) -> None:
    """Say what leaves the machine; where it is the first, wait for the yes with nothing moving."""
    if run.sending is not None and run.sending.asks:
        desk.stage.rest()
        desk.stage.say("not sent yet")
        desk.rest()
        desk.asked_at = desk.clock()
        desk.prompt.focus()
    desk.notice(outcome.of_sending(run))


def _follow(desk: Desk, run: Run, answer: Answer) -> None:
    for target in answer.targets if isinstance(answer, Prepared) else ():
        desk.watched.read(target.document.path)
    if isinstance(answer, Review):
        desk.stage.tick()
        typing = desk.prompt.being_typed
        desk.stage.propose(run, focus=not typing)
        desk.notice(Notice("a proposal stands", "Esc goes to it") if typing else None)
    elif isinstance(answer, Doubted):
        desk.stage.say("proposed")
        desk.stage.back_to_review()
        hint = "A applies it all the same, u takes the last decision back"
        desk.notice(Notice(f"what is kept does not hold: {answer.reason}", hint, bad=True))
    elif run.over:
        _over(desk, run)
    desk.show_queue()


def _over(desk: Desk, run: Run) -> None:
    """Say what came of it, show the file as it is now, go on with what waits."""
    stage, prompt = desk.stage, desk.prompt
    stage.rest()
    desk.store.add_outcome(outcome.row(run, outcome.id_of(run)))
    keeping.settled(desk, run)
    stage.say(run.state)
    path = stage.path if stage.path in run.changed or not run.changed else run.changed[0]
    if not path or not desk.open(path, outcome.first_row(run, path)):
        stage.leave()  # it may be gone: a review that is over must not stay in any case
    desk.standing.pop("disk", None)
    said = outcome.of_run(run)
    desk.notice(said)
    if run.state in {"failed", "stopped"} and not prompt.text:
        prompt.offer(run.typed)
    if run.state == "failed" and desk.sitting.waiting:  # what follows would take its place
        desk.standing["failed"] = said
        desk.notice(None)
    if run.state == "applied":
        stage.view.focus()
        desk.ask_process(Look("files", "."))
    else:
        prompt.focus()
    desk.sitting.go_on()
    following = desk.sitting.current
    if following is not None and not following.over:
        desk.begin(following)
    else:
        desk.rest()


def _seen(desk: Desk, seen: Seen) -> None:
    prompt = desk.prompt
    if seen.what == "models":
        from sharpen.cli.tui import choosing

        choosing.answered(desk, seen)
    elif seen.error is not None:
        if seen.what != "symbols":  # of a path that is being typed still
            desk.notice(outcome.of_error(seen.error))
    elif seen.what == "files":
        desk.query_one(FileTree).fill(seen.files)
        prompt.files = [one.name for one in seen.files if one.status != "D"]
    elif seen.what == "symbols":
        prompt.know_symbols(seen.path, seen.symbols)
    else:
        from sharpen.cli.tui import menus

        menus.answered(desk, seen)


def _undone(desk: Desk, undone: Undone) -> None:
    if undone.restored is None:
        desk.notice(outcome.of_error(undone.error or SharpenError("nothing was undone")))
        return
    stage = desk.stage
    if stage.path and not stage.reviewing and not stage.live:
        desk.open(stage.path)
    desk.notice(outcome.of_undo(undone.restored, redo=undone.redo))
    desk.ask_process(Look("files", "."))
