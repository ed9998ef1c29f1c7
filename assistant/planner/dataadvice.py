"""What the rows of a local file say about sequence length, packing and steps."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.core.datafacts import DataFacts, Lengths

LADDER = (512, 1024, 2048, 4096, 8192, 16384, 32768)
"""Sequence lengths that are offered, in tokens."""
_FEW, _SOME = 0.01, 0.05
_PACKED = frozenset(("sft", "pretrain"))
_PAYS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A sequence length in tokens, the share of rows (0 to 1) that stay whole within it, and why.

    `packing_gain` is how many rows fit in one sequence on average: 1 where packing gains nothing.
    """

    sequence_length: int
    whole_share: float
    why: str
    packing_gain: float
    packing_pays: bool
    why_packing: str


def advise(facts: DataFacts, model_context: int | None, objective: str = "sft") -> Advice | None:
    """The smallest rung of LADDER that cuts at most 1 % of the rows, or 5 % where 1 % would need four times as much.

    `model_context` is the longest sequence the model takes, in tokens. None when no row has a length.
    """
    lengths = facts.tokens
    if lengths is None:
        return None
    rungs = tuple(r for r in LADDER if not model_context or r <= model_context) or (model_context or LADDER[0],)
    length = _rung(lengths, rungs)
    cut = lengths.share_above(length)
    gain = length / _clipped_mean(lengths, length)
    pays = gain >= _PAYS and objective in _PACKED
    return Advice(
        sequence_length=length,
        whole_share=1 - cut,
        why=_why(facts, lengths, length, cut),
        packing_gain=round(gain, 1),
        packing_pays=pays,
        why_packing=_why_packing(gain, objective, pays),
    )


def _rung(lengths: Lengths, rungs: tuple[int, ...]) -> int:
    few = next((r for r in rungs if lengths.share_above(r) <= _FEW), None)
    some = next((r for r in rungs if lengths.share_above(r) <= _SOME), None)
    if few is not None and some is not None:
        return few if few <= 2 * some else some
    return some or rungs[-1]


def _clipped_mean(lengths: Lengths, limit: int) -> float:
    """The mean length in tokens of rows that are cut at `limit`."""
    return max(1.0, sum(min(n, limit) for n in lengths.sketch) / len(lengths.sketch))


def _why(facts: DataFacts, lengths: Lengths, length: int, cut: float) -> str:
    about = "" if facts.tokenizer_rows else "about "
    within = f"95 % of the rows stay within {about}{lengths.percentile(0.95):,} tokens, the longest has {lengths.longest:,}"
    tail = f"; {cut:.1%} are cut at {length:,}" if cut else ""
    return f"{within}{tail} ({facts.counted_by})"


def _why_packing(gain: float, objective: str, pays: bool) -> str:
    if objective not in _PACKED:
        return f"{objective} rows cannot be packed"
    if pays:
        return f"rows fill {1 / gain:.0%} of the length on average: packing makes one sequence of about {gain:.1f} rows"
    return f"rows fill {1 / gain:.0%} of the length on average: little to gain"


def steps_per_epoch(facts: DataFacts, global_batch: int, *, packed_length: int | None = None) -> int:
    """Optimizer steps for one pass over the rows; `packed_length` is the sequence length in tokens when they are packed."""
    sequences = facts.rows
    if packed_length and facts.tokens:
        sequences = max(1, -int(-facts.rows * facts.tokens.mean // packed_length))
    return max(1, -(-sequences // max(1, global_batch)))
