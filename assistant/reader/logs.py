"""Lines of a pasted log, and what is told of a run that went wrong: it happened, and was not asked for."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.reader.patterns import compiled

_LINE = (
    r"[ \t>|]*(?:\[(?:rank|gpu|node)?\d+\]:?|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\d\d:\d\d:\d\d[ ,.]|(?:INFO|WARNING|WARN|ERROR|DEBUG|CRITICAL|FATAL)\b[\s:|\[]|Traceback \(most|File \"|"
    r"Collecting [\w.\-]+|Downloading [\w.\-]+\.(?:whl|tar)|Requirement already satisfied|Successfully (?:installed|built)|Installing collected|Using cached|"
    r"[\w.\-]+:\d+:\d+ \[\d+\] NCCL|\{\s*[\"']?(?:step|event|loss|level|time\w*|ts|msg|message|epoch)[\"']?\s*:|"
    r"(?:Got|Error|Output)?:?\s*(?:[\w.]{1,80}\.)?[A-Z]\w{0,40}(?:Error|Exception|Warning)\b:|[EW]\d{4} |\{'(?:loss|train_)|\d{1,3}%\|)"
)
"""How a line of a log begins."""
_BAR = r"\d{1,3}%\|[^\n]{0,120}(?:it/s|s/it|\?)"
"""How a progress bar goes on."""
_FAILS = r"\b(?:crash\w*|die[sd]?|fail\w*|nan|oom\w*|diverge\w*|stuck|fro[zs]e\w*|freez\w*|stall\w*|spik\w*|explod\w*|collaps\w*|kill\w*|plateau\w*|stops|stopped|hang\w*|hung|blow\w* up)\b"
_TIME = r"\d+(?:\.\d+)?\s*(?:hours?|h|days?|minutes?|mins?)\b"
_ABOUT = r"(?:about |around |over |like |only |~\s?)*"
_REMARKS = (
    (("step ", "iter", "~"), rf"\b(?:at|after|before|around|by|on|from|in) {_ABOUT}(?:~\s?|step |global_step |iteration |iter )+\d[\d,]*(?:\s*steps?\b)?"),
    (("epoch ",), r"\b(?:at|after|in|during|before) epoch \d+(?:\.\d+)?\b"),
    (("after", "at ", "within"), rf"{_FAILS}[^.\n;!?]{{0,30}}?\b(?:after|at|within) [^.\n;!?]{{0,12}}?\d[\d,]*k?\s*(?:steps?|iterations?|epochs?|hours?|minutes?|h\b|min\b)"),
    (("loss", "accuracy", "score", "reward", "perplexity"), r"\b(?:loss|accuracy|score|reward|perplexity)\b[^.;\n!?\d]{0,20}\d[\d.]*%? (?:after|at|by|in) (?:only |about |just )?\d[\d,]*k?\s*(?:steps?|iterations?|epochs?)"),
    (("took", "take", "taking", "lasted", "needed", "ran for", "running for", "been training"), rf"\b(?:took|takes|taking|lasted|needed|ran for|running for|been training for)\s+{_ABOUT}{_TIME}"),
    (("too ", "not enough"), rf"\b(?:{_TIME}|\d+(?:\.\d+)?\s*(?:epochs?|steps?)) (?:is|are|was|were|seems?) (?:way |much |far )?(?:too (?:slow|long|much|many)|not enough)\b"),
)
"""(literals of which one must occur, what someone tells): steps and hours of a run that was are no wish."""
A_LOG = 4
"""Lines from which a log by itself is one that was pasted, and asks for nothing."""
_MOST = 4_000
"""Characters of a text that someone wrote: in longer ones only the lines of a log are looked for."""


def log_lines(text: str) -> list[tuple[int, int]]:
    """Where lines of a log and remarks on a run stand; none of few lines beside which the text has nothing else."""
    spans = list(_lines(text)) if "\n" in text else []
    left = text
    for start, end in spans:
        left = left[:start] + " " * (end - start) + left[end:]
    if not compiled(r"[a-z]{2,}\W+[a-z\d]").search(left) and len(spans) < A_LOG:
        spans, left = [], text
    return [*spans, *_remarks(left)] if len(text) <= _MOST else spans


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start, frame = 0, False
    for line in text.split("\n"):
        if compiled(_LINE).match(line) or ("%|" in line and compiled(_BAR).search(line)) or (frame and line[:4].isspace()):
            yield start, start + len(line)
        frame = line.lstrip().startswith('File "')
        start += len(line) + 1


def _remarks(text: str) -> Iterator[tuple[int, int]]:
    lowered = text.lower()
    for signs, pattern in _REMARKS:
        if any(sign in lowered for sign in signs):
            yield from (match.span() for match in compiled(pattern).finditer(text))
