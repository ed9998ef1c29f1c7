"""The guided setup as a pure step: which question comes, what an answer does, and the way back."""

from __future__ import annotations

import pytest
from setups import Setup

from assistant.core.errors import UsageError
from assistant.wizard.state import (
    ADVANCED,
    MORE,
    REPLACE,
    REVIEW,
    Leave,
    NotWritten,
    Preview,
    Print,
    Put,
    ShowHelp,
    ShowMemory,
    ShowProblem,
    Tell,
    Write,
)

ESSENTIAL = {
    "train": ["model", "objective", "dataset", "machine", "method", MORE],
    "eval": ["model", "benchmarks", "machine", MORE],
    "infer": ["model", "machine", "engine", "dataset", MORE],
    "job": ["model", "objective", "dataset", "cloud", "machine", "nodes", "spot", "method", MORE],
    "quantize": ["model", "machine", "method", "output_dir", MORE],
    "tune": ["model", "dataset", "machine", "method", "search", "tuning.n_trials", "tuning.evaluation_metrics", MORE],
    "judge": ["model", "dataset", "criterion", "scale", "machine", "engine", MORE],
    "synthesize": ["model", "dataset", "subject", "rows", "num_samples", "machine", "engine", "output_dir", MORE],
}
ANSWERS = {"model": "qwen3-8b", "cloud": "gcp", "subject": "returns in an online shop"}


@pytest.mark.parametrize("kind", ESSENTIAL)
def test_essential_questions_come_in_order_and_enter_takes_each_default(kind: str) -> None:
    setup = Setup(kind=kind, gpus=None)
    asked = [setup.question.key]
    for _ in ESSENTIAL[kind][1:]:
        setup.type(ANSWERS.get(setup.question.key, ""))
        asked.append(setup.question.key)
    assert asked == ESSENTIAL[kind]


@pytest.mark.parametrize("kind", ESSENTIAL)
def test_every_default_has_a_value_and_most_a_reason(kind: str) -> None:
    setup = Setup(kind=kind, gpus=None)
    setup.type("qwen3-8b")
    while (put := setup.question).key != MORE:
        if put.key not in ANSWERS and not (kind == "synthesize" and put.key == "dataset"):  # the planner asks for that one
            assert put.default is not None, put.key
            assert put.default.value, put.key
            assert put.default.why, put.key
        setup.type(ANSWERS.get(put.key, ""))


def test_what_is_said_is_not_asked() -> None:
    setup = Setup(intent={"model": "qwen3-8b", "dataset": "yahma/alpaca-cleaned"})
    assert setup.question.key == "method"


def test_rows_say_their_objective_so_it_is_not_asked_beside_them() -> None:
    assert Setup(intent={"model": "qwen3-8b", "dataset": "a.jsonl"}, gpus=None).question.key == "machine"


def test_a_required_answer_has_no_default() -> None:
    setup = Setup()
    assert setup.question.default is None
    setup.type("")
    assert setup.last(ShowProblem).problem.reference == "no-default"
    assert setup.question.key == "model"


def test_an_unknown_model_is_asked_again_in_the_planners_words() -> None:
    setup = Setup()
    setup.type("qwen-3-8z")
    assert setup.question.key == "model"
    assert "qwen-3-8z" in setup.question.text
    assert setup.question.choices
    setup.type("qwen3-8b")
    assert setup.question.key == "objective"


def test_a_family_names_its_members() -> None:
    setup = Setup()
    setup.type("qwen3")
    assert any("Qwen3-8B" in name for name, _ in setup.question.choices)


