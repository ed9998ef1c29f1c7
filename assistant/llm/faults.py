"""What can go wrong with an LLM: one table from litellm's exceptions to whether to try again and what to say."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from assistant.core.errors import OumiChatError
from assistant.core.redact import redact
from assistant.llm.choice import SERVER_KEY_VARIABLE, LlmChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of fault. `retry`: the next turn may try again; False: not before another LLM or key is chosen.

    `words` say what happened, then what now; `{llm}` and `{key}` are filled in.
    """

    kind: str
    retry: bool
    words: str


NO_KEY = Fault(kind="no-key", retry=False, words="{llm} needs a key and {key} is not set: set it, or choose another with /llm")
WRONG_KEY = Fault(kind="wrong-key", retry=False, words="{llm} refuses the key{from_key}: mend it, or choose another with /llm")
WANTS_KEY = Fault(kind="wants-key", retry=False, words=f"{{llm}} wants a key: set {SERVER_KEY_VARIABLE}, or choose another with /llm")
NOT_ALLOWED = Fault(kind="not-allowed", retry=False, words="the key{from_key} may not use {llm}: choose another with /llm")
NO_MODEL = Fault(kind="no-model", retry=False, words="there is no {llm}: check the name, or choose another with /llm")
NO_PROVIDER = Fault(kind="no-provider", retry=False, words="{llm} names no provider: write it as provider/model, or give --llm-base-url")
RATE_LIMIT = Fault(kind="rate-limit", retry=True, words="{llm} is rate-limited{wait}: the next line tries again")
SPENT = Fault(kind="spent", retry=False, words="the budget for {llm} is spent: top it up, or choose another with /llm")
TIMEOUT = Fault(kind="timeout", retry=True, words="{llm} did not answer in time: the next line tries again")
UNREACHABLE = Fault(kind="unreachable", retry=True, words="{llm} cannot be reached: the next line tries again")
BROKE_OFF = Fault(kind="broke-off", retry=True, words="{llm} broke off: the next line tries again")
SERVER = Fault(kind="server", retry=True, words="{llm} has an error of its own{status}: the next line tries again")
REFUSED = Fault(kind="bad-request", retry=False, words="{llm} does not take the request{detail}: choose another with /llm")
OVERFLOW = Fault(kind="context", retry=True, words="the line does not fit the context of {llm}: shorter lines will")
POLICY = Fault(kind="policy", retry=True, words="{llm} declines this line: the next line tries again")
INVALID = Fault(kind="invalid", retry=True, words="{llm} gave no valid answer: the next line tries again")
EMPTY = Fault(kind="empty", retry=True, words="{llm} answered nothing: the next line tries again")
ENDLESS = Fault(kind="endless", retry=True, words="the answer of {llm} did not end and was cut")
UNKNOWN = Fault(kind="unknown", retry=True, words="the call to {llm} failed{status}: the next line tries again")
NOT_LOADED = Fault(kind="not-loaded", retry=False, words="litellm or instructor cannot be loaded here: install oumi-chat again")

