"""Secrets go out of a text by shape, by name and by value; what users of this program say stays."""

from __future__ import annotations

import json
import os
import random
import string
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.catalogue.datasets import all_datasets
from assistant.catalogue.gpus import all_gpus
from assistant.catalogue.models import all_models
from assistant.checks.schema import field_names
from assistant.core.redact import MARK, redact, redacted
from assistant.core.secretnames import name_strength

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("OUMI_CHAT_SHARED") or ROOT.parent / "shared") / "data"
LETTERS = string.ascii_letters + string.digits


def made(length: int, seed: int = 1, alphabet: str = LETTERS) -> str:
    """A key of no provider: the repository itself holds nothing that looks like one."""
    pick = random.Random(seed)
    return "".join(pick.choice(alphabet) for _ in range(length))


HEX = "0123456789abcdef"
KEYS = {
    "openai": "sk-" + made(48),
    "openai project": "sk-proj-" + made(40) + "_" + made(20, 2) + "-" + made(8, 3),
    "anthropic": "sk-ant-api03-" + made(60) + "-" + made(20, 4) + "AA",
    "openrouter": "sk-or-v1-" + made(64, 5, HEX),
    "hugging face": "hf_" + made(34, 6, string.ascii_letters),
    "groq": "gsk_" + made(52, 7),
    "google": "AIza" + made(35, 8, LETTERS + "-_"),
    "aws": "AKIA" + made(16, 9, string.ascii_uppercase + string.digits),
    "aws, for a while": "ASIA" + made(16, 10, string.ascii_uppercase + string.digits),
    "github": "ghp_" + made(36, 11),
    "github oauth": "gho_" + made(36, 12),
    "github, fine grained": "github_pat_" + made(22, 13) + "_" + made(59, 14),
    "gitlab": "glpat-" + made(20, 15),
    "slack": "xoxb-" + made(12, 16, string.digits) + "-" + made(24, 17),
    "nvidia": "nvapi-" + made(64, 18, LETTERS + "-_"),
    "replicate": "r8_" + made(37, 19),
    "xai": "xai-" + made(80, 20),
    "together": "tgp_v1_" + made(43, 21),
    "token": ".".join(("eyJ" + made(33, 22), "eyJ" + made(60, 23), made(43, 24, LETTERS + "-_"))),
    "of nobody known": made(40, 25),
}
NAMED = (
    "WANDB_API_KEY={}",
    "export HF_TOKEN={}",
    "aws_secret_access_key = {}",
    '{{"api_key": "{}"}}',
    "{{'password': '{}'}}",
    '{{\\"hf_token\\": \\"{}\\"}}',
    "curl -H 'X-Api-Key: {}'",
    "oumi infer --api-key {} --model x",
    "oumi infer --hf-token={}",
    "Authorization: Bearer {}",
    "https://user:{}@host.example/path",
    "https://host.example/?a=1&access_token={}&b=2",
    "AccountName=x;AccountKey={};EndpointSuffix=y",
    "password: {}\n",
    "my api key is {}.",
    "Incorrect API key provided: {}",
    "os.environ['OPENAI_API_KEY'] = '{}'",
    "$env:MISTRAL_API_KEY = \"{}\"",
)


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("around", ["{}", "use {} please", '"{}"', "a\n{}\nb", "key={},", "({})", "https://{}@github.com/x/y", "failed:\\n{}\\n"])
def test_keys_of_providers_go_by_their_shape(name: str, around: str) -> None:
    shown = redact(around.format(KEYS[name]))
    assert MARK in shown
    assert not any(KEYS[name][i : i + 8] in shown for i in range(len(KEYS[name]) - 8))


@pytest.mark.parametrize("around", NAMED)
@pytest.mark.parametrize("value", ["hunter2!", "Tr0ub4dor&3"[:8], made(10, 31, HEX) + "a1", made(24, 30), made(40, 32, HEX)])
def test_what_stands_under_a_secret_name_goes(around: str, value: str) -> None:
    shown = redact(around.format(value))
    assert value not in shown, shown
    assert MARK in shown


