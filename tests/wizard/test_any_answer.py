"""Whatever is typed, there is a question, a file to write or an end: never an exception."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from setups import Setup

from assistant.wizard.items import KINDS, item
from assistant.wizard.state import Leave, Put, Write

WORDS = sorted({"", "<", "?", "? rank", "yes", "no", "done", "quit", "q", "-", "auto", "default", "0", "-1", "1e999", "8k", "x=y", "=", "a=b=c", "seed=1", "training.seed=", "model.", "../x", "~", "~nobody/x.yaml", "x.yaml", "{a: [", "null", "2xH100", "0xT4", "9" * 40, "$(id)", "${x}", "qwen3-8b", "grpo", "full", "qlora", "peft.lora_r=0", "data=1", "tasks=[1]", "training.trainer_type=TRL_DPO", "training.output_dir=", *(item("train", key).flag for key in KINDS["train"].keys)})
ANSWERS = st.one_of(st.sampled_from(WORDS), st.text(max_size=12))


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(kind=st.sampled_from(["train", "eval", "infer", "job"]), answers=st.lists(ANSWERS, min_size=1, max_size=10))
def test_any_answers_lead_somewhere(kind: str, answers: list[str]) -> None:
    setup = Setup(kind=kind, intent={"model": "smollm2-135m"})
    for answer in answers:
        seen = setup.type(answer)
        assert isinstance(seen[-1], Put | Leave | Write), (answer, seen)
        if isinstance(seen[-1], Leave):
            break
