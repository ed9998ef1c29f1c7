"""Which names say that a value is a secret, and which values beside them are none."""

from __future__ import annotations

import functools
import re
from typing import Literal

Strength = Literal["none", "weak", "strong"]
"""`strong`: whatever stands there is a secret. `weak` (key, token, auth): only what looks random is."""

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SURE = frozenset(
    {
        "apikey", "apikeys", "authorization", "credential", "credentials", "passcode", "passphrase", "passwd",
        "password", "passwords", "privatekey", "pwd", "secret", "secrets",
    }
)
_OWNERS = frozenset(
    {
        "access", "account", "api", "app", "auth", "aws", "azure", "bearer", "bot", "client", "deploy", "encryption",
        "gh", "github", "gitlab", "google", "hf", "hub", "huggingface", "jwt", "lambda", "master", "oauth", "openai",
        "personal", "private", "push", "refresh", "runpod", "secret", "security", "service", "session", "shared",
        "signing", "slack", "ssh", "wandb",
    }
)
"""Before `key` or `token` they make it a secret: `api_key`, `hf_token`; not `text_key`, `pad_token`."""
_VAGUE = frozenset({"auth", "cookie", "key", "sig", "signature", "token"})
_ABOUT = frozenset(
    {
        "count", "dir", "env", "exists", "expiry", "field", "file", "files", "format", "hint", "id", "ids", "index",
        "invalid", "length", "limit", "manager", "max", "method", "min", "mode", "name", "names", "optional", "path",
        "policy", "provider", "ref", "required", "size", "source", "store", "type", "uri", "url", "usage", "var",
        "variable", "variables", "varname",
    }
)
"""Last in a name they make it one about a secret: `password_file`, `api_key_env_varname`."""
_MARKERS = frozenset(
    {
        "additional", "begin", "bos", "class", "cls", "end", "eom", "eos", "eot", "ignore", "image", "mask", "next",
        "num", "pad", "per", "prompt", "sep", "special", "start", "stop", "text", "unk", "video",
    }
)
"""Before `token` they make it one of a tokenizer's."""

_NOTHING = frozenset(
    {
        "auto", "default", "empty", "false", "invalid", "missing", "no", "none", "not", "null", "off", "on",
        "optional", "required", "set", "true", "unset", "yes",
    }
)
_REFERENCE = re.compile(
    r"[<{(]|\[(?!redacted])|\[redacted]\Z"  # <your key>, {"a": 1}, what is hidden already
    r"|\$(?:(?-i:[A-Z_][A-Z0-9_]*)\Z|[{(]|env:)|%\w+%\Z"  # $VAR, ${oc.env:X}, $env:VAR, %VAR%; $ecret99 is a password
    r"|(?:os|self|config|args|settings|secrets?|env(?:iron)?|process|st|boto3|userdata)[.\[]"
    r"|(?:your|my)[_-]|change[_-]?me\Z|x{3,}|\*{3,}|\.{3}|…",
    re.IGNORECASE,
)
_PATH = re.compile(r"(?:~|\.{1,2})?/[\w.+-]+(?:/[\w.+-]+)*/?|(?:[A-Za-z]:)?\\[\w.\\+-]+")
_CODED = re.compile(r"(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])(?=\D*\d)[A-Za-z0-9/+]{40,}={0,2}")
_ROOT = re.compile(
    r"/(?:app|bin|data|dev|etc|home|lib|media|mnt|opt|private|proc|root|run|scratch|secrets|shared|srv|sys|tmp|usr|var|workspace|Users|Volumes|Applications|Library)/"
)
_CALL = re.compile(r"[A-Za-z_][\w.]*\(.*")
_SECRET_WORD = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)\b")
_SEGMENT = re.compile(r"[A-Z]+[a-z]*|[a-z]+|\d+")
_HAND_MADE = 3.5
"""Mean length of the segments above of what a person writes (`Qwen2VLForConditionalGeneration` has 6); random text has about 2."""
_LOOKED_AT = 200
"""Characters after which more tell nothing new."""


@functools.lru_cache(maxsize=2048)
def name_strength(name: str) -> Strength:
    """How surely a value of this name is a secret: `OPENAI_API_KEY`, `--hf-token`, `"accountKey"` strongly, `key` weakly."""
    parts = [part.lower() for part in _PARTS.findall(name)]
    while len(parts) > 1 and parts[-1].isdigit():
        parts.pop()
    if not parts or parts[-1] in _ABOUT:
        return "none"
    if parts[-1] == "pass" or not _SURE.isdisjoint(parts):
        return "strong"
    last, before = parts[-1], parts[-2] if len(parts) > 1 else ""
    last = last if last in _VAGUE else last[:-1] if last in ("keys", "tokens") and before in _OWNERS else last
    if last not in _VAGUE or before in _MARKERS:
        return "none"
    is_variable = before != "" and name.isupper()
    return "strong" if last in ("key", "token") and (before in _OWNERS or is_variable) else "weak"


def is_value_of_secret(value: str, strength: Strength) -> bool:
    """True where this value, under a name of this strength, is to be hidden; references, paths and words such as null are not."""
    if strength == "none" or len(value) < 4 or value.lower() in _NOTHING or _REFERENCE.match(value):
        return False
    if _CALL.fullmatch(value) or (value.isupper() and _SECRET_WORD.search(value)):
        return False
    if _PATH.fullmatch(value) and not is_random(value) and not is_coded(value):
        return False
    return strength == "strong" or (len(value) >= 12 and is_random(value))


def is_coded(value: str) -> bool:
    """True for base64 of 40 characters or more that may begin with a slash, as an AWS secret does; not for a path from a usual root."""
    return bool(_CODED.fullmatch(value)) and not _ROOT.match(value)


def is_random(text: str) -> bool:
    """True where letters and digits alternate as in no name that a person wrote."""
    text = text[:_LOOKED_AT]
    segments = len(_SEGMENT.findall(text))
    return any(c.isdigit() for c in text) and any(c.isalpha() for c in text) and segments * _HAND_MADE > len(text)
