"""A training with the steps on what it writes, through the Python API."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from assistant import ConfigBuilder, plan
from assistant.core.errors import UsageError

WORDS = "lora qwen3 8b on 2 A100s, then evaluate it on mmlu and serve it with vllm"


def test_a_request_with_steps_gives_every_file() -> None:
    built = ConfigBuilder.from_request(WORDS).outcome()
    assert [file.kind for file in built.files] == ["train", "eval", "infer"]
    assert [file.yaml for file in plan(WORDS).files] == [file.yaml for file in built.files]
    assert [file.kind for file in ConfigBuilder.from_request(WORDS).build().files] == ["train", "eval", "infer"]


def test_steps_said_one_by_one_are_those_of_the_words(tmp_path: Path) -> None:
    builder = ConfigBuilder().model("qwen3 8b").training_type("lora").gpu("A100", 2).then("evaluate", benchmarks=["mmlu"]).then("infer", engine="VLLM")
    files = builder.save_all(tmp_path / "train.yaml")
    assert [Path(file.name).name for file in files] == ["train.yaml", "eval.yaml", "infer.yaml"]
    words = plan(WORDS).files
    assert [yaml.safe_load(file.yaml) for file in files] == [yaml.safe_load(file.yaml) for file in words]
    with pytest.raises(UsageError, match="exists"):
        builder.save_all(tmp_path / "train.yaml")


def test_a_change_of_the_training_reaches_its_steps() -> None:
    builder = ConfigBuilder.from_request(WORDS).training_type("full").gpu("H100", 8)
    train, *steps = (yaml.safe_load(file.yaml) for file in builder.outcome().files)
    assert {step["model"]["model_name"] for step in steps} == {train["training"]["output_dir"]}


def test_what_cannot_be_a_step() -> None:
    with pytest.raises(UsageError, match="cannot be a step"):
        ConfigBuilder().then("tune")  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        ConfigBuilder().then("evaluate", nonsense=1)
    with pytest.raises(UsageError, match="cannot be a step"):
        ConfigBuilder().for_task("infer").then("evaluate")


def test_a_length_of_a_step_is_told_from_that_of_the_training() -> None:
    notes = [note for note in plan(WORDS).assumptions if note.field == "sequence_length"]
    assert len(notes) == 2
    assert "infer.yaml" in notes[1].why
    assert "infer.yaml" not in notes[0].why


def test_a_chat_that_is_no_part_of_the_job_is_told_once() -> None:
    outcome = plan("lora qwen3 8b on 2 A100s on gcp, then evaluate it on mmlu and chat with it")
    assert [file.kind for file in outcome.files] == ["train", "eval", "infer", "job"]
    assert [finding.message for finding in outcome.findings if finding.rule == "JOB010"] == ["nobody can type into a job, and no file with questions was named: infer.yaml is no part of it"]


def test_a_step_that_cannot_use_all_gpus_of_the_training_hides_the_rest() -> None:
    outcome = plan("lora qwen2.5 7b on 8 H100 on gcp, then answer q.jsonl with it using vllm")
    job = outcome.files[-1].yaml
    assert outcome.hardware is not None
    assert outcome.hardware.count == 8
    assert "\n  env CUDA_VISIBLE_DEVICES=0,1,2,3 oumi infer -c infer.yaml" in job
    assert "\n  oumi distributed torchrun" in job


def test_a_quantization_makes_the_training_save_the_whole_model() -> None:
    training = ConfigBuilder().model("Qwen/Qwen3-0.6B").hardware("A100").training_type("lora")
    found = training.then("quantize").then("infer").outcome()
    train, quantized, served = (yaml.safe_load(file.yaml) for file in found.files)
    assert train["peft"]["peft_save_mode"] == "MERGED"
    assert "as asked" not in next(line for line in found.files[0].yaml.splitlines() if "peft_save_mode" in line)
    assert quantized["model"]["model_name"] == served["model"]["model_name"] == train["training"]["output_dir"]
    assert "adapter_model" not in served["model"]
    assert found.intent.overrides is None, "nobody said it"
    assert any(f"model.model_name: {quantized['output_path']}" in finding.fix for finding in found.findings)
    assert "peft_save_mode" not in training.then("infer").outcome().files[0].yaml


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("qlora qwen3 0.6b on an A100, then quantize it", "QLoRA's base is in 4 bits"),
        ("lora llama 3.1 70b on 4 H100-80GB with fsdp, then quantize it", "under FSDP Oumi saves the adapter alone"),
        ("lora qwen3 0.6b on an A100, peft.peft_save_mode=ADAPTER_ONLY, then quantize it", "ADAPTER_ONLY saves an adapter"),
    ],
)
def test_an_adapter_that_cannot_be_merged_is_not_quantized(words: str, why: str) -> None:
    found = plan(words)
    assert [file.kind for file in found.files] == ["train"]
    assert "MERGED" not in found.files[0].yaml
    assert any(finding.rule == "REQ006" and why in finding.message for finding in found.findings), found.findings


def test_a_judge_reads_the_answers_of_the_inference_before_it() -> None:
    training = ConfigBuilder().model("Qwen/Qwen3-0.6B").hardware("A100").training_type("lora")
    found = training.then("infer", dataset="prompts.jsonl").then("judge", model="gpt-4o").outcome()
    answers = yaml.safe_load(found.files[1].yaml)["output_path"]
    assert [file.kind for file in found.files] == ["train", "infer", "judge"]
    assert f"--input {answers}" in found.commands[-1]


@pytest.mark.parametrize(("words", "adapter"), [("lora", False), ("qlora", False), ("lora on 2 H100-80GB with fsdp", True)])
def test_what_was_said_to_be_merged_is_loaded_whole_where_it_is(words: str, adapter: bool) -> None:
    method, _, machine = words.partition(" ")
    found = plan(f"{method} qwen3 0.6b {machine or 'on an A100'}, peft.peft_save_mode=MERGED, then evaluate it on mmlu")
    model = yaml.safe_load(found.files[1].yaml)["model"]
    assert ("adapter_model" in model) is adapter
