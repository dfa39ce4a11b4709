"""The parts of the app that need no screen."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sharpen.cli.tui import clipboard, mentions
from sharpen.cli.tui.disk import Watch
from sharpen.cli.tui.highlight import Highlighter, recoloured
from sharpen.cli.tui.preferences import read
from sharpen.cli.tui.store import Outcome, Store, keep
from sharpen.core.errors import BadInput

# Highlighting


def coloured(text: str, row: int = 0, path: str = "x.py") -> list[tuple[str, str]]:
    return list(Highlighter(path, text).runs(row))


def test_a_line_keeps_its_text_whatever_is_coloured() -> None:
    text = "\n".join(Path(__file__).read_text(encoding="utf-8").splitlines()) + "\n"
    colours = Highlighter("x.py", text)
    for row, line in enumerate(text.split("\n")[:-1]):
        assert "".join(part for part, _name in colours.runs(row)) == line


def test_keywords_names_strings_and_comments_are_told_apart() -> None:
    assert coloured('def f(x=1.5): return "if"  # for') == [
        ("def", "keyword"), (" ", "context"), ("f", "name"), ("(x=", "context"), ("1.5", "numeral"),
        ("): ", "context"), ("return", "keyword"), (" ", "context"), ('"if"', "string"), ("  ", "context"),
        ("# for", "comment"),
    ]  # fmt: skip


def test_a_string_over_several_lines_is_one_on_each_of_them() -> None:
    text = 'x = """one\ntwo if\nthree""" + y\n'
    assert coloured(text, 1) == [("two if", "string")]
    assert coloured(text, 2)[0] == ('three"""', "string")


def test_a_quote_that_is_never_closed_ends_with_its_line() -> None:
    assert coloured('x = "abc\nif y:\n', 1)[0] == ("if", "keyword")


def test_a_file_of_no_known_language_is_shown_plain() -> None:
    assert coloured("if for while", path="x.unknown") == [("if for while", "context")]


def test_control_characters_do_not_reach_the_screen() -> None:
    assert "\x1b" not in "".join(part for part, _name in coloured("x = '\x1b[2J'"))


def test_only_calm_runs_of_a_painted_line_are_coloured() -> None:
    runs = (("if ", "context"), ("x", "sure3"), (": return", "context"))
    assert recoloured(runs, "a.py") == (
        ("if", "keyword"), (" ", "context"), ("x", "sure3"), (": ", "context"), ("return", "keyword"),
    )  # fmt: skip


# Mentions


@pytest.mark.parametrize(
    ("prompt", "instruction", "targets"),
    [
        ("fix it", "fix it", ()),
        ("fix the syntax error in @src/a.py", "fix the syntax error", ("src/a.py",)),
        ("fix it @a.py @b.py::C.d, please", "fix it, please", ("a.py", "b.py::C.d")),
        ("mail me@home.org about it", "mail me@home.org about it", ()),
        ("@a.py @a.py", "", ("a.py",)),
        ("add @property to the getter", "add @property to the getter", ()),
        ("use  @app.route('/x') and @functools.cache", "use  @app.route('/x') and @functools.cache", ()),
        ("add @types/node", "add @types/node", ()),
        ("tidy @src up, and @src/typo", "tidy up, and", ("src", "src/typo")),
        ('fix it in @"sp ace é.py", now', "fix it, now", ("sp ace é.py",)),
        ('fix @"sp ace é.py::f"', "fix", ("sp ace é.py::f",)),
    ],
)
def test_a_prompt_is_split_into_instruction_and_targets(
    prompt: str, instruction: str, targets: tuple[str, ...]
) -> None:
    assert mentions.split(prompt, lambda name: name == "src") == (instruction, targets)


def test_a_name_with_spaces_is_completed_as_it_can_be_sent() -> None:
    assert mentions.being_typed('fix @"sp ac') == "sp ac"
    completed = f"fix @{mentions.spelled('sp ace é.py')}"
    assert mentions.split(completed, lambda _name: False) == ("fix", ("sp ace é.py",))


def test_completions_prefer_beginnings_then_parts_then_scattered_letters() -> None:
    files = ["src/other/tal.py", "src/total.py", "tests/test_total.py", "t_o_t.py"]
    assert mentions.completions("tot", files, ()) == ["src/total.py", "tests/test_total.py", "t_o_t.py"]


def test_an_address_is_no_mention_while_it_is_typed() -> None:
    assert mentions.being_typed("ask me@ho") is None
    assert mentions.being_typed("fix @sr") == "sr"


# The store


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_a_sitting_leaves_is_its_users_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "state", tmp_path)
    store.add_prompt("fix it")
    frames = store.frames_of(store.next_id())
    keep(frames, [])
    assert mode(store.folder / "prompts.jsonl") == 0o600
    assert mode(frames) == 0o600
    assert mode(store.folder) == 0o700
    assert mode(frames.parent) == 0o700


