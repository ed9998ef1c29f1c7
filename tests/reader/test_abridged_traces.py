"""The phase of a trace of which only the last lines were pasted: by the statements that it shows, and None where it shows none."""

from __future__ import annotations

import pytest

from assistant.reader.traces import trace_in

OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 23.52 GiB of which 1.10 GiB is free."
BACKWARD = "    return Variable._execution_engine.run_backward(  # Calls into the C++ engine to run the backward pass\n           ^^^^^^^^^^^^^^^^^^^^^^^^\n"
CUT_FRAMES = '  File "/x/trl/trainer/sft_trainer.py", line 1100, in training_step\n    self.accelerator.backward(loss)\n'


@pytest.mark.parametrize(
    ("above", "phase"),
    [
        ("", None),
        ("{'loss': 1.2, 'epoch': 0.1}\n", None),
        (BACKWARD, "backward pass"),
        (CUT_FRAMES, "backward pass"),
        ("self.optimizer.step()\n", "optimizer step"),
        ('    state["exp_avg_sq"] = torch.zeros_like(p)\n', "optimizer step"),
        ("    logits = logits.float()\n", "loss"),
        ("    loss = nn.functional.cross_entropy(source, target)\n", "loss"),
        ("    hidden_states = self.mlp(hidden_states)\n", "forward pass"),
        ("    down_proj = self.down_proj(self.act_fn(self.gate_proj(x)) * self.up_proj(x))\n", "forward pass"),
        ("    model = AutoModelForCausalLM.from_pretrained(\n", "loading"),
        ("    outputs = self.model.generate(**inputs)\n", "generation"),
        ("    loss, logits, labels = self.prediction_step(model, inputs)\n", "evaluation"),
        ("Traceback (most recent call last):\n" + BACKWARD, "backward pass"),
    ],
)
def test_the_last_lines_of_a_trace_show_the_phase_where_they_can(above: str, phase: str | None) -> None:
    trace = trace_in(above + OOM)
    assert trace is not None
    assert trace.kind == "gpu-memory"
    assert trace.phase == phase


def test_lines_far_above_the_error_are_none_of_it() -> None:
    trace = trace_in("optimizer.step()\n" + "a line of the log\n" * 20 + OOM)
    assert trace is not None
    assert trace.phase is None
