"""Models that belong together: another size or variant of one model, and what a family's name alone may mean."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from assistant.catalogue.models import all_models
from assistant.catalogue.names import fold
from assistant.core.values import ModelSpec

_NEAR = 0.25
"""How far a size that is said may be from a model's own: `the 7b` has 7.6 billion parameters."""
_USUAL_PARAMS, _USUAL_REACH = 8e9, 2.0
"""The size that a family's name alone is taken to mean: what one common GPU trains with adapters; up to twice or half of it."""

_OFFERED = 3
_SPECIAL = re.compile(r"multimodal|think|-1m\b|128k", re.IGNORECASE)
"""Names of models that are made for something else than answering: nobody means them without a word of it."""


def sibling(spec: ModelSpec, params: float, *, instruct: bool | None = None) -> ModelSpec | None:
    """The model of the same family that is nearest to this many parameters, base or instruct as before; None where none is near.

    Where the family has no such size, its near relatives count, the newest first: `the 70b` of Llama 3.2 is Llama 3.3's.
    """
    wanted = spec.instruct if instruct is None else instruct
    lead = family_lead(spec.family)

    def order(model: ModelSpec) -> tuple[Any, ...]:
        return (
            model.family != spec.family,
            model.instruct != wanted,
            model.is_vision != spec.is_vision,
            model.is_moe != spec.is_moe,
            bool(dialect(model) ^ dialect(spec)),
            _newest_first(model.family),
            abs(model.params_total / params - 1),
            len(model.id),
            model.id,
        )

    near = [m for m in all_models() if abs(m.params_total / params - 1) < _NEAR and m.family.lower().startswith(lead)]
    near = [m for m in near if _owner(m) == _owner(spec)] or near
    return min(near, key=order, default=None)


def other_variant(spec: ModelSpec, *, instruct: bool) -> ModelSpec | None:
    """The base or instruct model beside this one; None where the family has none of its size."""
    found = sibling(spec, spec.params_total, instruct=instruct)
    return found if found and found.instruct == instruct and found.family == spec.family else None


def next_in_size(spec: ModelSpec, *, smaller: bool, last: bool = False) -> ModelSpec | None:
    """The next model of the family on that side, or the `last` one there; None at its end."""
    kin = [m for m in all_models() if m.family == spec.family and m.instruct == spec.instruct and _owner(m) == _owner(spec) and dialect(m) == dialect(spec)]
    beyond = [m for m in kin if m.params_total != spec.params_total and (m.params_total < spec.params_total) == smaller]
    nearest_first = sorted(beyond, key=lambda m: (-m.params_total if smaller else m.params_total, m.id))
    return (nearest_first[-1] if last else nearest_first[0]) if nearest_first else None


def usual_models(words: str) -> tuple[ModelSpec, ...]:
    """What a family's name without a size may mean, the usual one first, then its neighbours in size; empty for other words.

    The usual one is an instruct model of about eight billion parameters, of the newest version that has one; one of text
    alone and without experts goes before others.
    """
    key = fold(words)
    kin = [m for m in all_models() if m.instruct and not dialect(m) and not _SPECIAL.search(m.id)]
    kin = sorted((m for m in kin if key in (fold(m.family), fold(family_lead(m.family)))), key=_usual_order)
    if not kin:
        return ()
    beside = (next_in_size(kin[0], smaller=True), next_in_size(kin[0], smaller=False))
    chosen: dict[str, ModelSpec] = {}
    for model in (kin[0], *(m for m in beside if m and not _SPECIAL.search(m.id)), *kin):
        chosen.setdefault(model.id.split("/")[-1].lower(), model)
    return tuple(chosen.values())[:_OFFERED]


def _usual_order(model: ModelSpec) -> tuple[Any, ...]:
    is_usual = 1 / _USUAL_REACH <= model.params_total / _USUAL_PARAMS <= _USUAL_REACH
    return (not is_usual, model.is_vision, model.is_moe, _newest_first(model.family), abs(model.params_total - _USUAL_PARAMS), _releases(model), model.id)


def _releases(model: ModelSpec) -> tuple[int, ...]:
    """The numbers of a name, the newest first: of v0.3 and v0.1, v0.3."""
    return tuple(-int(number) for number in re.findall(r"\d+", model.id.split("/")[-1]))


def family_in(text: str) -> str | None:
    """The family that a text names, as far as a size would complete it: `the biggest llama` → `llama`."""
    words: list[str] = re.findall(r"[a-z][a-z]*(?:[\s-]?\d+(?:\.\d+)?)?", text.lower())
    return next((word.strip() for word in words if re.split(r"[\s\d.\-]", word)[0] in _leads()), None)


def family_lead(family: str) -> str:
    """A family's name without its version: `Llama 3.1` → `llama`."""
    return re.split(r"\d", family)[0].strip(" -").lower()


@cache
def _leads() -> frozenset[str]:
    return frozenset(re.split(r"[\s\d.\-]", spec.family.lower())[0] for spec in all_models()) - {""}


def dialect(model: ModelSpec) -> frozenset[str]:
    """Words of a name that make it another kind of model: coder, math, guard, vision."""
    return frozenset(re.findall(r"coder|math|guard|vision|vl|thinking|reasoning|embed|distill|awq|gptq|fp8|int4", model.id.lower()))


def _owner(model: ModelSpec) -> str:
    return model.id.split("/")[0]


def _newest_first(family: str) -> tuple[float, ...]:
    """The version in a family's name, the newest first: `Llama 3.3` before `Llama 3` before `Falcon`."""
    return tuple(-float(number) for number in re.findall(r"\d+(?:\.\d+)?", family)) or (0.0,)
