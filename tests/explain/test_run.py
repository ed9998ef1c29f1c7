"""What a run will do is told as Oumi would do it: its defaults stand where the file says nothing, and what it ignores is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from assistant.checks.kinds import kind_of
from assistant.explain.run import parts_of

RECIPES = Path(os.environ.get("OUMI_CHAT_SHARED") or Path(__file__).parents[3] / "shared") / "data" / "oumi_recipes"
HEAD = "model: {model_name: meta-llama/Llama-3.1-8B-Instruct}\ndata: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\n"


def told(text: str, kind: str = "train") -> dict[str, str]:
    return dict(parts_of(yaml.safe_load(text), kind))


@pytest.mark.parametrize(
    ("more", "part", "words"),
    [
        ("training: {trainer_type: TRL_SFT}", "Method", "all parameters are trained; the model learns the answers"),
        ("training: {trainer_type: TRL_SFT}\npeft: {lora_r: 4}", "Method", "peft is ignored"),
        ("training: {trainer_type: TRL_SFT, use_peft: true}\npeft: {lora_r: 4, q_lora: true}", "Method", "adapters of rank 4 (alpha 8) over weights in 4 bit"),
        ("training: {}", "Method", "transformers' own trainer, HF"),
        ("training: {trainer_type: TRL_SFT}", "Batch", "8 rows per GPU at once; activations are kept"),
        ("training: {per_device_train_batch_size: 1, gradient_accumulation_steps: 4}", "Batch", "1 row per GPU × 4 before the optimizer moves: 4 rows"),
        ("training: {trainer_type: TRL_SFT}", "Length", "cut"),
        ("training: {trainer_type: TRL_SFT}", "Steps", "3 passes over the data, by adamw_torch at a learning rate of 5e-05 (linear)"),
        ("training: {max_steps: 20, num_train_epochs: 3}", "Steps", "20 steps"),
        ("training: {save_steps: 0, save_final_model: false}", "Outputs", "nothing of the model is saved"),
        ("training: {save_steps: -1}", "Outputs", "the model at the end go to output"),
        ("training: {use_peft: true}", "Outputs", "adapters at the end"),
        ("training: {eval_strategy: steps}", "Evaluation", "Oumi stops"),
        ("training: {}\nfsdp: {enable_fsdp: true}", "Sharding", "the whole model as one unit"),
        ("training: {}\nfsdp: {sharding_strategy: FULL_SHARD}", "Sharding", "none"),
    ],
)
def test_a_training_in_words(more: str, part: str, words: str) -> None:
    assert words in told(HEAD + more)[part]


def test_sampling_that_oumi_ignores_is_told_as_greedy() -> None:
    text = "model: {model_name: a/b}\ngeneration: {temperature: 0.7}\nengine: "
    assert "likeliest token" in told(f"{text}NATIVE", "infer")["Method"]
    assert "temperature 0.7" in told(f"{text}VLLM", "infer")["Method"]


def test_a_job_is_told_by_its_machine_and_its_script() -> None:
    found = told("name: x\nresources: {cloud: gcp, accelerators: 'A100:4', use_spot: true}\nrun: |\n  set -e\n  # a word\n  oumi train \\\n    -c train.yaml\n", "job")
    assert found["Machine"] == "1 node of A100:4 on gcp, which may be taken away (spot)"
    assert found["Runs"] == "oumi train -c train.yaml"


@pytest.mark.skipif(not RECIPES.is_dir() and not os.environ.get("CI"), reason="Oumi's recipes are not here")
def test_every_recipe_can_be_told() -> None:
    count = 0
    for path in sorted(RECIPES.rglob("*.yaml")):
        body = yaml.safe_load(path.read_text("utf-8"))
        kind = kind_of(body) if isinstance(body, dict) else None
        if kind is not None:
            parts = parts_of(body, kind)
            assert parts, path
            assert all(text.strip() for _, text in parts), path
            count += 1
    assert count >= 220


def test_text_that_oumi_reads_as_a_number_is_told_as_one() -> None:
    body = {"model": {"model_name": "gpt2"}, "engine": "NATIVE", "generation": {"max_new_tokens": "1_000", "temperature": "0.5", "use_sampling": "yes"}}
    assert dict(parts_of(body, "infer"))["Method"] == "up to 1,000 new tokens for each, sampled at temperature 0.5"
    assert "${n} new tokens" in dict(parts_of({**body, "generation": {"max_new_tokens": "${n}"}}, "infer"))["Method"]
