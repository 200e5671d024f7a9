"""The event codes of MVE's TEC 3000 and TS controllers: what each means, how bad it is, and what to do. Pure.

All 23 codes of the maker's event log stand here. Most become episodes of the kind `event`, one rule a code, so that
a bank may set each as it likes. PF is a loss of power like any other. F (filling) and ZO (the level was zeroed) are
recorded in the freezer's events and alarm nobody: a fill that lasts too long is `fill_long`, of which F is the measure.
"""

from dataclasses import dataclass
from typing import Final, Literal

from server.alarms import params as known
from server.alarms.wishes import Wish, params_text
from server.core.words import N_

Becomes = Literal["event", "power", "recorded"]
OTHER: Final = "other"
"""Whatever a controller says that is none of these codes: other makers' words."""


@dataclass(frozen=True)
class Code:
    """One code. `severity` and `delay_on_s` are what its rule begins with."""

    told: str
    """The agent's words for it, by which it is known where an older agent sends no code."""
    meaning: str
    what_to_do: str
    severity: str = "warning"
    delay_on_s: float = 0.0
    becomes: Becomes = "event"


_PROBE: Final = N_(
    "Compare with the independent probe, and have the controller’s probe calibrated."
)
_LOOK: Final = N_(
    "Look at the independent probe at once; if it is warm too, bring the vials to safety."
)
CODES: Final[dict[str, Code]] = {
    "AM": Code(
        "alarm muted", N_("its own alarm has been muted"),
        N_("Find out who muted it and why; its siren will not call anybody."), "high", 900.0,
    ),
    "AH": Code("temperature A high", N_("temperature A is high"), _LOOK, "high"),
    "AL": Code("temperature A low", N_("temperature A is low"), _PROBE),
    "BH": Code("temperature B high", N_("temperature B is high"), _LOOK, "high"),
    "BL": Code("temperature B low", N_("temperature B is low"), _PROBE),
    "BB": Code(
        "runs on battery", N_("it runs on its battery"),
        N_("Bring its mains power back; without the controller nothing is filled."), "high",
    ),
    "BP": Code(
        "bypass sensor open", N_("the sensor of the hot-gas bypass is open"),
        N_("Have the bypass sensor replaced; until then watch each fill."),
    ),
    "BV": Code(
        "battery low", N_("its battery is low"),
        N_("Bring its mains power back, or replace the battery."), "high",
    ),
    "BY": Code(
        "hot-gas bypass", N_("the hot-gas bypass is open"),
        N_("A bypass comes before each fill and takes minutes; look at the supply of nitrogen."),
        "warning", 1800.0,
    ),
    "CA": Code("calibration of A", N_("temperature A is not calibrated"), _PROBE),
    "CB": Code("calibration of B", N_("temperature B is not calibrated"), _PROBE),
    "CG": Code(
        "calibration of the bypass sensor", N_("the bypass sensor is not calibrated"), _PROBE
    ),
    "CL": Code(
        "fill network lost", N_("the network of controllers that fill together is lost"),
        N_("Look at the cables between the controllers; this one now fills by itself."),
    ),
    "F": Code(
        "filling", N_("it is filling"),
        N_("Nothing: fills are recorded, and alarm when they take too long."), becomes="recorded",
    ),
    "FD": Code(
        "filling disabled", N_("filling is disabled"),
        N_("Enable filling again; until then the level only falls."), "high", 900.0,
    ),
    "FT": Code(
        "fill takes too long", N_("a fill takes too long"),
        N_("Look at the supply tank, its pressure and the valve; a valve stuck open overfills."), "high",
    ),
    "HG": Code(
        "hot-gas bypass takes too long", N_("the hot-gas bypass takes too long"),
        N_("Look at the supply tank: it may be empty, or its valve closed."), "high",
    ),
    "LH": Code(
        "level high", N_("the level is high"),
        N_("Stop the fill by hand if it goes on, and look at the room’s oxygen before going in."), "high",
    ),
    "LL": Code(
        "level low", N_("the level is low"),
        N_("Fill by hand, then look at the supply of nitrogen."), "critical",
    ),
    "LO": Code("lid open", N_("the lid is open"), N_("Close the lid."), "warning", 180.0),
    "PF": Code(
        "power failure", N_("mains power has failed"),
        N_("Bring its mains power back; without the controller nothing is filled."), "high",
        becomes="power",
    ),
    "UW": Code(
        "unusual use of liquid", N_("it uses unusually much nitrogen"),
        N_("Look for frost and sweating: the vacuum may be failing; compare the boil-off."), "high",
    ),
    "ZO": Code(
        "level zeroing", N_("the level was zeroed"),
        N_("Nothing: it is recorded; compare the level with a dipstick."), becomes="recorded",
    ),
}  # fmt: skip
_BY_WORDS: Final = {code.told: name for name, code in CODES.items()}
_UNKNOWN: Final = Code("", N_("an alarm of its own"), N_("Look at the controller’s display."))


def code_of(facts: dict[str, object]) -> str:
    """Return the code that an agent's event tells: by its code, else by its words; `other` where it is none."""
    told = facts.get("code")
    if isinstance(told, str) and told in CODES:
        return told
    return _BY_WORDS.get(str(facts.get("alarm", "")), OTHER)


def of(name: str) -> Code:
    """Return what a code means; of `other`, that the controller's display tells."""
    return CODES.get(name, _UNKNOWN)


def rule_code(params: str) -> str:
    """Return which code a rule of the kind `event` is of."""
    return known.word("event", params, "code") or OTHER


def wishes() -> list[Wish]:
    """Return the rules that a freezer with a controller begins with: one for each code that alarms, and `other`."""
    return [
        Wish(
            "event", code.severity, 0.5, delay_on_s=code.delay_on_s, alarm_class="equipment",
            params=params_text(code=name),
        )
        for name, code in (*CODES.items(), (OTHER, _UNKNOWN))
        if code.becomes == "event"
    ]  # fmt: skip
