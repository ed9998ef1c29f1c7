"""What a config meets on this machine: GPUs as they are now, Oumi and its packages, the environment, disks."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.builder.packages import packages
from assistant.builder.requests import Resolve
from assistant.core.values import Hardware, ModelSpec
from assistant.launch.command import used_machine
from assistant.launch.subject import Subject
from assistant.machine.gpus_now import Accelerators, look
from assistant.machine.models import resolve_model
from assistant.machine.oumi import OumiHere, find_oumi

WEIGHTS = ("*.safetensors", "*.bin", "*.gguf", "*.pt")
"""Files that hold the weights of a model."""


def holds(folder: Path, patterns: tuple[str, ...]) -> bool:
    """True where a folder holds a file of one of these patterns."""
    return any(True for pattern in patterns for _ in folder.glob(pattern))


def disk_of(path: Path) -> int | None:
    """The number of the disk that a path lies on, or would lie on."""
    folder = _standing(path)
    return folder.stat().st_dev if folder is not None else None


def _standing(path: Path) -> Path | None:
    """The path, or the folder above it that is there."""
    return next((one for one in (path, *path.absolute().parents) if os.path.exists(one)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """`machine` is what the config is judged on; `oumi` None where it is not installed. `resolve` knows shapes, offline."""

    here: Accelerators
    machine: Hardware
    oumi: OumiHere | None
    environ: Mapping[str, str]
    resolve: Resolve

    def model(self, subject: Subject, name: str) -> ModelSpec | None:
        """The shape of a model that a config names, a folder as seen from where the config is run.

        Raises:
            OumiChatError: a folder without a readable `config.json`.
        """
        folder = subject.path_to(name)
        return self.resolve(str(folder) if name and subject.base != Path() and folder.is_dir() else name)[0]

    @property
    def is_offline(self) -> bool:
        """True where Hugging Face's libraries are told not to ask."""
        return any(self.environ.get(name, "").lower() in ("1", "true", "yes", "on") for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))

    @property
    def hub_cache(self) -> Path:
        """Where weights from the Hub are kept."""
        home = self.environ.get("HF_HOME") or os.path.join(self.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
        return Path(os.path.expanduser(self.environ.get("HF_HUB_CACHE") or os.path.join(home, "hub")))

    def is_cached(self, name: str) -> bool:
        """True where weights of this repository are in the cache of the Hub."""
        folder = self.hub_cache / f"models--{name.replace('/', '--')}" / "snapshots"
        return folder.is_dir() and any(holds(one, WEIGHTS) for one in folder.iterdir() if one.is_dir())

    def free_bytes(self, path: Path) -> int | None:
        """Free bytes of the disk that a path lies on, or would lie on; None where nothing tells."""
        folder = _standing(path)
        return shutil.disk_usage(folder).free if folder is not None else None

    @property
    def has_token(self) -> bool:
        """True where Hugging Face's libraries find a token; its value is not read."""
        if self.environ.get("HF_TOKEN") or self.environ.get("HUGGING_FACE_HUB_TOKEN"):
            return True
        file = self.environ.get("HF_TOKEN_PATH") or str(self.hub_cache.parent / "token")
        return Path(os.path.expanduser(file)).is_file() or Path("~/.cache/huggingface/token").expanduser().is_file()


def survey(subject: Subject, inners: tuple[Subject, ...] = ()) -> Around:
    """Look around for this config, and for those that a job of it runs here."""
    here = look()
    wanted = {need.module for one in (subject, *inners) for need in packages(one)}
    return Around(
        here=here, machine=used_machine(inners[0] if inners else subject, here), oumi=find_oumi(wanted), environ=dict(os.environ),
        resolve=functools.partial(resolve_model, offline=True),
    )  # fmt: skip
