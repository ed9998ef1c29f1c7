"""Where in a run an exception came from: the phase that the frames of its traceback show."""

from __future__ import annotations

import re

_FRAME = re.compile(r'File "([^"\n]{1,400})", line \d+, in ([\w<>.]+)|^([~/][^\s:]{1,300}\.py):\d+ in ([\w<>]+)')
_START = "Traceback (most recent call last)"
_PHASES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("evaluation", re.compile(r" (?:evaluate|evaluation_loop|prediction_step|predict)$")),
    ("generation", re.compile(r" (?:generate|_generate\w*|_sample|_beam_search)$")),
    ("saving", re.compile(r" (?:_?save_(?:checkpoint|model|pretrained|state_dict|optimizer_and_scheduler)|_save\w*)$|serialization\.py save$")),
    ("optimizer step", re.compile(r"torch/optim/|bitsandbytes/optim/|accelerate/optimizer\.py step$| optimizer_step$|adamw?\.py ")),
    ("backward pass", re.compile(r" backward$|_engine_run_backward$|/autograd/__init__\.py | unpack_hook$")),
    ("loss", re.compile(r"loss_utils\.py | (?:\w*_)?cross_entropy(?:_loss)?$| \w*ForCausalLMLoss$| selective_log_softmax$| get_batch_logps$|lm_head")),
    ("loading", re.compile(r" (?:from_pretrained|build_model|load_model|_load_\w+|build_peft_model|get_peft_model|prepare_model_for_kbit_training|_move_model_to_device|_auto_wrap|_sync_\w+)$")),
    ("forward pass", re.compile(r" (?:forward|training_step|compute_loss|_call_impl)$")),
)
"""Phase → frames that show it, as "path function"; the first that any frame matches is it."""
_MOST_FRAMES = 120
_SOURCES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("evaluation", re.compile(r"\.(?:evaluate|evaluation_loop|prediction_step)\(")),
    ("generation", re.compile(r"\.(?:generate|_sample)\(")),
    ("saving", re.compile(r"\b_?save_(?:checkpoint|model|pretrained|state_dict)\(|torch\.save\(")),
    ("optimizer step", re.compile(r"\boptimizer\.step\(|\bexp_avg(?:_sq)?\b")),
    ("backward pass", re.compile(r"\.(?:run_)?backward\(")),
    ("loss", re.compile(r"cross_entropy\(|\blogits\.float\(|\bself\.loss_function\(|\bself\.lm_head\(")),
    ("loading", re.compile(r"\.from_pretrained\(|\bmodel\.(?:to|cuda)\(|\bload_state_dict\(|\bbuild_model\(")),
    ("forward pass", re.compile(r"\b(?:compute_loss|scaled_dot_product_attention)\(|\bself\.(?:mlp|self_attn|attention|(?:down|up|gate)_proj|act_fn)\(|\bmodel\(\*\*")),
)
"""The same by the statements that a traceback shows, which is all that the last lines of one have."""
_MOST_LINES, _LAST = 400, 12
"""Lines above an error that are looked at: of a traceback with frames, and of its last lines alone."""


def phase_before(lines: tuple[str, ...], end: int) -> str | None:
    """The phase by the frames above line `end`, back to where their traceback starts; None where none shows it."""
    frames = _frames(lines, end)
    sources = _sources(lines, end, framed=bool(frames))
    of_sources = dict(_SOURCES)
    return next((name for name, pattern in _PHASES if any(map(pattern.search, frames)) or any(map(of_sources[name].search, sources))), None)


def _sources(lines: tuple[str, ...], end: int, *, framed: bool) -> list[str]:
    """The statements of a traceback; without any frame, the few lines right above the error."""
    found: list[str] = []
    for line in reversed(lines[max(0, end - (_MOST_LINES if framed else _LAST)) : end]):
        if line.strip().startswith(_START):
            break
        if not _FRAME.search(line.strip()):
            found.append(line)
    return found


def _frames(lines: tuple[str, ...], end: int) -> list[str]:
    """Frames as "path function", and the source line under each that takes the head's product."""
    found: list[str] = []
    for line in reversed(lines[:end]):
        if line.strip().startswith(_START) or len(found) >= _MOST_FRAMES:
            break
        if match := _FRAME.search(line.strip()):
            path, name = match.group(1) or match.group(3), match.group(2) or match.group(4)
            found.append(f"{path} {name}".replace("\\", "/"))
        elif "self.lm_head(" in line:
            found.append("lm_head")
    return found
