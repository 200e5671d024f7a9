"""Who is on call when: overrides, then layers of turns, with holidays and absences. Pure.

Turns are counted on the wall clock of the schedule's zone: a hand-over at 08:00 stays at 08:00 when clocks are
changed, so that one turn of the year is an hour shorter and one an hour longer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from server.core.errors import Refusal
from server.core.words import N_
from server.notify.hours import ALWAYS, Hours, moment, wall, why_not_hours
from server.notify.rules import Sentence

AS_ALWAYS, NOBODY, SOMEBODY_ELSE = "as_always", "nobody", "person"
REASONS: Mapping[str, str] = {
    "override": N_("stands in by arrangement"),
    "layer": N_("turn of “%(name)s”"),
    "holiday": N_("“%(name)s” on a holiday: %(holiday)s"),
    "cover": N_("“%(name)s”, standing in for somebody who is away"),
    "nobody": N_("nobody is on call"),
}


@dataclass(frozen=True)
class Why:
    """Why these people are on: the kind of reason, the layer, and the holiday's name."""

    kind: str
    name: str = ""
    holiday: str = ""

    def sentence(self) -> Sentence:
        """Return it in words."""
        return Sentence(REASONS[self.kind], {"name": self.name, "holiday": self.holiday})


@dataclass(frozen=True)
class OnCall:
    """Who is on at a moment, by their numbers, and why; nobody where `people` is empty."""

    people: tuple[int, ...]
    why: Why


@dataclass(frozen=True)
class Shift:
    """Who is on from one moment to another, which is not in it."""

    begins_at: datetime
    until: datetime
    people: tuple[int, ...]
    why: Why


@dataclass(frozen=True)
class Cover:
    """A time with another rule: who is on (override), or who stands in for whom (absence; None: nobody)."""

    begins_at: datetime
    until: datetime
    person_id: int | None
    away_id: int | None = None

    def holds(self, at: datetime) -> bool:
        """Say whether this moment lies in it."""
        return self.begins_at <= at < self.until


@dataclass(frozen=True)
class Layer:
    """Turns that follow one another from a first hand-over on."""

    name: str
    turns: tuple[tuple[int, ...], ...]
    turn_hours: int
    begins_on: date
    hand_over_min: int
    hours: Hours = ALWAYS
    on_holidays: str = AS_ALWAYS
    holiday_person: int | None = None

    def hand_over(self, zone: ZoneInfo, number: int) -> datetime:
        """Return the moment at which turn `number` begins; the first is 0."""
        first = datetime.combine(self.begins_on, time()) + timedelta(minutes=self.hand_over_min)
        return wall(zone, first + timedelta(hours=self.turn_hours * number))

    def number(self, zone: ZoneInfo, at: datetime) -> int:
        """Return which turn it is at this moment; below 0 before the first hand-over."""
        first = datetime.combine(self.begins_on, time()) + timedelta(minutes=self.hand_over_min)
        shown = at.astimezone(zone).replace(tzinfo=None)
        number = (shown - first) // timedelta(hours=self.turn_hours)
        if at < self.hand_over(zone, number):
            return number - 1
        return number + 1 if at >= self.hand_over(zone, number + 1) else number

    def on(self, zone: ZoneInfo, at: datetime) -> tuple[int, ...]:
        """Return whose turn it is; nobody's outside its hours and before its first hand-over."""
        number = self.number(zone, at)
        if number < 0 or not self.turns or not self.hours.holding(zone, at):
            return ()
        return self.turns[number % len(self.turns)]


@dataclass(frozen=True)
class Rota:
    """All that decides who is on: later overrides win over earlier ones, earlier layers over later ones."""

    zone: ZoneInfo
    layers: Sequence[Layer] = ()
    overrides: Sequence[Cover] = ()
    absences: Sequence[Cover] = ()
    holidays: Mapping[date, str] = field(default_factory=dict)


def who_is_on(rota: Rota, at: datetime) -> OnCall:
    """Return who is on at this moment, and why; somebody who is away is replaced by who stands in for them."""
    for override in reversed(rota.overrides):
        people = present(rota.absences, [override.person_id], at) if override.holds(at) else ()
        if people:
            return OnCall(people, Why("override"))
    for layer in rota.layers:
        people, why = _of_layer(rota, layer, at)
        there = present(rota.absences, people, at)
        if there:
            covered = why.kind == "layer" and set(there) - set(people)
            return OnCall(there, Why("cover", layer.name) if covered else why)
    return OnCall((), Why("nobody"))


