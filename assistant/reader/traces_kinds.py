"""What each known error says, kind by kind: patterns with the details that they capture, most telling first."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One form of an error; named groups are details.

    `needles` are lower-case pieces without any of which the pattern is not tried: most logs hold few of them.
    `anywhere` signs are errors wherever they stand; the others are common as warnings too, and count only in the
    message of an exception, or in a text that holds none.
    """

    kind: str
    needles: tuple[str, ...]
    pattern: re.Pattern[str]
    anywhere: bool = True

    def search(self, text: str, lowered: str) -> re.Match[str] | None:
        """The first place in a text on one line; `lowered` is the same in lower case."""
        return self.pattern.search(text) if any(needle in lowered for needle in self.needles) else None


def _sign(kind: str, needles: str, pattern: str, *, anywhere: bool = True) -> Sign:
    return Sign(kind=kind, needles=tuple(needles.split("|")), pattern=re.compile(pattern, re.IGNORECASE), anywhere=anywhere)


_FULL_KEY = r"(?:.{0,40}?full_key: (?P<path>[\w.\[\]]{1,120}))?"
_ID = r"[\w.\-]{1,96}/[\w.\-]{1,96}"
SIGNS: tuple[Sign, ...] = (
    _sign("vllm-length", "larger than the maximum number of tokens", r"max(?:imum model length| seq len|_model_len)[^.]{0,60}?\(?(?P<asked>\d{2,9})\)?[^.]{0,80}?larger than the maximum number of tokens[^.]{0,80}?\((?P<length>\d{2,9})\)"),
    _sign("vllm-length", "kv cache is needed", r"KV cache is needed, which is larger than the available KV cache memory.{0,260}?estimated maximum model length is (?P<length>\d{1,9})"),
    _sign("vllm-memory", "cache blocks", r"No available memory for the cache blocks"),
    _sign("vllm-memory", "on startup is less than desired", r"Free memory on device.{0,40}?\((?P<free>[\d.]{1,9})/(?P<capacity>[\d.]{1,9}) GiB\) on startup is less than desired GPU memory utilization \((?P<share>[\d.]{1,6})"),
    _sign("unknown-key", " not in ", rf"Key '(?P<key>[^']{{1,80}})' (?:is )?not in (?:'(?P<section>\w{{1,60}})'|struct){_FULL_KEY}"),
    _sign("wrong-type", "could not be converted to", rf"Value '(?P<value>[^']{{0,120}})'(?: of type '(?P<type>[\w.]{{1,60}})')? could not be converted to (?P<wanted>\w{{1,30}}){_FULL_KEY}"),
    _sign("wrong-type", "expected one of", rf"Invalid value '(?P<value>[^']{{0,120}})', expected one of \[(?P<wanted>[^\]]{{1,600}})\]{_FULL_KEY}"),
    _sign("wrong-type", " is not a ", rf"(?:Invalid value assigned|Invalid type assigned|Cannot (?:assign|convert)) ?: ?(?P<type>\w{{1,60}}) is not a (?:subclass of )?(?P<wanted>[\w, ]{{1,60}}){_FULL_KEY}"),
    _sign("wrong-type", "is not optional", rf"field '(?P<value>[^']{{1,120}})' is not Optional{_FULL_KEY}"),
    _sign("trainer-argument", "unexpected keyword argument", r"(?P<config>\w{1,40}(?:Config|Arguments))\.__init__\(\) got an unexpected keyword argument '(?P<key>\w{1,80})'"),
    _sign("trainer-argument", "got multiple values", r"(?P<config>\w{1,60}(?:Config|Arguments))\(?\)? got multiple values for keyword argument '(?P<key>\w{1,80})'"),
    _sign("missing-module", "no module named", r"No module named '(?P<module>[\w.]{1,80})'"),
    _sign("missing-module", "has been toggled on", r"FlashAttention ?2 has been toggled on, but it cannot be used.{0,160}?(?:package )?(?P<module>flash_attn) seems to be not installed"),
    _sign("missing-module", "quantization requires", r"Using `?(?P<module>bitsandbytes)`? (?:\d-bit )?quantization requires"),
    _sign("missing-module", "but liger-kernel", r"You have set `?use_(?P<module>liger)_kernel`? to `?True`? but liger-kernel.{0,40}? is not available"),
    _sign("missing-module", "is not installed|was requested but|is required to use", r"(?P<module>DeepSpeed|Flash attention 2|bitsandbytes|liger-kernel) (?:is not installed|was requested but it is not (?:supported|installed)|library is not installed|is required to use)"),
    _sign("gated-model", "gated repo for url", rf"Cannot access gated repo for url https?://[\w.\-]{{1,60}}/(?P<model>{_ID})/"),
    _sign("gated-model", "gated repo|access to model", rf"(?:You are trying to access a gated repo|Access to model (?P<model>{_ID}) is restricted)"),
    _sign("unauthorised", "401 client error", rf"401 Client Error.{{0,160}}?https?://[\w.\-]{{1,60}}/(?:api/)?(?:models/|datasets/)?(?P<model>{_ID})\b"),
    _sign("unauthorised", "401 client error", r"401 Client Error"),
    _sign("unauthorised", "is not a local folder", rf"(?P<model>{_ID}) is not a local folder and is not a valid model identifier"),
    _sign("dataset-not-found", "dataset", r"Dataset '?(?P<dataset>[\w.\-/]{1,160}?)'? (?:doesn't exist on the Hub|is not supported|not found|is not registered)"),
    _sign("dataset-not-found", "notfounderror", r"(?:DatasetNotFoundError|DataFilesNotFoundError).{0,80}?'(?P<dataset>[\w.\-/]{1,160})'"),
    _sign("dataset-not-found", "dataset_path", r"`?dataset_path`?:? ?'?(?P<dataset>[^\s']{1,200}?)'? (?:does not exist|not found)"),
    _sign("repo-not-found", "not found", rf"(?:404 Client Error|Repository Not Found).{{0,160}}?https?://[\w.\-]{{1,60}}/(?:api/)?(?:models/|datasets/)?(?P<model>{_ID})\b"),
    _sign("offline", "outgoing traffic|huggingface.co'|cannot reach https|offlinemodeisenabled|localentrynotfounderror", rf"(?:outgoing traffic has been disabled|couldn't connect to 'https://huggingface\.co'|Cannot reach https://huggingface\.co|OfflineModeIsEnabled|LocalEntryNotFoundError|Failed to resolve 'huggingface\.co')(?:.{{0,200}}?(?:is not the path|find (?P<model>{_ID})))?"),
    _sign("target-modules", "target module", r"Target modules? [\[{]?(?P<modules>[^\]}]{0,400})[\]}]? not found in the base model"),
    _sign("target-modules", "target", r"(?:Please specify `target_modules` in `peft_config`|No modules were targeted for adaptation)"),
    _sign("no-bf16", "bf16|bfloat16", r"(?:Your setup doesn't support bf16|Bfloat16 is only supported on GPUs with compute capability|bf16 is not supported|current device does not support bfloat16)"),
    _sign("no-flash", "flashattention", r"FlashAttention only supports Ampere GPUs or newer|FlashAttention.{0,40}?only support(?:s)? fp16 and bf16"),
    _sign("no-cuda", "not compiled with cuda|no cuda gpus|nvidia driver|no kernel image|cuda driver version|no supported distributed", r"(?:Torch not compiled with CUDA enabled|No CUDA GPUs are available|Found no NVIDIA driver|NVIDIA driver on your system is too old|no kernel image is available for execution|CUDA driver version is insufficient|No supported distributed backends found and no GPUs)"),
    _sign("mixed-dtypes", "must flatten", r"Must flatten tensors with uniform dtype but got (?P<one>torch\.\w{1,20}) and (?P<other>torch\.\w{1,20})"),
    _sign("mixed-dtypes", "bnb_4bit_quant_storage", r"bnb_4bit_quant_storage.{0,80}?(?:must|should|needs to) (?:be the same|match|equal)"),
    _sign("mixed-dtypes", "cannot flatten", r"Cannot flatten integer dtype tensors"),
    _sign("wrap-class", "transformer layer class", r"Could not find the transformer layer class (?P<cls>[\w.]{1,80}(?= in)|to wrap)"),
    _sign("autocast", "mixed", r"mixed.precision.{0,80}?(?:requires?|must|only).{0,60}?(?:torch_dtype|float32|fp32)", anywhere=False),
    _sign("eval-without-data", "eval", r"(?:Trainer: evaluation requires an eval_dataset|You have set `?args\.eval_strategy`? to .{0,60}?but you didn't pass an `?eval_dataset)"),
    _sign("no-loss", "did not return a loss", r"The model did not return a loss from the inputs"),
    _sign("no-chat-template", "chat", r"(?:Cannot use chat template functions because tokenizer\.chat_template is not set|does not have a chat template)", anywhere=False),
    _sign("no-pad-token", "pad", r"(?:Asking to pad but the tokenizer does not have a padding token|Tokenizer does not have a pad(?:ding)?[ _]token|Cannot handle batch sizes > 1 if no padding token is defined)", anywhere=False),
    _sign("too-long", "longer than the specified", r"sequence length is longer than the specified maximum sequence length for this model \((?P<tokens>\d{1,9}) > (?P<limit>\d{1,9})\)", anywhere=False),
    _sign("too-long", "maximum context length", r"maximum context length is (?P<limit>\d{1,9}) tokens"),
    _sign("remote-code", "trust_remote_code=true", rf"(?:https?://[\w.\-]{{1,60}}/(?P<model>{_ID})\b.{{0,160}}?)?(?:pass(?:ing)? the argument|set(?:ting)? the option|specify|with) `?trust_remote_code=True`?", anywhere=False),
    _sign("disk-full", "no space left|disk quota|failed writing file|enforce fail", r"(?:No space left on device|Disk quota exceeded|PytorchStreamWriter failed writing file|enforce fail at inline_container)"),
    _sign("port-in-use", "eaddrinuse|address already in use", r"(?:port: |\]:|\d:)(?P<port>\d{2,5})\b.{0,80}?(?:EADDRINUSE|address already in use)"),
    _sign("port-in-use", "eaddrinuse|address already in use", r"EADDRINUSE|address already in use"),
    _sign("nan", "nan", r"'?(?P<what>loss|grad_norm)'?\s?[:=] ?'?nan\b|(?:loss|gradients?) (?:is|are|became|contains?) (?:nan|inf)", anywhere=False),
    _sign("nan", "nan/inf|non-finite|probability tensor", r"(?:NaN/Inf|non-finite) (?:loss|gradient)s? (?:detected|found)|probability tensor contains either `?inf`?, `?nan`?"),
    _sign("cpu-memory", "exitcode|exit code|sigkill|oom-kill|killed process|oomkilled|by signal: killed|defaultcpuallocator|unable to allocate", r"(?:exitcode ?: -9\b|exit code:? ?(?:-9|137)\b|Signal 9 \(SIGKILL\)|exitcode: -9\)|oom-kill|Out of memory: Killed process|OOMKilled|DataLoader worker \(pid\(?s?\)? [\d, ]{1,60}\)? is killed by signal: Killed|DefaultCPUAllocator: can't allocate memory|Unable to allocate [\d.]{1,12} [KMGT]iB for an array)"),
    _sign("nccl-timeout", "worknccl", r"Watchdog caught collective operation timeout: WorkNCCL\(SeqNum=\d{1,12}, OpType=(?P<operation>\w{1,40}).{0,160}?ran for (?P<milliseconds>\d{1,12}) milliseconds"),
    _sign("nccl-error", "nccl", r"(?:ncclSystemError|ncclInternalError|ncclUnhandledCudaError|ncclInvalidUsage|ncclRemoteError|NCCL error)"),
)
"""In order of precedence: what stands first is the cause of what stands after it, where a log shows both."""
_KILLED = re.compile(r"(?:^|.* \d+ )Killed(?: +(?:oumi|python|torchrun|accelerate)\b.*)?$")


def is_killed(lines: tuple[str, ...]) -> bool:
    """True when a shell says that the system killed the program."""
    return any(_KILLED.match(line.strip()[:300]) for line in lines)
