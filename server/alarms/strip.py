"""The strip under every page's head: the worst unanswered alarm in one line."""

from collections.abc import Mapping

from server.alarms import wording
from server.alarms.board import Alarm, Board
from server.alarms.kinds import KINDS
from server.core.words import N_, say


def strip_of(board: Board, language: str) -> Mapping[str, object] | None:
    """Return what the strip says in this language, or None while every alarm is acknowledged or set aside."""
    worst = next((alarm for alarm in board.alarms if not alarm.held), None)
    if worst is None:
        return None
    what = worst.place.freezer
    if worst.episode.drill:
        what = say(language, N_("TEST %(freezer)s"), freezer=what)
    return {
        "severity": worst.state,
        "what": what,
        "text": _text(worst, language),
        "note": _note(worst, language),
        "url": "/alarms",
        "more": sum(board.waiting.values()) - 1,
    }


def _text(alarm: Alarm, language: str) -> str:
    facts = {
        "title": alarm.title.text(language),
        "figure": alarm.figure.text(language),
        "span": wording.span(alarm.seconds, coarse=True).text(language),
    }
    if alarm.over:
        return say(language, N_("%(title)s: over after %(span)s"), **facts)
    if alarm.episode.kind != "stale" and not KINDS[alarm.episode.kind].has_value:
        return say(language, N_("%(title)s for %(span)s"), **facts)
    return say(language, N_("%(title)s: %(figure)s, for %(span)s"), **facts)


def _note(alarm: Alarm, language: str) -> str:
    if alarm.stake is None:
        return say(language, N_("not acknowledged"))
    stake = wording.stake_line(alarm.stake).text(language)
    return say(language, N_("not acknowledged · inside: %(stake)s"), stake=stake)
