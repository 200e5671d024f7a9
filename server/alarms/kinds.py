"""The kinds of alarm: what each watches, who judges it, and the sentences that it speaks. Pure.

Sentences know %(what)s (the channel's quantity, or the node, site or freezer), %(far)s (how far beyond the
limit), %(limit)s, and what the episode's detail holds under the names that its judge gave.
"""

from dataclasses import dataclass
from typing import Final, Literal

from server.core.words import N_

Target = Literal["channel", "freezer", "agent", "site", "system"]
JudgedBy = Literal["readings", "silence", "quality", "minutes", "hours", "events", "watch"]
"""readings: in the transaction that stores them; silence: by the clock; quality: the marks on readings, in the same
transaction; minutes: every few seconds over the readings of the last minutes; hours: every few minutes over the
hourly and minute figures; events: what an agent or controller tells; watch: what the server finds of itself
(agents, sites, broker, the path that alarms take, drills)."""
Unit = Literal["", "channel", "span", "span a minute", "channel a day", "times", "s", "h", "days"]
"""Of a kind's value: the channel's (°C), that of its differences (K), and these over a time."""


@dataclass(frozen=True)
class Kind:
    """One kind of alarm; the sentences are templates in English, to be translated."""

    word: str
    """What a rule of it watches for: too high."""
    title: str
    head: str
    """What is the matter now, without since when."""
    was: str
    """What was the matter, from %(since)s until %(until)s."""
    target: Target = "channel"
    judged_by: JudgedBy = "readings"
    unknown: bool = False
    """Shown as unknown, whatever its severity: nothing is known of the thing."""
    has_value: bool = False
    """Its value is a number in the channel's unit."""
    limit: str = ""
    """What its value says, for who writes a rule; empty where it has none: it holds or it does not."""
    unit: Unit = ""
    way_back: bool = True
    """Its judge reads how far inside the limit its alarm ends."""
    settable: bool = True
    """A person may make rules of it; the others come with the system."""


