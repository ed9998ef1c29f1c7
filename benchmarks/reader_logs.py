"""Texts of 10 kB as people paste them: logs, traces, dumps and code, made from their parts so that no two lines need be alike."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle, islice

SIZE = 10_000
_PACKAGE_NAMES = """
accelerate aiohttp attrs bitsandbytes certifi charset-normalizer click datasets deepspeed dill einops evaluate filelock flash-attn
fsspec hf-xet huggingface-hub idna jinja2 jsonschema lm-eval markupsafe mpmath multidict networkx numpy nvidia-cublas-cu12 nvidia-
nccl-cu12 omegaconf oumi packaging pandas peft pillow propcache psutil pyarrow pydantic pyyaml regex requests safetensors scipy
sentencepiece sympy tokenizers torch torchdata torchvision tqdm transformers triton trl typer tyro urllib3 vllm wandb xformers
xxhash yarl
"""
_PACKAGES = _PACKAGE_NAMES.split()
_FRAMES = (
    ("transformers/trainer.py", "_inner_training_loop", "tr_loss_step = self.training_step(model, inputs, num_items_in_batch)"),
    ("transformers/trainer.py", "training_step", "loss = self.compute_loss(model, inputs, num_items_in_batch=num_items_in_batch)"),
    ("trl/trainer/sft_trainer.py", "compute_loss", "(loss, outputs) = super().compute_loss(model, inputs, return_outputs=True)"),
    ("torch/nn/modules/module.py", "_wrapped_call_impl", "return self._call_impl(*args, **kwargs)"),
    ("accelerate/utils/operations.py", "forward", "return model_forward(*args, **kwargs)"),
    ("peft/peft_model.py", "forward", "return self.base_model(input_ids=input_ids, attention_mask=attention_mask)"),
    ("transformers/models/llama/modeling_llama.py", "forward", "hidden_states = residual + self.mlp(hidden_states)"),
    ("torch/utils/checkpoint.py", "recompute_fn", "fn(*args, **kwargs)"),
    ("torch/distributed/fsdp/fully_sharded_data_parallel.py", "forward", "args, kwargs = _pre_forward(self, handle, unshard_fn)"),
)
_SECTIONS = ("model", "data.train", "data.validation", "training", "peft", "fsdp", "generation", "logging", "callbacks", "checkpointing")
_KEYS = (
    ("model_name", '"meta-llama/Llama-3.1-8B-Instruct"'), ("torch_dtype_str", '"bfloat16"'), ("seed", "42"), ("save_steps", "100"), ("enabled", "true"),
    ("output_dir", '"output/run_a"'), ("learning_rate", "2.0e-05"), ("num_train_epochs", "3"), ("lora_r", "16"), ("optimizer", '"adamw_torch_fused"'),
    ("per_device_train_batch_size", "4"), ("include_performance_metrics", "false"), ("sharding_strategy", '"FULL_SHARD"'), ("log_level", '"info"'),
)  # fmt: skip
_SENTENCES = """
the run worked on the old cluster and now it stops while the second shard is read; nothing else was changed since monday, the
driver is the same,  the data comes from our ticket system, was cleaned by hand and split in two parts, and somebody from the
other team said that it may be the network
"""
_WORDS = _SENTENCES.split()


def _filled(lines: Callable[[int], str]) -> str:
    """Lines of growing number until there are 10 kB."""
    out, size, number = [], 0, 0
    while size < SIZE:
        line = lines(number)
        out.append(line)
        size += len(line) + 1
        number += 1
    return "\n".join(out)[:SIZE]


def _training(n: int) -> str:
    return f"[2026-01-{n % 28 + 1:02} 08:{n % 60:02}:11,{n % 1000:03}][oumi][rank{n % 4}][pid:{4000 + n}][MainThread][INFO]][callback_{_name(n)}.py:{n}] loss={2 - n / 500:.4f} grad_norm={1 + n / 90:.3f} lr={2e-5 - n * 1e-8:.3e} {_name(n + 7)}={n * 3.1:.1f}"


def _trace(n: int) -> str:
    file, function, code = _FRAMES[n % len(_FRAMES)]
    if n % 11 == 10:
        return f"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate {n + 100}.00 MiB. GPU {n % 8} has a total capacity of 79.15 GiB of which {n}.25 MiB is free. Process {n + 900} has 78.9 GiB memory in use."
    return f'[rank{n % 8}]:   File "/opt/conda/lib/python3.11/site-packages/{file}", line {300 + n}, in {function}_{_name(n)}\n[rank{n % 8}]:     {code}'


def _pip(n: int) -> str:
    name = _name(n)
    return (f"Collecting {name}>={n % 9}.{n % 13}", f"  Downloading {name}-{n % 9}.{n % 13}.{n % 5}-py3-none-any.whl.metadata ({n % 40}.{n % 10} kB)", f"Requirement already satisfied: {name}<{n % 9 + 1} in ./venv/lib/python3.11/site-packages (from {_name(n + 5)}) ({n % 9}.0.{n % 7})")[n % 3]


def _yaml(n: int) -> str:
    key, value = _KEYS[n % len(_KEYS)]
    return f"{_SECTIONS[n // len(_KEYS) % len(_SECTIONS)]}_{_name(n)}:\n  {key}: {value}" if n % len(_KEYS) == 0 else f"  {key}: {value}"


def _json(n: int) -> str:
    return f'{{"step": {n}, "event": "{_name(n)}", "loss": {2 - n / 300:.3f}, "lr": {2e-5:.1e}, "epoch": {n / 100:.2f}, "host": "node-{n % 4}", "message": "{" ".join(_WORDS[n % 30 : n % 30 + 6])}"}}'


def _bars(n: int) -> str:
    return f"{_name(n)}: {n % 100:3}%|{'█' * (n % 10)}{' ' * (10 - n % 10)}| {n}/1000 [0{n % 6}:1{n % 10}<0{n % 9}:22, {1 + n % 7}.{n % 10}it/s, loss={2 - n / 400:.3f}]"


def _nccl(n: int) -> str:
    return (
        f"node-{n % 4}:{1200 + n}:{1300 + n} [{n % 8}] NCCL INFO Channel {n:02}/0 : {n % 8}[{n % 8}] -> {(n + 1) % 8}[{(n + 1) % 8}] via P2P/CUMEM/{_name(n)}",
        f"[rank{n % 8}]:[E{n:03} ProcessGroupNCCL.cpp:616] [Rank {n % 8}] Watchdog caught collective operation timeout: WorkNCCL(SeqNum={n}, OpType=ALLREDUCE, NumelIn={n * 64}, Timeout(ms)=600000) ran for {600000 + n} milliseconds before timing out {_name(n)}.",
    )[n % 2]


def _code(n: int) -> str:
    name = _name(n).replace("-", "_")
    return f"def load_{name}(path: str, batch_size: int = {n % 64 + 1}, lr: float = {n % 9 + 1}e-5) -> Dataset:\n    rows = [json.loads(line) for line in open(path)][:{n * 10}]\n    model = AutoModelForCausalLM.from_pretrained('org/{name}-7b', torch_dtype=torch.bfloat16)  # {' '.join(_WORDS[n % 30 : n % 30 + 5])}\n    return rows, model.to(f'cuda:{{rank}}')"


def _prose(n: int) -> str:
    return " ".join(islice(cycle(_WORDS), n * 7 % len(_WORDS), n * 7 % len(_WORDS) + 14)) + f", {_name(n)}."


def _csv(n: int) -> str:
    return f"{n},{_name(n)},{n * 1.7:.3f},{n % 2 == 0},2026-01-{n % 28 + 1:02},{_name(n + 3)}/{_name(n + 9)},{n % 11}e-{n % 7}"


def _nvidia(n: int) -> str:
    return f"|   {n % 8}  NVIDIA A100-SXM4-80GB   On | 00000000:{n % 99:02}:00.0 Off | {n} |\n| N/A  {30 + n % 40}C  P0  {60 + n}W / 400W | {n * 17 % 81559}MiB / 81559MiB | {n % 100}% Default | {_name(n)}"


def _name(n: int) -> str:
    return f"{_PACKAGES[n % len(_PACKAGES)]}-{_PACKAGES[n * 7 % len(_PACKAGES)]}" if n >= len(_PACKAGES) else _PACKAGES[n]


KINDS: dict[str, Callable[[int], str]] = {
    "training log": _training,
    "CUDA out of memory": _trace,
    "pip log": _pip,
    "YAML dump": _yaml,
    "JSON lines": _json,
    "progress bars": _bars,
    "NCCL log": _nccl,
    "code": _code,
    "prose": _prose,
    "CSV": _csv,
    "nvidia-smi": _nvidia,
}


def logs() -> dict[str, str]:
    """Kind → 10 kB of it; the last is a log with a request behind it."""
    made = {kind: _filled(lines) for kind, lines in KINDS.items()}
    return made | {"with a request": made["training log"][:9_900] + "\nwhy does this crash? lora llama 3.1 8b on 2 A100 80GB, 3 epochs"}
