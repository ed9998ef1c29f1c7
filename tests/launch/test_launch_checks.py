"""Each check with what it passes and what it does not, on a machine of fake programs."""

from __future__ import annotations

import json

import pytest
import yaml
from fakemachine import Place, status_of

from assistant.launch import around as around_module

HEADER = "# Plan: lora sft on {}\n# Made by oumi-chat 0.1.0 for the fields of Oumi {}.\n# Run: oumi train -c train.yaml\n"
A100 = ("NVIDIA A100-SXM4-40GB", 40.0, 39.5)
LLAMA = "meta-llama/Llama-3.1-8B-Instruct"


def said(checks: dict[str, list[dict[str, str]]], label: str) -> str:
    return " ".join(f"{check['message']} {check['fix']}" for check in checks[label])


def test_all_is_well(place: Place) -> None:
    place.oumi()
    code, out, _ = place.launch(place.train(), "--dry-run", "--json")
    body = json.loads(out)
    assert code == 0
    assert (body["schema"], body["status"], body["kind"], body["findings"]) == (1, "ok", "train", [])
    assert {check["status"] for check in body["checks"]} == {"ok"}
    assert [check["label"] for check in body["checks"]] == ["Oumi", "Config", "GPUs", "Memory", "Model", "Data", "Disk", "Output", "Packages", "Loads"]
    assert place.called is None


def test_without_oumi_nothing_starts(place: Place) -> None:
    for flags in (("--yes",), ("--yes", "--force"), ("--dry-run",)):
        code, out, err = place.launch(place.train(), *flags)
        assert code == 2
        assert "not installed" in out + err
        assert 'pip install "oumi' in out + err


@pytest.mark.parametrize(("version", "planned", "status"), [("0.9", "0.9", "ok"), ("0.9.3", "0.9", "ok"), ("0.10", "0.9", "warning"), ("0.7", "0.9", "warning")])
def test_the_version_against_the_one_planned_for(place: Place, version: str, planned: str, status: str) -> None:
    place.oumi(version=version)
    text = (place.folder / place.train()).read_text("utf-8")
    place.write("train.yaml", HEADER.format("1xcpu, none", planned) + text)
    assert status_of(place.checks("train.yaml"), "Oumi") == status


def test_an_oumi_that_is_no_python_program_is_not_asked(place: Place) -> None:
    place.program("oumi", "#!/bin/sh\nexit 0\n")
    checks = place.checks(place.train())
    assert [status_of(checks, label) for label in ("Oumi", "Packages", "Loads")] == ["warning"] * 3


def test_fields_and_values_of_the_schema(place: Place) -> None:
    place.oumi()
    place.train(training=", learning_rat: 1, bf16: true")
    code, out, _ = place.launch("train.yaml", "--dry-run", "--json")
    found = json.loads(out)
    assert code == 5
    assert found["status"] == "invalid"
    assert {f["rule"] for f in found["findings"]} == {"SCH001"}
    assert "learning_rate" in found["findings"][0]["fix"]
    assert "Loads" not in [check["label"] for check in found["checks"]]  # Oumi would say the same


def test_what_oumi_itself_refuses(place: Place) -> None:
    place.oumi()
    checks = place.checks(place.train(more="# REFUSED\n"))
    assert status_of(checks, "Loads") == "error"
    assert "the config is refused" in said(checks, "Loads")


# GPUs and memory


def planned(place: Place, machine: str, **more: str) -> str:
    text = (place.folder / place.train(**more)).read_text("utf-8")
    place.write("train.yaml", HEADER.format(machine, "0.9") + text)
    return "train.yaml"


