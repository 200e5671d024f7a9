"""What a kind of rule reads besides its limit: one table for forms, programs, refusals and judges. Pure.

A judge reads a parameter only through `number` and `text`, which know no name that is not in the table.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from server.alarms.wishes import params_of, params_text
from server.core.errors import Refusal
from server.core.words import N_

Type = Literal["number", "channel", "choice", "own"]
"""channel: the key of another channel of the same freezer; own: what the kind's own choice sets, no field."""


@dataclass(frozen=True)
class Param:
    """One parameter; `low` and `high` are in its unit, both included."""

    name: str
    word: str = ""
    hint: str = ""
    unit: str = ""
    """s, or what the channel's unit becomes: channel, channel a day; empty where it is a bare number."""
    type: Type = "number"
    low: float = -math.inf
    high: float = math.inf
    default: float | str | None = None
    """What is kept where nothing is said; None keeps nothing, and the judge does as usual."""
    choices: Mapping[str, str] | None = None


DIRECTION_WORDS: Final = {
    "both": N_("rising or falling"),
    "up": N_("only rising"),
    "down": N_("only falling"),
}
_TWIN: Final = Param(
    "twin", N_("Held against"), N_("Another channel of the same freezer; the usual one where none is chosen."),
    type="channel",
)  # fmt: skip
PARAMS: Final[Mapping[str, tuple[Param, ...]]] = {
    "rate": (
        Param(
            "window_s", N_("Over"), N_("The change a minute is taken over so long; from 60 s to a day."),
            "s", low=60, high=86_400, default=600,
        ),
        Param(
            "direction", N_("Which way"), type="choice", default="both", choices=DIRECTION_WORDS
        ),
    ),
    "boiloff": (
        Param(
            "usual_a_day", N_("Usual loss"), N_("What it usually loses in a day; learnt from the vessel where nothing is given."),
            "channel a day", low=0.001, high=100_000,
        ),
        Param(
            "widths", N_("Certainty"), N_("So many standard deviations of the hourly noise must add up before it alarms; 5 where nothing is given. More alarms later, and wrongly more seldom."),
            low=2, high=50,
        ),
    ),
    "forecast": (
        Param(
            "limit", N_("Towards"), N_("The level that it must not reach; the channel’s critical low limit where nothing is given."),
            "channel", low=0, high=100_000,
        ),
    ),
    "disagree": (_TWIN,),
    "swapped": (_TWIN,),
    "stuck": (_TWIN,),
    "event": (Param("code", type="own"),),
    "path_off": (Param("of", type="own"),),
}  # fmt: skip
"""Of a kind that is not here nothing but its limit is read."""


def of(kind: str) -> tuple[Param, ...]:
    """Return the parameters that rules of this kind read."""
    return PARAMS.get(kind, ())


def fields(kind: str) -> tuple[Param, ...]:
    """Return those that a person or a program gives beside the limit."""
    return tuple(param for param in of(kind) if param.type != "own")


NAMES: Final = tuple(dict.fromkeys(param.name for kind in PARAMS for param in fields(kind)))
"""Every parameter that forms and bodies have a field for."""


def number(kind: str, text: str, name: str) -> float | None:
    """Return a number of a rule's parameters, its default where none is said; KeyError if the kind reads no such."""
    found = _said(kind, text, name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        return None
    return found


def word(kind: str, text: str, name: str) -> str:
    """Return a word of a rule's parameters, its default or "" where none is said; KeyError as `number`."""
    found = _said(kind, text, name)
    return found if isinstance(found, str) else ""


def _said(kind: str, text: str, name: str) -> object:
    known = {param.name: param for param in of(kind)}
    return params_of(text).get(name, known[name].default)


def merged(kind: str, said: Mapping[str, float | str | None], was: str = "{}") -> str:
    """Return parameters as a rule keeps them: what was, but for what is said now; None or "" takes one away."""
    given = {**params_of(was), **said}
    kept = {name: one for name, one in given.items() if one is not None and one != ""}
    defaults = {param.name: param.default for param in of(kind) if param.default is not None}
    return params_text(**defaults | {name: _plain(one) for name, one in kept.items()})


def _plain(one: object) -> object:
    """600.0 is kept as 600: what says the same is written the same."""
    return int(one) if isinstance(one, float) and one.is_integer() else one


def why_not(kind: str, text: str) -> tuple[str, Refusal] | None:
    """Say which parameter cannot be right for this kind and why, or None."""
    known = {param.name: param for param in of(kind)}
    for name, found in params_of(text).items():
        if name not in known:
            because = N_(
                "A rule of this kind reads no “%(name)s”; it reads: %(known)s. Leave it out."
            )
            facts = {"name": name, "known": ", ".join(known) or "—"}
            return name, Refusal("unknown_param", because, facts)
        if refusal := _why_not(known[name], found):
            return name, refusal
    return None


def _why_not(param: Param, found: object) -> Refusal | None:
    if param.type == "number":
        return _why_not_number(param, found)
    if not isinstance(found, str) or (param.choices and found not in param.choices):
        because = N_("“%(found)s” cannot be; %(expected)s is expected.")
        expected = ", ".join(param.choices) if param.choices else param.name
        return Refusal("bad_choice", because, {"found": str(found), "expected": expected})
    return None


def _why_not_number(param: Param, found: object) -> Refusal | None:
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    if is_number and param.low <= found <= param.high:  # type: ignore[operator]  # known to be a number
        return None
    because = N_("%(found)s cannot be; a number from %(low)s to %(high)s is expected.")
    shown = f"{found:g}" if is_number else str(found)
    facts = {"found": shown, "low": f"{param.low:g}", "high": f"{param.high:g}"}
    return Refusal("bad_param", because, facts)
