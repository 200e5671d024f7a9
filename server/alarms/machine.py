"""The states of an episode and every way between them, after OPC UA Part 9 (4.8, 5.8) and ISA-18.2. Pure.

An episode has five regions that move apart from each other, as the standard's sub-machines do: whether its
condition holds (ActiveState), whether it was acknowledged (AckedState), whether it is latched (LatchedState),
whether a person still has to say what was done (ConfirmedState), and whether and why it calls nobody
(ShelvingState, SuppressedState, OutOfServiceState). ISA-18.2 names what comes of them by the letters A to I.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, Protocol

from server.core.errors import Conflict, Refusal
from server.core.words import N_

Aside = Literal["", "shelved", "suppressed", "out_of_service", "inhibited", "expected", "flood"]
ASIDES: Final[tuple[Aside, ...]] = (
    "", "shelved", "suppressed", "out_of_service", "inhibited", "expected", "flood",
)  # fmt: skip
Act = Literal[
    "answer", "acknowledge", "run_out", "clear", "reset", "confirm", "set_aside", "bring_back"
]
Region = Literal["active", "acknowledged", "latched", "confirm_due", "silenced"]


@dataclass(frozen=True)
class State:
    """Where one episode stands."""

    active: bool = True
    acknowledged: bool = False
    latched: bool = False
    confirm_due: bool = False
    aside: Aside = ""

    @property
    def silenced(self) -> bool:
        """Say whether something keeps it from calling."""
        return self.aside != ""

    @property
    def finished(self) -> bool:
        """Say whether it needs nobody any more: it is over, answered, reset and confirmed."""
        return not (self.active or self.latched or self.confirm_due) and self.acknowledged

    @property
    def calls(self) -> bool:
        """Say whether somebody is being called: until it is acknowledged, unless it is silenced."""
        return not self.acknowledged and not self.silenced

    @property
    def letter(self) -> str:
        """Return the letter of ISA-18.2; what is silenced by the system counts as suppressed by design."""
        if self.finished:
            return "A"
        if self.silenced:
            return {"shelved": "G", "out_of_service": "I"}.get(self.aside, "H")
        if self.active:
            return "C" if self.acknowledged else "B"
        if self.latched:
            return "F" if self.acknowledged else "E"
        return "A" if self.acknowledged else "D"


LETTERS: Final[Mapping[str, str]] = {
    "A": N_("normal"),
    "B": N_("not acknowledged"),
    "C": N_("acknowledged"),
    "D": N_("over, not acknowledged"),
    "E": N_("latched, not acknowledged"),
    "F": N_("latched, acknowledged"),
    "G": N_("shelved"),
    "H": N_("suppressed"),
    "I": N_("out of service"),
}
"""What each letter of ISA-18.2 means."""
WORDS: Final[Mapping[str, str]] = {
    "shelved": N_("shelved"),
    "suppressed": N_("suppressed"),
    "out_of_service": N_("out of service"),
    "inhibited": N_("explained by another alarm"),
    "expected": N_("expected warmth"),
    "flood": N_("told in a digest"),
}
"""What a board says of an episode that calls nobody."""


@dataclass(frozen=True)
class Need:
    """What one region must be before an act, and the sentence that refuses it otherwise."""

    region: Region
    value: bool
    code: str
    because: str


@dataclass(frozen=True)
class Row:
    """One act: what it needs, and which regions it changes to what."""

    needs: tuple[Need, ...]
    becomes: Mapping[str, bool]


_OPEN = Need(
    "acknowledged", False, "already_acknowledged", N_("%(who)s has already acknowledged this alarm.")
)  # fmt: skip
_ANSWERED = Need(
    "acknowledged", True, "not_acknowledged", N_("Nobody has acknowledged this alarm yet: do that first.")
)  # fmt: skip
_GOES_ON = Need("active", True, "is_over", N_("The condition of this alarm is gone."))
_OVER = Need(
    "active", False, "goes_on", N_("The condition still holds; wait until it is gone, then repeat this.")
)  # fmt: skip
_LATCHED = Need(
    "latched", True, "not_latched", N_("This alarm is not latched: there is nothing to reset.")
)
_DUE = Need(
    "confirm_due", True, "not_to_confirm", N_("This alarm asks for no confirmation, or has had one.")
)  # fmt: skip
_SILENCED = Need("silenced", True, "not_aside", N_("This alarm is not set aside."))

TABLE: Final[Mapping[Act, Row]] = {
    "answer": Row((_OPEN,), {}),
    "acknowledge": Row((_OPEN,), {"acknowledged": True}),
    "run_out": Row((_ANSWERED, _GOES_ON), {"acknowledged": False}),
    "clear": Row((_GOES_ON,), {"active": False}),
    "reset": Row((_LATCHED, _OVER, _ANSWERED), {"latched": False}),
    "confirm": Row((_DUE, _OVER, _ANSWERED), {"confirm_due": False}),
    "set_aside": Row((), {}),
    "bring_back": Row((_SILENCED,), {}),
}
"""Every transition there is. answer: one of several persons acknowledged, not yet the last. set_aside and
bring_back change the fifth region; set_aside also from one reason to another."""


def after(state: State, act: Act, aside: Aside = "", who: str = "") -> State:
    """Return the state after the act; Conflict with the sentence why where the table has no such way.

    `aside` is the reason of a set_aside; `who` acknowledged it, for the sentence that refuses.
    """
    if refusal := why_not(state, act, aside, who):
        raise Conflict(refusal)
    moved = replace(state, **TABLE[act].becomes)  # type: ignore[arg-type]  # regions are fields
    return replace(moved, aside=aside) if act in {"set_aside", "bring_back"} else moved


def why_not(state: State, act: Act, aside: Aside = "", who: str = "") -> Refusal | None:
    """Say why the table does not allow this now, or None where it does."""
    for need in TABLE[act].needs:
        if getattr(state, need.region) is not need.value:
            return Refusal(need.code, need.because, {"who": who})
    if act == "set_aside" and state.finished:
        return Refusal("is_finished", N_("This alarm is over and done with."))
    if (act == "set_aside") is not bool(aside):
        raise ValueError(aside)
    return None


class Standing(Protocol):
    """What an episode's row says of its state."""

    @property
    def cleared_at(self) -> datetime | None:
        """When its condition was gone."""

    @property
    def acknowledged_at(self) -> datetime | None:
        """When the last acknowledgement that it needs was given."""

    @property
    def latched(self) -> bool:
        """Whether it waits for a reset."""

    @property
    def confirm_due(self) -> bool:
        """Whether a person has to say what was done."""

    @property
    def silenced(self) -> str:
        """Why nobody is called; empty otherwise."""


def state_of(episode: Standing) -> State:
    """Return the state that an episode's row tells."""
    return State(
        episode.cleared_at is None,
        episode.acknowledged_at is not None,
        bool(episode.latched),
        bool(episode.confirm_due),
        episode.silenced,  # type: ignore[arg-type]  # only words of ASIDES are written
    )
