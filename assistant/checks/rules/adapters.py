"""Rules on adapters: whether they train, on which layers, over which weights."""

from __future__ import annotations

import re

from assistant.catalogue.modules import EXPERT_LAYERS, linear_names, modules_of
from assistant.catalogue.names import nearest
from assistant.checks.case import Case
from assistant.checks.declared import REMOVE, Found, Hit, Rule, put, when
from assistant.core.edits import Edit

QLORA_ONLY = ("bnb_4bit_quant_type", "bnb_4bit_compute_dtype", "bnb_4bit_quant_storage", "q_lora_bits", "use_bnb_nested_quant", "llm_int8_skip_modules")
"""Fields of the peft section that mean nothing without 4-bit weights."""
TARGETS = "peft.lora_target_modules"
"""Where the layers that adapters sit on are named."""
_DTYPES = {"bf16": "bfloat16", "bfloat16": "bfloat16", "float32": "float32", "f32": "float32", "float": "float32", "float16": "float16", "f16": "float16", "half": "float16"}
_OF_OTHERS = frozenset(("out_proj", "in_proj", "x_proj", "dt_proj", "fc1", "fc2", "fc_in", "fc_out", "Wqkv", "wqkv", "wo", "query", "key", "value", "lm_head", "embed_tokens"))
"""Names of layers in types that the catalogue does not hold: OPT, Mamba, GPT-J, InternLM and encoders."""
_NO_DEFAULT = frozenset(("phi3", "gpt_oss", "qwen3_moe", "mixtral"))
"""Types without an entry in PEFT 0.19's table of default layers."""


def _forgotten(case: Case) -> Found:
    stands = case.is_file and bool(case.section("peft")) and "use_peft" not in case.section("training")
    return [Hit(path="peft", edits=put("training.use_peft", True))] if stands else []


def _switched_off(case: Case) -> bool:
    return case.is_file and bool(case.section("peft")) and "use_peft" in case.section("training") and not case.on("training.use_peft")


def named_layers(case: Case) -> list[str]:
    """The layers that adapters are asked for; empty where they are left to PEFT, or all are meant."""
    if case.method not in ("lora", "qlora"):
        return []
    names = [name for name in case.listed(TARGETS) if isinstance(name, str) and name]
    return [] if names == ["all-linear"] else names


def _missing(case: Case, names: list[str]) -> tuple[list[str], frozenset[str]]:
    """(names that match no layer, the linear layers that there are); nothing where the type is not known."""
    known = modules_of(case.model.model_type) if case.model else None
    if known is None or case.model is None:
        return [], frozenset()
    there = known.linear | (EXPERT_LAYERS if case.model.is_moe else frozenset()) | {"lm_head", "embed_tokens"}
    return [name for name in names if name.rpartition(".")[2] not in there], known.linear


def _absent(case: Case) -> Found:
    names = named_layers(case)
    missing, linear = _missing(case, names)
    if not missing or case.model is None:
        return []
    left = [name for name in names if name not in missing]
    then = f"only {', '.join(left)} would train" if left else "none is left, and PEFT stops the run"
    good = sorted(case.model.lora_targets)
    words = {"model": case.model.id, "missing": ", ".join(missing), "then": then, "there": ", ".join(good or sorted(linear))}
    edits = (Edit(path=TARGETS, value=good),) if good and all(name in linear for name in good) else ()
    return [Hit(path=TARGETS, words=words, edits=edits)]


def _misspelt(case: Case) -> Found:
    """Names near one that models have, of a model whose layers are not known."""
    if case.model is not None and modules_of(case.model.model_type) is not None:
        return []
    known = linear_names() | EXPERT_LAYERS | _OF_OTHERS
    names = [(f"{TARGETS}[{place}]", name) for place, name in enumerate(case.listed(TARGETS)) if isinstance(name, str) and re.fullmatch(r"\w+", name)]
    pairs = [(path, nearest(name, sorted(known), count=1, cutoff=85)) for path, name in names if case.method in ("lora", "qlora") and case.is_file and name not in known]
    return [Hit(path=path, words={"meant": near[0]}) for path, near in pairs if near]


def _all_linear_of_experts(case: Case) -> bool:
    if case.model is None or case.method not in ("lora", "qlora") or case.listed(TARGETS) != ["all-linear"]:
        return False
    return case.model.model_type in ("qwen3_moe", "mixtral")


