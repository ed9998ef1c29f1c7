"""Rules on the trainer: what it takes beside Oumi's fields, and what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.catalogue.names import nearest
from assistant.checks.case import Case
from assistant.checks.declared import REMOVE, Found, Hit, Rule, put, when
from assistant.checks.schema import field, trainer_kwargs
from assistant.core.edits import Edit

_GRPO = ("TRL_GRPO", "VERL_GRPO")
_OF_VERL = ("gsm8k", "countdown", "rar_medicine_verl")
"""oumi/datasets/grpo/rewards, 0.9: those that take no other arguments."""
_TEACHERS = {"TRL_GKD": "training.gkd.teacher_model_name_or_path", "TRL_GOLD": "training.gold.teacher_model_name_or_path"}


def _foreign_kwargs(case: Case) -> Found:
    """trainer_kwargs that the trainer's config class does not have."""
    known = trainer_kwargs(case.trainer)
    given = case.section("training.trainer_kwargs")
    if not known:
        return []
    foreign = [name for name in given if name not in known and name != "packing" and field(f"training.{name}") is None]
    return [_foreign(name, known, given, case.trainer) for name in foreign]


_PASSED = {
    "accelerator_config": "Use training.dataloader_main_process_only for dispatch_batches, and leave it out.",
    "bf16": "Use model.torch_dtype_str: bfloat16, or training.mixed_precision_dtype: BF16 over float32 weights.",
    "fp16": "Use training.mixed_precision_dtype: FP16, over float32 weights.",
    "gradient_checkpointing": "Use training.enable_gradient_checkpointing.",
    "optim": "Use training.optimizer.",
    "report_to": "Use training.enable_wandb, enable_tensorboard and enable_mlflow.",
    "save_strategy": "Use training.save_steps, or save_epoch: true beside save_steps: 0.",
    "torch_compile": "Use training.compile.",
    "torch_empty_cache_steps": "Use training.empty_device_cache_steps.",
    **dict.fromkeys(("dataloader_pin_memory", "ddp_broadcast_buffers", "logging_nan_inf_filter", "push_to_hub"), "Leave it out."),
}
"""Arguments that TrainingParams.to_hf passes itself under other names than its fields' (core/configs/params/training_params.py, 0.9) → what to write."""


_SECTIONS = {"TRL_GRPO": "grpo", "TRL_GKD": "gkd", "TRL_GOLD": "gold"}
"""Trainer → the section of its own arguments."""


def _foreign(name: str, known: frozenset[str], given: Mapping[str, Any], trainer: str | None) -> Hit:
    path = f"training.trainer_kwargs.{name}"
    section = _SECTIONS.get(trainer or "", "")
    if section and field(f"training.{section}.{name}") is not None:
        return Hit(path=path, words={"told": "Oumi passes this argument itself, and may not be given it twice", "how": f"Use training.{section}.{name}."})
    if name in _PASSED:
        return Hit(path=path, words={"told": "Oumi passes this argument itself, and may not be given it twice", "how": _PASSED[name]})
    renamed = _misspelt(name, known, given)
    if name in ("max_seq_length", "max_prompt_length"):
        how = "Leave it out; model.model_max_length sets the tokens per row."
    else:
        near = nearest(name, known, count=2)
        how = f"Did you mean {' or '.join(near)}?" if near else "Leave it out."
    return Hit(path=path, words={"told": "this trainer has no such argument (TRL 1.6)", "how": how}, edits=renamed)


def _misspelt(name: str, known: frozenset[str], given: Mapping[str, Any]) -> tuple[Edit, ...]:
    """The argument gets the name that was meant; nothing where no name is near enough to be sure."""
    from rapidfuzz import fuzz, process  # loaded only for a name that is wrong

    found = process.extractOne(name, sorted(known), scorer=fuzz.ratio, score_cutoff=85)
    if found is None or found[0] in given or name.startswith("max_"):
        return ()
    return (Edit(path=f"training.trainer_kwargs.{name}", rename=found[0]),)


def _verl_rewards(case: Case) -> Found:
    """Rewards whose arguments are those that verl passes."""
    if case.trainer != "TRL_GRPO":
        return []
    given = case.listed("training.reward_functions")
    return [Hit(path=f"training.reward_functions[{place}]", words={"reward": name}) for place, name in enumerate(given) if name in _OF_VERL]


def _doubled_kwargs(case: Case) -> Found:
    return [f"training.trainer_kwargs.{name}" for name in case.section("training.trainer_kwargs") if field(f"training.{name}") is not None]


def _packs_registered(case: Case) -> bool:
    """Rows that Oumi prepares are not packed by TRL; those of a set that it does not know are, and data.train.pack packs both."""
    if case.get("training.trainer_kwargs.packing") is None or case.on("data.train.pack"):
        return False
    return not case.is_file or (case.on("training.trainer_kwargs.packing") and bool(case.registered()))