FAULTS: dict[str, Fault] = {
    "AuthenticationError": WRONG_KEY,
    "PermissionDeniedError": NOT_ALLOWED,
    "NotFoundError": NO_MODEL,
    "LiteLLMUnknownProvider": NO_PROVIDER,
    "RateLimitError": RATE_LIMIT,
    "BudgetExceededError": SPENT,
    "Timeout": TIMEOUT,
    "APIConnectionError": UNREACHABLE,
    "ServiceUnavailableError": SERVER,
    "BadGatewayError": SERVER,
    "InternalServerError": SERVER,
    "APIError": SERVER,
    "OpenAIError": SERVER,
    "MockException": SERVER,
    "MidStreamFallbackError": BROKE_OFF,
    "ContextWindowExceededError": OVERFLOW,
    "BadRequestError": REFUSED,
    "InvalidRequestError": REFUSED,
    "UnprocessableEntityError": REFUSED,
    "UnsupportedParamsError": REFUSED,
    "ImageFetchError": REFUSED,
    "ContentPolicyViolationError": POLICY,
    "RejectedRequestError": POLICY,
    "GuardrailRaisedException": POLICY,
    "BlockedPiiEntityError": POLICY,
    "ModifyResponseException": POLICY,
    "SensitiveDataRouteException": POLICY,
    # since litellm 1.110
    "CallerCredentialAuthenticationError": WRONG_KEY,
    "CallerCredentialRateLimitError": RATE_LIMIT,
    "PaymentRequiredError": SPENT,
    "EndpointNotSupportedByModelError": REFUSED,
    "MalformedRequestFieldError": REFUSED,
    "UnsupportedEndpointError": REFUSED,
    "VectorStoreSearchError": REFUSED,
    "ModelNotMappedError": NO_MODEL,
    "APIResponseValidationError": INVALID,
    "JSONSchemaValidationError": INVALID,
}
"""Every exception class of litellm; a class that is not listed is what its nearest listed parent is."""

_BENEATH: dict[str, Fault] = {
    "ImportError": NOT_LOADED,
    "ConnectError": UNREACHABLE,
    "ConnectTimeout": UNREACHABLE,
    "ReadTimeout": TIMEOUT,
    "WriteTimeout": TIMEOUT,
    "PoolTimeout": TIMEOUT,
    "APITimeoutError": TIMEOUT,
    "RemoteProtocolError": BROKE_OFF,
    "ReadError": BROKE_OFF,
    "IncompleteOutputException": ENDLESS,
    "TooLong": ENDLESS,
    "ValidationError": INVALID,
    "JSONDecodeError": INVALID,
    "ResponseParsingError": INVALID,
}
"""What lies beneath says more than the class that litellm or instructor wraps it in."""
_BY_STATUS = {401: WRONG_KEY, 402: SPENT, 403: NOT_ALLOWED, 404: NO_MODEL, 408: TIMEOUT, 413: OVERFLOW, 429: RATE_LIMIT}
"""Where litellm has no class of its own for a status."""
_TOLD = (
    (r"provider not provided", NO_PROVIDER),
    (r"repeating the same chunk", ENDLESS),
    (r"response with no 'choices'", EMPTY),
    (r"empty or invalid response from llm endpoint", INVALID),
)
"""What litellm says in words alone."""
_OVERFLOWS = re.compile(r"context (?:size|length|window)|exceed_context|maximum context|too many tokens|prompt is too long", re.IGNORECASE)
_FORMAT = re.compile(r"response_format|json_schema|json_object|structured output", re.IGNORECASE)
_DETAIL = 100


class LlmFault(OumiChatError):
    """An LLM did not do its part; the conversation goes on without it. `words` are one line.

    `retry` says whether the next turn may try again, `wait_seconds` how long the service asks to wait first.
    """

    def __init__(self, words: str, *, retry: bool, kind: str, wait_seconds: float = 0.0) -> None:
        super().__init__(words, reference=f"llm-{kind}")
        self.words = words
        self.retry = retry
        self.kind = kind
        self.wait_seconds = wait_seconds


def fault(kind: Fault, choice: LlmChoice, *, wait_seconds: float = 0.0, status: str = "", detail: str = "") -> LlmFault:
    """The fault with its words filled in."""
    key = choice.key_variable or ""
    words = kind.words.format(
        llm=choice.name,
        key=key or "its key",
        from_key=f" in {key}" if key else "",
        wait=f" for {wait_seconds:.0f} s" if wait_seconds else "",
        status=f" ({status})" if status else "",
        detail=f" ({detail})" if detail else "",
    )
    return LlmFault(words, retry=kind.retry, kind=kind.kind, wait_seconds=wait_seconds)


