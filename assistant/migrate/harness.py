"""The one section for the evaluation harness that Oumi's first releases had, as the list of tasks that came after it."""

from __future__ import annotations

from typing import Any

from assistant.builder.edit import Edit, apply_edits
from assistant.builder.edit_text import value_text
from assistant.migrate.moving import put_block


def with_tasks(text: str, section: dict[str, Any]) -> str:
    """The text with `tasks` in the place of `lm_harness_params` {tasks, num_fewshot, num_samples}.

    Raises:
        UsageError: the section cannot be taken out safely, or `tasks` is there already.
    """
    names = section.get("tasks") or []
    lines = ["tasks:"]
    for name in names if isinstance(names, list) else [names]:
        lines += ["  - evaluation_backend: lm_harness", f"    task_name: {value_text(name)}"]
        if section.get("num_samples") is not None:
            lines.append(f"    num_samples: {value_text(section['num_samples'])}")
        if section.get("num_fewshot") is not None:
            lines += ["    eval_kwargs:", f"      num_fewshot: {value_text(section['num_fewshot'])}"]
    return apply_edits(put_block(text, "tasks", lines, 0), [Edit(path="lm_harness_params", remove=True)])
