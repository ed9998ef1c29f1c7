"""Numbers of a run that was: `last time I used lr 1e-3 and it diverged` asks for no learning rate."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.reader.page import Page
from assistant.reader.patterns import compiled

_IN_CLAUSE = r"(?:[^.;!?\n]|\.(?=\d)){0,200}?"
_ENDS = r"(?=[,)]?\s*(?:\b(?:so|now|but now|but this time|this time|then|hence|therefore|let's|lets|let us|i want|i'd like|please|instead|use|set|try|take|go with|make it)\b|[—–]| - )|[.;!?\n](?!\d)|$)"
_WHEN = r"(?:last (?:time|week|month|year|night|run)|yesterday|previously|in (?:my|the|our) (?:last|previous|first|earlier) (?:runs?|attempt|try|experiment)|(?:my|our|the) (?:last|previous|first|earlier) (?:run|attempt|try|experiment))"
_DID = r"(?:i|we)(?:'ve| have| had)?(?: already| just| once| first| only| originally)? (?:ran|run|used|tried|trained|did|had|tested|started|went)"
_BADLY = (
    r"(?:last (?:time|week|month|year|night)|yesterday|previously|earlier|diverged|crashed|failed|blew up|exploded|over-?fit(?:ted)?|under-?fit(?:ted)?|nan'?e?d?|"
    r"(?:it|that|which|loss|this) (?:was|were|got|went|ended) (?:way |much |far |a bit |up )?(?:too \w+|bad|terrible|worse|unstable|nan|up)|"
    r"did(?:n't| not) (?:work|converge|learn|help|fit|improve|go down)|never (?:worked|converged))"
)
_PAST = (rf"\b{_WHEN}\b{_IN_CLAUSE}{_ENDS}", rf"\b{_DID}\b{_IN_CLAUSE}\b{_BADLY}\b{_IN_CLAUSE}{_ENDS}")
_VALUE = (
    r"\b(?:lr|learning[- ]rate|(?:micro[- ]|global[- ])?batch(?:[- ]size)?|bs|rank|r|lora[_ ]r|alpha|context(?: length)?|seq(?:uence)?(?:[- ]len(?:gth)?)?|warmup|dropout|weight[- ]decay|seed)"
    r"(?: (?:of|was|at))?\s*[=:]?\s*\d[\d.,]*(?:e-?\d+)?k?\b|\b\d[\d.,]*k? (?:epochs?|steps|iterations|warmup steps|tokens|gpus?|hours?)\b|\bat \d[\d.]*e-?\d+\b"
)
_AGAIN = ("same", "again", "repeat", "as before", "like before", "reproduce", "resume", "continue", "go on")
_FAILURE = ("out of memory", "oom", "cuda", "traceback", "error", "exception")
"""What a failing run had is a fact that its mending needs."""


def past_values(page: Page) -> Iterator[tuple[int, int]]:
    """Where numbers of a run that was stand; none where the same is asked for again, or a failure is told to be mended."""
    if not page.mentions("last ", "yesterday", "previous", "earlier", "i ", "i'", "we ", "my ", "our ") or page.mentions(*_AGAIN, *_FAILURE):
        return
    for clause in (match for pattern in _PAST for match in compiled(pattern).finditer(page.text)):
        for value in compiled(_VALUE).finditer(clause.group()):
            yield clause.start() + value.start(), clause.start() + value.end()
