"""Sample data files: what Oumi takes as it is, and what it stops at or misreads."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Rows = list[dict[str, Any]]


def chat(index: int) -> list[dict[str, Any]]:
    return [{"role": "user", "content": f"ask {index}"}, {"role": "assistant", "content": f"ans {index}"}]


MESSAGES: Rows = [{"messages": chat(i)} for i in range(8)]
ALPACA: Rows = [{"instruction": f"do {i}", "input": "" if i % 2 else f"in {i}", "output": f"ans {i}"} for i in range(8)]
NO_INPUT: Rows = [{"instruction": row["instruction"], "output": row["output"]} for row in ALPACA]
PAIRS: Rows = [{"prompt": f"ask {i}", "completion": f"ans {i}"} for i in range(8)]
QUESTIONS: Rows = [{"question": f"ask {i}", "answer": f"ans {i}"} for i in range(8)]
TEXTS: Rows = [{"text": f"some text {i} " * 5} for i in range(8)]
PREFERENCES: Rows = [{"prompt": f"ask {i}", "chosen": f"good {i}", "rejected": f"bad {i}"} for i in range(8)]
RENDERED: Rows = [
    {"prompt": f"<|user|>ask {i}<|end|><|assistant|>", "chosen": f"good {i}<|end|>", "rejected": f"bad {i}<|end|>"} for i in range(8)
]
ANSWERS: Rows = [{"prompt": f"ask {i}", "chosen": chat(i)[1:], "rejected": [{"role": "assistant", "content": "bad"}]} for i in range(8)]
CHATS: Rows = [{**row, "prompt": chat(i)[:1]} for i, row in enumerate(ANSWERS)]
IMPLICIT: Rows = [{"chosen": chat(i), "rejected": [chat(i)[0], {"role": "assistant", "content": "bad"}]} for i in range(8)]
LABELS: Rows = [{**row, "label": bool(i % 2)} for i, row in enumerate(PAIRS)]
SHAREGPT: Rows = [
    {"conversations": [{"from": "human", "value": f"ask {i}"}, {"from": "gpt", "value": f"ans {i}"}]} for i in range(8)
]


def lines(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def table(rows: Rows, separator: str = ",") -> bytes:
    head = list(rows[0])
    return "\n".join(separator.join(map(str, row)) for row in [head, *([r[k] for k in head] for r in rows)]).encode() + b"\n"


def parquet(rows: Rows) -> bytes:
    import io

    import pyarrow
    from pyarrow import parquet as pq

    out = io.BytesIO()
    pq.write_table(pyarrow.Table.from_pylist(rows), out)
    return out.getvalue()


def changed(rows: Rows, index: int, change: Callable[[dict[str, Any]], Any]) -> list[Any]:
    """A copy of the rows in which one is changed."""
    copy = json.loads(json.dumps(rows))
    copy[index] = change(copy[index])
    return list(copy)


def with_message(index: int, **change: Any) -> bytes:
    return lines(changed(MESSAGES, 5, lambda row: {"messages": [{**m, **(change if i == index else {})} for i, m in enumerate(row["messages"])]}))


POSITIVE: dict[str, tuple[str, bytes, str, str]] = {
    # name: (objective, bytes, form, reader)
    "chat.jsonl": ("sft", lines(MESSAGES), "messages", "text_sft_jsonl"),
    "crlf.jsonl": ("sft", lines(MESSAGES).replace(b"\n", b"\r\n"), "messages", "text_sft_jsonl"),
    "bom.jsonl": ("sft", b"\xef\xbb\xbf" + lines(MESSAGES), "messages", "text_sft_jsonl"),
    "chat.json": ("sft", json.dumps(MESSAGES, indent=1).encode(), "messages", "text_sft_jsonl"),
    "nested.json": ("sft", json.dumps({"version": 1, "data": MESSAGES}).encode(), "messages", "json"),
    "chat.jsonl.gz": ("sft", gzip.compress(lines(MESSAGES)), "messages", "json"),
    "chat.parquet": ("sft", parquet(MESSAGES), "messages", "parquet"),
    "conversation.jsonl": ("sft", lines([{"conversation": row} for row in MESSAGES]), "conversation", "text_sft_jsonl"),
    "alpaca.jsonl": ("sft", lines(ALPACA), "alpaca", "text_sft_jsonl"),
    "alpaca.parquet": ("sft", parquet(ALPACA), "alpaca", "yahma/alpaca-cleaned"),
    "ultrachat.parquet": ("sft", parquet([{**row, "prompt": "ask"} for row in MESSAGES]), "messages", "HuggingFaceDataset"),
    "ultrachat.jsonl": ("sft", lines([{**row, "prompt": "ask"} for row in MESSAGES]), "messages", "text_sft_jsonl"),
    "whole-numbers.jsonl": ("sft", lines([{"prompt": f"ask {i}", "completion": str(i)} for i in range(8)]), "prompt_completion", "PromptResponseDataset"),
    "pairs-chat.jsonl": ("sft", lines([{"prompt": c[:1], "completion": c[1:]} for c in map(chat, range(8))]), "prompt_completion", "json"),
    "no-input.jsonl": ("sft", lines(NO_INPUT), "alpaca", "PromptResponseDataset"),
    "pairs.jsonl": ("sft", lines(PAIRS), "prompt_completion", "PromptResponseDataset"),
    "pairs.parquet": ("sft", parquet(PAIRS), "prompt_completion", "PromptResponseDataset"),
    "questions.jsonl": ("sft", lines(QUESTIONS), "pair", "PromptResponseDataset"),
    "texts.jsonl": ("sft", lines(TEXTS), "text", "json"),
    "texts.tsv": ("sft", table(TEXTS, "\t"), "text", "csv"),
    "texts.txt": ("sft", b"one line\nanother line\n" * 4, "text", "text"),
    "rendered.jsonl": ("dpo", lines(RENDERED), "preference", "text_dpo_jsonl"),
    "preferences.jsonl": ("dpo", lines(PREFERENCES), "preference", "mlabonne/orpo-dpo-mix-40k"),
    "preferences.parquet": ("dpo", parquet(PREFERENCES), "preference", "mlabonne/orpo-dpo-mix-40k"),
    "answers.jsonl": ("dpo", lines(ANSWERS), "preference", "mlabonne/orpo-dpo-mix-40k"),
    "chats.jsonl": ("dpo", lines(CHATS), "preference", "json"),
    "implicit.jsonl": ("dpo", lines(IMPLICIT), "preference", "json"),
    "prompts.jsonl": ("grpo", lines([{"prompt": f"ask {i}"} for i in range(8)]), "prompt", "json"),
    "labels-chat.jsonl": ("kto", lines([{"prompt": c[:1], "completion": c[1:], "label": bool(i % 2)} for i, c in enumerate(map(chat, range(8)))]), "kto", "json"),
    "distil.jsonl": ("gkd", lines(MESSAGES), "messages", "text_sft_jsonl"),
    "pretrain.jsonl": ("pretrain", lines(TEXTS), "text", "json"),
}
"""No finding that is an error or a warning; the reader is the one to use."""

WARNED: dict[str, tuple[str, bytes, str, str]] = {
    # name: (objective, bytes, rule, reader)
    "blank.jsonl": ("sft", lines(MESSAGES).replace(b"\n", b"\n\n"), "DAT014", "json"),
    "joined.jsonl": ("sft", lines(MESSAGES).replace(b"\n", b""), "DAT014", "json"),
    "pretty.jsonl": ("sft", "".join(json.dumps(row, indent=1) + "\n" for row in MESSAGES).encode(), "DAT014", "json"),
    "array.jsonl": ("sft", json.dumps(MESSAGES, indent=1).encode(), "DAT014", "json"),
    "lines.json": ("sft", lines(MESSAGES), "DAT014", "json"),
    "nan.jsonl": ("sft", lines([{**row, "score": float("nan")} for row in MESSAGES]), "DAT014", "json"),
    "silent.jsonl": ("sft", lines(changed(MESSAGES, 5, lambda r: {"messages": r["messages"][:1]})), "DAT016", "text_sft_jsonl"),
    "twice.jsonl": ("sft", lines(MESSAGES).replace(b'"content": "ask 3"', b'"content": "ask 3", "content": "again"'), "DAT016", "text_sft_jsonl"),
    "plain.csv": ("sft", table(PAIRS), "DAT018", "csv"),
    "semicolon.csv": ("sft", table(PAIRS, ";"), "DAT018", "csv"),
    "pairs.json": ("sft", json.dumps(PAIRS).encode(), "DAT018", "json"),
    "preferences.json": ("dpo", json.dumps(PREFERENCES, indent=1).encode(), "DAT018", "json"),
    "labels.jsonl": ("kto", lines(LABELS), "DAT018", "json"),
    "labels.csv": ("kto", table(LABELS), "DAT018", "csv"),
    "all-good.jsonl": ("kto", lines([{**row, "label": True} for row in LABELS]), "DAT017", "json"),
}
"""A warning, and the entry that is chosen trains."""

NEGATIVE: dict[str, tuple[str, bytes, str, tuple[int, ...]]] = {
    # name: (objective, bytes, rule, first lines)
    "empty.jsonl": ("sft", b"", "DAT010", ()),
    "system-and-prompt.parquet": ("sft", parquet([{"messages": [{"role": "system", "content": "be"}, *chat(i)], "prompt": "ask"} for i in range(8)]), "DAT011", ()),
    "text-and-prompt.jsonl": ("pretrain", lines([{**row, "prompt": "p"} for row in TEXTS]), "DAT011", ()),
    "messages-for-dpo.jsonl": ("dpo", lines([{**row, "messages": chat(i)} for i, row in enumerate(IMPLICIT)]), "DAT011", ()),
    "zeros.jsonl": ("sft", lines([{"prompt": f"ask {i}", "completion": f"00{i}"} for i in range(8)]), "DAT027", ()),
    "decimals.jsonl": ("dpo", lines([{"prompt": f"ask {i}", "chosen": f"{i}.50", "rejected": "no"} for i in range(8)]), "DAT027", ()),
    "whole-chosen.jsonl": ("dpo", lines([{"prompt": f"ask {i}", "chosen": str(i + 1), "rejected": "no"} for i in range(8)]), "DAT027", ()),
    "numbers.csv": ("sft", table([{"prompt": f"ask {i}", "completion": str(i)} for i in range(8)]), "DAT027", ()),
    "text-and-list.jsonl": ("kto", lines([{"prompt": chat(i)[:1], "completion": "ans", "label": bool(i % 2)} for i in range(8)]), "DAT013", (1, 2, 3, 4, 5)),
    "sharegpt.jsonl": ("sft", lines(SHAREGPT), "DAT011", ()),
    "conversations.jsonl": ("sft", lines([{"conversations": row["messages"]} for row in MESSAGES]), "DAT011", ()),
    "unknown.jsonl": ("sft", lines([{"foo": "a", "bar": "b"}] * 3), "DAT011", ()),
    "alpaca.csv": ("sft", table(ALPACA), "DAT011", ()),
    "preferences-for-sft.jsonl": ("sft", lines(PREFERENCES), "DAT011", ()),
    "chats-for-dpo.jsonl": ("dpo", lines(MESSAGES), "DAT011", ()),
    "chats-for-kto.jsonl": ("kto", lines(MESSAGES), "DAT011", ()),
    "chats-for-grpo.jsonl": ("grpo", lines(MESSAGES), "DAT011", ()),
    "utf16.jsonl": ("sft", lines(MESSAGES).decode().encode("utf-16"), "DAT012", ()),
    "latin.jsonl": ("sft", lines(MESSAGES).replace(b"ask 3", b"ask \xe9"), "DAT012", (4,)),
    "bom.json": ("sft", b"\xef\xbb\xbf" + json.dumps(MESSAGES).encode(), "DAT012", ()),
    "broken.jsonl": ("sft", lines(MESSAGES).replace(b'"ask 5"}', b'"ask 5"'), "DAT013", (6,)),
    "cut.jsonl": ("sft", lines(MESSAGES)[:-20], "DAT013", (8,)),
    "list.jsonl": ("sft", lines(changed(MESSAGES, 5, lambda _: [1, 2])), "DAT013", (6,)),
    "human.jsonl": ("sft", with_message(0, role="human"), "DAT013", (6,)),
    "developer.jsonl": ("sft", with_message(0, role="developer"), "DAT013", (6,)),
    "capital.jsonl": ("sft", with_message(0, role="User"), "DAT013", (6,)),
    "null.jsonl": ("sft", with_message(1, content=None), "DAT013", (6,)),
    "number.jsonl": ("sft", with_message(1, content=5), "DAT013", (6,)),
    "parts.jsonl": ("sft", with_message(0, content=[{"type": "text", "text": "hi"}]), "DAT013", (6,)),
    "text-of-json.jsonl": ("sft", lines([{"messages": json.dumps(row["messages"])} for row in MESSAGES]), "DAT013", (1, 2, 3, 4, 5)),
    "image-type.jsonl": ("sft", lines([{"messages": [{"role": "user", "type": "image_path", "content": "dir/cat.jpg"}, *chat(i)]} for i in range(8)]), "DAT013", (1, 2, 3, 4, 5)),
    "some-input.jsonl": ("sft", lines([*ALPACA[:4], *NO_INPUT[4:]]), "DAT013", (5, 6, 7, 8)),
    "null-input.jsonl": ("sft", lines([{**row, "input": None} for row in ALPACA]), "DAT013", (1, 2, 3, 4, 5)),
    "null-output.jsonl": ("sft", lines(changed(ALPACA, 5, lambda r: {**r, "output": None})), "DAT013", (6,)),
    "null-completion.jsonl": ("sft", lines(changed(PAIRS, 4, lambda r: {**r, "completion": None})), "DAT013", (5,)),
    "ragged.csv": ("sft", b"prompt,completion\na,b\nc,d,e\nf,g\n", "DAT013", (3,)),
    "short.csv": ("sft", b"prompt,completion\na,b\nc\nf,g\n", "DAT013", (3,)),
    "mixed.jsonl": ("sft", lines([*MESSAGES[:7], ALPACA[0]]), "DAT015", ()),
    "silent-all.jsonl": ("sft", lines([{"messages": row["messages"][:1]} for row in MESSAGES]), "DAT016", (1, 2, 3, 4, 5)),
    "no-rejected.jsonl": ("dpo", lines([{"prompt": row["prompt"], "chosen": row["chosen"]} for row in PREFERENCES]), "DAT013", (1, 2, 3, 4, 5)),
    "some-rejected.jsonl": ("dpo", lines([*PREFERENCES[:7], {"prompt": "a", "chosen": "b"}]), "DAT013", (8,)),
    "prompt-twice.jsonl": ("dpo", lines([{**row, "prompt": f"ask {i}"} for i, row in enumerate(IMPLICIT)]), "DAT013", (1, 2, 3, 4, 5)),
    "labels-text.jsonl": ("kto", lines([{**row, "label": str(row["label"])} for row in LABELS]), "DAT017", (1, 2, 3, 4, 5)),
    "labels-null.jsonl": ("kto", lines([{**row, "label": None} for row in LABELS]), "DAT013", (1, 2, 3, 4, 5)),
}
"""An error: Oumi stops, or trains on something else."""


IMAGES = lines([{"messages": [{"role": "user", "content": [{"type": "image_path", "content": "cat.jpg"}, {"type": "text", "content": "what?"}]}, chat(i)[1]]} for i in range(8)])


def write(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)
