"""Rows of measured memory as any source may write them: read rightly, or skipped with a true reason; never a crash."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import memory  # noqa: E402
import memory_rows  # noqa: E402

from assistant.planner.memory import Run  # noqa: E402

GIB = 2**30
PLAIN = {
    "id": "some-001", "model": "meta-llama/Llama-3.1-8B", "params_b": "8.03", "method": "lora", "precision": "bf16",
    "optimizer": "adamw_torch", "gpus": "1", "gpu_type": "A100-80GB", "sharding": "none", "micro_batch": "2", "seq_len": "2048",
    "grad_checkpointing": "yes", "lora_rank": "16", "lora_targets": "all linear", "flash_attn": "yes", "framework": "", "unit": "GiB",
    "measured_peak_gb_per_gpu": "20", "kind": "measured", "source": "", "notes": "", "seq_kind": "packed", "loss_impl": "standard",
    "metric": "torch max_memory_allocated", "alt_value": "", "alt_metric": "", "capacity_gb": "80", "quality": "A",
}  # fmt: skip


def read(**columns: str) -> Run:
    run = memory_rows.case_of(memory_rows.tidy({**PLAIN, **columns})).run
    assert isinstance(run, Run)
    return run


def skipped(**columns: str) -> str:
    return memory.judge({**PLAIN, **columns}).skipped


@pytest.mark.parametrize(
    ("said", "value"),
    [("80", 80), ("80GB", 80), ("80 GiB", 80), ("24.0", 24), ("2x80", 80), ("81920 MiB", 80), ("", None), ("unknown", None)],
)
def test_capacity(said: str, value: float | None) -> None:
    judged = memory.judge({**PLAIN, "capacity_gb": said, "kind": "fits"})
    assert judged.case is not None
    assert judged.case.capacity_gb == value
    assert (judged.fits is None) == (value is None)


def test_an_odd_capacity_skips_a_verdict_and_no_figure() -> None:
    assert "capacity_gb" in skipped(capacity_gb="x", kind="oom")
    assert memory.judge({**PLAIN, "capacity_gb": "x"}).error is not None


@pytest.mark.parametrize(
    ("column", "said", "value"),
    [
        ("seq_len", "4k", 4096), ("seq_len", "16K packed", 16384), ("seq_len", "4,096", 4096), ("seq_len", "2048 (default)", 2048),
        ("seq_len", "32768.0", 32768), ("seq_len", "1e5", 100_000), ("seq_len", "100k", 100_000), ("seq_len", "4096 tokens", 4096),
        ("seq_len", "0", None), ("seq_len", "2048-4096", None), ("seq_len", "", None), ("gpus", "2 nodes x 8", 16), ("gpus", "8x", 8),
        ("gpus", "8xA100", 8), ("gpus", "8 (1 node)", 8), ("gpus", "0", None), ("gpus", "1 or 2", None), ("micro_batch", "1.5", None),
        ("micro_batch", "16.0", 16), ("micro_batch", "4 (x8 accumulation)", 4), ("micro_batch", "<=4", None), ("micro_batch", "auto", None),
    ],
)  # fmt: skip
def test_counts(column: str, said: str, value: int | None) -> None:
    if value is None:
        assert skipped(**{column: said, "sharding": "fsdp"}).startswith(column)
    else:
        run = read(**{column: said, "sharding": "fsdp"})
        assert {"seq_len": run.sequence, "gpus": run.world, "micro_batch": run.micro_batch}[column] == value


@pytest.mark.parametrize(
    ("said", "kind", "offload"),
    [
        ("fsdp, no cpu offload", "fsdp", False), ("fsdp (no offload)", "fsdp", False), ("fsdp (cpu_offload=False)", "fsdp", False),
        ("FSDP w/o offload", "fsdp", False), ("fsdp offload_params: false", "fsdp", False), ("fsdp (cpu_offload=true)", "fsdp", True),
        ("FSDP2 + CPU offloading", "fsdp", True), ("zero3_offload", "zero3", True), ("zero3 (1 GPU, no offload)", "zero3", False),
        ("HSDP", "fsdp", False), ("HYBRID_SHARD", "fsdp", False), ("FULL_SHARD", "fsdp", False), ("deepspeed stage 3", "zero3", False),
        ("DeepSpeed ZeRO-2", "zero2", False), ("zero_2", "zero2", False), ("zero stage 3", "zero3", False), ("data parallel", "ddp", False),
        ("none", "ddp", False), ("fsdp, tp=1", "fsdp", False), ("deepspeed_stage_3", "zero3", False), ("dp4", "ddp", False), ("fsdp_hybrid_shard", "fsdp", False),
    ],
)  # fmt: skip
def test_sharding(said: str, kind: str, offload: bool) -> None:
    run = read(sharding=said, gpus="4")
    assert (run.sharding, run.cpu_offload) == (kind, offload)


@pytest.mark.parametrize(
    "said",
    [
        "model parallel", "device_map=auto", "pipeline", "TP=2", "FSDP2 + TP8", "fsdp2, CP=8", "megatron tp=2 pp=2", "ZeRO-Infinity", "zero++",
        "SHARD_GRAD_OP", "_HYBRID_SHARD_ZERO2", "fsdp_tp2", "deepspeed", "zero2-offload", "zero3 (optimizer offload)", "", "some new way",
    ],
)  # fmt: skip
def test_sharding_that_is_not_modelled(said: str) -> None:
    assert skipped(sharding=said, gpus="4")


def test_a_hybrid_shards_within_a_node() -> None:
    assert read(sharding="HSDP", gpus="32").shards == 8
    assert read(sharding="HSDP (dp_replicate 8 x dp_shard 4)", gpus="32").shards == 4


@pytest.mark.parametrize(
    ("column", "said", "field", "value"),
    [
        *(("loss_impl", said, "loss", "standard") for said in ("no liger", "liger off", "not liger", "standard (liger off)", "")),
        *(("loss_impl", said, "loss", "liger") for said in ("liger", "Liger FLCE")),
        *(("loss_impl", said, "loss", "chunked") for said in ("CCE", "cut_cross_entropy", "FusedLinearCrossEntropy", "fused linear ce", "chunked ce", "chunked (no liger)")),
        *(("flash_attn", said, "attention", "flash") for said in ("FA2", "flash_attention_2", "fa3", "FlashAttention-2", "yes", "True")),
        *(("flash_attn", said, "attention", "sdpa") for said in ("off", "false", "none", "no", "sdpa", "")),
        *(("flash_attn", said, "attention", "eager") for said in ("eager", "no (eager)")),
        *(("grad_checkpointing", said, "checkpointing", True) for said in ("true", "on", "Yes", "full", "yes (use_reentrant=False)", "non-reentrant")),
        *(("grad_checkpointing", said, "checkpointing", False) for said in ("False", "off", "no", "none")),
        *(("grad_checkpointing", said, "checkpoints_on_cpu", True) for said in ("yes+offload", "unsloth", "yes + activation offloading")),
        ("grad_checkpointing", "yes, no offload", "checkpoints_on_cpu", False),
        *(("optimizer", said, "optimizer", "adamw_torch") for said in ("", "unknown", "adamw (not fused)", "AdamW")),
        ("optimizer", "lion_8bit", "optimizer", "lion_8bit"), ("optimizer", "DecoupledLionW", "optimizer", "lion_32bit"),
        ("optimizer", "Adafactor", "optimizer", "adafactor"), ("optimizer", "SGD", "optimizer", "sgd"), ("optimizer", "PagedAdamW8bit", "optimizer", "paged_adamw_8bit"),
        *(("method", said, "quantisation", "nf4") for said in ("lora-4bit", "lora (nf4)", "lora+nf4", "qlora", "4-bit LoRA")),
        *(("method", said, "method", "qlora") for said in ("lora-4bit", "lora (nf4)", "lora+nf4", "qlora", "LoRA 8-bit")),
        ("method", "lora 8-bit", "quantisation", "int8"), ("method", "LoRA", "method", "lora"), ("precision", "nf4 base, bf16", "method", "qlora"),
        ("method", "full fine-tuning", "method", "full"), ("method", "sft_full", "method", "full"), ("method", "full (no lora)", "method", "full"),
        ("precision", "bf16 (8-bit Adam)", "method", "lora"), ("method", "continued pretraining", "method", "full"), ("method", "sft", "method", "lora"),
        ("precision", "fp32", "weight_bytes", 4), ("precision", "float32", "weight_bytes", 4), ("precision", "32-true", "weight_bytes", 4),
        ("precision", "bf16-true", "weight_bytes", 2), ("precision", "bfloat16", "weight_bytes", 2), ("precision", "bf16-true", "autocast", False),
        ("precision", "no mixed precision (pure bf16)", "autocast", False), ("precision", "bf16 weights, adapters fp32", "weight_bytes", 2),
        ("precision", "bf16-mixed", "weight_bytes", 4), ("precision", "bf16-mixed", "autocast", True), ("precision", "amp_bf16", "weight_bytes", 4),
        ("precision", "bf16 pure", "adapter_bytes", 2), ("seq_kind", "max (dynamic padding)", "variable_lengths", False),
    ],
)  # fmt: skip
def test_words(column: str, said: str, field: str, value: object) -> None:
    assert getattr(read(**{column: said}), field) == value


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("grad_checkpointing", "selective (op)"), ("grad_checkpointing", ""), ("optimizer", "muon"), ("optimizer", "SGD with momentum"),
        ("optimizer", "rmsprop"), ("optimizer", "adamw, optimizer-in-backward"), ("method", "dora"), ("method", "grpo"), ("method", "reward model full"),
        ("precision", "fp8 (torchao)"), ("precision", "bf16 params, fp32 grads"), ("precision", "bf16, fp32 optimizer states"), ("lora_targets", "none"), ("lora_targets", "experts"),
        ("model", ""), ("model", "nobody/unheard-of"), ("seq_kind", "realised length unknown"), ("metric", "nvidia-smi average"), ("loss_impl", "vocab parallel"),
    ],
)  # fmt: skip
def test_what_is_not_modelled_says_so(column: str, said: str) -> None:
    assert len(skipped(**{column: said})) > 10


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("attn only", "qkvo"), ("attention", "qkvo"), ("q,v", "qv"), ("qkv", "qkv"), ("q,k,v,o", "qkvo"), ("all-linear", "qkvogud"), ("all linears but lm_head", "qkvogud"),
        ('["q_proj","v_proj"]', "qv"), ("Wqkv", "qkv"), ("query_key_value,dense", "qkvo"), ("attention + MLP", "qkvogud"), ("embed_tokens", ""),
        ("q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj", "qkvogud"), ("default", "qv"), ("", "qkvogud"), ("gate_up_proj,down_proj", "gud"),
    ],
)  # fmt: skip
def test_targets(said: str, names: str) -> None:
    run = read(lora_targets=said)
    assert "".join(name[0] for name in run.adapted) == names
    assert run.trainable > 0


@pytest.mark.parametrize("name", ["mpt-30b", "MPT-30B", "MPT 30b", "mosaicml/mpt-30b"])
def test_names_match_without_organisation_and_case(name: str) -> None:
    assert read(model=name).model.id == "mosaicml/mpt-30b"


def test_a_model_that_was_cut() -> None:
    whole, cut = read(), read(notes="cut to 8 layers")
    assert cut.model.num_layers == 8
    assert cut.model.params_total < whole.model.params_total / 2


def test_a_quantised_name_is_a_quantised_base() -> None:
    assert read(model="unsloth/llama-3-8b-bnb-4bit").method == "qlora"


def test_double_quantisation_is_what_a_row_says_not_who_ran_it() -> None:
    assert read(method="qlora", framework="unsloth").quantisation == "nf4"
    assert read(method="qlora", precision="nf4 double-quant base").quantisation == "nf4-double"


def test_trained_embeddings_and_head_count_with_a_copy() -> None:
    plain, saved = read(), read(method="lora+emb+lm_head")
    ends = saved.model.params_embedding + saved.model.params_lm_head
    assert saved.trainable == plain.trainable + ends
    assert saved.trainable * saved.adapter_bytes == pytest.approx(plain.trainable * 4 + ends * 2)


def test_a_compiled_layer_is_modelled_where_it_is_recomputed() -> None:
    assert "torch.compile" in skipped(framework="torchtune + torch.compile", grad_checkpointing="no")
    assert not skipped(framework="torchtune + torch.compile")
    assert not skipped(framework="torchtune, compile=False", grad_checkpointing="no")


@pytest.mark.parametrize(
    ("said", "metric"),
    [
        ("torch peak active", "allocated"), ("max_memory_allocated", "allocated"), ("nvidia-smi", "device"), ("W&B GPU memory allocated", "device"),
        ("process memory (NVML)", "device"), ("peak (not allocated, reserved)", "reserved"), ("", "reserved"),
    ],
)  # fmt: skip
def test_metrics(said: str, metric: str) -> None:
    assert memory_rows.metric_of(memory_rows.tidy({**PLAIN, "metric": said})) == metric


@pytest.mark.parametrize(("said", "gib"), [("GiB", 20), ("MiB", 20 / 1024), ("GB (1e9)", 20 / 1.073741824), ("MiB/1024", 20), ("GB", 20)])
def test_units(said: str, gib: float) -> None:
    judged = memory.judge({**PLAIN, "unit": said})
    assert judged.case is not None
    assert judged.case.measured_gib == pytest.approx(gib)


ODD = st.sampled_from([
    "", "0", "-1", "nan", "inf", "1e999", "9" * 40, "x", "80GB", "2x80", "2x0", "0x8", "4k", "0k", "4,096", "1/2", "unknown", "n/a", "None", "٣", "½", "q", "(", "[",
    "no", "yes", "off", "fsdp", "zero3", "zero9", "TP=2", "HSDP (shard 0)", "qlora", "lora+emb+lm_head", "full dpo", "kto", "inference", "fp32", "bf16-mixed", "nf4",
    "liger", "cce", "muon", "lion_8bit", "mpt-30b", "google/gemma-2-9b", "Qwen/Qwen3-30B-A3B", "truncated", "nvidia-smi", "cut to 0 layers", "ga=0 modules_to_save=[",
])  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(PLAIN)), ODD | st.text(max_size=12), max_size=6))
def test_no_row_ends_the_run(columns: dict[str, str]) -> None:
    judged = memory.judge({**PLAIN, **columns})
    assert not judged.skipped.startswith("not readable")
    if not judged.skipped:
        assert judged.found is not None
        assert judged.upper is not None
        assert 0 < judged.found.point <= judged.upper
    memory.report([judged])


@pytest.mark.parametrize("metric", ["allocated", "reserved", "nvidia-smi"])
@pytest.mark.parametrize("seq_kind", ["packed", "max (truncation)"])
@pytest.mark.parametrize("method", ["full", "qlora", "inference"])
def test_the_bound_is_in_the_metric_of_the_point(metric: str, seq_kind: str, method: str) -> None:
    judged = memory.judge({**PLAIN, "metric": metric, "seq_kind": seq_kind, "method": method})
    plain = memory.judge({**PLAIN, "metric": "allocated", "seq_kind": seq_kind, "method": method})
    assert judged.found is not None
    assert plain.found is not None
    assert judged.upper is not None
    assert plain.upper is not None
    assert judged.upper >= judged.found.point
    assert judged.upper >= plain.upper
    if metric == "reserved" and method != "inference":
        assert judged.upper - plain.upper == pytest.approx(judged.found.point - plain.found.point)
    assert judged.fits == plain.fits or method == "inference"


def test_a_file_with_odd_and_missing_columns(tmp_path: Path) -> None:
    path, out = tmp_path / "rows.csv", tmp_path / "out.csv"
    columns = [name for name in PLAIN if name not in ("notes", "quality")]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerow([PLAIN[name] for name in columns] + ["one too many"])
        writer.writerow(["short-002", "mpt-7b"])
        writer.writerow([])
    memory.write_predictions(memory.rows_of(path), out)
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["some-001", "short-002"]
    assert float(rows[0]["upper_gib"]) > float(rows[0]["point_gib"])
    assert rows[1]["skipped"]
