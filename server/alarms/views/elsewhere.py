"""What alarms put on pages of others: the strip, the freezer's panel, the page head."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import g, render_template
from markupsafe import Markup, escape
from sqlalchemy.orm import Session

from server.alarms import board, excursions, queries, wording
from server.alarms.limits import of_channels
from server.alarms.strip import strip_of
from server.core.actor import Actor
from server.core.words import N_
from server.kit import csrf
from server.kit.i18n import gettext, language
from server.kit.state import Kit, kit
from server.kit.tasks import Task
from server.telemetry import excursions as shaded
from server.telemetry import happened, limits


def register(made: Kit) -> None:
    """Offer the nav entry, the strip and the panels."""
    made.nav.offer(40, N_("Alarms"), "/alarms", "alarms.read")
    made.strip.provide(strip)
    made.panels.offer("freezer", 10, freezer_alarms)
    made.panels.offer("freezer_sentence", 10, freezer_sentence)
    made.panels.offer("freezer_row", 10, freezer_state)
    made.tasks.offer(unanswered)
    limits.provide(of_channels)
    happened.provide(excursions.happened)
    shaded.provide(excursions.of_channels)


def strip(session: Session, actor: Actor) -> Mapping[str, object] | None:
    """Return what the strip says to this actor."""
    return strip_of(queries.seen(session, actor, kit().clock.now(), most=1), language())


def unanswered(session: Session, actor: Actor) -> Iterator[Task]:
    """Give a row for each alarm that nobody has answered."""
    if not actor.may("alarms.read"):
        return
    alarms = queries.board(session, actor, kit().clock.now())
    for number, alarm in enumerate(a for a in alarms if not a.held):
        title = alarm.title.text(language())
        what = f"{alarm.place.freezer}: {title}"
        yield Task(
            order=number / 1000,
            due=gettext(N_("over") if alarm.over else N_("now")),
            state="plain" if alarm.over else alarm.state,
            what=f"{gettext(N_('TEST'))} {what}" if alarm.episode.drill else what,
            note=alarm.sentence.text(language()) if alarm.over else _stake_note(alarm),
            where=alarm.place.room or alarm.place.site,
            url=f"/alarms/{alarm.episode.id}",
            label=gettext(N_("Open")),
            main=number == 0,
        )


def _stake_note(alarm: board.Alarm) -> str:
    told = gettext(N_("nobody has answered"))
    if alarm.stake is None:
        return told
    return f"{wording.stake_line(alarm.stake).text(language())}; {told}"


def freezer_alarms(freezer: Any) -> str | None:  # noqa: ANN401  a panel takes what its place holds
    """Return the freezer's alarms as a card."""
    if not g.actor.may("alarms.read", freezer.org_id):
        return None
    alarms = board.of_freezer(g.session, freezer.id, g.clock.now())
    return render_template(
        "alarms/panel.html",
        freezer=freezer,
        alarms=alarms,
        answers=g.actor.orgs("alarms.acknowledge"),
        may_configure=g.actor.may("alarms.configure", freezer.org_id),
        token=csrf.token(),
    )


def freezer_sentence(freezer: Any) -> str | None:  # noqa: ANN401  a panel takes what its place holds
    """Return the sentence of the freezer's worst alarm, or nothing while there is none.

    Of one that is over it says so after how the freezer stands now.
    """
    worst = _worst(freezer.id, freezer.org_id)
    if worst is None:
        return None
    said = escape(worst.sentence.text(language()))  # a channel's label is anybody's words
    present = kit().panels("freezer.sentence", freezer) if worst.over else Markup("")
    return present + " " + said if present else said


def freezer_state(freezer: Any) -> str | None:  # noqa: ANN401  a panel takes what its place holds
    """Return the badge of the freezer's worst alarm for the list of freezers."""
    worst = _worst(freezer.id, freezer.org_id)
    if worst is None:
        return None
    said = render_template("alarms/state.html", alarm=worst)
    return kit().panels("freezer.badge", freezer) + Markup(said) if worst.over else said  # noqa: S704  our own template


def _worst(freezer_id: int, org_id: int) -> board.Alarm | None:
    if not g.actor.may("alarms.read", org_id):
        return None
    if "alarms_by_freezer" not in g:
        g.alarms_by_freezer = {}
        alarms = queries.board(g.session, g.actor, g.clock.now())
        for alarm in sorted(alarms, key=lambda each: each.over):  # what is, before what was
            g.alarms_by_freezer.setdefault(alarm.episode.freezer_id, alarm)
    found: board.Alarm | None = g.alarms_by_freezer.get(freezer_id)
    return found
