"""Along which chain a call goes, and which step is told next. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

LIFE_SAFETY = "safety"


class Stop(Protocol):
    """A step of a list, as deciding needs it."""

    @property
    def position(self) -> int:
        """Where it stands."""

    @property
    def from_round(self) -> int:
        """Told only from this time through the list on; 1 is the first."""


S = TypeVar("S", bound=Stop)


@dataclass(frozen=True)
class Conditions:
    """What a chain is for; an empty collection asks for nothing."""

    severities: Collection[str] = ()
    classes: Collection[str] = ()
    sites: Collection[str] = ()
    freezers: Collection[str] = ()

    def hold(self, severity: str, facts: Mapping[str, object]) -> bool:
        """Say whether a call of this severity, with these facts for machines, is what the chain is for."""
        asked = (
            (self.severities, severity), (self.classes, facts.get("alarm_class")),
            (self.sites, facts.get("site")), (self.freezers, facts.get("freezer")),
        )  # fmt: skip
        return all(not wanted or found in wanted for wanted, found in asked)


def step_to_tell(steps: Sequence[S], position: int, round_: int) -> tuple[S, int] | None:
    """Return the step to tell when `position` of this round is next, and the round it is told in.

    After the last step the next round begins at the top. Where a list has only last resorts, its rounds go
    by until one of them is due. None means that the list is empty.
    """
    if not steps:
        return None
    due = [step for step in steps if step.from_round <= round_ and step.position >= position]
    if due:
        return min(due, key=lambda step: step.position), round_
    following = max(round_ + 1, min(step.from_round for step in steps))
    again = [step for step in steps if step.from_round <= following]
    return min(again, key=lambda step: step.position), following
