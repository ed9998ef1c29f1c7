"""Conversation: a pure step from one request to the next, and the loop that shows it."""
