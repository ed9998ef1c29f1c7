"""What recipes set a field to, against the recipes themselves, read here by plain YAML."""

from __future__ import annotations

import json
import os
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.explain.usage import usage_of

RECIPES = Path(os.environ.get("OUMI_CHAT_SHARED") or Path(__file__).parents[3] / "shared") / "data" / "oumi_recipes"
TABLED = (
    "training.use_peft", "peft.lora_r", "peft.lora_alpha", "peft.lora_target_modules", "training.optimizer", "training.learning_rate", "model.attn_implementation", "fsdp.sharding_strategy",
    "training.trainer_type", "training.enable_gradient_checkpointing", "training.warmup_ratio", "training.compile",
)  # fmt: skip
"""Fields counted over more recipes than these."""
HERE = ("peft.q_lora", "training.gold.beta", "training.grpo.use_vllm", "deepspeed.overlap_comm", "training.per_device_eval_batch_size", "data.train.train_target")
"""Fields counted over these alone."""
pytestmark = pytest.mark.skipif(not RECIPES.is_dir(), reason="the shared recipes are not here")


@cache
def bodies() -> tuple[dict[str, Any], ...]:
    read = (yaml.safe_load(path.read_text("utf-8")) for path in sorted(RECIPES.rglob("*.yaml")))
    return tuple(body for body in read if {"model", "data", "training"} <= body.keys())


def value_in(body: Any, path: str) -> Any:
    for step in path.split("."):
        body = body.get(step) if isinstance(body, dict) else None
    return float(body) if path.endswith("learning_rate") and body is not None else body


def counted(path: str) -> Counter[str]:
    return Counter(json.dumps(value) for body in bodies() if (value := value_in(body, path)) is not None)


@pytest.mark.parametrize("path", TABLED)
def test_the_count_over_more_recipes_holds_these(path: str) -> None:
    used, here = usage_of("train", path), counted(path)
    assert used is not None
    assert used.recipes == 157 > len(bodies()) == 70
    told = {json.dumps(value): count for value, count in used.values}
    others = here.keys() - told.keys()
    assert len(others) <= used.different - len(told)
    assert {value: count for value, count in here.items() if count > told.get(value, min(told.values()))} == {}
    assert 0 <= used.left_out - (len(bodies()) - here.total()) <= used.recipes - len(bodies())
    assert sum(told.values()) + (used.different - len(told)) <= used.set_in


@pytest.mark.parametrize("path", HERE)
def test_the_count_over_these_recipes_is_theirs(path: str) -> None:
    used, here = usage_of("train", path), counted(path)
    if not here:
        assert used is None
        return
    assert used is not None
    assert (used.recipes, used.set_in, used.left_out) == (len(bodies()), here.total(), len(bodies()) - here.total())
    assert {json.dumps(value): count for value, count in used.values} == dict(here)


def test_a_number_of_machines_that_a_job_leaves_out_is_left_out() -> None:
    jobs = [body for path in sorted(RECIPES.rglob("*.yaml")) if "resources" in (body := yaml.safe_load(path.read_text("utf-8"))) and "run" in body]
    used = usage_of("job", "num_nodes")
    assert used is not None
    assert (used.recipes, used.set_in) == (len(jobs), sum("num_nodes" in body for body in jobs))
