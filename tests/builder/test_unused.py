"""No value that was said is dropped without a word: pairs of all keys, with values that no plan would choose by itself."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from assistant.builder import respond
from assistant.builder.unused import with_unused
from assistant.cli import run
from assistant.core.errors import OumiChatError
from assistant.core.intent import Intent

VALUES: dict[str, Any] = {
    "objective": "dpo", "method": "qlora", "gpu": "A100-80GB", "gpu_count": 4, "nodes": 2, "gpu_memory_gb": 64.0, "cloud": "gcp", "spot": True, "dataset": "rows.jsonl",
    "sequence_length": 1536, "epochs": 2.0, "max_steps": 321, "global_batch_size": 96, "micro_batch_size": 3, "learning_rate": 3.3e-5, "lora_rank": 24,
    "lora_alpha": 77.0, "seed": 4711, "precision": "fp32", "sharding": "fsdp", "engine": "NATIVE", "benchmarks": ["gsm8k"], "num_fewshot": 3, "limit": 123,
    "output_dir": "out/xyz", "run_name": "my-run", "max_hours": 0.001, "max_dollars": 0.01, "priority": "memory",
}  # fmt: skip
SUBJECTS = {"train": "qwen3-0.6b", "evaluate": "qwen3-0.6b", "infer": "qwen3-0.6b", "quantize": "qwen3-0.6b", "tune": "qwen3-0.6b", "judge": "gpt-4o", "synthesize": "qwen3-0.6b"}
OF_TASK: dict[str, dict[str, Any]] = {"synthesize": {"dataset": "handbook.md"}, "train": {"dataset": "tatsu-lab/alpaca"}, "tune": {"dataset": "tatsu-lab/alpaca"}}
AGREE = {("max_hours", "max_dollars")}
"""Of two limits the tighter one is kept."""
Answer = tuple[dict[str, Any], str] | OumiChatError


def planned(task: str, said: dict[str, Any], known: dict[tuple[str, ...], Answer]) -> Answer:
    """(the whole answer but the intent, words about what was said), or the error."""
    names = tuple(said)
    if names not in known:
        known[names] = _planned(task, said)
    return known[names]


def _planned(task: str, said: dict[str, Any]) -> Answer:
    base = {"dataset": "other.txt"} if task == "synthesize" else {}
    intent = Intent.model_validate({"task": task, "model": SUBJECTS[task], **base, **said})
    try:
        outcome = with_unused(respond(intent), intent)
    except OumiChatError as problem:
        return problem
    body = outcome.to_json()
    del body["intent"]
    told = [*(q.field for q in outcome.questions), *(f.path for f in outcome.findings), *(f.message for f in outcome.findings), *(n.field for n in outcome.assumptions)]
    return body, " ".join(told).replace("_", " ")


def is_heard(task: str, key: str, said: dict[str, Any], known: dict[tuple[str, ...], Answer]) -> bool:
    """True where the answer differs from that without it, names it, or is an error; a preference need not change what is best anyway."""
    found = planned(task, said, known)
    if isinstance(found, OumiChatError):
        return True
    body, told = found
    without = planned(task, {name: value for name, value in said.items() if name != key}, known)
    return key == "priority" or body["status"] == "does_not_fit" or key.replace("_", " ") in told or isinstance(without, OumiChatError) or without[0] != body


def pairs() -> list[tuple[str, str, str]]:
    """All pairs of keys for every task."""
    return [(task, *pair) for task in SUBJECTS for pair in itertools.combinations(VALUES, 2)]


@pytest.mark.parametrize("task", SUBJECTS)
def test_both_values_of_each_pair_are_heard(task: str) -> None:
    values = {**VALUES, **OF_TASK.get(task, {})}
    dropped, known = list[str](), dict[tuple[str, ...], Answer]()
    for _, one, other in (pair for pair in pairs() if pair[0] == task and pair[1:] not in AGREE):
        said = {one: values[one], other: values[other]}
        dropped += [f"{key} beside {said}" for key in said if not is_heard(task, key, said, known)]
    assert not dropped, "\n".join(dropped[:40])


def finding(**said: Any) -> str:
    intent = Intent.model_validate({"task": "train", "model": "qwen3-8b", "gpu": "H100", **said})
    return " ".join(f.message for f in with_unused(respond(intent), intent).findings if f.rule == "REQ008")


def test_contradictions_name_both_sides() -> None:
    assert "lora rank and lora alpha" in finding(method="full", lora_rank=8, lora_alpha=16.0, gpu_count=8)
    assert "full fine-tuning" in finding(method="full", lora_rank=8, gpu_count=8)
    assert "50 steps end the run, and 2 epochs were said" in finding(epochs=2.0, max_steps=50)
    assert "sharding none" in finding(sharding="none", gpu_count=2)
    assert "num fewshot" in finding(num_fewshot=3)
    assert finding(method="lora", lora_rank=8, epochs=2.0) == ""


def test_a_rank_asks_for_adapters() -> None:
    plan = respond(Intent(task="train", model="qwen3-0.6b", lora_rank=24, gpu="H100")).plan
    assert plan is not None
    assert (plan.method, plan.lora_rank) == ("lora", 24)


@pytest.mark.parametrize("gpus", ["4xcpu", "2xm3-max", "cpu:4"])
def test_a_processor_comes_alone(gpus: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["create", "train", "--model", "smollm2-135m", "--gpus", gpus, "--offline"])
    shown = capsys.readouterr()
    assert code == 2, shown.out
    assert "number of" in shown.err


def test_flags_are_told_on_stderr_and_the_file_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["create", "train", "--model", "smollm2-135m", "--method", "full", "--lora-rank", "8", "--epochs", "2", "--max-steps", "9", "--offline"]) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "lora rank was said" in told
    assert "2 epochs were said" in told


def test_rows_at_once_of_an_inference_are_not_told_as_left_out() -> None:
    intent = Intent(task="infer", model="qwen3-0.6b", engine="NATIVE", gpu="A100", global_batch_size=4)
    outcome = with_unused(respond(intent), intent)
    assert "batch_size: 4" in outcome.files[0].yaml
    assert "REQ008" not in {finding.rule for finding in outcome.findings}
