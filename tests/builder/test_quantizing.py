"""Requests to quantize: the method by words, model and machine, and what Oumi 0.9 would do otherwise than it says."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from assistant.builder import respond
from assistant.catalogue.machines import parse_machine
from assistant.catalogue.models import all_models, get_model
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome
from assistant.core.units import GIB
from assistant.core.values import Reason
from assistant.planner.quantize import AWQ_TYPES, METHODS, result_bytes
from assistant.reader import read


def ask(words: str, machine: str = "A100-80GB", **more: Any) -> Outcome:
    reading = read(words)
    return respond(reading.intent, machine=parse_machine(machine), notes=(*reading.notes, *more.pop("notes", ())), unread=reading.unread, request=words, **more)


def body(outcome: Outcome) -> dict[str, Any]:
    assert outcome.status == "ok", outcome
    loaded: dict[str, Any] = yaml.safe_load(outcome.files[0].yaml)
    return loaded


@pytest.mark.parametrize(
    ("words", "machine", "method"),
    [
        ("quantize llama 3.1 8b to 4 bit", "A100-80GB", "awq_q4_0"),
        ("quantize llama 3.1 8b to 4 bit", "cpu:64GB", "bnb_4bit"),
        ("quantize llama 3.1 8b to 4 bit", "MI300X", "bnb_4bit"),
        ("quantize gemma 3 4b to 4 bit", "A100-80GB", "bnb_4bit"),
        ("int8 quantize qwen3 4b", "A100-80GB", "bnb_8bit"),
        ("compress mistral 7b to int4 with bnb", "A100-80GB", "bnb_4bit"),
        ("awq 4 bit version of qwen2.5 14b instruct", "A100-80GB", "awq_q4_0"),
        ("quantize qwen3 8b, method=awq_q4_1", "A100-80GB", "awq_q4_1"),
    ],
)
def test_the_method_follows_words_model_and_machine(words: str, machine: str, method: str) -> None:
    outcome = ask(words, machine)
    assert body(outcome)["method"] == method
    assert not [finding for finding in outcome.findings if finding.rule == "REQ001"], outcome.findings


def test_the_command_repeats_the_folder_that_oumis_own_default_would_replace() -> None:
    outcome = ask("quantize qwen3 4b to 8 bit, save to out/q8")
    assert body(outcome)["output_path"] == "out/q8"
    assert outcome.commands == ("oumi quantize -c quantize.yaml --output out/q8",)


@pytest.mark.parametrize("model", ["Qwen/Qwen2.5-7B-Instruct", "meta-llama/Llama-3.1-8B-Instruct"])
def test_a_folder_of_bitsandbytes_has_no_dot_that_would_make_a_file_of_it(model: str) -> None:
    intent = Intent(task="quantize", model=model, overrides={"method": "bnb_4bit"})
    made = body(respond(intent, machine=parse_machine("A100-80GB")))
    assert "." not in made["output_path"]
    said = respond(intent.model_copy(update={"output_dir": "out/q2.5"}), machine=parse_machine("A100-80GB"))
    assert body(said)["output_path"] == "out/q2.5/model"
    assert [finding.rule for finding in said.findings] == ["QNT001"]


def test_awq_may_have_a_dot_in_its_folder() -> None:
    assert body(ask("awq quantize qwen3 4b, save to out/q2.5"))["output_path"] == "out/q2.5"


@pytest.mark.parametrize(
    ("words", "machine", "reference"),
    [
        ("make a gguf q4 of qwen3 8b", "A100-80GB", "no-such-format"),
        ("gptq of llama 8b", "A100-80GB", "no-such-format"),
        ("quantize qwen3 4b to fp8", "A100-80GB", "no-such-format"),
        ("quantize qwen3 4b to 3 bit", "A100-80GB", "wrong-value"),
        ("awq quantize qwen3 4b", "cpu:64GB", "awq-not-possible"),
        ("awq quantize mixtral 8x7b", "8xH100", "awq-not-possible"),
        ("awq quantize qwen3 4b to 8 bit", "A100-80GB", "awq-bits"),
        ("awq quantize qwen3 4b, group size 100", "A100-80GB", "awq-group"),
        ("quantize gpt-4o to 4 bit", "A100-80GB", "quantize-hosted"),
    ],
)
def test_what_oumi_cannot_do_is_refused_with_a_way(words: str, machine: str, reference: str) -> None:
    with pytest.raises(UsageError) as problem:
        ask(words, machine)
    assert problem.value.reference == reference
    assert problem.value.hint


def test_a_published_gguf_file_is_named_where_one_is_known() -> None:
    with pytest.raises(UsageError, match="GGUF") as problem:
        ask("make a gguf of deepseek-r1-distill-qwen-32b")
    assert "unsloth/DeepSeek-R1-Distill-Qwen-32B-GGUF" in problem.value.hint


def test_an_adapter_asks_for_the_merged_model_since_oumi_would_quantize_its_base_model_alone() -> None:
    notes = (Reason(field="base model", value="Qwen/Qwen3-4B", why="is what its adapter goes onto there"),)
    outcome = ask("quantize ./out/adapter to 4 bit", notes=notes)
    assert outcome.status == "needs_input"
    assert outcome.questions[0].choices == ("Qwen/Qwen3-4B",)
    assert "MERGED" in outcome.explanation


def test_a_model_that_was_trained_whole_is_quantized_from_its_folder() -> None:
    notes = (Reason(field="base model", value="Qwen/Qwen3-4B", why="is trained whole there"),)
    made = body(ask("quantize ./out/full-run to 4 bit", notes=notes))
    assert made["model"]["model_name"] == "./out/full-run"


def test_calibration_shrinks_to_what_the_gpu_holds_and_a_said_number_does_not() -> None:
    assert body(ask("awq quantize llama 3.1 8b", "A100-80GB"))["calibration_samples"] == 512
    assert body(ask("awq quantize llama 3.1 8b", "RTX4090"))["calibration_samples"] == 256
    assert body(ask("awq quantize llama 3.1 8b, 64 calibration samples", "RTX4090"))["calibration_samples"] == 64
    assert ask("awq quantize llama 3.1 8b, 512 calibration samples", "RTX4090").status == "does_not_fit"


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ("quantize qwen3 4b with bnb 4-bit, batch size 8", "batch_size"),
        ("quantize qwen3 4b with bnb 4-bit, group size 64", "awq_group_size"),
        ("quantize qwen3 4b with bnb 4-bit, model.attn_implementation=sdpa", "model.attn_implementation"),
        ("awq quantize qwen3 4b, model.torch_dtype_str=float16", "model.torch_dtype_str"),
    ],
)
def test_a_field_that_no_quantizer_reads_is_named(words: str, path: str) -> None:
    assert ("QNT002", path) in [(finding.rule, finding.path) for finding in ask(words).findings]


def test_experts_that_bitsandbytes_leaves_are_named() -> None:
    rules = [finding.rule for finding in ask("quantize mixtral 8x7b with bnb 4-bit", "8xH100").findings]
    assert "QNT006" in rules


def test_what_does_not_fit_names_requests_that_read_back_to_a_quantization() -> None:
    outcome = ask("quantize llama 3.3 70b with bnb 8-bit", "RTX4090")
    assert outcome.status == "does_not_fit"
    assert outcome.ways_out
    again = read(outcome.ways_out[0].request).intent
    assert again.task == "quantize"
    assert (again.overrides or {})["method"] == "bnb_8bit"


def test_the_result_is_smaller_than_the_model_and_grows_with_its_bits() -> None:
    for model in all_models():
        four, eight = result_bytes(model, "bnb_4bit"), result_bytes(model, "bnb_8bit")
        assert four <= eight <= 2.0 * model.params_total
        assert result_bytes(model, "awq_q4_0", 64) >= result_bytes(model, "awq_q4_0", 128)


def test_the_size_of_a_published_awq_model_is_met() -> None:
    """hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4 holds 5.73 GB of safetensors, in groups of 128."""
    model = get_model("meta-llama/Llama-3.1-8B-Instruct")
    assert model is not None
    assert result_bytes(model, "awq_q4_0") == pytest.approx(5.73e9, rel=0.02)


def test_memory_falls_never_as_the_model_grows_and_its_parts_are_whole() -> None:
    small, large = (ask(f"quantize qwen3 {size} with bnb 4-bit").task_plan for size in ("4b", "14b"))
    assert small is not None
    assert large is not None
    assert small.memory is not None
    assert large.memory is not None
    assert small.memory.upper < large.memory.upper
    assert small.memory.point <= small.memory.upper
    assert large.memory.parts["weights"] >= 14e9 * 0.5 > GIB


def test_every_method_has_a_name_and_awq_types_are_known_ones() -> None:
    assert {"awq_q4_0", "bnb_4bit"} < set(METHODS)
    assert {"llama", "qwen3"} < AWQ_TYPES < {model.model_type for model in all_models()} | AWQ_TYPES
    assert not AWQ_TYPES & {model.model_type for model in all_models() if model.is_moe}
