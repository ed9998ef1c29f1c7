"""Probing with faked drivers, files that are never lost, models in folders."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assistant.core.errors import UsageError
from assistant.core.units import GIB
from assistant.machine.files import write_new
from assistant.machine.models import resolve_model
from assistant.machine.probe import hardware_of, probe


class FakeNvml:
    """Stands in for pynvml: devices are (name, total GiB, free GiB, slices)."""

    def __init__(self, *devices: tuple[Any, ...], broken: str = "") -> None:
        self.devices, self.broken = devices, broken

    def __getattr__(self, name: str) -> Any:
        if name == self.broken:
            raise RuntimeError(f"{name} failed")
        raise AttributeError(name)

    def _check(self, name: str) -> None:
        if name == self.broken:
            raise RuntimeError(f"{name} failed")

    def nvmlInit(self) -> None:
        self._check("nvmlInit")

    def nvmlShutdown(self) -> None:
        self._check("nvmlShutdown")

    def nvmlDeviceGetCount(self) -> int:
        self._check("nvmlDeviceGetCount")
        return len(self.devices)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Any:
        self._check("nvmlDeviceGetHandleByIndex")
        return self.devices[index]

    def nvmlDeviceGetName(self, handle: Any) -> Any:
        self._check("nvmlDeviceGetName")
        return handle[0]

    def nvmlDeviceGetMemoryInfo(self, handle: Any) -> Any:
        self._check("nvmlDeviceGetMemoryInfo")
        return SimpleNamespace(total=int(handle[1] * GIB), free=int(handle[2] * GIB))

    def nvmlDeviceGetMigMode(self, handle: Any) -> tuple[int, int]:
        return (1, 1) if len(handle) > 3 else (0, 0)

    def nvmlDeviceGetMaxMigDeviceCount(self, handle: Any) -> int:
        return len(handle[3])

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: Any, index: int) -> Any:
        return handle[3][index]


A100 = ("NVIDIA A100-SXM4-80GB", 79.25, 78.9)


def test_two_like_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    found, notes = hardware_of(probe(FakeNvml(A100, A100)))
    assert found is not None
    assert (found.gpu.name, found.count, found.free_gib, notes) == ("A100-80GB", 2, None, ())


def test_a_busy_gpu_counts_what_is_free() -> None:
    found, notes = hardware_of(probe(FakeNvml(("NVIDIA GeForce RTX 4090", 23.99, 10.0))))
    assert found is not None
    assert found.usable_gib == pytest.approx(10.0)
    assert "taken by other programs" in notes[0].why


def test_unlike_gpus_use_the_largest_group() -> None:
    found, notes = hardware_of(probe(FakeNvml(A100, A100, ("Tesla T4", 15.0, 14.9))))
    assert found is not None
    assert (found.gpu.name, found.count) == ("A100-80GB", 2)
    assert notes


def test_mig_plans_for_one_slice() -> None:
    slices = [("NVIDIA A100-SXM4-80GB MIG 3g.40gb", 39.5, 39.4)] * 2
    found, _ = hardware_of(probe(FakeNvml((*A100, slices))))
    assert found is not None
    assert found.count == 1
    assert found.usable_gib < 40


def test_visible_devices_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    found, _ = hardware_of(probe(FakeNvml(A100, ("Tesla T4", 15.0, 14.9))))
    assert found is not None
    assert found.gpu.name == "T4"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert hardware_of(probe(FakeNvml(A100)))[0] is None


@pytest.mark.parametrize("call", ["nvmlInit", "nvmlShutdown", "nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex", "nvmlDeviceGetName", "nvmlDeviceGetMemoryInfo"])
def test_no_driver_fault_escapes(call: str, tmp_path: Path) -> None:
    machine = probe(FakeNvml(A100, broken=call), amd_root=tmp_path)
    assert machine.devices == () or call == "nvmlShutdown"


def test_amd_through_sysfs(tmp_path: Path) -> None:
    card = tmp_path / "card0" / "device"
    card.mkdir(parents=True)
    (card / "vendor").write_text("0x1002\n")
    (card / "mem_info_vram_total").write_text(str(192 * GIB))
    (card / "mem_info_vram_used").write_text(str(100 * 2**20))
    found, _ = hardware_of(probe(FakeNvml(broken="nvmlInit"), amd_root=tmp_path))
    assert found is not None
    assert found.gpu.vendor == "AMD"
    assert not found.gpu.is_cuda


def test_a_file_is_written_whole_and_never_over_another(tmp_path: Path) -> None:
    target = tmp_path / "train.yaml"
    write_new(target, "one\n", force=False)
    with pytest.raises(UsageError) as problem:
        write_new(target, "two\n", force=False)
    assert "--force" in problem.value.hint
    assert target.read_text() == "one\n"
    write_new(target, "three\n", force=True)
    assert target.read_text() == "three\n"
    assert [p.name for p in tmp_path.iterdir()] == ["train.yaml"]
    assert stat.S_IMODE(target.stat().st_mode) & 0o600 == 0o600


@pytest.mark.parametrize("name", [".", "missing/train.yaml"])
def test_where_nothing_can_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        write_new(tmp_path / name, "x", force=True)


def test_a_full_or_closed_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        write_new(Path("/proc/nothing.yaml"), "x", force=False)
    link = tmp_path / "link.yaml"
    link.symlink_to(tmp_path / "real.yaml")
    write_new(link, "x\n", force=False)
    assert (tmp_path / "real.yaml").read_text() == "x\n"


@pytest.mark.parametrize("force", [False, True])
def test_only_a_regular_file_is_replaced(tmp_path: Path, force: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link.yaml"
    link.symlink_to(pipe)
    for path in (pipe, link):
        with pytest.raises(UsageError, match="not a file"):
            write_new(path, "x\n", force=force)
    assert pipe.is_fifo()


CONFIG = {"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 330, "intermediate_size": 128}


def test_a_local_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    spec, _ = resolve_model(str(tmp_path), offline=True)
    assert spec is not None
    assert spec.local
    assert spec.layer_cls == "LlamaDecoderLayer"


@pytest.mark.parametrize("content", [None, "not json", "[]", "{}", "[" * 5000, "x" * 1_100_000])
def test_a_broken_folder_is_told(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(UsageError):
        resolve_model(str(tmp_path), offline=True)


def test_an_adapter_is_not_a_model(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "org/base"}))
    with pytest.raises(UsageError) as problem:
        resolve_model(str(tmp_path), offline=True)
    assert "org/base" in problem.value.hint


@pytest.mark.parametrize("name", ["$(id)/x", "a b; rm -rf ~", "x" * 300, "", "a/b\nc: d", "`id`", "gpt-4o", "org/some-7B-GGUF"])
def test_what_is_no_model_name(name: str) -> None:
    assert resolve_model(name, offline=True) == (None, ())


def test_an_unknown_id_with_a_size_is_a_marked_guess() -> None:
    spec, notes = resolve_model("acme-labs/frontier-lm-12b", offline=True)
    assert spec is not None
    assert spec.rough
    assert "rough guess" in notes[0].why


def test_no_hub_when_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert resolve_model("acme-labs/nameless", offline=False) == (None, ())
