"""What `sharpen doctor` prints."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))


def test_doctor_names_every_package_that_sharpen_needs_and_the_engine_that_would_run(sandbox: Any) -> None:
    done = sandbox.run("doctor")
    assert done.returncode == 0, done.stderr
    rows = dict(line.split(maxsplit=1) for line in done.stdout.decode().splitlines())
    needed = {re.split(r"[<>=;\[ ]", line)[0] for line in PROJECT["project"]["dependencies"]}
    assert needed - set(rows) - {"platformdirs"} == set()
    assert rows["engine"].startswith("embedded, model ")


def test_doctor_says_that_a_key_is_missing_and_how_it_is_set(sandbox: Any) -> None:
    for name in ("INCEPTION_API_KEY", "SHARPEN_API_KEY"):
        sandbox.env.pop(name, None)
    sandbox.env |= {"SHARPEN_ENGINE": "mercury", "SHARPEN_CONFIG_DIR": str(sandbox.state / "config")}
    done = sandbox.run("doctor")
    assert done.returncode == 3
    (row,) = [line for line in done.stdout.decode().splitlines() if line.startswith("engine ")]
    assert "mercury needs a key" in row
    assert "sharpen keys set mercury" in row
    sandbox.env["INCEPTION_API_KEY"] = "sk_0123456789abcdef0123456789abcdef"
    assert sandbox.run("doctor").returncode == 0