def fault_of(problem: BaseException, choice: LlmChoice, secrets: Collection[str] = ()) -> LlmFault:
    """What an exception of litellm, instructor or the connection means for this LLM."""
    if isinstance(problem, LlmFault):
        return problem
    chain = list(causes(problem))
    kind = kind_of(problem)
    if kind is WRONG_KEY and choice.base_url and not choice.key_variable:
        kind = WANTS_KEY  # none was sent that could be mended
    code = next((c for c in (getattr(p, "status_code", None) for p in chain) if isinstance(c, int)), None)
    return fault(
        kind,
        choice,
        wait_seconds=_wait(chain) if kind is RATE_LIMIT else 0.0,
        status=str(code) if code and kind is SERVER else type(problem).__name__ if kind is UNKNOWN else "",
        detail=_detail(problem, secrets) if kind is REFUSED else "",
    )


def kind_of(problem: BaseException) -> Fault:
    """The kind of fault that an exception stands for; unknown where nothing says more."""
    chain = list(causes(problem))
    if is_overflow(problem):
        return OVERFLOW
    beneath = next((_BENEATH[name] for p in chain for name in _names(p) if name in _BENEATH), None)
    outer = next((FAULTS[name] for p in chain for name in _names(p) if name in FAULTS), None)
    if beneath in (NOT_LOADED, UNREACHABLE, TIMEOUT, BROKE_OFF) or outer is None:
        return beneath or UNKNOWN
    told = next((kind for pattern, kind in _TOLD if re.search(pattern, _text(problem), re.IGNORECASE)), None)
    by_status = next((_BY_STATUS[code] for p in chain if (code := getattr(p, "status_code", None)) in _BY_STATUS), None)
    return told or (by_status if outer is SERVER and by_status else outer)


def is_overflow(problem: BaseException) -> bool:
    """True where the request was too long for the model's context."""
    names = {name for p in causes(problem) for name in _names(p)}
    if "ContextWindowExceededError" in names:
        return True
    return bool(names & {"BadRequestError", "UnprocessableEntityError", "APIStatusError"}) and bool(_OVERFLOWS.search(_text(problem)))


def refuses_format(problem: BaseException) -> bool:
    """True where the server does not know the form of answer that was asked for."""
    return kind_of(problem) in (REFUSED, SERVER) and bool(_FORMAT.search(_text(problem)))


def causes(problem: BaseException) -> Iterator[BaseException]:
    """The exception, what instructor kept of its attempts, and what each was raised from."""
    open_ends, seen = [problem], set()
    while open_ends:
        here = open_ends.pop(0)
        if id(here) in seen:
            continue
        seen.add(id(here))
        yield here
        attempts = [a.exception for a in getattr(here, "failed_attempts", None) or ()][-1:]
        original = getattr(here, "original_exception", None)
        open_ends += [p for p in (*attempts, original, here.__cause__, here.__context__) if isinstance(p, BaseException)]


def _names(problem: BaseException) -> list[str]:
    return [c.__name__ for c in type(problem).__mro__]


def _text(problem: BaseException) -> str:
    return " ".join(str(getattr(p, "message", "") or p) for p in causes(problem))


def _wait(chain: list[BaseException]) -> float:
    """Seconds that a `retry-after` header asks for; 0 where none does."""
    for problem in chain:
        headers = getattr(getattr(problem, "response", None), "headers", None) or {}
        try:
            return max(0.0, min(3600.0, float(headers.get("retry-after", ""))))
        except (TypeError, ValueError):
            continue
    return 0.0


def _detail(problem: BaseException, secrets: Collection[str]) -> str:
    """What the server said of a request that it does not take, short and without secrets."""
    said = next((p for p in causes(problem) if any(n in FAULTS for n in _names(p))), problem)
    text = re.sub(r"litellm\.\w+:\s*|\w+Exception - |Error code: \d+ - ", "", str(getattr(said, "message", "") or said))
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return redact(text, secrets)[:_DETAIL]
