"""Which LLM: flag, environment, config file, and in a chat a key; a stated URL never gets a provider's key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assistant.core.errors import UsageError
from assistant.llm.choice import PROVIDERS, LlmChoice, canonical_url, choose_llm, config_path, read_config

KEY = {"OPENAI_API_KEY": "sk-a-key-of-the-user"}
SERVER = "http://127.0.0.1:8090/v1"


def chosen(**said: Any) -> LlmChoice | None:
    plain: dict[str, Any] = {"flag": None, "flag_base_url": None, "environ": {}, "config": None, "offline": False, "in_chat": True}
    return choose_llm(**{**plain, **said})


def test_flag_goes_before_environment_before_config() -> None:
    environ, config = {"OUMI_CHAT_LLM": "groq/two"}, {"llm": "mistral/three"}
    for said, model, origin in (
        ({"flag": "openai/one", "environ": environ, "config": config}, "openai/one", "flag"),
        ({"environ": environ, "config": config}, "groq/two", "environment"),
        ({"config": config}, "mistral/three", "config"),
    ):
        found = chosen(**said)
        assert found is not None
        assert (found.model, found.origin) == (model, origin)


def test_offline_is_never_an_llm() -> None:
    everything = {"flag": "openai/one", "flag_base_url": SERVER, "environ": {**KEY, "OUMI_CHAT_LLM": "x/y"}, "config": {"llm": "a/b"}}
    assert chosen(**everything, offline=True) is None


def test_a_key_is_enough_in_a_chat_and_never_in_one_shot() -> None:
    found = chosen(environ=KEY)
    assert found is not None
    assert (found.model, found.origin, found.key_variable) == (PROVIDERS[0].small, "key", "OPENAI_API_KEY")
    assert chosen(environ=KEY, in_chat=False) is None
    assert chosen(environ={"OPENAI_API_KEY": ""}) is None


def test_the_first_provider_with_a_key_is_taken() -> None:
    for place, provider in enumerate(PROVIDERS):
        later = {p.keys[0]: "k" for p in PROVIDERS[place:]}
        found = chosen(environ=later)
        assert found is not None
        assert found.model == provider.small
        assert found.key_variable == provider.keys[0]


def test_a_second_name_of_a_key_counts_too() -> None:
    found = chosen(environ={"GOOGLE_API_KEY": "k"})
    assert found is not None
    assert (found.model.split("/")[0], found.key_variable) == ("gemini", "GOOGLE_API_KEY")


@pytest.mark.parametrize(
    ("flag", "model"),
    [
        ("local", "openai/local"),
        ("openai/local", "openai/local"),
        ("Qwen/Qwen2.5-7B-Instruct", "openai/Qwen/Qwen2.5-7B-Instruct"),
        ("hosted_vllm/Qwen/Qwen3-8B", "openai/Qwen/Qwen3-8B"),
        ("ollama/llama3.2", "openai/llama3.2"),
        (None, ""),
    ],
)
def test_a_stated_url_is_spoken_to_as_openais_without_a_providers_key(flag: str | None, model: str) -> None:
    found = chosen(flag=flag, flag_base_url=SERVER, environ=KEY)
    assert found == LlmChoice(model=model, base_url=SERVER, origin="flag", key_variable=None)


def test_a_server_of_ones_own_has_a_key_variable_of_its_own() -> None:
    found = chosen(flag="local", flag_base_url=SERVER, environ={**KEY, "OUMI_CHAT_LLM_API_KEY": "own"})
    assert found is not None
    assert found.key_variable == "OUMI_CHAT_LLM_API_KEY"


def test_a_url_belongs_to_the_model_said_beside_it() -> None:
    config = {"llm": "local", "llm_base_url": SERVER}
    hosted = chosen(flag="openai/gpt-4.1-mini", config=config, environ=KEY)
    assert hosted == LlmChoice(model="openai/gpt-4.1-mini", origin="flag", key_variable="OPENAI_API_KEY")
    other = chosen(flag_base_url="http://localhost:1", config=config)
    assert other == LlmChoice(model="openai/local", base_url="http://localhost:1/v1", origin="flag")


def test_a_known_provider_without_a_key_says_which_it_needs() -> None:
    for model, key in (("claude-haiku-4-5", "ANTHROPIC_API_KEY"), ("gpt-4.1-mini", "OPENAI_API_KEY"), ("ollama/llama3.2", None)):
        found = chosen(flag=model)
        assert found is not None
        assert found.key_variable == key


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ("http://localhost:11434", "http://localhost:11434/v1"),
        ("http://localhost:11434/", "http://localhost:11434/v1"),
        ("https://llm.example/api/v2/", "https://llm.example/api/v2"),
    ],
)
def test_a_url_without_a_path_means_v1(said: str, url: str) -> None:
    assert canonical_url(said) == url


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://host", "http://", "http://a b", "http://host:port", "http://[::1", "v1"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="no http"):
        canonical_url(url)


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError) as refused:
        canonical_url("http://me:hunter2@host/v1?key=hunter3")
    told = f"{refused.value.message} {refused.value.context} {refused.value.hint}"
    assert "hunter" not in told
    assert "OUMI_CHAT_LLM_API_KEY" in told


def test_the_config_file(tmp_path: Path) -> None:
    path = config_path({"XDG_CONFIG_HOME": str(tmp_path)})
    assert read_config(path) is None
    path.parent.mkdir()
    path.write_text('llm = "openai/local"\nllm_base_url = "http://localhost:8080"\ncolour = "blue"\n')
    assert read_config(path) == {"llm": "openai/local", "llm_base_url": "http://localhost:8080"}
    for broken in ("llm = ", "llm = 3\n", "\udcff"):
        path.write_bytes(broken.encode("utf-8", "surrogateescape"))
        with pytest.raises(UsageError) as refused:
            read_config(path)
        assert refused.value.context == str(path)


def test_the_config_folder_is_xdgs() -> None:
    assert config_path({"HOME": "/home/ana"}) == Path("/home/ana/.config/oumi-chat/config.toml")
    assert config_path({"XDG_CONFIG_HOME": "/etc/x", "HOME": "/home/ana"}) == Path("/etc/x/oumi-chat/config.toml")


def test_litellm_knows_every_model_that_a_key_alone_chooses() -> None:
    from assistant.llm.litellm_edge import load

    litellm, _ = load()
    listed = {name.split("/")[0] for name in litellm.model_cost} | {"openai", "anthropic"}
    unknown = [p.small for p in PROVIDERS if p.prefix in listed and not {p.small, p.small.removeprefix(f"{p.prefix}/")} & litellm.model_cost.keys()]
    assert unknown == []


def test_the_docs_list_the_keys_in_the_order_in_which_they_are_looked_for() -> None:
    rows = [line for line in (Path(__file__).parents[2] / "docs" / "llm.md").read_text("utf-8").splitlines() if "_API_KEY` |" in line]
    assert rows == [f"| {', '.join(f'`{key}`' for key in p.keys)} | `{p.small}` |" for p in PROVIDERS]
