"""The forms in which something may be said without a figure, and the words that may stand around one."""

from __future__ import annotations

import re

_THE = r"(?:(?:the|a|an|this|your|its|their|such) )?"
_STATES = r"(?:weights|gradients|optimizer states|model states|training states|model's states|states|model|parameters)"
_PARTS = rf"{_THE}{_STATES}(?:(?:, | and |, and ){_THE}{_STATES})*"
_RUN = rf"(?:{_THE}(?:plan|run|training|config|configuration|setup|training run|model|machine|data|dataset|trainer|optimizer|method|precision|sharding)|it|this|that|you|there|we)"
_T = r"(?:<n> ?)?<(?!phase|n>|quote|recipes|asked|other|copy|sharded|kept|traffic)[a-z0-9]+>(?: <n>)?(?: gpus?| cards?)?"
_LIST = rf"{_THE}{_T}(?:(?: with| and| on| of| for| in| over| or|,) {_THE}{_T}| {_T})*"
_BE = r"(?:is|are|was|were)"
_NOT = r"(?: not| no longer)?"
_WHERE = r"(?: (?:here|for (?:this|the) (?:plan|run|model)|for training|during training|in (?:this|the) (?:plan|run)|on (?:each|the|every) gpus?|per gpu|(?:in|during) the backward pass|in memory|to (?:fit|save memory)|on top|otherwise|as well|too|anymore|at all))*"
_GPUS = r"(?:over|across|between|among|on|by) (?:the |all |both |all of the |each of the )?(?:<n> )?(?:<gpu>(?: gpus)?|gpus|cards|devices)"
_EACH = r"(?:each|every)(?: (?:of (?:the |these )?<n>))? (?:gpu|gpus|<gpu>|card|device)"
_OF_MODEL = r"(?: of (?:the |its )?(?:model|weights|states|model's states|<model>))?"
_FITS = r"(?:does not |do not |doesn't |don't |would not |could not |cannot |can't |would |will |will not |did not |wouldn't |may |can )?(?:fit|fits)(?: not)?"
_WHAT_FITS = rf"(?:{_RUN}|{_LIST}|{_THE}<copy>{_OF_MODEL}|<other>|{_THE}(?:activations|weights|states|optimizer states|32-bit states|<32bit> states|upper bound|memory)|they|them|one|keeping (?:them|the activations|all activations)|which)"
SAID = (
    rf"{_RUN}? ?(?:uses?|using|runs?(?: in| on| with)?|trains?(?: in| on| with)?|takes?|applies|does{_NOT} use|has|will use|will run on|needs no|fine-tunes?|is (?:an? )?|is for|relies on|gets?){_WHERE} {_LIST}{_WHERE}",
    rf"(?:with|without|by|for|in|on|using|under|no|of|through) {_LIST}{_WHERE}",
    rf"{_LIST}{_WHERE}",
    rf"(?:{_LIST}|it|this|that|{_THE}<copy>) {_BE}{_NOT} (?:also )?(?:used|chosen|enabled|on|off|disabled|taken|applied|planned|needed|set|possible|necessary|required|unused|asked for){_WHERE}",
    rf"there (?:is|are) (?:no|nothing|one|an?) ?(?:need for )?(?:{_LIST})?(?:nothing to <sharded>)?{_WHERE}",
    rf"no {_LIST} (?:is|are) (?:used|needed|planned|necessary){_WHERE}",
    rf"with {_LIST} there is (?:nothing to <sharded>|<quote>)|there is nothing to <sharded>",
    rf"{_EACH}(?: can| will)? (?:holds?|keeps?|has|hold) {_THE}<copy>{_OF_MODEL}",
    rf"(?:<ddp>|it|which|and)? ?(?:keeps|holds|puts|places|gives) {_THE}<copy>{_OF_MODEL} (?:on|to) {_EACH}",
    rf"{_THE}<copy>{_OF_MODEL} (?:is|stays) (?:kept|held)? ?on {_EACH}",
    rf"(?:<fsdp>|<deepspeed>|<zero2>|<zero3>|<hybrid>|it|this|which)? ?<sharded> (?:{_PARTS}|{_THE}<copy>{_OF_MODEL}) {_GPUS}",
    rf"(?:{_PARTS}|they|{_THE}<copy>{_OF_MODEL}) {_BE} <sharded> {_GPUS}",
    rf"{_THE}(?:gpus|<gpu> gpus|<gpu>|<n> gpus) <sharded> (?:{_PARTS}|{_THE}<copy>{_OF_MODEL})",
    rf"<sharded>(?: {_GPUS})? (?:the|they|states|the states)?(?: states)? ?are still too large",
    rf"(?:{_THE}activations|they) {_BE}{_NOT} <checkpointing>{_WHERE}",
    rf"(?:<checkpointing>|it|this|that|which)? ?<checkpointing> (?:the |all )?activations{_WHERE}",
    rf"(?:the )?<kept>{_WHERE}|(?:the )?activations {_FITS}{_WHERE}",
    r"(?:it|this|which|that) costs one (?:more|extra) forward pass(?: of time)?|costs one (?:more|extra) forward pass",
    r"(?:<(?:lora|qlora|checkpointing|quantised|fsdp|sharded|adapters|8bit|liger|offload|zero2|zero3|fused)> ?)+(?: (?:saves?|reduces|cuts|lowers) (?:gpu )?memory| keeps (?:the )?memory low| takes less memory| needs less memory)(?: (?:per gpu|on each gpu|at the loss|here))?(?: by <checkpointing> (?:the )?activations)?(?: in the backward pass)?",
    r"(?:which|this|it|that)? ?(?:saves?|reduces) memory",
    rf"(?:{_LIST} )?(?:keeps? |leaves? )?{_THE}(?:base |model |model's )?(?:weights|model|parameters) (?:are |stay |remain |is |stays |are kept )?<frozen>",
    rf"(?:{_LIST}|it)? ?<frozen> {_THE}(?:base |model |model's )?(?:weights|model|parameters)",
    rf"{_THE}vision encoder (?:is|stays|left) <frozen>",
    rf"(?:only |just )?{_THE}(?:small |lora )?(?:<lora> )?<adapters> (?:are |get |will be )?(?:trained|train|updated)(?: on top)?(?: over the <frozen> (?:base )?(?:weights|model))?",
    rf"(?:{_LIST}|it|and|which)? ?trains? (?:only |just )?(?:the |a )?(?:small |set of )*<adapters>(?: (?:on top|over the <frozen> (?:base )?(?:weights|model)))?",
    rf"<full> (?:are |is |will be )?(?:trained|train|updated|used)|(?:{_LIST}|it|this)? ?(?:trains?|updates?) <full>",
    rf"(?:{_LIST}|it)? ?(?:keeps|stores|holds) {_THE}(?:base |model )?weights in <quantised>",
    rf"{_THE}(?:base |model |model's )?weights {_BE} (?:kept|stored|held|<quantised>)(?: (?:in|to|down to) <quantised>)?",
    rf"(?:<adamw>|it|{_THE}optimizer) (?:keeps|holds|stores) its states in <8bit>|{_THE}(?:optimizer )?states {_BE} (?:kept|held|stored) in <8bit>|{_THE}optimizer is (?:an? )?<8bit>(?: <adamw>| optimizer)?",
    rf"(?:{_PARTS}|they) (?:wait|are kept|are held|stay|are stored) in <offload>",
    rf"<offload> (?:is|makes it|makes this|makes the run|makes training) slow|{_THE}<offload> states make (?:the run|it|this|training) slow|(?:which|that|it) is slow",
    rf"{_WHAT_FITS} {_FITS}(?: (?:on|in|into|within) (?:{_EACH}|the gpus?|this gpu|one gpu|these gpus|usable memory|the usable memory|{_LIST}|there|here|what is usable|memory))?{_WHERE}",
    rf"(?:which )?{_FITS}(?: on {_EACH})?",
    rf"(?:{_THE}<other>|keeping <other>) {_FITS}(?: on (?:{_EACH}|the gpus))?{_WHERE}",
    rf"no <(?:sharded|copy|traffic)> (?:is|are) (?:used|needed|planned|necessary){_WHERE}|<asked> {_LIST}|(?:the )?<quote>{_WHERE}|<fsdp> <sharded> {_PARTS}",
    rf"(?:{_WHAT_FITS} (?:is|are) )(?:still )?too (?:large|big)(?: for (?:{_EACH}|the gpus?|{_LIST}))?",
    rf"{_THE}upper bound (?:is|stays|remains|lies) (?:below|within|under|above|over) (?:the |what is )?usable(?: memory)?|{_THE}upper bound exceeds (?:the |what is )?usable(?: memory)?",
    rf"{_THE}(?:weights|gradients|optimizer states|activations|logits|overhead) (?:are|is|make up) {_THE}(?:largest|biggest|main) (?:part|share|component)(?: of (?:the |its )?(?:memory|peak|expected memory|it))?(?: (?:there|at the peak|in the loss))?",
    rf"{_THE}(?:largest|biggest|main) (?:part|share|component)(?: of (?:the |its )?(?:memory|peak))? (?:is|are) {_THE}(?:weights|gradients|optimizer states|activations|logits|overhead)",
    rf"{_THE}(?:memory )?(?:peak|maximum)(?: memory| of memory)? (?:comes|is|occurs|is reached|happens) (?:in|at|during) {_THE}<phase>(?: phase)?",
    r"<sharded> (?:it |them |the model )?would only add <traffic>|<quote>",
    rf"(?:{_LIST}|it|which|they|and)? ?(?:leave|leaves|leave out|leaves out) (?:out )?the <moe>(?: (?:out|as they are|untouched))?|{_THE}<moe> are (?:left out|left as they are|<frozen>|not trained)",
    rf"(?:as )?<asked>|you <asked> {_LIST}|{_LIST} (?:was|is|were) (?:what )?<asked>|(?:it|this|which) (?:was|is) (?:what )?<asked>|{_RUN}? ?(?:uses|trains with|is) {_LIST} as <asked>|{_LIST} (?:was|is|were) (?:used|chosen) (?:as )?<asked>",
    r"(?:which |that |it |this )?(?:is |are |comes |come |follows |follow |taken |as )*(?:from |in |by |of |what )*(?:the )?<recipes>(?: (?:use|uses|for this method|do|of oumi|use for this method|used for this method))*",
    rf"(?:which |that |it |this |{_THE}(?:learning rate|rank|batch size|batch|global batch|global batch size|<rank>) )?(?:is |are |comes |come |follows |follow |from )*(?:<quote>|(?:the )?<recipes>)",
    rf"{_THE}(?:time|cost|price|speed) is (?:not |un)known(?: yet)?|how long it takes is not known",
    r"whose <fused> kernel needs no temporary copy|(?:in its )?<fused>(?: form| kernel)?|the <fused> kernel needs no temporary copy",
    rf"{_THE}optimizer is (?:<name>|<adamw>)(?: in its <fused> form)?",
    rf"(?:{_THE}gpu|{_LIST}) computes in <[a-z0-9]+>(?:, weights too)?|{_THE}weights {_BE}(?: kept| stored)? in <(?:bf16|fp16|fp32|16bit)>",
    rf"{_RUN}? ?(?:trains|runs|is trained|training runs|fine-tunes) (?:{_LIST} )?(?:in|on|with|over|from) {_LIST}",
    rf"{_THE}(?:model|dataset|data|trainer|optimizer|precision|method|objective|gpu) (?:is|are) {_LIST}",
    rf"(?:which )?was assumed|{_LIST} was assumed|{_THE}(?:sequence length|model|dataset|data|gpu) was assumed",
    rf"{_THE}(?:memory(?: per gpu)?|batch(?: size)?|time|cost|speed|adapters|sharding|learning rate|precision|optimizer|method|data|plan|training)|at the peak|there",
    r"(?:at|in|of|for|on|with|to|by|per) (?:each|every) (?:gpu|step)|per gpu|in (?:all|short)|at (?:most|best|worst)|",
)
"""Clauses with tags for what was found elsewhere: `<fsdp>` a term, `<name>`, `<gpu>`, `<n>` a checked figure, `<quote>` the plan's words."""
_SAID = re.compile("|".join(f"(?:{one})" for one in SAID))
_LEADS = re.compile(r"^(?:(?:and|but|so|then|also|therefore|thus|hence|here|however|in short|as a result|which means|this means|that|only if|because|since|while|whereas|although|or|instead|overall|in addition|otherwise|of|with this|additionally|as|due to|thanks to|specifically|for this|which) )+")
_FIGURE_WORDS = """
    the a an this your its their it that which there of at to in on per for with from by up about around approximately roughly and or only just is are was were be being has have will
    takes take taking needs need needed uses use used using requires require makes make making gives give giving costs cost leaves leave leaving stays stay means equals adds
    run runs running training trains train trained trainable plan planned model models model's method memory gpu gpus card cards node nodes machine device devices each every both all total
    expected expects expect upper bound usable available capacity free spare headroom left most worst best case no more than limit
    weights gradients optimizer states state activations logits overhead peak comes come reached occurs loss backward forward pass end step steps phase where when
    batch batches micro micro-batch micro-batches global effective size sequence sequences length context row rows tokens token sample samples examples long longer up
    rank alpha learning rate warmup weight decay seed parameters parameter adapters adapter share base completions answers before moves move after accumulation
    epoch epochs time hour minute speed price between range low high would could does do not need exceeds exceed below above within under over fits fit enough so they them one
    times each processes processed process sees works work worked data dataset part parts largest biggest main alone as an hour second shorter than once accumulated single
    still too large wait gpu's how long follows follow stored keep keeping keeps holds hold whole plan's spread spreads here and then too card's cloud be can because since but set sets setting
"""
_FIGURE = frozenset(_FIGURE_WORDS.split())
_TAG = re.compile(r"<[a-z0-9]*>")


def is_said_so(clause: str) -> bool:
    """True when a clause without a figure, found things as tags, has one of the forms that may be said."""
    bare = clause.strip(" .,;:'\"")
    if _SAID.fullmatch(bare) or _SAID.fullmatch(_LEADS.sub("", bare + " ").strip()):
        return True
    halves = bare.split(" and ")
    return len(halves) > 1 and any(is_said_so(" and ".join(halves[:cut])) and is_said_so(" and ".join(halves[cut:])) for cut in range(1, len(halves)))


def surrounds_figures(clause: str) -> bool:
    """True when the words around the figures of a clause do nothing but name and state them."""
    words = re.findall(r"[a-z][a-z'-]*", _TAG.sub(" ", clause))
    return all(word in _FIGURE for word in words)