def _all_experts(case: Case) -> Found:
    if case.model is None or case.model.model_type not in ("qwen3_moe", "mixtral") or not case.is_file:
        return []
    named = sorted({name.rpartition(".")[2] for name in named_layers(case)} & {"gate_proj", "up_proj", "down_proj"})
    then = "all experts are adapted, and trainable parameters multiply by their number" if case.model.model_type == "qwen3_moe" else "no expert is adapted, the attention alone"
    return [Hit(path=TARGETS, words={"named": ", ".join(named), "then": then})] if named else []


def _left_to_peft(case: Case) -> Found:
    """An empty list is none to PEFT, and names none of its own either."""
    named = case.get(TARGETS)
    if case.method not in ("lora", "qlora") or named or case.get("peft.lora_target_parameters"):
        return []
    if named is None and (case.model is None or case.model.model_type not in _NO_DEFAULT):
        return []
    return [Hit(path=TARGETS, words={"told": "PEFT has no layers of its own to adapt in this type of model" if named is None else "an empty list names no layers to adapt"})]


def _two_of_seven(case: Case) -> bool:
    if case.model is None or case.method not in ("lora", "qlora") or case.get(TARGETS) is not None or not case.is_file:
        return False
    return case.model.model_type in ("llama", "qwen2", "mistral", "gemma", "gemma2")


def _towers(case: Case) -> bool:
    """Bare names that the image encoder's layers bear as well."""
    if case.model is None or not case.model.is_vision or not case.is_file or case.get("peft.lora_exclude_modules") or case.on("model.text_only"):
        return False
    return case.model.model_type in ("gemma3", "llava", "internvl") and bool({"q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"} & set(named_layers(case)))


def _left_at_fp4(case: Case) -> Found:
    if case.method != "qlora" or not case.finished or case.number("peft.q_lora_bits") == 8:
        return []
    edits = tuple(
        edit for name, value in (("bnb_4bit_quant_type", "nf4"), ("bnb_4bit_compute_dtype", "bfloat16"))
        if case.get(f"peft.{name}") is None for edit in put(f"peft.{name}", value)
    )  # fmt: skip
    return [Hit(path="peft.q_lora", words={"left": " and ".join(edit.path for edit in edits)}, edits=edits)] if edits else []


def _storage_differs(case: Case) -> Found:
    path = "peft.bnb_4bit_quant_storage"
    storage, dtype = case.get(path), case.get("model.torch_dtype_str")
    if case.method != "qlora" or case.sharding != "fsdp" or (storage is None and not case.is_file):
        return []
    if not case.finished:
        return [] if storage in ("bfloat16", "float32") else [path]
    wanted = _DTYPES.get(str(dtype))
    if storage is not None and wanted == _DTYPES.get(str(storage)):
        return []
    return [Hit(path=path, edits=put(path, wanted) if wanted else ())]


def _qlora_settings(case: Case) -> list[str]:
    paths = [f"peft.{name}" for name in QLORA_ONLY]
    return [path for path in paths if path in case.said and case.method == "lora"]


def _weak_alpha(case: Case) -> bool:
    rank = case.number("peft.lora_r")
    return case.method in ("lora", "qlora") and case.is_file and rank is not None and rank > 8 and case.get("peft.lora_alpha") is None


def _own_model(case: Case) -> bool:
    return case.method == "qlora" and case.text("model.model_name").lower() in ("mlpencoder", "cnnclassifier")


def _slow_there(case: Case) -> Found:
    if case.machine is None or case.method != "qlora" or case.machine.gpu.kind not in ("cpu", "unified"):
        return []
    return [Hit(path="peft.q_lora", words={"gpu": case.machine.gpu.name})]


