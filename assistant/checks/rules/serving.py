"""Rules on evaluation and inference configs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.catalogue.engines import engines
from assistant.checks.case import Case
from assistant.checks.declared import REMOVE, Found, Hit, Rule, put, when

_BACKENDS = ("lm_harness", "custom")
_HARNESS_ENGINES = ("NATIVE", "VLLM", "REMOTE")


def _tasks(case: Case) -> Iterator[tuple[str, Mapping[str, Any]]]:
    above = "evaluation.tasks" if case.kind == "async_eval" else "tasks"
    for place, task in enumerate(case.listed(above)):
        if isinstance(task, Mapping):
            yield f"{above}[{place}]", task


def _no_backend(case: Case) -> Found:
    found = []
    for path, task in _tasks(case):
        if task.get("evaluation_backend") in _BACKENDS:
            continue
        said = task.get("evaluation_backend")
        edits = put(f"{path}.evaluation_backend", "lm_harness") if said in (None, "") else ()
        found.append(Hit(path=f"{path}.evaluation_backend", words={"told": f'is "{said}"' if said else "is missing"}, edits=edits))
    return found


def _harness(case: Case) -> bool:
    return any(task.get("evaluation_backend") == "lm_harness" for _, task in _tasks(case))


def _reports_nothing(case: Case) -> bool:
    return case.kind == "eval" and case.on("enable_wandb") and bool(case.listed("tasks")) and not _harness(case)


def _answers_unkept(case: Case) -> bool:
    return case.kind == "infer" and bool(case.text("output_path")) and not case.text("input_path")


def _engine(case: Case) -> str:
    return case.text("engine" if case.kind == "infer" else "inference_engine") or "NATIVE"


def _served(case: Case) -> bool:
    return bool(case.get("engine")) or case.kind == "infer"


def _ignored_generation(case: Case) -> Found:
    """Generation fields that the engine does not look at."""
    known = engines().get(_engine(case))
    if known is None or not _served(case):
        return []
    values = case.section("generation")
    names = [name for name in values if name in _WATCHED and name not in known.fields and values[name] is not None and not _goes_without_saying(case, name)]
    return [Hit(path=f"generation.{name}", words={"engine": known.name}) for name in names]


def _goes_without_saying(case: Case, name: str) -> bool:
    """What the engine does anyway: it samples where there is a temperature, and keeps a cache."""
    if name == "use_sampling":
        return case.on("generation.use_sampling") is ((case.number("generation.temperature") or 0) > 0)
    return name == "use_cache" and case.on("generation.use_cache")


_WATCHED = frozenset(("batch_size", "num_beams", "use_sampling", "logit_bias", "min_p", "seed", "guided_decoding", "frequency_penalty", "presence_penalty", "use_cache"))


def _greedy(case: Case) -> Found:
    """A judge and a synthesis answer by a config of their own within."""
    within = "inference_config." if case.kind in ("judge", "synthesize") else ""
    engine = case.text(f"{within}engine") or "NATIVE" if within else _engine(case)
    if engine != "NATIVE" or not (within or _served(case)) or case.on(f"{within}generation.use_sampling"):
        return []
    paths = [f"{within}generation.{name}" for name in ("temperature", "min_p")]
    return [Hit(path=path, edits=put(f"{within}generation.use_sampling", True)) for path in paths if (case.number(path) or 0) > 0]


def _no_cache(case: Case) -> bool:
    return case.kind == "infer" and _engine(case) == "NATIVE" and bool(case.section("generation")) and case.get("generation.use_cache") is None


RULES = (
    Rule(
        rule="EVL020",
        kinds=("eval", "async_eval"),
        where=_no_backend,
        message="evaluation_backend {told}, and the evaluation stops when it comes to this task.",
        fix="It is lm_harness or custom.",
        summary="A task without its backend",
        why="The backend is looked up at run time alone; alpaca_eval went with Oumi 0.7 (code of Oumi 0.9).",
        bad="model: {model_name: gpt2}\ntasks: [{task_name: mmlu}]\n",
        good="model: {model_name: gpt2}\ntasks: [{evaluation_backend: lm_harness, task_name: mmlu}]\n",
        since="0.7",
    ),
    Rule(
        rule="EVL021",
        kinds=("eval",),
        where=when("inference_engine", lambda c: _harness(c) and _engine(c) not in _HARNESS_ENGINES),
        message="lm_harness cannot run on {value}.",
        fix="It runs on NATIVE, VLLM or REMOTE.",
        summary="An engine that lm_harness does not take",
        why="The backend raises ValueError for any other engine (code of Oumi 0.9).",
        bad="model: {model_name: gpt2}\ninference_engine: LLAMACPP\ntasks: [{evaluation_backend: lm_harness, task_name: mmlu}]\n",
        good="model: {model_name: gpt2}\ninference_engine: VLLM\ntasks: [{evaluation_backend: lm_harness, task_name: mmlu}]\n",
    ),
    Rule(
        rule="EVL022",
        kinds=("eval",),
        severity="warning",
        where=when("model.adapter_model", lambda c: bool(c.text("model.adapter_model")) and _harness(c) and _engine(c) == "VLLM"),
        message="the adapter is ignored: with VLLM lm_harness evaluates the base model",
        fix="use inference_engine: NATIVE, or a merged model",
        edits=put("inference_engine", "NATIVE"),
        summary="An adapter that is not evaluated",
        why="adapter_model is handed on with NATIVE alone (code of Oumi 0.9: lm_harness.py).",
        bad="model: {model_name: gpt2, adapter_model: out/}\ninference_engine: VLLM\ntasks: [{evaluation_backend: lm_harness, task_name: mmlu}]\n",
        good="model: {model_name: gpt2, adapter_model: out/}\ninference_engine: NATIVE\ntasks: [{evaluation_backend: lm_harness, task_name: mmlu}]\n",
    ),
    Rule(
        rule="EVL023",
        kinds=("eval",),
        severity="warning",
        where=when("tasks", lambda c: c.kind == "eval" and not c.listed("tasks")),
        message="there are no tasks: nothing is evaluated",
        fix="name one, with evaluation_backend and task_name",
        summary="An evaluation of nothing",
        why="An empty list runs and ends without an error (code of Oumi 0.9).",
        bad="model: {model_name: gpt2}\ntasks: []\ninference_engine: NATIVE\n",
        good="model: {model_name: gpt2}\ntasks: [{evaluation_backend: lm_harness, task_name: mmlu}]\n",
    ),
    Rule(
        rule="EVL024",
        kinds=("eval",),
        severity="warning",
        where=when("enable_wandb", _reports_nothing),
        message="nothing is reported: lm_harness alone writes to Weights & Biases, and no task here is of it",
        fix="leave it out",
        edits=REMOVE,
        summary="Results that are not reported",
        why="enable_wandb is read in the backend of lm_harness alone (code of Oumi 0.9: evaluation/backends/lm_harness.py).",
        bad="model: {model_name: gpt2}\nenable_wandb: true\ntasks: [{evaluation_backend: custom, task_name: mine}]\n",
        good="model: {model_name: gpt2}\nenable_wandb: true\ntasks: [{evaluation_backend: lm_harness, task_name: mmlu}]\n",
    ),
    Rule(
        rule="INF022",
        kinds=("infer",),
        severity="warning",
        where=when("output_path", _answers_unkept),
        message="without an input_path it asks for prompts at the keyboard, and each answer is written over the one before in {value}",
        fix="set input_path, or give --input_path to oumi infer",
        summary="Answers written over each other",
        why="`oumi infer` goes interactive where no input_path is given, and saves the answers of each prompt as the whole file (code of Oumi 0.9: infer.py, "
        "base_inference_engine.py).",
        bad="model: {model_name: gpt2}\nengine: VLLM\noutput_path: answers.jsonl\n",
        good="model: {model_name: gpt2}\nengine: VLLM\ninput_path: prompts.jsonl\noutput_path: answers.jsonl\n",
    ),
    Rule(
        rule="INF020",
        kinds=("infer", "judge", "synthesize"),
        severity="warning",
        where=_greedy,
        message="{path} has no effect: without use_sampling the answer is the likeliest one",
        fix="set generation.use_sampling: true",
        summary="A temperature without sampling",
        why="The NATIVE engine drops it with a debug message where use_sampling is false, its default (code of Oumi 0.9).",
        bad="model: {model_name: gpt2}\nengine: NATIVE\ngeneration: {temperature: 0.7}\n",
        good="model: {model_name: gpt2}\nengine: NATIVE\ngeneration: {temperature: 0.7, use_sampling: true}\n",
    ),
    Rule(
        rule="INF021",
        kinds=("infer",),
        severity="info",
        where=when("generation.use_cache", _no_cache),
        message="generation.use_cache is off by default: NATIVE computes all tokens anew for each one",
        fix="set generation.use_cache: true",
        edits=put("generation.use_cache", True),
        summary="Generation without a cache",
        why="GenerationParams defaults use_cache to False, where Transformers' own default is True (code of Oumi 0.9).",
        bad="model: {model_name: gpt2}\nengine: NATIVE\ngeneration: {max_new_tokens: 100}\n",
        good="model: {model_name: gpt2}\nengine: NATIVE\ngeneration: {max_new_tokens: 100, use_cache: true}\n",
    ),
    Rule(
        rule="INF001",
        kinds=("infer",),
        severity="warning",
        where=_ignored_generation,
        message="{engine} ignores {path}",
        fix="leave it out, or use another engine",
        edits=REMOVE,
        summary="A setting that the engine ignores",
        why="Each engine lists the generation fields that it honours and warns of others at most (code of Oumi 0.9: get_supported_params).",
        bad="model: {model_name: gpt2}\nengine: VLLM\ngeneration: {num_beams: 4}\n",
        good="model: {model_name: gpt2}\nengine: NATIVE\ngeneration: {num_beams: 4, use_cache: true}\n",
    ),
)
