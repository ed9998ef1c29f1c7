"""Shorthand, flags of other programs and missing blanks, put into the words that the rules read."""

from __future__ import annotations

import re
from functools import cache

from assistant.reader.patterns import compiled
from assistant.reader.rewriting import Edit, Rewriting

_FAMILY = "llama|qwen|gemma|mistral|mixtral|phi|smollm|falcon|granite|deepseek|olmo"
_VERB = "fine-?tun(?:e|ing)|train(?:ing)?|q?lora|sft|dpo|grpo|evaluate|eval|serve|quantize"
_ITEM = r"(?:(?<=^)|(?<=[,;|/\n])|(?<=[,;|/\n] ))"
_ITEM_ENDS = r"(?=\s*(?:$|[,;|/\n]))"
_ENDS = r"(?![\w.\-])"
_SAYS = r"\s*[=: ]\s*\"?"
_YES, _NO = r"(?:true|yes|on|1|auto)\b", r"(?:false|no|off|0)\b"
_GPU_SIZES = r"(?P<gpu>[ahv]100|a800)"
_PER_NODE = r"--gpus(?:[-_]per[-_]node)?[= ]"

_DENIED = r"q?-?lora|fsdp2?|ddp|deep ?speed|zero[- ]?[123]|spot|bf16|fp16|packing|flash[- ]attention|quanti[sz]ation"
"""Words that may be denied, or affirmed, by the word behind them: `lora non, qlora oui`."""