def test_what_stands_around_a_secret_stays() -> None:
    trace = "openai.AuthenticationError: Error code: 401 - {'error': {'message': 'Incorrect API key provided: KEY.', 'code': 'invalid_api_key'}}"
    assert redact(trace.replace("KEY", KEYS["openai"])) == trace.replace("KEY.", MARK + ".")
    assert redact("export WANDB_API_KEY=abcd1234 && oumi train -c a.yaml") == f"export WANDB_API_KEY={MARK} && oumi train -c a.yaml"
    assert redact("postgres://me:pw@db:5432/x") == f"postgres://{MARK}@db:5432/x"
    assert redact(f"wandb login {made(40, 3, HEX)}") == f"wandb login {MARK}"
    assert redact('{"auths": {"x.io": {"auth": "bWU6aHVudGVyMiEh"}}}') == f'{{"auths": {{"x.io": {{"auth": "{MARK}"}}}}}}'
    assert redact("Authorization: Basic bWU6aHVudGVyMg==") == f"Authorization: Basic {MARK}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("get http://h/v1?key=swordfish99 now", "get http://h/v1?key=* now"),
        ("http://h/v1?a=1&token=abcdef123456&b=2", "http://h/v1?a=1&token=*&b=2"),
        ("http://h/?api_key=swordfish99", "http://h/?api_key=*"),
        ("http://h/?access_token=swordfish99", "http://h/?access_token=*"),
        ("http://h/v1?key=swordfish99\\n", "http://h/v1?key=*\\n"),
        ('"curl -u \\"a:hunter22\\" h"', '"curl -u \\"a:*\\" h"'),
        ("pass=swordfish1", "pass=*"),
        ("DB_PASS=swordfish1", "DB_PASS=*"),
        ("curl -u admin:hunter22 http://h", "curl -u admin:* http://h"),
        ("curl -s --user 'admin:hunter22' http://h", "curl -s --user 'admin:*' http://h"),
        ("set HF_TOKEN abcdefgh123", "set HF_TOKEN *"),
        ("PASSWORD=$ecret99", "PASSWORD=*"),
        ("Bearer abcdefghijkl", "Bearer *"),
        ("SK-PROJ-ABCDEFGH1234", "*"),
        ("Cookie: session=abcdefgh; b=2", "Cookie: *"),
        ("https://9f8e7d6c5b4a@sentry.io/1", "https://*@sentry.io/1"),
    ],
)
def test_short_secrets_go_by_what_stands_around_them(text: str, shown: str) -> None:
    assert redact(text) == shown.replace("*", MARK)


@pytest.mark.parametrize("unseen", ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"])
def test_a_key_with_characters_of_no_width_within_goes(unseen: str) -> None:
    key = KEYS["hugging face"]
    for place in (1, 5, 20, len(key) - 1):
        assert redact(f"use {key[:place]}{unseen}{key[place:]} now") == f"use {MARK} now"
    assert redact(f"a{unseen}b lora") == f"a{unseen}b lora"


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["openai", "hugging face", "groq", "github"])
@pytest.mark.parametrize("place", [12, 26])
def test_a_key_over_two_lines_goes_whole(name: str, place: int, line_break: str) -> None:
    key = KEYS[name]
    assert redact(f"use {key[:place]}{line_break}{key[place:]} now") == f"use {MARK} now"
    assert redact(f"{key}{line_break}please use it") == f"{MARK}{line_break}please use it"


def test_a_private_key_goes_whole_and_cut_off() -> None:
    for kind in ("RSA ", "EC ", "OPENSSH ", ""):
        head, tail = f"-----BEGIN {kind}PRIVATE KEY-----", f"-----END {kind}PRIVATE KEY-----"
        body = "\n".join(made(64, n) for n in range(5))
        assert redact(f"a\n{head}\n{body}\n{tail}\nb") == f"a\n{MARK}\nb"
        assert redact(f"a\n{head}\n{body[:100]}") == f"a\n{MARK}"
        assert redact(json.dumps(f"{head}\n{body}\n{tail}")) == f'"{MARK}"'


