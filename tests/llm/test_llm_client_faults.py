"""Every fault of a server is one line, in time, and the next turn goes on."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from faultserver import (
    Answer,
    drips,
    fails,
    in_turn,
    repeats_for_ever,
    says,
    says_nothing_for,
    serving,
    streams,
    streams_for_ever,
    waits_for_the_end,
)

from assistant.builder import respond
from assistant.catalogue.machines import parse_machine
from assistant.core.intent import Intent
from assistant.llm.choice import LlmChoice, choose_llm
from assistant.llm.client import Llm, extraction
from assistant.llm.facts import plan_facts
from assistant.llm.faults import LlmFault
from assistant.llm.litellm_edge import Limits

pytestmark = pytest.mark.timing  # an answer has a second to come
QUICK = Limits(connect_seconds=0.5, first_seconds=1.0, gap_seconds=0.5, whole_seconds=1.5, answer_characters=400)
SECRET = "sk-proj-THISISAKEY0123456789abcdef"


OPEN: list[Llm] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


def llm(url: str, *, environ: dict[str, str] | None = None, limits: Limits = QUICK, model: str = "m") -> Llm:
    choice = choose_llm(flag=model, flag_base_url=url, environ=environ or {}, config=None, offline=False, in_chat=True)
    assert choice is not None
    OPEN.append(Llm(choice, environ=environ or {}, limits=limits))
    return OPEN[-1]


def fault_of_reading(answer: Answer) -> LlmFault:
    with serving(answer) as server, pytest.raises(LlmFault) as told:
        llm(server.url).read("lora llama3", Intent())
    return told.value


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """Importing takes seconds, which no time below is to hold."""
    from assistant.llm.litellm_edge import load

    load()


@pytest.mark.parametrize(
    ("answer", "kind", "retry"),
    [
        (fails(401, f"Incorrect API key provided: {SECRET}", code="invalid_api_key"), "wants-key", False),
        (fails(403, "not for you"), "not-allowed", False),
        (fails(404, "The model `m` does not exist", code="model_not_found"), "no-model", False),
        (fails(429, "Rate limit reached", headers={"retry-after": "7"}), "rate-limit", True),
        (fails(400, "bad thing in the request"), "bad-request", False),
        (fails(422, "cannot be processed"), "bad-request", False),
        (fails(500, "boom"), "server", True),
        (fails(502, "bad gateway"), "server", True),
        (fails(503, "overloaded"), "server", True),
        (fails(400, "This model's maximum context length is 512 tokens", code="context_length_exceeded"), "context", True),
        (fails(400, "the request exceeds the available context size, try increasing it", kind="exceed_context_size_error"), "context", True),
        (says("x" * 5_000_000), "endless", True),
        (says('{"kind":"request","dataset":"%s"}' % ("x" * 5_000_000)), "endless", True),
        (says("that is not JSON"), "invalid", True),
        (says('{"kind": "request", "gpu_count": "many"}'), "invalid", True),
        (says(""), "empty", True),
        (says(None), "empty", True),
        (says('{"kind": "requ', finish="length"), "endless", True),
        (lambda handler, _: handler.raw(200, b"<html>hello</html>", {"content-type": "text/html"}), "invalid", True),
        (lambda handler, _: handler.json(200, {"choices": []}), "empty", True),
        (lambda handler, _: handler.connection.shutdown(2), "broke-off", True),
        (says_nothing_for(3), "timeout", True),
        (drips, "timeout", True),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_fault_is_one_line(answer: Answer, kind: str, retry: bool) -> None:
    began = time.monotonic()
    fault = fault_of_reading(answer)
    assert time.monotonic() - began < 2.0
    assert fault.kind == kind, fault.words
    assert fault.retry is retry
    assert fault.words
    assert "\n" not in fault.words
    assert SECRET not in fault.words
    assert "Traceback" not in fault.words


def test_a_refused_connection_is_told_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    began = time.monotonic()
    with pytest.raises(LlmFault) as told:
        llm(url).read("lora llama3", Intent())
    assert told.value.kind == "unreachable"
    with pytest.raises(LlmFault) as told:
        list(llm(url).explain("facts", "why?"))
    assert told.value.kind == "unreachable"
    assert time.monotonic() - began < 2.0


def test_a_name_that_does_not_resolve() -> None:
    with pytest.raises(LlmFault) as told:
        llm("http://no-such-host.invalid/v1").read("lora llama3", Intent())
    assert told.value.kind == "unreachable"


def test_a_server_that_dies_between_turns_is_missed_only_while_it_is_gone() -> None:
    with serving(says('{"kind":"request","method":"lora"}')) as server:
        talker = llm(server.url)
        assert talker.read("lora", Intent()).intent.method == "lora"
    with pytest.raises(LlmFault) as told:
        talker.read("lora", Intent())
    assert told.value.retry
    assert told.value.kind in ("unreachable", "broke-off")


def test_no_key_is_known_before_anything_is_sent() -> None:
    choice = LlmChoice(model="openai/gpt-4.1-mini", origin="flag", key_variable="OPENAI_API_KEY")
    with pytest.raises(LlmFault) as told:
        Llm(choice, environ={}).read("lora llama3", Intent())
    assert told.value.kind == "no-key"
    assert "OPENAI_API_KEY is not set" in told.value.words


@pytest.mark.parametrize(("key", "kind"), [("", "wants-key"), ("not-this-one", "wrong-key")])
def test_a_server_that_wants_a_key_is_told_apart_from_one_that_refuses_it(key: str, kind: str) -> None:
    environ = {"OUMI_CHAT_LLM_API_KEY": key} if key else {}
    with serving(fails(401, "no")) as server, pytest.raises(LlmFault) as told:
        llm(server.url, environ=environ).read("lora llama3", Intent())
    assert told.value.kind == kind
    assert "OUMI_CHAT_LLM_API_KEY" in told.value.words
    assert ("mend" in told.value.words) is bool(key)


def test_while_a_service_asks_to_wait_nothing_is_sent() -> None:
    with serving(fails(429, "slow down", headers={"retry-after": "30"})) as server:
        talker = llm(server.url)
        for _ in range(3):
            with pytest.raises(LlmFault) as told:
                talker.read("lora llama3", Intent())
            assert 28 <= told.value.wait_seconds <= 30
            assert " s" in told.value.words
        assert len(server.sent) == 1


def test_an_invalid_answer_is_asked_for_again_with_the_error() -> None:
    answer = in_turn(says('{"kind":"request","gpu_count":"two"}'), says('{"kind":"request","gpu_count":2}'))
    with serving(answer) as server:
        talker = llm(server.url)
        assert talker.read("lora on 2 A100s", Intent()).intent.gpu_count == 2
    assert len(server.sent) == 2
    assert "gpu_count" in server.sent[1].body["messages"][-1]["content"]
    assert talker.usage.prompt_tokens == 200


@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_server_without_schemas_is_asked_in_json_mode_and_that_is_said_once(status: int) -> None:
    refused = fails(status, "response_format: Input should be 'text' or 'json_object', got 'json_schema'")
    with serving(in_turn(refused, says('{"kind":"request","method":"lora"}'))) as server:
        talker = llm(server.url)
        first = talker.read("lora", Intent())
        second = talker.read("lora", Intent())
    assert first.intent.method == second.intent.method == "lora"
    assert [s.body["response_format"]["type"] for s in server.sent] == ["json_schema", "json_object", "json_object"]
    assert len(first.notes) == 1
    assert "JSON" in first.notes[0]
    assert second.notes == ()


def test_too_much_context_is_sent_once_more_with_less() -> None:
    refused = fails(400, "This model's maximum context length is 512 tokens", code="context_length_exceeded")
    with serving(in_turn(refused, says('{"kind":"request","method":"lora"}'))) as server:
        assert llm(server.url).read("lora", Intent(task="train")).intent.method == "lora"
    first, second = (sum(len(m["content"]) for m in s.body["messages"]) for s in server.sent)
    assert second < first / 2


def test_too_many_facts_are_sent_once_more_with_fewer() -> None:
    refused = fails(400, "This model's maximum context length is 512 tokens", code="context_length_exceeded")
    with serving(in_turn(refused, streams("It fits."))) as server:
        assert "".join(llm(server.url).explain("first fact\n" * 50, "why?")) == "It fits."
    first, second = (s.body["messages"][0]["content"].count("first fact") for s in server.sent)
    assert (first, second) == (50, 25)


def test_a_url_alone_takes_the_first_model_that_the_server_lists() -> None:
    with serving(says('{"kind":"request","method":"lora"}')) as server:
        choice = choose_llm(flag=None, flag_base_url=server.url, environ={}, config=None, offline=False, in_chat=True)
        assert choice is not None
        OPEN.append(talker := Llm(choice, environ={}, limits=Limits()))
        talker.read("lora", Intent())
        talker.read("lora", Intent())
    assert [s.path for s in server.sent] == ["/v1/models", "/v1/chat/completions", "/v1/chat/completions"]
    assert {s.body["model"] for s in server.sent[1:]} == {"first"}


def test_a_stream_comes_in_pieces_and_is_counted() -> None:
    with serving(streams("It ", "fits", ".")) as server:
        talker = llm(server.url)
        assert "".join(talker.explain("facts", "why?")) == "It fits."
    assert (talker.usage.calls, talker.usage.prompt_tokens, talker.usage.completion_tokens) == (1, 50, 9)
    assert server.sent[0].body["temperature"] == 0


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (streams_for_ever, "endless"),
        (streams(), "empty"),
        (streams(" ", "\n"), "empty"),
        (says_nothing_for(3), "timeout"),
        (fails(500, "boom"), "server"),
        (fails(401, "no"), "wants-key"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_stream_that_goes_wrong_ends_in_one_line(answer: Answer, kind: str) -> None:
    began = time.monotonic()
    came: list[str] = []
    with serving(answer) as server, pytest.raises(LlmFault) as told:
        came.extend(llm(server.url).explain("facts", "why?"))
    assert told.value.kind == kind
    assert sum(map(len, came)) < 500
    assert time.monotonic() - began < 2.5


def test_a_stream_that_repeats_itself_for_ever_did_not_end() -> None:
    with serving(repeats_for_ever) as server, pytest.raises(LlmFault) as told:
        list(llm(server.url, limits=Limits()).explain("facts", "why?"))
    assert told.value.kind == "endless", told.value.words
    assert "did not end and was cut" in told.value.words


def test_an_answer_that_is_too_long_is_not_asked_for_again() -> None:
    with serving(says("x" * 64_001)) as server, pytest.raises(LlmFault):
        llm(server.url).read("lora llama3", Intent())
    assert len(server.sent) == 1


def test_a_stream_that_stops_in_the_middle_keeps_what_came() -> None:
    def stalls(handler: object, _: object) -> None:
        streams("It fits. ", end=False)(handler, {})  # type: ignore[arg-type]
        time.sleep(2)

    came: list[str] = []
    with serving(stalls) as server, pytest.raises(LlmFault) as told:
        came.extend(llm(server.url).explain("facts", "why?"))
    assert told.value.kind == "timeout"
    assert came in ([], ["It fits. "])


def interrupted(call: Callable[[], object], begun: Callable[[], object] = lambda: True) -> float:
    """Seconds from Ctrl-C, sent a moment after it has begun, to the prompt."""
    sent: list[float] = []

    def press() -> None:
        until = time.monotonic() + 20
        while not begun() and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.3)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    presser.start()
    with pytest.raises(KeyboardInterrupt):
        call()
    presser.join()
    return time.monotonic() - sent[0]


def test_ctrl_c_leaves_at_once() -> None:
    patient = Limits()
    former = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell hands down "ignore"
    try:
        with serving(says_nothing_for(3)) as server:
            assert interrupted(lambda: llm(server.url, limits=patient).read("lora", Intent())) < 0.5
            assert interrupted(lambda: list(llm(server.url, limits=patient).explain("facts", "why?"))) < 0.5
    finally:
        signal.signal(signal.SIGINT, former)


@pytest.mark.parametrize("streaming", [False, True])
def test_a_call_that_is_left_ends_at_the_server_too(streaming: bool) -> None:
    ended: list[float] = []
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with serving(waits_for_the_end(ended, streaming=streaming)) as server:
            asked = llm(server.url, limits=Limits())
            call = (lambda: list(asked.explain("facts", "why?"))) if streaming else (lambda: asked.read("lora", Intent()))
            interrupted(call, begun=lambda: server.sent)
            until = time.monotonic() + 3
            while not ended and time.monotonic() < until:
                time.sleep(0.02)
    finally:
        signal.signal(signal.SIGINT, former)
    assert ended
    assert ended[0] < 2


def test_a_call_that_takes_too_long_ends_at_the_server_too() -> None:
    ended: list[float] = []
    with serving(waits_for_the_end(ended, streaming=False)) as server:
        with pytest.raises(LlmFault):
            llm(server.url).read("lora", Intent())
        time.sleep(0.5)
    assert ended


# What is sent


def test_names_that_are_the_users_own_are_not_sent() -> None:
    """They may come from a file: docs/llm.md says that what is in one is never sent."""
    known = Intent(task="train", model="/home/alice/m", dataset="/data/PATIENTS/rows.jsonl", output_dir="/home/alice/TOPSECRET", run_name="merger", lora_rank=8)
    sent = json.dumps(extraction("rank 32", known, ()))
    assert not any(word in sent for word in ("alice", "PATIENTS", "TOPSECRET", "merger"))
    assert '"lora_rank\\":8' in sent.replace(" ", "")
    evaluation = json.dumps(extraction("5-shot", Intent(task="evaluate", benchmarks=["zebrabench", "gsm8k"]), ()))
    assert "gsm8k" in evaluation
    assert "zebrabench" not in evaluation
    public = json.dumps(extraction("rank 32", Intent(task="train", model="Qwen/Qwen3-8B", dataset="yahma/alpaca-cleaned"), ()))
    assert "Qwen/Qwen3-8B" in public
    assert "yahma/alpaca-cleaned" in public


def test_facts_of_a_plan_name_nothing_of_the_users_own() -> None:
    intent = Intent(task="train", model="Qwen/Qwen3-8B", method="lora", dataset="/data/PATIENTS/rows.jsonl", output_dir="/home/alice/TOPSECRET", run_name="merger-x")
    outcome = respond(intent, machine=parse_machine("A100-80GB"))
    assert outcome.plan is not None
    text = "\n".join(plan_facts(outcome).lines)
    assert "Qwen3-8B" in text
    assert not any(word in text for word in ("alice", "PATIENTS", "TOPSECRET", "merger-x"))


ENVIRON = {
    "OPENAI_API_KEY": SECRET, "OPENAI_ORG_ID": "org-of-the-user", "OPENAI_PROJECT_ID": "proj-of-the-user", "OPENAI_ORGANIZATION": "org-of-the-user",
    "OPENAI_CUSTOM_HEADERS": "x-from-environment: yes", "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "HF_TOKEN": "hf_abcdefghijklmnopqrstuv", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG",
}  # fmt: skip


def test_nothing_of_the_environment_goes_to_a_stated_url(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    with serving(in_turn(says('{"kind":"request"}'), streams("It fits."))) as server:
        talker = llm(server.url, environ=ENVIRON)
        talker.read("lora llama3", Intent())
        list(talker.explain("facts", "why?"))
    assert len(server.sent) == 2
    for sent in server.sent:
        everything = f"{sent.path} {sent.headers} {sent.body}"
        assert not [value for name, value in ENVIRON.items() if "127.0.0.1" not in value and value in everything]
        assert sent.headers.keys() <= {"host", "accept", "accept-encoding", "connection", "content-type", "content-length", "authorization"}
        assert sent.headers["authorization"] == "Bearer none"


def test_a_server_of_ones_own_gets_its_own_key() -> None:
    environ = {**ENVIRON, "OUMI_CHAT_LLM_API_KEY": "for-this-server"}
    with serving(says('{"kind":"request"}')) as server:
        llm(server.url, environ=environ).read("lora llama3", Intent())
    assert server.sent[0].headers["authorization"] == "Bearer for-this-server"


def test_secrets_in_what_was_typed_are_not_sent() -> None:
    typed = f"my key is {SECRET} and my token s3cr3t-value, lora llama3 on ~/private/data.jsonl"
    with serving(in_turn(says('{"kind":"request","dataset":"~/private/data.jsonl"}'), streams("It fits."))) as server:
        choice = choose_llm(flag="m", flag_base_url=server.url, environ={}, config=None, offline=False, in_chat=True)
        assert choice is not None
        OPEN.append(talker := Llm(choice, environ={}, secrets=("s3cr3t-value",), limits=QUICK))
        heard = talker.read(typed, Intent(output_dir=f"out/{SECRET}"))
        list(talker.explain(f"run name {SECRET}", "is s3cr3t-value fine?"))
    assert heard.intent.dataset == "~/private/data.jsonl"
    for sent in server.sent:
        assert SECRET not in str(sent.body)
        assert "s3cr3t-value" not in str(sent.body)
        assert "[redacted]" in str(sent.body)
