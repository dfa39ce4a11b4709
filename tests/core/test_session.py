"""The road with a scripted engine, real files, a real journal and real git."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sharpen.core.candidate import Candidate
from sharpen.core.canvas import Frame
from sharpen.core.diagnose import diagnose
from sharpen.core.document import Document
from sharpen.core.engines.scripted import ScriptedEngine
from sharpen.core.errors import (
    BadInput,
    EngineUnavailable,
    FileChanged,
    Interrupted,
    NothingHeld,
    NotText,
)
from sharpen.core.events import Applied, Event, Failed, Finished, Framed, Proposed, Started, Verified
from sharpen.core.patch import Patch
from sharpen.core.request import CancelToken, Request
from sharpen.core.session import Job, Target, run
from sharpen.core.worktree.journal import Journal

BROKEN, MENDED = "def f(:\n    return 1\n", "def f():\n    return 1\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text(BROKEN)
    return root


@pytest.fixture
def journal(tmp_path: Path, project: Path) -> Journal:
    return Journal(tmp_path / "state", project)


def _target(path: Path) -> Target:
    document = Document.read(path)
    return Target(document, document.whole(), diagnose(document.text, str(path)))


def _job(*paths: Path, **more: Any) -> Job:
    return Job("fix the syntax error", tuple(_target(p) for p in paths), **more)


def _run(job: Job, engine: Any, journal: Journal | None, **more: Any) -> tuple[list[Event], Finished]:
    events = list(run(job, engine, journal=journal, **more))
    last = events[-1]
    assert isinstance(last, Finished)
    assert sum(isinstance(e, Finished) for e in events) == 1
    return events, last


def _failures(events: list[Event]) -> list[Exception]:
    return [e.error for e in events if isinstance(e, Failed)]


def test_the_events_come_in_the_road_s_order(project: Path, journal: Journal) -> None:
    path = project / "a.py"
    events, last = _run(_job(path), ScriptedEngine([MENDED], ["def f(", "def f()"]), journal)
    assert [type(e) for e in events] == [Started, Framed, Framed, Proposed, Verified, Applied, Finished]
    assert path.read_text() == MENDED
    assert last.changed == (str(path),)
    assert last.steps == 2
    assert [e.seconds for e in events] == sorted(e.seconds for e in events)
    journal.undo()
    assert path.read_text() == BROKEN


def test_the_first_candidate_by_score_that_holds_wins(project: Path, journal: Journal) -> None:
    other = "def f(): return 1\n"
    events, _ = _run(_job(project / "a.py"), ScriptedEngine(["def f(((:\n", other, MENDED]), journal)
    assert [e.verdict.holds for e in events if isinstance(e, Verified)] == [False, True, True]
    assert (project / "a.py").read_text() == other


def test_where_no_candidate_holds_nothing_is_written(project: Path, journal: Journal) -> None:
    events, last = _run(_job(project / "a.py"), ScriptedEngine(["def f(((:\n"]), journal)
    assert [type(e) for e in _failures(events)] == [NothingHeld]
    assert last.failed == (str(project / "a.py"),)
    assert last.proposed is None
    assert (project / "a.py").read_text() == BROKEN


def test_one_file_that_fails_does_not_stop_the_others(project: Path, journal: Journal) -> None:
    (project / "b.py").write_text("x = = 1\n")
    events, last = _run(_job(project / "b.py", project / "a.py"), ScriptedEngine([MENDED + "\n("]), journal)
    assert len(_failures(events)) == 2
    events, last = _run(_job(project / "b.py", project / "a.py"), ScriptedEngine([MENDED]), journal)
    assert last.changed == (str(project / "b.py"), str(project / "a.py"))


def test_a_proposal_is_never_written(project: Path, journal: Journal) -> None:
    events, last = _run(_job(project / "a.py", action="propose"), ScriptedEngine([MENDED]), journal)
    assert not any(isinstance(e, Applied) for e in events)
    assert (project / "a.py").read_text() == BROKEN
    assert last.proposed is not None
    assert last.proposed.result(str(project / "a.py")) == MENDED.encode()
    assert journal.list() == ()


@pytest.mark.parametrize("keep", [lambda _p: None, lambda p: p.keep(())])
def test_what_is_rejected_is_not_written(
    project: Path, journal: Journal, keep: Callable[[Patch], Patch | None]
) -> None:
    events, last = _run(_job(project / "a.py"), ScriptedEngine([MENDED]), journal, decide=keep)
    assert not _failures(events)
    assert (project / "a.py").read_text() == BROKEN
    assert last.unchanged == (str(project / "a.py"),)


def test_stdin_is_never_written_but_its_patch_is_there(project: Path, journal: Journal) -> None:
    document = Document.from_bytes(BROKEN.encode())
    job = Job("fix", (Target(document, document.whole(), diagnose(BROKEN)), _target(project / "a.py")))
    _, last = _run(job, ScriptedEngine([MENDED]), journal)
    assert last.proposed is not None
    assert last.proposed.result("-") == MENDED.encode()
    assert last.changed == (str(project / "a.py"),)
    assert not Path("-").exists()


def test_a_stop_before_the_first_step_writes_nothing(project: Path, journal: Journal) -> None:
    cancel = CancelToken()
    cancel.cancel()
    events, last = _run(_job(project / "a.py"), ScriptedEngine([MENDED]), journal, cancel=cancel)
    assert [type(e) for e in _failures(events)] == [Interrupted]
    assert last.proposed is None
    assert (project / "a.py").read_text() == BROKEN


@pytest.mark.parametrize("at", [Framed, Proposed, Verified])
def test_a_stop_at_any_event_writes_nothing(project: Path, journal: Journal, at: type) -> None:
    cancel, kinds = CancelToken(), []
    for event in run(_job(project / "a.py"), ScriptedEngine([MENDED], ["x"]), journal=journal, cancel=cancel):
        kinds.append(type(event))
        if isinstance(event, at):
            cancel.cancel()
    assert kinds[-2:] == [Failed, Finished]
    assert (project / "a.py").read_text() == BROKEN


def test_a_stop_while_asking_writes_nothing(project: Path, journal: Journal) -> None:
    cancel = CancelToken()

    def decide(patch: Patch) -> Patch:
        cancel.cancel()
        return patch

    events, _ = _run(_job(project / "a.py"), ScriptedEngine([MENDED]), journal, cancel=cancel, decide=decide)
    assert [type(e) for e in _failures(events)] == [Interrupted]
    assert (project / "a.py").read_text() == BROKEN


def test_a_file_that_was_rewritten_meanwhile_is_left_alone(project: Path, journal: Journal) -> None:
    def decide(patch: Patch) -> Patch:
        (project / "a.py").write_text("def g(x:\n    return 3\n")
        return patch

    events, last = _run(_job(project / "a.py"), ScriptedEngine([MENDED]), journal, decide=decide)
    assert [type(e) for e in _failures(events)] == [FileChanged]
    assert last.failed == (str(project / "a.py"),)
    assert (project / "a.py").read_text() == "def g(x:\n    return 3\n"


class _Failing:
    name = model = "failing"

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def refine(self, request: Request) -> Iterator[Frame | Candidate]:
        raise self._error
        yield


@pytest.mark.parametrize(
    ("raised", "told"), [(EngineUnavailable("no"), EngineUnavailable), (KeyboardInterrupt(), Interrupted)]
)
def test_what_an_engine_raises_is_told(
    project: Path, journal: Journal, raised: BaseException, told: type
) -> None:
    events, _ = _run(_job(project / "a.py"), _Failing(raised), journal)
    assert [type(e) for e in _failures(events)] == [told]


def test_a_character_that_the_file_cannot_hold_is_told(project: Path, journal: Journal) -> None:
    (project / "a.py").write_bytes(b"# coding: latin-1\nx = (\n")
    engine = ScriptedEngine(["# coding: latin-1\nx = '\u2713'\n"])
    events, _ = _run(_job(project / "a.py"), engine, journal)
    assert [type(e) for e in _failures(events)] == [NotText]


def _git(root: Path, *words: str) -> str:
    said = subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True)
    return said.stdout


@pytest.fixture
def repository(project: Path) -> Path:
    (project / "sub").mkdir()
    (project / "sub" / "b.py").write_text("x = 1\n")
    _git(project, "init", "-q")
    _git(project, "config", "user.name", "A")
    _git(project, "config", "user.email", "a@example.org")
    _git(project, "add", ".")
    _git(project, "commit", "-q", "-m", "one")
    return project


def test_a_check_command_sees_the_edit_and_the_user_s_changes(repository: Path, journal: Journal) -> None:
    (repository / "sub" / "b.py").write_text("x = 2\n")
    (repository / "new.txt").write_text("here\n")
    command = "grep -q 'def f():' a.py && grep -q 2 sub/b.py && grep here new.txt && touch left-behind"
    job = _job(repository / "a.py", check=command)
    events, last = _run(job, ScriptedEngine([MENDED]), journal)
    (verified,) = (e for e in events if isinstance(e, Verified))
    assert verified.verdict.check is not None
    assert verified.verdict.check.exit == 0
    assert verified.verdict.check.output == "here\n"
    assert last.changed
    assert not (repository / "left-behind").exists()
    assert _git(repository, "worktree", "list").count("\n") == 1


def test_a_candidate_that_fails_the_check_loses_to_one_that_passes(
    repository: Path, journal: Journal
) -> None:
    other = "def f():\n    return 2\n"
    job = _job(repository / "a.py", check="grep -q 'return 2' a.py")
    events, _ = _run(job, ScriptedEngine([MENDED, other]), journal)
    assert [e.verdict.holds for e in events if isinstance(e, Verified)] == [False, True]
    assert (repository / "a.py").read_text() == other


def test_a_check_outside_git_runs_in_a_plain_copy(project: Path, journal: Journal) -> None:
    command = "grep -q 'def f():' a.py && touch left-behind"
    _, last = _run(_job(project / "a.py", check=command), ScriptedEngine([MENDED]), journal)
    assert last.changed
    assert not (project / "left-behind").exists()


class _Rounds:
    """Answers each request from a table: (code, name in the message) of its first finding -> the region's new text."""

    name = model = "rounds"

    def __init__(self, **answers: str) -> None:
        self._answers = answers
        self.asked: list[list[str]] = []

    def refine(self, request: Request) -> Iterator[Frame | Candidate]:
        words = [d.code if d.code == "syntax" else d.message.split("`")[1] for d in request.diagnostics]
        self.asked.append(words)
        if (new := self._answers.get("_".join(words))) is not None:
            yield Candidate(new, 0.0, 1, 0.0, ((0, 3, 0.5),))