SAID = (
    "lora llama3 on 2 A100s, 5000 tokens, 3 epochs, lr 2e-4",
    "training.warmup_steps=50 training.learning_rate=2e-5 peft.lora_r=16",
    "model.tokenizer_pad_token=<|finetune_right_pad_id|> eos_token: </s> pad_token_id=128004",
    "model.tokenizer_name=meta-llama/Llama-3.1-8B-Instruct tokenizer_kwargs.use_fast=true max_tokens=512 max_new_tokens: 2048",
    "TheBloke/Llama-2-13B-chat-GPTQ and Qwen/Qwen3-235B-A22B-Instruct-2507-tput",
    "model.model_revision=0e9e39f249a16976918f6564b8830bc894c89659 revision: 5f0b02c75b57c5855da9ae460ce51323ea669d8a",
    "TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1 HF_TOKEN_PATH=/home/me/.cache/huggingface/token",
    "api_key: ${oc.env:OPENAI_API_KEY}\napi_key: null\napi_key_env_varname: OPENAI_API_KEY",
    'export ANTHROPIC_API_KEY=your_api_key\napi_key=os.getenv("OPENAI_API_KEY")\nAPI_KEY=<your key>\nHF_TOKEN=$HF_TOKEN',
    "~/.cache/huggingface/token: ~/.cache/huggingface/token # HF credentials",
    "KeyError: 'model.layers.0.self_attn.q_proj.weight'",
    "image_key: images prompt_key=prompt text_key: text_v2 label_key=chosen",
    "Qwen2VLForConditionalGeneration Qwen3OmniMoeThinkerForConditionalGeneration LlamaDecoderLayer Gemma3nForConditionalGeneration",
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 79.15 GiB of which 1.94 GiB is free.",
    'File "/opt/conda/lib/python3.11/site-packages/transformers/models/llama/modeling_llama.py", line 1183, in forward',
    "https://huggingface.co/meta-llama/Llama-3.1-8B/blob/main/config.json http://localhost:8090/v1 git@github.com:oumi-ai/oumi.git",
    "ssh://git@github.com/oumi-ai/oumi s3://bucket/key/model.safetensors gs://my-bucket/a@b",
    "what is a token? a basic understanding of bearer tokens; the secret: use bf16. password protected data, key: none",
    "basic llama3.1-8b-instruct finetune; Basic LoRA-config-2 run",
    "training.output_dir=output/llama3-8b-lora_r16_bs64-2026-11-25T10-43-00 run_name=qwen2.5_7b.lora.r64.a128",
    "sk-learn-contrib task-arithmetic-2024-merging risk-adjusted-rewards-v2 disk-offload-16gb-and-more",
    "sha256:1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32 uuid 123e4567-e89b-12d3-a456-426614174000",
    "PASSWORD=$DB_PASSWORD token=${TOKEN} pass=forward first pass: the whole set; Bearer authentication HF_TOKEN is missing",
    "set HF_TOKEN meta-llama/Llama-3.1-8B and use API_KEY llama3.1-8b; curl -u $USER:$PASSWORD http://h?key=value&token=none",
    "the author=meta author_name: someone oauth keyboard monkey=1 authority",
)


@pytest.mark.parametrize("text", SAID)
def test_what_people_say_to_this_program_stays(text: str) -> None:
    assert redact(text) == text


def test_names_of_the_catalogue_and_of_oumi_stay() -> None:
    names = [*(m.id for m in all_models()), *(d.id for d in all_datasets()), *(g.name for g in all_gpus()), *field_names()]
    assert len(names) > 800
    for around in ("{}", "model.model_name={}", "use {} now", '{{"model": "{}"}}', "{}=null"):
        text = "\n".join(around.format(name) for name in names)
        assert redact(text) == text


def _files(folder: Path, *patterns: str) -> Iterator[Path]:
    for pattern in patterns:
        yield from (path for path in folder.rglob(pattern) if path.is_file())


@pytest.mark.skipif(not SHARED.is_dir() and not os.environ.get("CI"), reason="the shared data are not here")
def test_real_requests_conversations_and_recipes_stay() -> None:
    for name in ("utterances_dev.jsonl", "conversations_dev.jsonl"):
        text = (SHARED / name).read_text("utf-8")
        assert text
        assert redact(text) == text
    recipes = list(_files(SHARED / "oumi_recipes", "*.yaml", "*.md", "*.sh", "*.py"))
    assert len(recipes) > 200
    for path in recipes:
        text = path.read_text("utf-8")
        assert redact(text) == text, path


def test_our_own_documents_and_templates_stay() -> None:
    files = [*_files(ROOT / "templates", "*.yaml"), *_files(ROOT / "docs", "*.md"), *_files(ROOT / "tests" / "golden", "*"), ROOT / "README.md"]
    assert len(files) > 20
    for path in files:
        if path.suffix != ".pyc":
            text = path.read_text("utf-8")
            assert redact(text) == text, path


