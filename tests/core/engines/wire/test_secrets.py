"""What looks like a secret is not sent, and comes back unchanged."""

from __future__ import annotations

import time

import pytest

from sharpen.core.document import Document
from sharpen.core.engines.wire.own import structured
from sharpen.core.engines.wire.prompt import Asked, asked
from sharpen.core.engines.wire.secrets import Masked, found
from sharpen.core.region import Region
from sharpen.core.request import Request

TAIL = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3gH6"
SECRETS = ["AKIA" + "IOSFODNN7QRSTUVW", "ghp_" + TAIL, "xoxb-" + "1234567890-abc", "sk_" + TAIL[:32], "hf_" + "a" * 17 + "B" * 17,
           "sk_live_" + TAIL, "npm_" + TAIL]  # fmt: skip


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("around", ["x = '{}'\n", "{}", "# see {} there\n"])
def test_a_secret_is_masked_and_restored(secret: str, around: str) -> None:
    masked, text = Masked(), around.format(secret)
    sent = masked.mask(text)
    assert secret not in sent
    assert masked.restore(sent) == text


@pytest.mark.parametrize(
    "text",
    [
        'password = "k3J9-xQ2v_Lm8!pZ0w"',
        "api_key: 'Zx81mQpL0aTr92Kd'",
        "db = 'postgres://joe:hunter22@host/db'",
    ],
)
def test_a_value_under_a_telling_name_is_a_secret(text: str) -> None:
    assert found(text)


@pytest.mark.parametrize("text", ['password = "xxxxxxxxxxxxxxxxxxxx"', 'token = "your_token_goes_here_x"', 'secret = "<your secret in here>"',
                                  'token = read_token_from_environment()', 'api_key = "Zx81mQpL0aTr92Kd"  # gitleaks:allow',
                                  "url = 'http://{user}:{password}@host'"])  # fmt: skip
def test_an_example_is_none(text: str) -> None:
    assert found(text) == []


def test_the_same_secret_has_the_same_word_in_every_text_and_another_has_another() -> None:
    masked = Masked()
    first, second = masked.mask(SECRETS[1]), masked.mask(f"again {SECRETS[1]} {SECRETS[0]}")
    assert first in second
    assert len(masked) == 2


def test_a_word_that_came_back_changed_is_no_answer() -> None:
    masked = Masked()
    word = masked.mask(SECRETS[1])
    with pytest.raises(ValueError, match="came back changed"):
        masked.restore(word.replace("_1_", "_9_"))


def _asked(text: str, first: int, last: int, *others: str, window: int = 32_000) -> tuple[str, Asked]:
    """All that is sent, as either server gets it, for an edit of some lines; `others` go along."""
    document = Document.from_bytes(text.encode(), "a.py")
    context = tuple(Document.from_bytes(o.encode(), f"o{n}.py") for n, o in enumerate(others))
    region = Region(*document.line_span(first, last), "lines")
    request = Request("sign it", document, region, (), context)
    told = asked(request, window, 1000)
    own = structured(request, told, 0, {"context": True})
    return str(told.messages) + str(own), told


NAMED = "q8Zr2LxT9vBn4KmW7pYd"
BLOCK = [f"MIIEpAIBAAKCAQEA{n:02}x7Jq3dWm9RtVbYcLzKs5PnHg8QwEaTu{n:02}" for n in range(24)]
KEY = "\n".join(("-----BEGIN RSA PRIVATE KEY-----", *BLOCK, "-----END RSA PRIVATE KEY-----"))


@pytest.mark.parametrize("other", [(), (f'TOKEN = "{NAMED}"\n',)])
def test_what_any_text_gives_away_is_hidden_in_the_region_too(other: tuple[str, ...]) -> None:
    above = "x = 1\n" if other else f'API_KEY = "{NAMED}"\n'
    sent, told = _asked(f"{above}def f():\n    return sign({NAMED!r})\n", 2, 3, *other)
    assert NAMED not in sent
    assert told.masked.restore(told.place.old) == f"def f():\n    return sign({NAMED!r})\n"


@pytest.mark.parametrize(("first", "last"), [(1, 9), (9, 14), (20, 32)])
def test_a_key_that_the_regions_edge_divides_is_hidden_on_both_sides(first: int, last: int) -> None:
    text = f'KEY = """\n{KEY}\n"""\n' + "x = 1\n" * 10
    sent, told = _asked(text, first, last)
    assert [line for line in BLOCK if line in sent] == []
    lines = text.splitlines(keepends=True)[first - 1 : last]
    assert told.masked.restore(told.place.old) == "".join(lines)


def test_a_key_that_the_budget_divides_is_hidden_in_what_is_left_of_it() -> None:
    text = f'x = 1\nKEY = """\n{KEY}\n"""\n' + "y = 2\n" * 300
    divided = 0
    for window in range(2450, 3150, 50):
        sent, told = _asked(text, 200, 210, window=window)
        assert [line for line in BLOCK if line in sent] == []
        divided += "MASKED_SECRET_" in told.before and "BEGIN" not in told.before
    assert divided


def test_a_diff_that_holds_a_part_of_a_key_does_not_show_it() -> None:
    document = Document.from_bytes(f'KEY = """\n{KEY}\n"""\nx = 1\n'.encode(), "a.py")
    region = Region(*document.line_span(28, 28), "lines")
    begun = "--- a.py\n+++ a.py\n" + "".join(f"+{line}\n" for line in BLOCK[3:6])
    told = asked(Request("go on", document, region, begun=begun), 32_000, 1000)
    assert [line for line in BLOCK if line in str(told.messages)] == []


def test_a_word_that_the_text_has_already_stands_for_nothing() -> None:
    text = f'A = "MASKED_SECRET_1_"\nTOKEN = "{NAMED}"\n'
    sent, told = _asked(text, 1, 2)
    assert NAMED not in sent
    assert told.masked.restore(told.place.old) == text
    assert told.masked.restore('A = "MASKED_SECRET_1_"\n') == 'A = "MASKED_SECRET_1_"\n'


def test_a_short_password_of_an_address_hides_no_word_of_the_code() -> None:
    sent, _ = _asked("DB = 'postgres://joe:total@host/db'\ndef total(): pass\n", 2, 2)
    assert "def total()" in sent
    assert "joe:total@" not in sent


def test_hostile_text_takes_no_long_time() -> None:
    began = time.process_time()
    for text in (
        "://a" * 50_000,
        "token" * 40_000,
        "eyJ" + "a." * 60_000,
        "-----BEGIN PRIVATE KEY-----" * 4000,
    ):
        found(text)
    assert time.process_time() - began < 20