_FIELDS = (
    ("```", r"```[a-z]*", " "),
    ("`", r"`([^\s`$|;&<>()]+)`", " {0} "),
    ("\":", r"(?<![\w/])\"([a-z_]+)\"\s*:\s*", "{0}: "),
    ("_type", r"\b(?:finetuning|tuner)_type\s*[=: ]\s*full\b", "full finetuning"),
    ("stage", r"\bstage\s*[=: ]\s*pt\b", "pretrain"),
    ("trl_", r"\btrainer_type\s*[=:]\s*[\"']?trl_(sft|dpo|kto|grpo|gkd)\b[\"']?", " {0} "),
    ("template", r"(?:^|(?<=\n))\s*(?:chat_)?template\s*:\s*\S+", " "),
    ("16|tf32", rf"\b(?:pure_)?(?:bf16|fp16|tf32)\s*[=:]\s*{_NO}", " "),
    ("load_in|use_peft|pack|flash_|_checkpointing", rf"(?<!\.)\b(?:load_in_[48]bit|use_peft|packing|pack|sample_packing|flash_attention|gradient_checkpointing)\s*[=:]\s*{_NO}", " "),
    ("load_in_4|quantization_bit", rf"(?<!\.)\bload_in_4bit\s*[=: ]\s*{_YES}|\bquantization_bit\s*[=: ]\s*4\b|--load_in_4bit\b", " 4-bit "),
    ("flash_att", rf"\b(?:flash_attention|flash_attn)\s*[=:]\s*{_YES}", " flash attention "),
    ("packing", rf"\b(?:sample_packing|packing)\s*[=:]\s*{_YES}", " packing "),
    ("deepspeed", r"\bdeepspeed\s*[=: ]\s*\S*?z(?:ero)?[-_]?([123])[\w.\-]*", " zero-{0} "),
    ("deepspeed", r"\bdeepspeed\s*[=: ]\s*\S+\.json\b", " deepspeed "),
    ("factory|index", r"\bllama[- _]?factory(?:-cli)?\b|\bllama[- _]?index\b", " "),
    ("pretrained=|pretrained =", r"(?:--)?model_args\s+pretrained\s*=\s*([^\s,]+)", " model {0} "),
    ("--num_fewshot", r"--num_fewshot\s+(\d+)", "num_fewshot={0}"),
    ("-model-len|_model_len", r"--?max[-_]model[-_]len(?=[= ])", "max_seq_len"),
)
"""Fields of Axolotl, LLaMA-Factory, TRL, lm-evaluation-harness and vLLM."""
_NAMES = (
    ("l3|l2", r"(?<![\w./\-])l(3(?:\.[123])?|2)[-_ ]?(\d{1,3}b)(?![a-z0-9])", "llama {0}-{1}"),
    ("q2|q3", r"(?<![\w./\-])q(2\.5|3)[-_ ](\d{1,3}(?:\.\d)?b)(?![a-z0-9])", "qwen{0}-{1}"),
    ("g2|g3", r"(?<![\w./\-])g([23])[-_ ](\d{1,2}b)(?![a-z0-9])", "gemma-{0}-{1}"),
    ("r1-d|r1 d", r"(?<![\w./\-])(?<!deepseek.)r1[- ]distill", "deepseek-r1-distill"),
    ("distil", r"\br1[- ]distil(?!l)", "r1-distill"),
    (_FAMILY, rf"(?<![\w./\-])({_VERB})(?=(?:{_FAMILY})[\d\s\-.])", "{0} "),
    (_FAMILY, rf"(?<![\w/])((?:{_FAMILY})[-\d. ]*\d)(coder|math|vl|instruct|chat|mini|small|base)[- ]?(?=\d|\W|$)", "{0} {1} "),
    ("bw|bo|bu|bf|ba|bl|bq|bd|bs|bi|bb", r"(?<=\d)(b)(with|on|using|for|and|q?lora|full|dpo|sft|instruct|base)(?![a-z0-9])", "{0} {1}"),
    ("no|nei|nao|n\u00e3o|nicht", rf"(?<![\w./\-])({_DENIED})\s+(?:non?|not|nein|n[a\u00e3]o|nicht|nope)(?=\s*(?:[,;.:!)]|$))", "no {0}"),
    ("oui|si|s\u00ed|ja|sim|yes", rf"(?<![\w./\-])({_DENIED})\s+(?:oui|s[i\u00ed]|ja|sim|yes)(?=\s*(?:[,;.:!)]|$))", "{0}"),
    ("on|with", r"(?<=[a-z])(on|with)(?=\d{1,2}x[a-z]?\d)", " {0} "),
)
_MACHINES = (
    ("er|en", r"(?<![\w.\-/])((?:rtx ?)?[2-5]0[5-9]0(?: ?ti)?|[ahblvt]\d{1,3}[gs]?)['\u2019]?(?:ern?|en)(?![a-z0-9])", "{0}s"),
    ("100|800", rf"(?<![a-wyz]){_GPU_SIZES}(?P<s>s?)(?:[-_]|(?P<blank> ))(?P<gb>16|32|40|80|94)(?(blank)(?=\s*(?:$|[,;)/|\n]|\.(?:\s|$)|(?:and|with|on|spot|in)\b))|{_ENDS})", "{gpu}{s} {gb}GB"),
    ("gb ", r"(?<![\w.])(\d{1,2}|an?|one|two|three|four|six|eight) (16|24|32|40|80|94|141) ?gb ([ahvl]\d{2,3}s?)(?![a-z0-9])", "{0} {2} {1}GB"),
    (" of th", r"(?<![\w.])(\d{1,2}) of (?:those|these)(?=\s+(?:nvidia\s+)?[ahlvt]\d)", "{0}"),
    (" of th", r"(\d[a-z]{0,5}|cards?|gpus?|\d gb)[, \t]+\(?(?<![\w.])(\d{1,2}) of (?:them|those)\b\)?", "{0} x{1} "),
    ("bg", r"(?<![\w.])(\d{2,3}) ?bg\b", "{0}GB"),
    ("gpus|num_gpu|gpu_count", r"\b(?:num_|n_)?gpus?(?:_count)?\s*[:=]\s*(\d{1,2})(?![\w.])", "{0} gpus"),
    ("stage", r"\bdeepspeed(?:'s)?,? (?:zero[- ]?)?stage[ -]?([123])\b", "deepspeed zero-{0}"),
    ("card|gpu", r"\b(cards?|gpus?) (?:of|with) (\d{1,3}) ?(?:gb|gib|go|gigs?)\b(?: (?:of )?v?ram)?(?: each)?", "{1}GB {0}"),
    ("--gres", r"--gres[= ]gpu:([a-z]\w*(?:[-_]\w+)*):(\d+)", " {1}x{0} "),
    ("--g", rf"(?:--gres[= ]gpu:|{_PER_NODE})(\d+)", " {0} gpus "),
    ("--gpus", rf"{_PER_NODE}([a-z]\w*(?:[-_]\w+)*):(\d+)", " {1}x{0} "),
    ("--n|-n", r"(?:--nodes|--nnodes|--num[-_](?:nodes|machines)|(?<!\S)-N)[= ](\d+)\b|(?<!\S)-N(\d{1,3})(?!\S)", " {0} nodes "),
    ("num_", rf"(?<![\w\-])num_(?:nodes|machines){_SAYS}(\d+)\b", " {0} nodes "),
    ("proc|parallel|-tp", r"--?nproc[-_]per[-_]node[= ](\d+)\b|--num[-_]processes[= ](\d+)\b|(?:--)?tensor[-_]parallel[-_]size[= :]+(\d+)\b|(?<!\S)--?tp[= ](\d+)\b", " {0} gpus "),
    ("use_spot", rf"\buse_spot{_SAYS}{_YES}|--use_spot\b(?!\s*[= ]\s*(?:true|yes|on|1|auto|false|no|off|0)\b)", " spot "),
    ("sbatch", r"#SBATCH\b", " sbatch "),
    ("--mem|--cpus|--ntasks|--array", r"(?<!\S)--(?:mem(?:[-_]per[-_]\w+)?|cpus[-_]per[-_]\w+|ntasks(?:[-_]per[-_]\w+)?|array)[= ]\S+", " "),
    ("-t |--time", r"(?<!\S)(?:-t |--time[= ])(\d+)-(\d{1,2})(?::\d\d){0,2}(?![\d:])", " within {0} days "),
    ("-t |--time", r"(?<!\S)-t (?=\d{1,3}:\d\d:\d\d)", " --time="),
    ("-c ", r"(?<!\S)-c (?=\S+\.ya?ml\b)", " "),
    ("use_spot", rf"\buse_spot{_SAYS}{_NO}", " on-demand "),
    (" x|x ", r"(?<![\w.\-/])(\d{1,2})n(?=\s?[x*]\s?\d)", "{0} nodes "),
)
_NUMBERS = (
    ("instead of", r"\binstead of (\d[\w.\-]*) (epochs?|steps|gpus?|shots?|hours?),? (?:do|use|take|run|make it|try|go for)\s+(?:only |just )?(\d[\w.]*)(?![\w\-]|\s*[a-z])", "{2} {1}"),
    ("0,0", r"(?<![\w.,])0,(0\d+)(?!\d|,\d)", "0.{0}"),
    ("10", r"(\d(?:\.\d+)?)\s*[x\u00d7*]\s*10\s*\^?\s*[-\u2212](\d)\b", "{0}e-{1}"),
    ("^", r"(?<![\w.*])10\s?\^\s?[-\u2212](\d)\b", "1e-{0}"),
    (",", r"(?<![\w.,])(\d{1,2}),(\d{1,2})(?=\s*(?:hours?|h\b|days?|epochs?))", "{0}.{1}"),
    ("ep", r"(?<![\w.\-/])(\d{1,2}) ?eps?\b(?!\s*[=:])", "{0} epochs"),
    ("e", r"(?<![\w.\-/])(?<!\bla )(?<!\ble )([1-9]\d?)e(?=\s|[,;|/]|$)", "{0} epochs"),
    ("r", r"\b(r\s?=?\s?\d{1,3})([\s,;/]+)a(\d{1,3})(?![\w.])", "{0}{1}alpha={2}"),
    ("twice", r"\b(?:over|through) (?:the |my |all |our )*(?:whole |entire |full )?(?:data(?:set)?|corpus|set|file|it) twice\b|\btwice (?:over|through)\b", "2 epochs"),
    (" times ", r"(?<![\w.])(\d{1,2}|two|three|four|five) times (?=over|through)", "{0} epochs "),
    ("cutoff", r"\bcutoff(?=\s*[=:]?\s*\d)", "cutoff_len"),
    ("bsz", r"(?<![\w\-])(?:per_?device_?)?bsz(?=[=: ]?\d)", "bs"),
    ("lim", r"(?<![\w\-])lim(?=[=: ]\d)", "limit"),
    ("us", r"\b(?:usd|us\$|us dollars?)\s?(\d[\d,.]*)\b", "{0} dollars"),
    ("len", r"(?<![\w.\-])(?:(?:max|seq(?:uence)?|context|ctx)[-_ ]?)?len(?:gth)?(?=\s?[=:]?\s?\d)(?!\s?[=:]?\s?\d+\s*(?:samples|rows|examples|lines))", "seqlen"),
    ("k", _ITEM + r"((?:1|2|4|8|16|32|64|128)k)" + _ITEM_ENDS, "{0} ctx"),
)
_BARE_RATE = r"(?:^|[,;|/\n]\s*|(?:\b(?:q?lora|full|ft|sft|dpo|kto|grpo|bf16|epochs|ctx)|\d[\w.\-]*)\s+)(\d(?:\.\d+)?e-[3-7])(?=\s|[,;|/]|$)"
_FLAG = r"(?<!\S)--([a-z]+(?:-[a-z]+)+)(?=[= ])"
"""A flag with hyphens, where the fields have underscores: `--learning-rate`."""
_DEVICES = r"\bCUDA_VISIBLE_DEVICES\s*=\s*\"?(\d+(?:,\d+)*)\"?"


