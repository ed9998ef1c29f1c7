"""The chat without a terminal: the step, answers to questions, what a line shows."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from talking import Talk

from assistant.chat.merging import merged
from assistant.chat.outside import save_arguments
from assistant.chat.remember import document_of, state_of
from assistant.chat.state import State, origins
from assistant.chat.talk import command_in, small_talk
from assistant.core.errors import UsageError
from assistant.reader import read


@pytest.fixture
def talk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Talk:
    monkeypatch.chdir(tmp_path)
    return Talk(capsys)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ("2x24GB cards", "use an H100", {"gpu": "H100", "gpu_memory_gb": None}),
        ("use an H100", "2x24GB cards", {"gpu": None, "gpu_memory_gb": 24, "gpu_count": 2}),
        ("2 A100s", "80gb cards", {"gpu": "A100-80GB", "gpu_memory_gb": None, "gpu_count": 2}),
        ("2 nodes of 8 H100s", "4 A100s", {"gpu": "A100", "gpu_count": 4, "nodes": None}),
        ("3 epochs", "500 steps", {"epochs": None, "max_steps": 500}),
        ("500 steps", "3 epochs", {"epochs": 3, "max_steps": None}),
        ("no gpu, just cpu", "4 gpus", {"gpu": None, "gpu_count": 4}),
        ("4 gpus", "no gpu, just cpu", {"gpu": "cpu", "gpu_count": None}),
        ("lora rank 64 peft.lora_dropout=0.1", "full finetune", {"method": "full", "lora_rank": None, "overrides": None}),
        ("lora llama3", "8k context", {"method": "lora", "sequence_length": 8192}),
    ],
)
def test_what_is_said_later_takes_its_rivals_with_it(before: str, now: str, expected: dict[str, object]) -> None:
    both = merged(read(before).intent, read(now).intent).model_dump()
    assert {key: both[key] for key in expected} == expected


def test_a_change_shows_what_changed_and_nothing_else(talk: Talk) -> None:
    whole = talk.say("lora llama 3.1 8b on 2 A100 80gb")
    assert "lora_alpha" in whole
    change = talk.say("rank 64")
    assert "16, 32 → 64, 128" in change
    assert "lora_r: 16 → 64" in change
    assert "upper bound" in change
    assert "model_name" not in change
    assert len(change.splitlines()) < 10
    assert "same" in talk.say("rank 64")
    assert "model_name" in talk.say("/show")


def test_an_override_and_words_do_not_fight(talk: Talk) -> None:
    talk.say("lora llama 3.1 8b on A100", "training.learning_rate=5e-5")
    assert "5e-05 → 1e-05" in talk.say("lr 1e-5")


@pytest.mark.parametrize(("reply", "model"), [("the second one", "Qwen/Qwen3-8B"), ("qwen3", "Qwen/Qwen3-8B"), ("smollm2 135m", "HuggingFaceTB/SmolLM2-135M-Instruct")])
def test_a_short_line_answers_the_question(talk: Talk, reply: str, model: str) -> None:
    assert "Which model" in talk.say("lora")
    talk.say(reply)
    assert talk.state.config is not None
    assert talk.state.config.plan is not None
    assert talk.state.config.plan.model.id == model


def test_a_question_stands_until_it_is_answered(talk: Talk) -> None:
    assert "Which model" in talk.say("lora on A100", "hm, what about the weather?")
    assert "No model" in talk.say("frobnicator")
    assert "LoRA · Qwen3-8B" in talk.say("qwen3 8b")


def test_a_number_answers_a_question_for_one(talk: Talk) -> None:
    assert "tokens" in talk.say("lora llama 3.1 8b on A100 80gb, 900k context")
    talk.say("4096")
    assert talk.state.intent.sequence_length == 4096
    assert talk.state.config is not None


def test_saving_after_a_line_without_a_config(talk: Talk, tmp_path: Path) -> None:
    talk.say("lora llama 3.1 8b on A100")
    assert "/undo" in talk.say("full finetune on a T4")
    assert "from before" in talk.say("/save one.yaml")
    assert "use_peft: true" in (tmp_path / "one.yaml").read_text()
    assert "no config yet" in Talk(talk.capsys).say("/save")


def test_an_existing_file_is_asked_about(talk: Talk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    talk.say("lora llama 3.1 8b on A100", "/save")
    before = (tmp_path / "train.yaml").read_text()
    talk.say("rank 64", "/save")
    assert talk.asked
    assert (tmp_path / "train.yaml").read_text() == before
    talk.say("/save train.yaml --force")
    assert "lora_r: 64" in (tmp_path / "train.yaml").read_text()
    assert len(talk.asked) == 1
    other = Talk(capsys, yes=True)
    other.say("lora qwen3 8b on A100", "/save")
    assert "Qwen3-8B" in (tmp_path / "train.yaml").read_text()


def test_the_name_to_save_under() -> None:
    assert save_arguments("", "train.yaml") == ("train.yaml", False)
    assert save_arguments("my file.yaml --force", "t") == ("my file.yaml", True)
    assert save_arguments("'q.yaml'", "t") == ("q.yaml", False)
    with pytest.raises(UsageError, match="no option"):
        save_arguments("-x", "t")


def test_undo_shows_the_plan_it_goes_back_to(talk: Talk) -> None:
    assert "nothing to undo" in talk.say("/undo")
    talk.say("lora qwen3 8b on A100", "3 epochs")
    back = talk.say("/undo")
    assert "Back to: LoRA · Qwen3-8B" in back
    assert "1 epoch" in back
    assert "Back to: LoRA · Qwen3-8B" in talk.say("/reset", "/undo")
    assert "start" in talk.say("/undo")


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("quit", "/quit"),
        ("Exit", "/quit"),
        ("bye!", "/quit"),
        ("reset", "/reset"),
        ("undo", "/undo"),
        ("save", "/save"),
        ("save it as a.yaml", "/save a.yaml"),
        ("/save -x", "/save -x"),
        ("save memory", None),
        ("show me lora", None),
        ("help me train llama", None),
    ],
)
def test_commands_without_a_slash(line: str, command: str | None) -> None:
    assert command_in(line) == command


def test_small_talk_is_short(talk: Talk) -> None:
    for line in ("hello", "thanks!", "who are you?"):
        assert len(talk.say(line).splitlines()) <= 2
        assert talk.state == State()
    assert small_talk("hello llama3 lora", has_config=False) is None
    talk.say("qlora qwen3 8b on A100")
    before = talk.state
    assert "nothing is spread" in talk.say("why ddp?")
    assert talk.state == before


def test_a_mistake_changes_nothing(talk: Talk) -> None:
    talk.say("lora qwen3 8b on A100")
    before = talk.state
    assert "learning_rate" in talk.say("training.learning_rte=1")
    assert talk.state is before


def test_what_is_typed_shows_no_invisible_characters() -> None:
    from assistant.chat.prompt import visible

    assert visible("lora \u202ellama\x1b") == "lora \ufffdllama\ufffd"
    assert visible("训练 lora") == "训练 lora"


def changes(talk: Talk, *lines: str) -> dict[str, object]:
    """What is said after these lines."""
    talk.say(*lines)
    return talk.state.intent.model_dump(exclude_none=True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("double the context", {"sequence_length": 8192}),
        ("cut the batch to a quarter", {"global_batch_size": 16}),
        ("4x longer on context", {"sequence_length": 16384}),
        ("lr 10 times smaller", {"learning_rate": 3e-05}),
        ("half the learning rate and twice the rank", {"learning_rate": 0.00015, "lora_rank": 32}),
        ("raise the rank by 16", {"lora_rank": 32}),
        ("reduce the lr by 50%", {"learning_rate": 0.00015}),
        ("two more epochs", {"epochs": 3}),
        ("alpha should equal the rank", {"lora_alpha": 16}),
        ("set alpha to twice the rank", {"lora_alpha": 32}),
        ("a third longer context", {"sequence_length": 5461}),
        ("twice as many gpus", {"gpu_count": 4}),
        ("use 8 of them", {"gpu_count": 8}),
        ("another node", {"nodes": 2}),
        ("the 40gb version", {"gpu": "A100"}),
        ("the 70b instead", {"model": "meta-llama/Llama-3.1-70B-Instruct"}),
        ("use the base one", {"model": "meta-llama/Llama-3.1-8B"}),
        ("bump rank up to 64", {"lora_rank": 64}),
        ("use less memory", {"priority": "memory"}),
        ("make it faster", {"priority": "speed"}),
    ],
)
def test_a_change_said_against_what_stands(talk: Talk, line: str, expected: dict[str, object]) -> None:
    said = changes(talk, "lora llama 3.1 8b on 2 A100 80gb", line)
    assert {key: said.get(key) for key in expected} == expected


@pytest.mark.parametrize(
    ("first", "line", "gone"),
    [
        ("seed 7", "drop the seed", "seed"),
        ("under $200", "forget the budget", "max_dollars"),
        ("under 3 hours", "no time limit", "max_hours"),
        ("8k context", "undo the context thing", "sequence_length"),
        ("lr 1e-5", "default learning rate please", "learning_rate"),
        ("batch 32", "you choose the batch size", "global_batch_size"),
        ("training.warmup_steps=50", "remove the warmup override", "overrides"),
    ],
)
def test_what_is_taken_back_is_no_longer_said(talk: Talk, first: str, line: str, gone: str) -> None:
    assert gone in changes(talk, "lora llama 3.1 8b on 2 A100 80gb, rank 32", first)
    said = changes(talk, line)
    assert gone not in said
    assert said["lora_rank"] == 32


def test_what_is_relative_and_stands_nowhere_is_said_so(talk: Talk) -> None:
    assert "no lora rank yet" in talk.say("double the rank")
    talk.say("full finetune smollm2 135m on an A100")
    assert "no lora rank yet" in talk.say("double the rank")


def test_a_pronoun_is_what_was_changed_last(talk: Talk) -> None:
    assert changes(talk, "lora llama 3.1 8b on A100 80gb", "rank 32", "double that")["lora_rank"] == 64
    assert changes(talk, "no, 48")["lora_rank"] == 48
    assert changes(talk, "a quarter of the original")["lora_rank"] == 4
    assert "lora_rank" not in changes(talk, "default rank again")


def test_a_what_if_changes_nothing_before_a_yes(talk: Talk) -> None:
    talk.say("lora llama 3.1 8b on A100 80gb")
    before = talk.state
    shown = talk.say("what about qlora?")
    assert "LoRA → QLoRA" in shown
    assert "Nothing is changed yet" in shown
    assert talk.state.intent == before.intent
    assert talk.state.config is before.config
    assert "Kept" in talk.say("nah, keep it")
    assert changes(talk, "and on a 4090?", "double the rank")["gpu"] == "A100-80GB"
    assert changes(talk, "and on 2 H100s?", "yes. 8k context") == {**changes(talk), "gpu": "H100", "gpu_count": 2, "sequence_length": 8192}


def test_a_what_if_that_does_not_fit_says_so_and_keeps_the_plan(talk: Talk) -> None:
    talk.say("lora llama 3.1 8b on A100 80gb")
    shown = talk.say("what if I used a T4?")
    assert "Does not fit" in shown
    assert "plan from before stands" in shown
    assert talk.state.intent.gpu == "A100-80GB"


def test_where_no_plan_fits_a_what_if_is_taken(talk: Talk) -> None:
    talk.say("full finetune llama 3.1 8b on a 4090")
    assert changes(talk, "and with qlora?")["method"] == "qlora"


def test_a_way_out_is_taken_by_its_place_or_its_words(talk: Talk) -> None:
    talk.say("full finetune llama 3.1 8b on a 4090")
    ways = talk.state.outcome.ways_out if talk.state.outcome else ()
    first = ways[0].plan
    talk.say("take the first option")
    plan = talk.state.config.plan if talk.state.config else None
    assert plan is not None
    assert (plan.method, plan.sequence_length) == (first.method, first.sequence_length)
    assert changes(talk, "undo", "do the qlora one")["method"] == "qlora"


def test_one_question_at_a_time_and_only_where_it_matters(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    talk = Talk(capsys, follows_up=True)
    shown = talk.say("lora llama 3.1 8b on 2 A100s")
    assert shown.count("?") == 1
    assert "[40 GB] / 80 GB" in shown
    assert "40 GB it is" in talk.say("skip")
    assert talk.state.intent.gpu == "A100"
    again = talk.say("rank 32")
    assert "40 GB" not in again.partition("?")[2]
    asked = [talk.say(line).count("[") for line in ("rank 64", "rank 128", "rank 16", "rank 8")]
    assert sum(asked) <= 2


def test_the_answer_to_a_follow_up_is_planned_with(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk(capsys, follows_up=True)
    talk.say("lora llama 3.1 8b on 2 A100s")
    assert changes(talk, "80")["gpu"] == "A100-80GB"
    other = Talk(capsys, follows_up=True)
    other.say("lora llama 3.1 8b on 2 A100s")
    assert "rank" in other.say("rank 32").lower()
    assert other.state.intent.lora_rank == 32


def test_a_question_about_the_plan_changes_nothing(talk: Talk) -> None:
    talk.say("lora llama 3.1 8b on 2 A100 80gb")
    before = talk.state
    for line, word in (("why that batch size?", "64"), ("how long will it take?", "min"), ("what is nf4?", "4"), ("how do I run it?", "torchrun")):
        assert word in talk.say(line)
        assert talk.state.intent == before.intent
        assert talk.state.config is before.config
        assert talk.state.before == before.before


def test_another_task_is_planned_for_what_was_trained(talk: Talk) -> None:
    talk.say("train smollm2 135m on an A100, output in out/smol")
    shown = talk.say("now evaluate it on hellaswag")
    assert "hellaswag (10-shot)" in shown
    assert "model_name: out/smol" in shown
    assert "HuggingFaceTB/SmolLM2-135M-Instruct" in shown, "the model that it was trained from"
    said = changes(talk, "add mmlu", "5-shot")
    assert (said["task"], said["model"], said["benchmarks"], said["num_fewshot"]) == ("evaluate", "out/smol", ["hellaswag", "mmlu"], 5)
    assert changes(talk, "drop hellaswag")["benchmarks"] == ["mmlu"]
    assert "output_dir: out/smol" in talk.say("train it again for 2 epochs", "/show")


def test_more_gpus_for_an_evaluation_are_another_plan_though_its_file_is_the_same(talk: Talk) -> None:
    talk.say("evaluate qwen3 4b on hellaswag on a 4090")
    shown = talk.say("what about 2 4090s?")
    assert "same plan" not in shown
    assert "2 × RTX 4090" in shown
    talk.say("yes")
    assert "accelerate launch" in talk.say("/show")


def test_starting_over_forgets_everything_and_can_be_undone(talk: Talk) -> None:
    talk.say("lora llama 3.1 8b on 2 A100 80gb, under $50")
    said = changes(talk, "forget everything, let's begin again: qlora qwen3 8b on a T4")
    assert said == {"task": "train", "model": "Qwen/Qwen3-8B", "method": "qlora", "gpu": "T4", "gpu_count": 1}


def test_set_and_gpus_are_marked_as_flags(talk: Talk) -> None:
    talk.say("lora llama 3.1 8b on A100 80gb")
    assert "→ 50" in talk.say("/set training.warmup_steps=50") or "warmup_steps: 50" in talk.say("/show")
    assert origins(talk.state)["training.warmup_steps"] == "flag"
    assert "H100" in talk.say("/gpus 4xH100")
    assert talk.state.gpus == "4xH100"
    assert origins(talk.state)["hardware"] == "flag"
    assert changes(talk, "use 8 of them")["gpu_count"] == 8
    assert talk.state.gpus is None
    assert "Did you mean" in talk.say("/set training.warmup_stepz=50")
    assert "No command /valdate" in talk.say("/valdate")
    assert "/validate" in talk.say("/valdate")


def test_origins_tell_what_was_said_from_what_was_assumed(talk: Talk) -> None:
    talk.say("lora llama3 on 2 A100s, rank 32")
    found = origins(talk.state)
    assert (found["lora_rank"], found["sequence_length"], found["learning_rate"]) == ("said", "assumed", "default")
    assert "Said" in talk.say("/why")


def test_a_pasted_error_is_answered_with_a_change(talk: Talk) -> None:
    talk.say("lora llama 3.1 8b on A100 80gb, micro batch 8")
    error = (
        "  File \"train.py\", line 3, in backward\n    loss.backward()\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 7.83 GiB. "
        "GPU 0 has a total capacity of 79.25 GiB of which 3.12 GiB is free. Including non-PyTorch memory, this process has 76.10 GiB memory in use. "
        "Of the allocated memory 74.10 GiB is allocated by PyTorch, and 312.00 MiB is reserved by PyTorch but unallocated."
    )
    shown = talk.say(error)
    assert "79.2" in shown
    assert "+  per_device_train_batch_size:" in shown
    before = talk.state.config.plan.micro_batch_size if talk.state.config and talk.state.config.plan else 0
    talk.say("yes")
    after = talk.state.config.plan.micro_batch_size if talk.state.config and talk.state.config.plan else 99
    assert after < before


def test_a_config_is_loaded_and_goes_on(talk: Talk, tmp_path: Path) -> None:
    talk.say("qlora qwen3 8b on A100, rank 32, lr 1e-4, training.warmup_steps=50", "/save a.yaml", "/reset")
    assert "Loaded" in talk.say("/load a.yaml")
    said = talk.state.intent
    assert (said.method, said.lora_rank, said.learning_rate, said.model) == ("qlora", 32, 1e-4, "Qwen/Qwen3-8B")
    assert (said.overrides or {})["training.warmup_steps"] == 50
    assert origins(talk.state)["learning_rate"] == "file"
    assert "from a.yaml" in talk.say("why this learning rate?")
    shown = talk.say("lr 1e-5", "/why")
    assert "as you asked" in talk.say("why this learning rate?")
    assert "In the file" in shown
    taken_up = state_of(document_of(talk.state))
    assert (taken_up.given, origins(taken_up)["learning_rate"]) == (talk.state.given, "said")
    before, after = yaml.safe_load(Path("a.yaml").read_text()), yaml.safe_load(talk.state.config.files[0].yaml if talk.state.config else "")
    before["training"]["learning_rate"] = 1e-5
    assert after == before
    assert "There is no file" in talk.say("/load nothing.yaml")


def test_an_error_of_a_loaded_config_that_does_not_fit_is_mended_in_its_text(talk: Talk, tmp_path: Path) -> None:
    text = """model: {model_name: meta-llama/Llama-3.1-8B-Instruct, model_max_length: 2048, torch_dtype_str: bfloat16}