def _no_loss(case: Case) -> bool:
    """Text to answer, with a trainer that makes no labels of it; packed rows come with theirs."""
    if not case.is_file or case.trainer not in ("HF", "OUMI") or case.get("data.train.collator_name") == "text_completions_only_with_padding":
        return False
    if case.on("data.train.pack"):
        return False
    return any(spec.kind == "sft" for _, spec in case.registered())


def _no_teacher(case: Case) -> Found:
    path = _TEACHERS.get(case.trainer or "")
    return [path] if path and not case.text(path) else []


def _strategies(case: Case) -> tuple[str, str]:
    """(when it saves, when it evaluates), as Oumi hands them to Transformers."""
    steps = case.number("training.save_steps")
    saves = "steps" if steps is None or steps > 0 else "epoch" if case.on("training.save_epoch") else "no"
    return saves, case.text("training.eval_strategy") or "no"


def _best(case: Case) -> bool:
    return case.on("training.trainer_kwargs.load_best_model_at_end")


def _best_out_of_step(case: Case) -> bool:
    saves, evaluates = _strategies(case)
    return _best(case) and saves != evaluates


def _best_never_saved(case: Case) -> Found:
    """Checkpoints at other steps than evaluations: the best one may not be there."""
    if not _best(case) or _strategies(case) != ("steps", "steps"):
        return []
    saves, evaluates = (case.number(f"training.{name}") for name in ("save_steps", "eval_steps"))
    saves, evaluates = 500.0 if saves is None else saves, 500.0 if evaluates is None else evaluates
    return [Hit(path="training.save_steps", words={"saves": f"{saves:g}", "evaluates": f"{evaluates:g}"})] if evaluates > 0 and saves % evaluates else []


def _unusual_batch(case: Case) -> Found:
    """Rows a step over all GPUs, far from what Oumi's recipes have."""
    if case.world is None or not case.is_file or case.trainer not in ("TRL_SFT", "TRL_DPO", "TRL_KTO") or case.on("data.train.pack"):
        return []
    micro, steps = (case.number(f"training.{name}") for name in ("per_device_train_batch_size", "gradient_accumulation_steps"))
    batch = (8.0 if micro is None else micro) * (1.0 if steps is None else steps) * case.world
    words = {"batch": f"{batch:g} row{'' if batch == 1 else 's'}"}
    return [Hit(path="training.per_device_train_batch_size", words=words)] if batch > 1024 or 0 < batch < 4 else []


def _uneven_groups(case: Case) -> Found:
    """GRPO's batch over all GPUs must hold whole groups of answers."""
    world = case.world
    if case.trainer != "TRL_GRPO" or world is None:
        return []
    micro, steps = (case.number(f"training.{name}") for name in ("per_device_train_batch_size", "gradient_accumulation_steps"))
    group = case.number("training.grpo.num_generations") or case.number("training.trainer_kwargs.num_generations") or 8.0
    batch = (micro if micro is not None else 8.0) * (steps if steps is not None else 1.0) * world
    if "generation_batch_size" in case.section("training.trainer_kwargs") or batch % group == 0:
        return []
    return [Hit(path="training.per_device_train_batch_size", words={"batch": f"{batch:g}", "group": f"{group:g}"})]


def _no_rewards(case: Case) -> bool:
    given = case.listed("training.reward_functions") or case.text("training.reward_functions")
    return case.is_file and case.trainer == "TRL_GRPO" and not given and not case.get("training.grpo.rollout_function")


def _checkpointing_undone(case: Case) -> bool:
    return case.on("training.use_deterministic") and case.on("training.enable_gradient_checkpointing")


