"""Why a term of the field: what it means, and what the plan has to do with it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from assistant.builder import prose_words as w
from assistant.builder.prose_why import why_not_text
from assistant.catalogue.glossary import Term, term_in
from assistant.catalogue.names import fold
from assistant.core.taskplan import TaskPlan
from assistant.core.values import Plan, Reason

_FOUR_BIT = ("NF4", "quantisation", "double quantisation")
_METHODS = (("qlora", r"\bq-?lora\b"), ("lora", r"\blora\b"), ("full", r"\bfull\b"))
_EVERYWHERE = ("epoch", "global batch", "optimizer", "step", "token", "rank")
"""Terms that every plan has a value for: it is told with its own reason."""


def why_method(text: str, plan: Plan) -> str:
    """What is asked of the method beside why the plan's own was taken: of another one, or of its number format; else empty."""
    line = text.lower()
    term = term_in(line)
    if term is not None and term.term in _FOUR_BIT:
        return _why_four_bit(term, plan)
    asked = next((method for method, pattern in _METHODS if re.search(pattern, line)), None)
    if asked is None or asked == plan.method:
        return ""
    return f"This plan is {w.method_name(plan)}, not {w.METHODS[asked]}. {why_not_text(text, 'method', plan)}".strip()


def _why_four_bit(term: Term, plan: Plan) -> str:
    if plan.method != "qlora":
        return f"{term.text} This plan is {w.method_name(plan)}, so its weights are not rounded to 4 bit."
    if term.term == "double quantisation" and not plan.overrides.get("peft.use_bnb_nested_quant"):
        return f"{term.text} This plan does without it."
    weights = next((size for name, size in w.parts_of(plan) if name == "weights"), None)
    here = f"; with what stays in 16 bit, the weights take {weights:,.1f} GiB on each GPU" if weights is not None else ""
    kept = f"QLoRA keeps the frozen linear layers of {plan.model.id.split('/')[-1]} so{here}."
    return f"{term.text} {kept}"


def why_term(text: str, plan: Plan) -> str:
    """What the term means that a question names, and that nothing in the plan is decided by that name; empty where none is named."""
    term = term_in(text)
    if term is None or term.term in _EVERYWHERE or _is_decided(term, plan.decisions) or fold(term.term) == fold(plan.objective):
        return ""
    return f"{term.text} {_unused(term, plan)}"


def _unused(term: Term, plan: Plan | TaskPlan) -> str:
    machine = plan.hardware
    if term.term == "tensor parallelism" and machine is not None and machine.count * machine.nodes == 1:
        return "There is one GPU here, so nothing is spread."
    return "No decision of this plan is about it."


def why_task_term(text: str, plan: TaskPlan) -> str:
    """The same of a plan that trains nothing."""
    term = term_in(text)
    if term is None:
        return ""
    if term.term in _FOUR_BIT and plan.precision in ("bf16", "fp16", "fp32"):
        return f"{term.text} This plan does without it: the weights are in {plan.precision}."
    value = next((value for path, value in plan.overrides.items() if fold(path.rpartition(".")[2]) in _folded(term)), None)
    if value is not None:
        return f"{term.text} It is {value} here, as you asked."
    return f"{term.text} {_unused(term, plan)}"


def _is_decided(term: Term, decisions: Iterable[Reason]) -> bool:
    names = _folded(term)
    return any(name in fold(f"{one.field} {one.value} {one.why}") for one in decisions for name in names if len(name) > 2)


def _folded(term: Term) -> list[str]:
    return [fold(name) for name in (term.term, *term.aliases)]
