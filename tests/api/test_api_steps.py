"""Steps: each says one thing, none changes the builder it is called on, a bad value is told where it is given."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from numbers import Integral
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import ConfigBuilder, lint, plan
from assistant.api.values import STEPS
from assistant.core.errors import OumiChatError, UsageError
from assistant.core.intent import Intent

GOOD: dict[str, Any] = {
    "task": "infer", "model": "Qwen/Qwen3-8B", "objective": "dpo", "method": "lora", "gpu": "H100", "gpu_count": 2, "nodes": 3, "gpu_memory_gb": 24.0,
    "cloud": "gcp", "spot": False, "dataset": "./rows.jsonl", "sequence_length": 2048, "epochs": 1.5, "max_steps": 10, "global_batch_size": 64,
    "micro_batch_size": 2, "learning_rate": 1e-4, "lora_rank": 8, "lora_alpha": 16.0, "seed": 0, "precision": "bf16", "sharding": "fsdp",
    "engine": "VLLM", "benchmarks": ["mmlu", "gsm8k"], "num_fewshot": 0, "limit": 10, "output_dir": "out", "run_name": "first", "max_hours": 2.0,
    "max_dollars": 20.0, "priority": "speed", "overrides": {"training.warmup_steps": 50},
}  # fmt: skip
NUMBERS = [key for key, value in GOOD.items() if isinstance(value, int | float) and key != "spot"]
WORDS = ["task", "objective", "method", "cloud", "precision", "sharding", "priority", "engine", "gpu"]
TEXTS = ["model", "dataset", "output_dir", "run_name"]


def say(builder: ConfigBuilder, key: str, value: Any) -> ConfigBuilder:
    """The step of an intent's key."""
    if key == "overrides":
        for path, item in value.items():
            builder = builder.override(path, item)
        return builder
    said: ConfigBuilder = getattr(builder, STEPS.get(key, key))(value)
    return said


def test_every_key_of_the_intent_has_a_step() -> None:
    assert set(GOOD) == set(Intent.model_fields)
    together = {key: value for key, value in GOOD.items() if key not in ("epochs", "gpu_memory_gb")}
    builder = ConfigBuilder()
    for key, value in together.items():
        builder = say(builder, key, value)
    assert builder.intent == Intent.model_validate(together)


@pytest.mark.parametrize(
    ("first", "then", "left"),
    [
        ({"epochs": 2.0}, {"max_steps": 10}, {"max_steps": 10}),
        ({"max_steps": 10}, {"epochs": 2.0}, {"epochs": 2.0}),
        ({"method": "lora", "lora_rank": 8, "overrides": {"peft.lora_dropout": 0.1}}, {"method": "full"}, {"method": "full"}),
        ({"gpu_memory_gb": 24.0}, {"gpu": "H100"}, {"gpu": "H100"}),
        ({"gpu": "A100"}, {"gpu_memory_gb": 80.0}, {"gpu": "A100-80GB"}),
        ({"overrides": {"training.warmup_ratio": 0.1}}, {"overrides": {"training.warmup_steps": 5}}, {"overrides": {"training.warmup_steps": 5}}),
    ],
)
def test_what_is_said_later_wins_over_what_cannot_stand_beside_it(first: dict[str, Any], then: dict[str, Any], left: dict[str, Any]) -> None:
    builder = ConfigBuilder()
    for key, value in [*first.items(), *then.items()]:
        builder = say(builder, key, value)
    assert builder.intent == Intent.model_validate({"task": "train", **left})


