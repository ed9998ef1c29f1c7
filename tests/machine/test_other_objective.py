"""Rows of one objective given to another: what is wanted is said, and no fix empties the rows."""

from __future__ import annotations

import json
from pathlib import Path

from assistant.machine.datafile import examine
from assistant.planner.datafindings import findings


def test_messages_for_dpo_are_not_emptied(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    row = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    path.write_text("".join(json.dumps(row) + "\n" for _ in range(200)))
    facts = examine(str(path), "dpo", model="Qwen/Qwen3-0.6B")
    assert facts is not None
    found = findings(facts, "dpo", split=None, pack=False, model_context=None, sequence_length=512, global_batch=16, takes_images=False)
    wrong = next(f for f in found if f.rule == "DAT011")
    assert wrong.severity == "error"
    assert "prompt, chosen and rejected" in wrong.fix
    assert "python3 -c" not in wrong.fix
