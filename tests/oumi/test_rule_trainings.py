"""What rules say of late failures and silent surprises, backed by real runs of two steps on a CPU."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.catalogue.machines import parse_machine
from assistant.checks.lint import Context, judge
from assistant.machine.known import known_model

pytestmark = pytest.mark.oumi
HERE = Path(__file__).parent
Body = dict[str, Any]


Train = Callable[[str, Body], Body]


@pytest.fixture(scope="module")
def train(tiny: Path, judge_bin: Path) -> Iterator[Train]:
    process = subprocess.Popen(
        [judge_bin / "python", HERE / "trainings_worker.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=tiny
    )

    def run(name: str, body: Body) -> Body:
        assert process.stdin is not None
        assert process.stdout is not None
        out = tiny / body["training"].setdefault("output_dir", str(tiny / f"out-{name}"))
        path = tiny / f"{name}.yaml"
        path.write_text(yaml.safe_dump(body), "utf-8")
        process.stdin.write(json.dumps({"id": name, "path": str(path), "out": str(out)}) + "\n")
        process.stdin.flush()
        answer: Body = json.loads(process.stdout.readline())
        return answer

    yield run
    process.communicate(timeout=60)


def base(folder: Path) -> Body:
    """A good config of two steps."""
    return {
        "model": {"model_name": f"{folder}/tiny-llama", "model_max_length": 128, "torch_dtype_str": "float32"},
        "data": {"train": {"datasets": [{"dataset_name": "text_sft_jsonl", "dataset_path": f"{folder}/rows.jsonl"}]}},
        "training": {
            "trainer_type": "TRL_SFT", "max_steps": 2, "per_device_train_batch_size": 2, "save_steps": 0, "enable_tensorboard": False,
            "trainer_kwargs": {"use_cpu": True},
        },
    }  # fmt: skip


def changed(body: Body, changes: Body) -> Body:
    """The config with fields by dotted path set, or taken out where the value is None."""
    body = copy.deepcopy(body)
    for path, value in changes.items():
        here: Any = body
        *steps, name = path.split(".")
        for step in steps:
            here = here[int(step)] if step.isdigit() else here.setdefault(step, {})
        if value is None:
            here.pop(name, None)
        else:
            here[name] = value
    return body


def rules(body: Body) -> set[str]:
    context = Context(model_of=known_model, machine=parse_machine("cpu"), is_here=lambda name: "no-such" not in name)
    verdict = judge(yaml.safe_dump(body), context)
    return {flaw.finding.rule for flaw in verdict.flaws}


_HELD_OUT: Body = {"datasets": [{"dataset_name": "text_sft_jsonl", "dataset_path": "rows.jsonl", "sample_count": 2}]}
_PEFT: Body = {"training.use_peft": True, "peft.lora_alpha": 16}
_REWARDED: Body = {
    "training.trainer_type": "TRL_GRPO", "training.grpo.num_generations": 2, "training.grpo.max_completion_length": 8,
    "data.train.datasets": [{"dataset_name": "trl-lib/tldr", "dataset_path": "prompts.jsonl"}],
}  # fmt: skip
_OUMIS: Body = {
    "training.trainer_type": "OUMI", "training.trainer_kwargs": None,
    "data.train.collator_name": "text_completions_only_with_padding", "data.train.train_target": "ALL_ASSISTANT_TURNS",
}  # fmt: skip
"""Oumi's own trainer, which needs labels."""
LATE: tuple[tuple[str, Body], ...] = (
    ("TRN020", {"training.per_device_train_batch_size": 0}),
    ("TRN020", {"training.learning_rate": -1.0}),
    ("TRN020", {"training.warmup_steps": -1}),
    ("TRN020", {"training.warmup_ratio": -0.1}),
    ("TRN020", {"training.logging_steps": 0}),
    ("TRN020", {"training.adam_beta1": 1.0}),
    ("TRN020", {"training.adam_beta2": 1.5}),
    ("TRN020", {"training.dataloader_prefetch_factor": 0, "training.dataloader_num_workers": 1}),
    ("TRN020", {"training.per_device_eval_batch_size": 0, "training.eval_strategy": "steps", "training.eval_steps": 1, "data.validation": _HELD_OUT}),
    ("TRN020", {**_PEFT, "peft.lora_r": 0, "peft.lora_target_modules": ["q_proj"]}),
    ("TRN020", {**_PEFT, "peft.lora_dropout": 5.0, "peft.lora_target_modules": ["q_proj"]}),
    ("TRN028", {"training.trainer_kwargs.max_seq_length": 64}),
    ("TRN032", {"training.lr_scheduler_type": "cosine_with_min_lr"}),
    ("TRN040", {"training.optimizer": "adamwww"}),
    ("TRN046", {"training.eval_strategy": "step"}),
    ("TRN049", {"training.dataloader_persistent_workers": True}),
    ("TRN060", {"training.trainer_type": None}),
    ("TRN061", {"training.trainer_type": "TRL_GKD"}),
    ("DST037", {"fsdp.enable_fsdp": True, "fsdp.auto_wrap_policy": "TRANSFORMER_BASED_WRAP"}),
    ("TRN066", {"training.trainer_kwargs.load_best_model_at_end": True, "training.eval_strategy": "steps", "training.eval_steps": 2, "training.save_steps": 1, "data.validation": _HELD_OUT}),
    ("TRN070", {"training.resume_from_checkpoint": "no-such/checkpoint-10"}),
    ("TRN075", {"training.log_level": "verbose"}),
    ("TRN043", {"training.trainer_type": "OUMI", "training.warmup_ratio": 0.5, "training.warmup_steps": 1, "training.trainer_kwargs": None}),
    ("TRN050", {"training.mixed_precision_dtype": "BF16", "training.trainer_kwargs": None}),
    ("DAT065", {"data.train.use_torchdata": True}),
    ("PEF041", {**_PEFT, "model.model_name": "MlpEncoder", "model.load_pretrained_weights": False, "model.tokenizer_name": "tiny-llama", "peft.q_lora": True}),
    ("TRN062", {"training.trainer_kwargs.load_best_model_at_end": True, "training.save_steps": 1}),
    ("DAT040", {"training.eval_strategy": "steps"}),
    ("DAT042", {"data.train.collator_name": "padding"}),
    ("DAT043", {"data.train.stream": True, "training.max_steps": None}),
    ("DAT043", {"data.train.pack": True, "training.max_steps": None}),
    ("DAT043", {"data.train.pack": True, "training.max_steps": None, "training.trainer_type": "HF"}),
    ("PEF034", {**_PEFT, "peft.lora_target_modules": []}),
    ("PEF047", {**_PEFT, "peft.lora_target_modules": ["q_proj"], "peft.lora_init_weights": "LOFTQ"}),
    ("PEF047", {**_PEFT, "peft.lora_target_modules": ["q_proj"], "peft.lora_init_weights": "PISSA_NITER"}),
    ("TRN020", {"training.per_device_train_batch_size": "0"}),
    ("TRN028", {"training.trainer_kwargs.optim": "adamw_torch"}),
    ("DAT072", {"data.train.datasets": [{"dataset_name": "json", "dataset_path": "rows.jsonl"}]}),
    ("DAT073", {"training.trainer_type": "TRL_GRPO", "data.train.collator_name": "text_with_padding", "training.grpo": {"num_generations": 2}}),
    ("TRN040", {**_OUMIS, "training.optimizer": "lion_32bit"}),
    ("TRN040", {**_OUMIS, "training.lr_scheduler_type": "polynomial"}),
    ("DAT050", {"training.trainer_type": "TRL_DPO"}),
    ("DAT050", {"training.trainer_type": "TRL_KTO"}),
    ("DAT057", {"data.train.collator_name": "text_completions_only_with_padding"}),
    ("DAT058", {"model.chat_template": "llama3"}),
    ("PEF031", {**_PEFT, "peft.lora_target_modules": ["qkv_proj"]}),
    ("PEF046", {**_PEFT, "peft.q_lora": True, "peft.bnb_4bit_quant_type": "NF4"}),
    ("PEF046", {**_PEFT, "peft.q_lora": True, "peft.bnb_4bit_compute_dtype": "bf16"}),
    ("DST022", {"fsdp.enable_fsdp": True, "fsdp.mixed_precision": "bogus"}),
    ("TRN035", {"model.attn_implementation": "xformers"}),
    ("TRN036", {**_REWARDED, "training.reward_functions": ["gsm8k"]}),
    ("TRN081", {"model.tokenizer_pad_token": "<|new|>", "data.train.datasets": [{"dataset_name": "text_sft_jsonl", "dataset_path": "uneven.jsonl"}]}),
    ("DAT056", {"data.train.datasets": [{"dataset_name": "text_sft_jsonl", "dataset_path": "rows.jsonl"}, {"dataset_name": "allenai/c4"}]}),
    ("DAT060", {"data.train.datasets": [{"dataset_name": "HuggingFaceDataset", "dataset_path": "system.jsonl", "dataset_kwargs": {"hf_dataset_path": "HuggingFaceH4/no_robots"}}]}),
    ("DAT068", {"data.train.datasets": [{"dataset_name": "text_sft_jsonl", "dataset_path": "rows.csv"}]}),
    ("SCH006", {"model.tokenizer_name": "${oc.env:TOKENIZER}"}),
    ("TRN091", {"training.enable_gradient_checkpointing": True, "training.gradient_checkpointing_kwargs": {"use_reentrent": False}}),
)
"""(rule, changes of a good config) that stop the run."""