HIDDEN = "def f(:\n    return oss.name\n"
ALL = ("syntax", "undefined")


def test_names_hidden_behind_a_syntax_error_are_repaired_too(project: Path, journal: Journal) -> None:
    (project / "a.py").write_text(HIDDEN)
    engine = _Rounds(
        syntax="def f():\n    return oss.name\n", oss="import os\n\n\ndef f():\n    return os.name\n"
    )
    _, last = _run(_job(project / "a.py", again=ALL), engine, journal)
    assert engine.asked == [["syntax"], ["oss"]]
    assert (project / "a.py").read_text() == "import os\n\n\ndef f():\n    return os.name\n"
    assert last.left == ()
    assert len(journal.list()) == 1
    journal.undo()
    assert (project / "a.py").read_text() == HIDDEN


def test_a_repair_stays_where_what_it_uncovers_cannot_be_repaired_and_that_is_told(
    project: Path, journal: Journal
) -> None:
    (project / "a.py").write_text(HIDDEN)
    events, last = _run(
        _job(project / "a.py", again=ALL), _Rounds(syntax="def f():\n    return oss.name\n"), journal
    )
    assert (project / "a.py").read_text() == "def f():\n    return oss.name\n"
    assert [(path, d.line, d.code) for path, d in last.left] == [(str(project / "a.py"), 2, "F821")]
    assert not _failures(events)


