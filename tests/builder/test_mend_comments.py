"""A mended config says nothing that the change has made false, and keeps what its writer noted."""

from __future__ import annotations

import pytest
from test_mend import mended, outcome_of, ran_out, text_of

from assistant.builder.edit import Edit, apply_edits
from assistant.builder.mend import mend_plan
from assistant.builder.mend_comments import without_false_comments

EQUATION = "# 4 × 4 accumulation × 1 GPU = 16; median of Oumi's LoRA recipes"


def test_the_equation_goes_with_the_batch() -> None:
    found = mended(ran_out(), text_of().replace("# what fits", EQUATION))
    assert found.yaml is not None
    assert "  per_device_train_batch_size: 2\n" in found.yaml
    assert found.before is not None
    assert EQUATION in found.before


def test_the_equation_above_goes_too() -> None:
    found = mended(ran_out(), text_of().replace("  per_device", f"  {EQUATION}\n  per_device"))
    assert found.yaml is not None
    assert "accumulation ×" not in found.yaml
    assert "per_device_train_batch_size: 2  # what fits\n" in found.yaml


def test_a_plan_of_ours_is_mended_without_its_equation() -> None:
    outcome = outcome_of(method="lora", sequence_length=2048, micro_batch_size=4, global_batch_size=32)
    assert "accumulation × 1 GPU" in outcome.files[0].yaml
    assert "# Memory per GPU: " in outcome.files[0].yaml
    found = mend_plan(ran_out(), outcome)
    assert found.yaml is not None
    assert "accumulation × 1 GPU" not in found.yaml
    assert "# Memory per GPU: " not in found.yaml
    assert "# Made by oumi-chat" in found.yaml


HEADER = """# Request: x
# Plan: full sft on 1xA100, none
# Memory per GPU: 30.1 GiB expected, 35.2 at most, 39.4 usable (micro-batch 4, 4096 tokens)
# Assumed: sequence_length = 4096: not said; longer rows are cut
# Assumed: dataset = a/b: no data was named
# Made by oumi-chat 1 for the fields of Oumi 0.9.
"""


@pytest.mark.parametrize(
    ("path", "gone"),
    [
        ("model.model_max_length", (2, 3)),
        ("training.use_peft", (1, 2)),
        ("training.per_device_train_batch_size", (2,)),
        ("data.train.datasets[0].dataset_name", ()),
    ],
)
def test_lines_of_the_header_go_with_what_they_rest_on(path: str, gone: tuple[int, ...]) -> None:
    kept = "".join(line for i, line in enumerate(HEADER.splitlines(keepends=True)) if i not in gone)
    body = "data:\n  a: 1\n"
    assert without_false_comments(HEADER + body, [Edit(path=path, value=3)]) == kept + body


def test_a_header_of_someone_elses_stays() -> None:
    text = "# Plan: full sft at night\ntraining:\n  use_peft: true\n"
    assert without_false_comments(text, [Edit(path="training.use_peft", value=False)]) == text


@pytest.mark.parametrize(
    ("line", "path", "wanted"),
    [
        ("a: bfloat16  # the GPU computes in bf16, weights too", "t.a", "a: bfloat16"),
        ("a: 0.0003  # what Oumi's recipes use for this method\r", "t.a", "a: 0.0003\r"),
        ("# activations are recomputed; keeping them would need up to 116.97 GiB\n  a: true", "t.a", "a: true"),
        ("a: 1  # what Oumi's recipes use for this method, I think", "t.a", None),
        ("# as asked by Ann\n  a: 1", "t.a", None),
        ("a: 1  # the GPU computes in bf16, weights too", "t.b", None),
        ("# as asked\n\n  a: 1", "t.a", None),
        ("a: |\n    x # as asked", "t.a", None),
    ],
)
def test_only_our_comment_on_that_field_goes(line: str, path: str, wanted: str | None) -> None:
    text = f"t:\n  {line}\n  b: 2  # mine\n"
    expected = text if wanted is None else f"t:\n  {wanted}\n  b: 2  # mine\n"
    assert without_false_comments(text, [Edit(path=path, value=3)]) == expected


def test_the_equation_goes_where_the_accumulation_alone_changes() -> None:
    text = f"training:\n  per_device_train_batch_size: 4  {EQUATION}\n  gradient_accumulation_steps: 4\n"
    edits = [Edit(path="training.gradient_accumulation_steps", value=8)]
    assert apply_edits(without_false_comments(text, edits), edits) == "training:\n  per_device_train_batch_size: 4\n  gradient_accumulation_steps: 8\n"