def test_the_good_config_runs_and_has_no_finding(tiny: Path, train: Train) -> None:
    body = base(tiny)
    answer = train("good", body)
    assert answer["error"] is None
    assert answer["rows"] == 32
    assert not [flaw for flaw in judge(yaml.safe_dump(body), Context(model_of=known_model)).flaws if flaw.finding.severity == "error"]


@pytest.fixture(scope="module", autouse=True)
def rows_of_other_shapes(tiny: Path) -> None:
    def write(name: str, rows: Iterable[Body]) -> None:
        (tiny / name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")

    answer = {"role": "assistant", "content": "b"}
    write("prompts.jsonl", ({"prompt": f"Say {i}.", "completion": f"n{i}"} for i in range(16)))
    write("uneven.jsonl", ({"messages": [{"role": "user", "content": "a" * (1 + 5 * i)}, answer]} for i in range(16)))
    write("system.jsonl", ({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}, answer]} for i in range(8)))
    shutil.copy(tiny / "rows.jsonl", tiny / "rows.csv")


def test_a_reward_that_trl_can_call_runs(tiny: Path, train: Train) -> None:
    body = changed(base(tiny), {**_REWARDED, "training.reward_functions": ["soft_5tokens_completions"]})
    assert "TRN036" not in rules(body)
    assert train("rewarded", body)["error"] is None


