"""Who is told next, and how a sentence is kept until the reader's language is known."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from server.core.errors import Refusal
from server.core.words import N_, SOURCE_LANGUAGE, say

EMPTY_LIST_LOOK_S = 60
"""How soon an empty call list is looked at again: a step that is added later is still told."""
SHORTEST_WAIT_S = 30
LONGEST_WAIT_S = 24 * 3600


@dataclass(frozen=True)
class Sentence:
    """A template and its facts; a fact may itself be a sentence."""

    template: str
    facts: Mapping[str, object] = field(default_factory=dict)

    def text(self, language: str = SOURCE_LANGUAGE) -> str:
        """Return it in this language."""
        facts = {name: spoken(value, language) for name, value in self.facts.items()}
        return say(language, self.template, **facts)


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
                "subject": _packed(self.subject),
                "text": [_packed(line) for line in self.text],
                "path": self.path,
                "facts": dict(self.facts),
            },
            ensure_ascii=False,
        )

    @classmethod
    def unpacked(cls, words: str) -> "Words":
        """Return what `packed` kept."""
        found = json.loads(words)
        lines = tuple(_unpacked(line) for line in found["text"])
        return cls(_unpacked(found["subject"]), lines, found["path"], found["facts"])


@dataclass(frozen=True)
class Step:
    """One step of a call list, as deciding needs it."""

    position: int
    wait_s: int


def spoken(value: object, language: str) -> object:
    """Return a fact as this language says it."""
    return value.text(language) if isinstance(value, Sentence) else value


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


def packed(facts: Mapping[str, object]) -> str:
    """Return facts, sentences among them, as JSON that `unpacked` reads."""
    return json.dumps({name: _packed(fact) for name, fact in facts.items()}, ensure_ascii=False)


def unpacked(text: str) -> dict[str, object]:
    """Return the facts that `packed` wrote."""
    return {name: _fact(fact) for name, fact in json.loads(text or "{}").items()}


def _fact(fact: object) -> object:
    return _unpacked(fact) if isinstance(fact, dict) and "say" in fact else fact


def _packed(value: object) -> object:
    if isinstance(value, Sentence):
        return {
            "say": value.template,
            "facts": {name: _packed(fact) for name, fact in value.facts.items()},
        }
    return value


def _unpacked(found: Mapping[str, object]) -> Sentence:
    facts = found["facts"]
    assert isinstance(facts, dict)
    return Sentence(
        str(found["say"]),
        {name: _fact(fact) for name, fact in facts.items()},
    )
