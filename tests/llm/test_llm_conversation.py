"""Five turns of a conversation with a real model, recorded: what it says is read beside the offline reader, and checked."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from assistant.chat.conversation import Conversation
from assistant.chat.desk import TerminalDesk
from assistant.chat.mind import Mind
from assistant.chat.state import State
from assistant.cli.request import Options, answer
from assistant.llm.choice import LlmChoice
from assistant.llm.client import Llm
from assistant.machine.models import resolve_model
from assistant.terminal.screen import Screen

pytestmark = pytest.mark.vcr
URL = "http://127.0.0.1:8090/v1"
TURNS = (
    "teach qwen2.5 1.5b our support style with adapters on one 4090",
    "rather 8k tokens per row, and rank 64",
    "why is gradient checkpointing on?",
    "what about full finetuning?",
    "no, keep it. alpha should equal the rank",
)


def test_five_turns(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = Options(offline=True, gpus=None, output=None, force=False, json=False, quiet=False, screen=Screen(no_color=True))
    llm = Llm(LlmChoice(model="openai/local", base_url=URL, origin="flag"), environ={})
    desk = TerminalDesk(
        answer=lambda reading, words, line, _: answer(reading, words, options, line=line),
        save=lambda *_: None,
        screen=options.screen,
        mind=Mind(llm=llm),
        resolve=partial(resolve_model, offline=True),
        follows_up=False,
    )
    talk = Conversation(desk=desk, state=State())
    shown = []
    for line in TURNS:
        talk.hear(line)
        shown.append("".join(capsys.readouterr()))
    llm.close()
    said = talk.state.intent.model_dump(exclude_none=True)
    assert said == {
        "task": "train", "model": "Qwen/Qwen2.5-1.5B-Instruct", "method": "lora", "gpu": "RTX4090", "gpu_count": 1,
        "sequence_length": 8192, "lora_rank": 64, "lora_alpha": 64.0,
    }  # fmt: skip
    assert "Qwen2.5-1.5B-Instruct" in shown[0]
    assert "4,096 tokens → 8,192 tokens" in shown[1]
    assert "checkpointing" in shown[2].lower()
    assert "LoRA → Full" in shown[3]
    assert "64, 128 → 64, 64" in shown[4]
    assert llm.usage.calls >= 4
    assert llm.usage.prompt_tokens <= 1_500 * llm.usage.calls
