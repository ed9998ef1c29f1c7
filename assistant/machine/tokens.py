"""How many tokens a text is: counted where the model's tokenizer is on this machine, else by characters a token."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from assistant.core.datafacts import CHARS_PER_TOKEN

_LATIN = re.compile("[\x00-\u024f\u1e00-\u1eff\u2000-\u206f]+")
_CJK = re.compile("[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]+")
_TOKENIZER_LIMIT = 64 * 2**20


def scripts(text: str) -> tuple[int, int, int]:
    """Characters in Latin script (digits, signs and spaces too), in CJK, and in any other."""
    count = len(text)
    if text.isascii():
        return count, 0, 0
    rest = _LATIN.sub("", text)
    other = len(_CJK.sub("", rest))
    return count - len(rest), len(rest) - other, other


def estimated(latin: int, cjk: int, other: int) -> int:
    """Tokens by CHARS_PER_TOKEN, rounded up."""
    tokens = latin / CHARS_PER_TOKEN["latin"] + cjk / CHARS_PER_TOKEN["cjk"] + other / CHARS_PER_TOKEN["other"]
    return -int(-tokens // 1)


def tokenizer_file(model: str) -> Path | None:
    """`tokenizer.json` of a model folder, or of a Hub id in the local cache; None where it is not on this machine."""
    try:
        folder = Path(os.path.expanduser(model))
        if folder.is_dir():
            return _readable(folder / "tokenizer.json")
        home = os.environ.get("HF_HOME", "~/.cache/huggingface")
        cache = Path(os.path.expanduser(os.environ.get("HF_HUB_CACHE") or f"{home}/hub"))
        snapshots = cache / f"models--{model.replace('/', '--')}" / "snapshots"
        found = [file for path in sorted(snapshots.glob("*/tokenizer.json")) if (file := _readable(path))]
    except (OSError, ValueError, RuntimeError):
        return None
    return found[-1] if found else None


def _readable(path: Path) -> Path | None:
    return path if path.is_file() and path.stat().st_size <= _TOKENIZER_LIMIT else None


def token_counter(model: str | None) -> Callable[[list[str]], list[int]] | None:
    """Counts the tokens of texts with the model's own tokenizer; None without one, or without the `tokenizers` library."""
    path = tokenizer_file(model) if model else None
    if path is None:
        return None
    try:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_truncation()
        tokenizer.no_padding()
    except Exception:  # the library raises bare Exception for a file it cannot take; then lengths are estimated
        return None

    def count(texts: list[str]) -> list[int]:
        return [len(encoding.ids) for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]

    return count
