"""What a message says that may have been delivered before: the sender died between handing it over and noting it.

Its message id is the same as before, so that a machine can drop it; a person reads it in the first line.
"""

from typing import Final

from server.core.words import N_, SOURCE_LANGUAGE, say
from server.outbox.rules import Parcel

POSSIBLE_REPEAT: Final = "X-Cryokeep-Possible-Repeat"
MAYBE: Final = N_(
    "You may have had this message before: the server was interrupted while sending it."
)


def body_of(parcel: Parcel, public_url: str) -> str:
    """Return the text that leaves: with the server's address, and the word that it may be a repeat."""
    text = parcel.body.replace("{public_url}", public_url)
    return f"{say(language_of(text), MAYBE)}\n\n{text}" if parcel.maybe_sent else text


def language_of(text: str) -> str:
    """Return the language that a letter was written in, by its full stops: a letter does not keep it."""
    return "zh_Hans" if "\u3002" in text or "\uff1a" in text else SOURCE_LANGUAGE