@pytest.mark.parametrize(
    ("machine", "here", "status", "words"),
    [
        ("2xA100, ddp", (), "error", "no GPU here"),
        ("1xcpu, none", (), "ok", "as planned"),
        ("2xA100, ddp", (A100, A100), "ok", "2 × A100"),
        ("2xA100, ddp", (A100,), "warning", "the global batch is 1 instead of 2"),
        ("1xA100, none", (A100, A100), "ok", "1 × A100 of 2, as planned"),
        ("1xA100-80GB, none", (A100,), "warning", "planned for A100-80GB"),
        ("1xL4, none", (A100,), "ok", "planned for L4"),
        ("2 nodes of 8xA100, fsdp", (A100,), "warning", "one machine alone"),
    ],
)
def test_gpus_against_the_plan(place: Place, machine: str, here: tuple[tuple[str, float, float], ...], status: str, words: str) -> None:
    place.oumi()
    if here:
        place.gpus(*here)
    checks = place.checks(planned(place, machine))
    assert status_of(checks, "GPUs") == status
    assert words in said(checks, "GPUs")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ("fsdp: {enable_fsdp: true}", "fsdp.enable_fsdp"),
        ("deepspeed: {enable_deepspeed: true}", "deepspeed.enable_deepspeed"),
    ],
)
def test_what_needs_cuda_does_not_start_on_a_cpu(place: Place, more: str, field: str) -> None:
    place.oumi(packages=("tensorboard", "bitsandbytes", "deepspeed"))
    place.train(more=more, training=", use_peft: true")
    assert f"{field} needs an NVIDIA or AMD GPU" in said(place.checks("train.yaml"), "GPUs")
    place.gpus(A100, A100)
    assert status_of(place.checks("train.yaml"), "GPUs") == "ok"


def test_qlora_starts_on_a_cpu(place: Place) -> None:
    """bitsandbytes 0.49 trains 4-bit weights there (tests/oumi/test_rule_trainings.py)."""
    place.oumi(packages=("tensorboard", "bitsandbytes"))
    place.train(more="peft: {q_lora: true}", training=", use_peft: true")
    assert status_of(place.checks("train.yaml"), "GPUs") == "ok"


def test_bf16_on_a_gpu_without_it(place: Place) -> None:
    place.oumi()
    place.gpus(("Tesla T4", 15.0, 14.8))
    text = (place.folder / planned(place, "1xA100, none")).read_text("utf-8")
    place.write("train.yaml", text.replace("model_max_length", "torch_dtype_str: bfloat16, model_max_length"))
    assert "does not compute in bf16" in said(place.checks("train.yaml"), "GPUs")


def lora_8b(place: Place) -> str:
    more = "peft: {lora_r: 16, lora_target_modules: [q_proj, v_proj]}"
    name = place.train(model=LLAMA, training=", use_peft: true, enable_gradient_checkpointing: true", more=more)
    text = (place.folder / name).read_text("utf-8")
    place.write(name, text.replace("model_max_length", "torch_dtype_str: bfloat16, model_max_length"))
    return name


def test_memory_that_is_free_that_is_held_and_that_is_not_there(place: Place) -> None:
    place.oumi()
    name = lora_8b(place)
    place.monkeypatch.setenv("HF_TOKEN", "hf_" + "x" * 34)
    place.gpus(A100)
    code, _, _ = place.launch(name, "--dry-run")
    assert code == 0
    place.gpus(("NVIDIA A100-SXM4-40GB", 40.0, 10.0), processes=((0, 4242, "/usr/bin/python3", 29.5), (0, 7, "Xorg", 0.1)))
    code, out, _ = place.launch(name, "--dry-run", "--json")
    body = json.loads(out)
    assert (code, body["status"]) == (4, "does_not_fit")
    assert [f["rule"] for f in body["findings"]] == ["LCH004"]
    assert "process 4242 (/usr/bin/python3) holds 29.5 GiB, process 7" in body["findings"][0]["message"]
    place.gpus(("NVIDIA GeForce RTX 3080", 10.0, 9.7))
    code, out, _ = place.launch(name, "--dry-run")
    assert code == 4
    assert "it does not fit" in out


def test_rows_that_are_known_to_be_short_are_judged_as_they_are(place: Place) -> None:
    place.oumi()
    place.monkeypatch.setenv("HF_TOKEN", "hf_" + "x" * 34)
    place.gpus(A100)
    text = (place.folder / lora_8b(place)).read_text("utf-8").replace("model_max_length: 64", "model_max_length: 32768")
    place.write("long.yaml", text)
    assert status_of(place.checks("long.yaml"), "Memory") == "error"  # nobody knows the rows of a file here
    place.write("long.yaml", text.replace("dataset_name: text_sft_jsonl, dataset_path: rows.jsonl", "dataset_name: yahma/alpaca-cleaned"))
    checks = place.checks("long.yaml")
    assert status_of(checks, "Memory") == "warning"
    assert "tokens on average" in said(checks, "Memory")
    assert place.launch("long.yaml", "--dry-run")[0] == 0


