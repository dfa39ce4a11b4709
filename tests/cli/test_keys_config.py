"""`sharpen keys` and `sharpen config`: what is kept where, who can read it, and what never shows."""

from __future__ import annotations

import stat
import tomllib
from typing import Any

import pytest

KEY = "sk_0123456789abcdef0123456789abcdef"


@pytest.fixture
def box(sandbox: Any) -> Any:
    sandbox.env["SHARPEN_CONFIG_DIR"] = str(sandbox.state / "config")
    for name in ("INCEPTION_API_KEY", "SHARPEN_API_KEY"):
        sandbox.env.pop(name, None)
    return sandbox


def test_a_key_from_stdin_is_kept_for_its_owner_alone_and_never_shown(box: Any) -> None:
    done = box.run("keys", "set", "mercury", stdin=f"  {KEY}\n".encode())
    assert done.returncode == 0, done.stderr
    file = box.state / "config" / "keys.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert KEY in file.read_text()
    listed = box.run("keys", "list")
    assert KEY.encode() not in done.stdout + done.stderr + listed.stdout + listed.stderr
    assert b"\xe2\x80\xa6cdef" in listed.stdout
    box.run("keys", "set", "openai", stdin=b"another-key-of-mine\n")
    assert box.run("keys", "rm", "mercury").returncode == 0
    assert "mercury" not in file.read_text()
    assert "another-key-of-mine" in file.read_text()
    assert box.run("keys", "rm", "mercury").returncode == 2


def test_the_environment_comes_first(box: Any) -> None:
    box.run("keys", "set", "mercury", stdin=KEY.encode())
    box.env["INCEPTION_API_KEY"] = "sk_of-the-environment"
    listed = box.run("keys").stdout.decode()
    assert "from $INCEPTION_API_KEY" in listed
    assert "sk_of" not in listed


def test_a_key_file_that_others_can_read_is_not_used(box: Any) -> None:
    box.run("keys", "set", "mercury", stdin=KEY.encode())
    (box.state / "config" / "keys.toml").chmod(0o644)
    box.write("a.py", "x = 1\n")
    done = box.run("edit", "rename x to y", "a.py", "--engine", "mercury", "--yes")
    assert done.returncode == 2
    assert b"chmod 600" in done.stderr
    assert KEY.encode() not in done.stderr


@pytest.mark.parametrize(
    ("line", "stdin", "said"),
    [
        ("keys set", b"", "needs an engine"),
        ("keys set embedded", b"x", "there are no keys for embedded"),
        ("keys set mercury", b"", "the key is empty"),
        ("keys set mercury", b"two words", "blanks"),
        ("keys get mercury", b"", "there is no sharpen keys get"),
        ("config get", b"", "there is no sharpen config get"),
        ("config set animation", b"", "needs a key and a value"),
        ("config set colour red", b"", "colour"),
        ("config set candidates many", b"", "candidates"),
    ],
)
def test_what_cannot_be_set_is_one_sentence(box: Any, line: str, stdin: bytes, said: str) -> None:
    done = box.run(*line.split(), stdin=stdin)
    assert done.returncode == 2
    assert said in done.stderr.decode().splitlines()[0]
    assert not (box.state / "config").exists()


@pytest.mark.parametrize(
    "words",
    [("set", "mercury", KEY), ("set", KEY), (KEY,), ("set", f"mercury:{KEY}"), ("set", f"mercury#{KEY}"),
     ("set", f"openai:{KEY}"), ("rm", "mercury", KEY, KEY), ("rm", KEY), ("rm", f"mercury#{KEY}")],
)  # fmt: skip
def test_a_key_that_is_typed_as_an_argument_is_never_shown(box: Any, words: tuple[str, ...]) -> None:
    done = box.run("keys", *words)
    assert done.returncode == 2
    assert KEY.encode() not in done.stdout + done.stderr
    assert b"Traceback" not in done.stderr


def test_a_key_too_many_is_said_to_come_from_a_question_or_stdin(box: Any) -> None:
    said = box.run("keys", "set", "mercury", KEY).stderr.decode()
    assert "asked for, or read from standard input" in said


def test_a_setting_is_written_into_the_users_own_file_and_the_rest_of_it_stays(box: Any) -> None:
    file = box.state / "config" / "config.toml"
    assert box.run("config", "path").stdout.decode().strip() == str(file)
    assert box.run("config", "set", "animation", "reduced").returncode == 0
    file.write_text("# mine\n" + file.read_text() + "candidates = 2  # two\n")
    assert box.run("config", "set", "candidates", "3").returncode == 0
    assert box.run("config", "set", "undo-days", "7").returncode == 0
    assert file.read_text() == '# mine\nanimation = "reduced"\ncandidates = 3\nundo_days = 7\n'
    shown = {line.split()[0]: line.split()[1:] for line in box.run("config").stdout.decode().splitlines()}
    assert shown["animation"] == ['"reduced"', str(file)]
    assert shown["candidates"] == ["3", str(file)]
    assert shown["seed"] == ["0", "default"]
    box.env["SHARPEN_CANDIDATES"] = "4"
    assert "$SHARPEN_CANDIDATES" in box.run("config", "show").stdout.decode()


@pytest.mark.parametrize("value", ["echo 😀", 'echo "é" \\ x', "a\x7fb", "a\nb"])
def test_any_text_can_be_a_setting(box: Any, value: str) -> None:
    done = box.run("config", "set", "check", value)
    assert done.returncode == 0, done.stderr
    file = box.state / "config" / "config.toml"
    assert tomllib.loads(file.read_text(encoding="utf-8")) == {"check": value}


@pytest.mark.parametrize(
    ("key", "value"),
    [("check_timeout", "inf"), ("check_timeout", "nan"), ("check_timeout", "1e400"), ("check_timeout", "1e300"),
     ("engine", "foo"), ("engine", "openai:"), ("engine", "openai:htp://x"), ("engine", "mercury@x"),
     ("engine", "local:"), ("check", b"\xff"), ("allow_http", "http://gpu"), ("allow_http", "*")],
)  # fmt: skip
def test_a_value_that_a_setting_cannot_have_is_refused(box: Any, key: str, value: Any) -> None:
    done = box.run("config", "set", key, value)
    assert done.returncode == 2, done.stderr
    assert not (box.state / "config").exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('# a\ncheck = """\necho a\n"""\nseed = 1\n', '# a\ncheck = "x"\nseed = 1\n'),
        ("'check' = 'y'\n", 'check = "x"\n'),
        ('"check" = "y" # why\n[t]\nseed = 1\n', 'check = "x"\n[t]\nseed = 1\n'),
        ('engine = """local:a\ncheck = 1\n"""', 'engine = """local:a\ncheck = 1\n"""\ncheck = "x"\n'),
        ("[t]\ncheck = 1\n", 'check = "x"\n[t]\ncheck = 1\n'),
    ],
)
def test_a_setting_is_replaced_in_whatever_form_it_stands(box: Any, before: str, after: str) -> None:
    file = box.state / "config" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(before)
    done = box.run("config", "set", "check", "x")
    assert done.returncode == 0, done.stderr
    assert file.read_text() == after


def test_a_long_value_stands_apart_from_its_source(box: Any) -> None:
    box.run("config", "set", "check", "python -m pytest -q tests")
    shown = box.run("config", "show").stdout.decode()
    assert f'"python -m pytest -q tests"  {box.state}' in shown


def test_a_folder_made_for_settings_is_its_owners_alone(box: Any) -> None:
    assert box.run("config", "set", "seed", "1").returncode == 0
    assert stat.S_IMODE((box.state / "config").stat().st_mode) == 0o700