@pytest.mark.parametrize("key", GOOD)
def test_a_step_changes_its_key_alone_and_leaves_the_old_builder(key: str) -> None:
    before = ConfigBuilder()
    after = say(before, key, GOOD[key])
    assert before.intent == Intent(task="train")
    changed = {name for name in Intent.model_fields if getattr(after.intent, name) != getattr(before.intent, name)}
    assert changed == {key}
    assert after != before
    assert after.unset("training.warmup_steps" if key == "overrides" else key).intent == before.intent.model_copy(update={key: None})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((key, value) for key in NUMBERS for value in (-1, "3", True, None, math.nan, math.inf, [])),
        *((key, value) for key in WORDS for value in ("no such thing", "", 3, None, ["lora"])),
        *((key, value) for key in TEXTS for value in ("", "  ", 3, None, "two\nlines", "a\u202eb", 'quoted "${x}"', "x" * 5000)),
        *(("benchmarks", value) for value in ("mmlu", [], [3], 7, [""])),
        *(("spot", value) for value in (1, "yes", None)),
        *((key, 10**12) for key in NUMBERS if not key.startswith("max_") or key == "max_steps"),
        ("epochs", 0), ("gpu_count", 0), ("sequence_length", 0), ("sequence_length", 12.5), ("seed", 2**32),
    ],
)  # fmt: skip
def test_a_bad_value_is_told_at_its_step(key: str, value: Any) -> None:
    builder = ConfigBuilder()
    with pytest.raises(UsageError) as raised:
        say(builder, key, value)
    assert raised.value.hint
    assert raised.value.message
    assert builder == ConfigBuilder()


@pytest.mark.parametrize(
    ("path", "value", "reference"),
    [
        ("training.lerning_rate", 1, "unknown-field"),
        ("training.learning_rate", "fast", "wrong-value"),
        ("training", {}, "unknown-field"),
        ("training.trainer_type", "trl_sfx", "wrong-value"),
        ("data.train.datasets.split", "x", "part-of-list"),
        ("data.train.datasets[0].dataset_name", "x", "part-of-list"),
        ("peft.lora_target_modules[0]", "q_proj", "part-of-list"),
        ("data.train.datasets[0].sufle", True, "unknown-field"),
        ("data.train.datasets[0].shuffle", "perhaps", "wrong-value"),
        ("training.run_name", 'a "${oc.env:HOME}"', "interpolation"),
        ("training.trainer_kwargs", {"note": '"${x}"'}, "interpolation"),
        ("", 1, "wrong-value"),
        (3, 1, "wrong-value"),
    ],
)
def test_a_bad_override_is_told_at_its_step(path: Any, value: Any, reference: str) -> None:
    with pytest.raises(UsageError) as raised:
        ConfigBuilder().override(path, value)
    assert raised.value.reference == reference


@pytest.mark.parametrize("machine", ["", "3 potatoes", "0xA100", "A100-8TB", 2, None])
def test_a_machine_that_is_none_is_told_at_its_step(machine: Any) -> None:
    with pytest.raises(UsageError):
        ConfigBuilder().hardware(machine)


def test_values_are_taken_in_canonical_form() -> None:
    builder = ConfigBuilder().training_type("LoRA").precision("BF16").engine("vllm").gpu("a100 80gb", 2, nodes=1).for_task("eval")  # type: ignore[arg-type]
    intent = builder.intent
    assert (intent.method, intent.precision, intent.engine, intent.task) == ("lora", "bf16", "VLLM", "evaluate")
    assert (intent.gpu, intent.gpu_count, intent.nodes) == ("A100-80GB", 2, 1)
    assert ConfigBuilder().training_type("qlora").training_type("auto").intent.method is None
    assert ConfigBuilder().override("training.trainer_type", "trl_dpo").intent.overrides == {"training.trainer_type": "TRL_DPO"}


def test_numbers_of_other_libraries_are_numbers() -> None:
    class Int64:  # as NumPy registers its own
        def __int__(self) -> int:
            return 8

    Integral.register(Int64)
    builder = ConfigBuilder().epochs(Fraction(3, 2)).lora_rank(Int64())  # type: ignore[arg-type]
    assert (builder.intent.epochs, builder.intent.lora_rank) == (1.5, 8)


def test_nothing_is_shared_with_the_caller() -> None:
    path, layers = "peft.lora_target_modules", ["q_proj"]
    builder = ConfigBuilder().model("Qwen/Qwen3-8B").hardware("H100").override(path, layers)
    questioned = ConfigBuilder().override(path, layers)
    intent = Intent(task="train", overrides={path: layers})
    taken = ConfigBuilder.from_intent(intent)
    layers.append("v_proj")
    for one in (builder, questioned, taken):
        for seen in (one.intent, one.outcome().intent):
            assert seen.overrides is not None
            seen.overrides[path].append("k_proj")
            seen.overrides["training.seed"] = 1
        assert one.intent.overrides == {path: ["q_proj"]}
    with pytest.raises(AttributeError):
        builder._said = questioned._said  # type: ignore[misc]