@pytest.mark.parametrize(("rule", "changes"), LATE, ids=lambda value: value if isinstance(value, str) else "-".join(value))
def test_what_is_an_error_stops_the_run(tiny: Path, train: Train, rule: str, changes: Body) -> None:
    body = changed(base(tiny), changes)
    assert rule in rules(body)
    answer = train(f"late-{LATE.index((rule, changes))}", body)
    assert answer["error"], answer


def test_adapters_that_are_not_switched_on_do_not_train(tiny: Path, train: Train) -> None:
    body = changed(base(tiny), {"peft.lora_r": 8, "peft.q_lora": True})
    assert "PEF001" in rules(body)
    answer = train("unswitched", body)
    assert (answer["error"], answer["adapter"]) == (None, None)


def test_layers_that_are_not_there_are_left_out_without_a_word(tiny: Path, train: Train) -> None:
    body = changed(base(tiny), {**_PEFT, "peft.lora_target_modules": ["qkv_proj", "o_proj"]})
    assert "PEF031" in rules(body)
    answer = train("partly", body)
    assert answer["error"] is None
    sizes = tiny / "out-partly" / "adapter_model.safetensors"
    assert b"o_proj" in sizes.read_bytes()
    assert b"qkv_proj" not in sizes.read_bytes()


def test_a_share_of_a_local_file_is_all_of_it(tiny: Path, train: Train) -> None:
    body = changed(base(tiny), {"data.train.datasets.0.split": "train[:50%]"})
    assert "DAT022" in rules(body)
    assert train("share", body)["rows"] == 32


