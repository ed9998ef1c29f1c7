"""Activations: what autograd keeps of one transformer layer, in bytes per token, counted tensor by tensor.

Symbols: H hidden size, I MLP width, q = heads × head size, kv = key heads × head size. The counts are those of
transformers 5.16 and PEFT 0.19, read off the tensors that autograd saves (`tests/oumi/test_saved_tensors.py`
compares them) and in line with Korthikanti et al. 2022 (arXiv 2205.05198: 34 H a GPT layer).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from assistant.core.values import ModelSpec
from assistant.planner.memory.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """How a model type builds its layers.

    `norms` a layer; `layer_norm` keeps its input alone, an RMSNorm an fp32 copy, and `wide_norm` one more where
    its weight trains. `query_norm` normalises queries and keys. `fused_qkv` keeps the whole projection alive
    through a view. `gated` MLPs have three matrices; `loose_gelu` is written out of single operations.
    `capped_logits` go through a tanh, which keeps its result. `latent` attention (MLA) has heads of its own widths.
    """

    norms: int = 2
    layer_norm: bool = False
    wide_norm: bool = False
    query_norm: bool = False
    fused_qkv: bool = False
    gated: bool = True
    loose_gelu: bool = False
    capped_logits: bool = False
    latent: bool = False


_GPT = Block(layer_norm=True, gated=False, fused_qkv=True)
_GEMMA = Block(norms=4, wide_norm=True, query_norm=True)
_CAPPED = Block(norms=4, wide_norm=True, query_norm=True, capped_logits=True)
_QWEN3 = Block(query_norm=True)
_OLMO = Block(wide_norm=True, query_norm=True)
_FUSED = Block(fused_qkv=True)
BLOCKS: dict[str, Block] = {
    "gpt2": Block(layer_norm=True, gated=False, fused_qkv=True, loose_gelu=True),
    "gptj": Block(norms=1, layer_norm=True, gated=False, loose_gelu=True),
    "gpt_neo": Block(layer_norm=True, gated=False, loose_gelu=True),
    "phi": Block(norms=1, layer_norm=True, gated=False, loose_gelu=True),
    "bloom": Block(layer_norm=True, gated=False, fused_qkv=True, loose_gelu=True),
    "gpt_neox": _GPT,
    "gpt_bigcode": _GPT,
    "mpt": _GPT,
    "falcon": Block(norms=1, layer_norm=True, gated=False),
    "opt": Block(layer_norm=True, gated=False),
    "starcoder2": Block(layer_norm=True, gated=False),
    "stablelm": Block(layer_norm=True),
    "cohere": Block(norms=1),
    "cohere2": Block(norms=1),
    "olmo": Block(layer_norm=True),
    "gemma": Block(wide_norm=True),
    "gemma2": Block(norms=4, wide_norm=True, capped_logits=True),
    **dict.fromkeys(("gemma3", "gemma3_text"), _GEMMA),
    **dict.fromkeys(("gemma3n", "gemma4", "gemma4_text", "gemma4_unified"), _CAPPED),
    **dict.fromkeys(("olmo2", "olmo3", "olmoe"), _OLMO),
    "glm4": Block(norms=4),
    "gpt_oss": Block(loose_gelu=True),
    **dict.fromkeys(("deepseek_v2", "deepseek_v3", "deepseek_v32", "kimi_k2"), Block(latent=True)),
    **dict.fromkeys(("phi3", "phi3_v", "phi4mm", "chatglm", "qwen", "baichuan", "dbrx", "phi3small"), _FUSED),
    **dict.fromkeys(("qwen3", "qwen3_moe", "qwen3_vl", "qwen3_vl_moe", "qwen3_next", "qwen3_5", "qwen3_5_moe", "exaone4", "glm4_moe"), _QWEN3),
}
"""Model types that differ from Llama's block."""
_LLAMA = Block()
LATENT_QUERY, LATENT_VALUE, LATENT_EXPANDED = 192, 128, 256
"""Widths of a head in every published MLA model (DeepSeek V2 and V3, Kimi K2): 128 + 64 for queries and keys, 128 for
values, which stay a view of the expanded latents, 128 + 128."""
LATENT_RANKS = {"q_b_proj": 1536, "kv_b_proj": 512}
"""Inputs of the matrices that expand the latents."""
EAGER_ONLY = {**dict.fromkeys(("gptj", "gpt_neo", "bloom", "mpt"), "eager"), "gpt_oss": "sinks"}
"""Types for which transformers 5.16 has no SDPA (`_supports_sdpa` is False): all scores are made."""
KERNELS = {
    **dict.fromkeys(("qwen3_next", "qwen3_5", "qwen3_5_moe"), "flash-linear-attention causal-conv1d"),
    **dict.fromkeys(("falcon_h1", "falcon_mamba", "nemotron_h", "granitemoehybrid", "bamba", "jamba"), "mamba-ssm causal-conv1d"),
}
"""Packages without which transformers 5.16 runs a type's layers as plain PyTorch. Traced on the meta device at 2,048 tokens:
with it a layer of Qwen3.5 keeps 4 times what is counted here, one of Falcon-H1 makes 6 MB a token."""
MIXED_LAYERS = frozenset([*KERNELS, "nemotron-nas", "lfm2", "bitnet"])
"""Types with layers of linear attention, state spaces or convolutions, counted as attention."""


