"""The words that must stand in a line for an LLM's value to be believed. Looser than the offline reader's own tables."""

from __future__ import annotations

from assistant.reader import lexicon

NUMBER_CUES: dict[str, str] = {
    "nodes": r"nodes?\b|machines?\b|servers?\b|hosts?\b|box(?:es)?\b",
    "gpu_memory_gb": r"g(?:i?b|igs?|o)?\b|memory|v?ram\b",
    "sequence_length": r"context|ctx|tokens?\b|seq\w*|length|long\b|window",
    "epochs": r"epochs?|pass(?:es)?\b|times (?:through|over)|rounds?\b|[ée]poques?|epochen|[ée]pocas?",
    "max_steps": r"steps?\b|updates?\b|iterations?\b",
    "global_batch_size": r"batch\w*|\bg?bs\b|sequences? (?:a|per) step",
    "micro_batch_size": r"micro|per[- ](?:gpu|device|card)|\bmbs\b|(?:a|each) (?:gpu|device|card)\b",
    "learning_rate": r"\blr\b|learning|rate\b|step size",
    "lora_rank": r"\brank|\br\b|\blora_?r\b|dim(?:ension)?s?\b",
    "lora_alpha": r"alpha",
    "seed": r"seed",
    "num_fewshot": r"shots?\b|examples? in the prompt",
    "limit": r"limit|samples?\b|examples?\b|questions?\b|first\b|only\b|rows\b|items\b",
    "max_hours": r"h\b|hrs?\b|hours?\b|days?\b|min(?:ute)?s?\b|weeks?\b",
    "max_dollars": r"\$|dollars?\b|bucks\b|usd\b|budget",
}
"""What must stand within a few words of a number."""
GPU_CUE = r"\b(?:gpus?|cards?|accelerators?|of (?:them|those|these)|(?:nvidia|rtx|gtx|geforce|tesla|amd)\b|[abhltv]\d{1,3}s?\b|a\d{4}|l40s|a10g|[2345]0[5-9]0|mi\d{3}|macs?\b)"
HOURS = ((r"\s*-?(?:days?\b)", 24.0), (r"\s*-?(?:weeks?\b)", 168.0), (r"\s*-?(?:m\b|min(?:ute)?s?\b)", 1 / 60))

_TASKS = {
    "train": r"\bteach|\badapt|\bspeciali[sz]|\bcustomi[sz]|\blearns?\b|\bpersonali[sz]|\bcoach|\badjust",
    "evaluate": r"\bscores?\b|\btest(?:ing)?\b|\bmeasure|\bassess|\bhow (?:well|good)\b",
    "infer": r"\banswers?\b|\bchat\b|\bhost|\bpredict|\bcompletions?\b|\brun(?:ning)? (?:the|this|my) model",
    "quantize": r"\bshrink|\bsmaller\b|\bcompress|\b[48][- ]?bit\b",
    "tune": r"\bsearch|\bsweep|\btrials?\b|\bfind the best\b",
    "judge": r"\bjudg|\bgrad(?:e|ing)\b|\brat(?:e|ing)\b",
    "synthesize": r"\bsynth|\bgenerate\b.{0,40}\b(?:data|examples|pairs|conversations|dialogs)\b|\bmake up\b",
}
_OBJECTIVES = {
    "dpo": r"\bpreference|\bpreferred\b|\bbetter and worse\b|\bchosen\b",
    "kto": r"\bthumbs\b|\bgood and bad\b|\bliked\b",
    "grpo": r"\brewards?\b|\breinforc|\brl\b",
    "gkd": r"\bdistil|\bteacher\b",
    "pretrain": r"\braw text\b|\bcontinued?\b|\bcorpus\b",
    "sft": r"\bsupervised\b|\binstruction",
}
_METHODS = {
    "full": r"\b(?:all|every)\b.{0,8}\b(?:weights?|parameters?)\b|\b(?:whole|entire) (?:model|network)\b|\bfull\b",
    "lora": r"\badapters?\b|\blow[- ]rank\b",
    "qlora": r"\b(?:4|four)[- ]?bit\b|\bquanti[sz]ed\b",
}
_SHARDINGS = {"none": r"\bunsharded\b|\bno(?:t)? shard", "fsdp": r"\bshard(?:ed|ing)?\b", "ddp": r"\bdata[- ]parallel", "deepspeed": r"\bzero\b"}
_PRECISIONS = {"bf16": r"\bbrain ?float", "fp16": r"\bhalf[- ]precision", "fp32": r"\b(?:full|single)[- ]precision"}
_CLOUDS = {
    "gcp": r"\bgoogle\b",
    "aws": r"\bamazon\b",
    "azure": r"\bmicrosoft\b(?! ?/)",
    "kubernetes": r"\bk8s\b|\bkube",
    "local": r"\bmy (?:own )?(?:machine|box|desktop|workstation|laptop|pc)\b|\bat home\b|\blocal\b",
}
_PRIORITIES = {
    "speed": r"\bfast(?:er|est)?\b|\bquick(?:er|est|ly)?\b|\basap\b|\bhurry\b",
    "memory": r"\b(?:less|little|least|save|saving|lower|low|minimal) (?:\w+ )?(?:memory|vram)\b",
    "quality": r"\bquality\b|\baccura|\bbest (?:possible )?(?:results?|model)\b",
}


def _table(rows: tuple[tuple[str, str], ...], looser: dict[str, str]) -> dict[str, str]:
    """Per value: the offline reader's pattern and the looser one."""
    found = dict(looser)
    for value, pattern in rows:
        found[value] = f"{pattern}|{looser[value]}" if value in looser else pattern
    return found


CHOICE_CUES: dict[str, dict[str, str]] = {
    "task": _table(lexicon.TASKS, _TASKS),
    "objective": _table(lexicon.OBJECTIVES, _OBJECTIVES),
    "method": _table(lexicon.METHODS, _METHODS),
    "sharding": _table(lexicon.SHARDINGS, _SHARDINGS),
    "precision": _table(lexicon.PRECISIONS, _PRECISIONS),
    "cloud": _table(lexicon.CLOUDS, _CLOUDS),
    "priority": _table(lexicon.PRIORITIES, _PRIORITIES),
    "engine": dict(lexicon.ENGINES),
}
"""Per key and value, the words of which one must stand in the line, not denied."""
OUTPUT_CUE = r"\b(?:sav(?:e|ing)|stor(?:e|ing)|writ(?:e|ing)|put|keep|dump|output|checkpoints?|results?|into|under)\b"
NAME_CUE = r"\bnam(?:ed?|ing)\b|\bcall(?:ed|ing)?\b|\brun\b"
"""What must stand shortly before a text."""
SPOT, NOT_SPOT = r"\bspot\b|\bpreempt|\binterrupt", r"\bon[- ]demand\b|\b(?:no|not|without)\b.{0,12}\bspot\b"