def test_what_was_not_asked_for_again_is_left_alone(project: Path, journal: Journal) -> None:
    (project / "a.py").write_text(HIDDEN)
    engine = _Rounds(syntax="def f():\n    return oss.name\n", oss="def f(): ...\n")
    _run(_job(project / "a.py"), engine, journal)
    assert engine.asked == [["syntax"]]


def test_names_that_cannot_be_repaired_together_are_repaired_one_by_one(
    project: Path, journal: Journal
) -> None:
    (project / "a.py").write_text("print(aa)\nprint(bb)\n")
    engine = _Rounds(bb="print(aa)\nprint(2)\n")
    _, last = _run(_job(project / "a.py", again=ALL), engine, journal)
    assert engine.asked == [["aa", "bb"], ["aa"], ["bb"]]
    assert (project / "a.py").read_text() == "print(aa)\nprint(2)\n"
    assert [d.message for _, d in last.left] == ["Undefined name `aa`"]


def test_a_check_command_waits_for_the_last_round(repository: Path, journal: Journal) -> None:
    (repository / "a.py").write_text(HIDDEN)
    engine = _Rounds(syntax="def f():\n    return oss.name\n", oss="def f():\n    return 'name'\n")
    job = _job(repository / "a.py", again=ALL, check="! grep -q oss a.py")
    _, last = _run(job, engine, journal)
    assert last.changed
    (repository / "a.py").write_text(HIDDEN)
    _, last = _run(job, _Rounds(syntax="def f():\n    return oss.name\n"), journal)
    assert last.failed
    assert (repository / "a.py").read_text() == HIDDEN


def test_of_targets_that_overlap_the_second_is_told_and_the_first_stands(
    project: Path, journal: Journal
) -> None:
    events, _ = _run(_job(project / "a.py", project / "a.py"), ScriptedEngine([MENDED]), journal)
    assert [type(e) for e in _failures(events)] == [BadInput]
    assert "overlap" in str(_failures(events)[0])
    assert (project / "a.py").read_text() == MENDED