def block_of(model: ModelSpec) -> Block:
    """How this model's layers are built."""
    return BLOCKS.get(model.model_type, _LLAMA)


@cache
def mlp_width(model: ModelSpec) -> int:
    """Intermediate values per token of one layer: of the experts that a token goes through, where there are any."""
    if not model.is_moe:
        return model.intermediate_size
    return (model.experts_per_token or 1) * (model.moe_intermediate_size or model.intermediate_size)


SCORES = {"eager": (5.0, 8.0), "math": (4.0, 8.0), "sinks": (2.5, 4.0)}
"""Bytes per attention score, where a kernel makes all s × s of them: (kept, alive besides in its backward pass).

Eager keeps scores and softmax, 5 a s (Korthikanti; one ms-swift pair). `math` is what SDPA falls back to, in fp32:
it keeps the softmax, and its backward pass makes two more (live tensors of transformers 5.16, traced). With attention
`sinks` the softmax stays in 16 bit (gpt-oss, traced).
"""


_LAST = ("down_proj", "fc2", "dense_4h_to_h", "w2", "c_proj")
"""Names of an MLP's last matrix."""


def _copy_bytes(run: Run) -> float:
    """What an adapter keeps of its input, bytes an element: fp32 adapters cast it, autocast casts it back."""
    return 4.0 if run.adapter_bytes == 4 and not run.autocast and run.stream_bytes == 2 else 2.0


def _adapter_inputs(run: Run) -> float:
    """Bytes per token that the adapters of one layer keep of their inputs: a copy each."""
    model = run.model
    hidden, query, mlp = model.hidden_size, model.num_heads * model.head_dim, mlp_width(model)
    wide = dict.fromkeys(_LAST, mlp)
    wide |= dict.fromkeys(("o_proj", "out_proj", "dense"), query)
    if block_of(model).latent:
        wide |= {"o_proj": model.num_heads * LATENT_VALUE, **LATENT_RANKS}
    return sum(wide.get(name, hidden) for name in run.adapted) * _copy_bytes(run)


def layer_bytes(run: Run) -> float:
    """Bytes per token that one layer keeps for its backward pass."""
    model, each, block = run.model, run.compute_bytes, block_of(run.model)
    hidden = model.hidden_size
    query, key = model.num_heads * model.head_dim, model.num_kv_heads * model.head_dim
    kept = _norm_bytes(run, block) * block.norms * hidden
    kept += 2 * each * hidden if run.is_full else _adapter_inputs(run)
    expanded = key if run.attention == "flash" else query
    kept += each * (_latent_width(model) if block.latent else 2 * query + 2 * expanded)
    if block.fused_qkv:
        kept += each * (query + key)
    if block.query_norm:
        kept += (4.0 + ((4.0 if block.wide_norm else each) if run.is_full else 0.0)) * (query + key)
    kept += SCORES.get(run.attention, (0.0, 0.0))[0] * model.num_heads * run.sequence
    kept += _mlp_bytes(run, block)
    if model.is_moe:
        kept += 2 * each * (model.experts_per_token or 1) * hidden  # each expert's own input and output
    return kept


