"""Which variables of the environment hold secrets."""

from __future__ import annotations

import json

import pytest

from assistant.core.redact import redact
from assistant.machine.secrets import secret_values


@pytest.mark.parametrize(
    "name",
    ["OPENAI_API_KEY", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "PGPASSWD", "GOOGLE_CREDENTIALS", "MY_AUTH", "npm_config__authToken", "LLM_KEY", "WANDB_API_KEY", "DB_PASS", "PASS", "PASS_2"],
)
def test_a_secret_name_gives_its_value(name: str) -> None:
    assert secret_values({name: "plain-looking-value"}) == {"plain-looking-value"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKENIZERS_PARALLELISM", "false"),
        ("SSH_AUTH_SOCK", "/tmp/ssh-XXXXXX/agent.4711"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/home/me/keys/service.json"),
        ("XAUTHORITY", "/run/user/1000/Xauthority"),
        ("HF_TOKEN_PATH", "~/.cache/huggingface/token"),
        ("OPENAI_API_KEY", "short"),
        ("OPENAI_API_KEY", ""),
        ("GIT_AUTHOR_NAME", "Somebody Else"),
        ("KEYBOARD", "disabled"),
        ("MAX_TOKENS", "1000000000"),
        ("PATH", "/usr/bin:/usr/local/bin"),
        ("HOME", "/home/somebody"),
        ("API_KEY", "/home/Somebody/Projects2026/keys/serviceaccounts"),
        ("COMPASS", "north-by-northwest"),
        ("REPOSITORY", "ssh://deployer@host.example/x"),
        ("MODEL", "meta-llama/Llama-3.1-8B-Instruct"),
    ],
)
def test_other_variables_do_not(name: str, value: str) -> None:
    assert secret_values({name: value}) == frozenset()


def test_a_random_value_that_begins_with_a_slash_is_no_path() -> None:
    value = "/abcDEFghi123KLMnop456QRStuv789wxyz+AB/c"
    assert secret_values({"AWS_SECRET_ACCESS_KEY": value}) == {value}
    assert redact(f"AWS_SECRET_ACCESS_KEY={value}") == "AWS_SECRET_ACCESS_KEY=[redacted]"


@pytest.mark.parametrize(("url", "token"), [("https://9f8e7d6c5b4a@sentry.io/1", "9f8e7d6c5b4a"), ("https://abcdefghijklmnopq@host/simple", "abcdefghijklmnopq")])
def test_a_token_alone_before_the_host_is_found(url: str, token: str) -> None:
    assert secret_values({"SOME_URL": url}) == {token}


def test_a_password_in_a_url_and_in_a_document_is_found() -> None:
    document = json.dumps({"type": "service_account", "db": {"password": "correct-horse"}, "id": "someone"})
    found = secret_values({"HTTPS_PROXY": "http://me:hunter2hunter2@proxy:3128", "GCP_CREDENTIALS": document})
    assert {"hunter2hunter2", "correct-horse", document} == found
    assert redact("said: correct-horse, hunter2hunter2", found) == "said: [redacted], [redacted]"


def test_secrets_that_look_like_something_else() -> None:
    found = secret_values({
        "AWS_SECRET_ACCESS_KEY": "/abcDEFghi123KLMnop456QRStuv789wxyz+AB/c",
        "DB_PASS": "Zq9mmTT4kkPp2x",
        "SENTRY_DSN": "https://9f8e7d6c5b4a@sentry.io/1",
        "PASSENGER_ROOT": "/usr/lib/ruby",
        "KEYRING_PATH": "/home/ana/some/where/else/keys",
    })  # fmt: skip
    assert found == {"/abcDEFghi123KLMnop456QRStuv789wxyz+AB/c", "Zq9mmTT4kkPp2x", "9f8e7d6c5b4a"}
