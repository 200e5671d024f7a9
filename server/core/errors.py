"""Errors are sentences with facts in them; HTTP is the roof's business.

CryokeepError
 ├─ Invalid          what was given cannot be right
 ├─ Unauthenticated  nobody is signed in, or the sign-in did not hold
 ├─ Forbidden        the signed-in person may not do this
 ├─ NotFound         no such thing, or not for this person
 ├─ Conflict         right in itself, but not with what is there now
 │   └─ AllRefused   many things asked as one: nothing was done, and every reason is told
 ├─ Gone             it was there and has been used or has ended
 └─ TooMany          too often in too short a time
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from server.core.words import N_, SOURCE_LANGUAGE, Sayable, say


@dataclass(frozen=True)
class Refusal(Sayable):
    """Why not: a stable code for machines, an English template and its facts for people.

    A fact that is a word of ours, such as a tier, is a Sentence, so that it is said in the reader's language.
    """

    code: str
    because: str
    facts: Mapping[str, object] = field(default_factory=dict)

    def text(self, language: str = SOURCE_LANGUAGE) -> str:
        """Return the sentence in this language."""
        return say(language, self.because, **self.facts)


class CryokeepError(Exception):
    """Something that the asker can be told in a sentence."""

    def __init__(self, refusal: Refusal, *, field: str | None = None) -> None:
        self.refusal = refusal
        self.field = field
        super().__init__(f"{refusal.code}: {refusal.text()}")


class Invalid(CryokeepError):
    """What was given cannot be right."""


class Unauthenticated(CryokeepError):
    """Nobody is signed in, or the sign-in did not hold."""


class Forbidden(CryokeepError):
    """The signed-in person may not do this."""


class NotFound(CryokeepError):
    """No such thing, or not for this person to see."""


class Conflict(CryokeepError):
    """Right in itself, but it quarrels with what is there now."""


class AllRefused(Conflict):
    """Many things were asked as one and none was done; `refusals` are all the reasons, never only the first.

    The facts of a refusal name its `vial` and `position` where it concerns one.
    """

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = list(refusals)
        super().__init__(_together(self.refusals))

    @property
    def apart(self) -> dict[str, Refusal]:
        """Return each different sentence once, by the sentence."""
        return {refusal.text(): refusal for refusal in self.refusals}


def _together(refusals: Sequence[Refusal]) -> Refusal:
    if len({refusal.text() for refusal in refusals}) == 1:
        return refusals[0]
    because = N_("%(count)s reasons stand against this, so nothing was done.")
    return Refusal("several_reasons", because, {"count": len(refusals)})


class Gone(CryokeepError):
    """It was there once; it has been used or has ended."""


class TooMany(CryokeepError):
    """Too often in too short a time."""
