"""The guided way to a config: questions as data, answers as an intent, one pure step from each to the next."""
