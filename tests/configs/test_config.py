"""Configs: short, commented, safe against what users type, and made of layers that the library holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.builder import respond
from assistant.catalogue.machines import parse_machine
from assistant.checks.schema import coerce, field, field_names
from assistant.configs.build import Config
from assistant.configs.library import layer, layer_ids
from assistant.configs.render import load, one_line, render
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
        kind = name.partition("/")[0]
        for path in _paths(found.config):
            assert field(path, kind) is not None, f"{name} sets {path}, which Oumi does not have"
        free = {path for path in found.why if path.rpartition(".")[0] in _paths(found.config)}  # a key of an open mapping
        assert set(found.why) - free <= {*_paths(found.config), *_paths(layer(f"{kind}/base").config)}, name


def _paths(config: dict[str, Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for key, value in config.items():
        if isinstance(value, dict) and value:
            found += _paths(value, f"{prefix}{key}.")
        else:
            found.append(f"{prefix}{key}")
    return found


def test_adapters_are_switched_on() -> None:
    made = body(method="qlora")
    assert made["training"]["use_peft"] is True
    assert made["peft"]["bnb_4bit_quant_type"] == "nf4"
    assert made["peft"]["bnb_4bit_compute_dtype"] == "bfloat16"


def test_4_bit_weights_are_computed_in_what_the_machine_computes_in() -> None:
    for machine, dtype in (("A100", "bfloat16"), ("T4", "float16"), ("cpu:32GB", "float32")):
        assert body(machine, model="Qwen/Qwen2.5-0.5B-Instruct", method="qlora")["peft"]["bnb_4bit_compute_dtype"] == dtype


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


def test_gpt_oss_is_widened_and_never_quantised_again() -> None:
    made = body("8xH200", model="openai/gpt-oss-20b", method="lora")
    assert made["model"]["model_kwargs"] == {"quantization_config": {"quant_method": "mxfp4"}}
    asked = make("8xH200", model="openai/gpt-oss-20b", method="qlora")
    assert asked.status == "needs_input"
    assert asked.questions[0].field == "method"


@pytest.mark.parametrize(
    ("model", "said"),
    [("llama3", "the linear layers that this architecture has"), ("Qwen/Qwen3-30B-A3B", "not the experts"), ("meta-llama/Llama-4-Scout-17B-16E-Instruct", "the linear layers")],
)
def test_the_comment_on_targets_is_true(model: str, said: str) -> None:
    assert said in make("8xH200", model=model, method="lora").files[0].yaml


def test_verl_counts_prompts_and_the_comment_says_so() -> None:
    outcome = make("4xH100", model="Qwen/Qwen2.5-1.5B-Instruct", objective="grpo", dataset="countdown")
    assert outcome.plan is not None
    made = load(outcome.files[0].yaml)["training"]["verl_config_overrides"]
    prompts, each = made["data"]["train_batch_size"], made["actor_rollout_ref"]["rollout"]["n"]
    assert prompts * each == outcome.plan.global_batch_size
    assert f"{prompts} prompts × {each} completions = {outcome.plan.global_batch_size} sequences a step" in outcome.files[0].yaml
    assert made["data"]["max_prompt_length"] + made["data"]["max_response_length"] == outcome.plan.sequence_length


@pytest.mark.parametrize(
    ("objective", "cut_by"), [("sft", "longer rows are cut"), ("kto", "KTO cuts rows at"), ("grpo", "TRL does not cut prompts")]
)
def test_the_comment_on_length_is_true_for_the_trainer(objective: str, cut_by: str) -> None:
    text = make("A100-80GB", model="Qwen/Qwen2.5-1.5B-Instruct", objective=objective, dataset=None).files[0].yaml
    block = text.split("model_max_length")[0].splitlines()[-1] + text.split("model_max_length")[1].splitlines()[0]
    assert cut_by in text
    assert cut_by in block or cut_by in text.split("model_max_length:")[0].splitlines()[-2]


@pytest.mark.parametrize("overrides", [{"training.trainer_kwargs.beta": 0.2}, {"training.trainer_kwargs": {"beta": 0.2}}])
def test_an_override_wins_over_the_template(overrides: dict[str, Any]) -> None:
    assert body("A100-80GB", objective="dpo", method="lora", overrides=overrides)["training"]["trainer_kwargs"] == {"beta": 0.2}
    kept = body("A100-80GB", objective="kto", method="lora", overrides=overrides)["training"]["trainer_kwargs"]
    assert kept == {"max_length": 2048, "beta": 0.2}


@pytest.mark.parametrize(("length", "tokens"), [(4096, 512), (1024, 512), (256, 128)])
def test_a_student_writes_within_the_length(length: int, tokens: int) -> None:
    made = body("8xH100", model="Qwen/Qwen2.5-0.5B-Instruct", objective="gkd", sequence_length=length)
    assert made["training"]["gkd"]["max_new_tokens"] == tokens


@pytest.mark.parametrize("text", ["a\\${oc.env:HOME}", "\U0001f600 ${oc.env:HOME}"])
def test_text_that_oumi_would_interpolate_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as problem:
        make(output_dir=text)
    assert "${" in problem.value.message


def test_a_comment_holds_nothing_that_turns_text_around() -> None:
    hidden = "".join(map(chr, (0x202E, 0x2066, 0x200B, 0xAD, 0xFEFF, 0x85, 0x2029, 0xE0041)))
    assert one_line(f"a{hidden}b") == "a b"


def test_vision_data_gets_its_collator_and_encoders_no_adapters() -> None:
    made = body("A100", model="Qwen/Qwen2.5-VL-7B-Instruct", method="lora")
    assert made["data"]["train"]["collator_name"] == "vision_language_with_padding"
    assert made["data"]["train"]["datasets"][0]["dataset_kwargs"]["processor_name"] == "Qwen/Qwen2.5-VL-7B-Instruct"
    assert made["peft"]["lora_exclude_modules"] == [".*(vision|visual|audio).*"]


def test_json_has_the_contracts_keys() -> None:
    found = make().to_json()
    assert list(found) == ["schema", "status", "source", "intent", "questions", "assumptions", "hardware", "plan", "files", "commands", "findings", "ways_out", "requirements", "largest_models", "explanation", "evidence"]
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


@pytest.mark.parametrize("value", [[{}], [{"a": 1}, 2], [{"a": 1}, {}], [[], {"a": 1}], [None]])
def test_a_list_that_is_no_list_of_sections_is_written_as_it_is(value: list[object]) -> None:
    config = Config(kind="train", body={"training": {"trainer_kwargs": {"x": value}}}, why={})
    assert load(render(config, ["head"]))["training"]["trainer_kwargs"]["x"] == value


@pytest.mark.parametrize("dataset", [None, "allenai/c4", "roneneldan/TinyStories"])
def test_a_reader_of_raw_text_is_told_the_length_of_its_rows(dataset: str | None) -> None:
    """It has no default for it, and model_max_length does not reach it (Oumi 0.9: BasePretrainingDataset)."""
    made = body(model="gpt2", objective="pretrain", dataset=dataset, sequence_length=512, max_steps=100)
    (entry,) = made["data"]["train"]["datasets"]
    assert entry["dataset_kwargs"] == {"seq_length": 512}
    assert made["model"]["model_max_length"] == 512