def test_a_learning_rate_of_0_leaves_the_weights(tiny: Path, train: Train) -> None:
    body = changed(base(tiny), {"training.learning_rate": 0.0})
    assert "TRN041" in rules(body)
    assert train("still", body)["error"] is None
    assert train("moved", base(tiny))["error"] is None
    assert tensors(tiny / "out-still") == tensors(tiny / "tiny-llama")
    assert tensors(tiny / "out-moved") != tensors(tiny / "tiny-llama")


def tensors(folder: Path) -> dict[str, bytes]:
    """Name → bytes of every tensor of a saved model (the header of a safetensors file is JSON, its length in front)."""
    data = (folder / "model.safetensors").read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    return {name: data[start + one["data_offsets"][0] : start + one["data_offsets"][1]] for name, one in header.items() if name != "__metadata__"}


def test_epochs_are_not_saved_beside_steps(tiny: Path, train: Train) -> None:
    body = changed(base(tiny), {"training.save_epoch": True, "training.save_steps": None, "training.max_steps": None, "training.num_train_epochs": 1, "training.per_device_train_batch_size": 16})
    assert "TRN045" in rules(body)
    answer = train("epochs", body)
    kept = [name for name in answer["files"] if name.startswith("checkpoint-1/")]
    assert answer["error"] is None
    assert kept == []


def test_a_variable_in_a_name_is_the_name(tiny: Path, train: Train) -> None:
    body = changed(base(tiny), {"training.run_name": "${training.output_dir}", "training.logging_dir": "${training.output_dir}/runs"})
    assert "SCH007" in rules(body)
    assert train("named", body)["error"] is None


def test_packed_rows_come_with_their_labels(tiny: Path, train: Train) -> None:
    body = changed(base(tiny), {"data.train.pack": True, "training.trainer_type": "HF"})
    assert "TRN060" not in rules(body)
    assert train("labelled", body)["error"] is None


@pytest.mark.parametrize(("name", "comes"), [("text_sft_jsonl", True), ("json", False)])
def test_rows_that_are_not_tokenized_hang_the_packer(tiny: Path, judge_bin: Path, name: str, comes: bool) -> None:
    """It fails in a thread of its own, and whoever asks for a row waits for ever."""
    body = changed(base(tiny), {"data.train.pack": True, "data.train.datasets": [{"dataset_name": name}]})
    assert ("DAT071" in rules(body)) is not comes
    said = [judge_bin / "python", HERE / "packing_worker.py", tiny / "tiny-llama", name, tiny / "rows.jsonl"]
    done = subprocess.run(said, capture_output=True, text=True, timeout=200, check=False)
    assert f"ROWS {int(comes)}" in done.stdout, done.stderr[-500:]


def test_qlora_trains_on_a_cpu(tiny: Path, train: Train, judge_bin: Path) -> None:
    """Where bitsandbytes is there at all: some judges lack it."""
    body = changed(base(tiny), {**_PEFT, "peft.q_lora": True, "peft.lora_target_modules": ["q_proj"]})
    assert "PEF039" in rules(body)
    if subprocess.run([judge_bin / "python", "-c", "import bitsandbytes"], capture_output=True, check=False).returncode == 0:
        assert train("qlora-cpu", body)["error"] is None


def test_nothing_is_saved(tiny: Path, train: Train) -> None:
    body = changed(base(tiny), {"training.save_final_model": False})
    assert "TRN077" in rules(body)
    answer = train("nothing", body)
    assert answer["error"] is None
    assert [name for name in answer["files"] if name.endswith(".safetensors")] == []


def test_prefetching_without_workers_is_dropped(tiny: Path, train: Train) -> None:
    body = changed(base(tiny), {"training.dataloader_prefetch_factor": 4})
    assert "TRN048" in rules(body)
    assert train("prefetch", body)["error"] is None


