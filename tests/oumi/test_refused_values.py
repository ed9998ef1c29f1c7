"""Values of the right type that Oumi's classes refuse: found by rule SCH005, and refused by the real Oumi as it reads them."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.checks.lint import Context
from assistant.checks.lint import judge as lint
from tests.oumi import refused

_MODEL = "model: {model_name: gpt2}\n"
_DATA = "data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\n"
_INFER = f"{_MODEL}engine: VLLM\n"
_TUNE = f"{_MODEL}{_DATA}tuning: {{n_trials: 2, evaluation_metrics: [eval_loss], "
_SEARCH = "tunable_training_params: {learning_rate: {type: loguniform, low: 1.0e-5, high: 1.0e-3}}"
_JUDGE = "inference_config: {model: {model_name: gpt2}, engine: VLLM}\n"
_VALUES = "strategy_params: {sampled_attributes: [{id: t, name: T, description: d, possible_values: ["


def _mixture(first: str, second: str) -> str:
    return f"{_MODEL}data: {{train: {{datasets: [{{dataset_name: yahma/alpaca-cleaned{first}}}, {{dataset_name: tatsu-lab/alpaca{second}}}]}}}}\n"


REFUSED = [
    ("infer", f"{_INFER}generation: {{top_p: 1.5}}\n", "generation.top_p"),
    ("infer", f"{_INFER}generation: {{min_p: 2}}\n", "generation.min_p"),
    ("infer", f"{_INFER}generation: {{temperature: -1}}\n", "generation.temperature"),
    ("infer", f"{_INFER}generation: {{batch_size: 0}}\n", "generation.batch_size"),
    ("infer", f"{_INFER}generation: {{num_beams: 0}}\n", "generation.num_beams"),
    ("infer", f"{_INFER}remote_params: {{num_workers: 0}}\n", "remote_params.num_workers"),
    ("infer", f"{_INFER}remote_params: {{max_retries: -1}}\n", "remote_params.max_retries"),
    ("quantize", f"{_MODEL}method: awq\noutput_path: o\n", "method"),
    ("quantize", f"{_MODEL}method: bnb_4bit\noutput_format: gguf\noutput_path: o\n", "output_format"),
    ("tune", f"{_TUNE}{_SEARCH}, evaluation_direction: [min]}}\n", "tuning.evaluation_direction[0]"),
    ("tune", f"{_TUNE}{_SEARCH}, logging_strategy: steps}}\n", "tuning.logging_strategy"),
    ("tune", f"{_TUNE}tunable_training_params: {{lr: {{type: float, low: 0, high: 1}}}}}}\n", "tuning.tunable_training_params.lr"),
    ("tune", f"{_TUNE}tunable_training_params: {{max_steps: {{type: choice, choices: [1]}}}}}}\n", "tuning.tunable_training_params.max_steps"),
    ("tune", f"{_TUNE}tunable_training_params: {{max_steps: {{type: categorical}}}}}}\n", "tuning.tunable_training_params.max_steps"),
    ("tune", f"{_TUNE}tunable_training_params: {{max_steps: {{type: int, low: 1}}}}}}\n", "tuning.tunable_training_params.max_steps"),
    ("tune", f"{_TUNE}{_SEARCH}, fixed_peft_params: {{rank: 8}}}}\n", "tuning.fixed_peft_params.rank"),
    ("judge", f"judge_params: {{prompt_template: 'Is {{answer}} right?', judgment_type: ENUM}}\n{_JUDGE}", "judge_params.judgment_type"),
    ("judge", f"judge_params: {{prompt_template: ' '}}\n{_JUDGE}", "judge_params.prompt_template"),
    ("synthesize", f"strategy: GENERAL\noutput_path: out.json\n{_JUDGE}", "output_path"),
    ("synthesize", "strategy: GENERAL\noutput_path: o.jsonl\ninference_config: {model: {model_name: gpt2}, engine: VLLM, input_path: a}\n", "inference_config.input_path"),
    (
        "synthesize",
        f"strategy: GENERAL\noutput_path: o.jsonl\n{_JUDGE}{_VALUES}{{id: a, name: A, description: d, sample_rate: 0.9}}, {{id: b, name: B, description: d, sample_rate: 0.9}}]}}]}}\n",
        "strategy_params.sampled_attributes[0].possible_values",
    ),
    ("train", f"model: {{model_name: gpt2, torch_dtype_str: bf-16}}\n{_DATA}", "model.torch_dtype_str"),
    ("train", f"model: {{model_name: gpt2, torch_dtype_str: 16}}\n{_DATA}", "model.torch_dtype_str"),
    ("infer", "model: {model_name: gpt2, torch_dtype_str: true}\nengine: VLLM\n", "model.torch_dtype_str"),
    ("quantize", f"{_MODEL}method: 4\noutput_path: o\n", "method"),
    ("train", f'{_MODEL}{_DATA}training: {{trainer_type: TRL_SFT, dataloader_num_workers: "4"}}\n', "training.dataloader_num_workers"),
    ("train", _mixture(", mixture_proportion: 0.5", ""), "data.train.datasets[1]"),
    ("train", _mixture(", mixture_proportion: 0.5", ", mixture_proportion: 0.6"), "data.train.datasets[0].mixture_proportion"),
    ("train", _mixture(", mixture_proportion: 2", ", mixture_proportion: 0.5"), "data.train.datasets[0].mixture_proportion"),
    ("train", _mixture(", sample_count: -1", ""), "data.train.datasets[0].sample_count"),
    ("train", _mixture(", dataset_kwargs: {split: test}", ""), "data.train.datasets[0].dataset_kwargs.split"),
    ("train", f"{_MODEL}data: {{train: {{mixture_strategy: random, datasets: [{{dataset_name: yahma/alpaca-cleaned}}]}}}}\n", "data.train.mixture_strategy"),
    ("train", f"{_MODEL}{_DATA}training: {{trainer_type: TRL_SFT, dataloader_num_workers: many}}\n", "training.dataloader_num_workers"),
    ("train", f"{_MODEL}{_DATA}training: {{trainer_type: TRL_SFT, max_steps: 0, num_train_epochs: 0}}\n", "training.num_train_epochs"),
]
REFUSED += refused.ANSWERS + refused.TRAININGS + refused.JUDGES + refused.SYNTHESES
ACCEPTED = [
    ("infer", f"{_INFER}generation: {{top_p: 1.0, min_p: 0, temperature: 0, batch_size: 1}}\n"),
    ("train", f"model: {{model_name: gpt2, torch_dtype_str: BF16}}\n{_DATA}"),
    ("train", _mixture(", mixture_proportion: 0.7", ", mixture_proportion: 0.3")),
    ("train", f"{_MODEL}{_DATA}training: {{trainer_type: TRL_SFT, dataloader_num_workers: auto, max_steps: 5, num_train_epochs: 0}}\n"),
    ("tune", f"{_TUNE}{_SEARCH}, evaluation_direction: [minimize]}}\n"),
    ("judge", f"judge_params: {{prompt_template: 'Is {{answer}} right?', judgment_type: ENUM, judgment_scores: {{good: 1.0}}}}\n{_JUDGE}"),
    ("infer", f"{_INFER}remote_params: {{retry_backoff_base: 0.5, retry_backoff_max: 0.5}}\ngeneration: {{logit_bias: {{'50256': -100}}, guided_decoding: {{regex: a}}}}\n"),
    ("train", refused.gold("uld_crossentropy_weight: -1, uld_hybrid_matched_weight: 1")),  # neither is read without use_uld_loss
    ("train", refused.train("trainer_type: TRL_SFT, eval_steps: 0.5, profiler: {schedule: {wait: 0}}")),
    ("judge", f"judge_params: {{prompt_template: 'Is {{answer}} right, {{name}}?', prompt_template_placeholders: [answer], template_variables: {{name: x}}}}\n{_JUDGE}"),
    ("judge", refused.rubric("{id: tone, description: d, judgment_type: ENUM, judgment_scores: {a: 1, b: null}}, {id: form, description: d, weight: 0}")),
    ("synthesize", refused.rows(f"sampled_attributes: [{{{refused.SAMPLED}}}], input_data: [{{path: hf:a/b}}]")),
    ("synthesize", refused.talk(f"{refused.TALK}, available_tools: [look], available_environments: [e]", f"environment_config: {{environments: [{{{refused.EXECUTABLE}}}]}}\n")),
    ("synthesize", refused.rows("transformed_attributes: [{id: a, transformation_strategy: {type: STRING, string_transform: a, list_transform: []}}]")),
]  # fmt: skip


def _found(kind: str, text: str) -> list[str]:
    return [flaw.finding.path for flaw in lint(text, Context(kind=kind)).flaws if flaw.finding.rule == "SCH005"]


@pytest.mark.parametrize(("kind", "text", "path"), REFUSED)
def test_what_oumi_refuses_is_found_where_it_stands(kind: str, text: str, path: str) -> None:
    assert _found(kind, text) == [path]


@pytest.mark.parametrize(("kind", "text"), ACCEPTED)
def test_what_oumi_takes_is_not(kind: str, text: str) -> None:
    assert _found(kind, text) == []


@pytest.mark.oumi
def test_the_real_oumi_says_the_same(judge: Any) -> None:
    for number, (kind, text, path) in enumerate(REFUSED):
        assert not judge.ask(f"refused-{number}", text, kind=kind)["l1"], path
    for number, (kind, text) in enumerate(ACCEPTED):
        verdict = judge.ask(f"accepted-{number}", text, kind=kind)
        assert verdict["l1"], (text, verdict["error"])
