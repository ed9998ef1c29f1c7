"""Recorded answers of a real model: how they are kept, matched and played."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CASSETTES = ROOT / "cassettes"
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # before anything imports litellm


def _request(request: Any) -> Any:
    """No header but the one that says what the body is: no key, no machine."""
    for name in list(request.headers):
        if name.lower() != "content-type":
            request.headers.pop(name, None)
    return request


def _settled(body: dict[str, Any]) -> dict[str, Any]:
    """A body without what differs from one recording to the next."""
    kept = {key: value for key, value in body.items() if key not in ("timings", "system_fingerprint")}
    if isinstance(kept.get("usage"), dict):
        kept["usage"] = {key: value for key, value in kept["usage"].items() if key != "prompt_tokens_details"}
    return {**kept, "id": "chatcmpl-recorded", "created": 0}


def _settled_text(text: str) -> str:
    if not text.startswith("data: "):
        return json.dumps(_settled(json.loads(text)), sort_keys=True)
    lines = []
    for line in text.splitlines():
        is_event = line.startswith("data: {")
        lines.append("data: " + json.dumps(_settled(json.loads(line[6:])), sort_keys=True) if is_event else line)
    return "\n".join(lines) + "\n"


def _response(response: dict[str, Any]) -> dict[str, Any]:
    body = response["body"]["string"]
    text = body.decode() if isinstance(body, bytes) else body
    kind = "text/event-stream" if text.startswith("data: ") else "application/json"
    settled = _settled_text(text)
    response["body"]["string"] = settled.encode() if isinstance(body, bytes) else settled
    response["headers"] = {"content-type": [kind]}
    return response


@pytest.fixture(scope="session")
def vcr_config() -> dict[str, Any]:
    return {
        "filter_headers": ["authorization"],
        "match_on": ["method", "path", "body"],
        "before_record_request": _request,
        "before_record_response": _response,
        "decode_compressed_response": True,
        "allow_playback_repeats": False,
    }


@pytest.fixture(scope="module")
def vcr_cassette_dir(request: pytest.FixtureRequest) -> str:
    return str(CASSETTES / request.path.stem)


@pytest.fixture(autouse=True)
def _played_to_the_end(request: pytest.FixtureRequest) -> Iterator[None]:
    """A cassette holds what its test asks for, and no more."""
    if request.node.get_closest_marker("vcr") is None:
        yield
        return
    cassette = request.getfixturevalue("vcr")
    yield
    if request.config.getoption("--record-mode") in (None, "none"):
        assert len(cassette), f"nothing is recorded for {request.node.name}"
        assert cassette.play_count == len(cassette), f"{len(cassette) - cassette.play_count} recorded answers were not asked for"