RULES = (
    Rule(
        rule="PEF001",
        where=_forgotten,
        message="peft is set but training.use_peft is not true: Oumi trains all parameters.",
        fix="Add use_peft: true under training.",
        summary="Adapters that are set and not switched on",
        why="train.py takes `config.training.use_peft and config.peft`: without the switch all parameters train, and q_lora is ignored "
        "(measured: the full model trains, without a word).",
        bad="training: {trainer_type: TRL_SFT}\npeft: {lora_r: 16, lora_alpha: 32, q_lora: true}\n",
        good="training: {trainer_type: TRL_SFT, use_peft: true}\npeft: {lora_r: 16, lora_alpha: 32}\n",
    ),
    Rule(
        rule="PEF030",
        severity="info",
        where=when("training.use_peft", _switched_off),
        message="use_peft is false: the peft section has no effect, and all parameters train",
        fix="leave the section out, or set training.use_peft: true",
        summary="Adapters that are switched off",
        why="train.py takes `config.training.use_peft and config.peft` (code of Oumi 0.9).",
        bad="training: {use_peft: false}\npeft: {lora_r: 16, lora_alpha: 32}\n",
        good="training: {use_peft: true}\npeft: {lora_r: 16, lora_alpha: 32}\n",
    ),
    Rule(
        rule="PEF031",
        where=_absent,
        message="{model} has no layer called {missing}: {then}.",
        fix="Its layers are {there}.",
        summary="Adapters on layers that the model does not have",
        why="PEFT leaves out names that match nothing and raises only where none matches. Phi-3 holds qkv_proj and gate_up_proj in one: with "
        "the usual seven names 5,120 of 14,336 parameters train on a tiny model (measured).",
        bad="model: {model_name: microsoft/Phi-3-mini-4k-instruct}\ntraining: {use_peft: true}\npeft: {lora_target_modules: [q_proj, k_proj, v_proj, o_proj]}\n",
        good="model: {model_name: microsoft/Phi-3-mini-4k-instruct}\ntraining: {use_peft: true}\npeft: {lora_target_modules: [qkv_proj, o_proj]}\n",
    ),
    Rule(
        rule="PEF042",
        severity="warning",
        where=_misspelt,
        message='no model that is known here has a layer called "{value}": did you mean {meant}?',
        fix="compare it with the names of the model's linear layers",
        summary="A layer's name that looks misspelt",
        why="PEFT leaves out names that match nothing, as long as another one matches (measured). Told of models whose own layers are not known.",
        bad="model: {model_name: somebody/their-model}\ntraining: {use_peft: true}\npeft: {lora_target_modules: [q_proj, v_prj]}\n",
        good="model: {model_name: somebody/their-model}\ntraining: {use_peft: true}\npeft: {lora_target_modules: [q_proj, v_proj]}\n",
    ),
    Rule(
        rule="PEF032",
        where=when(TARGETS, _all_linear_of_experts),
        message="PEFT cannot take all-linear for this mixture of experts: it stops the run.",
        fix="Name the attention's layers: q_proj, k_proj, v_proj, o_proj.",
        edits=put(TARGETS, ["q_proj", "k_proj", "v_proj", "o_proj"]),
        summary="all-linear beside experts",
        why="The experts are one parameter since transformers 5, and PEFT 0.19 raises ValueError for qwen3_moe and mixtral (measured).",
        bad="model: {model_name: Qwen/Qwen3-30B-A3B}\ntraining: {use_peft: true}\npeft: {lora_target_modules: [all-linear]}\n",
        good="model: {model_name: Qwen/Qwen3-30B-A3B}\ntraining: {use_peft: true}\npeft: {lora_target_modules: [q_proj, k_proj, v_proj, o_proj]}\n",
    ),
    Rule(
        rule="PEF033",
        severity="warning",
        where=_all_experts,
        message="{named} are names of experts: {then}",
        fix="keep q_proj, k_proj, v_proj, o_proj, as Oumi's own recipes do",
        summary="Adapters on experts",
        why="PEFT 0.19 adapts the fused experts of qwen3_moe under these names, and leaves those of mixtral out (measured with transformers 5.16).",
        bad="model: {model_name: Qwen/Qwen3-30B-A3B}\ntraining: {use_peft: true}\npeft: {lora_target_modules: [q_proj, gate_proj, up_proj, down_proj]}\n",
        good="model: {model_name: Qwen/Qwen3-30B-A3B}\ntraining: {use_peft: true}\npeft: {lora_target_modules: [q_proj, k_proj, v_proj, o_proj]}\n",
    ),
    Rule(
        rule="PEF041",
        where=when("peft.q_lora", _own_model),
        message="Oumi does not quantise a model of its own.",
        fix="Use LoRA without q_lora, or a model of the Hub.",
        summary="QLoRA of a model of Oumi's own",
        why="build_oumi_model raises NotImplementedError for q_lora (code of Oumi 0.9: builders/models.py); MlpEncoder and CnnClassifier are such models.",
        bad="model: {model_name: MlpEncoder, load_pretrained_weights: false}\ntraining: {use_peft: true}\npeft: {q_lora: true}\n",
        good="model: {model_name: MlpEncoder, load_pretrained_weights: false}\ntraining: {trainer_type: TRL_SFT}\n",
    ),
    Rule(
        rule="PEF034",
        where=_left_to_peft,
        message="{told}: the run stops.",
        fix='Name them in peft.lora_target_modules, or write ["all-linear"].',
        summary="Layers left to PEFT, which knows none",
        why="PEFT raises ValueError for phi3, gpt_oss, qwen3_moe and mixtral without target modules, and for every model where the list is empty (measured).",
        bad="model: {model_name: microsoft/Phi-3-mini-4k-instruct}\ntraining: {use_peft: true}\npeft: {lora_r: 8}\n",
        good="model: {model_name: microsoft/Phi-3-mini-4k-instruct}\ntraining: {use_peft: true}\npeft: {lora_r: 8, lora_target_modules: [qkv_proj, o_proj]}\n",
    ),
    Rule(
        rule="PEF035",
        severity="info",
        where=when(TARGETS, _two_of_seven),
        message="no layers are named: PEFT adapts q_proj and v_proj alone",
        fix='name them, or ["all-linear"]',
        summary="Adapters on two of seven layers",
        why="PEFT's table of defaults has q_proj and v_proj for these types (measured on qwen2).",
        bad="model: {model_name: meta-llama/Llama-3.1-8B-Instruct}\ntraining: {use_peft: true}\npeft: {lora_r: 8}\n",
        good="model: {model_name: meta-llama/Llama-3.1-8B-Instruct}\ntraining: {use_peft: true}\npeft: {lora_r: 8, lora_target_modules: [all-linear]}\n",
    ),
    Rule(
        rule="PEF036",
        severity="info",
        where=when(TARGETS, _towers),
        message="these names match the image encoder's layers as well: it is adapted too",
        fix="leave it out with peft.lora_exclude_modules, a pattern such as .*vision.*",
        summary="Adapters on the image encoder",
        why="Bare names match by their end, in every tower (code of PEFT 0.19; gemma3, llava and internvl share names).",
        bad="model: {model_name: google/gemma-3-4b-it}\ntraining: {use_peft: true}\npeft: {lora_target_modules: [q_proj, v_proj]}\n",
        good="model: {model_name: google/gemma-3-4b-it}\ntraining: {use_peft: true}\npeft: {lora_target_modules: [q_proj, v_proj], lora_exclude_modules: ['.*vision.*']}\n",
    ),
    Rule(
        rule="PEF037",
        severity="warning",
        where=_left_at_fp4,
        message="Oumi's defaults stand for {left}: fp4 weights, computed in float32",
        fix="set bnb_4bit_quant_type: nf4 and bnb_4bit_compute_dtype: bfloat16",
        summary="QLoRA at Oumi's defaults",
        why="PeftParams defaults to fp4 and a compute type of float32; every QLoRA recipe of Oumi's sets nf4 and bfloat16 (code of Oumi 0.9).",
        bad="training: {use_peft: true}\npeft: {q_lora: true}\n",
        good="training: {use_peft: true}\npeft: {q_lora: true, bnb_4bit_quant_type: nf4, bnb_4bit_compute_dtype: bfloat16}\n",
    ),
    Rule(
        rule="PEF038",
        severity="warning",
        where=when("peft.lora_r", _weak_alpha),
        message="lora_alpha is left at 8 beside a rank of {value}: adapters are scaled by 8 / {value}",
        fix="set peft.lora_alpha, twice the rank in Oumi's recipes",
        summary="A raised rank beside the default alpha",
        why="LoRA scales by alpha / rank, and PeftParams defaults to 8 (code of Oumi 0.9).",
        bad="training: {use_peft: true}\npeft: {lora_r: 64}\n",
        good="training: {use_peft: true}\npeft: {lora_r: 64, lora_alpha: 128}\n",
    ),
    Rule(
        rule="PEF039",
        severity="warning",
        where=_slow_there,
        message="4-bit weights gain little on {gpu}: LoRA is as quick there",
        fix="use LoRA without q_lora",
        edits=put("peft.q_lora", False),
        summary="QLoRA without CUDA",
        why="bitsandbytes 0.49 trains them on a CPU (measured), where steps of a model of 0.2 billion parameters took as long as LoRA's in bfloat16 and the process "
        "held 10% more at its peak; its own table calls Apple's GPUs slow.",
        bad="training: {use_peft: true}\npeft: {q_lora: true}\n",
        good="training: {use_peft: true}\npeft: {lora_r: 8}\n",
        gpus="cpu",
    ),
    Rule(
        rule="PEF047",
        where=lambda c: ["peft.lora_init_weights"] if c.method in ("lora", "qlora") and c.get("peft.lora_init_weights") in ("LOFTQ", "PISSA_NITER") else [],
        message="Oumi cannot begin adapters by {value}: the run stops as they are made.",
        fix="Leave it out, or set PISA, OLORA or GAUSSIAN.",
        edits=REMOVE,
        summary="A way to begin adapters that Oumi cannot hand on",
        why='LOFTQ needs a loftq_config, which PeftParams has not, and PISSA_NITER reaches PEFT as "pissa_niter_[number of iters]": ValueError for both (measured).',
        bad="training: {use_peft: true}\npeft: {lora_init_weights: LOFTQ}\n",
        good="training: {use_peft: true}\npeft: {lora_init_weights: PISA}\n",
        since="0.9",
    ),
    Rule(
        rule="PEF020",
        where=when("peft.q_lora_bits", lambda c: c.get("peft.q_lora_bits") not in (None, 4, 8)),
        message="bitsandbytes holds weights in 4 or 8 bit: with {value}, they are held in 4.",
        fix="Set peft.q_lora_bits to 4 or 8.",
        summary="Bits that bitsandbytes does not have",
        why="PeftParams takes any number, and transformers takes 4-bit layers where it is not 8, without a word (measured with 3 and 16).",
        bad="training: {use_peft: true}\npeft: {q_lora: true, q_lora_bits: 3}\n",
        good="training: {use_peft: true}\npeft: {q_lora: true, q_lora_bits: 4}\n",
        early=True,
    ),
    Rule(
        rule="PEF021",
        where=_storage_differs,
        message="FSDP shards 4-bit weights only where peft.bnb_4bit_quant_storage equals model.torch_dtype_str.",
        fix="Write the same type in both, such as bfloat16.",
        summary="4-bit weights that FSDP cannot shard",
        why="train.py raises after the model is loaded where the two differ or torch_dtype_str is auto; the default storage is uint8 (code of Oumi 0.9).",
        bad="model: {model_name: gpt2, torch_dtype_str: bfloat16}\ntraining: {use_peft: true}\npeft: {q_lora: true}\nfsdp: {enable_fsdp: true}\n",
        good="model: {model_name: gpt2, torch_dtype_str: bfloat16}\ntraining: {use_peft: true}\npeft: {q_lora: true, bnb_4bit_quant_storage: bfloat16}\nfsdp: {enable_fsdp: true}\n",
        early=True,
    ),
    Rule(
        rule="PEF022",
        where=lambda c: [path for path in sorted(c.said) if path.startswith("peft.") and c.method == "full"],
        message="{path} is ignored: this run trains all parameters.",
        fix="Say lora or qlora, or leave it out.",
        summary="A setting of adapters, said of a run that has none",
        why="The peft section does nothing without training.use_peft (code of Oumi 0.9).",
        bad="peft: {lora_bias: ALL}\n",
        good="training: {use_peft: true}\npeft: {lora_bias: ALL}\n",
        early=True,
        spoken=True,
    ),
    Rule(
        rule="PEF023",
        where=_qlora_settings,
        message="{path} is ignored: this run does not quantise the weights.",
        fix="Say qlora, or leave it out.",
        summary="A setting of 4-bit weights, said of a run that has none",
        why="These fields are read where q_lora is true alone (code of Oumi 0.9).",
        bad="training: {use_peft: true}\npeft: {bnb_4bit_quant_type: nf4}\n",
        good="training: {use_peft: true}\npeft: {q_lora: true, bnb_4bit_quant_type: nf4}\n",
        early=True,
        spoken=True,
    ),
    Rule(
        rule="PEF024",
        severity="warning",
        where=when("peft.peft_save_mode", lambda c: c.get("peft.peft_save_mode") == "MERGED" and c.method == "qlora"),
        message="the adapters are merged into 4-bit weights, which loses precision",
        fix="save the adapter alone and merge it into the 16-bit model",
        edits=REMOVE,
        summary="Adapters merged into 4-bit weights",
        why="The base is held in 4 bit when it is merged, and merging rounds again (PEFT's own warning).",
        bad="training: {use_peft: true}\npeft: {q_lora: true, peft_save_mode: MERGED}\n",
        good="training: {use_peft: true}\npeft: {q_lora: true, peft_save_mode: ADAPTER_ONLY}\n",
        early=True,
    ),
    Rule(
        rule="PEF025",
        severity="warning",
        where=when("peft.peft_save_mode", lambda c: c.sharding == "fsdp" and c.get("peft.peft_save_mode") not in (None, "ADAPTER_ONLY")),
        message="peft_save_mode is ignored under FSDP: the adapter alone is saved",
        fix="merge it afterwards",
        edits=REMOVE,
        summary="A way to save that FSDP does not know",
        why="hf_trainer._save_fsdp_model does not look at it (code of Oumi 0.9).",
        bad="training: {use_peft: true}\npeft: {peft_save_mode: MERGED}\nfsdp: {enable_fsdp: true}\n",
        good="training: {use_peft: true}\npeft: {peft_save_mode: ADAPTER_ONLY}\nfsdp: {enable_fsdp: true}\n",
        early=True,
    ),
)
