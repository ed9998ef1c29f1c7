"""What one row of a data file is, as Oumi would take it, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from assistant.core.datafacts import Form

ROLES = frozenset(("system", "user", "assistant", "tool"))
"""Oumi 0.9, core/types/conversation.py: any other role fails validation."""
PAIRS = (
    ("prompt", "response"), ("question", "answer"), ("instruction", "response"), ("input", "output"),
    ("query", "response"), ("question", "response"), ("prompt", "answer"),
)  # fmt: skip
"""Column pairs people use for one question and one answer, besides prompt/completion and instruction/output."""

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NUMBER_LIMIT = 40
_NUMBER_STARTS = frozenset("0123456789+-.")
_RENDERED = ("<|", "[INST]", "<start_of_turn>", "<bos>", "<s>")
_IMAGES = frozenset(("image_path", "image_url", "image_binary"))
_FIRST = {"dpo": "preference", "kto": "kto", "grpo": "prompt", "pretrain": "text"}


@dataclass(slots=True)
class Row:
    """One row's form, its text in the order it is trained on, and its faults as (kind, detail).

    Mutable for speed: one is made for every row of a file.
    """

    form: Form
    texts: list[str] = field(default_factory=list)
    turns: int = 0
    faults: list[tuple[str, str]] = field(default_factory=list)
    system: bool = False
    image: bool = False
    rendered: bool = False
    lists: bool = False
    columns: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


def look(row: dict[str, Any], objective: str) -> Row:
    """What this row is for this objective, every fault included."""
    form, columns = form_of(row, objective)
    seen = Row(form=form, columns=columns)
    _LOOKS[form](row, seen)
    return seen


def form_of(row: dict[str, Any], objective: str) -> tuple[Form, tuple[str, ...]]:
    """The form, and for a `pair` its two columns; where a row could be two things the objective decides."""
    wanted = _FIRST.get(objective)
    if wanted is None and "messages" in row:
        return "messages", ()
    found = _candidates(row)
    for form, columns in found:
        if form == wanted:
            return form, columns
    return found[0] if found else ("unknown", ())


def _candidates(row: dict[str, Any]) -> list[tuple[Form, tuple[str, ...]]]:
    """Every form that the row's keys allow, the most telling first."""
    found: list[tuple[Form, tuple[str, ...]]] = []
    if "messages" in row:
        found.append(("messages", ()))
    if isinstance(row.get("conversation"), dict):
        found.append(("conversation", ()))
    if "conversations" in row:
        found.append((_under_conversations(row["conversations"]), ()))
    if "chosen" in row or "rejected" in row:
        found.append(("preference", ()))
    if "prompt" in row and "completion" in row:
        found.append(("kto" if "label" in row else "prompt_completion", ("prompt", "completion")))
    if "instruction" in row and "output" in row:
        found.append(("alpaca", ()))
    found += [("pair", pair) for pair in PAIRS if pair[0] in row and pair[1] in row]
    if "prompt" in row:
        found.append(("prompt", ()))
    if "text" in row:
        found.append(("text", ()))
    return found


def _under_conversations(turns: Any) -> Form:
    if isinstance(turns, list) and turns and isinstance(turns[0], dict) and "from" in turns[0]:
        return "sharegpt"
    return "conversations"


def _messages(row: dict[str, Any], seen: Row) -> None:
    _turns(row["messages"], seen)


def _conversation(row: dict[str, Any], seen: Row) -> None:
    _turns(row["conversation"].get("messages"), seen)


def _conversations(row: dict[str, Any], seen: Row) -> None:
    _turns(row["conversations"], seen)


