"""What numbers may be: fields that Oumi's classes take at any value and that fail, or mean something else, outside of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assistant.checks.case import Case
from assistant.checks.declared import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What a number may be; `above` and `below` are bounds that it must not reach."""

    low: float = 0.0
    high: float = float("inf")
    below: float = float("inf")
    above: float = float("-inf")

    def holds(self, value: object) -> bool:
        """True for a number inside, and for what is no number: the schema looks at types."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return True
        return self.low <= value <= self.high and self.above < value < self.below

    def __str__(self) -> str:
        if self.above >= self.low:
            return f"above {self.above:g}" + (f", up to {self.high:g}" if self.high < float("inf") else "")
        if self.below < float("inf"):
            return f"from {self.low:g} to below {self.below:g}"
        return f"from {self.low:g} to {self.high:g}" if self.high < float("inf") else f"at least {self.low:g}"


RANGES = {
    "peft.lora_r": Range(low=1),
    "peft.lora_dropout": Range(below=1),
    "training.learning_rate": Range(below=1),
    "training.weight_decay": Range(high=1),
    "training.warmup_steps": Range(),
    "training.warmup_ratio": Range(high=1),
    "training.max_grad_norm": Range(),
    "training.save_steps": Range(),
    "training.logging_steps": Range(low=1),
    "training.gradient_accumulation_steps": Range(low=1),
    "training.per_device_train_batch_size": Range(low=1),
    "training.per_device_eval_batch_size": Range(low=1),
    "training.dataloader_prefetch_factor": Range(low=1),
    "training.adam_beta1": Range(below=1),
    "training.adam_beta2": Range(below=1),
    "training.grpo.temperature": Range(high=1),
    "training.grpo.max_prompt_length": Range(low=1),
    "training.grpo.max_completion_length": Range(low=1),
    "training.grpo.num_generations": Range(low=2),
    "training.grpo.vllm_gpu_memory_utilization": Range(high=1),
    "training.gkd.temperature": Range(high=1, above=0),
    "training.gkd.lmbda": Range(high=1),
    "training.gkd.beta": Range(high=1),
    "training.gkd.max_new_tokens": Range(low=1),
    "training.gold.temperature": Range(high=1, above=0),
    "training.gold.top_p": Range(high=1, above=0),
    "training.gold.top_k": Range(),
    "training.gold.lmbda": Range(high=1),
    "training.gold.beta": Range(high=1),
    "training.gold.max_completion_length": Range(low=1),
    "fsdp.min_num_params": Range(low=1),
}
OF_GENERATION = {"batch_size": Range(low=1), "num_beams": Range(low=1), "temperature": Range(), "top_p": Range(high=1), "min_p": Range(high=1)}
OF_MODEL = {"model_max_length": Range(low=1)}
OF_REMOTE = {
    "num_workers": Range(low=1), "max_retries": Range(), "retry_backoff_base": Range(above=0), "connection_timeout": Range(), "politeness_policy": Range(),
    "requests_per_minute": Range(low=1), "input_tokens_per_minute": Range(low=1), "output_tokens_per_minute": Range(low=1),
}  # fmt: skip
"""What Oumi 0.9's GenerationParams, ModelParams and RemoteParams take (their code)."""


def _in(section: str, spans: dict[str, Range]) -> dict[str, Range]:
    return {f"{section}.{name}": span for name, span in spans.items()}


_OF_ANSWERS = {"generation.max_new_tokens": Range(low=1), **_in("generation", OF_GENERATION), **_in("model", OF_MODEL), **_in("remote_params", OF_REMOTE)}
SERVED = {
    **_OF_ANSWERS,
    **_in("inference_config", _OF_ANSWERS),
    **_in("inference_remote_params", OF_REMOTE),
    "calibration_samples": Range(low=1),
    "awq_group_size": Range(low=1),
}
"""The same of configs that answer, score, judge, write rows or quantize."""


_RUNS: dict[str, Callable[[Case, float], bool]] = {
    "training.learning_rate": lambda _, value: value >= 1,
    "training.weight_decay": lambda *_: True,
    "training.warmup_ratio": lambda _, value: value > 1,
    "training.save_steps": lambda *_: True,
    "training.logging_steps": lambda _, value: value < 0,
    "training.per_device_eval_batch_size": lambda case, value: value == 0 and case.text("training.eval_strategy") in ("", "no"),
    "training.dataloader_prefetch_factor": lambda case, _: (case.number("training.dataloader_num_workers") or 0) < 1,
    "peft.lora_dropout": lambda _, value: value == 1 or value < 0,
}
"""Numbers out of their range with which a run goes on all the same (two steps of each with Oumi 0.9)."""


def _out_of_range(case: Case) -> Iterator[tuple[str, bool]]:
    """(path, whether a run goes on with it)."""
    free = ("training.save_steps",) if case.trainer == "VERL_GRPO" else ()  # verl takes -1 for never
    for path, span in RANGES.items():
        value = case.number(path)
        if value is not None and path not in free and not span.holds(value):
            yield path, path in _RUNS and _RUNS[path](case, value)


def _outside(case: Case) -> list[str]:
    """In words any of them is refused: it is a slip."""
    return [path for path, runs in _out_of_range(case) if not (runs and case.is_file)]


def _odd(case: Case) -> list[str]:
    return [path for path, runs in _out_of_range(case) if runs and case.is_file]


def _outside_served(case: Case) -> list[str]:
    return [path for path, span in SERVED.items() if not span.holds(case.number(path))]


RULES = (
    Rule(
        rule="TRN020",
        where=_outside,
        message="{path} cannot be {value}.",
        fix="It must be {range}.",
        summary="A number that no run can have",
        why="Oumi's classes check few numbers: a batch of 0, a rank of 0 or a negative learning rate pass its validation and stop "
        "the run once the model is loaded (measured with 2-step runs of Oumi 0.9).",
        bad="training: {per_device_train_batch_size: 0}\n",
        good="training: {per_device_train_batch_size: 2}\n",
        early=True,
    ),
    Rule(
        rule="TRN055",
        severity="warning",
        where=_odd,
        message="{path} {value} is out of its range, and a run goes on with it",
        fix="it should be {range}",
        summary="A number that runs and should not",
        why="A learning rate or a dropout of 1, a negative weight decay, save_steps of -1, an evaluation batch of 0 where nothing is evaluated: nothing refuses them (measured "
        "with 2-step runs of Oumi 0.9). A warmup_ratio above 1 is taken for a number of steps.",
        bad="training: {learning_rate: 1.0}\n",
        good="training: {learning_rate: 1.0e-4}\n",
    ),
    Rule(
        rule="INF023",
        kinds=("infer", "eval", "quantize", "judge", "synthesize"),
        where=_outside_served,
        message="{path} cannot be {value}.",
        fix="It must be {range}.",
        summary="A number that no answer or quantization can have",
        why="GenerationParams, RemoteParams and ModelParams refuse what is out of these ranges when the file is read (measured with Oumi 0.9); "
        "max_new_tokens, calibration_samples and awq_group_size pass and are of no use to any engine or quantizer.",
        bad="model: {model_name: gpt2}\nengine: VLLM\ngeneration: {max_new_tokens: 0}\n",
        good="model: {model_name: gpt2}\nengine: VLLM\ngeneration: {max_new_tokens: 64}\n",
        early=True,
    ),
)
