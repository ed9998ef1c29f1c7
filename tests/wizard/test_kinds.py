"""Each kind has questions of its own, answered in words or by flags to the same bytes, and no name means two things."""

from __future__ import annotations

import shlex

import pytest
import yaml
from setups import OPTIONS, PLAN, Setup

from assistant.cli import run
from assistant.configs.questions import asked_of
from assistant.core.errors import UsageError
from assistant.wizard.answers import setting
from assistant.wizard.flags import command
from assistant.wizard.items import KINDS, item, schema_of
from assistant.wizard.state import MORE, ShowHelp, ShowProblem

TALKS: dict[str, dict[str, str]] = {
    "quantize": {"model": "qwen3-8b", "method": "bnb_8bit", "output_dir": "out/small"},
    "tune": {"model": "smollm2-135m", "dataset": "yahma/alpaca-cleaned", "method": "lora", "search": "learning_rate=1e-5..1e-3 lora_r=8,16", "tuning.n_trials": "4", "tuning.evaluation_metrics": "eval_mean_token_accuracy"},
    "judge": {"model": "gpt-4o", "dataset": "answers.jsonl", "criterion": "tone of voice", "scale": "1-5"},
    "synthesize": {"model": "gpt-4o-mini", "subject": "returns in an online shop", "rows": "conversations", "num_samples": "12", "output_dir": "out/rows.jsonl"},
    "infer": {"model": "qwen3-8b", "engine": "VLLM"},
    "eval": {"model": "qwen3-8b", "benchmarks": "gsm8k"},
}


def answered(kind: str, *, back: bool = False) -> Setup:
    """A setup with these answers to the essential questions; going back and on again at each where that is wanted."""
    setup = Setup(kind=kind)
    while setup.question.key != MORE:
        key = setup.question.key
        setup.type("?")
        assert setup.has(ShowHelp), key
        setup.type(TALKS[kind].get(key, ""))
        assert not setup.has(ShowProblem), (key, setup.seen)
        if back:
            setup.type("<")
            assert setup.question.key == key
            setup.type(TALKS[kind].get(key, ""))
    return setup


