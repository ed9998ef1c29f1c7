"""Rules on where a run goes on from, whether and where it saves, and what is reported of it."""

from __future__ import annotations

from assistant.checks.case import Case
from assistant.checks.declared import REMOVE, Found, Rule, put, when

_LEVELS = ("debug", "info", "warning", "warn", "error", "critical", "fatal", "notset")
"""Python's names of log levels, whatever their case."""


def _saves_nothing(case: Case) -> bool:
    never = case.get("training.save_steps") == 0 and not case.get("training.save_epoch")
    return never and case.get("training.save_final_model") is False


def _nothing_to_resume(case: Case) -> Found:
    path = "training.resume_from_checkpoint"
    named = case.text(path)
    return [path] if named and case.is_here is not None and not case.is_here(named) else []


def _shares_its_folder(case: Case) -> bool:
    return case.is_file and bool(case.section("training")) and case.get("training.output_dir") is None


def _resumes_another(case: Case) -> bool:
    return _shares_its_folder(case) and case.on("training.try_resume_from_last_checkpoint")


def _profiles_nothing(case: Case) -> bool:
    return case.on("training.profiler.schedule.enable_schedule") and not case.on("training.include_performance_metrics")


def _no_utilization(case: Case) -> bool:
    asked = case.is_file and case.on("training.include_performance_metrics") and case.trainer != "TRL_GRPO"
    return asked and (case.method != "full" or not case.on("data.train.pack"))


def _no_such_level(case: Case) -> Found:
    paths = ("training.log_level", "training.dep_log_level")
    return [path for path in paths if case.text(path) and case.text(path).lower() not in _LEVELS]


RULES = (
    Rule(
        rule="TRN077",
        severity="warning",
        where=when("training.save_final_model", lambda c: c.is_file and _saves_nothing(c)),
        message="nothing is saved: neither checkpoints nor the final model",
        fix="leave save_final_model on, or set save_steps above 0",
        edits=put("training.save_final_model", True),
        summary="A run that keeps nothing",
        why="With save_steps: 0, no save_epoch and save_final_model: false no checkpoint and no final model is written (measured); Oumi's own benchmarks do so on purpose.",
        bad="training: {save_steps: 0, save_final_model: false}\n",
        good="training: {save_steps: 0, save_final_model: true}\n",
    ),
    Rule(
        rule="TRN031",
        where=when("training.save_final_model", _saves_nothing),
        message="Nothing would be saved.",
        fix="Keep save_final_model, or set save_steps above 0.",
        edits=put("training.save_final_model", True),
        summary="A run that would keep nothing, said in words",
        why="With save_steps: 0, no save_epoch and save_final_model: false no checkpoint and no final model is written (code of Oumi 0.9).",
        bad="training: {save_steps: 0, save_final_model: false}\n",
        good="training: {save_steps: 0, save_final_model: true}\n",
        early=True,
        spoken=True,
    ),
    Rule(
        rule="TRN070",
        severity="warning",
        where=_nothing_to_resume,
        message="there is no {value} to go on from: the trainer stops once the model is loaded",
        fix="name a checkpoint's folder, or set training.try_resume_from_last_checkpoint: true",
        summary="A checkpoint that is not there",
        why="Oumi hands the path on unlooked at, and Transformers raises when it begins to train (measured). Told where the file system is known.",
        bad="training: {trainer_type: TRL_SFT, resume_from_checkpoint: output/no-such-run/checkpoint-10}\n",
        good="training: {trainer_type: TRL_SFT, try_resume_from_last_checkpoint: true, output_dir: output/mine}\n",
    ),
    Rule(
        rule="TRN071",
        severity="info",
        where=when("training.output_dir", _shares_its_folder),
        message="output_dir is left at `output`: the next run without one writes over this one's files",
        fix="set training.output_dir",
        summary="A folder that runs share",
        why="output_dir defaults to `output`, and a run neither empties its folder nor asks (code of Oumi 0.9: TrainingParams).",
        bad="training: {trainer_type: TRL_SFT}\n",
        good="training: {trainer_type: TRL_SFT, output_dir: output/mine}\n",
    ),
    Rule(
        rule="TRN072",
        severity="warning",
        where=when("training.try_resume_from_last_checkpoint", _resumes_another),
        message="without an output_dir this goes on from whatever run was the last to save in `output`",
        fix="set training.output_dir",
        summary="Another run's checkpoint",
        why="The last checkpoint in output_dir is taken, whichever config wrote it (code of Oumi 0.9: train.py).",
        bad="training: {trainer_type: TRL_SFT, try_resume_from_last_checkpoint: true}\n",
        good="training: {trainer_type: TRL_SFT, try_resume_from_last_checkpoint: true, output_dir: output/mine}\n",
    ),
    Rule(
        rule="TRN073",
        severity="warning",
        where=when("training.profiler.schedule.enable_schedule", _profiles_nothing),
        message="the schedule has no effect: its steps are counted by a callback that include_performance_metrics switches on",
        fix="set training.include_performance_metrics: true",
        edits=put("training.include_performance_metrics", True),
        summary="A profiler that never moves on",
        why="build_training_callbacks returns before ProfilerStepCallback, the detector of NaN and the telemetry (code of Oumi 0.9: builders/callbacks.py).",
        bad="training: {trainer_type: TRL_SFT, profiler: {enable_cpu_profiling: true, schedule: {enable_schedule: true}}}\n",
        good="training: {trainer_type: TRL_SFT, include_performance_metrics: true, profiler: {enable_cpu_profiling: true, schedule: {enable_schedule: true}}}\n",
    ),
    Rule(
        rule="TRN074",
        severity="info",
        where=when("training.include_performance_metrics", _no_utilization),
        message="no utilization (MFU) is logged: Oumi skips it for adapters and for rows that are not packed",
        fix="set data.train.pack: true where all tokens may be learned, or do without the figure",
        summary="A utilization that is not logged",
        why="The callback is added for packed rows and full training alone; speed and memory are logged all the same (code of Oumi 0.9: builders/callbacks.py).",
        bad="training: {trainer_type: TRL_SFT, include_performance_metrics: true}\n",
        good="data: {train: {pack: true}}\ntraining: {trainer_type: TRL_SFT, max_steps: 1000, include_performance_metrics: true}\n",
    ),
    Rule(
        rule="TRN075",
        where=_no_such_level,
        message='{path} cannot be "{value}".',
        fix="It is one of debug, info, warning, error, critical.",
        edits=REMOVE,
        summary="A log level that Python does not know",
        why="The word reaches logging.setLevel, which raises ValueError (measured).",
        bad="training: {trainer_type: TRL_SFT, log_level: verbose}\n",
        good="training: {trainer_type: TRL_SFT, log_level: debug}\n",
    ),
    Rule(
        rule="TRN076",
        severity="info",
        where=when("training.enable_wandb", lambda c: c.is_file and c.on("training.enable_wandb")),
        message="without `wandb login` or WANDB_API_KEY, Weights & Biases asks for a key, and the run stops where nobody can answer",
        fix="log in before, or set WANDB_MODE=offline",
        summary="A run that may ask for a key",
        why="wandb asks at the keyboard where it finds no key, and stops where there is none (its documentation).",
        bad="training: {trainer_type: TRL_SFT, enable_wandb: true}\n",
        good="training: {trainer_type: TRL_SFT, enable_wandb: false}\n",
    ),
)