def test_gpus_of_processes_that_are_not_used_are_not_named(place: Place) -> None:
    place.oumi()
    place.gpus(("NVIDIA A100-SXM4-40GB", 40.0, 2.0), A100, processes=((0, 4242, "python", 37.0),))
    lora = (place.folder / lora_8b(place)).read_text("utf-8")
    place.write("train.yaml", HEADER.format("1xA100, none", "0.9") + lora)
    place.monkeypatch.setenv("HF_TOKEN", "hf_" + "x" * 34)
    assert place.command("train.yaml").startswith("CUDA_VISIBLE_DEVICES=1 ")
    assert status_of(place.checks("train.yaml"), "Memory") == "ok"


def test_a_stated_machine_is_judged_instead(place: Place) -> None:
    place.oumi()
    name = lora_8b(place)
    place.monkeypatch.setenv("HF_TOKEN", "hf_" + "x" * 34)
    assert place.launch(name, "--dry-run", "--gpus", "A100-80GB")[0] == 0
    assert place.launch(name, "--dry-run", "--gpus", "1x8GB")[0] == 4
    assert place.launch(name, "--dry-run", "--gpus", "nothing")[0] == 2


def test_nvidia_smi_that_hangs_or_raves_is_no_gpu(place: Place) -> None:
    place.oumi()
    for text in ("#!/bin/sh\nexit 9\n", "#!/bin/sh\necho 'No devices were found'\n", "#!/bin/sh\nprintf '0, GPU-0, X, [N/A], [N/A]\\n\\377\\n'\n"):
        place.program("nvidia-smi", text)
        assert "none here" in said(place.checks(place.train()), "GPUs")


def test_memory_of_an_inference(place: Place) -> None:
    place.oumi(packages=("vllm",))
    place.monkeypatch.setenv("HF_TOKEN", "hf_" + "x" * 34)
    place.write("infer.yaml", f"model: {{model_name: {LLAMA}, model_max_length: 8192, torch_dtype_str: bfloat16}}\ngeneration: {{batch_size: 1}}\nengine: VLLM\n")
    place.gpus(A100)
    assert status_of(place.checks("infer.yaml"), "Memory") == "ok"
    place.gpus(("NVIDIA A100-SXM4-40GB", 40.0, 12.0))
    assert status_of(place.checks("infer.yaml"), "Memory") == "error"
    place.write("api.yaml", "model: {model_name: gpt-4o}\ngeneration: {}\nengine: OPENAI\n")
    checks = place.checks("api.yaml")
    assert "Memory" not in checks
    assert "none are needed" in said(checks, "GPUs")


# Models, data, disk, output


def test_a_gated_model_needs_a_token(place: Place) -> None:
    place.oumi()
    name = lora_8b(place)
    place.gpus(A100)
    checks = place.checks(name)
    assert checks["Model"][0]["rule"] == "LCH006"
    assert "hf auth login" in said(checks, "Model")
    token = "hf_" + "SeCrEt" * 6
    place.monkeypatch.setenv("HF_TOKEN", token)
    code, out, err = place.launch(name, "--dry-run")
    assert code == 0
    assert "gated" in out
    assert token not in out + err
    place.monkeypatch.delenv("HF_TOKEN")
    place.write("../home/.cache/huggingface/token", token)
    assert status_of(place.checks(name), "Model") == "ok"


def test_a_model_that_is_not_in_the_cache_and_may_not_be_fetched(place: Place) -> None:
    place.oumi()
    place.monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    name = place.train(model="HuggingFaceTB/SmolLM2-135M-Instruct")
    assert "not in the local cache" in said(place.checks(name), "Model")
    place.write("../home/.cache/huggingface/hub/models--HuggingFaceTB--SmolLM2-135M-Instruct/snapshots/abc/model.safetensors", "x")
    assert "is in the local cache" in said(place.checks(name), "Model")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "there is no folder"),
        ({"README.md": "x"}, "no config.json"),
        ({"config.json": "{}"}, "no weights"),
        ({"adapter_config.json": '{"base_model_name_or_path": "x"}'}, "adapter, not a whole model"),
    ],
)
def test_a_folder_that_holds_no_model(place: Place, files: dict[str, str], words: str) -> None:
    place.oumi()
    for name, text in files.items():
        place.write(f"mine/{name}", text)
    checks = place.checks(place.train(model="./mine"))
    assert status_of(checks, "Model") == "error"
    assert words in said(checks, "Model")