@pytest.mark.parametrize("secret", ["correct horse", "p/a+s=s&w%rd", 'quo"te\\d', "schlüssel", "line\nbreak"])
def test_known_values_go_wherever_they_stand(secret: str) -> None:
    for written in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        assert redact(f"seen: <{written}> here", [secret]) == f"seen: <{MARK}> here"


def test_a_value_too_short_is_not_looked_for() -> None:
    assert redact("lora on 2 A100s", ["lora", "2", ""]) == "lora on 2 A100s"


def test_a_document_is_redacted_by_the_names_in_it() -> None:
    document = {"intent": {"model": "Qwen/Qwen3-8B", "lora_rank": 16}, "words": ["use " + KEYS["groq"]], "api_key": "hunter22", KEYS["github"]: None}
    assert redacted(document) == {"intent": {"model": "Qwen/Qwen3-8B", "lora_rank": 16}, "words": ["use " + MARK], "api_key": MARK, MARK: None}


@pytest.mark.parametrize(
    ("name", "strength"),
    [
        ("OPENAI_API_KEY", "strong"),
        ("--hf-token", "strong"),
        ("accountKey", "strong"),
        ("APIKey", "strong"),
        ("DB_PASSWORD_2", "strong"),
        ("MY_TOKEN", "strong"),
        ("key", "weak"),
        ("token", "weak"),
        ("pad_token", "none"),
        ("max_tokens", "none"),
        ("tokenizer_name", "none"),
        ("password_file", "none"),
        ("author", "none"),
        ("AWS_ACCESS_KEY_ID", "none"),
        ("", "none"),
    ],
)
def test_names_of_secrets(name: str, strength: str) -> None:
    assert name_strength(name) == strength


FRAGMENTS = st.sampled_from(
    [*KEYS.values(), "\u200b", "\r\n", "?key=", "curl -u a:", "Cookie: a=", "pass=", "HF_TOKEN ", "hf_aB3aB3aB", *(n.replace("{}", "abc123X") for n in NAMED), MARK, "key", "=", ":", " ", "\n", '"', "'", "\\n", "://", "@", "Bearer ", "-----BEGIN PRIVATE KEY-----", "--api-key ", "password is "]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(FRAGMENTS | st.text(max_size=12), max_size=12).map("".join), st.lists(st.text(max_size=10), max_size=3))
def test_twice_is_once(text: str, secrets: list[str]) -> None:
    """Idempotent: `redact(redact(t)) == redact(t)`; and no known value is left."""
    once = redact(text, secrets)
    assert redact(once, secrets) == once
    assert not any(secret in once for secret in secrets if len(secret) >= 6 and secret not in MARK and MARK not in secret)


def _milliseconds(text: str) -> float:
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        redact(text, [made(40, seed) for seed in range(10)])
        best = min(best, time.process_time() - begun)
    return best * 1000


@pytest.mark.timing
def test_a_long_text_takes_little_time() -> None:
    words = "\n".join(SAID) + "\n"
    text = (words * (100_000 // len(words) + 1))[:100_000]
    assert _milliseconds(text) < 200, "measured: about 20 ms"


@pytest.mark.parametrize("piece", ["key=", "sk-", "a", "Aa1", "://a:", "password is ", '"\\', "--api-key ", "-----BEGIN PRIVATE KEY", "eyJabcdefgh.", "bearer ", "wandb 1", "_-", "basic a", "curl ", "curl -u a", "Cookie: a", "?key=a", "\u200ba", "hf_aaaaaaA\n", "hf_", "HF_TOKEN ", "Bearer "])
@pytest.mark.timing
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    short, long = (_milliseconds((piece * count)[:count]) for count in (20_000, 80_000))
    assert long < 8 * short + 20


@pytest.mark.parametrize(
    "text",
    ["http://127.0.0.1:9/v1?key=swordfish99", "https://host/x?a=1&access_token=abcdef123456", "https://9f8e7d6c5b4a@sentry.io/1"],
)
def test_a_secret_in_an_address_goes(text: str) -> None:
    safe = redact(text)
    assert "[redacted]" in safe
    for secret in ("swordfish99", "abcdef123456", "9f8e7d6c5b4a"):
        assert secret not in safe
    assert redact(safe) == safe
