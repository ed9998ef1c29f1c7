"""Configs: short, commented, safe against what users type, and made of layers that the library holds."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.builder import respond
from assistant.catalogue.machines import parse_machine
from assistant.checks.schema import coerce, field, field_names
from assistant.configs.library import home, layer, layer_ids
from assistant.configs.render import load, one_line
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.outcome import Outcome


def make(machine: str = "2xA100", **said: Any) -> Outcome:
    return respond(Intent(task="train", **{"model": "llama3", **said}), machine=parse_machine(machine), request="a request")


def body(machine: str = "2xA100", **said: Any) -> dict[str, Any]:
    outcome = make(machine, **said)
    assert outcome.status == "ok", outcome.questions
    return load(outcome.files[0].yaml)


def test_every_layer_is_well_formed_and_sets_known_fields() -> None:
    assert len(layer_ids()) > 20
    for name in layer_ids():
        found = layer(name)
        assert found.id == name
        assert found.about
        for path in _paths(found.config):
            assert field(path) is not None, f"{name} sets {path}, which Oumi does not have"
        assert set(found.why) <= set(_paths(found.config)), name


def _paths(config: dict[str, Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for key, value in config.items():
        if isinstance(value, dict) and value:
            found += _paths(value, f"{prefix}{key}.")
        else:
            found.append(f"{prefix}{key}")
    return found


def test_every_field_that_a_template_sets_is_described() -> None:
    described = yaml.safe_load(home("templates").joinpath("parameters.yaml").read_text())
    for name, entry in described.items():
        assert field(name) is not None, name
        assert entry["importance"] in ("essential", "common", "advanced")
        assert entry["help"]
        assert entry["question"]
    for name in layer_ids():
        for path in _paths(layer(name).config):
            assert path in described, f"{name} sets {path}"


def test_adapters_are_switched_on() -> None:
    made = body(method="qlora")
    assert made["training"]["use_peft"] is True
    assert made["peft"]["bnb_4bit_quant_type"] == "nf4"
    assert made["peft"]["bnb_4bit_compute_dtype"] == "bfloat16"


def test_fsdp_names_the_layer_and_wraps() -> None:
    made = body("4xA100", method="full")
    assert made["fsdp"]["auto_wrap_policy"] == "TRANSFORMER_BASED_WRAP"
    assert made["fsdp"]["transformer_layer_cls"] == "LlamaDecoderLayer"
    assert "gradient_checkpointing_kwargs" not in made["training"]
    assert "torchrun" in make("4xA100", method="full").commands[0]


def test_one_gpu_has_no_sharding_and_no_torchrun() -> None:
    outcome = make("A100", method="lora")
    assert "fsdp" not in load(outcome.files[0].yaml)
    assert outcome.commands == ("oumi train -c train.yaml",)


def test_an_override_replaces_its_rival() -> None:
    made = body(overrides={"training.warmup_steps": 50})["training"]
    assert made["warmup_steps"] == 50
    assert "warmup_ratio" not in made
    assert body(overrides={"training.save_epoch": True})["training"]["save_steps"] == 0


def test_overrides_that_the_planner_owns_reach_the_plan() -> None:
    outcome = make(overrides={"training.per_device_train_batch_size": 1, "model.model_max_length": 1024})
    assert outcome.plan is not None
    assert (outcome.plan.micro_batch_size, outcome.plan.sequence_length) == (1, 1024)


@pytest.mark.parametrize(
    ("path", "value"),
    [("training.learning_rte", 1), ("training", 1), ("training.max_steps", "many"), ("training.optimizer", None),
     ("training.trainer_type", "SFT"), ("training.num_train_epochs", 0.5), ("training.learning_rate", float("nan"))],
)  # fmt: skip
def test_wrong_overrides_are_refused(path: str, value: Any) -> None:
    with pytest.raises(UsageError):
        coerce(path, value)


def test_an_unknown_field_suggests_the_right_one() -> None:
    with pytest.raises(UsageError) as problem:
        coerce("training.learning_rte", 1)
    assert "training.learning_rate" in problem.value.hint
    assert "training.learning_rate" in field_names()


NASTY = ["a: b\n- c", "${oc.env:HOME}", "x # y", "'\"", "%TAG", "*a", "&b", "!!python/object:os.system", "~", "null", "1e3", "{{x}}", "\u2028x", "{0.__class__}"]


@pytest.mark.parametrize("text", NASTY)
def test_user_text_stays_data(text: str) -> None:
    made = body(run_name=text, output_dir=text)
    assert made["training"]["run_name"] == text
    assert made["training"]["output_dir"] == text


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_request_stays_a_comment(text: str) -> None:
    outcome = respond(Intent(task="train", model="llama3"), machine=parse_machine("A100"), request=text)
    assert load(outcome.files[0].yaml)["model"]["model_name"] == "meta-llama/Llama-3.1-8B-Instruct"
    assert "\n" not in one_line(text)


def test_vision_data_gets_its_collator_and_encoders_no_adapters() -> None:
    made = body("A100", model="Qwen/Qwen2.5-VL-7B-Instruct", method="lora")
    assert made["data"]["train"]["collator_name"] == "vision_language_with_padding"
    assert made["data"]["train"]["datasets"][0]["dataset_kwargs"]["processor_name"] == "Qwen/Qwen2.5-VL-7B-Instruct"
    assert made["peft"]["lora_exclude_modules"] == [".*(vision|visual|audio).*"]


def test_json_has_the_contracts_keys() -> None:
    found = make().to_json()
    assert list(found) == ["schema", "status", "source", "intent", "questions", "assumptions", "hardware", "plan", "files", "commands", "findings", "ways_out", "requirements", "largest_models", "explanation"]
    assert set(found["plan"]["memory"]["breakdown_gib"]) == {"weights", "gradients", "optimizer", "activations", "logits", "overhead"}
    memory = found["plan"]["memory"]
    assert memory["per_gpu_gib"] == pytest.approx(sum(memory["breakdown_gib"].values()), abs=0.01)


@pytest.mark.parametrize(
    ("overrides", "hint"),
    [
        ({"training.optimizer": "adamw"}, "adamw_torch"),
        ({"training.lr_scheduler_type": "cosinus"}, "cosine"),
        ({"training.lr_scheduler_type": "cosine_with_min_lr"}, "min_lr_rate"),
        ({"training.eval_strategy": "steps"}, "data.validation"),
        ({"training.eval_steps": 50}, "data.validation"),
        ({"training.save_steps": 0, "training.save_final_model": False}, "save_final_model"),
        ({"training.trainer_kwargs.packing": True}, "data.train.pack"),
        ({"training.trainer_kwargs.weight_decay": 0.1}, "training.weight_decay"),
    ],
)
def test_overrides_that_would_fail_late_are_refused(overrides: dict[str, Any], hint: str) -> None:
    with pytest.raises(UsageError) as problem:
        make(overrides=overrides)
    assert hint in problem.value.hint


def test_a_dtype_said_as_a_field_reaches_the_estimate() -> None:
    wide = make("A100-80GB", method="lora", overrides={"model.torch_dtype_str": "float32"})
    assert wide.plan is not None
    assert (wide.plan.precision, wide.plan.weights_dtype) == ("fp32", "float32")