def test_a_layer_that_is_not_there_is_not_frozen(tiny: Path, train: Train) -> None:
    """A name from the top freezes; the name of a layer alone does not."""
    for name, moves in (("layers", True), ("model.layers", False)):
        body = changed(base(tiny), {"model.freeze_layers": [name], "training.learning_rate": 0.01})
        assert ("TRN080" in rules(body)) is moves
        assert train(f"frozen-{name}", body)["error"] is None
        before, after = tensors(tiny / "tiny-llama"), tensors(tiny / f"out-frozen-{name}")
        changed_layers = [key for key in before if ".layers." in key and before[key] != after[key]]
        assert bool(changed_layers) is moves


def test_an_argument_that_no_dataset_has_is_left_out(tiny: Path, train: Train) -> None:
    body = changed(base(tiny), {"data.train.datasets.0.dataset_kwargs": {"asistant_only": True}})
    assert "DAT061" in rules(body)
    assert train("swallowed", body)["error"] is None


_QLORA: Body = {**_PEFT, "peft.q_lora": True}
_SAME_ROWS: Body = {"datasets": [{"dataset_name": "text_sft_jsonl", "dataset_path": "rows.jsonl"}]}
QUIET: tuple[tuple[str, Body, Body], ...] = (
    ("TRN030", {"training.trainer_kwargs": {"use_cpu": True, "packing": True}}, {"longest": 26}),
    ("TRN033", {"training.warmup_steps": 2}, {}),
    ("TRN037", {"training.trainer_kwargs": {"use_cpu": True, "max_length": 64}}, {"arguments": {"max_length": 128}}),
    ("TRN043", {"training.warmup_ratio": 0.5, "training.warmup_steps": 1}, {"arguments": {"warmup_steps": 1}}),
    ("TRN044", {"training.num_train_epochs": 3}, {"arguments": {"max_steps": 2}}),
    ("TRN047", {"model.model_kwargs.load_in_4bit": True}, {"quantised": []}),
    ("TRN051", {"model.torch_dtype_str": "float16"}, {}),
    ("TRN053", {"training.trainer_type": "TRL_DPO", "data.train.datasets": [{"dataset_name": "debug_dpo"}]}, {"arguments": {"learning_rate": 5e-5}}),
    *(("TRN055", changes, {}) for changes in (
        {"training.learning_rate": 1.0}, {"training.weight_decay": 1.5}, {"training.weight_decay": -0.1}, {"training.warmup_ratio": 1.5}, {"training.save_steps": -1},
        {"training.logging_steps": -1}, {"training.per_device_eval_batch_size": 0}, {"training.dataloader_prefetch_factor": 0}, {**_PEFT, "peft.lora_dropout": 1.0}, {**_PEFT, "peft.lora_dropout": -0.1},
    )),
    ("TRN064", {"training.use_deterministic": True, "training.enable_gradient_checkpointing": True}, {}),
    ("TRN065", {"training.trainer_kwargs": {"use_cpu": True, "load_best_model_at_end": True}}, {}),
    ("TRN073", {"training.profiler": {"enable_cpu_profiling": True, "schedule": {"enable_schedule": True}}}, {}),
    ("TRN078", _REWARDED, {}),
    ("DAT052", {"data.validation": _HELD_OUT}, {"arguments": {"eval_strategy": "no"}}),
    ("DAT053", {"data.validation": _HELD_OUT, "training.eval_strategy": "steps", "training.eval_steps": 50}, {}),
    ("DAT054", {"data.train.datasets.0.sample_count": 4}, {"rows": 4}),
    ("DAT055", {"data.test": _HELD_OUT}, {}),
    ("DAT062", {"data.train": _SAME_ROWS, "data.validation": _SAME_ROWS, "training.eval_strategy": "steps", "training.eval_steps": 1}, {}),
    ("DAT064", {"data.train.datasets.0.shuffle_buffer_size": 10}, {}),
    ("DAT066", {"model.model_max_length": 2048, "training.trainer_type": "TRL_KTO", "data.train.datasets": [{"dataset_name": "debug_kto"}]}, {"arguments": {"max_length": 1024}}),
    ("MEM021", {"model.model_max_length": 4096}, {}),
    ("PEF020", {**_QLORA, "peft.q_lora_bits": 16}, {"quantised": ["4 bit: fp4, computed in torch.float32"]}),
    ("PEF030", {"peft.lora_r": 8, "training.use_peft": False}, {"adapter": None}),
    ("PEF035", {"training.use_peft": True}, {"adapter": ["q_proj", "v_proj"]}),
    ("PEF037", _QLORA, {"quantised": ["4 bit: fp4, computed in torch.float32"]}),
    ("PEF038", {**_PEFT, "peft.lora_alpha": None, "peft.lora_r": 16, "peft.lora_target_modules": ["q_proj"]}, {}),
    ("PEF039", _QLORA, {"adapter": ["q_proj", "v_proj"]}),
    ("TRN092", {"training.enable_gradient_checkpointing": True, "training.gradient_checkpointing_kwargs": {"use_reentrant": False, "preserve_rng": False}}, {}),
)
"""(rule, changes of a good config, what came of it) that run to their end without a word of what is wrong."""