def test_a_home_that_oumi_does_not_expand(place: Place) -> None:
    place.oumi()
    place.train(model="~/mine")
    place.write("train.yaml", (place.folder / "train.yaml").read_text("utf-8").replace("rows.jsonl", "~/rows.jsonl"))
    checks = place.checks("train.yaml")
    assert "does not expand ~" in said(checks, "Model")
    assert "does not expand ~" in said(checks, "Data")


def test_an_adapter_beside_its_model(place: Place) -> None:
    place.oumi()
    place.model()
    place.write("infer.yaml", "model: {model_name: ./tiny, adapter_model: ./lora}\ngeneration: {}\n")
    assert status_of(place.checks("infer.yaml"), "Adapter") == "error"
    place.write("lora/adapter_config.json", "{}")
    assert status_of(place.checks("infer.yaml"), "Adapter") == "ok"


def test_data_that_is_missing_or_empty(place: Place) -> None:
    place.oumi()
    name = place.train()
    assert status_of(place.checks(name), "Data") == "ok"
    place.write("rows.jsonl", "")
    assert "rows.jsonl is empty" in said(place.checks(name), "Data")
    (place.folder / "rows.jsonl").unlink()
    checks = place.checks(name)
    assert "there is no rows.jsonl" in said(checks, "Data")
    assert checks["Data"][0]["path"] == "data.train.datasets[0].dataset_path"


@pytest.mark.parametrize(("files", "status"), [("a-*.jsonl", "ok"), ("b-*.jsonl", "error"), ("[a-1.jsonl, b-1.jsonl]", "error"), ("{train: a-1.jsonl}", "ok"), ("https://x/y.jsonl", "")])
def test_data_files_of_the_loader(place: Place, files: str, status: str) -> None:
    place.oumi()
    place.train()
    place.write("a-1.jsonl", "{}\n")
    text = (place.folder / "train.yaml").read_text("utf-8").replace("dataset_name: text_sft_jsonl, dataset_path: rows.jsonl", f"dataset_name: json, dataset_kwargs: {{data_files: {json.dumps(yaml.safe_load(files))}}}")
    place.write("train.yaml", text)
    checks = place.checks("train.yaml")
    assert (status_of(checks, "Data") if "Data" in checks else "") == status


def test_rows_of_an_inference_and_of_a_judge(place: Place) -> None:
    place.oumi()
    place.model()
    place.write("infer.yaml", "model: {model_name: ./tiny}\ngeneration: {}\ninput_path: q.jsonl\noutput_path: a.jsonl\n")
    assert status_of(place.checks("infer.yaml"), "Data") == "error"
    place.write("q.jsonl", "{}\n")
    assert status_of(place.checks("infer.yaml"), "Data") == "ok"
    place.write("a.jsonl", "{}\n")
    assert "would be replaced" in said(place.checks("infer.yaml"), "Output")
    place.write("judge.yaml", "judge_params: {prompt_template: '{request}'}\ninference_config: {model: {model_name: gpt-4o}, engine: OPENAI}\n")
    assert status_of(place.checks("judge.yaml", "--input", "nothing.jsonl"), "Data") == "error"
    assert status_of(place.checks("judge.yaml", "--input", "q.jsonl"), "Data") == "ok"


