"""What a line is before it is a request: a command, a greeting, a yes, a what-if."""

from __future__ import annotations

import re

COMMANDS: dict[str, str] = {
    "/help": "what can be said, and these commands",
    "/show": "the plan and its config, whole",
    "/diff": "what the last change did to the config",
    "/why": "the reasons of the plan, and where each value comes from",
    "/alternatives": "other plans for this machine, and what fell",
    "/create": "[KIND]: be asked, one question at a time",
    "/set": "PATH=VALUE: a field by its dotted name",
    "/gpus": "MACHINE: plan for 2xA100-80GB, cpu, auto, ...",
    "/model": "NAME: another model",
    "/llm": "MODEL [URL] | off: who reads and explains",
    "/validate": "check the config, by the real Oumi where it is installed",
    "/save": "FILE [--force]: write the config",
    "/load": "FILE: go on from a config that is there",
    "/launch": "run the config with Oumi",
    "/undo": "take the last change back",
    "/reset": "forget everything",
    "/cost": "what the run costs, and what the LLM took",
    "/export": "FILE.md: write the conversation",
    "/json": "the last answer as JSON",
    "/quit": "leave (Ctrl-D too)",
}
HELP = (
    "Say what to train; say more to change it: a model, GPUs, data, lora or full, 8k context, half the learning rate.",
    'Ask: why fsdp? · what about qlora? · how long will it take? · what is gradient checkpointing? "skip" takes a default.',
    'Alt-Enter or """ for several lines; an error message can be pasted.',
)
_POLITE = r"(?:(?:ok(?:ay)?|hm+|ah|oh|oops|wait|no|nah|nope|sorry|actually|great|good|fine|perfect|nice|now|and|then|please|yes|thanks|so|alright|cool|just|can you|could you|let'?s)[\s,.!:;-]+)*"
_PLEASE = r"(?:[\s,]+(?:please|now|then|thanks|for me|again))*[\s.!?]*"
_UNDO = re.compile(
    rf"{_POLITE}(?:(?:undo|revert|reverse|roll ?back)(?: (?:that|it|this|the|my))?(?: (?:very )?(?:last|latest|previous|recent))?(?: (?:one|change|thing|step|bit|message|part|edit))?|(?:nvm|never ?mind),? (?:put|bring|take|change|switch|set) (?:it|that|this) back(?: again)?|(?:put|bring|change|switch|set) (?:it|that|this) back(?: again| please)?|(?:and )?the one before(?: (?:that|it))?(?: as well| too)?|deshacer|deshaz(?: eso)?|annule[rz]?(?: [cç]a)?|r[üu]ckg[äa]ngig(?: machen)?|zur[üu]ck|desfazer|\u64a4\u9500|\u53d6\u6d88|(?:take|bring) (?:that|it) back|scratch that|"
    rf"go back(?: (?:one|a) (?:step|change))?|forget (?:that|it|what i (?:just )?said)|never ?mind(?: that| it)?|on second thou?ght,? no){_PLEASE}",
    re.IGNORECASE,
)
_LETS_GO = re.compile(rf"{_POLITE}(?:nvm|never ?mind(?: that| it)?|forget (?:that|it|what i (?:just )?said)|scratch that|on second thou?ght,? no){_PLEASE}", re.IGNORECASE)
_RESET = re.compile(
    rf"(?:^|[.!;,]\s*){_POLITE}(?:let'?s )?(?:start (?:over|again|afresh|anew|from scratch|fresh)|begin (?:again|from scratch|anew)|reset(?: (?:everything|all|it all))?|"
    rf"(?:forget|clear|scrap|drop|delete|erase|wipe) (?:everything|all of (?:it|that|this)|it all|all)(?: and (?:start|begin) (?:over|again|anew|fresh|afresh))?(?: (?:i|we)(?:'ve)? (?:said|told you))?|"
    rf"(?:let'?s )?(?:do|make|start) (?:a )?(?:new|fresh|clean) (?:config|conversation|plan|one|start|slate)|new conversation|clean slate)(?=\s*(?:$|[,.:;!-]))[\s,.:;!-]*",
    re.IGNORECASE,
)
_SAVE = re.compile(
    rf"{_POLITE}(?:save|write|store|dump|export)(?:\s+(?:it|this|that|the (?:config|yaml|file|plan)|everything))?(?:\s+(?:as|to|in(?:to)?|under)\s+(?P<file>\S+\.ya?ml(?:\s+--force)?))?{_PLEASE}",
    re.IGNORECASE,
)
_SAVE_ALL = re.compile(
    rf"{_POLITE}(?:save|write|store|dump|export)\s+(?:it all|everything|all(?: of (?:it|them))?|all (?:the )?(?:configs?|files|yamls?)|them all|the (?:whole )?set|the (?:configs|files|yamls))\s+(?:to|in(?:to)?|under)\s+(?P<folder>(?:~|\.{{1,2}})?/?[\w.\-/]+?)/?{_PLEASE}",
    re.IGNORECASE,
)
_SHOW = re.compile(rf"{_POLITE}(?:show|print|display|give)(?: me)?(?: (?:the|that|this|it))?(?: (?:whole|full|current|final))?(?: (?:config|yaml|plan|file))?{_PLEASE}", re.IGNORECASE)
_LAUNCH = re.compile(rf"{_POLITE}(?:launch|run|start|execute)(?: (?:it|this|that|the (?:training|run|job)|training))?{_PLEASE}", re.IGNORECASE)
_QUIT = re.compile(r"(?:exit|quit|bye|goodbye|good ?bye|q|:q!?|/exit|see (?:you|ya)|that'?s (?:all|it)(?: for (?:now|today))?)[\s.!]*", re.IGNORECASE)
_HELP = re.compile(r"\?|help(?: me)?[\s.!?]*", re.IGNORECASE)
_GREETING = re.compile(r"(?:hi|hello|hey|hallo|yo|hola|bonjour|moin|howdy|good (?:morning|afternoon|evening|day))(?: (?:there|all|oumi))?[\s!.,]*", re.IGNORECASE)
_THANKS = re.compile(r"(?:(?:ok|oh|wow|many|great|nice),? )?(?:thanks|thank you|thx|ty|cheers|great|nice|cool|perfect|good|awesome|got it|makes sense|understood|i see|alright|wonderful|excellent|neat)(?: a lot| so much| very much| then)?[\s!.,]*", re.IGNORECASE)
_WHO = re.compile(r"(?:who|what) are you\??|what (?:can|do) you do\??|how (?:are|r) (?:you|u)(?: doing| today)?\??|are you (?:an? )?(?:ai|bot|human|llm|robot|real|there)\??", re.IGNORECASE)
_PROBING = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|rules|prompts?|guidelines)\b|\bsystem prompt\b|\byour (?:instructions|prompt|rules)\b|\bjailbreak\b|\bdeveloper mode\b|\bpretend (?:to be|you(?:'re| are))\b|\bapi keys?\b.{0,20}\b(?:print|show|reveal|tell)|\b(?:print|show|reveal|tell)\b.{0,20}\b(?:api keys?|secrets?|passwords?)\b",
    re.IGNORECASE,
)
_YES = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|yes|yeah|yep|yup|y|sure|fine|right|great|good|alright|cool|please|hm+|well)\b[\s,.!:;-]*)*"
    r"(?P<act>(?:let'?s )?(?:do|use|take|try|go(?: for)?|go with|go ahead with|pick|choose|apply|switch to|make)\s+(?:that|it|this|so|them)(?: one| then| instead| please)*(?=\s*(?:$|[,.;!:]|(?:and|on|with|but|for)\b))|(?:go ahead|switch|please do|agreed?)(?=\s*(?:$|[,.;!:]|and\b)))?(?=$|[\s,.!:;-])[\s,.!:;-]*",
    re.IGNORECASE,
)
_AGREES = re.compile(r"\b(?:yes|yeah|yep|yup|y|sure|ok(?:ay)?|go ahead|switch|please do|agreed?|do|use|take|try|go|pick|choose|apply|make)\b", re.IGNORECASE)
_NO = re.compile(r"^\W*(?:no|nope|nah|keep(?: (?:it|that|this|the (?:old|first|present|current)(?: one)?|(?!.*\b(?:it|going|training|under|below|within|above|over|at|to|in|on|up|as)\b)[\w .-]{1,20}))?|not now|leave (?:it|that)(?: as (?:it )?is)?|stay(?: with (?:it|that|this))?|rather not|don'?t)(?:\s+(?:thanks|thank you|please|then))?(?=$|[,.!;])[\s,.!;]*", re.IGNORECASE)
SKIP = re.compile(r"(?:skip(?: (?:it|that|this|the question))?|pass|default|the default|whatever|(?:i )?(?:don'?t|do not) (?:know|care|mind)|no idea|any|either|dunno|doesn'?t matter|you (?:choose|pick|decide)|up to you|next)[\s.!]*", re.IGNORECASE)
_LINK = r"^\W*(?:(?:and|so|ok(?:ay)?|hm+|but|well|or)[\s,]+)*"
_WHAT_IF = re.compile(
    rf"{_LINK}(?:what about|how about|what if(?: (?:i|we|it|you))?(?: (?:had|have|use|used|take|took|did|do|went|go|try|tried|was|were|wanted))?(?: (?:with|for|to))?|"
    r"what would (?:happen|change|it (?:be|look like|need|take|cost))(?: (?:with|on|if|for|at|in))*(?: (?:i|we) (?:had|used|took))?|how would (?:it|that|this) (?:look|be|change|do)(?: (?:with|on|if|for|at))*|"
    r"suppose(?: (?:i|we) (?:had|have|used?))?|if (?:i|we) (?:had|have|used?|took|take|went with|go with|did|do|switch(?:ed)? to|moved? to|changed? to)|compare (?:it |that |this )?(?:with|to|against))\s+(?P<what>.+?)(?:,?\s+(?:does|would|will|is|can|could) (?:it|that|this|i|we)\b.*)?\W*$",
    re.IGNORECASE | re.DOTALL,
)
_LOOKS = re.compile(rf"{_LINK}(?:what|how) would\s+(?P<what>.+?)\s+(?:look(?: like)?|be(?: like)?|need|take|cost|change|do|work(?: out)?)\W*$", re.IGNORECASE)
_COULD = re.compile(
    rf"{_LINK}(?:(?:can|could|would|will|does|do) (?:i|we|it|that|this|you)(?: (?:also|still|even|run|use|do|fit|work|train))*(?: (?:it|this|that))?(?: (?:on|with|in|at|using))?|"
    r"(?:is|would) (?:there )?(?:it )?(?:be )?possible (?:with|on|to)|would)\s+(?P<what>.+?)\s*\?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_AND_ON = re.compile(r"^\W*(?:and|or|but|so)?\s*(?P<what>(?:on|with|for|in|using|at|without|as)\s.+?)\s*(?:then|instead|too)?\s*\?\s*$", re.IGNORECASE | re.DOTALL)
_CHEAPER = re.compile(
    r"\b(?:cheaper|less expensive|less costly|(?:lower|reduce|cut|bring down|minimi[sz]e)(?: the| my)? (?:costs?|price|bill)|save (?:me )?(?:some )?money|(?:at|for) (?:a )?lower (?:cost|price)|too (?:expensive|pricey|costly))\b",
    re.IGNORECASE,
)


_SPOKEN = 2_000
"""What is longer is pasted: it is no question, and what is said to this program stands at its head."""


def command_in(line: str) -> str | None:
    """The line as a slash command, if it is one; many are understood without the slash."""
    if line.startswith("/"):
        return line
    if len(line) > _SPOKEN:
        return None
    word = line.lower().rstrip("!.") or line
    if _QUIT.fullmatch(line):
        return "/quit"
    if _HELP.fullmatch(line):
        return "/help"
    if f"/{word}" in COMMANDS and word not in ("model", "set", "gpus", "llm", "load", "cost", "why"):
        return f"/{word}"
    if _UNDO.fullmatch(line):
        return "/undo"
    if saving := _SAVE.fullmatch(line):
        return f"/save {saving.group('file') or ''}".strip()
    if (saving := _SAVE_ALL.fullmatch(line)) and not saving.group("folder").endswith((".yaml", ".yml")):
        return f"/save {saving.group('folder')}/"
    if _SHOW.fullmatch(line):
        return "/show"
    return "/launch" if _LAUNCH.fullmatch(line) else None


def lets_go(line: str) -> bool:
    """True for `never mind` and its like: what was said last is to be dropped, be it a change or only talk."""
    return len(line) <= _SPOKEN and _LETS_GO.fullmatch(line) is not None


def reset_in(line: str) -> str | None:
    """What follows a "start over"; None where the line does not begin so."""
    match = next((m for m in _RESET.finditer(line[:_SPOKEN]) if m.group().strip(" .,;!")), None)
    return line[match.end() :].strip() if match else None


def small_talk(line: str, *, has_config: bool) -> str | None:
    """A short honest answer to what is no request."""
    if len(line) > _SPOKEN:
        return None
    if _GREETING.fullmatch(line):
        return 'Hello. Say what to train, such as "lora llama3 on 2 A100s".'
    if _THANKS.fullmatch(line):
        return "Gladly. /save writes the config." if has_config else "Gladly."
    if _WHO.fullmatch(line):
        return "A planner: it turns what you want to train into an Oumi config that fits your GPUs. It knows nothing else."
    if _PROBING.search(line):
        return "That is no request for a config, so nothing changes. Say a model, GPUs, data or a setting."
    return None


def agreement(line: str) -> str | None:
    """What follows a yes ("ok do that on ./train.jsonl"); None where the line does not begin with one."""
    match = _YES.match(line, 0, _SPOKEN)
    if match is None or not match.group().strip() or not _AGREES.search(match.group()):
        return None
    return line[match.end() :].strip()


def refusal(line: str) -> str | None:
    """What follows a no; None where the line does not begin with one."""
    match = _NO.match(line, 0, _SPOKEN)
    return line[match.end() :].strip() if match and match.group().strip() else None


def what_if(line: str) -> str | None:
    """What a hypothetical is about: `what about qlora?` → `qlora`."""
    if len(line) > _SPOKEN:
        return None
    match = _WHAT_IF.match(line) or _LOOKS.match(line) or _COULD.match(line) or _AND_ON.match(line)
    return match.group("what").strip() if match else None


_ASKS = re.compile(
    r"^\W*(?:(?:and|so|ok(?:ay)?|hm+|but|well|or|hey)[\s,]+)*(?:is|are|isn'?t|am|do (?:i|we|you|they)|does|did|should|shall|can|could|will|would|may|might|how|what|which|who|when|where|why|i wonder)\b",
    re.IGNORECASE,
)
_ASKED_OF_US = re.compile(r"^\W*(?:(?:and|so|ok(?:ay)?|hey|please)[\s,]+)*(?:can|could|would|will) you\b|\bplease\b|^\W*do(?:es)?\s+(?:it|that|this|the)\b(?!.*\?)", re.IGNORECASE)


def is_question(line: str) -> bool:
    """True for a line that asks rather than tells: it changes nothing by itself."""
    if len(line) > _SPOKEN or _ASKED_OF_US.search(line):
        return False
    return line.rstrip().endswith("?") or (_ASKS.match(line) is not None)


def asks_cheaper(line: str) -> bool:
    """True when the line wants the same for less money."""
    return len(line) <= 120 and _CHEAPER.search(line) is not None