data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}
training:
  trainer_type: TRL_SFT  # mine
  use_peft: true
  per_device_train_batch_size: 4
  gradient_accumulation_steps: 4
"""
    (tmp_path / "run.yaml").write_text(text)
    assert "Does not fit" in talk.say("/gpus A100", f"/load {tmp_path / 'run.yaml'}")
    shown = talk.say("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 4.00 GiB. GPU 0 has a total capacity of 39.39 GiB of which 1.20 GiB is free.")
    assert "+  per_device_train_batch_size: 1" in shown
    assert "Now: LoRA" in talk.say("yes")
    expected = text.replace("batch_size: 4", "batch_size: 1").replace("steps: 4", "steps: 16")
    assert talk.state.config is not None
    assert talk.state.config.files[0].yaml == expected


def test_a_loaded_config_says_which_machine_is_assumed_for_it(talk: Talk) -> None:
    talk.say("lora smollm2 135m", "/save a.yaml", "/reset")
    assert "a.yaml names no machine: 1xRTX4090 is assumed" in talk.say("/load a.yaml")
    talk.say("/reset", "/gpus 2xA100")
    assert "names no machine" not in talk.say("/load a.yaml")


def test_any_order_of_lines_gives_a_state(talk: Talk) -> None:
    lines = ["lora qwen3 8b", "undo", "undo", "yes", "skip", "/diff", "what about full?", "/undo", "no", "/reset", "double it", "the 70b", "option 3", "/show", "/json", "/cost", "80", "forget the budget"]
    for _ in range(3):
        for line in lines:
            talk.say(line)


def fake_oumi(folder: Path, code: int) -> None:
    """A program `oumi` that writes down how it was called."""
    program = folder / "bin" / "oumi"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\necho "$@" > "{folder}/called"\nexit {code}\n')
    program.chmod(0o755)


@pytest.mark.parametrize(("code", "words"), [(0, "ended well"), (3, "ended with code 3")])
def test_launching_saves_shows_asks_and_runs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    fake_oumi(tmp_path, code)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    talk = Talk(capsys, yes=True)
    talk.say("lora smollm2 135m on the cpu")
    shown = talk.say("/launch my file.yaml")
    assert words in shown
    assert "as planned: it runs on the CPU" in shown  # the checks come first
    assert talk.asked == ["Run oumi train -c 'my file.yaml'?"]
    assert (tmp_path / "called").read_text().strip() == "train -c my file.yaml"
    assert (tmp_path / "my file.yaml").exists()


def test_launching_on_another_machine_than_was_planned_for_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fake_oumi(tmp_path, 0)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    talk = Talk(capsys)
    talk.say("lora smollm2 135m on 2 A100s")
    assert "planned for 2xA100, and there is no GPU here" in talk.say("/launch")
    assert not (tmp_path / "called").exists()


def test_a_run_that_fails_is_read_as_if_its_error_had_been_pasted(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fake_oumi(tmp_path, 1)
    log = Path(__file__).parents[1] / "reader" / "traces" / "oom_loss_torch28.log"
    program = tmp_path / "bin" / "oumi"
    program.write_text(f'#!/bin/sh\ncat "{log}" >&2\nexit 1\n')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    talk = Talk(capsys, yes=True)
    talk.say("lora llama 3.1 8b on an A100 80gb, micro batch 4, 4k context")
    pasted = talk.say(log.read_text("utf-8"))
    assert "Change" in pasted
    shown = talk.say("no", "/launch")
    assert "ended with code 1" in shown
    assert all(line in shown for line in pasted.splitlines())


def test_launching_without_a_yes_or_without_oumi_runs_nothing(talk: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert "no config yet" in talk.say("/launch")
    talk.say("lora smollm2 135m on A100")
    assert "not installed here" in talk.say("/launch")
    assert not (tmp_path / "train.yaml").exists()
    fake_oumi(tmp_path, 0)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    assert "Nothing was started" in talk.say("/launch")
    assert not (tmp_path / "called").exists()


STANDING = "lora llama 3.1 8b on 4 A100-80GB with alpaca"


@pytest.mark.parametrize(
    "line",
    [
        "please don't use H100s",
        "without 4090s",
        "not on aws",
        "anywhere but aws",
        "don't set lr to 1e-5",
        "don't train for 3 epochs",
        "don't save to out/x",
        "not qwen 7b",
        "is a 4090 enough?",
        "should I use qlora?",
        "will 16k context work",
        "is lr 1e-3 too high?",
        "I wonder about 8k context",
        "and 70b?",
        "is llama better than qwen?",
        "can it run on one L4",
        "how many H100 would the 70b need?",
    ],
)
def test_what_is_denied_or_asked_changes_nothing(talk: Talk, line: str) -> None:
    before = changes(talk, STANDING)
    assert changes(talk, line) == before


def test_the_method_that_stands_can_be_refused(talk: Talk) -> None:
    talk.say(STANDING)
    assert "which method instead" in talk.say("no lora")
    assert changes(talk, "full fine-tuning")["method"] == "full"


@pytest.mark.parametrize("line", ["make it faster", "switch it to adafactor", "make it cheaper"])
def test_another_wish_is_no_yes_to_a_what_if(talk: Talk, line: str) -> None:
    talk.say("lora qwen3 8b on 2 A100s, alpaca", "and on an H100?")
    assert changes(talk, line)["gpu"] == "A100"


@pytest.mark.parametrize("line", ["half the learning rate", "double it", "no", "what about the weather", "please make the context longer"])
def test_a_sentence_is_no_model(talk: Talk, line: str) -> None:
    assert "model" not in changes(talk, "lora on 2 A100-80GB", line)


def test_skip_takes_the_first_model_that_is_offered(talk: Talk) -> None:
    assert "Which model" in talk.say("lora on 2 A100-80GB")
    assert changes(talk, "skip")["model"] == "meta-llama/Llama-3.1-8B-Instruct"
    assert "No question is open" in talk.say("skip")


def test_a_sentence_about_an_error_is_a_request(talk: Talk) -> None:
    talk.say(STANDING)
    assert changes(talk, "it said CUDA out of memory. Use qlora instead")["method"] == "qlora"
    assert changes(talk, "CUDA out of memory, so use micro batch 1")["micro_batch_size"] == 1


@pytest.mark.parametrize(
    ("line", "rank"),
    [("rank 64, no wait rank 32", 32), ("change rank from 16 to 64", 64), ("rank 16 -> 32", 32), ("not rank 8 but 24", 24)],
)
def test_the_last_word_of_a_correction_counts(talk: Talk, line: str, rank: int) -> None:
    assert changes(talk, STANDING, line)["lora_rank"] == rank


def test_set_takes_the_whole_value_or_refuses(talk: Talk) -> None:
    talk.say(STANDING)
    assert "learning_rate" in talk.say("/set training.learning_rate=1e-5 and epochs=3")
    assert talk.state.intent.learning_rate is None
    talk.say("/set lora_r=64")
    assert talk.state.intent.lora_rank == 64


def test_what_changes_nothing_costs_no_undo(talk: Talk) -> None:
    talk.say(STANDING, "rank 64")
    before = talk.state
    talk.say("rank 64")
    assert talk.state.before == before.before


@pytest.mark.timing
def test_a_long_line_is_quick(talk: Talk) -> None:
    import time

    talk.say(STANDING)
    begun = time.monotonic()
    talk.say("a " * 3000)
    talk.say("abc def ghi " * 3000)
    assert time.monotonic() - begun < 4.0


def test_setting_what_is_said_already_ends_nothing(talk: Talk) -> None:
    talk.say(STANDING, "/model llama 3.1 8b", "/model llama 3.1 8b", "/set training.warmup_steps=50")
    assert "No change" in talk.say("/set training.warmup_steps=50")


@pytest.mark.parametrize("line", ["ok, how long will it take?", "ok thanks", "ok, what about full fine-tuning?"])
def test_an_ok_before_something_else_takes_no_what_if(talk: Talk, line: str) -> None:
    talk.say(STANDING, "what about qlora?")
    assert changes(talk, line)["method"] == "lora"


def test_undo_brings_no_what_if_back(talk: Talk) -> None:
    talk.say(STANDING, "what about qlora?", "/gpus 2xH100-80GB", "/undo")
    assert changes(talk, "yes")["method"] == "lora"


@pytest.mark.parametrize(("line", "expected"), [("drop the lr to 1e-5", {"learning_rate": 1e-5}), ("drop rank to 8", {"lora_rank": 8}), ("no more epochs", {}), ("100% longer context", {"sequence_length": 8192})])
def test_values_after_a_verb_count(talk: Talk, line: str, expected: dict[str, object]) -> None:
    before = changes(talk, STANDING, "lr 1e-4, rank 32")
    assert changes(talk, line) == {**before, **expected}


@pytest.mark.parametrize(("line", "length", "rate"), [("8192", 8192, None), ("the second one", 8192, None), ("8,192 tokens. learning rate 1e-5", 8192, 1e-5)])
def test_a_follow_up_is_answered_by_number_by_place_and_with_more(
    capsys: pytest.CaptureFixture[str], line: str, length: int, rate: float | None
) -> None:
    talk = Talk(capsys, follows_up=True)
    assert "[4,096 tokens] / 8,192 tokens" in talk.say("lora llama 3.1 8b on 1 A100-80GB")
    said = changes(talk, line)
    assert (said.get("sequence_length"), said.get("learning_rate")) == (length, rate)


def test_rows_of_a_known_dataset_are_not_asked_about(capsys: pytest.CaptureFixture[str]) -> None:
    assert "How long are the rows" not in Talk(capsys, follows_up=True).say("lora llama 3.1 8b on 1 A100-80GB with yahma/alpaca-cleaned")
    assert "How long are the rows" in Talk(capsys, follows_up=True).say("lora llama 3.1 8b on 1 A100-80GB")


def test_a_cloud_brings_a_job_that_is_saved_with_the_config(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    talk = Talk(capsys, yes=True)
    talk.say("lora llama 3.1 8b on 8 A100 80gb")
    assert "none → AWS" in talk.say("on aws")
    assert "AWS · A100-80GB:8" in talk.say("on gcp instead")
    talk.say("/save")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job.yaml", "train.yaml"]
    assert "cloud: gcp" in (tmp_path / "job.yaml").read_text("utf-8")
    assert "holds this config already" in talk.say("/save")
    talk.say("on lambda", "/save")
    assert talk.asked == ["job.yaml exists. Replace it?"]
    assert "cloud: lambda" in (tmp_path / "job.yaml").read_text("utf-8")


@pytest.mark.parametrize("between", [("evaluate it on mmlu",), ("serve it",), ("evaluate it on mmlu", "serve it")])
def test_back_at_the_training_nothing_is_said_of_what_it_writes(talk: Talk, between: tuple[str, ...]) -> None:
    assert '"llama3"' in " ".join(note.why for note in (talk.say("lora llama3 on an A100"), talk.state.notes)[1])
    assert "what the training before writes" in talk.say(*between)
    assert "what the training before writes" not in talk.say("back to training")
    assert '"llama3"' in " ".join(note.why for note in talk.state.notes)  # what the training itself said of it is
    assert "what the training before writes" in talk.say("evaluate it on mmlu")


@pytest.mark.parametrize(("asked", "line", "key", "value"), [("what does lora rank do", "ok make it 32", "lora_rank", 32), ("what's a learning rate?", "make it 1e-4", "learning_rate", 1e-4)])
@pytest.mark.parametrize("first", ["qwen3 4b, i have one 3090", "lora qwen3 4b on a 3090"])
def test_a_number_after_a_question_is_of_what_was_asked_about(capsys: pytest.CaptureFixture[str], first: str, asked: str, line: str, key: str, value: float) -> None:
    talk = Talk(capsys)
    talk.say(first, asked, line)
    assert getattr(talk.state.intent, key) == value
    assert talk.state.intent.gpu_count == 1


def test_what_only_the_objective_in_talk_has_is_understood(talk: Talk) -> None:
    talk.say("dpo llama 3.2 3b on prefs.jsonl with a 24gb card")
    assert "beta: 0.1 → 0.05" in talk.say("beta 0.05")
    assert "beta: 0.05 → 0.2" in talk.say("hm, 0.2")
    assert talk.state.intent.gpu_count in (None, 1)


def test_a_part_of_a_thing_is_no_count_of_it(talk: Talk) -> None:
    talk.say("lora llama 3.2 3b on an A100", "2 gpus")
    assert "input should be" not in talk.say("hm, 0.2")
    assert talk.state.intent.gpu_count == 2