KINDS: Final[dict[str, Kind]] = {
    "high": Kind(
        N_("too high"),
        N_("%(what)s high"),
        N_("%(what)s %(far)s above its limit"),
        N_("%(what)s was up to %(far)s above its limit from %(since)s until %(until)s"),
        has_value=True,
        limit=N_("Above it, it alarms."),
        unit="channel",
    ),
    "low": Kind(
        N_("too low"),
        N_("%(what)s low"),
        N_("%(what)s %(far)s below its limit"),
        N_("%(what)s was up to %(far)s below its limit from %(since)s until %(until)s"),
        has_value=True,
        limit=N_("Below it, it alarms."),
        unit="channel",
    ),
    "stale": Kind(
        N_("no readings"),
        N_("No readings: %(what)s"),
        N_("%(what)s gives no readings"),
        N_("%(what)s gave no readings from %(since)s until %(until)s"),
        judged_by="silence",
        unknown=True,
        limit=N_("So long it may give no readings; from 1 s to 7 days."),
        unit="s",
        way_back=False,
    ),
    "door": Kind(
        N_("open too long"),
        N_("%(what)s open"),
        N_("%(what)s is open"),
        N_("%(what)s was open from %(since)s until %(until)s"),
        way_back=False,
    ),
    "rate": Kind(
        N_("changing too fast"),
        N_("%(what)s changing fast"),
        N_("%(what)s changes by %(rate)s"),
        N_("%(what)s changed by up to %(most)s from %(since)s until %(until)s"),
        judged_by="minutes",
        limit=N_("Faster than this, it alarms; more than 0."),
        unit="span a minute",
    ),
    "usage": Kind(
        N_("using much nitrogen"),
        N_("Much nitrogen used"),
        N_("%(what)s falls by %(loss)s a day, more than %(limit)s"),
        N_("%(what)s fell by up to %(loss)s a day from %(since)s until %(until)s"),
        judged_by="hours",
        limit=N_("More than this lost in a day, openings included and fills left out, alarms."),
        unit="channel a day",
    ),
    "boiloff": Kind(
        N_("boiling off faster than before"),
        N_("Boil-off has changed"),
        N_("The vacuum may be failing: %(what)s falls by %(loss)s a day instead of %(expected)s"),
        N_("%(what)s fell faster than before from %(since)s until %(until)s"),
        judged_by="hours",
        limit=N_("So many times the usual loss is too much; from 1.1 to 100."),
        unit="times",
        way_back=False,
    ),
    "forecast": Kind(
        N_("reaching its limit soon"),
        N_("%(what)s will reach its limit"),
        N_("%(what)s is falling towards %(limit)s, reached about %(when)s,"),
        N_("%(what)s was on its way to its limit from %(since)s until %(until)s"),
        judged_by="hours",
        limit=N_("It alarms when the level gets there within so many hours; from 1 to 720."),
        unit="h",
    ),
    "disagree": Kind(
        N_("disagreeing with its twin"),
        N_("%(what)s disagrees"),
        N_("%(what)s and %(twin)s differ by %(gap)s"),
        N_("%(what)s and %(twin)s differed from %(since)s until %(until)s"),
        judged_by="hours",
        limit=N_("The two may differ by so much."),
        unit="span",
    ),
    "swapped": Kind(
        N_("swapped with its twin"),
        N_("%(what)s may be swapped"),
        N_("The probes may be swapped: %(what)s is colder than %(twin)s"),
        N_("%(what)s was colder than %(twin)s from %(since)s until %(until)s"),
        judged_by="hours",
        limit=N_("The twin may be warmer by so much."),
        unit="span",
    ),
    "stuck": Kind(
        N_("not moving"),
        N_("%(what)s does not move"),
        N_("%(what)s has given the same number for %(span)s"),
        N_("%(what)s gave the same number from %(since)s until %(until)s"),
        judged_by="hours",
        limit=N_("So long the number may stand still; from 2 hours (7200) to 7 days."),
        unit="s",
        way_back=False,
    ),
    "probe_fault": Kind(
        N_("probe fault"),
        N_("Probe fault: %(what)s"),
        N_("%(what)s: %(fault)s"),
        N_("%(what)s had a fault from %(since)s until %(until)s"),
        judged_by="quality",
        way_back=False,
    ),
    "calibration": Kind(
        N_("calibration due"),
        N_("Calibration due: %(what)s"),
        N_("A calibration of %(what)s by %(due)s is called for"),
        N_("%(what)s: its calibration was due from %(since)s until %(until)s"),
        judged_by="hours",
        limit=N_("So many days before the date; 0 from the date on."),
        unit="days",
        way_back=False,
    ),
    "fill_long": Kind(
        N_("filling too long"),
        N_("Filling takes too long"),
        N_("The freezer fills for longer than %(limit)s"),
        N_("The freezer filled for too long from %(since)s until %(until)s"),
        target="freezer",
        judged_by="events",
        limit=N_("So long a fill may take; from 60 s to a day."),
        unit="s",
        way_back=False,
    ),
    "event": Kind(
        N_("a code of its controller"),
        N_("Controller: %(code)s"),
        N_("The controller says %(code)s: %(meaning)s"),
        N_("The controller said %(code)s from %(since)s until %(until)s"),
        target="freezer",
        judged_by="events",
    ),
    "power": Kind(
        N_("power lost"),
        N_("Power lost"),
        N_("%(what)s runs without mains power"),
        N_("%(what)s ran without mains power from %(since)s until %(until)s"),
        target="agent",
        judged_by="events",
    ),
    "site_power": Kind(
        N_("site without power"),
        N_("Site power lost"),
        N_("%(what)s is without mains power: %(count)s nodes say so"),
        N_("%(what)s was without mains power from %(since)s until %(until)s"),
        target="site",
        judged_by="watch",
    ),
    "agent_silent": Kind(
        N_("node silent"),
        N_("Node silent: %(what)s"),
        N_("The node %(what)s says nothing"),
        N_("The node %(what)s said nothing from %(since)s until %(until)s"),
        target="agent",
        judged_by="watch",
        unknown=True,
        limit=N_("So long the node may say nothing; from 30 s to a day."),
        unit="s",
        way_back=False,
    ),
    "site_silent": Kind(
        N_("site silent"),
        N_("Site silent: %(what)s"),
        N_("None of the %(count)s nodes of %(what)s says anything"),
        N_("%(what)s said nothing from %(since)s until %(until)s"),
        target="site",
        judged_by="watch",
        unknown=True,
        limit=N_("So long the site may say nothing; from 30 s to a day."),
        unit="s",
        way_back=False,
    ),
    "broker_down": Kind(
        N_("broker out of reach"),
        N_("Broker out of reach"),
        N_("The server cannot reach its message broker: no readings come in"),
        N_("The server could not reach its message broker from %(since)s until %(until)s"),
        target="system",
        judged_by="watch",
        unknown=True,
        settable=False,
    ),
    "path_off": Kind(
        N_("alarm path off"),
        N_("Alarm path off"),
        N_("Alarms may reach nobody: %(reason)s"),
        N_("Alarms may have reached nobody from %(since)s until %(until)s"),
        target="system",
        judged_by="watch",
        settable=False,
    ),
    "drill_missed": Kind(
        N_("drill missed"),
        N_("Drill missed"),
        N_("The drill of %(due)s did not reach a person: %(reason)s"),
        N_("The drill was missed from %(since)s until %(until)s"),
        target="system",
        judged_by="watch",
        settable=False,
    ),
}  # fmt: skip
