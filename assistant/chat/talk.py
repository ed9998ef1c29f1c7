"""What a line is before it is a request: a command, a greeting, a question about the plan."""

from __future__ import annotations

import re

COMMANDS = ("/help", "/show", "/save", "/json", "/reset", "/undo", "/quit")
HELP = (
    "Say what to train; say more to change it: a model, GPUs, data, lora or full, 8k context, lr 2e-4.",
    "/show the config   /save FILE [--force]   /json   /undo   /reset   /quit   why? the reasons",
)
_SPOKEN = {"exit": "/quit", "bye": "/quit", "goodbye": "/quit", "q": "/quit", ":q": "/quit", "/exit": "/quit", "?": "/help"}
_SAVE = re.compile(r"save(?:\s+(?:(?:it|this)\s+)?(?:(?:as|to)\s+)?(\S+\.ya?ml(?:\s+--force)?))?", re.IGNORECASE)
_GREETING = re.compile(r"(?:hi|hello|hey|hallo|yo|good (?:morning|afternoon|evening|day))(?: there| all)?[\s!.,]*", re.IGNORECASE)
_THANKS = re.compile(r"(?:many )?(?:thanks|thank you|thx|ty|cheers|great|nice|cool|perfect|good|awesome)(?: a lot| so much| very much)?[\s!.,]*", re.IGNORECASE)
_WHO = re.compile(r"(?:who|what) are you\??|what (?:can|do) you do\??", re.IGNORECASE)
_WHY = re.compile(r"(?:and |but )?why\b.*", re.IGNORECASE)


def command_in(line: str) -> str | None:
    """The line as a slash command, if it is one; the names alone need no slash."""
    word = line.lower().rstrip("!.") or line
    if word in _SPOKEN:
        return _SPOKEN[word]
    if line.startswith("/"):
        return line
    if f"/{word}" in COMMANDS:
        return f"/{word}"
    saving = _SAVE.fullmatch(line)
    return f"/save {saving.group(1) or ''}".strip() if saving else None


def small_talk(line: str, *, has_config: bool) -> str | None:
    """A short honest answer to what is no request."""
    if _GREETING.fullmatch(line):
        return 'Hello. Say what to train, such as "lora llama3 on 2 A100s".'
    if _THANKS.fullmatch(line):
        return "Gladly. /save writes the config." if has_config else "Gladly."
    if _WHO.fullmatch(line):
        return "A planner: it turns what you want to train into an Oumi config that fits your GPUs. It knows nothing else."
    return None


def asks_why(line: str) -> bool:
    """True when the line asks for the reasons of the plan."""
    return _WHY.fullmatch(line) is not None
