"""Any intent to run a model gives an outcome or one of our errors, and a file that holds what was said."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from assistant.builder import respond
from assistant.catalogue.benchmarks import benchmarks
from assistant.catalogue.engines import engines
from assistant.catalogue.machines import parse_machine
from assistant.catalogue.models import all_models, hosted_ids
from assistant.core.errors import OumiChatError
from assistant.core.intent import Intent
from assistant.core.units import GIB

MODELS = st.sampled_from([*(m.id for m in all_models()), *sorted(hosted_ids()), "./some folder/x", "who/knows", "llama3", "nonsense model", "~", "a: b"])
PATHS = st.sampled_from(["generation.temperature", "generation.top_p", "generation.num_beams", "model.tokenizer_name", "model.trust_remote_code", "engine", "tasks",
                         "inference_engine", "output_dir", "input_path", "remote_params.api_url", "training.warmup_steps", "nothing.at.all", "model.model_kwargs"])  # fmt: skip
VALUES = st.one_of(st.integers(-3, 10**6), st.floats(allow_nan=True), st.text(max_size=12), st.booleans(), st.none(), st.just([]), st.just({"a": 1}))
INTENTS = st.fixed_dictionaries(
    {"task": st.sampled_from(["evaluate", "infer"]), "model": MODELS},
    optional={
        "engine": st.sampled_from([*engines(), "vllm", "none"]),
        "benchmarks": st.lists(st.sampled_from([*benchmarks(), "made up", "a: b"]), max_size=4),
        "num_fewshot": st.integers(0, 100),
        "limit": st.integers(1, 10**6),
        "dataset": st.sampled_from(["q.jsonl", "./a b.jsonl", "org/set"]),
        "sequence_length": st.integers(1, 10**7),
        "micro_batch_size": st.integers(1, 10**6),
        "global_batch_size": st.integers(1, 10**6),
        "output_dir": st.sampled_from(["out", "out/x y", "answers.jsonl", "-o"]),
        "seed": st.integers(0, 2**32 - 1),
        "overrides": st.dictionaries(PATHS, VALUES, max_size=3),
    },
)
MACHINES = st.sampled_from([None, "T4", "3xL4", "8xH100", "2x8xH100", "cpu:8GB", "m3-max:64GB", "4xMI300X", "24GB"])


@given(INTENTS, MACHINES)
def test_any_intent_gives_an_outcome_or_one_of_our_errors(said: dict[str, Any], machine: str | None) -> None:
    try:
        outcome = respond(Intent.model_validate(said), machine=parse_machine(machine) if machine else None, exists=lambda _: False)
    except OumiChatError:
        return
    outcome.to_json()
    if outcome.status != "ok":
        assert not outcome.files
        return
    plan = outcome.task_plan
    assert plan is not None
    body = yaml.safe_load(outcome.files[0].yaml)
    assert body["model"]["model_name"]
    if plan.memory is not None and plan.hardware is not None:
        assert plan.memory.upper <= plan.hardware.usable_gib * GIB
