"""Other tools' configs: what they say means the same in Oumi, and nothing of them is dropped without a word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.catalogue.models import get_model
from assistant.checks.document import parse
from assistant.checks.lint import Context, judge
from assistant.checks.typed import mistakes
from assistant.migrate.foreign import import_config, tool_of
from assistant.migrate.notes import Migration
from tests.migrate.examples import EXAMPLES, TOOLS, name_of

AXOLOTL = "base_model: Qwen/Qwen2.5-7B-Instruct\nsequence_len: 1024\ndatasets:\n  - path: yahma/alpaca-cleaned\n    type: alpaca\n"
FACTORY = "model_name_or_path: Qwen/Qwen2.5-7B-Instruct\nstage: sft\nfinetuning_type: lora\ndataset: identity\n"
TUNE = "model:\n  _component_: torchtune.models.llama3_1.lora_llama3_1_8b\n  lora_rank: 8\n  lora_alpha: 16\ndataset:\n  _component_: torchtune.datasets.alpaca_dataset\n"
UNSLOTH = "model: unsloth/Llama-3.2-1B-Instruct\ndata: {dataset: yahma/alpaca-cleaned, format_type: alpaca}\n"


def imported(text: str) -> Migration:
    tool = tool_of(yaml.safe_load(text))
    assert tool is not None
    return import_config(text, tool)


def field(found: Migration, path: str) -> Any:
    here: Any = yaml.safe_load(found.text)
    for step in path.split("."):
        here = here.get(step) if isinstance(here, dict) else None
    return here


def fates(found: Migration) -> dict[str, set[str]]:
    told: dict[str, set[str]] = {}
    for note in found.notes:
        told.setdefault(note.source, set()).add(note.fate)
    return told


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_an_example_becomes_a_config_without_mistakes(path: Path) -> None:
    text = path.read_text("utf-8")
    assert tool_of(parse(text).value) == TOOLS[path.parent.name]
    found = imported(text)
    assert mistakes(parse(found.text), "train", "0.9") == ()
    assert imported(text) == found
    assert tool_of(yaml.safe_load(found.text)) is None  # the result is Oumi's own


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_every_key_of_an_example_is_told_or_is_off(path: Path) -> None:
    text = path.read_text("utf-8")
    told = {note.source for note in imported(text).notes}
    quiet = (False, None, "", [], "no", "none", 0.0)
    missing = []
    for where, node in parse(text).walk():
        if node.is_mapping or (node.is_list and any(item.is_mapping for item in node.items)) or node.value in quiet:
            continue
        if not any(where == source or where.startswith((f"{source}.", f"{source}[")) for source in told):
            missing.append(where)
    assert missing == []


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_an_example_becomes_a_config_that_the_linter_finds_no_error_in(path: Path) -> None:
    flaws = judge(imported(path.read_text("utf-8")).text, Context(model_of=get_model)).flaws
    assert [flaw.finding for flaw in flaws if flaw.finding.severity == "error"] == []


@pytest.mark.parametrize("dtype", ["bf16", "fp32"])
def test_sharded_4_bit_weights_are_stored_in_the_format_of_the_others(dtype: str) -> None:
    text = TUNE.replace("lora_llama3_1_8b", "qlora_llama3_1_8b") + f"dtype: {dtype}\nfsdp_cpu_offload: true\n"
    found = imported(text)
    assert field(found, "peft.bnb_4bit_quant_storage") == field(found, "model.torch_dtype_str")
    assert "PEF021" not in [flaw.finding.rule for flaw in judge(found.text, Context(model_of=get_model)).flaws]


def test_the_tool_is_told_by_its_keys() -> None:
    assert tool_of({"model": {"model_name": "a"}, "training": {}}) is None
    assert tool_of({"base_model": "a"}) == "Axolotl"
    assert tool_of({"model_name_or_path": "a", "stage": "sft"}) == "LLaMA-Factory"
    assert tool_of({"model_name_or_path": "a", "dataset_name": "b"}) == "TRL"
    assert tool_of({"model": {"_component_": "torchtune.models.x"}}) == "torchtune"
    assert tool_of({"model": "a", "lora": {}}) == "Unsloth"
    assert tool_of({"model_name_or_path": "a"}) is None
    assert tool_of({"model": "a"}) is None
    assert tool_of({"model": "a", "training": {}, "tasks": []}) is None


@pytest.mark.parametrize(
    ("more", "path", "value"),
    [
        ("adapter: lora\nlora_r: 4\nlora_target_linear: true\n", "peft.lora_target_modules", ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]),
        ("adapter: qlora\nbf16: true\n", "peft.bnb_4bit_compute_dtype", "bfloat16"),
        ("adapter: qlora\nbf16: true\n", "peft.bnb_4bit_quant_type", "nf4"),
        ("num_epochs: 3.0\n", "training.num_train_epochs", 3),
        ("micro_batch_size: 3\n", "training.per_device_train_batch_size", 3),
        ("", "training.per_device_train_batch_size", 1),
        ("", "training.lr_scheduler_type", "cosine"),
        ("bf16: true\n", "model.torch_dtype_str", "bfloat16"),
        ("fp16: true\n", "training.mixed_precision_dtype", "FP16"),
        ("deepspeed: deepspeed_configs/zero3_bf16.json\n", "deepspeed.zero_stage", "ZERO_3"),
        ("deepspeed: mine/special.json\n", "deepspeed.deepspeed_config_path", "mine/special.json"),
        ("val_set_size: 0.1\n", "data.validation.datasets", [{"dataset_name": "yahma/alpaca-cleaned", "split": "train[90%:]"}]),
        ("train_on_inputs: true\nsample_packing: true\n", "data.train.pack", True),
        ("sample_packing: true\n", "data.train.pack", None),
        ("saves_per_epoch: 0\n", "training.save_steps", 0),
        ("", "model.torch_dtype_str", "bfloat16"),  # bf16 is `auto` where it is left out, and off where it is empty
        ("bf16:\n", "model.torch_dtype_str", "float32"),
        ("", "training.warmup_ratio", 0.03),
        ("warmup_steps: 10\n", "training.warmup_ratio", None),
        ("", "training.trainer_kwargs.save_total_limit", 4),
        ("", "training.output_dir", "./model-out"),
    ],
)
def test_axolotl_means_in_oumi(more: str, path: str, value: Any) -> None:
    assert field(imported(AXOLOTL + more), path) == value


@pytest.mark.parametrize(
    ("more", "path", "value"),
    [
        ("", "peft.lora_alpha", 16),
        ("lora_rank: 32\n", "peft.lora_alpha", 64),
        ("", "model.model_max_length", 2048),
        ("", "training.enable_gradient_checkpointing", True),
        ("disable_gradient_checkpointing: true\n", "training.enable_gradient_checkpointing", False),
        ("bf16: true\n", "model.torch_dtype_str", "bfloat16"),
        ("lora_target: q_proj, v_proj\n", "peft.lora_target_modules", ["q_proj", "v_proj"]),
        ("quantization_bit: 8\n", "peft.q_lora_bits", 8),
        ("mask_history: true\n", "data.train.train_target", "FINAL_ASSISTANT_TURN"),
        ("train_on_prompt: true\n", "data.train.train_target", None),
        ("flash_attn: fa2\n", "model.attn_implementation", "flash_attention_2"),
        ("deepspeed: examples/deepspeed/ds_z3_offload_config.json\n", "deepspeed.offload_param.device", "CPU"),
        ("report_to: none\n", "training.enable_tensorboard", False),
        ("neftune_noise_alpha: 5\n", "training.trainer_kwargs.neftune_noise_alpha", 5),
    ],
)
def test_llama_factory_means_in_oumi(more: str, path: str, value: Any) -> None:
    assert field(imported(FACTORY + more), path) == value


def test_full_training_of_llama_factory_keeps_its_weights_in_float32() -> None:
    full = FACTORY.replace("lora", "full") + "bf16: true\n"
    assert field(imported(full), "model.torch_dtype_str") == "float32"
    assert field(imported(full), "training.mixed_precision_dtype") == "BF16"
    assert field(imported(full + "pure_bf16: true\n"), "model.torch_dtype_str") == "bfloat16"
    assert field(imported(full + "deepspeed: ds_z3_config.json\n"), "model.torch_dtype_str") == "bfloat16"


@pytest.mark.parametrize(
    ("more", "path", "value"),
    [
        ("", "model.model_name", "meta-llama/Llama-3.1-8B-Instruct"),
        ("dtype: fp32\n", "model.torch_dtype_str", "float32"),
        ("", "training.lr_scheduler_type", "constant"),
        ("", "training.max_grad_norm", 0.0),
        ("epochs: 2\nmax_steps_per_epoch: 30\n", "training.max_steps", 60),
        ("fsdp_cpu_offload: true\n", "fsdp.cpu_offload", True),
        ("", "fsdp", None),
        ("", "peft.lora_r", 8),
        ("", "data.train.train_target", None),  # Alpaca's rows train on the prompt too, unless they are told not to
    ],
)
def test_torchtune_means_in_oumi(more: str, path: str, value: Any) -> None:
    assert field(imported(TUNE + more), path) == value


def test_torchtunes_builders_have_defaults_of_their_own() -> None:
    bare = TUNE.replace("  lora_rank: 8\n  lora_alpha: 16\n", "")
    assert field(imported(bare), "peft.lora_alpha") == 16
    pages = imported(TUNE.replace("alpaca_dataset", "wikitext_dataset"))
    assert field(pages, "data.train.datasets") == [{"dataset_name": "EleutherAI/wikitext_document_level"}]
    assert field(pages, "training.trainer_kwargs.dataset_text_field") == "page"


@pytest.mark.parametrize("more", ["", "excess_length_strategy: drop\n", "excess_length_strategy: raise\n"])
def test_rows_that_axolotl_does_not_cut_are_told(more: str) -> None:
    told = fates(imported(AXOLOTL + more))
    assert "changed" in told["excess_length_strategy" if more else "sequence_len"]
    assert "changed" not in fates(imported(AXOLOTL + "excess_length_strategy: truncate\n"))["sequence_len"]


@pytest.mark.parametrize(
    ("more", "path", "value"),
    [
        ("", "peft.lora_r", 64),
        ("", "peft.q_lora", True),
        ("", "peft.lora_alpha", 16),
        ("", "training.learning_rate", 2e-4),
        ("", "training.save_steps", 0),
        ("training: {load_in_4bit: false}\n", "peft.q_lora", None),
        ("training: {training_type: full}\n", "training.use_peft", None),
        ("training: {max_steps: 30}\n", "training.max_steps", 30),
        ("training: {max_steps: 0}\n", "training.max_steps", None),
        ("training: {train_on_completions: true}\n", "data.train.train_target", "ALL_ASSISTANT_TURNS"),
        ("training: {packing: true}\n", "data.train.pack", True),
        ("training: {gradient_checkpointing: none}\n", "training.enable_gradient_checkpointing", False),
        ("lora: {target_modules: 'q_proj, v_proj'}\n", "peft.lora_target_modules", ["q_proj", "v_proj"]),
    ],
)
def test_unsloth_means_in_oumi(more: str, path: str, value: Any) -> None:
    assert field(imported(UNSLOTH + more), path) == value


def test_a_key_in_a_config_of_unsloth_goes_nowhere() -> None:
    found = imported(UNSLOTH + "logging: {wandb_token: abc-secret, hf_token: def-secret}\n")
    assert "secret" not in found.text + str(found.notes)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (UNSLOTH + "lora: {use_dora: true}\n", "lora.use_dora"),
        (UNSLOTH.replace("alpaca}", "sharegpt}").replace("yahma/alpaca-cleaned", "some/chats"), "data.dataset"),
        (AXOLOTL + "num_epochs: 0.5\n", "num_epochs"),
        (AXOLOTL + "sample_packing: true\n", "sample_packing"),
        (AXOLOTL + "some_new_key: 4\n", "some_new_key"),
        (AXOLOTL + "optimizer: muon2000\n", "optimizer"),
        (AXOLOTL + "rl: simpo\n", "rl"),
        (AXOLOTL.replace("yahma/alpaca-cleaned", "./rows.jsonl") + "val_set_size: 0.1\n", "val_set_size"),
        (AXOLOTL.replace("type: alpaca", "type: sharegpt").replace("yahma/alpaca-cleaned", "some/chats"), "datasets[0]"),
        (FACTORY + "use_dora: true\n", "use_dora"),
        (FACTORY.replace("stage: sft", "stage: ppo"), "stage"),
        (TUNE + "enable_activation_offloading: true\n", "enable_activation_offloading"),
        (TUNE + "tensor_parallel_dim: 2\n", "tensor_parallel_dim"),
    ],
)
def test_what_has_no_counterpart_is_lost_aloud(text: str, key: str) -> None:
    found = imported(text)
    assert "lost" in fates(found)[key]
    assert not found.is_whole
    assert f"Without counterpart: {key}:" in found.text


def test_what_is_off_or_says_nothing_loses_nothing() -> None:
    found = imported(AXOLOTL + "some_switch: false\ndebug:\nstrict: false\ntensor_parallel:\n")
    assert found.is_whole
    assert fates(found)["some_switch"] == {"harmless"}


TRL = "model_name_or_path: Qwen/Qwen2.5-1.5B-Instruct\ndataset_name: trl-lib/ultrafeedback_binarized\nbeta: 0.2\nuse_peft: true\nload_in_4bit: true\n"


@pytest.mark.parametrize("kind", ["nf4", "fp4"])
def test_what_was_read_is_carried_and_no_list_says_another_thing(kind: str) -> None:
    found = imported(f"{TRL}bnb_4bit_quant_type: {kind}\n")
    told = fates(found)
    assert told["bnb_4bit_quant_type"] == told["load_in_4bit"] == {"carried"}
    assert field(found, "peft.bnb_4bit_quant_type") == kind
    assert any(note.source == "load_in_4bit" and note.path == "peft.q_lora" for note in found.notes)


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_what_is_carried_stands_in_the_file_and_in_no_worse_list(path: Path) -> None:
    found, root = imported(path.read_text("utf-8")), parse(path.read_text("utf-8"))
    carried = {note.source for note in found.notes if note.fate == "carried"}
    assert [source for source in carried if root.at(source) is None] == []
    assert carried & {note.source for note in found.notes if note.fate in ("changed", "lost")} == set()


def test_a_key_that_is_read_and_changes_nothing_is_lost() -> None:
    assert fates(imported(FACTORY + "neat_packing: true\n"))["neat_packing"] == {"lost"}


SEES = FACTORY.replace("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-VL-7B-Instruct").replace("identity", "mllm_demo,identity")


@pytest.mark.parametrize("more", ["", "image_max_pixels: 262144\nmask_history: true\npacking: true\n"])
def test_images_are_read_as_oumi_reads_them_and_their_rows_are_told_as_lost(more: str) -> None:
    found = imported(SEES + more)
    entries = field(found, "data.train.datasets")
    assert {entry["dataset_name"] for entry in entries} == {"vision_language_jsonl"}
    assert {entry["dataset_kwargs"]["processor_name"] for entry in entries} == {"Qwen/Qwen2.5-VL-7B-Instruct"}
    assert field(found, "data.train.collator_name") == "vision_language_with_padding"
    assert field(found, "data.train.train_target") is None
    assert any(note.source == "dataset" and note.fate == "lost" and "images" in note.message for note in found.notes)
    assert [flaw.finding.rule for flaw in judge(found.text, Context(model_of=get_model)).flaws if flaw.finding.severity == "error"] == []


def test_rows_of_a_model_that_reads_text_alone_stay_text() -> None:
    assert field(imported(FACTORY), "data.train.datasets")[0]["dataset_name"] == "text_sft_jsonl"


HUB_IMAGES = "base_model: Qwen/Qwen2.5-VL-7B-Instruct\nprocessor_type: AutoProcessor\ndatasets:\n  - path: {path}\n    type: chat_template\n"


@pytest.mark.parametrize("text", [HUB_IMAGES.format(path="HuggingFaceH4/llava-instruct-mix-vsft"), SEES.replace("mllm_demo,identity", "merve/vqav2-small")])
def test_images_of_the_hub_go_through_oumis_own_class_where_it_has_one(text: str) -> None:
    found = imported(text)
    (entry,) = field(found, "data.train.datasets")
    assert entry["dataset_kwargs"] == {"processor_name": "Qwen/Qwen2.5-VL-7B-Instruct", "return_tensors": True}
    assert field(found, "data.train.collator_name") == "vision_language_with_padding"
    assert field(found, "data.train.train_target") is None
    assert found.is_whole
    assert any("learns prompts too" in note.message for note in found.notes if note.fate == "changed")


def test_images_of_the_hub_without_a_class_are_told_as_lost() -> None:
    found = imported(HUB_IMAGES.format(path="some/pictures"))
    (entry,) = field(found, "data.train.datasets")
    assert (entry["dataset_name"], entry["dataset_kwargs"]["hf_dataset_path"]) == ("hf_vision", "some/pictures")
    assert any(note.fate == "lost" and "image, question and answer" in note.message for note in found.notes)


def test_images_for_a_model_that_reads_text_are_told_as_lost() -> None:
    assert any(note.fate == "lost" and "reads text alone" in note.message for note in imported(AXOLOTL.replace("yahma/alpaca-cleaned", "merve/vqav2-small")).notes)


@pytest.mark.parametrize(
    ("more", "key", "fate"),
    [
        ("adapter: lora\nlora_target_modules: 'layers.[\\d]+.q_proj'\n", "lora_target_modules", "lost"),
        ("adapter: lora\nlora_target_modules: q_proj\n", "lora_target_modules", "carried"),
        ("chat_template: jinja\nchat_template_jinja: '{{ messages }}'\n", "chat_template_jinja", "lost"),
        ("special_tokens: {eos_token: <|im_end|>}\n", "special_tokens.eos_token", "carried"),
        ("rl: dpo\nsample_packing: true\n", "sample_packing", "harmless"),
        ("rl_beta: 0.1\n", "rl_beta", "harmless"),
    ],
)
def test_a_key_of_axolotl_meets_its_fate(more: str, key: str, fate: str) -> None:
    assert fates(imported(AXOLOTL + more))[key] == {fate}


@pytest.mark.parametrize(
    ("row", "key", "fate"),
    [
        ("message_property_mappings: {role: role, content: content}", "message_property_mappings", "harmless"),
        ("message_property_mappings: {role: role, content: text}", "message_property_mappings", "lost"),
        ("roles: {user: [user]}", "roles", "harmless"),
        ("roles: {user: [human], assistant: [gpt]}", "roles", "lost"),
        ("chat_template: llama3", "chat_template", "changed"),
    ],
)
def test_names_of_its_own_in_the_rows_are_lost(row: str, key: str, fate: str) -> None:
    assert fates(imported(f"base_model: a/b\ndatasets:\n  - path: some/chats\n    type: chat_template\n    {row}\n"))[f"datasets[0].{key}"] == {fate}


def test_names_in_a_config_of_torchtune_are_filled_in() -> None:
    found = imported(TUNE + "output_dir: ${root}/out\nroot: /data\nepochs: ${passes}\npasses: 2\noptimizer: {_component_: torch.optim.AdamW, lr: '${rate}'}\nrate: 3e-4\n")
    assert (field(found, "training.output_dir"), field(found, "training.num_train_epochs"), field(found, "training.learning_rate")) == ("/data/out", 2, 3e-4)
    assert field(imported(TUNE + "output_dir: ${a}\na: ${b}\nb: ${a}\n"), "training.output_dir") in ("${a}", "${b}")


def test_data_of_torchtune_to_evaluate_on() -> None:
    found = imported(TUNE + "dataset_val: {_component_: torchtune.datasets.alpaca_dataset, split: 'train[95%:]'}\nrun_val_every_n_steps: 50\nbatch_size_val: 2\n")
    assert field(found, "data.validation.datasets") == [{"dataset_name": "tatsu-lab/alpaca", "split": "train[95%:]"}]
    assert (field(found, "training.eval_steps"), field(found, "training.per_device_eval_batch_size")) == (50, 2)


def test_a_whole_model_trained_with_unsloth_has_no_adapters() -> None:
    found = imported(UNSLOTH + "training: {training_type: full, load_in_4bit: true}\nlora: {lora_r: 16}\n")
    assert field(found, "peft") is None
    assert fates(found)["lora.lora_r"] == fates(found)["training.load_in_4bit"] == {"harmless"}


def test_a_dataset_of_axolotl_that_is_a_name_alone_is_lost_and_leaves_no_entry() -> None:
    found = imported("base_model: a/b\ndatasets:\n  - tatsu-lab/alpaca\n  - {type: alpaca}\n  - {path: yahma/alpaca-cleaned, type: alpaca}\n")
    assert field(found, "data.train.datasets") == [{"dataset_name": "yahma/alpaca-cleaned"}]
    assert fates(found)["datasets[0]"] == fates(found)["datasets[1]"] == {"lost"}


def test_four_bits_said_twice_to_axolotl_are_lost_nowhere() -> None:
    found = imported(AXOLOTL + "adapter: qlora\nload_in_4bit: true\n")
    assert fates(found)["load_in_4bit"] == {"carried"}
    assert field(found, "peft.q_lora") is True
    assert found.is_whole


def test_the_name_of_a_project_is_one_word_of_a_command() -> None:
    found = imported(AXOLOTL + "wandb_project: a; rm -rf ~\n")
    assert [note.message for note in found.notes if "export WANDB_PROJECT='a; rm -rf ~'" in note.message]