def present(
    absences: Sequence[Cover], people: Iterable[int | None], at: datetime
) -> tuple[int, ...]:
    """Return these people, each once, with who stands in for those who are away; who is away too is left out."""
    away = {one.away_id: one.person_id for one in absences if one.holds(at)}
    there = (away.get(person, person) for person in people)
    return tuple(dict.fromkeys(one for one in there if one is not None and one not in away))


def shifts(rota: Rota, begins_at: datetime, until: datetime) -> list[Shift]:
    """Return who is on from one moment to another, without holes: a time with nobody is a shift of nobody."""
    begins_at, until = begins_at.astimezone(UTC), until.astimezone(UTC)
    edges = sorted({begins_at, *(at for at in _edges(rota, begins_at, until))})
    found: list[Shift] = []
    for at, end in zip(edges, [*edges[1:], until], strict=True):
        now = who_is_on(rota, at)
        if found and (found[-1].people, found[-1].why) == (now.people, now.why):
            found[-1] = Shift(found[-1].begins_at, end, now.people, now.why)
        else:
            found.append(Shift(at, end, now.people, now.why))
    return found


def gaps(rota: Rota, begins_at: datetime, until: datetime) -> list[Shift]:
    """Return the times in which nobody is on."""
    return [shift for shift in shifts(rota, begins_at, until) if not shift.people]


def _of_layer(rota: Rota, layer: Layer, at: datetime) -> tuple[tuple[int, ...], Why]:
    people = layer.on(rota.zone, at)
    holiday = rota.holidays.get(at.astimezone(rota.zone).date())
    if not people or holiday is None or layer.on_holidays == AS_ALWAYS:
        return people, Why("layer", layer.name)
    other = layer.holiday_person if layer.on_holidays == SOMEBODY_ELSE else None
    return (() if other is None else (other,)), Why("holiday", layer.name, holiday)


def _edges(rota: Rota, begins_at: datetime, until: datetime) -> Iterable[datetime]:
    """Give every moment between these at which the answer may change."""
    zone = rota.zone
    found = [
        at for one in (*rota.overrides, *rota.absences) for at in (one.begins_at, one.until)
    ] + [moment(zone, day, minutes) for day in rota.holidays for minutes in (0, 24 * 60)]
    first, last = begins_at.astimezone(zone).date(), until.astimezone(zone).date()
    for layer in rota.layers:
        numbers = range(
            max(layer.number(zone, begins_at), 0), max(layer.number(zone, until), 0) + 1
        )
        found += [layer.hand_over(zone, number) for number in numbers]
        if not layer.hours.always:
            spans = layer.hours.spans(zone, first - timedelta(days=1), last)
            found += [at for span in spans for at in span]
    return [at for at in found if begins_at < at < until]


LONGEST_TURN_H = 24 * 7 * 8
MOST_TURNS, MOST_TOGETHER, MOST_LAYERS = 100, 10, 10


def why_not_layer(layer: Layer) -> Refusal | None:
    """Say why this cannot be a layer of a schedule, or None when it can."""
    facts: dict[str, object] = {"name": layer.name}
    if not layer.turns or any(not turn for turn in layer.turns):
        return Refusal("no_turn", N_("“%(name)s” has no turn, or one with nobody in it."), facts)
    if len(layer.turns) > MOST_TURNS or any(len(turn) > MOST_TOGETHER for turn in layer.turns):
        because = N_("“%(name)s” has too many turns, or too many people in one: %(most)s and %(together)s at most.")  # fmt: skip
        more = {"most": MOST_TURNS, "together": MOST_TOGETHER}
        return Refusal("many_turns", because, facts | more)
    if not 1 <= layer.turn_hours <= LONGEST_TURN_H:
        because = N_("A turn of “%(name)s” lasts %(found)s h; from 1 h to %(most)s h is expected.")
        more = {"found": layer.turn_hours, "most": LONGEST_TURN_H}
        return Refusal("bad_turn", because, facts | more)
    if layer.on_holidays not in {AS_ALWAYS, NOBODY, SOMEBODY_ELSE} or (
        (layer.on_holidays == SOMEBODY_ELSE) != (layer.holiday_person is not None)
    ):
        because = N_("Say who is on in “%(name)s” on holidays: as always, nobody, or one person.")
        return Refusal("bad_holidays", because, facts)
    return why_not_hours(
        "".join(map(str, layer.hours.weekdays)), layer.hours.from_min, layer.hours.until_min
    )
