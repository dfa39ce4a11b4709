"""Wrong usage: one sentence and what to do, exit code 2, nothing on stdout."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("line", "said", "hint"),
    [
        ("fix --nope", "there is no option --nope", "sharpen fix --help shows how it is used"),
        ("fix --check-onl a.py", "there is no option --check-onl", "did you mean --check-only?"),
        ("edit", "PROMPT is missing", "sharpen edit --help shows how it is used"),
        ("fix --steps many", "--steps: 'many' is not a whole number", "sharpen fix --help"),
        ("fix --strength much", "--strength: 'much' is not a number", "sharpen fix --help"),
        ("fix -n 0", "-n, --candidates: 0 is not in the range x>=1", "sharpen fix --help"),
        ("fix --steps", "--steps needs a value", "sharpen"),
        ("replay a b", "nothing is known to do with b", "sharpen replay --help"),
        ("fxi", "fxi is neither a command nor a file", "did you mean sharpen fix?"),
        ("away/total.py", "there is no file away/total.py", "sharpen --help"),
    ],
)
def test_wrong_usage_is_one_sentence_and_what_to_do(sandbox: Any, line: str, said: str, hint: str) -> None:
    done = sandbox.run(*line.split())
    assert done.returncode == 2
    first, second = done.stderr.decode().splitlines()
    assert first == f"sharpen: {said}"
    assert second.strip().startswith(hint)
    assert done.stdout == b""
