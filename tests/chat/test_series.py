"""A training and the steps on what it writes, in a conversation: all of them stay, and a change of one is shown in the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from talking import Talk

from assistant.chat.conversation import Conversation
from assistant.chat.planning import again
from assistant.chat.remember import document_of, state_of

FIRST = "lora qwen3 8b on my data.jsonl on 2 A100s, then evaluate it on mmlu"


@pytest.fixture
def talk(capsys: pytest.CaptureFixture[str]) -> Talk:
    return Talk(capsys)


def kinds(talk: Talk) -> list[str]:
    assert talk.state.config is not None
    return [file.kind for file in talk.state.config.files]


def saved(talk: Talk, folder: Path) -> dict[str, dict[str, object]]:
    folder.mkdir(exist_ok=True)
    talk.say(f"/save {folder} --force")
    return {path.name: yaml.safe_load(path.read_text("utf-8")) for path in sorted(folder.iterdir())}


def test_a_line_with_several_steps_plans_all_of_them(talk: Talk) -> None:
    shown = talk.say(f"{FIRST} and serve it with vllm")
    assert kinds(talk) == ["train", "eval", "infer"]
    assert "Evaluation · Qwen3-8B + output/qwen3-8b.lora" in shown
    assert "vLLM" in shown
    assert talk.state.intent.task == "train"


def test_an_inference_after_a_training_and_its_evaluation_keeps_all(talk: Talk, tmp_path: Path) -> None:
    talk.say(FIRST)
    assert "Kept with it: train.yaml, eval.yaml" in talk.say("now an infer for it")
    assert kinds(talk) == ["infer"]
    files = saved(talk, tmp_path / "set")
    assert list(files) == ["eval.yaml", "infer.yaml", "train.yaml"]
    made = files["train.yaml"]["training"]["output_dir"]  # type: ignore[index]
    assert {files[name]["model"]["adapter_model"] for name in ("eval.yaml", "infer.yaml")} == {made}  # type: ignore[index]
    assert files["eval.yaml"]["tasks"][0]["task_name"] == "mmlu"  # type: ignore[index]


def test_a_change_of_the_training_is_shown_in_its_steps(talk: Talk) -> None:
    talk.say(FIRST)
    shown = talk.say("save to out/mine")
    assert "In eval.yaml" in shown
    assert "adapter_model: output/qwen3-8b.lora → out/mine" in shown
    shown = talk.say("full fine-tuning on 8 H100s")
    assert "2 × A100 40 GB → Evaluation · mine" in shown.replace("\n", " ").replace("                  ", "")
    assert "model_name: Qwen/Qwen3-8B → out/mine" in shown
    assert "-   adapter_model: out/mine" in shown


def test_a_training_is_changed_while_a_step_is_talked_about(talk: Talk, tmp_path: Path) -> None:
    talk.say(FIRST, "now an infer for it", "temperature 0.7")
    shown = talk.say("rank 64")
    assert "16, 32 → 64, 128" in shown
    assert talk.state.intent.task == "train"
    assert talk.state.intent.model == "Qwen/Qwen3-8B"
    assert kinds(talk) == ["train", "eval", "infer"]
    files = saved(talk, tmp_path)
    assert files["infer.yaml"]["generation"]["temperature"] == 0.7  # type: ignore[index]
    assert files["train.yaml"]["peft"]["lora_r"] == 64  # type: ignore[index]


def test_a_step_that_is_kept_is_gone_on_with(talk: Talk) -> None:
    talk.say(FIRST, "now an infer for it", "temperature 0.7", "rank 64")
    assert "temperature: 0.7" in talk.say("serve it with vllm")
    talk.say("evaluate it on gsm8k")
    assert talk.state.intent.benchmarks == ["gsm8k"]
    talk.say("add mmlu")
    assert talk.state.intent.benchmarks == ["gsm8k", "mmlu"]


def test_a_step_on_another_model_is_no_part_of_the_set(talk: Talk) -> None:
    talk.say(FIRST)
    assert "Kept with it" not in talk.say("evaluate qwen3 4b on mmlu")
    assert talk.state.training is None


def test_undo_goes_back_to_the_set(talk: Talk) -> None:
    talk.say(FIRST, "now an infer for it", "rank 64", "/undo", "/undo")
    assert talk.state.intent.task == "train"
    assert kinds(talk) == ["train", "eval"]


def test_a_session_keeps_the_set(talk: Talk) -> None:
    talk.say(FIRST, "now an infer for it")
    before = talk.state
    document = json.loads(json.dumps(document_of(before)))
    talk.talk = Conversation(desk=talk.desk, state=state_of(document))
    talk.talk.resume(again(talk.state, "Resumed: "))
    assert (talk.state.training, talk.state.later) == (before.training, before.later)
    talk.say("rank 64")
    assert kinds(talk) == ["train", "eval", "infer"]


def test_a_step_that_cannot_be_planned_is_named(talk: Talk) -> None:
    shown = talk.say("qlora qwen3 8b on an A100, then evaluate it on mmlu and quantize it")
    assert kinds(talk) == ["train", "eval"]
    assert 'left out: "quantize it" (QLoRA' in shown


@pytest.mark.parametrize(("first", "second"), [("lora llama 3.1 8b on 2 A100-80GB with alpaca, 0.5 epochs", "rank 8"), ("lora llama 3.1 8b on 2 A100-80GB with alpaca", "0.5 epochs")])
def test_a_step_goes_onto_what_the_training_writes_while_a_question_of_it_is_open(talk: Talk, tmp_path: Path, first: str, second: str) -> None:
    talk.say(first)
    talk.say(second)
    shown = talk.say("evaluate it")
    assert "adapter_model: output/llama-3.1-8b-instruct.lora" in shown
    files = saved(talk, tmp_path / "set")
    assert sorted(files) == ["eval.yaml", "train.yaml"]
    assert files["train.yaml"]["training"]["num_train_epochs"] == 1  # type: ignore[index]
    assert "num_train_epochs: 1  # not settled" in (tmp_path / "set" / "train.yaml").read_text("utf-8")
    assert "How long should it train?" in talk.say("back to training")


def test_a_step_on_a_training_that_does_not_fit_is_on_its_folder(talk: Talk) -> None:
    talk.say("lora llama 3.1 70b on one 4090")
    shown = talk.say("evaluate it on 8 H100s")
    assert "adapter_model: output/llama-3.1-70b-instruct.lora" in shown


@pytest.mark.parametrize("line", ["no evaluation", "drop the evaluation", "I don't want an evaluation", "ok, no eval please"])
def test_a_step_that_is_not_wanted_goes_and_undo_brings_it_back(talk: Talk, line: str) -> None:
    talk.say(FIRST)
    shown = talk.say(line)
    assert "train.yaml, eval.yaml → train.yaml" in shown
    assert (kinds(talk), talk.state.intent.task) == (["train"], "train")
    talk.say("undo")
    assert kinds(talk) == ["train", "eval"]


def test_from_a_step_that_is_not_wanted_the_talk_goes_back_to_the_training(talk: Talk) -> None:
    talk.say("lora qwen3 8b on 2 A100s")
    talk.say("evaluate it on gsm8k")
    talk.say("serve it with vllm")
    talk.say("no evaluation")
    assert talk.state.intent.task == "infer"
    talk.say("drop the inference")
    assert (kinds(talk), talk.state.intent.task) == (["train"], "train")


def test_what_is_not_planned_is_not_dropped(talk: Talk) -> None:
    talk.say("lora qwen3 8b on 2 A100s")
    talk.say("what about qlora?")
    assert "No evaluation is planned" in talk.say("no evaluation")
    talk.say("yes")
    assert (talk.state.intent.task, talk.state.intent.method) == ("train", "qlora")
    fresh = talk.say("evaluate qwen3 8b on gsm8k") and talk.say("no evaluation")
    assert "nothing but the evaluation" in fresh


@pytest.mark.parametrize(
    "line",
    [
        "serve it on q.jsonl with vllm", "evaluate it with 2k context", "serve it with 16k context", "judge the answers in out.jsonl with gpt-4o",
        "make 200 synthetic questions with claude sonnet from docs.txt", "quantize qwen3 4b", "evaluate gemma 3 4b on mmlu", "evaluate it with batch size 4",
    ],
)  # fmt: skip
def test_back_in_training_nothing_of_another_kind_of_config_is_left(talk: Talk, line: str) -> None:
    talk.say("lora qwen 2.5 7b on an A100 with tatsu-lab/alpaca, 2 epochs")
    before = talk.state.config
    talk.say(line)
    assert talk.state.intent.task != "train"
    talk.say("back to training")
    assert before is not None
    assert before.plan is not None
    assert talk.state.config is not None
    after = talk.state.config.plan
    assert after is not None
    assert (after.model, after.dataset, after.sequence_length, after.micro_batch_size, after.epochs) == (
        before.plan.model, before.plan.dataset, before.plan.sequence_length, before.plan.micro_batch_size, before.plan.epochs,
    )  # fmt: skip


def test_what_the_line_back_to_the_training_says_counts(talk: Talk) -> None:
    talk.say("lora qwen 2.5 7b on an A100 with tatsu-lab/alpaca")
    talk.say("serve it on q.jsonl with 16k context")
    talk.say("back to training with 2k context")
    assert (talk.state.intent.dataset, talk.state.intent.sequence_length) == ("tatsu-lab/alpaca", 2048)


def test_a_quantization_is_not_told_to_read_the_data_of_the_training(talk: Talk) -> None:
    talk.say("lora qwen 2.5 7b on an A100 with tatsu-lab/alpaca")
    assert "tatsu-lab/alpaca" not in talk.say("now quantize it").split("quantize.yaml")[0]


def test_a_step_that_stays_is_not_told_in_part(talk: Talk) -> None:
    talk.say("lora qwen3 8b on 2 A100-80GB with alpaca, then evaluate it on gsm8k and serve it")
    change = talk.say("no evaluation")
    assert "train.yaml, eval.yaml, infer.yaml → train.yaml, infer.yaml" in change
    assert "Then" not in change


def test_the_engine_of_one_step_is_not_that_of_the_next(talk: Talk) -> None:
    talk.say("lora qwen3 8b on an A100", "serve it with vllm", "now evaluate it on mmlu")
    assert kinds(talk) == ["eval"]
    assert talk.state.intent.engine is None
    talk.say("serve it")
    assert talk.state.intent.engine == "VLLM"


def test_what_is_trained_is_quantized_whole(talk: Talk, tmp_path: Path) -> None:
    talk.say("lora smollm2 1.7b on an A100-80GB", "quantize it to 8 bit")
    assert kinds(talk) == ["quantize"]
    files = saved(talk, tmp_path / "set")
    assert list(files) == ["quantize.yaml", "train.yaml"]
    assert files["train.yaml"]["peft"]["peft_save_mode"] == "MERGED"  # type: ignore[index]
    assert files["quantize.yaml"]["model"]["model_name"] == files["train.yaml"]["training"]["output_dir"]  # type: ignore[index]
    assert files["quantize.yaml"]["method"] == "bnb_8bit"
    talk.say("rank 8", "now evaluate it on mmlu")
    files = saved(talk, tmp_path / "set")
    assert files["eval.yaml"]["model"]["model_name"] == files["train.yaml"]["training"]["output_dir"]  # type: ignore[index]
    assert "adapter_model" not in files["eval.yaml"]["model"]  # type: ignore[operator]
    talk.say("no quantization")
    assert "peft_save_mode" not in saved(talk, tmp_path / "rest")["train.yaml"]["peft"]  # type: ignore[operator]


def test_no_quantization_of_a_training_alone_is_about_its_method(talk: Talk) -> None:
    assert "No quantization is planned" not in talk.say("qlora smollm2 1.7b on an A100-80GB", "no quantization")


def test_a_judge_after_a_training_has_a_model_and_rows_of_its_own(talk: Talk, tmp_path: Path) -> None:
    talk.say("lora smollm2 1.7b on my data.jsonl on an A100-80GB")
    assert "Which model should judge?" in talk.say("judge it")
    shown = talk.say("gpt-4o")
    assert "no step before it writes any" in " ".join(shown.split())
    assert "data.jsonl" not in shown
    talk.say("answer prompts.jsonl with it")
    shown = talk.say("judge the answers for helpfulness")
    assert "not on this machine" not in shown
    assert kinds(talk) == ["judge"]
    files = saved(talk, tmp_path / "set")
    assert list(files) == ["infer.yaml", "judge.yaml", "train.yaml"]
    assert talk.state.config is not None
    assert f"--input {files['infer.yaml']['output_path']}" in talk.state.config.commands[-1]
    assert files["judge.yaml"]["inference_config"]["model"] == {"model_name": "gpt-4o"}  # type: ignore[index]
    talk.say("back to training")
    assert kinds(talk) == ["train", "infer", "judge"]
    talk.say("no judge")
    assert kinds(talk) == ["train", "infer"]


def test_a_judge_in_one_request_reads_what_the_inference_writes(talk: Talk) -> None:
    talk.say("lora smollm2 1.7b on an A100-80GB, then answer prompts.jsonl with it and judge the answers with gpt-4o for helpfulness")
    assert kinds(talk) == ["train", "infer", "judge"]
    assert "left out" in talk.say("/reset", "lora smollm2 1.7b on an A100-80GB, then judge it with gpt-4o")
    assert kinds(talk) == ["train"]


def test_a_config_of_the_set_is_asked_for_by_its_name(talk: Talk) -> None:
    talk.say("lora qwen3 8b on an A100", "serve it")
    assert "engine: VLLM" in talk.say("show me infer.yaml")
    assert '"back to training" goes on with it' in talk.say("what's in train.yaml now?")
    assert "num_train_epochs" in talk.say("back to training", "show train.yaml")


def test_a_folder_with_a_slash_at_its_end_has_a_name(talk: Talk) -> None:
    shown = talk.say("full smollm2 1.7b on an A100-80GB, then evaluate it on mmlu", "save to out/")
    assert "Evaluation · out ·" in " ".join(shown.split())


def test_a_merged_training_is_whole_for_its_steps(talk: Talk, tmp_path: Path) -> None:
    talk.say("lora smollm2 1.7b on an A100-80GB, then evaluate it on mmlu")
    shown = talk.say("merge the adapter at the end")
    assert "peft_save_mode: MERGED" in shown
    assert "-   adapter_model:" in shown
    files = saved(talk, tmp_path / "set")
    assert files["eval.yaml"]["model"]["model_name"] == files["train.yaml"]["training"]["output_dir"]  # type: ignore[index]


def test_an_adapter_that_would_not_be_merged_is_told(talk: Talk) -> None:
    shown = talk.say("qlora smollm2 1.7b on an A100-80GB", "merge the adapter")
    assert "4-bit" in shown or "4 bits" in shown
