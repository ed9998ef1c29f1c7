"""What was answered, as the command that gives the same without asking."""

from __future__ import annotations

import json
import shlex
from typing import Any

from assistant.reader.fields import value_of
from assistant.wizard.answers import Said
from assistant.wizard.items import KINDS, Item, item


def command(kind: str, said: Said, *, file: str | None = None, offline: bool = False, asks: bool = False) -> str:
    """`oumi-chat create train --model … --yes`, quoted for a shell; where it `asks` for what is missing, without --yes."""
    words = ["oumi-chat", "create", kind]
    flagged = [item(kind, key) for key in KINDS[kind].keys]
    for asked in flagged:
        words += _flag(asked.flag, _value(asked, said))
    by_flag = {asked.key for asked in flagged if asked.is_field}
    for path, value in sorted((said.intent.overrides or {}).items()):
        words += ["--set", f"{path}={_written(value)}"] if path not in by_flag else []
    words += ["--offline"] if offline else []
    words += ["-o", file] if file else []
    return shlex.join(words if asks else [*words, "--yes"])


def _value(asked: Item, said: Said) -> Any:
    if asked.is_word:
        return dict(said.words).get(asked.key)
    if asked.is_field:
        return (said.intent.overrides or {}).get(asked.key)
    return said.gpus if asked.key == "machine" else getattr(said.intent, asked.key)


def _flag(flag: str, value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, bool):
        return [flag if value else flag.replace("--", "--no-", 1)]
    text = ",".join(map(str, value)) if isinstance(value, list) else repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
    return [f"{flag}={text}"] if text.startswith("-") else [flag, text]


def _written(value: Any) -> str:
    """A value so that it is read back as it is."""
    if isinstance(value, str) and value_of(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
