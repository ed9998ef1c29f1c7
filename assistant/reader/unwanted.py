"""What a request says that it does not want, tells of others, or wants only after the config: nothing of it is read as wanted."""

from __future__ import annotations

from assistant.reader.page import TAKEN, Page
from assistant.reader.past import past_values
from assistant.reader.patterns import compiled

_FORBIDS = r"\b(?:please )?(?:(?:do ?n[o']?t|do not|never|(?:would|'d) rather not|rather not)\s+(?:use|set|train|save|run|put|go|take|make|change|write|evaluate|want|need|have)|avoid(?:ing)?)\b[^,.;!?\n]*"
_ASIDE = (
    r"(?:and |but |so )?(?:(?:my|our|a|an|his|her|their) (?:\w+ )?(?:friend|colleague|boss|buddy|neighbou?r|brother|sister|dad|father|mom|mother|roommate|co-?worker|team|teacher|professor)s? (?:has|have|had|owns?|uses?|used|bought|got|hates?|likes?|loves?|says?|said|thinks?|thought)\b|"
    r"(?:last (?:week|month|year|time|night)|yesterday|previously)\b,?|(?:i|we) (?:once |already )?(?:tried|used|trained|ran|had)\b(?=.*\b(?:diverged|crashed|failed|blew up|exploded|paper|before|last (?:week|month|year|time))\b)|it (?:diverged|crashed|failed|blew up|exploded) (?:at|with|on)\b|"
    r"i wish (?:i|we)\b|i (?:once |just |have |'ve )?(?:read|heard|saw|dreamed|dreamt)\b|(?:please )?(?:write|tell|sing) (?:me )?(?:a|an|some) (?:\w+ )?(?:poem|story|song|haiku|joke|essay|limerick|rap)\b)(?:[^\n;.!?]|\.(?=\d))*[.!?]*"
)
"""Lines of which the whole is told of others, wished, heard or asked for as a pastime: nothing in them is wanted."""
_AND_NOW = r"[,;]\s*(?:so |but )?(?:now|this time|do the same|let's|please|so)\b"
"""Where a line turns from what was to what is wanted."""
_WITHOUT = r"\b(?:without|no|not|avoid)\s+(?:(?:on|any|an?|my|the|use|using|with)\s+)*(?:nvidia\s+)?(?:rtx\s*)?(?:[ahlv]\d{2,3}s?|[345]0[5-9]0s?|t4s?|[ab]\d{3}s?)\b(?:[- ]?\d+ ?gb)?"
_TOO = r"\b(?:\w+ )?\d[\w.\-]*(?: \w+)? (?:is|are|was|would be|seems|sounds|looks) (?:way |much |far |a bit )?too (?:much|many|high|low|big|small|large|long|short)\b(?![^.;!?\n]*\d)"
"""A number that is found wanting, with none named instead."""
_INSTEAD = r"\binstead of (?:the )?\d[\d.,]*k?\s+(?:epochs?|steps|iterations|gpus?|cards|shots?|hours?|nodes|tokens)\b"
_DENIABLE = r"\bq?-?lora\b|\bfsdp|deepspeed|\bddp\b|\bzero|checkpoint|quanti[sz]|\bspot\b|preemptible|packing|liger|flash|wandb|\bfull\b|bf16|fp16|fp32|\bshard|thinking|adapters?|more than|mmlu|gsm|arc|hellaswag"
"""Words of which a negation has a meaning of its own."""
_NAME_AND_VALUE = r"[a-z_]\w*=(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s;&\"'])*?(?=[,.]?(?:[\s;&]|$))"
_SHELL = (
    r"(?:^|[\n;&|`,.]|\b(?:and|then|first|also)\b)[\s$&]*(?P<line>"
    rf"export\s+(?!cuda_visible){_NAME_AND_VALUE}(?:\s+{_NAME_AND_VALUE})*|unset\s+[a-z]+_\w+|(?:source|\.)\s+\S*bin/activate\b|conda\s+activate\s+[\w.\-/]+|"
    r"cd\s+[~./][\w.\-/]*|(?:sudo\s+)?(?:pip3?|uv\s+pip|conda|mamba|apt(?:-get)?|brew)\s+install\s+[^\n;&,]*)"
)
"""What is typed into a shell: it sets up a machine, and says nothing of a config. The GPUs that a variable lets be seen do."""
SHELL = "a line for your shell"
"""What such a piece is told as."""
_LINE = 200
"""Longer texts are no aside."""
_THEN_SERVE = r"(?:[,;.]\s*|\s)(?:and\s+)?(?:then\s+|afterwards?\s+|after that\s+)?(?:serve|deploy|host|quantize|quantise|chat with|run inference (?:on|with))\s+(?:it|that|the (?:result|adapter|trained|tuned|final|merged)\b[\w ]{0,20})(?=\s*(?:[.,;!]|$))"
"""A step after the training, which needs a request of its own."""


