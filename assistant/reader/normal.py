"""What stands before the rules: other languages, shorthand, number words and corrections put into plain English."""

from __future__ import annotations

from assistant.reader.corrections import corrected, scaled
from assistant.reader.instances import in_gpus
from assistant.reader.languages import in_english
from assistant.reader.numberwords import in_digits
from assistant.reader.patterns import compiled
from assistant.reader.recipes import in_words
from assistant.reader.rewriting import Rewriting
from assistant.reader.shorthand import spelled_out
from assistant.reader.tables import counted
from assistant.reader.thousands import without_marks

_MOST = 4_000
"""Characters of a request: what is longer is a pasted log or file, in English or in no language."""
_ENDLESS = r"\S{257}"


def normalised(text: str) -> Rewriting:
    """The request in the words that the rules know."""
    if len(text) > _MOST or compiled(_ENDLESS).search(text):
        return Rewriting(text)
    return corrected(scaled(spelled_out(in_words(in_gpus(counted(in_digits(without_marks(in_english(text)))))))))
