"""A Llama decoder in plain torch, for machines without transformers: same shapes, same kernels, same loss as theirs.

RMSNorm upcasts to fp32, rotary embedding in the weights' dtype, grouped-query SDPA, SwiGLU, checkpoints whole layers, and
cross entropy over logits upcast to fp32 with shifted labels (transformers `ForCausalLMLoss`).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


class RMSNorm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        return self.weight * (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-6)).to(x.dtype)


class LoraLinear(nn.Module):
    """A frozen linear layer and its fp32 adapter, as PEFT casts it."""

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.down = nn.Linear(base.in_features, rank, bias=False, dtype=torch.float32, device=base.weight.device)
        self.up = nn.Linear(rank, base.out_features, bias=False, dtype=torch.float32, device=base.weight.device)

    def forward(self, x: Tensor) -> Tensor:
        result = self.base(x)
        delta = self.up(self.down(x.to(self.down.weight.dtype)))
        return (result + delta).to(result.dtype)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    left, right = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-right, left), dim=-1) * sin


class Layer(nn.Module):
    def __init__(self, shape: dict[str, Any]) -> None:
        super().__init__()
        hidden, self.head_dim = shape["hidden_size"], shape["head_dim"]
        queries, keys = shape["num_attention_heads"] * self.head_dim, shape["num_key_value_heads"] * self.head_dim
        self.grouped = queries != keys
        self.input_norm, self.post_norm = RMSNorm(hidden), RMSNorm(hidden)
        self.q_proj, self.k_proj = nn.Linear(hidden, queries, bias=False), nn.Linear(hidden, keys, bias=False)
        self.v_proj, self.o_proj = nn.Linear(hidden, keys, bias=False), nn.Linear(queries, hidden, bias=False)
        self.gate_proj = nn.Linear(hidden, shape["intermediate_size"], bias=False)
        self.up_proj = nn.Linear(hidden, shape["intermediate_size"], bias=False)
        self.down_proj = nn.Linear(shape["intermediate_size"], hidden, bias=False)

    def heads(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], -1, self.head_dim).transpose(1, 2)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        y = self.input_norm(x)
        q, k = rotate(self.heads(self.q_proj(y)), cos, sin), rotate(self.heads(self.k_proj(y)), cos, sin)
        v = self.heads(self.v_proj(y))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=self.grouped)
        x = x + self.o_proj(mixed.transpose(1, 2).reshape(*x.shape[:2], -1))
        y = self.post_norm(x)
        return x + self.down_proj(F.silu(self.gate_proj(y)) * self.up_proj(y))


class PlainLlama(nn.Module):
    """`forward(ids, labels)` gives the loss. `checkpointing` recomputes each layer in the backward pass."""

    def __init__(self, shape: dict[str, Any], *, checkpointing: bool) -> None:
        super().__init__()
        self.checkpointing, self.head_dim = checkpointing, shape["head_dim"]
        self.embed = nn.Embedding(shape["vocab_size"], shape["hidden_size"])
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape["num_hidden_layers"]))
        self.norm = RMSNorm(shape["hidden_size"])
        self.lm_head = nn.Linear(shape["hidden_size"], shape["vocab_size"], bias=False)
        if shape["tie_word_embeddings"]:
            self.lm_head.weight = self.embed.weight
        self.embed.weight.data.normal_(std=0.02)

    def rotary(self, length: int, like: Tensor) -> tuple[Tensor, Tensor]:
        steps = torch.arange(0, self.head_dim, 2, device=like.device, dtype=torch.float32) / self.head_dim
        angles = torch.outer(torch.arange(length, device=like.device, dtype=torch.float32), 500_000.0**-steps)
        both = torch.cat((angles, angles), dim=-1)
        return both.cos().to(like.dtype), both.sin().to(like.dtype)

    def forward(self, ids: Tensor, labels: Tensor) -> Tensor:
        x = self.embed(ids)
        if self.checkpointing:
            x.requires_grad_(True) if x.is_leaf else None
        cos, sin = self.rotary(ids.shape[1], x)
        for layer in self.layers:
            x = checkpoint(layer, x, cos, sin, use_reentrant=False) if self.checkpointing else layer(x, cos, sin)
        logits = self.lm_head(self.norm(x)).float()
        shifted = F.pad(labels, (0, 1), value=-100)[..., 1:].contiguous()
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), shifted.view(-1), ignore_index=-100)

    def add_adapters(self, targets: list[str], rank: int) -> None:
        """Freeze the base and put an adapter on each target."""
        self.requires_grad_(False)
        for layer in self.layers:
            for name, module in list(layer.named_children()):
                if name in targets:
                    setattr(layer, name, LoraLinear(module, rank))