_TASK_OF = (
    ("quantize", r"quanti[sz]e"),
    ("train", r"(?:q?lora|fully?|full)[- ]+(?:fine-?)?(?:tune|train)|fine-?tune|train|q?lora|dpo|sft|kto|grpo"),
    ("evaluate", r"eval(?:uate)?|benchmark"),
    ("infer", r"serve|deploy|host|infer|chat with|(?:run|do) inference"),
    ("judge", r"judge"),
)
_THEN = r"(?:[,;.]\s*|\s)(?:and\s+)?(?:then|afterwards?|after that|finally),?\s+(?P<clause>(?P<verb>{verbs})\b[^.;,!?\n]*?)(?=\s*(?:[.;,!?\n]|\b(?:and )?then\b|$))"


def without_steps(text: str) -> str:
    """The text without what is to be done with the result: `dpo on llama, then quantize it` is a training."""
    return compiled(_THEN_SERVE).sub(" ", text) if "quanti" in text.lower() else text


def later_steps(page: Page, task: str | None) -> list[str]:
    """What is asked for after the first step: named, since one request makes a training and what can follow it."""
    if task is None:
        return []
    others = [verbs for of, verbs in _TASK_OF if of != task] if page.mentions("then", "after", "finally") else []
    named = [match["clause"].strip() for verbs in others for match in compiled(_THEN.format(verbs=verbs)).finditer(page.text)]
    if task in ("train", "evaluate") and page.mentions("serve", "deploy", "host", "quanti", "chat with", "inference"):
        taken = [match.group().strip(" ,;.") for match in page.find_all(compiled(_THEN_SERVE))]
        named = [*taken, *(clause for clause in named if not any(clause in piece for piece in taken))]
    return named


def take_shell(page: Page) -> list[str]:
    """Lines of a shell, taken off the page: `export AWS_PROFILE=x` is no wish to export a model."""
    if not page.mentions("export", "unset", "activate", "install", "cd ", "sudo"):
        return []
    spans = [match.span("line") for match in compiled(_SHELL).finditer(page.text) if not _names_a_format(match["line"])]
    left = [f"{page.original[slice(*span)].strip()[:50]} ({SHELL})" for span in spans]
    for span in spans:
        page.blank(*span)
    return left


def _names_a_format(line: str) -> bool:
    """True for `export format=gguf`: a variable of the shell is written in capitals."""
    word, _, name = line.partition(" ")
    return word.lower() == "export" and not name.partition("=")[0].isupper()


def take_forbidden(page: Page) -> list[str]:
    """Clauses that say what is not to be: taken off the page, so that nothing in them is read as wanted, and named."""
    if len(page.original) < _LINE and compiled(_ASIDE).fullmatch(page.original.strip()) and not compiled(_AND_NOW).search(page.original):
        return [page.take(0, len(page.original)).strip()[:80]]
    past = [page.take(*span).strip() for span in sorted(set(past_values(page)))]
    if not page.mentions("n't", "not", "never", "without", "no ", "avoid", "neither", " too ", "instead of"):
        return past
    found = [match for pattern in (_FORBIDS, _WITHOUT, _TOO, _INSTEAD) for match in compiled(pattern).finditer(page.text)]
    return past + [page.take(*match.span()).strip()[:80] for match in found if not compiled(_DENIABLE).search(match.group())]


def without_forbidden(line: str) -> tuple[str, tuple[str, ...]]:
    """(the line with what is not to be blanked, those clauses)."""
    page = Page(line)
    left = [*take_shell(page), *take_forbidden(page)]
    return (page.text.replace(TAKEN, " ") if left else line), tuple(left)
