"""The offline reader: a request in plain words becomes an intent, rule by rule. No network, no LLM."""

from assistant.reader.reading import Reading, read

__all__ = ["Reading", "read"]
