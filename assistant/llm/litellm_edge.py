"""The only place that loads litellm and instructor: late, silent, without a look at the network."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "instructor", "instructor.v2.retry", "openai", "httpx", "httpcore", "asyncio")
_NOISY = r"(?:litellm|instructor|openai|pydantic|httpx|aiohttp|importlib)(?:\..*)?"
_SENT_HEADERS = frozenset(
    ("host", "accept", "accept-encoding", "connection", "content-type", "content-length", "transfer-encoding", "authorization")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long an LLM is waited for, in seconds, and how much of an answer is taken, in characters: of one that is streamed, and of one that comes as a whole."""

    connect_seconds: float = 4.0
    first_seconds: float = 60.0
    gap_seconds: float = 20.0
    whole_seconds: float = 120.0
    answer_characters: int = 6_000
    whole_characters: int = 64_000
    answer_tokens: int = 400


def warm() -> threading.Thread:
    """Begin to load both in the background; an import that fails is told when it is needed."""
    thread = threading.Thread(target=_try_load, name="llm-import", daemon=True)
    thread.start()
    return thread


def _try_load() -> None:
    try:
        load()
    except Exception:  # the first call loads again, and there it is seen
        return


def load() -> tuple[Any, Any]:
    """(litellm, instructor), told to keep quiet: nothing printed, nothing reported, no price list fetched."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else importing it asks GitHub for prices, up to 5 s
    warnings.filterwarnings("ignore", module=_NOISY)
    import instructor
    import litellm as loaded

    litellm: Any = loaded  # its settings are plain module variables, which it does not export
    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.set_verbose = False
    litellm.turn_off_message_logging = True
    for name in _LOGGERS:
        silence(logging.getLogger(name))
    return litellm, instructor


def silence(logger: logging.Logger) -> None:
    """No record of this logger reaches a stream: it would land in the middle of a prompt."""
    logger.handlers[:] = [logging.NullHandler()]
    logger.propagate = False


class Own:
    """An OpenAI client for a stated URL. No variable of the environment decides what it sends.

    The SDK would add an organisation, a project and headers from the environment, and facts about this machine.
    """

    def __init__(self, base_url: str, key: str | None, limits: Limits) -> None:
        import httpx
        import openai

        self._transport = _plain_transport(base_url)
        # openai 3 is typed for httpx2 and takes httpx too
        client: Any = httpx.Client(timeout=timeout(limits), transport=self._transport, trust_env=False)
        self.client = openai.OpenAI(base_url=base_url, api_key=key or "none", max_retries=0, http_client=client)

    def close(self) -> None:
        """Drop every connection, also one that a thread still reads from: closing alone would let it wait, and the server work on."""
        self._transport.hang_up()
        self.client.close()


def timeout(limits: Limits) -> Any:
    """The limits of one request as httpx takes them."""
    import httpx

    return httpx.Timeout(limits.first_seconds, connect=limits.connect_seconds)


def _plain_transport(base_url: str) -> Any:
    """A transport that sends a request with its few necessary headers. The SDK still sees its own on the request it made."""
    import httpx

    class Plain(httpx.HTTPTransport):
        streams: tuple[Any, ...] = ()
        left = False

        def handle_request(self, request: Any) -> Any:
            kept = [(name, value) for name, value in request.headers.raw if name.decode().lower() in _SENT_HEADERS]
            extensions = {**request.extensions, "trace": self._opened}
            plain = httpx.Request(request.method, request.url, headers=kept, stream=request.stream, extensions=extensions)
            return super().handle_request(plain)

        def _opened(self, event: str, told: dict[str, Any]) -> None:
            if event in ("connection.connect_tcp.complete", "connection.start_tls.complete", "proxy_stream.start_tls.complete"):
                self.streams += (told["return_value"],)
                if self.left:
                    self.hang_up()

        def hang_up(self) -> None:
            self.left = True
            for stream in self.streams:
                with suppress(OSError):  # closed before, or wrapped by TLS since
                    stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
            self.streams = ()

    return Plain(proxy=proxy_for(base_url))


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for this URL; none for this machine's own."""
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    if is_loopback(url) or proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme) or getproxies().get("all")


def is_loopback(url: str) -> bool:
    """True for a server on this machine, which no proxy stands before."""
    from ipaddress import ip_address
    from urllib.parse import urlsplit

    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def modes(litellm: Any, model: str, *, own_server: bool) -> tuple[str, ...]:
    """instructor's modes to try, best first: constrained by a schema, else by a tool's arguments, else asked for in words."""
    if own_server or _supports(litellm.supports_response_schema, model):
        return ("JSON_SCHEMA", "JSON")
    return ("TOOLS",) if _supports(litellm.supports_function_calling, model) else ("MD_JSON",)


def _supports(asked: Any, model: str) -> bool:
    try:
        return bool(asked(model=model))
    except Exception:  # litellm asks some local servers here, and they may be down
        return False


def price(counted: Any, model: str) -> float | None:
    """US dollars of a call by litellm's list, from its answer or its usage; None where the list lacks the model."""
    litellm: Any = sys.modules.get("litellm")
    if litellm is None or counted is None:
        return None
    usage = getattr(counted, "usage", counted)
    try:
        prompt, completion = litellm.cost_per_token(
            model=model, prompt_tokens=usage.prompt_tokens or 0, completion_tokens=usage.completion_tokens or 0
        )
    except Exception:  # it raises bare Exception for a model without a price
        return None
    return float(prompt + completion)
