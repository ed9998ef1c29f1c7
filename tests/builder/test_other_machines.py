"""Other machines that would do: what they change beside the number of GPUs is in their words."""

from __future__ import annotations

import dataclasses
import shlex

import pytest

from assistant.builder import respond
from assistant.builder.sizing import typical_model
from assistant.catalogue.machines import parse_machine
from assistant.core.outcome import Outcome
from assistant.planner.requirements import offers_on
from assistant.reader import read


def answer(text: str, machine: str | None = None) -> Outcome:
    reading = read(text)
    return respond(reading.intent, machine=parse_machine(machine) if machine else None, notes=reading.notes, conflicts=reading.questions, request=text)


def test_ddp_is_kept_or_its_end_is_said() -> None:
    outcome = answer("lora gemma 3 27b on 4xL4 with ddp")
    machines = {(way.plan.hardware.count, way.plan.hardware.gpu.name): way for way in outcome.ways_out}
    assert any(way.plan.sharding == "ddp" and way.plan.hardware.count == 4 for way in outcome.ways_out)
    assert "with FSDP" in machines[8, "L4"].change
    for way in outcome.ways_out:
        assert (way.plan.sharding not in ("fsdp", "fsdp-offload")) or "FSDP" in way.change


def test_shorter_rows_are_said_where_the_length_was_free() -> None:
    outcome = answer("lora qwen3-32b on an RTXA6000")
    lengths = [way.plan.sequence_length for way in outcome.ways_out]
    assert len(set(lengths)) > 1
    for way, length in zip(outcome.ways_out, lengths, strict=True):
        assert (f"rows of {length:,} tokens" in way.change) == (length < max(lengths))


@pytest.mark.parametrize("text", ["lora gemma 3 27b on 4xL4 with ddp", "lora qwen3-32b on an RTXA6000"])
def test_what_is_offered_reads_back(text: str) -> None:
    for way in answer(text).ways_out:
        _, _, machine, words = shlex.split(way.command)
        again = answer(words, machine)
        assert again.plan == dataclasses.replace(way.plan, alternatives=again.plan.alternatives, hardware=again.plan.hardware)  # type: ignore[union-attr]


def test_weights_that_were_said_are_not_assumed() -> None:
    path = "model.load_pretrained_weights"
    assert path in [a.field for a in answer("pretrain smollm2 135m on an A100").assumptions]
    assert path not in [a.field for a in answer(f"pretrain smollm2 135m on an A100 {path}=false").assumptions]


def test_offers_of_one_cloud_alone() -> None:
    found = offers_on("H100", 1, "aws")
    assert found
    assert {o.cloud for o in found} == {"aws"}
    assert offers_on("RTX3090", 1, "aws") == ()
    assert offers_on("H100", 1, None)
    assert offers_on("H100", 1, "slurm") == ()  # one's own: no price of another's stands for it


def test_several_machines_are_priced_where_they_can_be_joined() -> None:
    assert {"runpod", "primeintellect"} & {o.cloud for o in offers_on("H100", 8, None)}
    assert not {"runpod", "primeintellect", "vast"} & {o.cloud for o in offers_on("H100", 8, None, nodes=2)}
    assert offers_on("H100", 8, "runpod", nodes=2) == ()


@pytest.mark.parametrize(("size", "name"), [(70e9, "Llama-3.3-70B"), (8e9, "Llama-3.1-8B"), (7e9, "Qwen2.5-7B"), (13e9, "14B"), (32e9, "Qwen3-32B"), (27e9, "27b")])
def test_the_usual_model_of_a_size(size: float, name: str) -> None:
    model = typical_model(size)
    assert model is not None
    assert name in model.id