def test_room_on_the_disk(place: Place) -> None:
    place.oumi()
    place.monkeypatch.setenv("HF_TOKEN", "x" * 20)
    place.gpus(A100)
    name = lora_8b(place)
    room = {"free": 500_000_000_000}
    place.monkeypatch.setattr(around_module.Around, "free_bytes", lambda *_: room["free"])
    checks = place.checks(name)
    assert "16.1 GB of weights to download" in said(checks, "Disk")
    assert status_of(checks, "Disk") == "ok"
    room["free"] = 12_000_000_000
    checks = place.checks(name)
    assert status_of(checks, "Disk") == "error"
    assert "12.0 GB free" in said(checks, "Disk")
    place.write("../home/.cache/huggingface/hub/models--meta-llama--Llama-3.1-8B-Instruct/snapshots/abc/model.safetensors", "x")
    assert status_of(place.checks(name), "Disk") == "ok"


@pytest.mark.parametrize(
    ("training", "words"),
    [
        (", save_steps: 0", "16.1 GB at the end"),
        (", save_steps: 1", "2 checkpoints of 48.2 GB"),
        (", save_steps: 1, trainer_kwargs: {save_total_limit: 1}", "2 checkpoints of 48.2 GB"),  # the new one is written before the old one goes
        (", save_steps: 0, save_final_model: false", ""),
    ],
)
def test_checkpoints_of_a_full_training(place: Place, training: str, words: str) -> None:
    """bf16 weights and AdamW's two states in bf16: 6 bytes a parameter in a checkpoint, 2 at the end."""
    place.oumi()
    place.monkeypatch.setenv("HF_TOKEN", "x" * 20)
    place.write("../home/.cache/huggingface/hub/models--meta-llama--Llama-3.1-8B-Instruct/snapshots/abc/model.safetensors", "x")
    place.monkeypatch.setattr(around_module.Around, "free_bytes", lambda *_: 10**12)
    name = place.train(model=LLAMA, training=training)
    place.write(name, (place.folder / name).read_text("utf-8").replace("model_max_length", "torch_dtype_str: bfloat16, model_max_length"))
    checks = place.checks(name, "--gpus", "8xH100")
    assert words in said(checks, "Disk") if words else "Disk" not in checks


def test_a_folder_that_holds_a_run(place: Place) -> None:
    place.oumi()
    name = place.train()
    place.write("out/checkpoint-90/x", "")
    place.write("out/checkpoint-500/x", "")
    checks = place.checks(name)
    assert status_of(checks, "Output") == "warning"
    assert "checkpoint-500 of a former run" in said(checks, "Output")
    place.train(training=", try_resume_from_last_checkpoint: true")
    assert "goes on from there" in said(place.checks(name), "Output")
    place.train(training=", resume_from_checkpoint: out/checkpoint-7")
    assert status_of(place.checks(name), "Resume") == "error"
    place.train(training=", resume_from_checkpoint: out/checkpoint-90")
    assert status_of(place.checks(name), "Resume") == "ok"
    place.train()
    place.write("out/model.safetensors", "")
    assert status_of(place.checks(name), "Output") == "error"
    code, _, err = place.launch(name, "--yes")
    assert code == 5
    assert "would be overwritten" in err
    assert place.called is None
    assert place.launch(name, "--yes", "--force")[0] == 0
    assert place.called is not None


# Packages and keys


@pytest.mark.parametrize(
    ("training", "more", "module", "install"),
    [
        (", use_peft: true", "peft: {q_lora: true}", "bitsandbytes", "pip install bitsandbytes"),
        (", optimizer: paged_adamw_8bit", "", "bitsandbytes", "pip install bitsandbytes"),
        ("", "deepspeed: {enable_deepspeed: true}", "deepspeed", 'pip install "oumi[deepspeed]"'),
        (", enable_wandb: true", "", "wandb", "pip install wandb"),
        (", trainer_type: TRL_GRPO, grpo: {use_vllm: true}", "", "vllm", "oumi[gpu]"),
    ],
)
def test_packages_that_fields_need(place: Place, training: str, more: str, module: str, install: str) -> None:
    place.oumi()
    place.gpus(A100)
    text = (place.folder / place.train(training=training, more=more)).read_text("utf-8")
    place.write("train.yaml", text.replace("trainer_type: TRL_SFT, ", "") if "trainer_type" in training else text)
    checks = place.checks("train.yaml")
    assert status_of(checks, "Packages") == "error"
    assert f"needs {module}" in said(checks, "Packages")
    assert install in said(checks, "Packages")
    (place.site / f"{module}.py").touch()
    assert status_of(place.checks("train.yaml"), "Packages") == "ok"


