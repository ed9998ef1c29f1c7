"""What Oumi cannot read is named with its place and what mends it; all of a file at once."""

from __future__ import annotations

import pytest

from assistant.checks.document import NoDocument, parse
from assistant.checks.typed import mistakes

HEAD = "model:\n  model_name: a/b\n"


def told(text: str, kind: str = "train", version: str = "0.9") -> list[tuple[str, str, int, int]]:
    return [(m.rule, m.path, m.line, m.column) for m in mistakes(parse(text), kind, version)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("training:\n  use_pfet: true\n", ("SCH001", "training.use_pfet", 4, 3)),
        ("training:\n  num_train_epochs: 2.0\n", ("SCH002", "training.num_train_epochs", 4, 21)),
        ("training:\n  trainer_type: trl_sft\n", ("SCH003", "training.trainer_type", 4, 17)),
        ("peft:\n", ("SCH002", "peft", 3, 6)),
        ("peft:\n  lora_target_modules: all-linear\n", ("SCH002", "peft.lora_target_modules", 4, 24)),
        ("training:\n  dataloader_num_workers: 1.5\n", ("SCH002", "training.dataloader_num_workers", 4, 27)),
        ("data:\n  train:\n    datasets:\n      - split: train\n", ("SCH004", "data.train.datasets[0].dataset_name", 6, 9)),
        ("training:\n  use_peft: maybe\n", ("SCH002", "training.use_peft", 4, 13)),
        ("training:\n  trainer_kwargs: {a: {b: ['???']}}\n", ("SCH004", "training.trainer_kwargs.a.b[0]", 4, 28)),
    ],
)
def test_one_mistake_is_named_where_it_stands(text: str, expected: tuple[str, str, int, int]) -> None:
    assert told(HEAD + text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "training:\n  learning_rate: 1e-4\n",
        'training:\n  learning_rate: "1e-4"\n',
        "training:\n  use_peft: yes\n  max_steps: '5'\n",
        "training:\n  trainer_type: TrainerType.TRL_SFT\n",
        "training:\n  dataloader_num_workers: auto\n",
        "training:\n  trainer_kwargs: {anything: [1, {a: b}]}\n",
        "model:\n  model_name: ${x}\n",
        "training:\n  run_name: 5\n",
    ],
)
def test_what_omegaconf_converts_is_no_mistake(text: str) -> None:
    assert told(text if text.startswith("model") else HEAD + text) == []


def test_all_mistakes_are_found_at_once_in_the_order_of_the_file() -> None:
    text = HEAD + "training:\n  max_steps: abc\n  optimiser: x\npeft:\n  q_lora: 2.5\n"
    assert [m[1] for m in told(text)] == ["training.max_steps", "training.optimiser", "peft.q_lora"]


def test_a_model_that_is_missing_is_asked_for() -> None:
    assert told("training:\n  max_steps: 1\n") == [("SCH004", "model.model_name", 1, 1)]


@pytest.mark.parametrize(
    ("text", "kind", "fix"),
    [
        (HEAD + "training:\n  use_pfet: true\n", "train", "did you mean use_peft?"),
        (HEAD + "training:\n  lora_r: 8\n", "train", "it belongs to peft: peft.lora_r"),
        (HEAD + "learning_rate: 1.0\n", "train", "it belongs to training: training.learning_rate"),
        (HEAD + "training:\n  trainer_type: trl_sft\n", "train", "write TRL_SFT"),
        (HEAD + "fsdp:\n  sharding_strategy: full_shard\n", "train", "write FULL_SHARD"),
        (HEAD + "training:\n  num_train_epochs: 3.0\n", "train", "write 3"),
        (HEAD + "tasks:\n  - task_name: mmlu\n    evaluation_platform: lm_harness\n", "eval", "it was there until Oumi 0.3.0; take it out"),
        (HEAD + "data:\n  train:\n    use_async_dataset: true\n", "train", "it was there until Oumi 0.4.0; take it out"),
    ],
)
def test_the_fix_says_what_to_write(text: str, kind: str, fix: str) -> None:
    assert [m.fix for m in mistakes(parse(text), kind, "0.9")] == [fix]


def test_a_field_of_a_later_release_is_unknown_to_an_earlier_one() -> None:
    text = HEAD + "deepspeed:\n  enable_deepspeed: true\n"
    assert told(text) == []
    found = mistakes(parse(text), "train", "0.3.0")
    assert [(m.path, m.fix) for m in found] == [("deepspeed", "it came with Oumi 0.4.0")]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("", 1, 1),
        ("- a\n", 1, 1),
        ("model:\n  a: 1\n  a: 2\n", 3, 3),
        ("model: [1\n", 2, 1),
        ("model: *x\n", 1, 8),
        ("a: &x [*x]\n", 1, 4),
        ('a: "${x}"\n', 1, 4),
        ("a: \x00\n", 1, 4),
    ],
)
def test_text_that_is_no_config_says_where(text: str, line: int, column: int) -> None:
    with pytest.raises(NoDocument) as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)
