"""What is known about a local data file: frozen values, filled by the machine, judged by the planner."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Container = Literal["jsonl", "json", "parquet", "csv", "tsv", "text", "unknown"]
Form = Literal[
    "messages", "conversation", "conversations", "sharegpt", "alpaca", "pair",
    "preference", "kto", "prompt_completion", "prompt", "text", "unknown",
]  # fmt: skip
"""What one row is. `conversations` holds role/content under the wrong key; `pair` is question/answer and the like."""

CHARS_PER_TOKEN = {"latin": 4.0, "cjk": 1.24, "other": 2.0}
"""Characters a token, by script.

latin: OpenAI, "What are tokens and how to count them" (help.openai.com/en/articles/4936856), about 4 for English.
cjk: Tokenizer Arena (huggingface.co/spaces/eson/tokenizer-arena), Llama 3 on cc100-zh-Hans.
other: measured with tiktoken on Django 5.2's translations: cl100k_base 1.2 (Hindi), 1.3 (Greek, Hebrew), 1.7 (Arabic),
2.7 (Russian); o200k_base 2.8 to 3.9. The older vocabulary decides, so lengths are rather over- than understated.
"""
TOKENS_PER_MESSAGE = 5
"""What a chat template adds to a message: ChatML and Llama 3 both frame one with five tokens."""

_SKETCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Lengths of rows: `sketch` holds at most 1,000 of them, sorted and evenly spaced by rank (all, if fewer)."""

    mean: float
    sketch: tuple[int, ...]

    @classmethod
    def of(cls, lengths: Iterable[int]) -> Lengths | None:
        """The lengths of these rows; None without rows."""
        ordered = sorted(lengths)
        if not ordered:
            return None
        count = len(ordered)
        if count <= _SKETCH:
            return cls(mean=sum(ordered) / count, sketch=tuple(ordered))
        picked = (ordered[i * (count - 1) // (_SKETCH - 1)] for i in range(_SKETCH))
        return cls(mean=sum(ordered) / count, sketch=tuple(picked))

    def percentile(self, share: float) -> int:
        """The shortest length that at least `share` (0 to 1) of the rows stay within."""
        rank = min(len(self.sketch) - 1, max(0, -int(-share * len(self.sketch) // 1) - 1))
        return self.sketch[rank]

    @property
    def longest(self) -> int:
        """The longest row read."""
        return self.sketch[-1]

    def share_above(self, length: int) -> float:
        """The share of rows that are longer, 0 to 1; to 0.1 % where there are more than 1,000 rows."""
        return (len(self.sketch) - bisect_right(self.sketch, length)) / len(self.sketch)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """One kind of fault: in how many of the rows read, the first lines (from 1) that have it, and examples of the cause.

    In parquet `lines` are row numbers. Rows read beyond the head of a sampled file count without a line.
    """

    kind: str
    count: int
    lines: tuple[int, ...] = ()
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFacts:
    """What reading a file, or a sample of it, has shown.

    `rows` is an estimate unless `exact`; `forms` counts the rows read by form, most frequent first; `first_form` is
    the first row's, by which Oumi's reader decides. Lengths in tokens are estimated by CHARS_PER_TOKEN, or follow
    `tokenizer_rows` rows that the tokenizer of the model `tokenizer` counted. `texts` are the two columns of a `pair`
    or of prompt/completion, `roles` those met in messages, sorted. Shares run from 0 to 1 over the rows read.
    """

    path: str
    container: Container
    compressed: bool = False
    field: str | None = None
    separator: str | None = None
    bytes_total: int = 0
    bytes_read: int = 0
    rows: int = 0
    rows_read: int = 0
    exact: bool = True
    form: Form = "unknown"
    first_form: Form = "unknown"
    forms: tuple[tuple[Form, int], ...] = ()
    columns: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    problems: tuple[RowProblem, ...] = ()
    characters: Lengths | None = None
    tokens: Lengths | None = None
    tokenizer: str | None = None
    tokenizer_rows: int = 0
    cjk_share: float = 0.0
    duplicate_share: float = 0.0
    mean_turns: float = 0.0
    system_share: float = 0.0
    image_share: float = 0.0
    rendered_share: float = 0.0
    list_share: float = 0.0

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.replace("\\", "/").rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """What follows the last dot of the name, with the dot and in small letters; empty without one."""
        stem, dot, ending = self.name.rpartition(".")
        return f"{dot}{ending}".lower() if stem else ""

    def problem(self, kind: str) -> RowProblem | None:
        """The fault of this kind, if any row has it."""
        return next((p for p in self.problems if p.kind == kind), None)

    def count(self, *kinds: str) -> int:
        """Rows read that have one of these faults; a row with two counts twice."""
        return sum(p.count for p in self.problems if p.kind in kinds)

    def share_above(self, tokens: int) -> float | None:
        """The share of rows longer than this many tokens; None when no row has a length."""
        return self.tokens.share_above(tokens) if self.tokens else None

    @property
    def counted_by(self) -> str:
        """How tokens were counted, in words."""
        if self.tokenizer_rows:
            some = "" if self.tokenizer_rows >= self.rows_read else f", measured on {self.tokenizer_rows:,} rows"
            return f"counted with the tokenizer of {self.tokenizer}{some}"
        latin, cjk, other = (f"{CHARS_PER_TOKEN[key]:g}" for key in ("latin", "cjk", "other"))
        return f"estimated: {latin} characters a token, {cjk} in Chinese, Japanese and Korean, {other} in other scripts"