def spelled_out(text: Rewriting) -> Rewriting:
    """The text without shorthand: `L3.1-8B, 4k, 3e` is `llama 3.1-8B, 4k ctx, 3 epochs`."""
    if "--" in text.text:
        text = text.edited(Edit(*match.span(1), match.group(1).replace("-", "_")) for match in compiled(_FLAG).finditer(text.text))
    lowered = text.text.lower()
    for signs, pattern, new in _rows():
        if any(sign in lowered for sign in signs):
            text = text.edited(_edit(match, new) for match in compiled(pattern).finditer(text.text))
    if "cuda_v" in lowered:
        text = text.edited(_devices(match) for match in compiled(_DEVICES).finditer(text.text))
    if "e-" not in lowered or compiled(r"\blr\b|\blr[\d=:]|learning|decay|\bwd\b|\beps").search(text.text):
        return text
    return text.edited(Edit(match.start(1), match.end(1), f"lr {match.group(1)}") for match in compiled(_BARE_RATE).finditer(text.text))


@cache
def _rows() -> tuple[tuple[tuple[str, ...], str, str], ...]:
    """(literals of which one must occur, pattern, what it becomes) in the order of work."""
    return tuple((tuple(signs.split("|")), pattern, new) for table in (_FIELDS, _NAMES, _MACHINES, _NUMBERS) for signs, pattern, new in table)


def _edit(match: re.Match[str], new: str) -> Edit:
    said = [group for group in match.groups() if group is not None]
    return Edit(match.start(), match.end(), new.format(*said, **{key: value or "" for key, value in match.groupdict().items()}))


def _devices(match: re.Match[str]) -> Edit:
    return Edit(match.start(), match.end(), f" {match.group(1).count(',') + 1} gpus ")
