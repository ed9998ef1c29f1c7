"""A field is explained from the classes of its release, and a slip leads to the field that is meant."""

from __future__ import annotations

import pytest

from assistant.checks.schema import KINDS, field_names
from assistant.core.errors import UsageError
from assistant.explain.facts import Facts, everywhere, facts_of
from assistant.explain.usage import usage_of


def of(path: str, kind: str = "train", version: str = "0.9") -> Facts:
    found = facts_of(path, kind, version)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_the_schema_has_a_type(kind: str) -> None:
    assert [path for path in field_names(kind) if not of(path, kind).is_there] == []


@pytest.mark.parametrize(
    ("path", "kind", "expected"),
    [
        ("training.max_steps", "train", "whole number"),
        ("training.eval_steps", "train", "number or whole number"),
        ("peft.lora_target_modules", "train", "list of text or empty"),
        ("training.trainer_type", "train", "one of these words"),
        ("training.trainer_kwargs", "train", "`key: value` pairs"),
        ("training.trainer_kwargs.beta", "train", "any"),
        ("data.train.datasets", "train", "list of sections"),
        ("data.train.datasets[3].split", "train", "text"),
        ("tasks[0].task_name", "eval", "text or empty"),
        ("fsdp", "train", "section"),
    ],
)
def test_a_type_in_words(path: str, kind: str, expected: str) -> None:
    assert of(path, kind).type == expected


def test_words_of_an_enum_are_those_of_the_release() -> None:
    assert "TRL_GOLD" in of("training.trainer_type").choices
    assert "TRL_GOLD" not in of("training.trainer_type", version="0.5.0").choices


def test_when_a_field_was_there_and_what_its_default_was() -> None:
    dtype = of("model.torch_dtype_str")
    assert dtype.defaults == (("0.1.3", "float32"), ("0.4.0", "auto"))
    assert of("model.torch_dtype_str", version="0.3.0").default == "float32"
    gone = of("data.train.use_async_dataset")
    assert not gone.is_there
    assert gone.spans == (("0.1.3", "0.4.0"),)
    assert gone.notes == ("pack does what it did",)
    assert of("data.train.use_async_dataset", version="0.3.0").is_there
    assert of("deepspeed.zero_stage").spans == (("0.4.0", None),)
    assert not of("deepspeed.zero_stage", version="0.3.0").is_there
    assert of("resources.cloud", "job").required


def test_what_recipes_set_it_to_is_counted() -> None:
    rank = usage_of("train", "peft.lora_r")
    assert rank is not None
    assert rank.values[0][0] == 16
    assert sum(count for _, count in rank.values) == rank.set_in <= rank.recipes == 157
    assert usage_of("train", "training.output_dir") is None
    assert usage_of("judge", "judge_params.prompt_template") is None


def test_a_last_name_alone_stands_for_its_field() -> None:
    assert [(facts.kind, facts.path) for facts in everywhere("lora_r", None, "0.9")] == [("train", "peft.lora_r")]
    assert {facts.kind for facts in everywhere("model.model_name", None, "0.9")} >= {"train", "eval", "infer"}
    assert {facts.kind for facts in everywhere("model.model_name", "infer", "0.9")} == {"infer"}


@pytest.mark.parametrize(
    ("path", "kind", "near"),
    [
        ("training.max_stps", None, "training.max_steps"),
        ("lora_rnk", None, "peft.lora_r"),
        ("peft.lora_r", "eval", ""),
        ("training.trainer_kwargs.betta", None, "beta"),
        ("training.trainer_kwargs.max_seq_length", None, "model.model_max_length"),
        ("xyzzy.plugh", None, "Field names look like"),
        ("lr", None, "training.learning_rate"),
        ("Training", None, "Did you mean training?"),
        ("training.epochs", None, "training.num_train_epochs"),
        ("load_in_4bit", None, "peft.q_lora: true"),
        ("TRL_DPO", None, "a value of training.trainer_type"),
        ("batch", None, "training.per_device_train_batch_size"),
        ("flash_attention", None, "Field names look like"),
    ],
)
def test_what_is_no_field_is_refused_with_what_is_near(path: str, kind: str | None, near: str) -> None:
    with pytest.raises(UsageError) as refused:
        everywhere(path, kind, "0.9")
    assert near in refused.value.hint
    assert refused.value.reference == "unknown-field"


def test_an_argument_of_trainers_names_those_that_take_it() -> None:
    assert "TRL_DPO" in of("training.trainer_kwargs.beta").trainers
    assert "TRL_SFT" not in of("training.trainer_kwargs.beta").trainers


def test_of_fields_with_one_last_name_that_which_recipes_set_comes_first() -> None:
    assert everywhere("seed", None, "0.9")[0].path == "training.seed"
    assert everywhere("run_name", None, "0.9")[0].path == "run_name"