@pytest.mark.parametrize(("rule", "changes", "came"), QUIET, ids=["-".join((rule, *changes)) for rule, changes, _ in QUIET])
def test_what_is_silent_runs_to_its_end(tiny: Path, train: Train, rule: str, changes: Body, came: Body) -> None:
    body = changed(base(tiny), changes)
    assert rule in rules(body)
    answer = train(f"quiet-{rule}-{'-'.join(changes)}", body)
    assert answer["error"] is None
    arguments = {name: answer["arguments"][name] for name in came.get("arguments", {})}
    assert {**{name: answer[name] for name in came}, **({"arguments": arguments} if arguments else {})} == came


def test_qlora_as_our_plans_have_it_trains_in_4_bit(tiny: Path, train: Train) -> None:
    body = changed(base(tiny), {**_QLORA, "peft.bnb_4bit_quant_type": "nf4", "peft.bnb_4bit_compute_dtype": "bfloat16"})
    assert not {"PEF020", "PEF037", "PEF046"} & rules(body)
    assert train("qlora", body)["quantised"] == ["4 bit: nf4, computed in torch.bfloat16"]


def test_adapters_merged_into_4_bit_weights_leave_a_4_bit_model(tiny: Path, train: Train) -> None:
    body = changed(base(tiny), {**_QLORA, "peft.peft_save_mode": "MERGED"})
    assert "PEF024" in rules(body)
    assert train("merged", body)["error"] is None
    assert any(name.endswith(".absmax") for name in tensors(tiny / "out-merged"))


