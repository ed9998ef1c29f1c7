"""Recorded sessions of the guided setup in a pseudo-terminal, and the same by flags alone."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from pty_talk import CTRL_C, CTRL_D, ENTER, TAB, Talk, plain, run_plain

COLOUR = re.compile(r"\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[0-9;]*m")
MOVES = re.compile(r"\x1b\[[0-9;]*[A-HJKf]|\x1b\[\?\d+[hl]|\x1b[78]")


@dataclass(frozen=True)
class Recorded:
    """(what is typed, what the next screen shows) one after another, and the flags that say the same."""

    args: tuple[str, ...]
    steps: tuple[tuple[str, str], ...]
    flags: str
    file: str


TRAIN = Recorded(
    args=("train",),
    steps=(
        ("qwen3 8b", "What should it learn from?"), ("", "Which data?"), ("yahma/alpaca-cleaned", "Which machine?"), ("RTX4090", "Train all weights"),
        ("qlora", "upper bound"), ("lora_rank=32", "lora_rank is 32 now"), ("yes", "How many tokens per row?"), ("2k", "How many epochs?"),
        ("2", "How many steps?"), ("done", "Advanced settings too?"), ("warmup_steps=20", "warmup_steps is 20 now"), ("", "Save it?"),
    ),
    flags="train --model 'qwen3 8b' --dataset yahma/alpaca-cleaned --gpus RTX4090 --training-type qlora --lora-rank 32 --sequence-length 2k --epochs 2 --set training.warmup_steps=20",
    file="train.yaml",
)  # fmt: skip
EVAL = Recorded(
    args=("eval",),
    steps=(("smollm2 135m", "Which benchmarks?"), ("mmlu, gsm8k", "Which machine?"), ("L4", "More settings?"), ("limit=50", "limit is 50 now"), ("num_fewshot", "How many examples?"), ("3", "More settings?"), ("", "Save it?")),
    flags="eval --model 'smollm2 135m' --benchmarks mmlu,gsm8k --gpus L4 --limit 50 --num-fewshot 3",
    file="eval.yaml",
)  # fmt: skip
INFER = Recorded(
    args=("infer",),
    steps=(("qwen3 8b", "Which machine?"), ("L40S", "Which engine?"), ("vllm", "Which file holds the prompts?"), ("", "More settings?"), ("context=1", "no setting"), ("sequence_length=4k", "4,096 tokens"), ("", "Save it?")),
    flags="infer --model 'qwen3 8b' --gpus L40S --engine VLLM --sequence-length 4096",
    file="infer.yaml",
)  # fmt: skip
JOB = Recorded(
    args=("job",),
    steps=(
        ("qwen3 8b", "What should it learn from?"), ("", "Which data?"), ("", "Which cloud?"), ("gcp", "Which machine?"), ("8xH100", "How many machines?"),
        ("2", "2 nodes of 8 × H100"), ("yes", "Train all weights"), ("lora", "More settings?"), ("", "Save it?"),
    ),
    flags="job --model 'qwen3 8b' --cloud gcp --gpus 8xH100 --nodes 2 --spot --training-type lora",
    file="train.yaml",
)  # fmt: skip
GOING_BACK = Recorded(
    args=("train", "--gpus", "RTX4090"),
    steps=(
        ("smollm2 135m", "What should it learn from?"), ("<", "Before          smollm2 135m"), ("qwen3-8b", "What should it learn from?"), ("dpo", "Which data?"),
        ("<", "Before          dpo"), ("sft", "Which data?"), ("", "Train all weights"), ("full", "does not fit"), ("<", "Before          full"), ("lora", "More settings?"),
        ("", "Save it?"), ("<", "More settings?"), ("", "Save it?"),
    ),
    flags="train --gpus RTX4090 --model qwen3-8b --objective sft --training-type lora",
    file="train.yaml",
)  # fmt: skip
ASKING = Recorded(
    args=("train", "--model", "qwen3-8b", "--dataset", "yahma/alpaca-cleaned", "--gpus", "RTX4090"),
    steps=(
        ("?", "4 bit"), ("", "More settings?"), ("?", "learning_rate"), ("? warm", "training.warmup_steps"), ("learning_rate", "Which learning rate?"),
        ("?", "Field           training.learning_rate"), ("x", "must be a number, more than 0"), ("1e-4", "More settings?"), ("", "Save it?"),
    ),
    flags="train --model qwen3-8b --dataset yahma/alpaca-cleaned --gpus RTX4090 --learning-rate 0.0001",
    file="train.yaml",
)  # fmt: skip

QUANTIZE = Recorded(
    args=("quantize",),
    steps=(("smollm2 1.7b", "Which machine?"), ("L4", "Which method?"), ("bnb_8bit", "Where should the model go?"), ("<", "Before          bnb_8bit"), ("awq_q4_0", "Where should the model go?"), ("out/q4", "More settings?"), ("calibration_samples=128", "expected 6.3 GiB"), ("", "Save it?")),
    flags="quantize --model 'smollm2 1.7b' --gpus L4 --method awq_q4_0 --output-dir out/q4 --calibration-samples 128",
    file="quantize.yaml",
)  # fmt: skip
JUDGE = Recorded(
    args=("judge",),
    steps=(("gpt-4o", "Which answers are judged?"), ("answers.jsonl", "By what are they judged?"), ("?", "helpfulness"), ("politeness", "On which scale?"), ("1-5", "More settings?"), ("", "Save it?")),
    flags="judge --model gpt-4o --dataset answers.jsonl --criterion politeness --scale 1-5",
    file="judge.yaml",
)  # fmt: skip


def record(folder: Path, recorded: Recorded, **how: object) -> tuple[Path, str]:
    """The folder that the session wrote to, and the command that it said gives the same again."""
    with Talk(folder, "create", *recorded.args, **how) as talk:  # type: ignore[arg-type]
        for typed, shown in recorded.steps:
            seen = talk.say(typed)
            assert shown in seen, (typed, seen)
        end = talk.say("")
        assert "Saved" in end
        again = re.search(r"Again\s+(oumi-chat .*)", end)
        assert again, end
        assert talk.leave("") == 0
    return folder / "work", again.group(1).strip()


@pytest.mark.parametrize("recorded", [TRAIN, EVAL, INFER, JOB, GOING_BACK, ASKING, QUANTIZE, JUDGE], ids=["train", "eval", "infer", "job", "back", "help", "quantize", "judge"])
def test_a_session_and_its_flags_give_the_same_bytes(recorded: Recorded, tmp_path: Path) -> None:
    work, again = record(tmp_path, recorded)
    written = {path.name: path.read_bytes() for path in work.iterdir()}
    assert recorded.file in written
    for number, words in enumerate((shlex.split(recorded.flags), shlex.split(again)[2:])):
        other = tmp_path / f"flags{number}"
        other.mkdir()
        done = run_plain(other, "create", *words, "--offline", "-o", recorded.file)
        assert done.returncode == 0, done.stderr
        assert {name: (other / name).read_bytes() for name in written} == written


def test_a_job_session_writes_the_config_and_its_job(tmp_path: Path) -> None:
    work, _ = record(tmp_path, JOB)
    bodies = [yaml.safe_load(path.read_text()) for path in work.glob("*.yaml")]
    assert len(bodies) == 2
    job = next(body for body in bodies if "resources" in body)
    train = next(body for body in bodies if "training" in body)
    assert train["model"]["model_name"] == "Qwen/Qwen3-8B"
    assert job["num_nodes"] == 2
    assert job["resources"]["cloud"] == "gcp"
    assert job["resources"]["use_spot"] is True
    assert job["resources"]["accelerators"] == "H100:8"


def test_a_file_that_is_there_is_kept_until_a_yes(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "eval.yaml").write_text("mine\n")
    with Talk(tmp_path, "create", "eval", "--model", "smollm2-135m", "--gpus", "L4") as talk:
        talk.say("")
        talk.say("")
        assert "eval.yaml exists. Replace it?" in talk.say("")
        assert "Save it?" in talk.say("")
        assert (work / "eval.yaml").read_text() == "mine\n"
        talk.say("")
        assert "Saved" in talk.say("yes")
        assert talk.leave("") == 0
    assert "tasks" in yaml.safe_load((work / "eval.yaml").read_text())


@pytest.mark.parametrize(("keys", "word"), [(CTRL_C, "Left"), (CTRL_D, "Left"), ("quit" + ENTER, "Left")])
def test_leaving_writes_nothing_and_says_how_to_go_on(keys: str, word: str, tmp_path: Path) -> None:
    with Talk(tmp_path, "create", "train", "--gpus", "L4") as talk:
        talk.say("qwen3 8b")
        assert talk.leave(keys) == 130
        end = plain(talk.raw)
    assert word in end
    assert "oumi-chat create train --model 'qwen3 8b' --gpus L4 --offline" in end
    assert "Traceback" not in end
    assert not list((tmp_path / "work").iterdir())


def test_what_does_not_fit_ends_with_its_code(tmp_path: Path) -> None:
    with Talk(tmp_path, "create", "train", "--model", "llama3.1-8b", "--dataset", "yahma/alpaca-cleaned", "--gpus", "RTX4090") as talk:
        assert "does not fit" in talk.say("full")
        assert "Does not fit" in talk.say("")
        assert talk.leave("quit" + ENTER) == 4


def test_with_all_that_is_essential_nothing_is_asked(tmp_path: Path) -> None:
    flags = ("train", "--model", "smollm2-135m", "--dataset", "yahma/alpaca-cleaned", "--training-type", "auto", "--gpus", "cpu")
    talk = Talk(tmp_path, "create", *flags)
    assert talk.leave("") == 0
    assert "\x1b[?2004h" not in talk.raw
    assert "Process memory" in plain(talk.raw)


def test_tab_completes_a_name(tmp_path: Path) -> None:
    with Talk(tmp_path, "create", "train") as talk:
        talk.type("smollm2-135m-ins" + TAB)
        talk.settle(0.8)
        talk.type(TAB)
        talk.settle()
        assert "What should it learn from?" in talk.press(ENTER)
        assert "Which data?" in talk.say("")


def test_no_color_sends_none(tmp_path: Path) -> None:
    with Talk(tmp_path, "create", "train", environ={"NO_COLOR": "1"}) as talk:
        talk.say("qwen3 8b")
        talk.say("?")
        talk.leave(CTRL_D)
        assert not COLOUR.search(talk.raw)


def test_a_dumb_terminal_gets_lines_alone(tmp_path: Path) -> None:
    with Talk(tmp_path, "create", "infer", environ={"TERM": "dumb"}) as talk:
        talk.say("qwen3 8b")
        talk.say("L40S")
        assert "runs here" in talk.greeting + plain(talk.raw)
        assert talk.leave(CTRL_D) == 130
        assert not MOVES.search(talk.raw)
        assert plain(talk.raw).isascii()


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_lines_keep_to_the_width(columns: int, tmp_path: Path) -> None:
    with Talk(tmp_path, "create", "train", "--gpus", "RTX4090", columns=columns) as talk:
        shown = "".join([talk.greeting, talk.say("qwen3 8b"), talk.say("?"), talk.say(""), talk.say(""), talk.say("?"), talk.say("full")])
    assert max(len(line) for line in shown.splitlines()) <= columns


def test_the_chat_opens_it_and_takes_it_back(tmp_path: Path) -> None:
    with Talk(tmp_path) as talk:
        talk.say("lora qwen3 8b on a 4090")
        assert "What should it learn from?" in talk.say("/create")
        talk.say("")
        assert "More settings?" in talk.say("yahma/alpaca-cleaned")
        assert "waits" in talk.say("/undo")
        talk.say("lora_rank=64")
        changed = talk.say("")
        assert "16 → 64" in changed
        assert "Back to" in talk.say("/undo")
        assert "lora_r: 16" in talk.say("/show")
        assert talk.say("/create")
        assert "nothing is changed" in talk.say("quit")
        assert "Which benchmarks?" in talk.say("/create eval")
        talk.say("")
        assert "eval.yaml" in talk.say("")
        assert "Back to" in talk.say("/undo")
        assert "Nothing is changed" in "".join([talk.say("/create"), talk.say(""), talk.say(""), talk.say("")])
        assert talk.leave() == 0


def test_a_script_is_not_asked(tmp_path: Path) -> None:
    done = run_plain(tmp_path, "--offline", "--script", "-", stdin="lora qwen3 8b on a 4090\n/create\n")
    assert "/create asks its questions on a terminal" in done.stderr
