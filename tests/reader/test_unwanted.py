"""What is not wanted, told of others, or put right sets nothing that it names."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.reader import read


def said(text: str) -> dict[str, Any]:
    return {key: value for key, value in read(text).intent.model_dump().items() if value is not None}


@pytest.mark.parametrize(
    ("text", "key", "never"),
    [
        ("I do not want qlora at all", "method", "qlora"),
        ("we do not need to use qlora for qwen3 8b", "method", "qlora"),
        ("qlora is not what I want", "method", "qlora"),
        ("lora qwen3 8b, spot would be awful", "spot", True),
        ("spot sounds terrible", "spot", True),
        ("I would rather not use qwen3 4b", "model", "Qwen/Qwen3-4B"),
        ("please avoid qwen3 4b", "model", "Qwen/Qwen3-4B"),
        ("I have never needed deepspeed", "sharding", "deepspeed"),
        ("train qwen3 8b, my boss hates dpo", "objective", "dpo"),
        ("neither dpo nor kto for qwen3 8b", "objective", "dpo"),
        ("whatever you do, avoid H100s", "gpu", "H100"),
    ],
)
def test_what_is_not_wanted_is_not_taken(text: str, key: str, never: Any) -> None:
    assert said(text).get(key) != never


@pytest.mark.parametrize("text", ["Write a poem about H100s", "my friend has a 4090", "I wish I had 8 H100s", "I read that llama 3.1 70b is great", "my boss hates dpo", "I tried lr 1e-3 and it diverged", "it diverged at lr 3e-4", "last week we trained it on a V100", "we used a batch size of 256 in the paper", "rank 64 is too much", "rank 32 would be too low", "8k context is way too long"])
def test_a_line_told_of_others_asks_for_nothing(text: str) -> None:
    reading = read(text)
    assert said(text) == {}
    assert reading.unread


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("I want qlora on qwen3 8b", "method", "qlora"),
        ("lora qwen3 8b on my friend's 4090", "gpu", "RTX4090"),
        ("my friend has a 4090\nlora qwen3 8b on it", "method", "lora"),
        ("dpo for qwen3 8b, my boss likes it", "objective", "dpo"),
        ("spot would be great for lora qwen3 8b", "spot", True),
        ("I read the docs; lora qwen3 8b please", "method", "lora"),
        ("we trained qwen3 8b with lora last week; now dpo it", "objective", "dpo"),
        ("lora qwen3 8b, rank 64 is too much, rank 16", "lora_rank", 16),
    ],
)
def test_what_stands_near_such_words_is_taken(text: str, key: str, value: Any) -> None:
    assert said(text).get(key) == value


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("lora qwen3 8b, lr 1e-4, no 2e-4", "learning_rate", 2e-4),
        ("lora qwen3 8b on 4 H100s, no, 2", "gpu_count", 2),
        ("lora qwen3 8b on 4 H100s, no spot", "gpu_count", 4),
        ("lora qwen3 8b, rank 16, no 2 gpus", "lora_rank", 16),
        ("rank 1.5", "lora_rank", None),
        ("rank 16. 5 epochs", "lora_rank", 16),
    ],
)
def test_a_no_before_a_number_puts_that_kind_of_number_right(text: str, key: str, value: Any) -> None:
    assert said(text).get(key) == value


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("lora qwen3 8b, turn off gradient checkpointing", "training.enable_gradient_checkpointing", False),
        ("lora qwen3 8b, switch off packing", "data.train.pack", False),
        ("lora qwen3 8b and disable packing", "data.train.pack", False),
        ("lora qwen3 8b, turn off liger", "model.enable_liger_kernel", False),
        ("lora qwen3 8b, turn packing off", "data.train.pack", False),
        ("lora qwen3 8b, remove flash attention", "model.attn_implementation", None),
        ("lora qwen3 8b, turn on gradient checkpointing", "training.enable_gradient_checkpointing", True),
        ("lora qwen3 8b with packing", "data.train.pack", True),
    ],
)
def test_what_is_turned_off_is_off(text: str, path: str, value: Any) -> None:
    reading = read(text)
    assert (reading.intent.overrides or {}).get(path) == value
    assert reading.unread == ()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("lora qwen3 8b on an H100 and serve the result", ("and serve the result",)),
        ("lora qwen3 8b on 2 A100s, then serve it", ("then serve it",)),
        ("lora qwen3 8b on 2 A100s, then quantize it.", ("then quantize it",)),
        ("serve qwen3 8b on an H100", ()),
        ("lora qwen3 8b to serve customers on an H100", ()),
    ],
)
def test_a_step_after_the_training_is_named(text: str, left: tuple[str, ...]) -> None:
    assert tuple(piece for piece in read(text).unread if "serve" in piece or "quanti" in piece) == left


@pytest.mark.parametrize(
    "text", ["no evaluation", "without evaluation", "no eval please", "no inference", "no serving", "\u4e0d\u8981\u8bc4\u4f30", "ohne Evaluierung", "no quantization"]
)
def test_a_task_that_is_not_wanted_is_not_the_task(text: str) -> None:
    assert "task" not in said(text)


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("no training, just evaluation of qwen3 8b", "evaluate"),
        ("evaluate qwen3 8b on mmlu, no training", "evaluate"),
        ("serve qwen3 8b, no quantization", "infer"),
        ("no eval, only training of qwen3 8b", "train"),
        ("I can't train llama 3.1 8b on a 4090", "train"),
    ],
)
def test_beside_a_task_that_is_not_wanted_the_other_one_is(text: str, task: str) -> None:
    assert said(text)["task"] == task


@pytest.mark.parametrize(
    ("text", "wanted", "never"),
    [
        ("lora llama 3 8b on my data.jsonl; I ran 3 epochs last week and it overfit, so 1 epoch now", {"epochs": 1}, ()),
        ("last time I used lr 1e-3 and it diverged. lora qwen 7b on a 4090", {"method": "lora", "gpu": "RTX4090"}, ("learning_rate",)),
        ("I tried rank 8 before and it underfit, now rank 64 for lora llama 3 8b", {"lora_rank": 64}, ()),
        ("lora qwen3 8b, our previous run had a batch size of 256 which was too slow, use lr 2e-4", {"learning_rate": 2e-4}, ("global_batch_size", "micro_batch_size")),
        ("yesterday we ran 10 epochs on 4 gpus. qlora mistral 7b on a 4090", {"gpu_count": 1, "method": "qlora"}, ("epochs",)),
        ("my last run at 1e-3 exploded: full finetune qwen 3b", {"method": "full"}, ("learning_rate",)),
    ],
)
def test_numbers_of_a_run_that_was_are_not_asked_for(text: str, wanted: dict[str, Any], never: tuple[str, ...]) -> None:
    found = said(text)
    assert {key: found.get(key) for key in wanted} == wanted
    assert not set(never) & set(found)


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("I ran 3 epochs last week, do the same for qwen3 8b with lora", "epochs", 3),
        ("I want 3 epochs of lora on llama 3 8b", "epochs", 3),
        ("we have 2 A100s, lora llama 3 8b with rank 32", "lora_rank", 32),
        ("lora qwen3 8b, I trained it last week; now lr 1e-4", "learning_rate", 1e-4),
        ("I used to work with rank 16 and liked it: lora qwen3 8b rank 16", "lora_rank", 16),
    ],
)
def test_numbers_that_are_asked_for_stay(text: str, key: str, value: Any) -> None:
    assert said(text).get(key) == value


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("dpo zephyr style on ultrafeedback w/ mistral 7b qlora", "mistralai/Mistral-7B-Instruct-v0.3"),
        ("zephyr-style dpo of mistral 7b", "mistralai/Mistral-7B-Instruct-v0.3"),
        ("finetune zephyr in the style of shakespeare", "HuggingFaceH4/zephyr-7b-beta"),
    ],
)
def test_a_model_whose_style_is_followed_is_not_trained(text: str, model: str) -> None:
    assert said(text)["model"] == model
