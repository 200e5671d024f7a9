"""Who is told next, and how a sentence is kept until the reader's language is known."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from server.core.errors import Refusal
from server.core.words import N_, Sentence, as_kept, as_said, packed, spoken, unpacked

__all__ = [
    "Sentence",
    "Step",
    "Words",
    "due_after",
    "packed",
    "spoken",
    "step_to_tell",
    "unpacked",
    "why_not_step",
    "why_not_webhook",
]

EMPTY_LIST_LOOK_S = 60
"""How soon an empty call list is looked at again: a step that is added later is still told."""
SHORTEST_WAIT_S = 30
LONGEST_WAIT_S = 24 * 3600


@dataclass(frozen=True)
class Words:
    """What a call says: its subject, its text line by line, and the page that it leads to."""

    subject: Sentence
    text: tuple[Sentence, ...]
    path: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    """For machines; a webhook gets them as they are."""

    def packed(self) -> str:
        """Return them as the JSON that a call keeps."""
        return json.dumps(
            {
                "subject": self.subject,
                "text": list(self.text),
                "path": self.path,
                "facts": dict(self.facts),
            },
            ensure_ascii=False,
            default=as_kept,
        )

    @classmethod
    def unpacked(cls, words: str) -> "Words":
        """Return what `packed` kept."""
        found = json.loads(words)
        subject, *lines = (_sentence(one) for one in (found["subject"], *found["text"]))
        return cls(subject, tuple(lines), found["path"], found["facts"])


def _sentence(kept: object) -> Sentence:
    said = as_said(kept)
    return said if isinstance(said, Sentence) else Sentence(str(said))


@dataclass(frozen=True)
class Step:
    """One step of a call list, as deciding needs it."""

    position: int
    wait_s: int


def step_to_tell(steps: Sequence[Step], position: int) -> Step | None:
    """Return the step to tell when `position` is next; after the last the list begins again.

    None means that the list is empty.
    """
    later = [step for step in steps if step.position >= position]
    return min(later or steps, key=lambda step: step.position, default=None)


def due_after(step: Step | None, now: datetime) -> datetime:
    """Return when the step after this one is told, unless somebody answers before."""
    return now + timedelta(seconds=step.wait_s if step else EMPTY_LIST_LOOK_S)


def why_not_step(person_id: int | None, webhook: str, wait_s: int) -> Refusal | None:
    """Say why this cannot be a step of a call list, or None when it can."""
    if (person_id is None) == (not webhook):
        return Refusal("step_of_what", N_("A step is either a person or a webhook: choose one."))
    if webhook and (why := why_not_webhook(webhook)):
        return why
    if not SHORTEST_WAIT_S <= wait_s <= LONGEST_WAIT_S:
        because = N_("The wait is %(found)s s; from %(least)s s to %(most)s s is expected.")
        return Refusal(
            "bad_wait",
            because,
            {"found": wait_s, "least": SHORTEST_WAIT_S, "most": LONGEST_WAIT_S},
        )
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
