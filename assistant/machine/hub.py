"""A model's `config.json` from Hugging Face: from the local cache, else from the Hub within a few seconds, in silence."""

from __future__ import annotations

import functools
import logging
import os
from math import ceil
from pathlib import Path
from threading import Thread

SECONDS = 5.0
"""How long one look at the Hub may take in all; its library retries for half a minute."""
_NO_ANSWER = "Hugging Face could not be reached"


def is_switched_off() -> bool:
    """True when the environment says that the Hub is not to be asked."""
    return os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on")


def cached_config(model_id: str) -> Path | None:
    """The file in the local Hub cache; None if it was never fetched."""
    cache = Path(os.environ.get("HF_HUB_CACHE") or Path(os.environ.get("HF_HOME", "~/.cache/huggingface")) / "hub").expanduser()
    folder = cache / f"models--{model_id.replace('/', '--')}"
    found = sorted(folder.glob("snapshots/*/config.json")) if folder.is_dir() else []
    return found[-1] if found else None


@functools.cache
def download_config(model_id: str, *, seconds: float = SECONDS) -> tuple[Path | None, str]:
    """The file fetched from the Hub, or None and why not. Asked once for each model in a run."""
    answers: list[tuple[Path | None, str]] = []
    # A thread, as the library has no limit on all of its tries; it ends with the program.
    asking = Thread(target=lambda: answers.append(_fetch(model_id, seconds)), daemon=True)
    asking.start()
    asking.join(seconds)
    return answers[0] if answers else (None, _NO_ANSWER)


def _fetch(model_id: str, seconds: float) -> tuple[Path | None, str]:
    os.environ.setdefault("HF_HUB_DOWNLOAD_TIMEOUT", str(max(1, ceil(seconds))))  # a whole number: Oumi's own libraries, started from here, read it too
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        from huggingface_hub import hf_hub_download  # loaded only for a model that is not in the catalogue
        from huggingface_hub.errors import (
            EntryNotFoundError,
            GatedRepoError,
            LocalEntryNotFoundError,
            RepositoryNotFoundError,
        )
    except ImportError:
        return None, "huggingface_hub cannot be loaded"
    logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)
    try:
        return Path(hf_hub_download(model_id, "config.json", etag_timeout=seconds)), ""
    except GatedRepoError:
        return None, "it is gated: accept its licence on Hugging Face, then `hf auth login`"
    except RepositoryNotFoundError:
        return None, "Hugging Face shows no such model"
    except LocalEntryNotFoundError:  # an EntryNotFoundError too, and means that there was no answer
        return None, _NO_ANSWER
    except EntryNotFoundError:
        return None, "it has no config.json"
    except Exception:  # no network, no room for the file: the next source is tried, and the note says so
        return None, _NO_ANSWER
