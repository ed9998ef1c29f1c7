"""Which engine runs a model: the one that was said, else by model, machine and purpose."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.catalogue.engines import Engine, engine_of_hosted, engines, gguf_of
from assistant.core.errors import UsageError
from assistant.core.intent import Intent
from assistant.core.values import Hardware, ModelSpec, Question, Reason
from assistant.planner.data import needs

URL = "remote_params.api_url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An engine, why it was taken, and those that were not."""

    engine: Engine
    why: str
    fallen: tuple[Reason, ...] = ()


WITH_ADAPTERS = ("NATIVE", "VLLM", "REMOTE_VLLM")
"""Engines of Oumi 0.9 that read `model.adapter_model` (oumi/inference/*_inference_engine.py); the others answer without it."""


def choose_engine(intent: Intent, name: str, model: ModelSpec | None, machine: Hardware | None, adapter: str | None = None) -> Choice:
    """The engine for this model on this machine. `name` is the model's id; `model` is None behind an API.

    Raises:
        UsageError: an engine that Oumi does not have, or that cannot run this model on this machine.
        NeedsInputError: an engine that would leave the adapter out.
    """
    choice = _chosen(intent, name, model, machine)
    if adapter is None or choice.engine.name in WITH_ADAPTERS:
        return choice
    if intent.engine is None and choice.engine.kind == "local":
        return Choice(engine=engines()["NATIVE"], why=f"{engine_words(choice.engine.name)} loads no adapter", fallen=choice.fallen)
    raise needs(without_adapter(adapter, choice.engine, ("NATIVE", "VLLM")))


def without_adapter(adapter: str, engine: Engine, others: tuple[str, ...]) -> Question:
    """What to ask where an engine would silently run the base model alone."""
    text = f"{engine_words(engine.name)} would leave the adapter {adapter} out and run the base model alone. Which engine instead?"
    return Question(field="engine", text=text, choices=others)


_NAMES = {
    "NATIVE": "native (transformers)", "VLLM": "vLLM", "LLAMACPP": "llama.cpp", "SGLANG": "SGLang server", "REMOTE_VLLM": "vLLM server",
    "OPENAI": "OpenAI API", "OPENROUTER": "OpenRouter API", "DEEPSEEK": "DeepSeek API", "SAMBANOVA": "SambaNova API", "GOOGLE_VERTEX": "Google Vertex AI",
    "HUGGING_FACE_ROUTER": "Hugging Face router", "BEDROCK": "Amazon Bedrock",
}  # fmt: skip


def engine_words(name: str) -> str:
    """An engine as people write it."""
    return _NAMES.get(name, name.replace("_", " ").title() + " API")


def _chosen(intent: Intent, name: str, model: ModelSpec | None, machine: Hardware | None) -> Choice:
    if intent.engine is not None:
        return Choice(engine=_said(intent.engine, name, model, machine), why="as asked")
    if (hosted := engine_of_hosted(name)) is not None:
        return Choice(engine=engines()[hosted], why=f"{name} runs behind this API")
    if URL in (intent.overrides or {}):
        return Choice(engine=engines()["REMOTE_VLLM"], why="a server's address was said")
    return _local(name, machine)


def _local(name: str, machine: Hardware | None) -> Choice:
    has_gguf = gguf_of(name) is not None
    if machine is not None and not machine.gpu.is_cuda:
        if has_gguf:
            no_cuda = Reason(field="engine", value="VLLM", why="needs a CUDA GPU")
            why = "llama.cpp runs quantized weights on a CPU or a Mac"
            return Choice(engine=engines()["LLAMACPP"], why=why, fallen=(no_cuda,))
        fallen = (
            Reason(field="engine", value="VLLM", why="needs a CUDA GPU"),
            Reason(field="engine", value="LLAMACPP", why="no GGUF file of this model is known here"),
        )
        return Choice(engine=engines()["NATIVE"], why="transformers runs without CUDA", fallen=fallen)
    native = Reason(field="engine", value="NATIVE", why="generates a fixed batch at a time: several times slower")
    return Choice(engine=engines()["VLLM"], why="the fastest of the local engines on an NVIDIA GPU", fallen=(native,))


def _said(said: str, name: str, model: ModelSpec | None, machine: Hardware | None) -> Engine:
    engine = engines().get(said.upper())
    if engine is None:
        hint = f"Engines: {', '.join(engines())}."
        raise UsageError(f'Oumi has no engine "{said[:40]}".', context="engine", hint=hint, reference="unknown-engine")
    if engine.kind == "local" and engine_of_hosted(name) is not None and model is None:
        hosted = engine_of_hosted(name)
        raise UsageError(
            f"{name} runs behind an API: {engine.name} cannot load it.", context="engine", hint=f"Leave the engine out ({hosted}), or name an open model.",
            reference="hosted-model",
        )  # fmt: skip
    if engine.name == "VLLM" and machine is not None and not machine.gpu.is_cuda and machine.gpu.vendor != "AMD":
        raise UsageError(
            f"vLLM needs a GPU with CUDA or ROCm; {machine.gpu.name} has neither.", context="engine",
            hint="Say native or llama.cpp, or another machine.", reference="engine-needs-gpu",
        )  # fmt: skip
    return engine