def _turns(turns: Any, seen: Row) -> None:
    """A chat: what Oumi's Conversation refuses, and what it takes and should not."""
    if not isinstance(turns, list):
        kind = "json-in-text" if isinstance(turns, str) else "not-a-list"
        seen.faults.append((kind, type(turns).__name__))
        return
    roles = [_message(turn, seen) for turn in turns]
    seen.turns, seen.roles = len(roles), tuple(roles)
    if not roles:
        seen.faults.append(("no-messages", ""))
        return
    seen.system = roles[0] == "system"
    if "assistant" not in roles:
        seen.faults.append(("no-assistant", ""))
    elif roles[seen.system : seen.system + 1] == ["assistant"]:
        seen.faults.append(("assistant-first", ""))
    if "system" in roles[1:]:
        seen.faults.append(("system-late", ""))


def _message(turn: Any, seen: Row) -> str:
    """Look at one message; its role."""
    if not isinstance(turn, dict):
        seen.faults.append(("not-a-message", type(turn).__name__))
        return ""
    role = turn.get("role")
    if not isinstance(role, str) or role not in ROLES:
        seen.faults.append(("bad-role", str(role)[:40]) if "role" in turn else ("no-role", ""))
    content = turn.get("content")
    if isinstance(content, str):
        if turn.get("type") in _IMAGES:
            seen.faults.append(("image-as-text", content[:40]))
        if content.strip():
            seen.texts.append(content)
        elif not turn.get("tool_calls"):
            seen.faults.append(("empty-content", str(role)[:40]))
    elif isinstance(content, list):
        _parts(content, seen)
    elif content is not None:
        seen.faults.append(("content-type", type(content).__name__))
    elif not turn.get("tool_calls"):
        seen.faults.append(("no-content", str(role)[:40]))
    return role if isinstance(role, str) else ""


def _parts(parts: list[Any], seen: Row) -> None:
    """A message of several parts: Oumi wants {type, content}, OpenAI's {type, text} fails."""
    for part in parts:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in _IMAGES or kind == "image":
            seen.image = True
        if not isinstance(part, dict) or kind not in (*_IMAGES, "text"):
            seen.faults.append(("bad-part", str(kind)[:40]))
        elif part.get("content") is None and part.get("binary") is None:
            seen.faults.append(("part-without-content", str(kind)))
        elif kind == "text" and isinstance(part["content"], str):
            seen.texts.append(part["content"])


def _sharegpt(row: dict[str, Any], seen: Row) -> None:
    turns = row["conversations"]
    seen.turns = len(turns)
    for turn in turns:
        value = turn.get("value") if isinstance(turn, dict) else None
        if isinstance(value, str):
            seen.texts.append(value)


def _alpaca(row: dict[str, Any], seen: Row) -> None:
    seen.turns = 2
    if "input" not in row:
        seen.faults.append(("no-input", ""))
    for key in ("instruction", "input"):
        _text(row, key, seen, null="null-text", other="number-as-text", may_be_empty=key == "input")
    _text(row, "output", seen, null="no-content", other="content-type")


def _pair(row: dict[str, Any], seen: Row) -> None:
    seen.turns = 2
    for key in seen.columns:
        _text(row, key, seen, null="null-text", other="number-as-text")


def _text(row: dict[str, Any], key: str, seen: Row, *, null: str, other: str, may_be_empty: bool = False) -> None:
    """One text column: `null` and `other` name the fault when it holds nothing or no string."""
    value = row.get(key)
    if isinstance(value, str):
        seen.texts.append(value)
        if not may_be_empty and not value.strip():
            seen.faults.append(("empty-content", key))
        _number(key, value, seen)
    elif value is None:
        if key in row:
            seen.faults.append((null, key))
    else:
        seen.faults.append((other, f"{key} is {type(value).__name__}"))


def _number(key: str, value: Any, seen: Row) -> None:
    """Note a text that pandas reads as a number, and whether it comes back as another text ("007", "2.50", "18" beside "2.5")."""
    if not isinstance(value, str) or len(value) > _NUMBER_LIMIT or value[:1] not in _NUMBER_STARTS or not _NUMBER.fullmatch(value):
        return
    plain = value.isdecimal() and len(value) < 18 and value == str(int(value))
    seen.faults.append((f"number-{key}", "" if plain else value[:40]))


