"""A conversation in which much was said: what the readers of one line are tried against."""

from __future__ import annotations

from assistant.builder import respond
from assistant.chat.context import Context
from assistant.core.intent import Intent

SAID = Intent(
    task="train", model="meta-llama/Llama-3.1-8B-Instruct", method="lora", gpu="A100", gpu_count=2, learning_rate=2e-4, epochs=4,
    sequence_length=4096, lora_rank=16, lora_alpha=32, max_dollars=50, dataset="rows.jsonl", seed=7,
)  # fmt: skip
BEFORE = SAID.model_copy(update={"gpu_count": 4, "epochs": 2.0, "learning_rate": 1e-4})
CONTEXT = Context(intent=SAID, plan=respond(SAID).plan, past=((BEFORE, None),), changed=("epochs",), words=("lora llama 3.1 8b on 4 A100s",))
EMPTY = Context()
EVALUATION = Context(intent=Intent(task="evaluate", model="meta-llama/Llama-3.1-8B-Instruct", benchmarks=["mmlu", "gsm8k"], limit=100))