RULES = (
    Rule(
        rule="TRN026",
        where=when("training.grpo.max_prompt_length", lambda c: c.trainer == "TRL_GRPO" and c.get("training.grpo.max_prompt_length") is not None),
        message="TRL 1.x has no max_prompt_length: the trainer would refuse it.",
        fix="Leave it out and shorten the prompts in the data; training.grpo.max_completion_length limits answers.",
        edits=REMOVE,
        summary="A limit on prompts that TRL no longer has",
        why="Oumi 0.9 still hands the field on, and TRL 1.6's GRPOConfig raises TypeError (measured).",
        bad="training: {trainer_type: TRL_GRPO, grpo: {max_prompt_length: 512}}\n",
        good="training: {trainer_type: TRL_GRPO, grpo: {max_completion_length: 512}}\n",
        early=True,
        since="0.9",
    ),
    Rule(
        rule="TRN027",
        where=lambda c: [p for p in ("training.reward_functions", "training.reward_function_kwargs") if c.get(p) and c.trainer not in (None, *_GRPO)],
        message="{path} is for GRPO, and this trainer refuses it.",
        fix="Say grpo, or leave it out.",
        edits=REMOVE,
        summary="Rewards without GRPO",
        why="TrainingParams refuses reward functions with any trainer but TRL_GRPO and VERL_GRPO (code of Oumi 0.9).",
        bad="training: {trainer_type: TRL_SFT, reward_functions: [gsm8k]}\n",
        good="training: {trainer_type: TRL_GRPO, reward_functions: [soft_5tokens_completions]}\n",
        early=True,
    ),
    Rule(
        rule="TRN036",
        where=_verl_rewards,
        message="{reward} is a reward of verl's: TRL calls it by other arguments",
        fix="set training.trainer_type: VERL_GRPO",
        summary="A reward that the trainer cannot call",
        why="gsm8k, countdown and rar_medicine_verl take data_source, solution_str and ground_truth and no others; TRL passes prompts and completions: TypeError "
        "at the first step (code of Oumi 0.9 and TRL 1.6).",
        bad="training: {trainer_type: TRL_GRPO, reward_functions: [gsm8k]}\n",
        good="data: {train: {datasets: [{dataset_name: openai/gsm8k}]}, validation: {datasets: [{dataset_name: openai/gsm8k, split: test}]}}\n"
        "training: {trainer_type: VERL_GRPO, reward_functions: [gsm8k]}\n",
        since="0.9",
    ),
    Rule(
        rule="TRN028",
        where=_foreign_kwargs,
        message="{path}: {told}.",
        fix="{how}",
        edits=REMOVE,
        summary="An argument that the trainer does not have",
        why="trainer_kwargs go to TRL's config class as they are: an unknown name, such as max_seq_length or max_prompt_length of older "
        "TRL, raises TypeError once the run starts (measured).",
        bad="training: {trainer_type: TRL_SFT, trainer_kwargs: {max_seq_length: 2048}}\n",
        good="model: {model_name: gpt2, model_max_length: 1024}\ntraining: {trainer_type: TRL_SFT}\n",
        early=True,
        since="0.9",
    ),
    Rule(
        rule="TRN029",
        where=_doubled_kwargs,
        message="{path} is a field of Oumi's own and may not stand in trainer_kwargs.",
        fix="Use {own}.",
        summary="A field of Oumi's among the trainer's arguments",
        why="Oumi passes the field as well, and Python refuses the same argument twice (measured).",
        bad="training: {trainer_type: TRL_SFT, trainer_kwargs: {learning_rate: 2.0e-5}}\n",
        good="training: {trainer_type: TRL_SFT, learning_rate: 2.0e-5}\n",
        early=True,
    ),
    Rule(
        rule="TRN030",
        where=when("training.trainer_kwargs.packing", _packs_registered),
        message="Rows of a registered dataset are not packed by this.",
        fix="Use data.train.pack=true.",
        summary="Packing that does not pack",
        why="Oumi prepares the rows of its datasets itself, so TRL skips packing them and only flattens batches (code of TRL 1.6, measured).",
        bad="data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\ntraining: {trainer_type: TRL_SFT, trainer_kwargs: {packing: true}}\n",
        good="data: {train: {pack: true, datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\ntraining: {trainer_type: TRL_SFT, max_steps: 1000}\n",
        early=True,
    ),
    Rule(
        rule="TRN060",
        where=when("training.trainer_type", _no_loss),
        message="This trainer makes no labels of rows to be answered: the model returns no loss.",
        fix="Set training.trainer_type: TRL_SFT.",
        edits=put("training.trainer_type", "TRL_SFT"),
        summary="Supervised rows without a trainer that reads them",
        why='trainer_type defaults to HF, which ends in "The model did not return a loss"; OUMI ends in KeyError: loss (measured).',
        bad="data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\ntraining: {max_steps: 10}\n",
        good="data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\ntraining: {trainer_type: TRL_SFT, max_steps: 10}\n",
    ),
    Rule(
        rule="TRN061",
        where=_no_teacher,
        message="This trainer learns from a teacher, and none is named.",
        fix="Set {path}.",
        summary="Distillation without a teacher",
        why="Oumi takes the config and the trainer fails late with a message that does not name the field (measured).",
        bad="training: {trainer_type: TRL_GKD}\n",
        good="training: {trainer_type: TRL_GKD, gkd: {teacher_model_name_or_path: Qwen/Qwen2.5-7B-Instruct}}\n",
    ),
    Rule(
        rule="TRN062",
        where=when("training.trainer_kwargs.load_best_model_at_end", _best_out_of_step),
        message="load_best_model_at_end needs evaluations and checkpoints by the same strategy.",
        fix="Set training.eval_strategy: steps with validation data, and save_steps to a multiple of eval_steps.",
        summary="The best model, out of step with its evaluations",
        why="Transformers refuses it where the strategies differ: Oumi saves by steps unless save_steps is 0, and evaluates never by default (measured).",
        bad="training: {trainer_type: TRL_SFT, trainer_kwargs: {load_best_model_at_end: true}}\n",
        good="data: {validation: {datasets: [{dataset_name: yahma/alpaca-cleaned, split: 'train[:1%]'}]}}\n"
        "training: {trainer_type: TRL_SFT, eval_strategy: steps, trainer_kwargs: {load_best_model_at_end: true}}\n",
    ),
    Rule(
        rule="TRN065",
        severity="warning",
        where=when("training.trainer_kwargs.load_best_model_at_end", lambda c: _best(c) and _strategies(c) == ("no", "no")),
        message="load_best_model_at_end has nothing to choose from: nothing is evaluated or saved on the way",
        fix="set eval_strategy: steps and save_steps, or leave it out",
        edits=REMOVE,
        summary="The best model of one",
        why="With no evaluations and no checkpoints it is useless without a word (measured).",
        bad="training: {trainer_type: TRL_SFT, save_steps: 0, trainer_kwargs: {load_best_model_at_end: true, use_cpu: true}}\n",
        good="training: {trainer_type: TRL_SFT, save_steps: 0, trainer_kwargs: {use_cpu: true}}\n",
    ),
    Rule(
        rule="TRN066",
        where=_best_never_saved,
        message="load_best_model_at_end needs a checkpoint at its evaluations: it saves every {saves} steps and evaluates every {evaluates}.",
        fix="Set training.save_steps to a multiple of training.eval_steps.",
        summary="The best model, between two checkpoints",
        why="Transformers refuses save_steps that are no multiple of eval_steps, 500 each where they are left out (measured).",
        bad="data: {validation: {datasets: [{dataset_name: yahma/alpaca-cleaned, split: 'train[:1%]'}]}}\n"
        "training: {trainer_type: TRL_SFT, eval_strategy: steps, eval_steps: 200, trainer_kwargs: {load_best_model_at_end: true}}\n",
        good="data: {validation: {datasets: [{dataset_name: yahma/alpaca-cleaned, split: 'train[:1%]'}]}}\n"
        "training: {trainer_type: TRL_SFT, eval_strategy: steps, eval_steps: 200, save_steps: 400, trainer_kwargs: {load_best_model_at_end: true}}\n",
    ),
    Rule(
        rule="TRN067",
        severity="info",
        where=_unusual_batch,
        message="a batch of {batch} a step over all GPUs is unusual",
        fix="8 to 256 are what Oumi's recipes take: set gradient_accumulation_steps",
        summary="A batch far from the usual",
        why="Oumi's own recipes take 8 to 256 rows a step; told below half of the least and above four times the most, where the machine is known.",
        bad="training: {trainer_type: TRL_SFT, per_device_train_batch_size: 1}\n",
        good="training: {trainer_type: TRL_SFT, per_device_train_batch_size: 1, gradient_accumulation_steps: 16}\n",
        gpus="A100-80GB",
    ),
    Rule(
        rule="TRN063",
        where=_uneven_groups,
        message="{batch} answers a step over all GPUs are no whole number of groups of {group}.",
        fix="Make micro-batch × accumulation × GPUs a multiple of training.grpo.num_generations.",
        summary="GRPO batches that split a group",
        why="TRL raises when its generation batch does not divide by num_generations, 8 by default (measured).",
        bad="training: {trainer_type: TRL_GRPO, per_device_train_batch_size: 3}\n",
        good="training: {trainer_type: TRL_GRPO, per_device_train_batch_size: 8}\n",
        gpus="A100-80GB",
    ),
    Rule(
        rule="TRN078",
        severity="warning",
        where=when("training.reward_functions", _no_rewards),
        message="no reward function is named: every answer is worth the same, and nothing is learned",
        fix="set training.reward_functions",
        summary="GRPO without a reward",
        why="Oumi logs a warning and trains on (measured): without rewards all advantages are 0.",
        bad="training: {trainer_type: TRL_GRPO, learning_rate: 1.0e-6}\n",
        good="training: {trainer_type: TRL_GRPO, learning_rate: 1.0e-6, reward_functions: [soft_5tokens_completions]}\n",
    ),
    Rule(
        rule="TRN064",
        severity="warning",
        where=when("training.use_deterministic", _checkpointing_undone),
        message="use_deterministic switches gradient checkpointing off: memory grows",
        fix="leave use_deterministic out where memory is short",
        summary="Determinism instead of checkpointing",
        why="TrainingParams.to_hf turns gradient checkpointing off without an error (measured).",
        bad="training: {use_deterministic: true, enable_gradient_checkpointing: true}\n",
        good="training: {enable_gradient_checkpointing: true}\n",
    ),
)
