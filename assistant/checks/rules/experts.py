"""Rules on adapters beside the fused experts of a mixture."""

from __future__ import annotations

from assistant.checks.case import Case
from assistant.checks.declared import Found, Hit, Rule, when
from assistant.checks.rules.adapters import TARGETS, named_layers

_PAIR = frozenset(("gate_proj", "up_proj"))


def _attention_alone(case: Case) -> bool:
    """all-linear where the experts are no linear layers."""
    if case.model is None or case.method not in ("lora", "qlora") or case.listed(TARGETS) != ["all-linear"] or not case.is_file:
        return False
    return case.model.model_type == "gpt_oss" and not case.get("peft.lora_target_parameters")


def _half_a_pair(case: Case) -> Found:
    """One of two layers that the experts hold in one."""
    if case.model is None or case.model.model_type != "qwen3_moe":
        return []
    said = {name.rpartition(".")[2] for name in named_layers(case)} & _PAIR
    return [Hit(path=TARGETS, words={"said": next(iter(said)), "other": next(iter(_PAIR - said))})] if len(said) == 1 else []


RULES = (
    Rule(
        rule="PEF040",
        severity="info",
        where=when(TARGETS, _attention_alone),
        message="all-linear is the attention alone here: the experts are no linear layers",
        fix="name experts in peft.lora_target_parameters, as Oumi's gpt-oss recipes do, or leave it so",
        summary="all-linear without the experts",
        why="The experts of gpt_oss are one parameter, which PEFT 0.19 does not take for a linear layer (measured with transformers 5.16).",
        bad="model: {model_name: openai/gpt-oss-20b}\ntraining: {use_peft: true}\npeft: {lora_target_modules: [all-linear]}\n",
        good="model: {model_name: openai/gpt-oss-20b}\ntraining: {use_peft: true}\npeft: {lora_target_modules: [q_proj, k_proj, v_proj, o_proj]}\n",
    ),
    Rule(
        rule="PEF043",
        where=_half_a_pair,
        message="PEFT cannot adapt {said} without {other} here: the run stops.",
        fix="Name both, or neither: q_proj, k_proj, v_proj, o_proj are what Oumi's own recipes take.",
        summary="Half of a fused pair of experts",
        why="The experts of qwen3_moe hold gate_proj and up_proj in one parameter, and PEFT 0.19 raises ValueError for one of them (measured with transformers 5.16).",
        bad="model: {model_name: Qwen/Qwen3-30B-A3B}\ntraining: {use_peft: true}\npeft: {lora_target_modules: [q_proj, up_proj, down_proj]}\n",
        good="model: {model_name: Qwen/Qwen3-30B-A3B}\ntraining: {use_peft: true}\npeft: {lora_target_modules: [q_proj, k_proj, v_proj, o_proj]}\n",
    ),
)