@pytest.mark.parametrize(
    ("key", "bad", "said"),
    [
        ("epochs", "x", "--epochs"), ("epochs", "0", "more than 0"), ("max_steps", "1.5", "whole number"), ("seed", "-1", "at least 0"),
        ("learning_rate", "nan", "--learning-rate"), ("precision", "bf61", "bf16"), ("sharding", "fdsp", "fsdp"), ("max_hours", "-2", "more than 0"),
        ("lora_rank", "99999999", "at most"), ("training.warmup_steps", "many", "of type int"), ("training.lr_scheduler_type", "cosin_", "cosine"),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_taken_says_what_can(key: str, bad: str, said: str) -> None:
    setup = Setup(intent={"model": "qwen3-8b", "dataset": "yahma/alpaca-cleaned"}, gpus="2xA100-80GB")
    setup.type("", key)
    before = setup.state
    setup.type(bad)
    problem = setup.last(ShowProblem).problem
    assert said in f"{problem.message} {problem.hint}"
    assert setup.question.key == key
    assert setup.state == before


def test_a_machine_with_a_slip_in_it() -> None:
    setup = Setup(intent={"model": "qwen3-8b", "dataset": "yahma/alpaca-cleaned"}, gpus=None)
    setup.type("2xA10O-80GB")
    assert "A100-80GB" in setup.last(ShowProblem).problem.hint
    assert setup.question.key == "machine"


def test_back_goes_to_the_question_before_and_shows_what_was_answered() -> None:
    setup = Setup(gpus=None)
    setup.type("qwen3-8b", "", "./rows.jsonl", "<")
    assert setup.question.key == "dataset"
    assert setup.question.former == "./rows.jsonl"
    assert setup.state.said.intent.dataset is None
    setup.type("back", "<")
    assert setup.question.key == "model"
    setup.type("<")
    assert "first question" in setup.last(Tell).text


def test_back_and_forth_leads_to_the_same() -> None:
    straight, winding = Setup(gpus=None), Setup(gpus=None)
    straight.type("qwen3-8b", "", "./rows.jsonl", "L4", "qlora", "")
    winding.type("smollm2 135m", "<", "qwen3-8b", "dpo", "<", "", "x", "<", "", "./rows.jsonl", "L4", "full", "<", "qlora", "")
    assert winding.state.said == straight.state.said
    assert winding.state.outcome == straight.state.outcome


def test_back_out_of_the_menus_and_the_review() -> None:
    setup = Setup(intent={"model": "qwen3-8b", "dataset": "yahma/alpaca-cleaned"})
    setup.type("", "")
    assert setup.question.key == REVIEW
    setup.type("<")
    assert setup.question.key == MORE
    setup.type("<")
    assert setup.question.key == "method"


def test_help_has_what_it_takes_the_default_and_the_field() -> None:
    setup = Setup(intent={"model": "qwen3-8b", "dataset": "yahma/alpaca-cleaned"})
    setup.type("", "learning_rate", "?")
    rows = dict(setup.last(ShowHelp).rows)
    assert rows["Field"] == "training.learning_rate"
    assert rows["Takes"].startswith("a number, more than 0")
    assert rows["Enter"].startswith("0.0003: ")
    assert rows["Flag"] == "--learning-rate"
    assert setup.question.key == "learning_rate"


def test_help_of_choices_says_what_each_is_for() -> None:
    setup = Setup(intent={"model": "qwen3-8b"})
    setup.type("?")
    rows = dict(setup.last(ShowHelp).rows)
    assert "preference" in rows["dpo"]
    assert "templates show" in rows["Templates"]


def test_help_at_the_menu_lists_and_finds() -> None:
    setup = Setup(intent={"model": "qwen3-8b", "dataset": "yahma/alpaca-cleaned"})
    setup.type("", "?")
    labels = [label for label, _ in setup.last(ShowHelp).rows]
    assert {"sequence_length", "learning_rate", "logging_steps", "Advanced"} <= set(labels)
    setup.type("? warm")
    assert any("training.warmup_steps" in text for _, text in setup.last(ShowHelp).rows)
    setup.type("? zzzz")
    assert "No setting" in setup.last(ShowHelp).rows[0][1]


def test_the_memory_is_told_where_an_answer_changes_it_and_only_there() -> None:
    setup = Setup(intent={"model": "qwen3-8b", "dataset": "yahma/alpaca-cleaned"})
    setup.type("qlora")
    assert setup.has(ShowMemory)
    setup.type("seed=7")
    assert not setup.has(ShowMemory)
    setup.type("sequence_length=1k")
    assert setup.last(ShowMemory).outcome.plan is not None
    assert setup.last(ShowMemory).outcome.plan.sequence_length == 1024


def test_what_does_not_fit_is_told_and_ends_in_ways_back() -> None:
    setup = Setup(intent={"model": "llama3.1-8b", "dataset": "yahma/alpaca-cleaned"})
    setup.type("full")
    assert setup.last(ShowMemory).outcome.status == "does_not_fit"
    setup.type("")
    assert setup.question.key == REVIEW
    assert setup.question.default is not None
    assert setup.question.default.value == "<"
    setup.type("method", "lora")
    assert setup.has(Preview)
    assert setup.state.outcome is not None
    assert setup.state.outcome.status == "ok"


def test_yes_asks_the_usual_ones_and_done_ends_it() -> None:
    setup = Setup(intent={"model": "qwen3-8b", "dataset": "yahma/alpaca-cleaned"})
    setup.type("", "yes")
    assert setup.question.key == "sequence_length"
    setup.type("2k", "")
    assert setup.question.key == "max_steps"
    setup.type("done")
    assert setup.question.key == ADVANCED
    setup.type("yes")
    assert "." in setup.question.key
    setup.type("done")
    assert setup.question.key == REVIEW
    assert setup.state.said.intent.sequence_length == 2048


def test_ranks_are_not_asked_of_a_full_training_nor_sharding_of_one_gpu() -> None:
    setup = Setup(intent={"model": "smollm2-135m", "dataset": "yahma/alpaca-cleaned", "method": "full"})
    setup.type("yes")
    asked = []
    while (key := setup.question.key) != ADVANCED:
        asked.append(key)
        setup.type("")
    assert "learning_rate" in asked
    assert not {"lora_rank", "lora_alpha", "sharding"} & set(asked)


def test_a_setting_by_its_name_its_field_or_its_flag_is_the_same_question() -> None:
    for name in ("learning_rate", "training.learning_rate", "--learning-rate", "learning rate"):
        setup = Setup(intent={"model": "qwen3-8b", "dataset": "yahma/alpaca-cleaned"})
        setup.type("", name)
        assert setup.question.key == "learning_rate", name


def test_a_setting_nobody_has_names_the_nearest() -> None:
    setup = Setup(intent={"model": "qwen3-8b", "dataset": "yahma/alpaca-cleaned"})
    setup.type("", "training.warmup_stepz=5")
    assert "training.warmup_steps" in setup.last(ShowProblem).problem.hint
    assert setup.question.key == MORE


def test_an_answer_that_raises_the_planners_question_leads_to_it() -> None:
    setup = Setup(intent={"model": "qwen3-8b", "dataset": "mlabonne/orpo-dpo-mix-40k", "objective": "dpo"})
    setup.type("", "objective", "sft")
    assert setup.question.key == "dataset"
    assert "dpo" in setup.question.text
    setup.type("yahma/alpaca-cleaned")
    assert setup.question.key == MORE


def test_half_an_epoch_is_refused_with_the_planners_words() -> None:
    setup = Setup(intent={"model": "qwen3-8b", "dataset": "yahma/alpaca-cleaned"})
    setup.type("", "epochs", "1.5")
    assert setup.question.key == "epochs"
    assert "whole epochs" in setup.question.text
    assert setup.state.said.intent.epochs is None


def test_a_model_that_reads_images_has_a_choice_for_them() -> None:
    assert not any(name == "images" for name, _ in Setup(intent={"model": "qwen3-8b"}).question.choices)
    setup = Setup(intent={"model": "google/gemma-3-4b-it"}, gpus="A100-80GB")
    assert any(name == "images" for name, _ in setup.question.choices)
    setup.type("images")
    assert setup.state.outcome is not None
    assert setup.state.outcome.plan is not None
    assert setup.state.outcome.plan.vision


def test_a_model_behind_an_api_has_no_machine() -> None:
    setup = Setup(kind="infer", gpus=None)
    setup.type("gpt-4o")
    assert setup.question.key == "dataset"


def test_a_default_that_is_at_fault_is_asked_for() -> None:
    """mmlu, which is scored where none is said, cannot be run over an API."""
    setup = Setup(kind="eval", gpus=None)
    setup.type("gpt-4o")
    assert setup.last(ShowProblem).problem.context == "benchmarks"
    assert setup.question.key == "benchmarks"
    setup.type("")
    assert setup.has(ShowProblem)
    assert setup.question.key == "benchmarks"
    setup.type("berry_bench")
    assert setup.question.key == MORE
    assert setup.state.outcome is not None
    assert setup.state.outcome.files
    setup.type("<", "<")
    assert setup.question.key == "model"


def test_a_name_that_looks_like_a_slip_is_told() -> None:
    setup = Setup(kind="eval", intent={"model": "qwen3-8b"})
    setup.type("gms8k, mmlu")
    assert "did you mean gsm8k" in setup.last(Tell).text
    assert setup.state.said.intent.benchmarks == ["gms8k", "mmlu"]


def test_what_was_assumed_of_a_name_is_told() -> None:
    setup = Setup()
    setup.type("llama3")
    assert "Llama-3.1-8B-Instruct" in setup.last(Tell).text


def test_leaving_at_any_question() -> None:
    setup = Setup()
    assert setup.type("quit") == [Leave(done=False)]
    setup.type("qwen3-8b", "", "", "", "")
    assert setup.question.key == REVIEW
    assert setup.type("q") == [Leave(done=False)]


def test_q_is_no_word_for_leaving_where_it_begins_an_answer() -> None:
    setup = Setup(intent={"model": "qwen3-8b", "dataset": "yahma/alpaca-cleaned"})
    setup.type("q")
    assert setup.state.said.intent.method == "qlora"


def _at_review() -> Setup:
    setup = Setup(intent={"model": "qwen3-8b", "dataset": "yahma/alpaca-cleaned", "method": "lora"})
    setup.type("")
    assert setup.question.key == REVIEW
    return setup


def test_the_review_saves_prints_or_changes() -> None:
    setup = _at_review()
    assert setup.last(Preview).outcome.files
    setup.type("")
    assert setup.last(Write).name == "train.yaml"
    setup.type("a folder/mine.yml")
    assert setup.last(Write).name == "a folder/mine.yml"
    setup.type("seed=9")
    assert setup.question.key == REVIEW
    assert setup.state.said.intent.seed == 9
    setup.type("-")
    assert setup.has(Print)
    assert setup.last(Leave).done


def test_a_word_at_the_review_that_is_neither_file_nor_setting() -> None:
    setup = _at_review()
    setup.type("mine")
    assert ".yaml" in setup.last(ShowProblem).problem.hint
    assert not setup.has(Write)


def test_a_file_is_replaced_only_after_a_yes() -> None:
    setup = _at_review()
    there = UsageError("x exists", reference="file-exists")
    setup.event(NotWritten(name="x.yaml", problem=there))
    assert setup.question.key == REPLACE
    setup.type("perhaps")
    assert setup.has(ShowProblem)
    assert setup.question.key == REPLACE
    setup.type("")
    assert setup.question.key == REVIEW
    assert not setup.has(Write)
    setup.event(NotWritten(name="x.yaml", problem=there))
    setup.type("yes")
    assert setup.last(Write).force
    assert setup.last(Write).name == "x.yaml"


def test_any_other_trouble_with_a_file_asks_for_another() -> None:
    setup = _at_review()
    setup.event(NotWritten(name="no/x.yaml", problem=UsageError("no folder", reference="no-folder")))
    assert setup.has(ShowProblem)
    assert setup.question.key == REVIEW


def test_the_kind_can_be_the_first_question() -> None:
    setup = Setup(kind="", gpus=None)
    assert setup.question.key == "kind"
    setup.type("trian")
    assert "train" in setup.last(ShowProblem).problem.hint
    setup.type("")
    assert setup.has(ShowProblem)
    setup.type("eval")
    assert setup.question.key == "model"
    assert setup.state.said.intent.task == "evaluate"


def test_spot_is_asked_where_it_is_sold_and_machines_where_there_can_be_several() -> None:
    for cloud, asked in (("gcp", ["nodes", "spot"]), ("local", []), ("slurm", ["nodes"])):
        setup = Setup(kind="job", intent={"model": "qwen3-8b", "dataset": "yahma/alpaca-cleaned", "method": "lora"}, gpus="8xH100")
        setup.type(cloud)
        found = []
        while setup.question.key != MORE:
            found.append(setup.question.key)
            setup.type("")
        assert found == asked, cloud


def test_several_machines_of_several_gpus() -> None:
    setup = Setup(kind="job", intent={"model": "qwen3-8b", "dataset": "yahma/alpaca-cleaned", "cloud": "gcp", "method": "lora"}, gpus="8xH100")
    assert setup.question.key == "nodes"
    setup.type("2")
    assert setup.state.outcome is not None
    machine = setup.state.outcome.hardware
    assert machine is not None
    assert (machine.nodes, machine.count, machine.gpu.name) == (2, 8, "H100")


def test_words_for_the_conversation_are_no_answers() -> None:
    setup = Setup(ends="chat")
    setup.type("/undo")
    assert setup.last(ShowProblem).problem.reference == "not-here"
    assert setup.question.key == "model"


def test_a_control_character_is_no_answer() -> None:
    setup = Setup()
    setup.type("qwen\x1b[31m")
    assert setup.has(ShowProblem)
    setup.type("q" * 5000)
    assert setup.has(ShowProblem)
    assert isinstance(setup.question, Put)


def test_several_nodes_where_none_are_joined_are_asked_again_where_they_were_said() -> None:
    setup = Setup(kind="job", gpus=None)
    while setup.question.key != "machine":
        setup.type({**ANSWERS, "cloud": "runpod"}.get(setup.question.key, ""))
    setup.type("2x8xH100")
    assert "RunPod" in setup.last(ShowProblem).problem.message
    assert setup.question.key == "machine"
    setup.type("8xH100")
    assert setup.question.key == "spot"  # nobody is asked for a number that can only be one
    setup.type("", "", "nodes=2")
    assert setup.has(ShowProblem)
    assert setup.state.said.intent.nodes is None
