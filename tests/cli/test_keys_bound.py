"""A key belongs to the address that it was set for, and lies in the system's keyring where there is one."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.engines.conftest import Server, answers

KEY = "sk_0123456789abcdef0123456789abcdef"
RING = '''
import json, os
from keyring.backend import KeyringBackend

class Ring(KeyringBackend):
    """Keeps passwords in a file that the test reads."""
    priority = 5
    name = "a test's ring"

    def _all(self):
        try:
            return json.load(open(os.environ["RING"]))
        except FileNotFoundError:
            return {}

    def get_password(self, service, username):
        return self._all().get(f"{service} {username}")

    def set_password(self, service, username, password):
        if os.environ.get("RING_LOCKED"):
            raise RuntimeError("locked")
        json.dump(self._all() | {f"{service} {username}": password}, open(os.environ["RING"], "w"))

    def delete_password(self, service, username):
        found = self._all()
        del found[f"{service} {username}"]
        json.dump(found, open(os.environ["RING"], "w"))
'''


@pytest.fixture
def box(sandbox: Any) -> Any:
    sandbox.env["SHARPEN_CONFIG_DIR"] = str(sandbox.state / "config")
    for name in ("INCEPTION_API_KEY", "SHARPEN_API_KEY", "INCEPTION_BASE_URL", "PYTHON_KEYRING_BACKEND"):
        sandbox.env.pop(name, None)
    sandbox.write("a.txt", "one\n")
    return sandbox


@pytest.fixture
def model() -> Iterator[Server]:
    server = Server(answers("```\ntwo\n```"))
    yield server
    server.close()


@pytest.fixture
def ring(box: Any) -> Callable[[], dict[str, str]]:
    """A real keyring package with a backend of the test's own; tells what is in it."""
    pytest.importorskip("keyring")
    folder: Path = box.state.with_name("rings")
    folder.mkdir()
    (folder / "testring.py").write_text(RING)
    file = folder / "ring.json"
    box.env |= {"PYTHONPATH": str(folder), "PYTHON_KEYRING_BACKEND": "testring.Ring", "RING": str(file)}
    return lambda: json.loads(file.read_text()) if file.exists() else {}


def edit(box: Any, *words: str) -> Any:
    return box.run("edit", "write two", "a.txt", "-y", *words)


def test_a_moved_address_does_not_get_the_key(box: Any, model: Server) -> None:
    assert (
        b"for https://api.inceptionlabs.ai alone"
        in box.run("keys", "set", "mercury", stdin=KEY.encode()).stderr
    )
    box.env["INCEPTION_BASE_URL"] = model.url
    done = edit(box, "-e", "mercury#mercury-2")
    assert done.returncode == 3
    assert b"is for https://api.inceptionlabs.ai alone" in done.stderr
    assert b"Traceback" not in done.stderr
    assert model.requests == []
    # Set where it has moved to, it goes there.
    assert box.run("keys", "set", "mercury", stdin=KEY.encode()).returncode == 0
    assert edit(box, "-e", "mercury#mercury-2").returncode in {0, 3}
    assert f"Bearer {KEY}".encode() in model.requests[0]


def test_a_key_of_one_server_goes_to_no_other(box: Any, model: Server) -> None:
    assert box.run("keys", "set", "openai:https://models.example.org/v1", stdin=KEY.encode()).returncode == 0
    assert edit(box, "-e", f"openai:{model.url}#m").returncode == 0
    assert KEY.encode() not in b"".join(model.requests)
    assert box.run("keys", "set", "openai", stdin=b"key-of-this-machine\n").returncode == 0
    assert edit(box, "-e", f"openai:{model.url}#m").returncode == 0
    assert b"Bearer key-of-this-machine" in model.requests[-1]
    listed = box.run("keys").stdout.decode()
    assert "for https://models.example.org alone" not in listed
    assert "for https://models.example.org" in listed
    assert "for servers on this machine" in listed
    missed = box.run("keys", "rm", "openai:https://other.example.org")
    assert missed.returncode == 2
    assert b"sharpen keys rm openai:https://models.example.org" in missed.stderr
    assert box.run("keys", "rm", "openai:https://models.example.org:443").returncode == 0
    assert KEY not in (box.state / "config" / "keys.toml").read_text()


def test_a_key_without_an_address_is_mercurys_own(box: Any, model: Server) -> None:
    """As files were written before keys had addresses."""
    file = box.state / "config" / "keys.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'mercury = "{KEY}"\n')
    file.chmod(0o600)
    assert "for https://api.inceptionlabs.ai" in box.run("keys").stdout.decode()
    box.env["INCEPTION_BASE_URL"] = model.url
    assert edit(box, "-e", "mercury").returncode == 3
    assert model.requests == []


def test_the_systems_keyring_holds_the_key_where_there_is_one(
    box: Any, model: Server, ring: Callable[[], dict[str, str]]
) -> None:
    box.env["INCEPTION_BASE_URL"] = model.url
    done = box.run("keys", "set", "mercury", stdin=KEY.encode())
    assert b"kept in the system's keyring (a test's ring)" in done.stderr
    assert ring() == {"sharpen mercury this machine": KEY}
    file = box.state / "config" / "keys.toml"
    assert KEY not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "in the system's keyring" in box.run("keys").stdout.decode()
    edit(box, "-e", "mercury#mercury-2")
    assert f"Bearer {KEY}".encode() in model.requests[0]
    assert box.run("keys", "rm", "mercury").returncode == 0
    assert ring() == {}
    assert edit(box, "-e", "mercury").returncode == 3


def test_a_keyring_that_is_locked_leaves_the_file(box: Any, ring: Callable[[], dict[str, str]]) -> None:
    box.env["RING_LOCKED"] = "1"
    done = box.run("keys", "set", "mercury", stdin=KEY.encode())
    assert done.returncode == 0, done.stderr
    assert b"keys.toml" in done.stderr
    assert ring() == {}
    assert KEY in (box.state / "config" / "keys.toml").read_text()


def test_without_a_real_keyring_the_file_has_it(box: Any) -> None:
    box.env["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    assert b"keys.toml" in box.run("keys", "set", "mercury", stdin=KEY.encode()).stderr


def test_a_key_for_an_address_that_it_is_never_sent_to_is_kept_and_said(box: Any) -> None:
    done = box.run("keys", "set", "openai:http://gpu.lan:8765/v1", stdin=KEY.encode())
    assert done.returncode == 0
    assert b"not sent there" in done.stderr
    box.run("config", "set", "allow_http", "gpu.lan")
    done = box.run("keys", "set", "openai:http://gpu.lan:8765/v1", stdin=KEY.encode())
    assert b"not sent there" not in done.stderr


def test_a_bad_address_names_the_variable_that_it_comes_from(box: Any) -> None:
    box.env |= {"INCEPTION_BASE_URL": "ftp://x", "INCEPTION_API_KEY": KEY}
    box.write("a.py", "x = 1\n")
    for words in (("edit", "double it", "a.py", "-e", "mercury"), ("keys", "set", "mercury")):
        done = box.run(*words, stdin=KEY.encode())
        assert done.returncode == 2
        assert done.stderr.startswith(b"sharpen: INCEPTION_BASE_URL: ftp://x is not an address")
