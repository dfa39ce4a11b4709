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
