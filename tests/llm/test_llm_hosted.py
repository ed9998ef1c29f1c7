"""Providers with a key: the key goes to them alone, the mode is what they have, and calls have a price."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any

import pytest
from faultserver import Answer, completion, fails, says, serving

from assistant.core.intent import Intent
from assistant.llm.choice import choose_llm
from assistant.llm.client import Llm
from assistant.llm.faults import LlmFault
from assistant.llm.litellm_edge import Limits, is_loopback, modes, proxy_for

KEY = "sk-proj-THISISAKEY0123456789abcdef"


@pytest.fixture(autouse=True)
def _no_sockets_left() -> Iterator[None]:
    """litellm keeps clients for later calls."""
    from assistant.llm.litellm_edge import load

    litellm, _ = load()
    yield
    for client in list(litellm.in_memory_llm_clients_cache.cache_dict.values()):
        if hasattr(client, "close") and not inspect.iscoroutinefunction(client.close):
            client.close()
    litellm.in_memory_llm_clients_cache.flush_cache()


def hosted(model: str, variable: str) -> Llm:
    environ = {variable: KEY}
    choice = choose_llm(flag=model, flag_base_url=None, environ=environ, config=None, offline=False, in_chat=True)
    assert choice is not None
    assert choice.key_variable == variable
    return Llm(choice, environ=environ, limits=Limits(first_seconds=5, whole_seconds=10))


def calls_the_tool(handler: Any, body: dict[str, Any]) -> None:
    answer = {**completion(None, "tool_calls"), "service_tier": "on_demand"}
    name = body["tools"][0]["function"]["name"]
    arguments = json.dumps({"kind": "request", "method": "lora"})
    answer["choices"][0]["message"]["tool_calls"] = [{"id": "1", "type": "function", "function": {"name": name, "arguments": arguments}}]
    handler.json(200, answer)


@pytest.mark.parametrize(
    ("model", "variable", "place", "answer", "asked"),
    [
        ("openai/gpt-4.1-mini", "OPENAI_API_KEY", "OPENAI_BASE_URL", says('{"kind":"request","method":"lora"}'), "response_format"),
        ("deepseek/deepseek-v3.2", "DEEPSEEK_API_KEY", "DEEPSEEK_API_BASE", calls_the_tool, "tools"),
    ],
)
def test_a_provider_gets_its_key_and_is_asked_its_way(
    model: str, variable: str, place: str, answer: Answer, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(answer) as server:
        monkeypatch.setenv(place, server.url)
        talker = hosted(model, variable)
        assert talker.read("lora llama3", Intent()).intent.method == "lora"
    (sent,) = server.sent
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert asked in sent.body
    assert KEY not in json.dumps(sent.body)
    assert talker.usage.dollars > 0
    assert talker.usage.unpriced == 0


def test_a_wrong_key_names_its_variable_and_not_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(fails(401, f"Incorrect API key provided: {KEY}", code="invalid_api_key")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        with pytest.raises(LlmFault) as told:
            hosted("openai/gpt-4.1-mini", "OPENAI_API_KEY").read("lora", Intent())
    assert told.value.kind == "wrong-key"
    assert "OPENAI_API_KEY" in told.value.words
    assert KEY not in told.value.words


def test_a_model_without_a_provider_is_told_how_to_be_written() -> None:
    choice = choose_llm(flag="frobnitz-7b", flag_base_url=None, environ={}, config=None, offline=False, in_chat=True)
    assert choice is not None
    with pytest.raises(LlmFault) as told:
        Llm(choice, environ={}).read("lora", Intent())
    assert told.value.kind == "no-provider"


def test_modes_follow_what_a_model_has() -> None:
    from assistant.llm.litellm_edge import load

    litellm, _ = load()
    assert modes(litellm, "openai/anything", own_server=True) == ("JSON_SCHEMA", "JSON")
    assert modes(litellm, "openai/gpt-4.1-mini", own_server=False) == ("JSON_SCHEMA", "JSON")
    assert modes(litellm, "deepseek/deepseek-v3.2", own_server=False) == ("TOOLS",)
    assert modes(litellm, "replicate/never-heard-of", own_server=False) == ("MD_JSON",)


def test_in_words_the_schema_stands_in_the_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(says('Here you are:\n```json\n{"kind":"request","method":"lora"}\n```')) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        talker = hosted("openai/gpt-4.1-mini", "OPENAI_API_KEY")
        talker._modes = ("MD_JSON",)
        assert talker.read("lora llama3", Intent()).intent.method == "lora"
    assert "json_schema" in server.sent[0].body["messages"][0]["content"]
    assert "response_format" not in server.sent[0].body


def test_no_proxy_stands_before_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert proxy_for("http://127.0.0.1:8080/v1") is None
    assert proxy_for("http://localhost:8080/v1") is None
    assert proxy_for("http://[::1]:8080/v1") is None
    assert proxy_for("https://inside.example/v1") is None
    assert proxy_for("https://llm.example/v1") == "http://proxy.example:3128"
    assert not is_loopback("http://10.0.0.1/v1")