def test_images_are_left_out_by_a_text_collator(tiny: Path, train: Train, judge_bin: Path) -> None:
    done = subprocess.run([judge_bin / "python", HERE / "make_tiny_llava.py", tiny], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    pictures = {"dataset_name": "vision_language_jsonl", "dataset_path": f"{tiny}/pics.jsonl", "dataset_kwargs": {"processor_name": f"{tiny}/tiny-llava"}}
    seeing: Body = {"model.model_name": f"{tiny}/tiny-llava", "model.model_max_length": 256, "model.chat_template": "llava", "data.train.datasets": [pictures]}
    for collator, seen in (("text_with_padding", False), ("vision_language_with_padding", True)):
        body = changed(base(tiny), {**seeing, "data.train.collator_name": collator})
        assert ("DAT067" in rules(body)) is not seen
        answer = train(f"seeing-{seen}", body)
        assert answer["error"] is None
        assert ("pixel_values" in answer["inputs"]) is seen


def test_gradients_are_not_clipped_at_a_norm_of_0(tiny: Path, train: Train) -> None:
    kept = {}
    for norm in (0.0, 1e30, 1e-3):
        body = changed(base(tiny), {"training.max_grad_norm": norm, "training.optimizer": "sgd", "training.learning_rate": 0.1})
        assert ("TRN054" in rules(body)) is (norm == 0)
        assert train(f"norm-{norm}", body)["error"] is None
        kept[norm] = tensors(tiny / f"out-norm-{norm}")
    assert kept[0.0] == kept[1e30] != kept[1e-3]


def test_runs_without_a_folder_share_one_and_go_on_from_another(tiny: Path, train: Train) -> None:
    first = changed(base(tiny), {"training.save_steps": 2, "training.logging_steps": 2})
    assert "TRN071" in rules(first)
    assert train("first", {**first, "training": {**first["training"], "output_dir": "output"}})["error"] is None
    second = changed(base(tiny), {"training.try_resume_from_last_checkpoint": True, "training.max_steps": 3, "training.logging_steps": 1})
    assert "TRN072" in rules(second)
    answer = train("second", {**second, "training": {**second["training"], "output_dir": "output"}})
    assert answer["error"] is None
    state = json.loads((tiny / "output" / "trainer_state.json").read_text("utf-8"))
    assert (state["log_history"][0]["step"], state["global_step"]) == (2, 3)  # the first run's steps stand in the second one's history


def test_a_misspelt_layer_is_left_out_as_long_as_another_matches(tiny: Path, train: Train) -> None:
    body = changed(base(tiny), {**_PEFT, "peft.lora_target_modules": ["q_proj", "v_prj"]})
    assert "PEF042" in rules(changed(body, {"model.model_name": "somebody/their-model"}))
    assert train("misspelt", body)["error"] is None
    sizes = (tiny / "out-misspelt" / "adapter_model.safetensors").read_bytes()
    assert b"q_proj" in sizes
    assert b"v_prj" not in sizes


def test_packing_without_a_length_makes_rows_of_1024(tiny: Path, train: Train) -> None:
    row = json.dumps({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "word " * 3000}]}) + "\n"
    (tiny / "packed.jsonl").write_text(row * 8, "utf-8")
    more: Body = {"data.train.datasets.0.dataset_path": f"{tiny}/packed.jsonl", "model.tokenizer_kwargs": {"model_max_length": 4096}, "training.per_device_train_batch_size": 1}
    body = changed(base(tiny), {**more, "data.train.pack": True, "model.model_max_length": None})
    assert "DAT051" in rules(body)
    answer = train("packed", body)
    assert answer["error"] is None
    assert answer["longest"] in (1024, 1025)


def test_rows_that_oumi_prepares_need_a_length_where_the_tokenizer_has_none(tiny: Path, train: Train) -> None:
    body = changed(base(tiny), {"model.model_max_length": None})
    assert "MEM007" in rules(body)
    assert "OverflowError" in train("endless-tokenizer", body)["error"]


def test_a_sample_larger_than_the_set_repeats_rows(tiny: Path, train: Train) -> None:
    assert train("DAT063", changed(base(tiny), {"data.train.datasets.0.sample_count": 40}))["rows"] == 40


def test_rows_that_oumi_prepares_are_cut_at_1024_without_a_length(tiny: Path, train: Train) -> None:
    """TRL's collator cuts them, whatever the tokenizer takes."""
    (tiny / "long.jsonl").write_text(json.dumps({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "word " * 3000}]}) + "\n", "utf-8")
    long: Body = {"data.train.datasets.0.dataset_path": f"{tiny}/long.jsonl", "model.tokenizer_kwargs": {"model_max_length": 4096}, "training.per_device_train_batch_size": 1}
    body = changed(base(tiny), {**long, "model.model_max_length": None})
    assert "MEM007" in rules(body)
    answer = train("cut", body)
    assert answer["error"] is None
    assert answer["longest"] == 1024


@pytest.mark.parametrize(("said", "told", "handed_on"), [(False, set(), [False]), ("false", {"TRN090"}, ["false"])])
def test_text_that_says_false_is_handed_on_as_text(tiny: Path, train: Train, said: object, told: set[str], handed_on: list[object]) -> None:
    body = changed(base(tiny), {"training.enable_gradient_checkpointing": True, "training.gradient_checkpointing_kwargs": {"use_reentrant": said}})
    assert rules(body) & {"TRN090"} == told
    answer = train(f"reenters-{said}", body)
    assert (answer["error"], answer["reentrant"]) == (None, handed_on)
