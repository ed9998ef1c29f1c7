"""The steps of a builder: one for each thing that can be said. None changes the builder that it is called on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from typing_extensions import Self

    from assistant.core.intent import Cloud, Objective, Precision, Priority, Sharding, Task

    TrainingType = Literal["auto", "full", "lora", "qlora"]


class Steps(ABC):
    """Every key of the intent as a step that returns a new builder. What is said later wins over what cannot stand beside it.

    Raises of each step:
        UsageError: the value has the wrong type, is out of range, or names nothing that exists; `hint` says what is
            taken. On a config that was loaded, also where the file has no single field for it.
    """

    __slots__ = ()

    @abstractmethod
    def _say(self, key: str, value: Any) -> Self:
        """A new builder in which this key of the intent was said."""

    def for_task(self, task: Task | Literal["eval"]) -> Self:
        """What the config is for: `train` (a new builder's own), `evaluate` (or `eval`), `infer`, `quantize`, `tune`, `judge`, `synthesize`."""
        return self._say("task", "evaluate" if task == "eval" else task)

    def model(self, name: str) -> Self:
        """The model: a Hugging Face id, a usual name (`llama 3.1 8b`) or a local folder. Which one is meant is settled when it is planned."""
        return self._say("model", name)

    def objective(self, objective: Objective) -> Self:
        """What training aims at: `sft`, `dpo`, `kto`, `grpo`, `gkd` or `pretrain`."""
        return self._say("objective", objective)

    def training_type(self, method: TrainingType) -> Self:
        """What is trained: `full`, `lora` or `qlora`; `auto` leaves it to the planner."""
        return self._say("method", method)

    def gpu(self, name: str, count: int | None = None, *, nodes: int | None = None, memory_gb: float | None = None) -> Self:
        """The GPU in SkyPilot's spelling (`A100` is the 40 GB one, `A100-80GB`), how many a node has, how many nodes, and its memory in GB."""
        said = self._say("gpu", name)
        for key, value in (("gpu_count", count), ("nodes", nodes), ("gpu_memory_gb", memory_gb)):
            said = said if value is None else said._say(key, value)
        return said

    def gpu_count(self, count: int) -> Self:
        """GPUs on each node, 1 to 1,024."""
        return self._say("gpu_count", count)

    def nodes(self, nodes: int) -> Self:
        """Machines, 1 to 4,096."""
        return self._say("nodes", nodes)

    def gpu_memory_gb(self, gigabytes: float) -> Self:
        """Memory of one GPU in GB as its vendor counts, where only that is known."""
        return self._say("gpu_memory_gb", gigabytes)

    def cloud(self, cloud: Cloud) -> Self:
        """Where it runs: `gcp`, `aws`, `azure`, `lambda`, `runpod`, `nebius`, `kubernetes`, `slurm` or `local`."""
        return self._say("cloud", cloud)

    def spot(self, spot: bool = True) -> Self:
        """Whether machines may be taken away for a lower price."""
        return self._say("spot", spot)

    def dataset(self, name: str) -> Self:
        """The rows: a Hugging Face id, a name of Oumi's, or a local file; for an inference the file with the questions."""
        return self._say("dataset", name)

    def sequence_length(self, tokens: int) -> Self:
        """Tokens per row; for an inference the context."""
        return self._say("sequence_length", tokens)

    def epochs(self, epochs: float) -> Self:
        """How often the rows are gone through. On a loaded config `training.max_steps` goes, for it would win."""
        return self._say("epochs", epochs)

    def max_steps(self, steps: int) -> Self:
        """Optimizer steps, instead of epochs."""
        return self._say("max_steps", steps)

    def batch_size(self, sequences: int) -> Self:
        """Sequences per optimizer step over all GPUs: micro-batch × accumulation × GPUs."""
        return self._say("global_batch_size", sequences)

    def micro_batch_size(self, sequences: int) -> Self:
        """Sequences that one GPU takes at once."""
        return self._say("micro_batch_size", sequences)

    def learning_rate(self, rate: float) -> Self:
        """The peak learning rate."""
        return self._say("learning_rate", rate)

    def lora_rank(self, rank: int) -> Self:
        """Rank of the adapters."""
        return self._say("lora_rank", rank)

    def lora_alpha(self, alpha: float) -> Self:
        """Scale of the adapters; alpha / rank is what they are multiplied by."""
        return self._say("lora_alpha", alpha)

    def seed(self, seed: int) -> Self:
        """Seed of the random numbers, 0 to 2**32 - 1."""
        return self._say("seed", seed)

    def precision(self, precision: Precision) -> Self:
        """`bf16`, `fp16` or `fp32`."""
        return self._say("precision", precision)

    def sharding(self, sharding: Sharding) -> Self:
        """How several GPUs share the model: `none`, `ddp`, `fsdp` or `deepspeed`."""
        return self._say("sharding", sharding)

    def engine(self, engine: str) -> Self:
        """What answers in an inference or evaluation, by Oumi's name: `VLLM`, `NATIVE`, `LLAMACPP`, `ANTHROPIC`, …"""
        return self._say("engine", engine)

    def benchmarks(self, names: Iterable[str]) -> Self:
        """What is evaluated: names of tasks such as `["mmlu", "gsm8k"]`."""
        return self._say("benchmarks", names)

    def num_fewshot(self, shots: int) -> Self:
        """Examples in the prompt of an evaluation; 0 is zero-shot."""
        return self._say("num_fewshot", shots)

    def limit(self, samples: int) -> Self:
        """Samples of each task that an evaluation takes."""
        return self._say("limit", samples)

    def output_dir(self, folder: str) -> Self:
        """Where results go."""
        return self._say("output_dir", folder)

    def run_name(self, name: str) -> Self:
        """The run's name in logs and trackers."""
        return self._say("run_name", name)

    def max_hours(self, hours: float) -> Self:
        """The most hours that a training may take."""
        return self._say("max_hours", hours)

    def max_dollars(self, dollars: float) -> Self:
        """The most US dollars that a training may cost."""
        return self._say("max_dollars", dollars)

    def priority(self, priority: Priority) -> Self:
        """What decides between plans that fit: `speed`, `memory` or `quality`."""
        return self._say("priority", priority)
