"""Which LLM a conversation uses, if any, and where that was said."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from assistant.core.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Origin = Literal["flag", "environment", "config", "key"]
MODEL_VARIABLE, URL_VARIABLE, SERVER_KEY_VARIABLE = "OUMI_CHAT_LLM", "OUMI_CHAT_LLM_BASE_URL", "OUMI_CHAT_LLM_API_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A service that litellm knows: the prefix of its model ids, its key's variables, a small model."""

    prefix: str
    keys: tuple[str, ...]
    small: str


PROVIDERS = (
    Provider(prefix="openai", keys=("OPENAI_API_KEY",), small="openai/gpt-4.1-mini"),
    Provider(prefix="anthropic", keys=("ANTHROPIC_API_KEY",), small="anthropic/claude-haiku-4-5"),
    Provider(prefix="gemini", keys=("GEMINI_API_KEY", "GOOGLE_API_KEY"), small="gemini/gemini-2.5-flash-lite"),
    Provider(prefix="groq", keys=("GROQ_API_KEY",), small="groq/openai/gpt-oss-20b"),
    Provider(prefix="mistral", keys=("MISTRAL_API_KEY",), small="mistral/mistral-small-latest"),
    Provider(prefix="openrouter", keys=("OPENROUTER_API_KEY",), small="openrouter/openai/gpt-4.1-mini"),
    Provider(prefix="deepseek", keys=("DEEPSEEK_API_KEY",), small="deepseek/deepseek-chat"),
    Provider(prefix="xai", keys=("XAI_API_KEY",), small="xai/grok-4.3"),
    Provider(prefix="together_ai", keys=("TOGETHER_API_KEY", "TOGETHERAI_API_KEY"), small="together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo"),
)
"""In the order in which a chat looks for a key."""
_SPOKEN_AS = {"gpt": "openai", "o1": "openai", "o3": "openai", "o4": "openai", "claude": "anthropic"}
"""Models that litellm takes without a prefix."""
_OPENAI_COMPATIBLE = ("openai", "hosted_vllm", "lm_studio", "llamafile", "litellm_proxy", "ollama", "ollama_chat")
"""Prefixes that may stand before a model at a stated URL; any other word before a slash is part of the model's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmChoice:
    """One LLM. `model` is a litellm id, empty where the server at `base_url` is to be asked for its first one.

    `key_variable` names the environment variable whose key is sent, None where none is: a stated URL never gets a
    provider's key.
    """

    model: str
    base_url: str | None = None
    origin: Origin
    key_variable: str | None = None

    @property
    def name(self) -> str:
        """How it is called in a line of text."""
        at = f" at {self.base_url}" if self.base_url else ""
        return f"{self.model or 'the first model'}{at}"


def choose_llm(
    *,
    flag: str | None,
    flag_base_url: str | None,
    environ: Mapping[str, str],
    config: Mapping[str, str] | None,
    offline: bool,
    in_chat: bool,
) -> LlmChoice | None:
    """The LLM in use: flag, environment, config file; in a chat also the first provider whose key is there.

    A URL belongs to the model said beside it; a URL flag alone goes with whichever model was chosen.

    Raises:
        UsageError: a URL that is none.
    """
    if offline:
        return None
    for origin, model, url in _said(flag, flag_base_url, environ, config or {}):
        if url:
            return _own_server(model, url, origin, environ)
        if model:
            return LlmChoice(model=model, origin=origin, key_variable=key_variable(model, environ))
    return _by_key(environ) if in_chat else None


def _said(
    flag: str | None, flag_url: str | None, environ: Mapping[str, str], config: Mapping[str, str]
) -> list[tuple[Origin, str, str]]:
    """(where, model, URL), the first that says something wins."""
    sources: list[tuple[Origin, str, str]] = [
        ("environment", _clean(environ.get(MODEL_VARIABLE)), _clean(environ.get(URL_VARIABLE))),
        ("config", _clean(config.get("llm")), _clean(config.get("llm_base_url"))),
    ]
    if flag_url and not flag:
        return [("flag", next((model for _, model, _ in sources if model), ""), _clean(flag_url))]
    return [("flag", _clean(flag), _clean(flag_url)), *sources]


def _clean(text: str | None) -> str:
    return (text or "").strip()


def _own_server(model: str, url: str, origin: Origin, environ: Mapping[str, str]) -> LlmChoice:
    key = SERVER_KEY_VARIABLE if environ.get(SERVER_KEY_VARIABLE) else None
    return LlmChoice(model=_compatible(model), base_url=canonical_url(url), origin=origin, key_variable=key)


def _compatible(model: str) -> str:
    """A model at a stated URL is spoken to as OpenAI's, which all these servers understand."""
    prefix, _, rest = model.partition("/")
    return f"openai/{rest if rest and prefix in _OPENAI_COMPATIBLE else model}" if model else ""


def canonical_url(url: str) -> str:
    """The URL without a slash at its end; `/v1` where it has no path, since that is where such servers answer.

    Raises:
        UsageError: no http(s) URL, or one that holds a password.
    """
    hint = "write it as http://127.0.0.1:8080/v1"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or any(c.isspace() for c in url):
        raise UsageError(f'"{url}" is no http(s) URL', context="the LLM's base URL", hint=hint, reference="llm-base-url")
    if parts.username or parts.password or parts.query or parts.fragment:
        said = f"{parts.scheme}://{host}"
        raise UsageError(
            f"The URL at {said} holds more than a place",
            context="the LLM's base URL",
            hint=f"a key goes into {SERVER_KEY_VARIABLE}",
            reference="llm-base-url",
        )
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path or '/v1'}"


def provider_of(model: str) -> Provider | None:
    """The provider that a litellm id names, where it is one of ours."""
    prefix = model.split("/")[0] if "/" in model else _SPOKEN_AS.get(model.split("-")[0], "")
    return next((p for p in PROVIDERS if p.prefix == prefix), None)


def key_variable(model: str, environ: Mapping[str, str]) -> str | None:
    """The variable whose key this model's provider takes: the one that is set, else the first; None where not known."""
    provider = provider_of(model)
    if provider is None:
        return None
    return next((name for name in provider.keys if environ.get(name)), provider.keys[0])


def _by_key(environ: Mapping[str, str]) -> LlmChoice | None:
    for provider in PROVIDERS:
        if any(environ.get(name) for name in provider.keys):
            return LlmChoice(model=provider.small, origin="key", key_variable=key_variable(provider.small, environ))
    return None


def config_path(environ: Mapping[str, str]) -> Path:
    """Where the config file is looked for."""
    home = environ.get("XDG_CONFIG_HOME") or str(Path(environ.get("HOME") or "~").expanduser() / ".config")
    return Path(home) / "oumi-chat" / "config.toml"


def read_config(path: Path) -> dict[str, str] | None:
    """`llm` and `llm_base_url` of the config file; None when there is no file.

    Raises:
        UsageError: the file cannot be read, is no TOML, or one of the two is no text.
    """
    try:
        body: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise _broken(path, str(problem)) from problem
    found: dict[str, str] = {key: body[key] for key in ("llm", "llm_base_url") if key in body}
    for key, value in found.items():
        if not isinstance(value, str):
            raise _broken(path, f"{key} is {value!r}, not a text in quotes")
    return found


def _broken(path: Path, problem: str) -> UsageError:
    return UsageError(
        f"The config file cannot be used: {problem}",
        context=str(path),
        hint='it takes llm = "…" and llm_base_url = "…"',
        reference="config-file",
    )
