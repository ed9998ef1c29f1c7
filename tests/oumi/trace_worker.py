"""Live tensor bytes of real training steps on the meta device: one JSON case a line in, one peak a line out.

Runs inside an environment with the real stack. A case: {"config", "method", "targets", "micro_batch", "sequence",
"checkpointing"}. An answer: {"base", "peak"}: bytes of parameters, and the most that is alive besides at any time of
forward, loss and backward. SDPA's fused kernel has no meta version: a function that keeps what it keeps stands in.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
import weakref
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", DO_NOT_TRACK="1")
warnings.filterwarnings("ignore")

import torch
import transformers
from peft import LoraConfig, get_peft_model
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten
from transformers import AutoConfig, AutoModelForCausalLM, masking_utils

transformers.logging.set_verbosity_error()
masking_utils.find_packed_sequence_indices = lambda *_a, **_k: None  # looks at values, and there are none


class _Flash(torch.autograd.Function):
    """Keeps queries, keys, values, output and the log-sum-exp, as the fused kernels do."""

    @staticmethod
    def forward(ctx: Any, query: Any, key: Any, value: Any) -> Any:
        shape = (query.shape[0], query.shape[2], query.shape[1], value.shape[-1])
        out = torch.empty(shape, dtype=query.dtype, device=query.device).transpose(1, 2)
        ctx.save_for_backward(query, key, value, out, torch.empty(query.shape[:3], dtype=torch.float32, device=query.device))
        return out

    @staticmethod
    def backward(ctx: Any, _gradient: Any) -> Any:
        query, key, value, _, _ = ctx.saved_tensors
        return torch.empty_like(query), torch.empty_like(key), torch.empty_like(value)


torch.nn.functional.scaled_dot_product_attention = lambda q, k, v, *_a, **_k: _Flash.apply(q, k, v)


class Live(TorchDispatchMode):
    """Adds up the storages that are alive."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self.seen: set[int] = set()

    def _gone(self, key: int, size: int) -> None:
        self.now -= size
        self.seen.discard(key)

    def add(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key in self.seen:
            return
        self.seen.add(key)
        self.now += size
        weakref.finalize(storage, self._gone, key, size)
        self.peak = max(self.peak, self.now)

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = function(*args, **(kwargs or {}))
        for tensor in tree_flatten(out)[0]:
            if isinstance(tensor, torch.Tensor):
                self.add(tensor)
        return out


def trace(case: dict[str, Any]) -> dict[str, int]:
    config = AutoConfig.for_model(**case["config"])
    config._attn_implementation = "sdpa"
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
        if case["method"] == "lora":
            model = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules=case["targets"], task_type="CAUSAL_LM"))
            model.enable_input_require_grads()
        if case["checkpointing"]:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        model.train()
        live = Live()
        for tensor in [*model.parameters(), *model.buffers()]:
            live.add(tensor)
        base = live.now
        rows = torch.zeros((case["micro_batch"], case["sequence"]), dtype=torch.long)
        with live:
            model(input_ids=rows, labels=rows, use_cache=False).loss.backward()
    return {"base": base, "peak": live.peak - base}


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(trace(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
