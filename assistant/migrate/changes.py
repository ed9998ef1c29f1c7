"""What changed between releases of Oumi, declared: from which release on, where, and what says so.

A release that is not in `checks/releases.py` (those before 0.1.3) is one of Oumi's tags. Fields that are gone are those of
`checks/data/releases.json`, read from the packages; a test holds that every one of them has its entry here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Action = Literal["rename", "move", "remove", "word", "default"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a class's field.

    `release` has it first; from `gone` on the old form is refused, None where it never is (then its presence tells no age).
    `to` is the new name, the new path (from the top, by kind) or the value that stands instead (`word`: old → new, None where
    there is none). `old` and `new` are the defaults. `when` names a sibling and the value it must have. `sets` are siblings
    that take over what the old field did, by its value (`*` for any). `matters` is true where the run is another one without.
    """

    action: Action
    release: str
    owner: str
    field: str
    evidence: str
    to: Any = None
    gone: str | None = ""
    old: Any = None
    new: Any = None
    when: tuple[str, Any] | None = None
    sets: tuple[tuple[Any, str, Any], ...] = ()
    matters: bool = False
    why: str = ""

    @property
    def refused_from(self) -> str | None:
        """The release from which the old form is refused."""
        return self.release if self.gone == "" else self.gone


_TAG = "fields of tags v0.1 and {} compared"
_PACKAGES = "fields of the packages 0.1.3 to 0.9 compared"
_TRL = "TRL 0.24, the least that Oumi 0.9 asks for, has no such argument"

_DEFAULTS: tuple[tuple[str, str, str, Any, Any, tuple[str, Any] | None, str], ...] = (
    ("0.1.2", "TrainingParams", "save_steps", 100, 500, None, _TAG.format("v0.1.2")),
    ("0.1.2", "TrainingParams", "eval_steps", 50, 500, None, _TAG.format("v0.1.2")),
    ("0.1.2", "TrainingParams", "lr_scheduler_type", "cosine", "linear", None, _TAG.format("v0.1.2")),
    ("0.1.2", "TrainingParams", "sgd_momentum", 0.9, 0.0, ("optimizer", "sgd"), _TAG.format("v0.1.2")),
    ("0.1.2", "FSDPParams", "auto_wrap_policy", "SIZE_BASED_WRAP", "NO_WRAP", ("enable_fsdp", True), _TAG.format("v0.1.2")),
    ("0.1.6", "JobResources", "disk_tier", "medium", None, None, _PACKAGES),
    ("0.1.12", "GenerationParams", "max_new_tokens", 256, 1024, None, _PACKAGES),
    ("0.1.12", "RemoteParams", "connection_timeout", 20.0, 300.0, None, _PACKAGES),
    ("0.4.0", "ModelParams", "torch_dtype_str", "float32", "auto", None, _PACKAGES),
    ("0.6.0", "GenerationParams", "top_p", 1.0, None, None, _PACKAGES),
    ("0.9", "RemoteParams", "max_retries", 3, 5, None, _PACKAGES),
)
"""(release, class, field, default before, default since, sibling that must say so, evidence)."""