def test_an_override_is_unset_by_its_name() -> None:
    served = ConfigBuilder().for_task("infer").override("input_path", "q.jsonl").override("generation.seed", 1)
    assert served.unset("input_path").intent.overrides == {"generation.seed": 1}
    assert served.unset("generation.seed").unset("input_path").intent.overrides is None


def test_what_was_not_said_cannot_be_unset() -> None:
    for name in ("epochs", "training.warmup_steps", "nonsense", ""):
        with pytest.raises(UsageError):
            ConfigBuilder().unset(name)


JUNK = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.lists(st.text(max_size=5), max_size=3), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2))


@given(key=st.sampled_from(sorted(GOOD)), value=JUNK)
@settings(max_examples=300, deadline=None)
def test_anything_is_taken_or_is_one_of_our_errors(key: str, value: Any) -> None:
    """A step never fails otherwise, and what it takes is an intent's value."""
    try:
        said = say(ConfigBuilder(), key, {"training.trainer_kwargs": value} if key == "overrides" else value)
    except OumiChatError:
        return
    assert Intent.model_validate(said.intent.model_dump()) == said.intent


@given(keys=st.permutations(["model", "method", "dataset", "sequence_length", "lora_rank", "seed"]))
@settings(max_examples=10, deadline=None)
def test_the_order_of_steps_does_not_count(keys: list[str]) -> None:
    builder = ConfigBuilder().hardware("H100")
    for key in keys:
        builder = say(builder, key, {**GOOD, "dataset": "yahma/alpaca-cleaned"}[key])
    assert builder.to_yaml() == ConfigBuilder.from_intent(builder.intent).hardware("H100").to_yaml()
    assert builder == ConfigBuilder.from_intent(builder.intent).hardware("H100")


@pytest.mark.parametrize(
    "call",
    [
        lambda: ConfigBuilder.load(7), lambda: ConfigBuilder.load(""), lambda: lint(4), lambda: plan(4), lambda: ConfigBuilder.from_intent([1]),
        lambda: ConfigBuilder().model("qwen3-0.6b").hardware("RTX4090").build().save(5), lambda: ConfigBuilder().model("qwen3-0.6b").hardware("RTX4090").diff(3),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_is_an_error_of_ours(call: Callable[[], object]) -> None:
    with pytest.raises(UsageError) as caught:
        call()
    assert caught.value.hint


def test_an_item_of_a_list_is_set_by_its_place() -> None:
    asked = ConfigBuilder().model("Qwen/Qwen3-8B").for_task("evaluate").benchmarks(["mmlu", "gsm8k"]).hardware("A100")
    told = asked.override("tasks[1].num_samples", 50).override("tasks[0].eval_kwargs.num_fewshot", 3)
    first, second = told.build().body["tasks"]
    assert first["eval_kwargs"] == {"num_fewshot": 3}
    assert "num_samples" not in first
    assert second["num_samples"] == 50
    assert dict(told.plan().facts)["Benchmarks"] == "mmlu (3-shot), gsm8k (5-shot, 50 questions)"  # type: ignore[union-attr]
    assert told.unset("tasks[1].num_samples").unset("tasks[0].eval_kwargs.num_fewshot").to_yaml() == asked.to_yaml()


def test_a_place_that_the_list_does_not_have_is_told() -> None:
    asked = ConfigBuilder().model("Qwen/Qwen3-8B").hardware("A100").override("data.train.datasets[0].shuffle", True)
    assert asked.build().body["data"]["train"]["datasets"][0]["shuffle"] is True
    with pytest.raises(UsageError, match="There is no data") as raised:
        asked.override("data.train.datasets[1].shuffle", True).build()
    assert raised.value.reference == "no-field"


def test_fewer_rows_said_by_hand_are_not_counted_and_that_is_told() -> None:
    asked = ConfigBuilder().model("Qwen/Qwen3-8B").hardware("A100")
    assert "REQ009" not in {finding.rule for finding in asked.outcome().findings}
    found = asked.override("data.train.datasets[0].sample_count", 100).outcome().findings
    assert [finding.path for finding in found if finding.rule == "REQ009"] == ["data.train.datasets[0].sample_count"]