def test_prompts_come_back_in_the_order_of_their_last_use(tmp_path: Path) -> None:
    store = Store(tmp_path, tmp_path)
    for prompt in ("one", "two\nlines", "one", "three"):
        store.add_prompt(prompt)
    assert Store(tmp_path, tmp_path).prompts() == ["two\nlines", "one", "three"]


def test_a_line_torn_by_a_kill_loses_no_other_one(tmp_path: Path) -> None:
    store = Store(tmp_path, tmp_path)
    store.add_prompt("one")
    path = store.folder / "prompts.jsonl"
    path.write_bytes(path.read_bytes() + b'{"time": 1, "prom')
    store.add_prompt("lost with it")
    store.add_prompt("three")
    assert store.prompts() == ["one", "three"]


def test_another_repository_has_other_prompts(tmp_path: Path) -> None:
    Store(tmp_path, tmp_path / "a").add_prompt("one")
    assert Store(tmp_path, tmp_path / "b").prompts() == []


def test_a_state_folder_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    store = Store(tmp_path / "state", tmp_path)
    store.add_prompt("one")
    assert store.prompts() == []


def test_only_runs_whose_frames_are_kept_are_listed(tmp_path: Path) -> None:
    store = Store(tmp_path, tmp_path)
    keep(store.frames_of("a"), [])
    for name in ("a", "b"):
        store.add_outcome(Outcome(name, 0.0, "fix it", ("x.py",), "embedded", "applied"))
    assert [one.id for one in store.outcomes()] == ["a"]


# Preferences, copying, the disk


def test_preferences_are_read_and_a_slip_is_named(tmp_path: Path) -> None:
    assert read(None).keys == {}
    path = tmp_path / "tui.toml"
    path.write_text('theme = "sharpen-light"\n[keys]\n"review.accept" = "y,enter"\n')
    assert read(tmp_path).keys == {"review.accept": "y,enter"}
    path.write_text('themes = "x"\n')
    with pytest.raises(BadInput, match="sets themes, which is no setting"):
        read(tmp_path)
    path.write_text('motion = "fast"\n')
    with pytest.raises(BadInput, match="not one of full, reduced, none"):
        read(tmp_path)


def test_copying_says_where_the_text_went_or_why_it_did_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setenv("PATH", str(tmp_path))
    assert clipboard.copy("a\nb\n", sent.append, {}) == "sent 2 lines to the terminal's clipboard"
    assert sent == ["a\nb\n"]
    assert "set-clipboard on" in clipboard.copy("a", sent.append, {"TMUX": "x"})
    said = clipboard.copy("a", sent.append, {"TERM_PROGRAM": "Apple_Terminal"})
    assert said.startswith("not copied: Terminal takes no text")
    tool = tmp_path / "pbcopy"
    tool.write_text(f"#!/bin/sh\n/bin/cat > {tmp_path}/got\n")
    tool.chmod(0o755)
    assert clipboard.copy("a\n", sent.append, {}) == "copied 1 line (pbcopy)"
    assert (tmp_path / "got").read_text() == "a\n"
    assert "terminal's clipboard" in clipboard.copy("a", sent.append, {"SSH_CONNECTION": "x"})


def test_a_change_on_disk_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("1")
    watch = Watch()
    watch.read(str(path))
    assert watch.changed([str(path)]) == []
    path.write_text("22")
    assert watch.changed([str(path)]) == [str(path)]
    assert watch.changed([str(path)]) == []
    path.unlink()
    assert watch.changed([str(path)]) == [str(path)]


def test_the_draft_of_a_killed_sitting_goes_and_one_being_written_stays(tmp_path: Path) -> None:
    store = Store(tmp_path, tmp_path)
    folder = store.proposal_of("x").parent
    folder.mkdir(parents=True)
    old, new = folder / "a.1.part", folder / "b.2.part"
    for path in (old, new):
        path.write_text("{")
    os.utime(old, (1.0, 1.0))
    store.add_outcome(Outcome("1", 0.0, "fix it", (), "embedded", "stopped"))
    assert [path.name for path in folder.iterdir()] == ["b.2.part"]


def test_a_run_is_listed_once_as_it_ended_last(tmp_path: Path) -> None:
    store = Store(tmp_path, tmp_path)
    for run, ended in (("1", "open"), ("2", "stopped"), ("1", "applied")):
        store.frames_of(run).parent.mkdir(parents=True, exist_ok=True)
        store.frames_of(run).write_text("")
        store.add_outcome(Outcome(run, 0.0, "fix it", (), "embedded", ended))
    assert [(one.id, one.ended) for one in store.outcomes()] == [("2", "stopped"), ("1", "applied")]