@pytest.mark.parametrize(("field", "module"), [("attn_implementation: flash_attention_2", "flash_attn"), ("enable_liger_kernel: true", "liger_kernel")])
def test_packages_of_the_model(place: Place, field: str, module: str) -> None:
    place.oumi()
    place.gpus(A100)
    text = (place.folder / place.train()).read_text("utf-8").replace("model_max_length", f"{field}, model_max_length")
    place.write("train.yaml", text)
    assert f"needs {module}" in said(place.checks("train.yaml"), "Packages")


def test_packages_are_those_of_oumis_python_and_not_of_the_working_folder(place: Place) -> None:
    place.oumi(packages=())
    place.write("tensorboard.py", "raise SystemExit")
    assert "needs tensorboard" in said(place.checks(place.train()), "Packages")
    place.write("json.py", "raise SystemExit")
    assert "needs tensorboard" in said(place.checks(place.train()), "Packages")


@pytest.mark.parametrize(
    ("text", "module"),
    [
        ("model: {model_name: ./tiny}\ntasks: [{evaluation_backend: lm_harness, task_name: ifeval}]", "lm_eval"),
        ("model: {model_name: ./tiny}\ngeneration: {}\nengine: LLAMACPP", "llama_cpp"),
        ("model: {model_name: ./tiny}\nmethod: awq_q4_0\noutput_path: q", "awq"),
        ("model: {model_name: ./tiny}\ndata: {train: {datasets: [{dataset_name: x}]}}\ntuning: {n_trials: 2}", "optuna"),
        ("name: x\nresources: {cloud: gcp}\nrun: echo", "sky"),
    ],
)
def test_packages_of_other_kinds(place: Place, text: str, module: str) -> None:
    place.oumi()
    place.model()
    place.gpus(A100)
    place.write("x.yaml", text)
    assert f"needs {module}" in said(place.checks("x.yaml"), "Packages")


def test_the_key_of_an_api(place: Place) -> None:
    place.oumi()
    place.monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    text = "model: {model_name: claude}\ngeneration: {}\nengine: ANTHROPIC\n"
    place.write("infer.yaml", text)
    assert "ANTHROPIC_API_KEY is not set" in said(place.checks("infer.yaml"), "Key")
    place.write("infer.yaml", text + "remote_params: {api_key_env_varname: MINE}\n")
    assert "MINE is not set" in said(place.checks("infer.yaml"), "Key")
    place.monkeypatch.setenv("MINE", "sk-ant-" + "q9" * 20)
    _, out, err = place.launch("infer.yaml", "--dry-run")
    assert "MINE is set" in out
    assert "q9q9" not in out + err


def test_wandb_without_a_key_is_told(place: Place) -> None:
    place.oumi(packages=("tensorboard", "wandb"))
    name = place.train(training=", enable_wandb: true")
    assert status_of(place.checks(name), "Key") == "warning"
    place.monkeypatch.setenv("WANDB_MODE", "offline")
    assert "Key" not in place.checks(name)


def test_what_the_estimate_sees_oumi_ignore(place: Place) -> None:
    place.oumi()
    checks = place.checks(place.train(more="peft: {lora_r: 8}"))
    assert "PEF001" in [check["rule"] for check in checks["Config"]]
    assert status_of(checks, "Config") == "error"


def test_a_config_of_a_wrong_type_is_told_and_not_an_accident(place: Place) -> None:
    place.oumi()
    place.model()
    place.write("x.yaml", "model: 3\ntraining: [1]\ndata: {train: {datasets: 7}}\npeft: x\n")
    code, out, _ = place.launch("x.yaml", "--dry-run", "--json")
    assert code == 5
    assert json.loads(out)["status"] == "invalid"
    for kind in ("tasks: 3", "tuning: 3", "judge_params: 3\ninference_config: 7", "method: 3", "generation: 3\nengine: [1]", "strategy_params: 3", "resources: 3\nrun: 3\nfile_mounts: 4\nenvs: 5"):
        place.write("x.yaml", kind)
        assert place.launch("x.yaml", "--dry-run", *(("--input", "x.yaml") if "judge" in kind else ()))[0] == 5, kind
