"""From what was said to a finished answer: `respond` for requests, the same steps for the API."""

from assistant.builder.respond import respond

__all__ = ["respond"]
