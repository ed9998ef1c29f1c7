"""What a request asks to do, and how, as tables: (value, words for it), each word a small pattern of its own."""

from __future__ import annotations


def any_of(*words: str) -> str:
    """A pattern for any of these."""
    return "|".join(words)


SEARCHABLE = r"(?:hyper[- ]?param\w*|learning[- _]rates?\b|lrs?\b|batch[- _]?sizes?\b|ranks?\b|alphas?\b|(?:lora[- _])?dropouts?\b|weight[- _]decays?\b|warm[- ]?ups?\b|schedulers?\b|optimi[sz]ers?\b|number of epochs\b|gradient accumulation\b)"
"""What a search may look for."""
TASKS = (
    (
        "synthesize",
        any_of(
            r"synthesi[sz]e", r"synthetic",
            # rows that are made up, or written by a model
            r"\b(?:make|create|generate|write|invent|need|want|produce|give me)\b.{0,40}\b(?:fake|artificial|made-up|fictional|fictitious|invented)\b",
            r"\b\d+ (?:\w+ )?(?:fake|artificial|made-up|fictional|fictitious|invented)\b",
            r"\b(?:pairs|examples|conversations|dialogues|questions|samples|rows|complaints|reviews|emails|tickets|data) (?:\w+ ){0,3}(?:written|generated|made|produced|authored) (?:by|with|using)\b",
            r"\b(?:written|generated|produced|authored) by (?:claude|gpt|gemini|llama|qwen|mistral|deepseek|an? (?:llm|model))", r"\bsynth\b",
            r"\b(?:generate|make|create|write) (?:me )?(?:\d[\d,]*k? |some |a )?(?:qa|q&a|question[- ]answer|training (?:data|conversations|examples)|instructions?\b)",
        ),
    ),
    (
        "judge",
        any_of(
            r"\bllm[- ]as[- ]a?[- ]?judge", r"\bas (?:a |the )?judge\b", r"\bjudg(?:e|ing)\b", r"\b(?:rate|score|grade) the (?:\w+ )+of\b",
            r"\b(?:rate|score|grade|assess) (?:them|those|these)\b",
            r"\b(?:rate|score|grade|assess|critique|mark|rat(?:e|ing)|scoring|grading) (?:the |my |our |all |these |those |some |their |its )*(?:\d[\d,]* )?(?:[\w\-]+(?:'s|s'|')? ){0,3}(?:replies|responses|answers|outputs|completions|generations|transcripts)\b",
        ),
    ),
    (
        "quantize",
        any_of(
            r"quanti[sz](?:e|ing|ation)\b", r"\b(?:make|create|build|produce)\b.{0,20}\bgguf\b",
            # a verb and a width or a format: `shrink it to int4`
            r"\b(?:squash|shrink|squeeze|crunch|convert|turn|reduce|pack|save|make|get)\b[^\n]{0,60}?(?<![\w.\-])(?:(?:[2-68]|four|eight)[- ]?bits?|int[48]|fp8|gguf|awq|gptq|q[2-8]_[0k]\w*)\b(?!\s*(?:q?lora|adapters?|fine))",
            r"\bawq\b", r"\bgptq\b", r"\bq[2-8]_(?:[0k]\w*)", r"compress\b", r"\bmake .{0,60}\bsmaller\b(?=.{0,40}\b(?:\d[- ]?bit|int[48]|fp8|bitsandbytes|bnb))",
        ),
    ),
    (
        "tune",
        any_of(
            r"hyper[- ]?param\w*", r"\bhp[- ](?:search|sweep|tuning)\b", r"\bhpo\b", r"\bhparams?\b", r"\boptuna\b", r"\bsweep\b", r"\bgrid search\b",
            # what is looked for: `find the best learning rate`
            r"\bfind (?:me |us |out )?(?:the |which |what )?(?:best|optimal|right|good) (?:\w+ )?(?:values? for |settings? for |combination of )?(?:the )?(?:lora |initial |peak |global )?" + SEARCHABLE,
            r"\b(?:search|look|scan) (?:for |over |through )?(?:the |an? )?(?:best |optimal |right |good )?(?:values? (?:of|for) )?(?:the )?(?:lora )?" + SEARCHABLE,
            r"\b(?:which|what) (?:lora )?" + SEARCHABLE + r"[^.?!\n]{0,30}\b(?:works?|is|performs?) best\b", r"\boptimi[sz]e (?:the )?" + SEARCHABLE,
            r"\b\d+ trials\b(?! of (?:mine|ours)|.{0,20}\bfail)", r"\btun(?:e|ing) (?:the )?(?:lora )?" + SEARCHABLE,
        ),
    ),
    (
        "evaluate",
        any_of(
            r"\beval\w*", r"benchmark(?:s|ing)?\b", r"lm[-_ ]?eval\w*", r"lm[-_ ]harness", r"\bleaderboard\b", r"\bhow (?:good|well)\b", r"\bmeasure how\b",
            # German, Spanish, French, Chinese, Japanese
            r"\bbewert\w*", r"\bevalua\w*", r"\b[ée]valu\w*", r"\u8bc4\u4f30", r"\u8bc4\u6d4b", r"\u8a55\u4fa1",
        ),
    ),
    (
        "infer",
        any_of(
            r"\binfer\w*", r"\bserv(?:e|ing)\b", r"\bs[ií]rve\w*\b", r"\bservir\b", r"\bchat with\b", r"\btalk to\b", r"\bquery\b",
            r"(?<!\bthe )(?<!\bthis )(?<!\ba )(?<!\bper )(?<!\bone )(?<!\beach )\bhost(?:ing)?\b",
            # what a model does with rows of the user
            r"\b(?:caption|transcribe|describe|summari[sz]e|translate|classify|annotate)\s+(?:my|our|the|these|those|all|every|each)\b", r"\bdeploy\w*",
            r"\bgenerate (?:answers|text|responses)", r"\banswer (?:the|every|all|my|each)\b", r"\bprompts?\.jsonl",
            r"\brun (?:it )?(?:locally )?with (?:vllm|sglang|llama\.cpp)", r"\bhook up\b",
            r"\btry (?:out )?\b(?!.{0,200}\b(?:sft|dpo|kto|grpo|gkd|fine-?tun))(?=.{0,200}(?:gguf|llama\.cpp|vllm|ollama))",
            r"\bvia (?:together|openrouter|fireworks|openai|anthropic)\b", r"\u63a8\u7406", r"\u63a8\u8ad6",
        ),
    ),
    (
        "train",
        any_of(
            r"\bfine?[- ]?tun\w*", r"\bft\b", r"\bfft\b", r"\btrain(?:ing|ed)\b",
            # the verb, not what runs on rails
            r"(?<!\bthe )(?<!\bmy )(?<!\ba )(?<!\bnext )(?<!\blast )(?<!\bby )\btrains?\b(?! (?:station|ticket|ride|journey|driver)\b)",
            r"\btrain(?= (?:config|job|run|script|yaml|recipe)\b)", r"\bpre-?train\w*", r"\bsft\b", r"\bq?lora\b", r"\bdpo\b", r"\bkto\b", r"\bgrpo\b",
            r"\bgkd\b", r"\badapt\b", r"\btuned?\b", r"\bteach\b", r"(?<![\w-])distil\w*(?![-\s]*(?:qwen|llama))", r"\bentra[iî]n\w*", r"\bentren\w*",
            r"\bajust\w*", r"\bafin\w*", r"\btrainier\w*", r"\btrein\w*", r"\bfeinabstimm\w*", r"\u5fae\u8c03", r"\u8bad\u7ec3", r"\u5fae\u8abf", r"\u5b66\u7fd2",
            r"\u5b78\u7fd2", r"\u30d5\u30a1\u30a4\u30f3\u30c1\u30e5\u30fc\u30cb\u30f3\u30b0", r"\u8a13\u7df4", r"reinforcement", r"preference optimi[sz]ation",
        ),
    ),
)  # fmt: skip
"""The first of which a word occurs is meant: what says more stands first."""
OBJECTIVES = (
    (
        "dpo",
        any_of(
            r"\bdpo\b", r"direct preference", r"\bpreference (?:pairs|data|tuning|optimi[sz]ation)\b", r"\bchosen\b.{0,20}\brejected\b",
        ),
    ),
    ("kto", r"\bkto\b|kahneman|\bthumbs[- ]up\b"),
    (
        "grpo",
        any_of(
            r"\bgrpo\b", r"\brlvr\b", r"verifiable rewards?", r"group relative", r"\brl with\b",
        ),
    ),
    (
        "gkd",
        any_of(
            r"\bgkd\b", r"\bdistil(?:l)?(?:ing|ation)?\b(?!\s*(?:llama|qwen|\d))(?=.{0,80}\b(?:into|from|teacher|to)\b)", r"\bteacher\b",
            r"knowledge distillation",
        ),
    ),
    ("pretrain", r"\b(?:continued? )?pre-?train(?:ing)?\b|\bcpt\b|from scratch"),
    ("sft", r"\bsft\b|supervised|instruction[- ]tun\w+"),
)  # fmt: skip
METHODS = (
    (
        "qlora",
        any_of(
            r"\bq[- ]?lora\b", r"\b(?:4|four)[- ]?bit\s+(?:lora|adapters?|fine)", r"\blora\b.{0,15}\b(?:4|four)[- ]?bit\b", r"\bquanti[sz]ed lora\b", r"\bnf4\b",
        ),
    ),
    (
        "lora",
        any_of(
            r"\blora\b", r"\bloraconfig\b", r"\buse_peft\b", r"\badapters?(?: only)?\b(?= (?:training|only|fine)|$)", r"\bwith adapters\b", r"\bpeft\b",
            r"low[- ]rank",
        ),
    ),
    (
        "full",
        any_of(
            r"\bfull[- ]?(?:parameter|param|weights?|precision)?[- ]*(?:fine[- ]?tun\w*|ft\b|train\w*|sft\b|dpo\b|tun\w+|finet\w*)",
            r"\bfully\s+(?:fine|train|tun)", r"\bfft\b", r"\bvoll(?:es|en|er|e|st[äa]ndig\w*)?[- ]*(?:fine[- ]?tun\w*|train\w*)", r"\bentra[iî]nement complet\b",
            r"\b(?:ajuste|entrenamiento) completo\b", r"\u5168\u53c2\u6570", r"\u5168\u91cf", r"\bfull\b(?! (?:log|list|text|context|precision|name|path))",
            r"\ball (?:of )?(?:the |its |of its )?(?:model )?(?:parameters|params|weights)\b", r"\b(?:every|each) (?:single )?(?:weight|parameter|param)\b",
            r"\bunfreeze (?:everything|all (?:layers|of it)|the (?:whole|entire) (?:model|network|thing))\b", r"\b(?:train|update|tune) the (?:whole model|whole network|entire model|entire network)\b", r"\b(?:nothing|no layers?|no weights?) frozen\b", r"\bno frozen (?:layers|weights|parameters)\b",
        ),
    ),
)  # fmt: skip
