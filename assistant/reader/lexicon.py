"""Words and what they mean, as tables: (value, pattern). The first row that matches wins."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.reader.verbs import METHODS as METHODS
from assistant.reader.verbs import OBJECTIVES as OBJECTIVES
from assistant.reader.verbs import TASKS as TASKS
from assistant.reader.verbs import any_of

NUMBER_WORDS = {
    "a": 1, "an": 1, "one": 1, "single": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "sixteen": 16, "dual": 2, "both": 2, "pair": 2, "couple": 2,
    "quad": 4, "un": 1, "une": 1, "ein": 1, "eine": 1, "einer": 1, "einem": 1, "uma": 1, "um": 1, "una": 1,
    "deux": 2, "dos": 2, "zwei": 2, "duas": 2, "dois": 2, "trois": 3, "tres": 3, "drei": 3, "quatre": 4,
    "cuatro": 4, "vier": 4, "quatro": 4, "huit": 8, "ocho": 8, "acht": 8, "oito": 8, "\u4e00": 1, "\u5355": 1, "\u4e8c": 2,
    "\u4e24": 2, "\u4e09": 3, "\u56db": 4, "\u516b": 8,
    "pair of": 2, "a pair of": 2, "a pair": 2, "couple of": 2, "a couple of": 2, "a couple": 2, "half a dozen": 6, "a half dozen": 6,
    "half dozen": 6, "dozen": 12, "a dozen": 12, "two dozen": 24, "eleven": 11,
}  # fmt: skip
"""Counts in words, in the languages of the other tables."""


def any_word(words: Iterable[str]) -> str:
    """A pattern for any of these words, the longer one before the one inside it; blanks may be several."""
    return "|".join(word.replace(" ", r"\s+") for word in sorted(words, key=len, reverse=True))


NUMBER_WORD = any_word(NUMBER_WORDS)
SAID_NUMBER = any_word(word for word in NUMBER_WORDS if len(word) > 2 and word not in ("both", "single", "dual", "pair", "couple", "dozen"))
"""Words that are a number by themselves; `a`, `both` and `pair` are one before a noun alone."""
COUNT = rf"(?:\d{{1,4}}|(?<![a-z0-9])(?:{NUMBER_WORD}))"
SHARDINGS = (
    ("deepspeed", r"\bdeep[- ]?speed\b|\bzero[- ]?[123]\b|\bzero stage\b"),
    ("fsdp", r"\bfsdp2?\b|fully sharded|\bfull[_ ]shard\b"),
    ("none", r"\b(?:no|without) sharding\b"),
    ("ddp", r"\bddp\b|distributed data parallel|data[- ]parallel"),
)
PRECISIONS = (
    ("bf16", r"\bbf(?:loat)?[- ]?16\b"),
    ("fp16", r"\bfp[- ]?16\b|\bfloat16\b|\bhalf precision\b"),
    ("fp32", r"\bfp[- ]?32\b|\bfloat32\b|\bfull precision\b"),
)
CLOUDS = (
    ("gcp", r"\bgcp\b|\bgoogle cloud\b|\bgce\b"),
    ("aws", r"\baws\b|\bamazon\b|\bec2\b|\b(?:p[345]|g[456])\w*\.\w*(?:xlarge|metal)\b"),
    ("azure", r"\bazure\b"),
    ("lambda", r"\blambda\b(?: labs| cloud)?"),
    ("runpod", r"\brun ?pod\b"),
    ("nebius", r"\bnebius\b"),
    ("kubernetes", r"\bkubernetes\b|\bk8s\b"),
    ("slurm", r"\bslurm(?:d|stepd|ctld)?\b|\b(?:sbatch|srun|salloc|squeue|scontrol|sinfo)\b"),
    ("local", r"\blocal(?:ly)\b|\b(?:on )?my own (?:machine|box|pc)\b|\b(?:on )?this (?:machine|box)\b"),
)
ENGINES = (
    ("REMOTE_VLLM", r"\bremote[- ]vllm\b|(?<!\bas )(?<!\bstart )(?<!\blaunch )(?<!\bas a )(?<!\bup a )(?<!\brun a )(?<!\bstart a )(?<!\bhost a )(?<!\blaunch a )(?<!\bdeploy a )\bvllm server\b"),
    ("VLLM", r"\bvllm\b"),
    ("SGLANG", r"\bsg[- ]?lang\b"),
    ("LLAMACPP", r"\bllama[._-]?cpp\b|\bgguf\b|\bllamafiles?\b"),
    ("NATIVE", r"\bnative(?: engine)?\b|\btransformers engine\b|\bhf engine\b"),
    ("ANTHROPIC", r"\banthropic\b"),
    ("OPENROUTER", r"\bopen ?router\b"),
    ("OPENAI", r"\bopenai\b(?!/)"),
    ("TOGETHER", r"\btogether(?: ?ai)?\b(?! with)"),
    ("FIREWORKS", r"\bfireworks(?: ?ai)?\b"),
    ("GOOGLE_VERTEX", r"\bvertex\b"),
    ("GOOGLE_GEMINI", r"\bgemini api\b"),
    ("DEEPSEEK", r"\bdeepseek api\b"),
    ("BEDROCK", r"\bbedrock\b"),
    ("CEREBRAS", r"\bcerebras\b"),
    ("SAMBANOVA", r"\bsamba ?nova\b"),
    ("PARASAIL", r"\bparasail\b"),
)
PRIORITIES = (
    ("speed", r"as fast as (?:possible|you can)|\b(?:want|need) (?:it|this) (?:to be )?(?:really |very |super )?(?:fast|quick)\b|\bfastest\b|\bspeed (?:over|matters|first|is)|\bquickest\b|prioriti[sz]e speed|\bmax(?:imum)? (?:speed|throughput)"),
    ("memory", r"(?:least|lowest|minimal|minimum|low) (?:memory|vram)|memory (?:use|usage)? ?as low|\bsave memory\b|as little (?:memory|vram)|memory[- ]efficient|prioriti[sz]e memory|lowest (?:possible )?vram"),
    ("quality", r"(?:best|highest|max(?:imum)?) (?:possible )?quality|quality (?:above|over|matters|first|wins|is)|prioriti[sz]e quality|best (?:possible )?(?:results?|accuracy)"),
)
PRIORITY_CHANGES = (
    ("memory", r"\b(?:stingy|frugal|economical|sparing|easy|light|careful)\b.{0,12}\b(?:v?ram|memory)\b|\b(?:use |take |need |with )?(?:less|lower|minimi[sz]e(?: the)?|reduce(?: the)?|cut(?: down)?(?: the)?|save(?: some)?|lighter on) (?:v?ram|(?:gpu )?memory)(?: (?:use|usage|footprint))?\b|\bsmaller (?:memory )?footprint\b|\bmemory is tight\b"),
    ("speed", r"\b(?:make (?:it|this) |go |train |run )?(?:faster|quicker|speedier)\b|\bspeed (?:it|this|things) up\b|\bspeed up\b|\b(?:less|shorter) (?:training )?time\b|\bas (?:fast|quick(?:ly)?) as\b"),
    ("quality", r"\b(?:better|higher|more) (?:quality|accura\w+)\b|\bmore accurate\b"),
)
"""Priorities as they are said against a plan that stands: `make it faster`, `less memory`."""
BENCHMARKS = (
    (("leaderboard_mmlu_pro",), r"\bmmlu[-_ ]?pro\b"),
    (("mmlu",), r"\bmmlu\b"),
    (("gsm8k",), r"\bgsm[-_ ]?8k\b"),
    (("hellaswag",), r"\bhella ?swag\b"),
    (("arc_challenge",), r"\barc(?:[-_ ]?c(?:hallenge)?)\b|\barc\b(?![-_ ]?e)"),
    (("arc_easy",), r"\barc[-_ ]?e(?:asy)?\b"),
    (("truthfulqa_mc2",), r"\btruthful ?qa(?:[-_ ]?mc2)?\b"),
    (("winogrande",), r"\bwino ?grande\b"),
    (("leaderboard_ifeval",), r"\bif[-_ ]?eval\b"),
    (("leaderboard_gpqa",), r"\bgpqa(?:[-_ ]diamond)?\b"),
    (("leaderboard_bbh",), r"\bbbh\b|\bbig[- ]bench[- ]hard\b"),
    (("mmmu_val",), r"\bmmmu(?:[-_ ]val)?\b"),
    (("berry_bench",), r"\bberry[-_ ]?bench\b"),
    (("humaneval",), r"\bhuman[-_ ]?eval\b"),
    (("mbpp",), r"\bmbpp\b"),
    (("piqa",), r"\bpiqa\b"),
    (("boolq",), r"\bboolq\b"),
    (("openbookqa",), r"\bopenbook ?qa\b"),
    (("triviaqa",), r"\btrivia ?qa\b"),
    (("drop",), r"\bdrop\b(?= (?:benchmark|task))"),
    (("lambada_openai",), r"\blambada\b"),
    (("leaderboard_math_hard",), r"\bmath[-_ ]hard\b"),
    (("count_letters",), r"\bcount[-_ ]letters\b"),
    (
        ("mmlu", "arc_challenge", "winogrande", "hellaswag", "truthfulqa_mc2", "gsm8k"),
        r"\b(?:open )?(?:llm )?leaderboard\b",
    ),
)
FIELD_WORDS = (
    ("training.warmup_ratio", "zero", r"\b(no|without|zero|skip(?:ping)?(?: the)?)\s+(?:any |lr |learning rate )?warm[- ]?up\b|\bwarm[- ]?up(?: steps| ratio)?(?: of)?[ :=]+(0|off|none)\b(?![.%\d]| ?%)"),
    ("training.weight_decay", "zero", r"\b(no|without|zero)\s+(?:any )?weight decay\b"),
    ("peft.lora_dropout", "zero", r"\b(no|without|zero)\s+(?:any )?(?:lora )?dropout\b"),
    ("training.warmup_steps", "int", r"\bwarm[- ]?up(?: of| for| over)?[ :=]+(\d+)(?! ?%|\.\d)\b(?: steps)?|\b(\d+) steps (?:of |for )?warm[- ]?up|\b(\d+) warm[- ]?up steps"),
    ("training.warmup_ratio", "float", r"\bwarm[- ]?up(?: ratio)?(?: of)?[ :=]+(0?\.\d+)"),
    ("training.warmup_ratio", "percent", r"\b(\d{1,2}(?:\.\d+)?)\s*%\s+(?:of )?warm[- ]?up\b|\bwarm[- ]?up(?: ratio)?(?: of| for)?[ :=]+(\d{1,2}(?:\.\d+)?)\s*%"),
    ("training.weight_decay", "float", r"\b(?:weight decay|wd)(?: of| at)?[ :=]+(\d*\.?\d+(?:e-?\d+)?)"),
    ("training.max_grad_norm", "float", r"\bmax_grad_norm[ :=]+(?:to )?(\d*\.?\d+)"),
    ("training.save_steps", "int", r"\bsave_steps[ :=]+(?:to )?(\d+)"),
    ("training.logging_steps", "int", r"\blogging_steps[ :=]+(?:to )?(\d+)"),
    ("training.eval_steps", "int", r"\beval_steps[ :=]+(?:to )?(\d+)"),
    ("training.warmup_steps", "int", r"\bwarmup_steps[ :=]+(?:to )?(\d+)"),
    ("training.dataloader_num_workers", "int", r"\bdataloader_num_workers[ :=]+(?:to )?(\d+)"),
    ("training.max_grad_norm", "float", r"\b(?:max )?(?:grad(?:ient)? (?:norm|clip(?:ping)?)|clip(?:ping)? grad\w*)(?: of| at)?[ :=]+(\d*\.?\d+)"),
    ("training.gradient_accumulation_steps", "int", r"\b(?:grad(?:ient)?[ _-]?acc(?:um(?:ulation)?)?(?:[ _]steps)?|accumulation|accum|ga)(?: of| steps)?[ :=]*(\d+)\b|\b(\d+)[- ]?(?:grad(?:ient)?[ _-]*)?acc(?:um(?:ulation)?)?[ _-]*(?:steps|batches)\b(?!\s*[=:]?\s*\d)|\baccumulat\w+ (?:gradients? )?(?:over |for )?(\d+)(?: steps)?"),
    ("training.save_steps", "int", r"\b(?:every|each) (\d+) steps,? (?:save|write|keep|make|take|store)?\s?(?:a |one |the )?(?:checkpoints?|ckpts?|save)\b|\b(?:save|checkpoint)(?: \w+){0,2} (?:every|each) (\d+)(?: steps)?\b"),
    ("training.logging_steps", "int", r"\blog(?: \w+){0,2} (?:every|each) (\d+)(?: steps)?\b"),
    ("training.eval_steps", "int", r"\beval(?:uate)? every (\d+) steps"),
    ("peft.lora_dropout", "float", r"\b(?:lora[_ ])?dropout(?: of)?[ :=]+(\d*\.\d+|0)\b"),
    ("generation.temperature", "float", r"\btemp(?:erature)?(?: of)?[ :=]+(\d*\.?\d+)"),
    ("generation.top_p", "float", r"\btop[-_ ]?p(?: of)?[ :=]+(\d*\.?\d+)"),
    ("generation.max_new_tokens", "int", r"\bmax(?:imum)?[ _](?:(?:of )?(\d+) )?new tokens(?:[ :=]+(\d+))?|\b(\d+) new tokens"),
)
FIELD_SIGNS = ("warm", "decay", "wd", "norm", "clip", "_steps", "_workers", "acc", "ga", "save", "checkpoint", "log", "eval", "dropout", "temp", "top", "new token")
"""One of these occurs where a row of the table above matches: a look for them is quicker than its patterns."""
FLAG_WORDS = (
    ("training.enable_gradient_checkpointing", True, r"\b(?:with |enable |use )?(?:gradient|activation) checkpointing(?: on)?\b(?! off)"),
    ("model.attn_implementation", "flash_attention_2", r"\bflash[- _]?att(?:entio)?n(?:[- _]?(?:v)?2)?\b|\bfa2\b"),
    ("training.enable_wandb", True, r"(?:\blog(?:ging)? to |\buse |\bwith |\benable |(?<=\bno )|(?<=\bwithout )|(?<=\bdisable ))(?:wandb|weights (?:and|&) biases)\b"),
    ("model.enable_liger_kernel", True, r"\b(?:with |use |enable )?liger(?: kernels?)?\b"),
    ("model.load_pretrained_weights", False, r"\b(?:from scratch|random(?:ly)? (?:init\w*|weights))\b"),
    ("data.train.pack", True, r"\b(?:with |use |enable )?(?:sequence |sample )?packing\b|\bpack (?:the |my |all |short |several )?(?:rows?|data|sequences|samples|examples|conversations|texts?)(?: together)?\b"),
)
FLAG_SIGNS = ("checkpointing", "flash", "fa2", "wandb", "weights", "liger", "scratch", "random", "pack")
SCHEDULES = (
    ("cosine", r"\bcosine(?: (?:schedule|scheduler|decay|lr|annealing))?\b"),
    ("linear", r"\blinear (?:schedule|scheduler|decay|lr)\b"),
    ("constant", r"\bconstant (?:schedule|scheduler|lr|learning rate)\b"),
)
SCHEDULE_SIGNS = ("cosine", "linear", "constant")
OPTIMIZERS = (
    ("paged_adamw_8bit", r"\bpaged[_ -]adamw[_ -]8[- ]?bit\b"),
    ("paged_adamw_32bit", r"\bpaged[_ -]adamw(?:[_ -]32[- ]?bit)?\b"),
    ("adamw_8bit", r"\b(?:adamw?[_ -]8[- ]?bit|8[- ]?bit adamw?)\b"),
    ("adamw_torch_fused", r"\badamw_torch_fused\b|\bfused adamw\b"),
    ("adamw_torch", r"\badamw_torch\b"),
    ("adafactor", r"\badafactor\b"),
    ("sgd", r"\bsgd\b"),
    ("lion_8bit", r"\b(?:lion[_ -]8[- ]?bit|8[- ]?bit lion)\b"),
    ("lion_32bit", r"\blion\b(?= optim)|\boptimi[sz]er[ :=]+lion\b"),
    ("rmsprop", r"\brms[- ]?prop\b"),
    ("adagrad", r"\badagrad\b"),
    ("ademamix", r"\bademamix\b"),
    ("galore_adamw", r"\bgalore\b"),
    ("lomo", r"\blomo\b"),
    ("muon", r"\bmuon\b"),
    ("sophia", r"\bsophia\b(?= optim)"),
    ("shampoo", r"\bshampoo\b"),
    ("adam", r"(?<![\w-])adam\b(?= optim)|\boptimi[sz]er[ :=]+adam\b"),
)
OPTIMIZER_SIGNS = ("adam", "adaf", "adag", "adem", "galore", "sgd", "lion", "prop", "lomo", "muon", "sophia", "shampoo")
_DENIALS = any_of(
    r"\bno\b", r"\bneither\b", r"\bnor\b", r"\bcan'?t(?: do| use| have)?\b", r"\bcannot\b", r"\bnobody asked for\b", r"\bnot\b", r"\bwithout\b",
    r"\bdon'?t (?:use|want|do|need)?", r"\bskip\b", r"\bnever\b", r"\b(?:anywhere|anything|everything|everywhere) (?:but|except)\b",
    r"\binstead of\b", r"\brather than\b", r"\bavoid\b", r"\bforget(?: about)?\b", r"\bditch\b", r"\bdrop(?:ping)?\b", r"\b(?:done|finished|through) with\b", r"\b(?:tired|sick|enough) of\b", r"\bno more\b",
    r"\bhat(?:e|es|ed)\b", r"\bdislikes?\b",
    # Chinese, French, Spanish, German, Portuguese
    r"\u4e0d\u8981", r"\u4e0d\u7528", r"\bsans\b", r"\bsin\b", r"\bohne\b", r"\bsem\b",
)  # fmt: skip
NEGATION = rf"(?:{_DENIALS})\s*(?:(?:a|an|any|use|used|using|the|do|plain|on|with|in|at|my|run|train|be|want|wanted|need|needed|like|to|ever|rather|really|go|going|for) ){{0,4}}"
EXPORT = r"\b(?:export|convert)\w*\b|\bmerge (?:the |my |an? )?(?:q?lora|adapters?|weights)\b|\bpush (?:it |them )?to (?:the )?hub\b"
FOUR_BIT = r"\b(?:4|four)[- ]?bits?\b|\bint4\b"
OTHER_OBJECTIVES = (
    ("ORPO", r"\borpo\b"),
    ("PPO", r"\bppo\b"),
    ("SimPO", r"\bsimpo\b"),
    ("CPO", r"\bcpo\b"),
    ("IPO", r"\bipo\b"),
    ("RLOO", r"\brloo\b"),
    ("DAPO", r"\bdapo\b"),
    ("GSPO", r"\bgspo\b"),
    ("reward modelling", r"\breward[- ]model(?:l?ing|s)?\b"),
    ("RLHF", r"\brlhf\b|\brlaif\b"),
)
"""Ways to train that Oumi has no config for."""
CORRECTION = r"\b(?:but (?:let'?s|i'?ll|we'?ll) (?:go (?:with|for)|use|take)|edit(?=:)|fix(?=: )|(?:or|oh|ah|hm+|uh|erm?),? no\b(?=,)|on second thoughts?|change of plans?|i take that back|let me rephrase|no,? wait|wait,? no|wait(?=,? (?:make|use|go|let))|make (?:it|this|that) (?:a )?(?:full|lora|qlora|sft|dpo|kto|grpo)|w?h?oops|actually|i mean(?:t)?|sorry|make that|scratch that|strike that|or rather|correction|nope|my bad|rather(?! than))\b|[.…,;?]\s*no,|\b(?:switch|change|move|swap|replace)\b(?=.{1,30}\b(?:to|for|with|by)\b)"
REMEDY = r"\b(?:too (?:high|low|big|small|large|long|short|slow|much|many)|same (?:thing|config|run|setup|settings|one) (?:but |just |only )?with|diverge[sd]?|blew up|(?:previous|last|earlier|old) (?:run|attempt|try|config)|now (?:with )?(?:lr|learning|rank|bs|batch)|this time|give me (?:one|something|a config|the same)|nan)\b"
"""Where fault is found with a value, the one that is named later is meant."""
EITHER = r"\b(?:zero[- ]?[123]|deep[- ]?speed|fsdp2?)\s+or\s+(?:zero[- ]?[123]|deep[- ]?speed|fsdp2?)\b"
"""Either of two is no choice of one."""
FAULT = r"\s{0,3}(?:(?:is|are|was|were|seems?|looks?|feels?)\s{1,3})?(?:(?:way |much |far |a bit )?too (?:big|large|small|slow|expensive|long|old|short|weak|noisy|dirty)\b(?! to)|(?:is |are )?(?:not|un)[- ]?(?:wanted|needed|available|allowed|an option)\b|hates?\b|is out\b|out of the question|(?:(?:is|are|was|were) not|isn'?t|aren'?t|wasn'?t|weren'?t) (?:what|the|a|my|our|something|for me|needed|wanted|relevant|(?:an|really an?|even an?) option|possible|allowed|available|of interest|necessary|required|interesting)\b|(?:does|do|did|would|will)(?:n'?t| not) (?:interest|matter|count|apply|help|suit|work|do\b|fit (?:the|our|my) (?:bill|budget|policy))|(?:quota|capacity|credits?|account)\s+(?:\w+\s+){0,2}(?:denied|refused|rejected|exhausted|expired|ran out|gone|used up|zero|empty|full|closed|suspended)\b|(?:is|are|was|ran) (?:down|out of capacity|sold out|unavailable|full)\b|(?:would be|is|are|sounds?|looks?) (?:a )?(?:awful|terrible|horrible|bad|no good|overkill|pointless|useless|nonsense|wrong)\b)"
"""What says, after a name, that it is not the one to take."""
LEAD = r"\W*(?:(?:please|pls|plz|hey|hi|hello|can|could|would|you|u|i|we|want|wanna|need|have|to|like|i'?d|let'?s|let|now|help|me|us|just|ok|okay|so|then|now|how|do|should|what(?:'s)?|is|the|best|way|trying|config|a|for|make|give|create|write|yaml)\b\W*)*"
"""Words before the verb of a request."""
_ALSO_TRAINS = r"\b(?:and|then|to) (?:then )?(?:fine[- ]?tune|train|sft|dpo)\b|\bfine[- ]?tuning (?:job|run)\b|\btraining (?:job|run)\b"
LEADS = (
    ("infer", r"(?:(?:(?:run|do|start)\s+)?(?:(?:batch|offline|bulk)\s+)?infer(?:ence|ring)?|answer(?:ing)?|serv(?:e|ing)|chat with|talk to|host(?:ing)?|deploy(?:ing)?)\b(?! (?:for|on|with)? ?training)", _ALSO_TRAINS + r"|\b(?:fine-?tun(?:e|ing)|sft|dpo|grpo|train(?:ing)?)\b"),
    ("evaluate", r"(?:eval(?:uate|uating)?|benchmark(?:ing)?)\b", _ALSO_TRAINS + r"|\b(?:fine-?tun(?:e|ing)|sft|dpo|grpo|train(?:ing)?|before|after|quanti[sz](?:e|ing))\b"),
    ("quantize", r"(?:quanti[sz](?:e|ing)|compress(?:ing)?|shrink)\b", _ALSO_TRAINS + r"|\bq-?lora\b|\btrain\b|\bfine[- ]?tune\b"),
)
"""(task, the verb that leads to it, what leaves it open)."""
