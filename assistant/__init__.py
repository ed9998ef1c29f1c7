"""oumi-chat: say what you want to train and get an Oumi config that loads and fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.api import ConfigBuilder, lint, plan

__version__ = "0.1.0"
__all__ = ["ConfigBuilder", "__version__", "lint", "plan"]


def __getattr__(name: str) -> Any:
    """The API is loaded when it is first asked for: the program starts without it."""
    if name in ("ConfigBuilder", "lint", "plan"):
        from assistant import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
