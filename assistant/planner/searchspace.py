"""What a hyper-parameter search varies, and between which bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from assistant.core.errors import UsageError
from assistant.core.values import Plan

PEFT_FIELDS = ("lora_r", "lora_alpha", "lora_dropout")
_RATE_SPAN = 5.0
"""The learning rate is searched from a fifth of the planned one to five times it."""
_WHOLE = ("lora_r", "lora_alpha", "gradient_accumulation_steps", "num_train_epochs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Specs as Oumi takes them (`TuningParams`, 0.9): by field of the training, and by field of the adapters."""

    training: dict[str, dict[str, Any]] = field(default_factory=dict)
    peft: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """All fields that are searched."""
        return (*self.training, *self.peft)

    def largest(self, name: str) -> int | None:
        """The largest value that a whole number may take; None where it is not searched."""
        spec = self.training.get(name) or self.peft.get(name)
        if spec is None:
            return None
        return int(max(spec["choices"])) if spec["type"] == "categorical" else int(spec["high"])


def parse_search(words: str | None) -> dict[str, str]:
    """`learning_rate=1e-5..1e-3 lora_r=8,16 +warmup_ratio` by field; an empty text leaves the bounds open, a plus adds to what is searched anyway."""
    parts = (part.partition("=") for part in (words or "").split())
    return {name: limits for name, _, limits in parts}


def default_names(plan: Plan, fixed: frozenset[str]) -> tuple[str, ...]:
    """What is searched where nothing says it: what matters most to this method, but for what was said as one value."""
    wanted = ("learning_rate", "lora_r") if plan.method != "full" else ("learning_rate", "weight_decay")
    open_ones = tuple(name for name in wanted if name not in fixed)
    return open_ones or tuple(name for name in ("warmup_ratio", "weight_decay") if name not in fixed)


def space_of(plan: Plan, names: dict[str, str]) -> Space:
    """The search space around this plan.

    Raises:
        UsageError: a field of adapters where none are trained.
    """
    adapters = [name for name in names if name in PEFT_FIELDS]
    if adapters and plan.method == "full":
        raise UsageError(
            f"{adapters[0]} belongs to adapters, and full fine-tuning trains none.", context="search", hint="Say LoRA, or search the learning rate alone.", reference="tune-adapters",
        )  # fmt: skip
    specs = {name: _spec(name, limits, plan) for name, limits in names.items()}
    return Space(training={k: v for k, v in specs.items() if k not in PEFT_FIELDS}, peft={k: v for k, v in specs.items() if k in PEFT_FIELDS})


def _spec(name: str, limits: str, plan: Plan) -> dict[str, Any]:
    if ".." in limits:
        low, high = (_number(name, text) for text in limits.split("..", 1))
        if low >= high:
            raise UsageError(f"{name} from {low:g} to {high:g} leaves nothing to search.", context="search", hint=f"The less comes first: {name}=LOW..HIGH.", reference="tune-spec")
        return _range(name, low, high)
    if limits:
        return {"type": "categorical", "choices": _values(name, limits)}
    return _around(name, plan)


_TEXTS = ("lr_scheduler_type", "optimizer")


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if name in _TEXTS or not 0 <= value < float("inf") or (name in _WHOLE and (value != int(value) or value < 1)):
        wanted = "names with commas, such as linear,cosine" if name in _TEXTS else "whole numbers from 1" if name in _WHOLE else "numbers"
        raise UsageError(f'{name} cannot be searched at "{text[:40]}".', context="search", hint=f"It takes {wanted}.", reference="tune-spec")
    return value


def _values(name: str, limits: str) -> list[Any]:
    """The choices, without doubles: whole numbers, numbers or names, as the field has them."""
    texts = [text for text in limits.split(",") if text]
    if name in _TEXTS:
        return list(dict.fromkeys(texts))
    numbers = sorted({_number(name, text) for text in texts})
    return [int(number) for number in numbers] if name in _WHOLE else numbers


def _range(name: str, low: float, high: float) -> dict[str, Any]:
    if name in _WHOLE:
        return {"type": "int", "low": max(1, int(low)), "high": max(1, int(high))}
    if name == "learning_rate" and low > 0:
        return {"type": "loguniform", "low": low, "high": high}
    return {"type": "uniform", "low": low, "high": high}


def _around(name: str, plan: Plan) -> dict[str, Any]:
    """Bounds around the planned value."""
    rate = plan.learning_rate
    found: dict[str, dict[str, Any]] = {
        "learning_rate": {"type": "loguniform", "low": _short(rate / _RATE_SPAN), "high": _short(rate * _RATE_SPAN)},
        "lora_r": _doubled(plan.lora_rank or 16),
        "lora_alpha": _doubled(int(plan.lora_alpha or 32)),
        "lora_dropout": {"type": "categorical", "choices": [0.0, 0.05, 0.1]},
        "weight_decay": {"type": "uniform", "low": 0.0, "high": 0.1},
        "warmup_ratio": {"type": "uniform", "low": 0.0, "high": 0.1},
        "gradient_accumulation_steps": _doubled(plan.gradient_accumulation_steps),
        "num_train_epochs": {"type": "int", "low": 1, "high": max(2, plan.epochs or 1)},
        "lr_scheduler_type": {"type": "categorical", "choices": ["linear", "cosine", "constant_with_warmup"]},
        "optimizer": {"type": "categorical", "choices": list(dict.fromkeys([plan.optimizer, "adafactor"]))},
    }
    return found[name]


def _doubled(value: int) -> dict[str, Any]:
    """Half, the planned value, and twice it."""
    return {"type": "categorical", "choices": sorted({max(1, value // 2), value, 2 * value})}


def _short(value: float) -> float:
    """Two digits are enough for a bound."""
    return float(f"{value:.1e}")