@pytest.mark.parametrize("kind", TALKS)
def test_answers_and_flags_give_the_same_bytes(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    setup = answered(kind)
    assert setup.state.outcome is not None
    wanted = setup.state.outcome.files[0].yaml
    words = shlex.split(command(kind, setup.state.said, offline=True))
    assert all(item(kind, key).flag in words for key in TALKS[kind]), words
    capsys.readouterr()
    assert run(words[1:]) == 0
    assert capsys.readouterr().out == wanted


@pytest.mark.parametrize("kind", TALKS)
def test_back_at_every_question_leads_to_the_same(kind: str) -> None:
    once, back = answered(kind).state, answered(kind, back=True).state
    assert once.outcome is not None
    assert back.outcome is not None
    assert once.outcome.files[0].yaml == back.outcome.files[0].yaml


def test_what_was_answered_stands_in_the_config() -> None:
    def body(kind: str) -> dict[str, object]:
        outcome = answered(kind).state.outcome
        assert outcome is not None
        return yaml.safe_load(outcome.files[0].yaml)  # type: ignore[no-any-return]

    assert body("quantize")["method"] == "bnb_8bit"
    assert body("quantize")["output_path"] == "out/small"
    tuning = body("tune")["tuning"]
    assert isinstance(tuning, dict)
    assert tuning["n_trials"] == 4
    assert tuning["tunable_training_params"] == {"learning_rate": {"type": "loguniform", "low": 1e-5, "high": 1e-3}}
    assert tuning["tunable_peft_params"] == {"lora_r": {"type": "categorical", "choices": [8, 16]}}
    assert (tuning["evaluation_metrics"], tuning["evaluation_direction"]) == (["eval_mean_token_accuracy"], ["maximize"])
    judge = body("judge")["judge_params"]
    assert isinstance(judge, dict)
    assert judge["template_variables"]["criterion"] == "tone of voice"
    assert list(judge["judgment_scores"]) == ["1", "2", "3", "4", "5"]
    rows = body("synthesize")
    assert (rows["num_samples"], rows["output_path"]) == (12, "out/rows.jsonl")


@pytest.mark.parametrize(
    ("kind", "key", "bad", "said"),
    [
        ("quantize", "method", "lora", "method has no"), ("quantize", "method", "gptq", "awq_q4_0"), ("tune", "tuning.n_trials", "0", "at least 1"),
        ("tune", "tuning.n_trials", "x", "int"), ("tune", "search", "depth=1..2", "--search"), ("tune", "search", "learning_rate=1e-3..1e-5", "leaves nothing"),
        ("tune", "search", "lora_r=8.5,16", "whole numbers"), ("judge", "scale", "5-1", "no room"), ("judge", "scale", "3", "1-7"), ("judge", "criterion", "=", "--criterion"),
        ("synthesize", "num_samples", "-3", "at least 1"), ("synthesize", "rows", "poems", "conversations"),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_taken_says_what_can(kind: str, key: str, bad: str, said: str) -> None:
    setup = Setup(kind=kind)
    while setup.question.key != key:
        setup.type({"model": "qwen3-8b", "method": "lora", "subject": "cats"}.get(setup.question.key, "") if kind != "quantize" else "qwen3-8b")
    setup.type(bad)
    problem = setup.last(ShowProblem).problem
    assert said in f"{problem.message} {problem.hint}"
    assert setup.question.key == key


@pytest.mark.parametrize("kind", KINDS)
def test_no_flag_stands_for_two_questions_of_a_kind(kind: str) -> None:
    flags = [item(kind, key).flag for key in KINDS[kind].keys]
    assert len(flags) == len(set(flags))


def test_a_name_that_a_field_and_a_key_share_is_the_kinds_own() -> None:
    asked, value = setting("quantize", "method=bnb_4bit")
    assert (asked.is_field, asked.flag, value) == (True, "--method", "bnb_4bit")
    assert setting("train", "method=lora")[0].flag == "--training-type"
    for kind in KINDS:
        for name in asked_of(kind):
            assert setting(kind, name)[0] == item(kind, name)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["quantize", "--method", "bnb_4bit"], 0, ""), (["quantize", "--set", "method=bnb_4bit"], 0, ""), (["train", "--method", "lora"], 0, ""),
        (["quantize", "--method", "bnb_4bit", "--set", "method=bnb_8bit"], 2, "said twice"), (["train", "--method", "lora", "--training-type", "full"], 2, "said twice"),
        (["quantize", "--training-type", "lora"], 2, "create train"), (["eval", "--method", "lora"], 2, "create train"), (["train", "--criterion", "clarity"], 2, "create judge"),
        (["quantize", "--method", "lora"], 2, "bnb_4bit"), (["eval", "--set", "tasks=x"], 2, "tasks[0]"), (["eval", "--set", "tasks=[{task_nam: mmlu}]"], 2, "task_name"),
        (["train", "--set", "data.train.datasets=[{dataset_name: a/b, sampel: 2}]"], 2, "sample"), (["quantize", "--set", "calibration_samples=-5"], 2, "at least 1"),
        (["eval", "--set", "tasks=[{evaluation_backend: lm_harness, num_samples: many}]"], 2, "whole number"),
    ],
)  # fmt: skip
def test_flags_and_fields_of_a_kind(words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["create", *words, "--model", "qwen3-0.6b", "--gpus", "RTX4090", "--offline"]) == code
    assert said in capsys.readouterr().err


def test_attributes_are_drawn_and_told_to_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    for rows in ("qa", "instructions", "conversations"):
        words = ["--model", "gpt-4o-mini", "--subject", "returns", "--rows", rows, "--attributes", "tone of voice: formal, casual; length: short, long"]
        assert run(["create", "synthesize", *words, "--offline"]) == 0
        params = yaml.safe_load(capsys.readouterr().out)["strategy_params"]
        assert [entry["id"] for entry in params["sampled_attributes"]][-2:] == ["tone_of_voice", "length"]
        writer = params.get("generated_attributes") or params["multiturn_attributes"]
        assert "{tone_of_voice}" in str(writer[0])
    for bad in ("tone: formal", "tone", "kind: a, b; kind: c, d"):
        assert run(["create", "synthesize", "--model", "gpt-4o-mini", "--subject", "x y", "--attributes", bad, "--offline"]) == 2


def test_every_entry_names_something_that_can_be_asked() -> None:
    for kind in KINDS:
        for name, asked in asked_of(kind).items():
            found = item(kind, name)
            assert name in KINDS[kind].keys, (kind, name)
            assert found.home != "word" or asked.help, (kind, name)
            assert not asked.instead or asked.instead in KINDS[kind].keys
    assert schema_of("judge") == "judge"
    assert PLAN is not None
    assert OPTIONS.offline


def test_a_scale_is_refused_by_the_planner_too() -> None:
    from assistant.planner.judge import _scale

    with pytest.raises(UsageError):
        _scale("7-7")
