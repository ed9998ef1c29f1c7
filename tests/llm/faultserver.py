"""Servers on loopback that do what real ones do on a bad day."""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Sent:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Bad:
    """A server: where it is, and what was sent to it."""

    url: str
    sent: list[Sent] = field(default_factory=list)


Answer = Callable[["Handler", dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    """Answers every request as the server's `answer` does."""

    protocol_version = "HTTP/1.1"
    server: Any

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        self.server.bad.sent.append(Sent(path=self.path, headers={k.lower(): v for k, v in self.headers.items()}, body=body))
        self.server.answer(self, body)

    def do_GET(self) -> None:
        self.server.bad.sent.append(Sent(path=self.path, headers={k.lower(): v for k, v in self.headers.items()}, body={}))
        self.json(200, {"object": "list", "data": [{"id": "first", "object": "model"}, {"id": "second", "object": "model"}]})

    def log_message(self, *_: Any) -> None:
        return

    def json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        self.raw(status, json.dumps(body).encode(), {"content-type": "application/json", **(headers or {})})

    def raw(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), "connection": "close", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def event(self, body: Any) -> bool:
        """One event of a stream; False when nobody listens any more."""
        try:
            self.wfile.write(f"data: {body if isinstance(body, str) else json.dumps(body)}\n\n".encode())
            self.wfile.flush()
        except OSError:
            return False
        return True

    def begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()


@contextmanager
def serving(answer: Answer) -> Iterator[Bad]:
    """Such a server, as long as the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    bad = Bad(url=f"http://127.0.0.1:{server.server_address[1]}/v1")
    server.answer, server.bad = answer, bad  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield bad
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def completion(text: str | None, finish: str = "stop") -> dict[str, Any]:
    """A chat completion."""
    message = {"role": "assistant", "content": text}
    return {
        "id": "x", "object": "chat.completion", "created": 0, "model": "m",
        "choices": [{"index": 0, "finish_reason": finish, "message": message}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107},
    }  # fmt: skip


def delta(text: str) -> dict[str, Any]:
    """One piece of a streamed completion."""
    return {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [{"index": 0, "delta": {"content": text}}]}


def says(text: str | None, finish: str = "stop") -> Answer:
    return lambda handler, _: handler.json(200, completion(text, finish))


def fails(status: int, message: str, *, kind: str = "error", code: str | None = None, headers: dict[str, str] | None = None) -> Answer:
    error = {"error": {"message": message, "type": kind, "code": code}}
    return lambda handler, _: handler.json(status, error, headers)


def streams(*texts: str, end: bool = True) -> Answer:
    def answer(handler: Handler, _: dict[str, Any]) -> None:
        handler.begin_stream()
        for text in texts:
            handler.event(delta(text))
        if end:
            handler.event({**delta(""), "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
            handler.event({**delta(""), "choices": [], "usage": {"prompt_tokens": 50, "completion_tokens": 9, "total_tokens": 59}})
            handler.event("[DONE]")

    return answer


def streams_for_ever(handler: Handler, _: dict[str, Any]) -> None:
    handler.begin_stream()
    while handler.event(delta("on and on ")):
        time.sleep(0.001)


def repeats_for_ever(handler: Handler, _: dict[str, Any]) -> None:
    """The same word without end, which litellm gives up on before it is long."""
    handler.begin_stream()
    while handler.event(delta("The ")):
        pass


def says_nothing_for(seconds: float) -> Answer:
    def answer(handler: Handler, _: dict[str, Any]) -> None:
        time.sleep(seconds)
        try:
            handler.json(200, completion("{}"))
        except OSError:
            return

    return answer


def waits_for_the_end(ended: list[float], *, streaming: bool) -> Answer:
    """Says nothing, and notes the seconds after which the other side hung up; nothing where it never did."""

    def answer(handler: Handler, _: dict[str, Any]) -> None:
        began = time.monotonic()
        if streaming:
            handler.begin_stream()
            handler.event(delta("It "))
        while time.monotonic() - began < 10:
            ready, _, _ = select.select([handler.connection], [], [], 0.05)
            if ready and handler.connection.recv(1, socket.MSG_PEEK) == b"":
                ended.append(time.monotonic() - began)
                return

    return answer


def drips(handler: Handler, _: dict[str, Any]) -> None:
    """A body that comes a byte at a time, so that no read times out."""
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", "100000")
    handler.end_headers()
    try:
        for _byte in range(1_000):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        return


def in_turn(*answers: Answer) -> Answer:
    """The first answer first, the last one ever after."""
    left = list(answers)
    return lambda handler, body: (left.pop(0) if len(left) > 1 else left[0])(handler, body)