def _latent_width(model: ModelSpec) -> int:
    """Values per token that MLA keeps of queries, keys, expanded latents and output."""
    return model.num_heads * (2 * LATENT_QUERY + LATENT_EXPANDED + LATENT_VALUE)


def _norm_bytes(run: Run, block: Block) -> float:
    """What one norm keeps, in units of H."""
    if block.layer_norm or run.liger:
        return run.stream_bytes + (run.compute_bytes if run.liger and run.is_full else 0.0)
    weighted = (4.0 if block.wide_norm else run.compute_bytes) if run.is_full else 0.0
    return 4.0 + weighted


def _mlp_bytes(run: Run, block: Block) -> float:
    """The MLP's own tensors: gate, its activation and up, or one activation; its product where that is needed."""
    tensors = (5 if block.loose_gelu else 3) if block.gated else (5 if block.loose_gelu else 1)
    if run.liger and block.gated:
        tensors = 2  # gate and up; the activation is computed again in the backward kernel
    return run.compute_bytes * (tensors + (1 if run.is_full else 0)) * mlp_width(run.model)


def backward_bytes(run: Run) -> float:
    """Bytes per token of gradients alive at once inside one layer (live tensors of transformers 5.16, traced).

    Adapters in fp32 on the MLP's last matrix take its gradient in fp32; on a fused gate and up projection twice that.
    """
    model, block, each = run.model, block_of(run.model), run.compute_bytes
    hidden, mlp = model.hidden_size, mlp_width(model)
    wide = _copy_bytes(run) == 4 and any(name in run.adapted for name in _LAST)
    if run.liger and block.gated:
        inside = each * mlp + 3 * hidden  # gradients overwrite what was kept
    elif wide:
        inside = (10 if "gate_up_proj" in run.adapted else 4) * mlp + (12.5 if block.gated else 8.5) * hidden
    elif not block.gated:
        inside = each * mlp
    elif run.is_full:
        inside = 2 * each * mlp + 1.5 * hidden
    else:
        inside = 3 * each * mlp + hidden
    if block.latent:
        inside = max(inside, each * _latent_width(model) - _mlp_bytes(run, block))
    scores = SCORES.get(run.attention, (0.0, 0.0))[1] * model.num_heads * run.sequence
    if scores:
        inside = max(inside, scores - _mlp_bytes(run, block))  # the MLP's tensors are gone when attention's turn comes
    return inside


def checkpoint_bytes(run: Run) -> float:
    """Bytes per token of all layers' inputs, which checkpointing keeps (exact on the fms rows)."""
    return run.stream_bytes * run.model.num_layers * run.model.hidden_size


def frozen_unit_bytes(run: Run) -> float:
    """FSDP1 with frozen units keeps (L - 2) H 16-bit values per token more (measured on three models; fms)."""
    if run.sharding != "fsdp" or run.is_full or run.shards == 1:
        return 0.0
    return 2.0 * (run.model.num_layers - 2) * run.model.hidden_size


# A vision transformer's layers hold about 12 L H² parameters; H is 1,024 to 1,408 in the towers of the catalogue.
_TOWER_HIDDEN = 1152


def vision_bytes(run: Run) -> float:
    """Bytes of the vision tower's activations: 34 H a layer and patch kept, 2 H with checkpointing (Korthikanti).

    A tower that does not train keeps nothing: only what one of its layers works on.
    """
    if not run.image_patches or not run.model.params_vision:
        return 0.0
    patches = run.micro_batch * run.image_patches
    depth = run.model.params_vision / (12 * _TOWER_HIDDEN)
    working = patches * 34.0 * _TOWER_HIDDEN
    if not run.trains_vision:
        return working
    return working + patches * depth * (2.0 if run.checkpointing else 34.0)