CHANGES: tuple[Change, ...] = (
    Change(action="move", release="0.1.1", owner="GenerationParams", field="input_filepath", to={"infer": "input_path"}, evidence=_TAG.format("v0.1.1")),
    Change(action="move", release="0.1.1", owner="GenerationParams", field="output_filepath", to={"infer": "output_path"}, evidence=_TAG.format("v0.1.1")),
    Change(
        action="move", release="0.1.1", owner="GenerationParams", field="remote_params",
        to={"infer": "remote_params", "eval": "inference_remote_params", "judge": "remote_params"}, evidence=_TAG.format("v0.1.1"),
    ),
    Change(action="word", release="0.1.1", owner="FSDPParams", field="auto_wrap_policy", to={"SIZE_BASED": "SIZE_BASED_WRAP", "TRANSFORMER_BASED": "TRANSFORMER_BASED_WRAP", "NONE": "NO_WRAP"}, evidence=_TAG.format("v0.1.1")),
    Change(action="word", release="0.1.1", owner="FSDPParams", field="backward_prefetch", to={"NONE": "NO_PREFETCH"}, evidence=_TAG.format("v0.1.1")),
    Change(action="rename", release="0.1.1", owner="ModelParams", field="torch_dtype", to="torch_dtype_str", evidence=_TAG.format("v0.1.1")),
    Change(action="rename", release="0.1.1", owner="DatasetSplitParams", field="experimental_use_async_dataset", to="use_async_dataset", evidence=_TAG.format("v0.1.1")),
    Change(action="remove", release="0.1.1", owner="DatasetParams", field="preprocessing_function_name", matters=True, why="rows are prepared by a dataset class now", evidence=_TAG.format("v0.1.1")),
    Change(action="remove", release="0.1.1", owner="DatasetParams", field="preprocessing_function_kwargs", matters=True, why="rows are prepared by a dataset class now", evidence=_TAG.format("v0.1.1")),
    Change(action="rename", release="0.1.3", owner="DatasetSplitParams", field="experimental_use_torch_datapipes", to="use_torchdata", evidence=_TAG.format("v0.1.3")),
    Change(action="rename", release="0.1.3", owner="PeftParams", field="init_lora_weights", to="lora_init_weights", evidence=_TAG.format("v0.1.3")),
    Change(action="rename", release="0.1.8", owner="EvaluationTaskParams", field="evaluation_platform", to="evaluation_backend", gone="0.3.0", evidence=_PACKAGES),
    Change(action="move", release="0.1.14", owner="ModelParams", field="model_kwargs.revision", to="model_revision", gone=None, evidence="model_params.py of 0.9 moves it itself"),
    Change(
        action="remove", release="0.2.0", owner="GrpoParams", field="vllm_device", sets=(("*", "vllm_mode", "colocate"),), when=("use_vllm", True),
        why="vLLM shares the GPUs of the training in mode colocate", evidence=_PACKAGES,
    ),
    *(Change(action="move", release="0.3.0", owner="JudgeConfig", field=name, to={"judge": f"inference_config.{name}"}, evidence=_PACKAGES) for name in ("model", "generation", "engine", "remote_params")),
    Change(
        action="remove", release="0.3.0", owner="JudgeConfig", field="attributes", matters=True,
        why="a judge is one prompt since 0.3: write judge_params.prompt_template and judgment_type", evidence=_PACKAGES,
    ),
    Change(action="remove", release="0.3.0", owner="GrpoParams", field="vllm_dtype", why="vLLM takes the model's own", evidence=_PACKAGES),
    Change(action="remove", release="0.3.0", owner="GrpoParams", field="vllm_max_model_len", why="vLLM takes the model's own length", evidence=_PACKAGES),
    Change(action="remove", release="0.4.0", owner="DatasetSplitParams", field="use_async_dataset", sets=((True, "pack", True),), why="pack does what it did", evidence=_PACKAGES),
    Change(action="rename", release="0.4.0", owner="GeneralSynthesisParams", field="permutable_attributes", to="sampled_attributes", evidence=_PACKAGES),
    Change(action="rename", release="0.4.0", owner="SampledAttribute", field="attribute", to="name", evidence=_PACKAGES),
    Change(action="rename", release="0.4.0", owner="SampledAttributeValue", field="value", to="name", evidence=_PACKAGES),
    Change(action="word", release="0.7", owner="EvaluationTaskParams", field="evaluation_backend", to={"alpaca_eval": None}, matters=True, why="the backend alpaca_eval is gone since 0.7", evidence="enum EvaluationBackend of 0.7"),
    *(
        Change(action="word", release="0.8", owner=owner, field=field, to={"LAMBDA": None}, matters=True, why="the engine LAMBDA is gone since 0.8; REMOTE takes any api_url that speaks OpenAI's API", evidence="enum InferenceEngineType of 0.8")
        for owner, field in (("InferenceConfig", "engine"), ("EvaluationConfig", "inference_engine"))
    ),
    Change(action="rename", release="0.9", owner="MultiTurnAttribute", field="max_tool_calls_per_turn", to="max_consecutive_tool_turns", evidence=_PACKAGES),
    Change(action="word", release="0.9", owner="EnvironmentParams", field="env_type", to={"deterministic": "lookup", "synthetic": "simulated"}, evidence="environments registered in 0.9"),
    Change(
        action="remove", release="0.9", owner="TrainingParams", field="trainer_kwargs.max_seq_length", gone=None,
        why="TRL takes max_length, which Oumi sets from model.model_max_length", evidence=_TRL,
    ),
    Change(
        action="remove", release="0.9", owner="TrainingParams", field="trainer_kwargs.max_prompt_length", gone=None,
        why="TRL 1.x cuts no prompts of their own: rows are cut to model.model_max_length", evidence="TypeError of TRL 1.6's DPOConfig and GRPOConfig",
    ),
    Change(
        action="remove", release="0.9", owner="GrpoParams", field="max_prompt_length", gone=None,
        why="TRL 1.x cuts no prompts: rows with longer ones must be left out before", evidence="TypeError of TRL 1.6's GRPOConfig",
    ),
    *(Change(action="default", release=release, owner=owner, field=field, old=old, new=new, when=when, gone=None, evidence=evidence) for release, owner, field, old, new, when, evidence in _DEFAULTS),
)  # fmt: skip
"""Every change, in the order in which they are made: oldest first, defaults last."""
