"""What looks like a secret is not sent, and comes back unchanged."""

from __future__ import annotations

import time

import pytest

from sharpen.core.engines.wire.secrets import Masked, found

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
