"""The offline reader: a request in plain words becomes an intent, rule by rule. No network, no LLM."""

from assistant.reader.reading import Later, Reading, read

__all__ = ["Later", "Reading", "read"]
