"""Who is told next, and how a sentence is kept until the reader's language is known."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from server.core.errors import Refusal
from server.core.words import N_, Sentence, as_kept, as_said, packed, spoken, unpacked

__all__ = ["Sentence", "Words", "packed", "spoken", "unpacked", "why_not_step", "why_not_webhook"]

EMPTY_LIST_LOOK_S = 60
"""How soon an empty call list is looked at again: a step that is added later is still told."""
SHORTEST_WAIT_S = 30
LONGEST_WAIT_S = 24 * 3600
LAST_ROUND = 10


@dataclass(frozen=True)
class Words:
    """What a call says: its subject, its text line by line, and the page that it leads to."""

    subject: Sentence
    text: tuple[Sentence, ...]
    path: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    """For machines; a webhook gets them as they are."""
    answer_path: str = ""
    """Where a signed link to answer leads, its token behind it; empty where there is nothing to answer."""

    def packed(self) -> str:
        """Return them as the JSON that a call keeps."""
        return json.dumps(
            {
                "subject": self.subject,
                "text": list(self.text),
                "path": self.path,
                "facts": dict(self.facts),
                "answer_path": self.answer_path,
            },
            ensure_ascii=False,
            default=as_kept,
        )

    @classmethod
    def unpacked(cls, words: str) -> "Words":
        """Return what `packed` kept."""
        found = json.loads(words)
        subject, *lines = (_sentence(one) for one in (found["subject"], *found["text"]))
        answer_path = found.get("answer_path", "")
        return cls(subject, tuple(lines), found["path"], found["facts"], answer_path)


def _sentence(kept: object) -> Sentence:
    said = as_said(kept)
    return said if isinstance(said, Sentence) else Sentence(str(said))


def why_not_step(
    whom: Sequence[object], webhook: str, wait_s: int, from_round: int = 1
) -> Refusal | None:
    """Say why this cannot be a step of a call list, or None when it can.

    `whom` is what was chosen of person, group, schedule and role: one of them, or an address instead.
    """
    if len([one for one in whom if one]) + bool(webhook) != 1:
        because = N_(
            "A step is one of these: a person, a group, a schedule, a role, or an address. Choose one."
        )
        return Refusal("step_of_what", because)
    if not SHORTEST_WAIT_S <= wait_s <= LONGEST_WAIT_S:
        because = N_("The wait is %(found)s s; from %(least)s s to %(most)s s is expected.")
        return Refusal(
            "bad_wait",
            because,
            {"found": wait_s, "least": SHORTEST_WAIT_S, "most": LONGEST_WAIT_S},
        )
    if not 1 <= from_round <= LAST_ROUND:
        because = N_("Told from round %(found)s on; from 1 to %(most)s is expected.")
        return Refusal("bad_round", because, {"found": from_round, "most": LAST_ROUND})
    return None


def why_not_webhook(address: str) -> Refusal | None:
    """Say why nothing can be posted to this address, or None when it can be tried."""
    scheme, found, rest = address.partition("://")
    host = rest.split("/")[0].split("?")[0]
    if not found or scheme not in {"http", "https"} or not host:
        because = N_("“%(found)s” is no web address; https://host/path is expected.")
        return Refusal("bad_webhook", because, {"found": address})
    if "@" in host:
        return Refusal(
            "password_in_webhook",
            N_("The address holds a password before an @; use the secret instead."),
        )
    if any(character.isspace() or ord(character) < 33 for character in address):
        return Refusal("bad_webhook", N_("The address has a space or a line break in it."))
    return None