def _preference(row: dict[str, Any], seen: Row) -> None:
    """A pair of answers; trained as prompt + the longer one."""
    seen.turns = 2
    chosen, rejected = row.get("chosen"), row.get("rejected")
    for key in ("prompt", "chosen", "rejected"):
        if key not in row:
            seen.faults.append((f"no-{key}", ""))
        elif row[key] is None or row[key] in ("", []):
            seen.faults.append(("empty-content" if row[key] == "" else "no-content", key))
        else:
            _number(key, row[key], seen)
    if chosen is not None and chosen == rejected:
        seen.faults.append(("same-pair", ""))
    seen.lists = isinstance(chosen, list)
    if isinstance(chosen, list) and "prompt" in row and _role(chosen) != "assistant":
        seen.faults.append(("prompt-twice", ""))
    if isinstance(row.get("prompt"), list) != seen.lists and "prompt" in row:
        seen.faults.append(("prompt-and-answer-differ", ""))
    answers = [_flat(answer) for answer in (chosen, rejected)]
    seen.texts += [_flat(row.get("prompt")), max(answers, key=len)]
    seen.rendered = any(mark in text for text in seen.texts for mark in _RENDERED)


def _role(turns: list[Any]) -> Any:
    return turns[0].get("role") if turns and isinstance(turns[0], dict) else None


def _flat(value: Any) -> str:
    """The text of a string or of a list of messages."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(str(turn.get("content") or "") for turn in value if isinstance(turn, dict))
    return ""


def _kto(row: dict[str, Any], seen: Row) -> None:
    _answered(row, seen)
    label = row["label"]
    if isinstance(label, str):
        seen.faults.append(("label-text", label[:40]))
    elif label is None or (not isinstance(label, bool) and label not in (0, 1)):
        seen.faults.append(("label-type", str(label)[:40]))
    else:
        seen.faults.append(("label-yes" if label else "label-no", ""))


def _answered(row: dict[str, Any], seen: Row) -> None:
    seen.turns = 2
    for key in ("prompt", "completion"):
        value = row[key]
        seen.lists = seen.lists or isinstance(value, list)
        if value is None:
            seen.faults.append(("null-text", key))
        elif not isinstance(value, (str, list)):
            seen.faults.append(("content-type", f"{key} is {type(value).__name__}"))
        elif not _flat(value).strip():
            seen.faults.append(("empty-content", key))
        _number(key, value, seen)
        seen.texts.append(_flat(value))
    if isinstance(row["prompt"], list) != isinstance(row["completion"], list):
        seen.faults.append(("prompt-and-completion-differ", ""))


def _prompt(row: dict[str, Any], seen: Row) -> None:
    seen.turns = 1
    _one_text(row["prompt"], seen, "prompt")


def _plain(row: dict[str, Any], seen: Row) -> None:
    _one_text(row["text"], seen, "text")


def _one_text(value: Any, seen: Row, key: str) -> None:
    seen.lists = isinstance(value, list) and key == "prompt"
    text = _flat(value)
    if not isinstance(value, str) and not seen.lists:
        seen.faults.append(("no-content" if value is None else "content-type", f"{key} is {type(value).__name__}"))
    elif not text.strip():
        seen.faults.append(("empty-content", key))
    seen.texts.append(text)


def _unknown(row: dict[str, Any], seen: Row) -> None:
    seen.texts += [value for value in row.values() if isinstance(value, str)]


_LOOKS: dict[Form, Callable[[dict[str, Any], Row], None]] = {
    "messages": _messages,
    "conversation": _conversation,
    "conversations": _conversations,
    "sharegpt": _sharegpt,
    "alpaca": _alpaca,
    "pair": _pair,
    "preference": _preference,
    "kto": _kto,
    "prompt_completion": _answered,
    "prompt": _prompt,
    "text": _plain,
    "unknown": _unknown,
}
